"""Facts about persons from all registers in, one row a person out: the majority decides where they disagree.

A birth year is decided first, then the most exact date within it; the most exact date of death.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.cleaning import DAY, MONTH, YEAR
from riskstrat.intake.raw_extracts.parsing import RULE
from riskstrat.records.intake_account import KEPT, MERGED, REPAIRED, SET_TO_NULL
from riskstrat.records.intake_account import REJECTED as OUTCOME_REJECTED
from riskstrat.registers.contract import PERSON, first_broken, types_of

TABLE = "persons"
REUSED = "reused personal number"
NO_BIRTH, NO_SEX, BORN_LATE = "no usable birth date", "no usable sex", "born after the last day of data"
BY_MAJORITY, AS_OFTEN = "conflicting values, the majority counts", "conflicting values as often, one was chosen"
DEATH_BEFORE_BIRTH, DEATH_LATE = "death before birth", "death after the last day of data"
DEATH_MOVED = "incomplete date moved so that death follows birth"
OWN_PARENT = "own parent"
NOBODY, SEVERAL_FACTS = "no person", "facts about one person"
_EXACT = {DAY: 0, MONTH: 1, YEAR: 2}
_PLAIN = ("sex", "mother_id", "father_id", "birth_region")


def resolve_persons(facts: pl.DataFrame, last_day: date) -> ValidationResult:
    """Put persons together from all facts about a range of them, in the columns of `shaping.schema_within`."""
    decided = {name: _decided(facts, name) for name in _PLAIN}
    decided["birth_date"] = _birth(facts)
    decided["death_date"] = _most_exact(facts, "death_date")
    everybody = facts.group_by(PERSON).agg((pl.col("reused") == "1").any().alias("reused")).drop_nulls(PERSON)
    joined = everybody
    for each in decided.values():
        joined = joined.join(each.drop("__conflict"), on=PERSON, how="left")
    repaired, told = _repaired(joined, last_day)
    rules = {
        REUSED: pl.col("reused"),
        NO_BIRTH: pl.col("birth_date").is_null(),
        NO_SEX: pl.col("sex").is_null(),
        BORN_LATE: pl.col("birth_date") > last_day,
    }
    validated = repaired.with_columns(first_broken(rules).alias(RULE))
    rejected = validated.filter(pl.col(RULE).is_not_null()).select(*types_of(TABLE), RULE).sort(PERSON)
    kept = validated.filter(pl.col(RULE).is_null()).select(*types_of(TABLE)).sort(PERSON)
    conflicts = [
        (TABLE, name, rule, REPAIRED, int((each["__conflict"] == rule).sum()))
        for name, each in decided.items()
        for rule in (BY_MAJORITY, AS_OFTEN)
    ]
    nobody = facts[PERSON].null_count()
    ends = [
        (TABLE, "", "", KEPT, kept.height),
        (TABLE, "", NOBODY, OUTCOME_REJECTED, nobody),
        (TABLE, "", SEVERAL_FACTS, MERGED, facts.height - nobody - validated.height),
    ]
    account = pl.concat([counts([*ends, *conflicts, *told]), by_rule(TABLE, OUTCOME_REJECTED, rejected[RULE])])
    return ValidationResult(rows=kept, rejected=rejected, account=RowCounts(counts=account))


def same_period(incomplete: pl.Expr, precision: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whether a day lies in the month or year that is all that is known of an incomplete date."""
    month = (precision == MONTH) & (incomplete.dt.truncate("1mo") == day.dt.truncate("1mo"))
    year = (precision == YEAR) & (incomplete.dt.year() == day.dt.year())
    return (month | year).fill_null(value=False)


def _decided(facts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Decide a value by majority; `__conflict` says whether there was more than one."""
    votes = facts.drop_nulls([PERSON, name]).group_by(PERSON, name).agg(votes=pl.len())
    ranked = votes.sort(PERSON, "votes", name, descending=[False, True, False])
    return ranked.group_by(PERSON, maintain_order=True).agg(pl.col(name).first(), _conflict())


def _conflict() -> pl.Expr:
    tie = pl.col("votes").get(1, null_on_oob=True) == pl.col("votes").first()
    rule = pl.when(tie).then(pl.lit(AS_OFTEN)).otherwise(pl.lit(BY_MAJORITY))
    return pl.when(pl.len() > 1).then(rule).alias("__conflict")


def _birth(facts: pl.DataFrame) -> pl.DataFrame:
    known = facts.drop_nulls([PERSON, "birth_date"]).with_columns(year=pl.col("birth_date").dt.year())
    years = _decided(known, "year")
    of_year = known.join(years.select(PERSON, "year"), on=[PERSON, "year"])
    return _most_exact(of_year, "birth_date").drop("__conflict").join(years.select(PERSON, "__conflict"), on=PERSON)


def _most_exact(facts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Decide a date: the most exact, among these the most frequent, the first of them."""
    precision = f"{name}_precision"
    votes = facts.drop_nulls([PERSON, name]).group_by(PERSON, name, precision).agg(votes=pl.len())
    ranked = votes.with_columns(exact=pl.col(precision).replace_strict(_EXACT, default=2, return_dtype=pl.Int8))
    best = ranked.filter(pl.col("exact") == pl.col("exact").min().over(PERSON))
    ordered = best.sort(PERSON, "votes", name, descending=[False, True, False])
    chosen = [pl.col(name).first(), pl.col(precision).first(), _conflict()]
    return ordered.group_by(PERSON, maintain_order=True).agg(chosen)


def _repaired(joined: pl.DataFrame, last_day: date) -> tuple[pl.DataFrame, list[tuple[str, str, str, str, int]]]:
    birth, death = pl.col("birth_date"), pl.col("death_date")
    before = (death < birth).fill_null(value=False)
    birth_moves = before & same_period(birth, pl.col("birth_date_precision"), death)
    death_moves = before & ~birth_moves & same_period(death, pl.col("death_date_precision"), birth)
    late = (death > last_day).fill_null(value=False)
    own = {name: (pl.col(name) == pl.col(PERSON)).fill_null(value=False) for name in ("mother_id", "father_id")}
    flags = {"moved": birth_moves | death_moves, "before": before & ~birth_moves & ~death_moves, "late": late}
    told = joined.select(**{key: flag.sum() for key, flag in (flags | own).items()}).row(0, named=True)
    repaired = joined.with_columns(
        birth_date=pl.when(birth_moves).then(death).otherwise(birth),
        death_date=pl.when(death_moves).then(birth).when(~flags["before"] & ~late).then(death),
        **{name: pl.when(~wrong).then(pl.col(name)) for name, wrong in own.items()},
    )
    return repaired, [
        (TABLE, "death_date", DEATH_MOVED, REPAIRED, told["moved"]),
        (TABLE, "death_date", DEATH_BEFORE_BIRTH, SET_TO_NULL, told["before"]),
        (TABLE, "death_date", DEATH_LATE, SET_TO_NULL, told["late"]),
        *((TABLE, name, OWN_PARENT, SET_TO_NULL, told[name]) for name in own),
    ]
