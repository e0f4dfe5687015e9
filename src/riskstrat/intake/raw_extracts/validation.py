"""Event rows of a range of persons in, those that keep the contract out: rejected by rule, duplicates merged.

Rows count under the first rule that they break; what an incomplete date alone contradicts is repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts, total
from riskstrat.intake.raw_extracts.growth import validate_birth_weight, validate_growth
from riskstrat.intake.raw_extracts.mapping import Merge, PlausibilityCheck, TableRules
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.intake.raw_extracts.persons import REUSED, same_period
from riskstrat.intake.raw_extracts.shaping import END_PRECISION, PRECISION
from riskstrat.intake.validation import MOVED_TO_BIRTH
from riskstrat.records.intake_account import KEPT, MERGED, REJECTED, REPAIRED
from riskstrat.registers.checks import BEFORE_BIRTH, NO_PERSON
from riskstrat.registers.contract import DATE, END, PERSON, first_broken, row_rules, types_of

DUPLICATE = "exact duplicate"
MOVED_TO_END = "incomplete date moved so that the end follows the start"
JOINED = "joined to the spell that it continues"
CANCELLED, UNMATCHED = "return and the dispensing that it cancels", "return without its dispensing"
LONGEST_DAYS = 365
"""A return cancels the latest dispensing of the same code and amount at most a year before it."""


def cancel_returns(table: str, rows: pl.DataFrame) -> ValidationResult:
    """Let each return cancel one dispensing.

    A return is a row with a negative value. It takes away the latest dispensing to the same person of the same code and
    the same amount, on its own day or up to `LONGEST_DAYS` before; both rows go, counted as merged. A return for which
    there is none is rejected.
    """
    numbered = rows.with_row_index("__row")
    back = numbered.filter(pl.col("value") < 0).with_columns(amount=-pl.col("value")).sort(DATE, "__row")
    if back.is_empty():
        return ValidationResult(rows=rows)
    given = (
        numbered.filter(pl.col("value") > 0)
        .select(PERSON, DATE, "code", amount="value", __given="__row")
        .sort(DATE, "__given")
    )
    paired = back.select(PERSON, DATE, "code", "amount", "__row").join_asof(
        given, on=DATE, by=[PERSON, "code", "amount"], tolerance=f"{LONGEST_DAYS}d", check_sortedness=False
    )
    pairs = paired.drop_nulls("__given").unique("__given", keep="first", maintain_order=True)
    gone = pl.concat([pairs["__row"], pairs["__given"]])
    rest = numbered.filter(~pl.col("__row").is_in(gone.implode()))
    unmatched = (pl.col("value") < 0).fill_null(value=False)
    rejected = rest.filter(unmatched).drop("__row").with_columns(pl.lit(UNMATCHED).alias(RULE))
    told = pl.concat([counts([(table, "", CANCELLED, MERGED, gone.len())]), by_rule(table, REJECTED, rejected[RULE])])
    return ValidationResult(
        rows=rest.filter(~unmatched).drop("__row"), rejected=rejected, account=RowCounts(counts=told)
    )


def merged_spells(table: str, rows: pl.DataFrame, merge: Merge, last_day: date) -> ValidationResult:
    """Join rows of one person and one group of codes that are not more than `gap_days` apart.

    Rows of other codes stay as they are. A row without an end joins what comes before it and is joined by nothing.
    """
    group = pl.coalesce(
        *(pl.when(pl.col("code").is_in(codes)).then(pl.lit(number)) for number, codes in enumerate(merge.codes))
    )
    numbered = rows.with_columns(group.alias("__group"))
    others = numbered.filter(pl.col("__group").is_null() | pl.col(END).is_null())
    single = numbered.filter(pl.col("__group").is_not_null() & pl.col(END).is_not_null())
    ordered = single.sort(PERSON, "__group", DATE, END, "code", ORIGIN)
    latest = pl.col(END).cum_max().over(PERSON, "__group").shift()
    same = (pl.col(PERSON) == pl.col(PERSON).shift()) & (pl.col("__group") == pl.col("__group").shift())
    continues = same & (pl.col(DATE) <= latest + timedelta(days=merge.gap_days))
    spelled = ordered.with_columns((~continues.fill_null(value=False)).cum_sum().alias("__spell"))
    kept = [pl.col(name).first() for name in rows.columns if name != END]
    joined = spelled.group_by("__spell", maintain_order=True).agg(*kept, pl.col(END).max()).select(rows.columns)
    if merge.open_at_end:
        joined = joined.with_columns(pl.when(pl.col(END) < last_day).then(END).alias(END))
    told = counts([(table, "", JOINED, MERGED, single.height - joined.height)])
    together = pl.concat([joined, others.select(rows.columns)])
    return ValidationResult(rows=together, account=RowCounts(counts=told))


CHECKS: Mapping[PlausibilityCheck, Callable[[str, pl.DataFrame], ValidationResult]] = {
    "growth": validate_growth,
    "birth_weight": validate_birth_weight,
    "returns": cancel_returns,
}


@dataclass(frozen=True, kw_only=True)
class ReferencePersons:
    """What is known of the persons of a range.

    `persons` has person_id, birth_date, birth_date_precision, sex, death_date; the number of `reused` had another
    owner.
    """

    persons: pl.DataFrame
    reused: pl.Series
    last_day: date


def validate_events(table: str, rows: pl.DataFrame, reference: ReferencePersons, rules: TableRules) -> ValidationResult:
    """Validate all rows of an event table about a range of persons, as `shaping.shaped` made them."""
    told = rows.join(reference.persons, on=PERSON, how="left")
    repaired, moved = _repaired(table, told)
    early = {BEFORE_BIRTH: pl.col(DATE) < pl.col("birth_date")}
    broken = first_broken({**row_rules(reference.last_day), **person_rules(reference), **early})
    ruled = repaired.with_columns(broken.alias(RULE))
    rejected = ruled.filter(pl.col(RULE).is_not_null())
    sound = ruled.filter(pl.col(RULE).is_null())
    content = list(types_of(table))
    single = sound.sort(ORIGIN).unique(content, keep="first", maintain_order=True)  # whole lines stay or go
    repeated = counts([(table, "", DUPLICATE, MERGED, sound.height - single.height)])
    account = RowCounts(counts=pl.concat([moved, repeated, by_rule(table, REJECTED, rejected[RULE])]))
    result = ValidationResult(rows=single, rejected=rejected, account=account)
    for name in rules.checks:
        result = result.then(CHECKS[name](table, result.rows))
    if rules.merge is not None:
        result = result.then(merged_spells(table, result.rows, rules.merge, reference.last_day))
    ends = RowCounts(counts=counts([(table, "", "", KEPT, result.rows.height)]))
    return ValidationResult(
        rows=result.rows.select(*content, PRECISION),
        rejected=result.rejected.select(*content, PRECISION, ORIGIN, RULE),
        account=total([result.account, ends]),
    )


def person_rules(reference: ReferencePersons) -> dict[str, pl.Expr]:
    """Say what can be wrong with the person of a row: none, a reused number, or nobody that persons knows."""
    return {
        "no person": pl.col(PERSON).is_null(),
        REUSED: pl.col(PERSON).is_in(reference.reused.implode()),
        NO_PERSON: pl.col("birth_date").is_null(),
    }


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
