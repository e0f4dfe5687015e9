"""Persons, residences and facts of areas against each other: opened registers in, how many rows break each rule out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.registers.quality.rows import BROKEN

if TYPE_CHECKING:
    from riskstrat.registers.opened import Registers

DAYS_A_YEAR = 365.25
YOUNGEST_PARENT_YEARS, OLDEST_MOTHER_YEARS, OLDEST_YEARS = 11, 60, 110
_PARENTS = {"mother": "female", "father": "male"}
Rules = Mapping[str, tuple[pl.Expr, pl.Expr]]
"""Rule -> whether a row breaks it, and whether it is asked of the row at all."""


def people_of(registers: Registers) -> pl.DataFrame:
    """Give person_id, birth_date, death_date, sex and last_day of residence, sorted by person_id.

    The last day is null where residence goes on, and for people without any.
    """
    end = pl.col("end_date")
    spells = registers.scan("residences").group_by("person_id")
    last = spells.agg(last_day=pl.when(end.null_count() == 0).then(end.max()))
    persons = registers.scan("persons").select("person_id", "birth_date", "death_date", "sex")
    return persons.join(last, on="person_id", how="left").sort("person_id").collect()


def broken_by_persons(registers: Registers) -> pl.DataFrame:
    """Count the people who contradict the last day of data, their parents or their residences; columns as `BROKEN`."""
    persons = registers.scan("persons")
    residents = registers.scan("residences").select("person_id", is_resident=pl.lit(value=True)).unique()
    beside = persons.join(residents, on="person_id", how="left")
    for parent in _PARENTS:
        own = {f"{parent}_id": "person_id", f"{parent}_born": "birth_date", f"{parent}_sex": "sex"}
        beside = beside.join(persons.select(**own), on=f"{parent}_id", how="left")
    return _counted(beside, {**_person_rules(registers), **_parent_rules("mother"), **_parent_rules("father")})


def broken_by_residences(registers: Registers) -> pl.DataFrame:
    """Count the spells of residence that contradict birth or death, or say nothing of the place."""
    persons = registers.scan("persons").select("person_id", "birth_date", "death_date")
    spells = registers.scan("residences").join(persons, on="person_id")
    start, end, died = pl.col("start_date"), pl.col("end_date"), pl.col("death_date")
    everyone = pl.lit(value=True)
    return _counted(
        spells,
        {
            "residence before birth": (start < pl.col("birth_date"), everyone),
            "residence after death": ((start > died) | (end.is_null() | (end > died)), died.is_not_null()),
            "residence without area": (pl.col("area_id").is_null(), everyone),
        },
    )


def broken_by_area_facts(registers: Registers) -> pl.DataFrame:
    """Count the facts about places that are not there, lie outside the coverage, or are written twice."""
    first, last = registers.manifest.covered("area_facts")
    named = registers.scan("areas") if registers.has("areas") else registers.scan("area_facts").unique("area_id")
    facts = registers.scan("area_facts").join(
        named.select("area_id", is_place=pl.lit(value=True)), on="area_id", how="left"
    )
    everything, day = pl.lit(value=True), pl.col("date")
    copies = ~pl.struct("area_id", "date", "code", "value").is_first_distinct()
    return _counted(
        facts,
        {
            "area is not in areas": (pl.col("is_place").is_null(), everything),
            "before coverage": (day < first, everything),
            "after coverage": (day > last, everything),
            "exact copy": (copies, everything),
        },
    )


def _person_rules(registers: Registers) -> Rules:
    end, born = pl.lit(registers.manifest.data_end), pl.col("birth_date")
    age = _years(pl.min_horizontal(end, "death_date"), born)
    person, everyone = pl.col("person_id"), pl.lit(value=True)
    own_parent = pl.any_horizontal((pl.col(f"{parent}_id") == person).fill_null(value=False) for parent in _PARENTS)
    return {
        "born after the last day of data": (born > end, everyone),
        "own parent": (own_parent, everyone),
        "older than 110": (age > OLDEST_YEARS, everyone),
        "nowhere resident": (pl.col("is_resident").is_null(), everyone),
    }


def _parent_rules(parent: str) -> Rules:
    born, named = pl.col(f"{parent}_born"), pl.col(f"{parent}_id").is_not_null()
    known, stranger = born.is_not_null(), pl.col(f"{parent}_id") != pl.col("person_id")
    age = _years(pl.col("birth_date"), born)
    rules: Rules = {
        f"{parent} too young": ((age < YOUNGEST_PARENT_YEARS) & stranger, known),
        f"{parent} is not in persons": (named & born.is_null(), named),
        f"{parent} of the other sex": ((pl.col(f"{parent}_sex") != _PARENTS[parent]) & stranger, known),
    }
    too_old = {"mother too old": (age > OLDEST_MOTHER_YEARS, known)}
    return {**rules, **too_old} if parent == "mother" else rules


def _years(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    return (later - earlier).dt.total_days() / DAYS_A_YEAR


def _counted(rows: pl.LazyFrame, rules: Rules) -> pl.DataFrame:
    counts = rows.select(
        *((broken & asked).sum().cast(pl.Int64).alias(f"rows of {rule}") for rule, (broken, asked) in rules.items()),
        *(asked.sum().cast(pl.Int64).alias(f"of {rule}") for rule, (_, asked) in rules.items()),
    ).collect()
    found = [(rule, "", counts[f"rows of {rule}"].item(), counts[f"of {rule}"].item()) for rule in rules]
    return pl.DataFrame(found, schema=BROKEN, orient="row").filter(pl.col("rows") > 0)
