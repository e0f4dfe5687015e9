"""The manifest of a register folder: for each table its file, codes, coverage (days are inclusive) and delay."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from riskstrat.errors import ContractError, Problem, UsageError, nearest, printable, unknown
from riskstrat.files import file_name_problems
from riskstrat.registers.contract import GEOMETRY, KNOWN_ENTRIES, SETTINGS
from riskstrat.registers.days import STOCKHOLM, unknown_zone

FILE_NAME = "registers.toml"
CLASSIFICATIONS = frozenset({"icd10_se", "icd10", "icd9_se", "icd8_se", "atc", "kva"})
"""Code systems whose codes nest, so that a prefix stands for all below it."""

EXACT = "exact"
CODE_SYSTEMS = (*sorted(CLASSIFICATIONS), EXACT)
"""Every code system; codes of any that is not a classification are ``exact``."""

_WITHOUT_COVERAGE = frozenset({"persons", "residences", "areas", GEOMETRY})
_CONTRACT = "what the data contract says of registers.toml"
_problem = partial(Problem, table=FILE_NAME)


def _known_system(system: str) -> str:
    if system not in CODE_SYSTEMS:
        problem = unknown("code system", system, CODE_SYSTEMS)
        raise ContractError(replace(problem, remedy=f"{problem.remedy}, or write exact for codes of any other system"))
    return system


def _known_settings(delays: int | Mapping[str, int]) -> int | Mapping[str, int]:
    """Refuse a misspelt setting, whose rows would silently wait for the longest delay; others may be of your own."""
    said = () if isinstance(delays, int) else tuple(delays)
    missing = [setting for setting in SETTINGS if setting not in said]
    ContractError.refuse(
        unknown("setting", each, SETTINGS) for each in said if each not in SETTINGS and nearest(each, missing)
    )
    return delays


def _known_zone(zone: str) -> str:
    if problem := unknown_zone(zone):
        raise ContractError(problem)
    return zone


CodeSystem = Annotated[str, AfterValidator(_known_system)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
Days = Annotated[int, Field(ge=0, le=36_525)]
Delays = Annotated[
    Annotated[Days, Tag("days")] | Annotated[Mapping[str, Days], Tag("by setting")],
    Discriminator(lambda delays: "by setting" if isinstance(delays, Mapping) else "days"),
    AfterValidator(_known_settings),
]


class _RaisesUsageError(type(BaseModel)):  # type: ignore[misc]
    """Makes entries and manifests in Python; all that is wrong with one is a single `UsageError`."""

    def __call__(cls, *values: object, **fields: object) -> Any:  # noqa: ANN401 - the type of each
        """Make one from its fields."""
        try:
            return super().__call__(*values, **fields)
        except ValidationError as invalid:
            known = cls.model_fields | TableManifest.model_fields
            said = declaration_problems(invalid, cls.__name__, known, f"what help({cls.__name__}) says")
            raise UsageError(*said) from None


class TableManifest(BaseModel, metaclass=_RaisesUsageError):
    """What a table is, from when to when it is complete, and how late its rows become known.

    Parameters
    ----------
    file
        Name of the file inside the folder; ``<table>.parquet`` where it is not given.
    code_system
        ``icd10_se``, ``atc`` and other classifications (`CLASSIFICATIONS`) match by prefix; codes of any other system
        are ``exact``.
    coverage_start, coverage_end
        First and last day that the table covers, both included.
    delay_days
        Days from the event until it is known to whoever scores, one number or one for each setting.
    units
        Unit of each code's value.
    source
        Where the table comes from.

    Examples
    --------
    >>> table = TableManifest(code_system="icd10_se", delay_days={"inpatient": 90, "death": 180})
    >>> table.code_system in CLASSIFICATIONS, table.longest_delay_days
    (True, 180)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = ""
    code_system: CodeSystem = EXACT
    coverage_start: date | None = None
    coverage_end: date | None = None
    delay_days: Delays = 0
    units: Mapping[str, str] = Field(default_factory=dict)
    source: str = ""

    @property
    def longest_delay_days(self) -> int:
        """The delay, or the longest of the delays by setting."""
        if isinstance(self.delay_days, Mapping):
            return max(self.delay_days.values(), default=0)
        return self.delay_days

    def longest_delay_of(self, settings: Iterable[str]) -> int:
        """Return the longest delay of these settings, or of all where none is named; one without its own waits longest.

        Examples
        --------
        >>> table = TableManifest(delay_days={"inpatient": 90, "death": 500})
        >>> [table.longest_delay_of(settings) for settings in (["inpatient"], ["inpatient", "death"], ["home"], [])]
        [90, 500, 500, 500]
        """
        longest = self.longest_delay_days
        own = self.delay_days if isinstance(self.delay_days, Mapping) else {}
        return max((own.get(setting, longest) for setting in settings), default=longest)


