"""Persons, residences and facts of areas against each other: opened registers in, how many rows break each rule out."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.quality.rows import BROKEN
from riskstrat.registers.opened import Registers

YOUNGEST_PARENT_YEARS, OLDEST_MOTHER_YEARS, OLDEST_YEARS = 11, 60, 110
_PARENTS = {"mother": "female", "father": "male"}
Rules = Mapping[str, tuple[pl.Expr, pl.Expr]]
"""Rule -> whether a row breaks it, and of how many rows it is asked."""


def people_of(registers: Registers) -> pl.DataFrame:
    """Give person_id, birth_date, birth_date_precision, death_date, sex and last_day of residence, sorted by person_id.

    The last day is null where residence goes on, and for people without any.
    """
    end = pl.col("end_date")
    spells = registers.scan("residences").group_by("person_id")
    last = spells.agg(last_day=pl.when(end.null_count() == 0).then(end.max()))
    persons = registers.scan("persons").select("person_id", "birth_date", "birth_date_precision", "death_date", "sex")
    return persons.join(last, on="person_id", how="left").sort("person_id").collect()


def broken_by_persons(registers: Registers) -> pl.DataFrame:
    """Count the people who contradict the last day of data, their parents or their residences; columns as `BROKEN`."""
    persons = registers.scan("persons")
    residents = registers.scan("residences").select("person_id", is_resident=pl.lit(value=True)).unique()
    beside = persons.join(residents, on="person_id", how="left")
    for parent in _PARENTS:
        own = {f"{parent}_id": "person_id", f"{parent}_born": "birth_date", f"{parent}_sex": "sex"}
        beside = beside.join(persons.select(**own), on=f"{parent}_id", how="left")
    of_parents = {name: rule for parent in _PARENTS for name, rule in _parent_rules(parent).items()}
    return _counted(beside, {**_person_rules(registers), **of_parents})


def broken_by_residences(registers: Registers) -> pl.DataFrame:
    """Count the spells of residence that contradict birth or death, or have no area."""
    persons = registers.scan("persons").select("person_id", "birth_date", "death_date")
    spells = registers.scan("residences").join(persons, on="person_id")
    start, end, died = pl.col("start_date"), pl.col("end_date"), pl.col("death_date")
    return _counted(
        spells,
        {
            "residence before birth": (start < pl.col("birth_date"), pl.len()),
            "residence after death": (died.is_not_null() & (end.is_null() | (end > died)), died.count()),
            "residence without area": (pl.col("area_id").is_null(), pl.len()),
        },
    )


def broken_by_area_facts(registers: Registers) -> pl.DataFrame:
    """Count the facts about areas that are not there, lie outside the coverage, or are written twice."""
    first, last = registers.manifest.covered("area_facts")
    named = registers.scan("areas") if registers.has("areas") else registers.scan("area_facts").unique("area_id")
    facts = registers.scan("area_facts").join(
        named.select("area_id", is_area=pl.lit(value=True)), on="area_id", how="left"
    )
    day = pl.col("date")
    copies = ~pl.struct("area_id", "date", "code", "value").is_first_distinct()
    return _counted(
        facts,
        {
            "area is not in areas": (pl.col("is_area").is_null(), pl.len()),
            "before coverage": (day < first, pl.len()),
            "after coverage": (day > last, pl.len()),
            "exact copy": (copies, pl.len()),
        },
    )


def _person_rules(registers: Registers) -> Rules:
    end, born = pl.lit(registers.manifest.data_end), pl.col("birth_date")
    age = _years(pl.min_horizontal(end, "death_date"), born)
    own_parent = pl.col("person_id").is_in(pl.concat_list([f"{parent}_id" for parent in _PARENTS]))
    return {
        "born after the last day of data": (born > end, pl.len()),
        "own parent": (own_parent, pl.len()),
        "older than 110": (age > OLDEST_YEARS, pl.len()),
        "nowhere resident": (pl.col("is_resident").is_null(), pl.len()),
        "mother too old": (_years(born, pl.col("mother_born")) > OLDEST_MOTHER_YEARS, pl.col("mother_born").count()),
    }


def _parent_rules(parent: str) -> Rules:
    born, named = pl.col(f"{parent}_born"), pl.col(f"{parent}_id").is_not_null()
    stranger = pl.col(f"{parent}_id") != pl.col("person_id")
    age = _years(pl.col("birth_date"), born)
    return {
        f"{parent} too young": ((age < YOUNGEST_PARENT_YEARS) & stranger, born.count()),
        f"{parent} is not in persons": (named & born.is_null(), named.sum()),
        f"{parent} of the other sex": ((pl.col(f"{parent}_sex") != _PARENTS[parent]) & stranger, born.count()),
    }


def _years(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    return (later - earlier).dt.total_days() / DAYS_PER_YEAR


def _counted(rows: pl.LazyFrame, rules: Rules) -> pl.DataFrame:
    counts = rows.select(
        pl.struct(broken.sum().cast(pl.Int64).alias("rows"), of.cast(pl.Int64).alias("of")).alias(rule)
        for rule, (broken, of) in rules.items()
    ).collect()
    found = [(rule, "", count["rows"], count["of"]) for rule, count in counts.row(0, named=True).items()]
    return pl.DataFrame(found, schema=BROKEN, orient="row").filter(pl.col("rows") > 0)
