"""What a mapping declares: which files are read, what their columns mean and which rows of which tables they become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskstrat.intake.numbers import plain_word
from riskstrat.registers.contract import GEOMETRY, is_event_table, types_of
from riskstrat.registers.days import STOCKHOLM
from riskstrat.registers.manifest import EXACT, Delays, TimeZone
from riskstrat.registers.manifest import CodeSystem as ManifestSystem

Kind = Literal["key", "text", "code", "date", "number", "area"]
Status = Literal["verified", "memory"]
CodeSystem = Literal["icd", "atc", "kva"]
Formula = Literal["product", "bmi_kg_m2", "weeks_and_days", "positive"]
PlausibilityCheck = Literal["growth", "birth_weight", "returns"]
Version = Literal["icd8", "icd9"]
SNAPSHOT, MOVE = "snapshot", "move"
"""Kinds of residence records: where everybody lived on a day, and where to a person moved on a day."""
NUMBERED = re.compile(r"\{(\d+)\.\.(\d+)\}")
"""A numbered family of columns: ``DIA{1..30}``."""
FILE_YEAR = "{year}"
"""The spelling by which a column takes the year in the file's name."""

_OPERANDS: Mapping[Formula, int] = {"product": 2, "bmi_kg_m2": 2, "weeks_and_days": 2, "positive": 1}
_RESIDENCE_COLUMNS = ("person_id", "date", "kind", "area_id", "care_centre_id")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "persons": ("person_id",),
    "residences": ("person_id", "date", "kind"),
    "areas": ("area_id", "name"),
    "area_facts": ("area_id", "date", "code", "value"),
}
_VOCABULARIES = {"sex": {"female", "male"}, "reused": {"0", "1"}}
"""Words that a column of persons knows; a column that it is taken from recodes to them."""
_EVENT_NEEDS = ("person_id", "date", "code")


class Declared(BaseModel):
    """Frozen; anything that it does not know is an error, and so is what contradicts itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrong := list(self.contradictions()):
            raise ValueError("; ".join(wrong))
        return self

    def contradictions(self) -> Iterable[str]:
        """Say what contradicts itself."""
        return ()


class Column(Declared):
    """A column of the deliveries and how its texts become values."""

    names: tuple[str, ...] = Field(min_length=1)
    """All its spellings, the preferred first; capitals do not matter. ``*`` stands for any characters, ``DIA{1..30}``
    for a numbered family whose filled cells each become a row, ``{year}`` for the year in the file's name."""
    kind: Kind = "text"
    """``key``: a running number of a person. ``code``: a code of `system`, cleaned of dots and marks. ``area``: a DeSO
    code. ``date``: eight, six or four digits, with or without hyphens; unknown parts 00 or 99."""
    status: Status
    """Whether the spelling is verified against published sources or from memory."""
    required: bool = False
    """The file must have the column, and rows without a usable value are rejected."""
    missing: tuple[str, ...] = ()
    """Texts that mean "unknown", besides empty ones."""
    recode: Mapping[str, str] = Field(default_factory=dict)
    empty: str | None = None
    """`recode` and `empty`: what texts mean (capitals do not matter; ``1``, ``01``, ``1.0`` and ``1,0`` are one text),
    and what an empty cell means. Other texts are not recognised: they become missing and are counted."""
    fallback: str | None = None
    """Column of the same kind whose value is taken where this one has none; counted as repaired."""
    scale: float = 1.0
    """Numbers are multiplied by it: 100 for hundreds of kronor."""
    between: tuple[float, float] | None = None
    """Lowest and highest plausible number after scaling, both included; others are set to missing."""
    incomplete: Literal["first", "middle", "last"] = "middle"
    """The day that stands for a date whose day or month is unknown: the ``first`` or ``last`` of the period, or its
    ``middle`` (the 15th; 1 July). Only the middle counts as repaired: the others are what the column means."""
    days_since: date | None = None
    """The day from which numbers count days: 1960-01-01 in SAS and Stata, 1899-12-30 in Excel. A column of dates that
    holds day numbers and does not say so is refused."""
    system: CodeSystem | None = None
    """Which codes a code column holds. ``icd`` is ICD-8, 9 or 10 by the row's date."""
    split: bool = False
    """One cell holds several codes with blanks between them."""
    note: str = ""
    """What else a reader should know."""

    @property
    def several(self) -> bool:
        """Whether one row of the file can hold several values."""
        return self.split or any(NUMBERED.search(name) for name in self.names)

    def contradictions(self) -> Iterator[str]:
        """Say which fields do not go together."""
        if self.kind == "code" and self.system is None:
            yield "a code column without its system"
        if self.kind != "code" and (self.system or self.several):
            yield f"a {self.kind} column cannot have a system, be split or be a numbered family"
        if self.kind != "number" and (self.scale != 1 or self.between):
            yield f"a {self.kind} column cannot have scale or between"
        meanings: dict[str, str] = {}
        for text, meaning in self.recode.items():
            if meanings.setdefault(plain_word(text), meaning) != meaning:
                yield f"recode gives {text!r} two meanings"
        if self.kind != "date" and self.days_since:
            yield f"a {self.kind} column cannot have days_since"
        if self.required and self.several:
            yield "a column with several values cannot be required"