class Manifest(BaseModel, metaclass=_RaisesUsageError):
    """What a register folder says of itself.

    Parameters
    ----------
    name
        What the folder is called in reports.
    data_end
        The last day that can have been seen.
    tables
        One entry a table.
    time_zone
        In which a point in time that has a zone becomes a day.
    invented
        Whether nobody in the tables exists. Reports say so, and no secret is needed to publish them.

    Examples
    --------
    >>> manifest = Manifest(name="town", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})
    >>> manifest.file_of("persons")
    'persons.parquet'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(printable)]
    data_end: date
    tables: Mapping[str, TableManifest]
    time_zone: TimeZone = STOCKHOLM
    invented: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        problems = [
            problem
            for name, table in self.tables.items()
            for problem in (*_name_problems(name, self.tables), *_coverage_problems(name, table))
        ]
        names = file_name_problems([FILE_NAME, *map(self.file_of, self.tables)])
        ContractError.refuse([*problems, *(replace(each, table=FILE_NAME) for each in names)])
        return self

    def file_of(self, table: str) -> str:
        """Return the file name of a table."""
        return self.tables[table].file or f"{table}.parquet"

    @property
    def day_after(self) -> date:
        """The first day on which all that the tables hold was known."""
        return self.data_end + timedelta(days=1)

    def covered(self, table: str) -> tuple[date, date]:
        """Return the first and the last day that a table covers; nothing is seen after `data_end`.

        Examples
        --------
        >>> manifest = Manifest(name="town", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})
        >>> manifest.covered("persons")[1]
        datetime.date(2023, 12, 31)
        """
        entry = self.tables[table]
        return entry.coverage_start or date.min, min(entry.coverage_end or self.data_end, self.data_end)


ManifestRead = tuple[Manifest, tuple[Problem, ...]]
"""A manifest and what is wrong with it; then it holds what can be used, so that its tables can be checked anyway."""


def read_manifest(path: Path) -> ManifestRead:
    """Read a `registers.toml`; a `ContractError` if there is none, or it is no TOML."""
    if not path.is_file():
        found = f"no file {path.name} in {path.parent}"
        raise ContractError(_problem(found, "a register folder", "give another folder"))
    try:
        return parse_manifest(path.read_text(encoding="utf-8-sig"))  # editors on Windows write a mark before the text
    except UnicodeDecodeError as error:
        raise ContractError(_problem(f"text that is not TOML ({error})", "TOML in UTF-8", "correct it")) from None


def parse_manifest(text: str) -> ManifestRead:
    """Read a manifest from its text, with all that is missing, unknown or out of order; raises as `read_manifest`."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ContractError(_problem(f"text that is not TOML ({error})", "TOML in UTF-8", "correct it")) from None
    try:
        return Manifest.model_validate(content), ()
    except ValidationError as invalid:
        fields = (*Manifest.model_fields, *TableManifest.model_fields)
        problems = tuple(declaration_problems(invalid, FILE_NAME, fields, _CONTRACT))
        return _usable(content.get("tables")), problems


def _usable(entries: object) -> Manifest:
    """Keep the names of tables and files, which is all that checking them needs."""
    there = entries if isinstance(entries, dict) else {}
    said = {name: entry.get("file", "") if isinstance(entry, dict) else "" for name, entry in there.items()}
    tables = {name: TableManifest.model_construct(file=str(file)) for name, file in said.items()}
    return Manifest.model_construct(name="", data_end=date.max, tables=tables, time_zone=STOCKHOLM)


def declaration_problems(
    invalid: ValidationError, origin: str, fields: Iterable[str], expected: str
) -> Iterator[Problem]:
    """Say what is wrong with a declaration; `fields` are the keys that it may have."""
    known = tuple(dict.fromkeys(fields))
    for error in invalid.errors(include_url=False, include_input=False):
        where, cause = ".".join(map(str, error["loc"])) or None, error.get("ctx", {}).get("error")
        if error["type"] == "extra_forbidden":
            *above, last = map(str, error["loc"])
            yield unknown("key", last, known, table=origin, column=".".join(above) or None)
        elif error["type"] == "missing":
            yield Problem("not given", expected, "write it", table=origin, column=where)
        elif isinstance(cause, ContractError):
            yield from (replace(each, table=origin, column=where) for each in cause.problems)
        else:
            for message in error["msg"].removeprefix("Value error, ").split("; "):
                yield Problem(f"{where or 'the whole'}: {message}", expected, "correct it", table=origin)


def to_toml(manifest: Manifest) -> str:
    """Give a manifest as the text of `registers.toml`."""
    lines = [f"name = {_toml(manifest.name)}", f"data_end = {manifest.data_end}"]
    lines += [] if manifest.time_zone == STOCKHOLM else [f"time_zone = {_toml(manifest.time_zone)}"]
    lines += ["invented = true"] if manifest.invented else []
    for name, table in manifest.tables.items():
        said = {field: value for field, value in table.model_dump().items() if value not in (None, "", {})}
        lines += ["", f"[tables.{_key(name)}]", *(f"{field} = {_toml(value)}" for field, value in said.items())]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    # A string of JSON is one of TOML, but that TOML wants one more character escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else _toml(name)


def _name_problems(name: str, tables: Mapping[str, TableManifest]) -> Iterator[Problem]:
    """Refuse a name that is nearly one of the contract's: its rows would be taken for events."""
    if name not in KNOWN_ENTRIES and nearest(name, [each for each in KNOWN_ENTRIES if each not in tables]):
        problem = unknown("table", name, KNOWN_ENTRIES)
        yield replace(
            problem, expected="a name of the contract, or one for a table of events that is like none of them"
        )


def _coverage_problems(name: str, table: TableManifest) -> Iterator[Problem]:
    if table.coverage_start is None and name not in _WITHOUT_COVERAGE:
        yield _problem(f"table {name} has no coverage_start", _CONTRACT, "say from which day it is complete")
    if "delay_days" not in table.model_fields_set and name not in _WITHOUT_COVERAGE:
        yield _problem(f"table {name} has no delay_days", _CONTRACT, "say after how many days its rows are known")
    if table.coverage_start and table.coverage_end and table.coverage_start > table.coverage_end:
        yield _problem(f"the coverage of table {name} ends before it starts", _CONTRACT, "correct it")
