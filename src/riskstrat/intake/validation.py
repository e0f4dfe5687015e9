"""Rows of another standard, validated one by one: each keeps its source and gets the first rule that it breaks, if any.

In: rows with columns of the contract beside them. Out: the same rows with a rule; accepted rows, rejected rows, counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import polars as pl

from riskstrat.records.intake_account import CONVERSION_COUNTS, KEPT, MERGED, READ, REJECTED, REPAIRED
from riskstrat.registers.checks import BEFORE_BIRTH, NO_PERSON
from riskstrat.registers.contract import DATE, END, earliest_birth, first_broken, row_rules, types_of
from riskstrat.registers.days import ended, stands_for_unknown

SOURCE, RULE, MOVED = "__source", "__rule", "__moved"
BOUND, IS_BOUND = "a bound (< or >), not a value", r"^\s*[<>≤≥]"
NOT_A_NUMBER = "value is not a number"
MOVED_TO_BIRTH = "incomplete birth date: moved to it"
UNKNOWN_DAY, TOO_LATE = "date stands for unknown", "after the last day of data"


Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def with_source(rows: pl.LazyFrame, columns: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    """Put columns of the contract beside each row as it was."""
    return rows.select(pl.struct(pl.all()).alias(SOURCE), *(value.alias(name) for name, value in columns.items()))


def first_rule(rules: Mapping[str, pl.Expr]) -> pl.Expr:
    """Name the first rule that a row breaks."""
    return first_broken(rules).alias(RULE)


def validate_events(
    rows: pl.LazyFrame, persons: pl.DataFrame, last_day: date, more: Mapping[str, pl.Expr]
) -> pl.LazyFrame:
    """Validate events by the rules by which registers are opened, in their order, then by `more`, the source's own.

    A row in the month or year of a birth of which no more is known is moved to the day that stands for it.
    """
    columns = rows.collect_schema().names()
    nothing = {name: pl.lit(None, dtype=dtype) for name, dtype in types_of("events").items() if name not in columns}
    born = pl.col("__born")
    rules = {**row_rules(last_day), NO_PERSON: born.is_null(), BEFORE_BIRTH: pl.col("date") < born, **more}
    births = persons.lazy().select("person_id", "birth_date_precision", __born="birth_date")
    complete = rows.with_columns(**nothing).join(births, on="person_id", how="left")
    complete = complete.with_columns(ended(pl.col(END)).alias(END), before_invented_birth().alias(MOVED))
    moved = complete.with_columns(
        pl.when(MOVED).then(born).otherwise(DATE).alias(DATE),
        pl.when(pl.col(MOVED) & pl.col(END).is_not_null()).then(pl.max_horizontal(END, born)).otherwise(END).alias(END),
    )
    return moved.with_columns(first_rule(rules)).drop("__born", "birth_date_precision")


def before_invented_birth() -> pl.Expr:
    """Whether only the day that stands for an unknown one puts a date before the birth."""
    born = pl.col("__born")
    earliest = earliest_birth(born, pl.col("birth_date_precision"))
    return pl.col(DATE).is_between(earliest, born, closed="left").fill_null(value=False)


def validate_deaths(rows: pl.DataFrame, persons: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Validate deaths (person_id, date); of several deaths of one person the earliest is accepted."""
    died = pl.col("date")
    rules = {
        "no person": pl.col("person_id").is_null(),
        "no date": died.is_null(),
        UNKNOWN_DAY: stands_for_unknown(died),
        TOO_LATE: died > last_day,
        NO_PERSON: pl.col("__born").is_null(),
        BEFORE_BIRTH: (died < pl.col("__born")) & ~before_invented_birth(),
    }
    born = persons.select("person_id", "birth_date_precision", __born="birth_date")
    validated = rows.join(born, on="person_id", how="left").with_columns(first_rule(rules))
    validated = validated.drop("__born", "birth_date_precision")
    return only_first(validated.sort("person_id", "date", nulls_last=True), "a later death of the same person")


def only_first(validated: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Take the first of a person's rows that break no rule; the others break this one."""
    duplicate = pl.col(RULE).is_null() & ~pl.struct("person_id", RULE).is_first_distinct()
    return validated.with_columns(pl.when(duplicate).then(pl.lit(rule)).otherwise(RULE).alias(RULE))


def accepted_rows(validated: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that break no rule, in the contract's columns."""
    return validated.filter(pl.col(RULE).is_null()).drop(RULE, SOURCE)


def rejected_rows(validated: Frame) -> Frame:
    """Return the others as they were, with the rule."""
    return validated.filter(pl.col(RULE).is_not_null()).select(pl.col(RULE).alias("rule"), SOURCE).unnest(SOURCE)


def entries(dataset: str, read: int, kept: int, rules: pl.Series, *, merged: int = 0, moved: int = 0) -> pl.DataFrame:
    """Account for a table: rows read, kept, merged, and rejected by rule; of those kept, how many moved to a birth.

    Examples
    --------
    >>> entries("death", 3, 2, pl.Series([None, "no date", None])).rows()
    [('death', 'read', '', 3), ('death', 'kept', '', 2), ('death', 'rejected', 'no date', 1)]
    """
    counted = rules.drop_nulls().value_counts(sort=True, name="rows")
    said = [(dataset, READ, "", read), (dataset, KEPT, "", kept), (dataset, MERGED, "", merged)]
    said += [(dataset, REPAIRED, MOVED_TO_BIRTH, moved)]
    rejected = [(dataset, REJECTED, rule, rows) for rule, rows in counted.iter_rows()]
    return pl.DataFrame(
        [each for each in said + rejected if each[-1] or each[1] == READ], schema=CONVERSION_COUNTS, orient="row"
    )


def accounted(dataset: str, validated: pl.DataFrame) -> pl.DataFrame:
    """Account for rows that are in memory."""
    return entries(dataset, validated.height, validated[RULE].null_count(), validated[RULE])