class Derived(Declared):
    """A number computed from other columns."""

    formula: Formula
    """``product`` of two; ``bmi_kg_m2`` of weight (kg) and height (cm); ``weeks_and_days`` in days, days optional;
    ``positive``: 1 where the number is above 0, else 0."""
    of: tuple[str, ...]
    """The columns, in the formula's order."""

    def contradictions(self) -> Iterator[str]:
        """Say that there are too few or too many columns."""
        if len(self.of) != _OPERANDS[self.formula]:
            yield f"formula {self.formula} takes {_OPERANDS[self.formula]} columns"


class Rows(Declared):
    """Rows of one table that each row of a file becomes."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """A table of the contract; any other name is an event table."""
    take: Mapping[str, str]
    """Contract column -> column of the file. An event row is made where its code is known; where the code is the same
    for all rows (`set`) and a value is taken, where that value is known. ``persons`` takes also `reused` (1: the
    personal number had another owner); facts about a person from all files become one row. ``residences`` takes the
    `date` on which an area is known."""
    set: Mapping[str, str] = Field(default_factory=dict)
    """Contract column -> a text for all rows. ``residences`` needs `kind`: ``snapshot`` (lived there on that day) or
    ``move`` (lives there from that day on)."""
    when: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Column -> texts; only rows in which the column has one of them."""
    unless_equal: str | None = None
    """Column of codes; a code that it holds already gives no second row."""
    definition: bool = False
    """Write the spelling under which the value was found into `setting`, so that a break in its definition is seen."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that it refers to."""
        more = () if self.unless_equal is None else (self.unless_equal,)
        return (*self.take.values(), *self.when, *more)


class Input(Declared):
    """One kind of file."""

    files: tuple[str, ...] = Field(min_length=1)
    """Names without ending; capitals do not matter, ``*`` stands for any characters, ``{year}`` for four digits."""
    columns: Mapping[str, Column]
    derived: Mapping[str, Derived] = Field(default_factory=dict)
    """`columns` and `derived`: what is read and computed, by a name of our own."""
    rows: tuple[Rows, ...] = Field(min_length=1)
    """What each row of the file becomes."""
    coverage_start: date | None = None
    coverage_end: date | None = None
    """`coverage_start` and `coverage_end`: first and last day that the register itself covers; the files may cover
    less."""
    note: str = ""

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables that it fills."""
        return tuple(dict.fromkeys(rows.table for rows in self.rows))

    def contradictions(self) -> Iterator[str]:
        """Say which columns are named that are not there, and what tables lack or do not know."""
        known = {*self.columns, *self.derived}
        for name, derived in self.derived.items():
            parts = (part for part in derived.of if part not in self.columns)
            yield from (f"derived {name} is of {part}, which is no column" for part in parts)
        yield from (f"{name} is both a column and derived" for name in self.derived if name in self.columns)
        for name, column in self.columns.items():
            other = self.columns.get(column.fallback or name)
            if other is None or other.kind != column.kind:
                yield f"the fallback of {name} is no {column.kind} column"
        for rows in self.rows:
            yield from (f"rows of {rows.table}: no column {name}" for name in rows.names if name not in known)
            source = self.columns.get(rows.take.get("code", ""))
            if "code" in rows.take and (source is None or source.kind not in {"code", "text"}):
                yield f"rows of {rows.table}: the code is taken from a column that holds none"
            yield from _table_contradictions(rows, self.columns)


class KeyFile(Declared):
    """A file that carries an agency's own running numbers over to the common ones."""

    files: tuple[str, ...] = Field(min_length=1)
    """As for an input. Without such a file the numbers are the common ones already."""
    own: tuple[str, ...] = Field(min_length=1)
    common: tuple[str, ...] = Field(min_length=1)
    """`own` and `common`: spellings of the two columns."""
    status: Status


