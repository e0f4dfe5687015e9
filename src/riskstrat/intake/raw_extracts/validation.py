"""Event rows of a range of persons in, those that keep the contract out: rejected by rule, duplicates merged.

Rows count under the first rule that they break; what an incomplete date alone contradicts is repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.combining import cancel_returns, merged_spells
from riskstrat.intake.raw_extracts.growth import validate_birth_weight, validate_growth
from riskstrat.intake.raw_extracts.mapping import PlausibilityCheck, TableRules
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.intake.raw_extracts.persons import REUSED, same_period
from riskstrat.intake.raw_extracts.shaping import END_PRECISION, PRECISION
from riskstrat.records.intake_account import KEPT, MERGED, REJECTED, REPAIRED
from riskstrat.registers.checks import BEFORE_BIRTH, NO_PERSON
from riskstrat.registers.contract import DATE, END, PERSON, columns_of, row_rules

DUPLICATE = "exact duplicate"
MOVED_TO_BIRTH = "incomplete birth date: moved to it"
MOVED_TO_END = "incomplete date moved so that the end follows the start"

CHECKS: Mapping[PlausibilityCheck, Callable[[str, pl.DataFrame], ValidationResult]] = {
    "growth": validate_growth,
    "birth_weight": validate_birth_weight,
    "returns": cancel_returns,
}


@dataclass(frozen=True, kw_only=True)
class ReferencePersons:
    """What is known of the persons of a range.

    Attributes
    ----------
    persons
        person_id, birth_date, birth_date_precision, sex, death_date.
    reused
        Persons whose number had another owner.
    last_day
        The last day that can have been seen.
    """

    persons: pl.DataFrame
    reused: pl.Series
    last_day: date


def validate_events(table: str, rows: pl.DataFrame, reference: ReferencePersons, rules: TableRules) -> ValidationResult:
    """Validate the rows of an event table.

    Parameters
    ----------
    table
        Its name.
    rows
        All its rows about a range of persons, as `shaping.shaped` made them.
    reference
        The persons.
    rules
        What the mappings say of the table.

    Returns
    -------
    ValidationResult
        Kept rows in the contract's columns with the precision of their dates, rejected rows, and the account.
    """
    told = rows.join(reference.persons, on=PERSON, how="left")
    repaired, moved = _repaired(table, told)
    ruled = repaired.with_columns(_first_rule(reference).alias(RULE))
    rejected = ruled.filter(pl.col(RULE).is_not_null())
    sound = ruled.filter(pl.col(RULE).is_null())
    content = [column.name for column in columns_of(table)]
    single = sound.sort(ORIGIN).unique(content, keep="first", maintain_order=True)  # whole lines stay or go
    repeated = counts([(table, "", DUPLICATE, MERGED, sound.height - single.height)])
    account = RowCounts(counts=pl.concat([moved, repeated, by_rule(table, REJECTED, rejected[RULE])]))
    result = ValidationResult(rows=single, rejected=rejected, accounts=(account,))
    for name in rules.checks:
        result = result.then(CHECKS[name](table, result.rows))
    if rules.merge is not None:
        result = result.then(merged_spells(table, result.rows, rules.merge, reference.last_day))
    ends = RowCounts(counts=counts([(table, "", "", KEPT, result.rows.height)]))
    return ValidationResult(
        rows=result.rows.select(*content, PRECISION),
        rejected=result.rejected.select(*content, PRECISION, ORIGIN, RULE),
        accounts=(*result.accounts, ends),
    )


def person_rule(reference: ReferencePersons) -> pl.Expr:
    """Say what is wrong with the person of a row: none, a reused number, or nobody that persons knows."""
    return (
        pl.when(pl.col(PERSON).is_null())
        .then(pl.lit("no person"))
        .when(pl.col(PERSON).is_in(reference.reused.implode()))
        .then(pl.lit(REUSED))
        .when(pl.col("birth_date").is_null())
        .then(pl.lit(NO_PERSON))
    )


def _first_rule(reference: ReferencePersons) -> pl.Expr:
    contract = [pl.when(broken).then(pl.lit(name)) for name, broken in row_rules(reference.last_day).items()]
    born_later = pl.when(pl.col(DATE) < pl.col("birth_date")).then(pl.lit(BEFORE_BIRTH))
    return pl.coalesce(*contract, person_rule(reference), born_later)


def _repaired(table: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Repair what only an incomplete date contradicts."""
    day, end, birth = pl.col(DATE), pl.col(END), pl.col("birth_date")
    upside_down = (end < day).fill_null(value=False)
    before_birth = (day < birth).fill_null(value=False)
    born_then = same_period(birth, pl.col("birth_date_precision"), day) | same_period(day, pl.col(PRECISION), birth)
    flagged = rows.with_columns(
        __start_moves=upside_down & same_period(day, pl.col(PRECISION), end),
        __end_moves=upside_down & same_period(end, pl.col(END_PRECISION), day),
        __to_birth=before_birth & born_then,
    )
    ordered = flagged.with_columns(
        pl.when("__start_moves").then(END).when("__to_birth").then("birth_date").otherwise(DATE).alias(DATE),
        pl.when(pl.col("__end_moves") & ~pl.col("__start_moves")).then(DATE).otherwise(END).alias(END),
    )
    born = pl.when(pl.col("__to_birth") & pl.col(END).is_not_null()).then(pl.max_horizontal(DATE, END)).otherwise(END)
    moved = int(flagged.select((pl.col("__start_moves") | pl.col("__end_moves")).sum()).item())
    told = [
        (table, DATE, MOVED_TO_END, REPAIRED, moved),
        (table, DATE, MOVED_TO_BIRTH, REPAIRED, int(flagged["__to_birth"].sum())),
    ]
    return ordered.with_columns(born.alias(END)).select(rows.columns), counts(told)
