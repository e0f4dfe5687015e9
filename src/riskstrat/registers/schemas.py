"""The tables of the contract as dataframely schemas: columns, types and the rules of persons, residences and areas.

In: the name of a table. Out: its schema. Kept apart from the contract's names, because workers that only read rows need
no rules, and dataframely takes as long to load as a shard to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import dataframely as dy
import polars as pl

from riskstrat.registers.contract import earliest_birth
from riskstrat.registers.days import stands_for_unknown

_SEXES = ("female", "male")
_OPTIONAL: dict[str, bool] = {"optional": True}


class Persons(dy.Schema):
    """One row a person; that nobody has two is checked apart, because a primary key of a million takes 150 MB."""

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
        return pl.col("sex").is_in(_SEXES)

    @dy.rule()
    def death_after_birth(cls) -> pl.Expr:  # noqa: N805
        """Nobody dies before the month or year of birth that is known."""
        return pl.col("death_date") >= earliest_birth(pl.col("birth_date"), pl.col("birth_date_precision"))

    @dy.rule()
    def real_dates(cls) -> pl.Expr:  # noqa: N805
        """No date stands for "unknown"."""
        return ~stands_for_unknown(pl.col("birth_date")) & ~stands_for_unknown(pl.col("death_date"))


class Residences(dy.Schema):
    """Spells of residence, checked in the order of person and start."""

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
        """Nobody lives in two areas on one day; start and end are inclusive."""
        same_person = pl.col("person_id") == pl.col("person_id").shift()
        previous_end = pl.col("end_date").fill_null(date.max).shift()
        return ~same_person | (pl.col("start_date") > previous_end)


class Events(dy.Schema):
    """What happened, when, what code, how much; rows that break a rule are rejected and counted, see `row_rules`."""

    person_id = dy.Int64(nullable=False)
    date = dy.Date(nullable=False)
    code = dy.String(nullable=False)
    value = dy.Float64(nullable=True, metadata=_OPTIONAL)
    end_date = dy.Date(nullable=True, metadata=_OPTIONAL)
    known_on = dy.Date(nullable=True, metadata=_OPTIONAL)
    setting = dy.String(nullable=True, metadata=_OPTIONAL)
    position = dy.String(nullable=True, metadata=_OPTIONAL)


class Areas(dy.Schema):
    """The areas; `version` says which division they belong to, such as DeSO2018, where boundaries have changed.

    `parent_id` is the larger area (RegSO, district) within which small ones are merged.
    """

    area_id = dy.String(primary_key=True)
    name = dy.String(nullable=False)
    municipality = dy.String(nullable=True)
    version = dy.String(nullable=True, metadata=_OPTIONAL)
    parent_id = dy.String(nullable=True, metadata=_OPTIONAL)


class AreaFacts(dy.Schema):
    """Dated facts of areas."""

    area_id = dy.String(nullable=False)
    date = dy.Date(nullable=False)
    code = dy.String(nullable=False)
    value = dy.Float64(nullable=True)
    known_on = dy.Date(nullable=True, metadata=_OPTIONAL)


_SCHEMAS: Mapping[str, type[dy.Schema]] = MappingProxyType(
    {"persons": Persons, "residences": Residences, "areas": Areas, "area_facts": AreaFacts}
)


def schema_of(table: str) -> type[dy.Schema]:
    """Return the schema of a table; a name that the contract does not know is an event table."""
    return _SCHEMAS.get(table, Events)
