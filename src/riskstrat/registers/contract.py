"""The data contract: the columns, types and row rules of every table of a register folder.

In: the name of a table. Out: its dataframely schema, its columns, and what each broken rule is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import dataframely as dy
import polars as pl

SEXES = ("female", "male")
SENTINELS = (date(1800, 1, 1), date(1900, 1, 1), date(9999, 12, 31))
"""Dates by which source systems say "unknown" or "never"."""

PERSON, DATE, END = "person_id", "date", "end_date"
_OPTIONAL: dict[str, bool] = {"optional": True}


class Persons(dy.Schema):
    """One row a person; that nobody has two is checked apart, because a primary key of a million takes 200 MB."""

    person_id = dy.Int64(nullable=False)
    birth_date = dy.Date(nullable=False)
    birth_date_precision = dy.String(nullable=True, metadata=_OPTIONAL)
    sex = dy.String(nullable=False)
    death_date = dy.Date(nullable=True, metadata=_OPTIONAL)
    mother_id = dy.Int64(nullable=True, metadata=_OPTIONAL)
    father_id = dy.Int64(nullable=True, metadata=_OPTIONAL)
    birth_region = dy.String(nullable=True, metadata=_OPTIONAL)

    @dy.rule()
    def known_sex(cls) -> pl.Expr:  # noqa: N805
        """Sex is one of the two that the contract knows."""
        return pl.col("sex").is_in(SEXES)

    @dy.rule()
    def death_after_birth(cls) -> pl.Expr:  # noqa: N805
        """Nobody dies before being born."""
        return pl.col("death_date") >= pl.col("birth_date")

    @dy.rule()
    def real_dates(cls) -> pl.Expr:  # noqa: N805
        """No date stands for "unknown"."""
        return ~pl.col("birth_date").is_in(SENTINELS) & ~pl.col("death_date").is_in(SENTINELS).fill_null(value=False)


class Residences(dy.Schema):
    """Spells of residence, checked in the order of person and start; a far start is harmless, a sentinel end is not."""

    person_id = dy.Int64(nullable=False)
    start_date = dy.Date(nullable=False)
    end_date = dy.Date(nullable=True, metadata=_OPTIONAL)
    area_id = dy.String(nullable=True, metadata=_OPTIONAL)
    care_centre_id = dy.String(nullable=True, metadata=_OPTIONAL)

    @dy.rule()
    def end_after_start(cls) -> pl.Expr:  # noqa: N805
        """No spell ends before it starts."""
        return pl.col("end_date") >= pl.col("start_date")

    @dy.rule()
    def no_overlap(cls) -> pl.Expr:  # noqa: N805
        """Nobody lives in two places on one day; start and end are inclusive."""
        same_person = pl.col("person_id") == pl.col("person_id").shift()
        previous_end = pl.col("end_date").fill_null(date.max).shift()
        return ~same_person | (pl.col("start_date") > previous_end)

    @dy.rule()
    def real_end(cls) -> pl.Expr:  # noqa: N805
        """No end date stands for "still so"."""
        return ~pl.col("end_date").is_in(SENTINELS)


class Events(dy.Schema):
    """What happened, when, what code, how much; rows that break a rule are refused and counted, see `ROW_RULES`."""

    person_id = dy.Int64(nullable=False)
    date = dy.Date(nullable=False)
    code = dy.String(nullable=False)
    value = dy.Float64(nullable=True, metadata=_OPTIONAL)
    end_date = dy.Date(nullable=True, metadata=_OPTIONAL)
    known_on = dy.Date(nullable=True, metadata=_OPTIONAL)
    setting = dy.String(nullable=True, metadata=_OPTIONAL)
    position = dy.String(nullable=True, metadata=_OPTIONAL)


class Areas(dy.Schema):
    """The places; `version` says which division they belong to, such as DeSO2018, where boundaries have changed."""

    area_id = dy.String(primary_key=True)
    name = dy.String(nullable=False)
    municipality = dy.String(nullable=True)
    version = dy.String(nullable=True, metadata=_OPTIONAL)


class AreaFacts(dy.Schema):
    """Dated facts of places."""

    area_id = dy.String(nullable=False)
    date = dy.Date(nullable=False)
    code = dy.String(nullable=False)
    value = dy.Float64(nullable=True)
    known_on = dy.Date(nullable=True, metadata=_OPTIONAL)


REQUIRED_TABLES = ("persons", "residences")
_SCHEMAS: Mapping[str, type[dy.Schema]] = MappingProxyType(
    {"persons": Persons, "residences": Residences, "areas": Areas, "area_facts": AreaFacts}
)


def schema_of(table: str) -> type[dy.Schema]:
    """Return the schema of a table; a name that the contract does not know is an event table."""
    return _SCHEMAS.get(table, Events)


def is_event_table(table: str) -> bool:
    """Whether a table holds events of persons."""
    return table not in _SCHEMAS


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the contract: its name, its type, and whether a table must have it."""

    name: str
    dtype: pl.DataType
    required: bool


def columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a table in the order of the contract.

    Examples
    --------
    >>> [column.name for column in columns_of("area_facts")]
    ['area_id', 'date', 'code', 'value', 'known_on']
    """
    return tuple(
        Column(name=name, dtype=column.dtype, required=not (column.metadata or {}).get("optional", False))
        for name, column in schema_of(table).columns().items()
    )


def row_rules(last_day: date) -> Mapping[str, pl.Expr]:
    """Say what makes a single event row unusable, each rule true where it is broken.

    A row counts under the first rule that it breaks; `last_day` is the last day that can have been seen.
    """
    return {
        "no person": pl.col(PERSON).is_null(),
        "no date": pl.col(DATE).is_null(),
        "no code": pl.col("code").is_null(),
        "date stands for unknown": pl.col(DATE).is_in(SENTINELS) | pl.col(END).is_in(SENTINELS).fill_null(value=False),
        "ends before it starts": (pl.col(END) < pl.col(DATE)).fill_null(value=False),
        "after the last day of data": pl.col(DATE) > last_day,
    }


WORDING: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "primary_key": ("{rows} rows share their identifier with another row", "one row each", "keep one"),
        "known_sex": ("{rows} rows with an unknown sex", "female or male", "recode them, or leave these people out"),
        "death_after_birth": ("{rows} people die before they are born", "death on or after birth", "correct the dates"),
        "real_dates": (
            "{rows} rows with a date that stands for unknown (1800-01-01, 1900-01-01, 9999-12-31)",
            "a real date, or null for death_date",
            "write null where nobody died, and leave out people without a birth date",
        ),
        "end_after_start": ("{rows} spells end before they start", "end_date on or after start_date", "correct them"),
        "no_overlap": (
            "{rows} spells start before the person's previous one has ended (both days included)",
            "one place of residence a day",
            "end the earlier spell the day before",
        ),
        "real_end": (
            "{rows} spells end on a date that stands for unknown (1800-01-01, 1900-01-01, 9999-12-31)",
            "a real date, or null for still so",
            "write null",
        ),
        "nullability": ("{rows} rows without a value", "a value in every row", "fill it in, or leave the rows out"),
    }
)
"""Rule -> found, expected, remedy."""
