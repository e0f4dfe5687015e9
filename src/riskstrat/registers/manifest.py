"""The manifest of a register folder: for each table its file, codes, coverage (days are inclusive) and delay."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskstrat.errors import ContractError, Problem, printable

FILE_NAME = "registers.toml"
CLASSIFICATIONS = frozenset({"icd10_se", "icd10", "icd9_se", "icd8_se", "atc", "kva"})
"""Code systems whose codes nest, so that a prefix stands for all below it."""

_WITHOUT_COVERAGE = frozenset({"persons", "residences", "areas", "geometry"})
Days = Annotated[int, Field(ge=0, le=36_525)]


class TableManifest(BaseModel):
    """What a table is, from when to when it is complete, and how late its rows become known.

    Parameters
    ----------
    file
        Name of the file inside the folder; ``<table>.parquet`` where it is not given.
    code_system
        ``icd10_se``, ``atc`` and other classifications match by prefix; any other system exactly.
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
    code_system: str = "exact"
    coverage_start: date | None = None
    coverage_end: date | None = None
    delay_days: Days | Mapping[str, Days] = 0
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


class Manifest(BaseModel):
    """What a register folder says of itself.

    Parameters
    ----------
    name
        What the folder is called in reports.
    data_end
        The last day that can have been seen.
    tables
        One entry a table.

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

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        problems = [problem for name, table in self.tables.items() for problem in _coverage_problems(name, table)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def file_of(self, table: str) -> str:
        """Return the file name of a table."""
        return self.tables[table].file or f"{table}.parquet"

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


def read_manifest(folder: Path) -> Manifest:
    """Read `registers.toml` in a folder; raises as `read_manifest_file`."""
    return read_manifest_file(folder / FILE_NAME)


def read_manifest_file(path: Path) -> Manifest:
    """Read a manifest; all that is missing, unknown or out of order is one `ContractError`."""
    if not path.is_file():
        found = f"no file {path.name} in {path.parent}"
        raise ContractError(_problem(found, "a register folder", "give another folder"))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(_problem(f"text that is not TOML ({error})", "TOML in UTF-8", "correct it")) from None
    return parse_manifest(text)


def parse_manifest(text: str) -> Manifest:
    """Read a manifest from its text; raises as `read_manifest_file`."""
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ContractError(_problem(f"text that is not TOML ({error})", "TOML in UTF-8", "correct it")) from None
    except ValidationError as error:
        raise ContractError(*_manifest_problems(error)) from None


def to_toml(manifest: Manifest) -> str:
    """Give a manifest as the text of `registers.toml`.

    Examples
    --------
    >>> print(to_toml(Manifest(name="town", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})))
    name = "town"
    data_end = 2023-12-31
    <BLANKLINE>
    [tables.persons]
    code_system = "exact"
    delay_days = 0
    """
    lines = [f"name = {_toml(manifest.name)}", f"data_end = {manifest.data_end}"]
    for name, table in manifest.tables.items():
        said = {field: value for field, value in table.model_dump().items() if value not in (None, "", {})}
        lines += ["", f"[tables.{name}]", *(f"{field} = {_toml(value)}" for field, value in said.items())]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return str(value)


def _coverage_problems(name: str, table: TableManifest) -> Iterable[str]:
    if table.coverage_start is None and name not in _WITHOUT_COVERAGE:
        yield f"table {name} has no coverage_start"
    if "delay_days" not in table.model_fields_set and name not in _WITHOUT_COVERAGE:
        yield f"table {name} has no delay_days"
    if table.coverage_start and table.coverage_end and table.coverage_start > table.coverage_end:
        yield f"the coverage of table {name} ends before it starts"


def _manifest_problems(error: ValidationError) -> Iterable[Problem]:
    for item in error.errors(include_url=False, include_input=False):
        entry = ".".join(str(part) for part in item["loc"]) or "the manifest"
        for message in item["msg"].removeprefix("Value error, ").split("; "):
            yield _problem(f"{entry}: {message}", "what the data contract says of registers.toml", "correct it")


def _problem(found: str, expected: str, remedy: str) -> Problem:
    return Problem(found=found, expected=expected, remedy=remedy, table=FILE_NAME)
