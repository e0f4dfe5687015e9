"""Rows that belong together become one, or none: months of one service, stays after a transfer, returned packages.

In: sound rows of a range of persons. Out: fewer rows, those rejected, and the account.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.mapping import Merge
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.records.intake_account import MERGED, REJECTED
from riskstrat.registers.contract import DATE, END, PERSON

JOINED = "joined to the spell that it continues"
CANCELLED, UNMATCHED = "return and the dispensing that it cancels", "return without its dispensing"
LONGEST_DAYS = 365
"""A return cancels the latest dispensing of the same code and amount at most a year before it."""


def cancel_returns(table: str, rows: pl.DataFrame) -> ValidationResult:
    """Let each return cancel one dispensing.

    A return is a row with a negative value. It takes away the latest dispensing to the same person of the same code and
    the same amount, on its own day or up to `LONGEST_DAYS` before; both rows go, counted as merged. A return for which
    there is none is rejected.

    Parameters
    ----------
    table
        Name of the table, for the account.
    rows
        Its sound rows.
    """
    numbered = rows.with_row_index("__row")
    back = numbered.filter(pl.col("value") < 0).with_columns(amount=-pl.col("value")).sort(DATE, "__row")
    if back.is_empty():
        return ValidationResult(
            rows=rows, rejected=rows.clear().with_columns(pl.lit(None, pl.String).alias(RULE)), accounts=()
        )
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
        rows=rest.filter(~unmatched).drop("__row"), rejected=rejected, accounts=(RowCounts(counts=told),)
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
    nothing = rows.clear().with_columns(pl.lit(None, dtype=pl.String).alias(RULE))
    return ValidationResult(rows=together, rejected=nothing, accounts=(RowCounts(counts=told),))