class Merge(Declared):
    """Rows that become one spell: same person, same group of codes, not more than `gap_days` between them.

    ``gap_days = 0`` joins a stay that begins on the day on which the one before ended (a transfer); 1 also the day
    after (months that follow each other). The first row's code, setting and position stand for the whole. With
    `open_at_end` a spell that reaches the last day of the data is still going on, and has no end.
    """

    codes: tuple[tuple[str, ...], ...]
    gap_days: Annotated[int, Field(ge=0)] = 0
    open_at_end: bool = False


class TableRules(Declared):
    """What a mapping says of a table that it fills, beyond what stands in the manifest."""

    code_system: ManifestSystem = EXACT
    delay_days: Delays = 0
    units: Mapping[str, str] = Field(default_factory=dict)
    """`code_system`, `delay_days` and `units`: as in `registers.toml`; of several mappings the longer delay of each
    setting counts, and a table is of a classification where any of them says so."""
    versions: Mapping[Version, str] = Field(default_factory=dict)
    """ICD version (``icd8``, ``icd9``) -> the table that its codes go to."""
    checks: tuple[PlausibilityCheck, ...] = ()
    """Plausibility rules that need more than one row or the person: ``growth``, ``birth_weight``, ``returns``."""
    merge: Merge | None = None
    """Which rows are one spell."""


class RegisterMapping(Declared):
    """A register as it is delivered."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """What it is called in the intake report; a user's mapping of the same name replaces the shipped one."""
    title: str
    source: str
    """Who keeps the register, for the manifest."""
    inputs: Mapping[str, Input] = Field(min_length=1)
    """Its kinds of files."""
    tables: Mapping[str, TableRules] = Field(default_factory=dict)
    """What it says of the tables that it fills."""
    key_file: KeyFile | None = None
    """Where its running numbers are its own."""
    reserve_numbers: tuple[str, ...] = ()
    """Patterns of the reserve numbers of a region, which no file of the delivery may hold (see `identity_columns`)."""
    references: tuple[str, ...] = ()
    """Where the names come from."""
    time_zone: TimeZone = STOCKHOLM
    """In which a point in time with a zone or an offset becomes a day."""

    def contradictions(self) -> Iterator[str]:
        """Say which tables it fills and does not describe, and whether a name of an input is none."""
        if not all(name.isidentifier() for name in self.inputs):
            yield "names of inputs are letters, digits and underscores"
        filled = {table for each in self.inputs.values() for table in each.tables}
        filled |= {table for rules in self.tables.values() for table in rules.versions.values()}
        said = {table for table, rules in self.tables.items() if "delay_days" in rules.model_fields_set}
        missing = sorted(filter(is_event_table, filled - said))
        yield from (f"no [tables.{table}] with its delay_days" for table in missing)
        yield from (f"[tables.{table}], which no rows go to" for table in self.tables if table not in filled)


def _table_contradictions(rows: Rows, columns: Mapping[str, Column]) -> Iterator[str]:
    given = (*rows.take, *rows.set)
    contract = list(types_of(rows.table))
    allowed = {"persons": [*contract, "reused"], "residences": _RESIDENCE_COLUMNS}.get(rows.table, contract)
    needed = _NEEDED.get(rows.table, _EVENT_NEEDS)
    if rows.table == GEOMETRY:
        yield f"rows of {GEOMETRY}: outlines are no table"
    yield from (f"rows of {rows.table}: the table has no column {name}" for name in given if name not in allowed)
    yield from (f"rows of {rows.table}: no {name}" for name in needed if name not in given)
    yield from (f"rows of {rows.table}: {name} is both taken and set" for name in rows.take if name in rows.set)
    for name, words in _VOCABULARIES.items() if rows.table == "persons" else ():
        column = columns.get(rows.take.get(name, ""))
        if column is not None and not (column.recode and {*column.recode.values()} <= words):
            yield f"rows of persons: the column of {name} needs recode to {' or '.join(sorted(words))}, and to no other"
    if rows.table == "residences" and rows.set.get("kind") not in {SNAPSHOT, MOVE}:
        yield f"rows of residences: set kind = {SNAPSHOT!r} or {MOVE!r}"
    if rows.definition and "setting" in given:
        yield f"rows of {rows.table}: setting holds the definition already"
