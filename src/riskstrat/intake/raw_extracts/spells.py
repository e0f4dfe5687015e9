"""Rows that follow each other become one spell: transfers between wards one stay, months of a service one period.

In: rows of a range of persons. Out: fewer rows; a spell has the first start, the last end, the first code.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from riskstrat.intake.raw_extracts.account import MERGED, Account, counts
from riskstrat.intake.raw_extracts.mapping import Merge
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.intake.raw_extracts.validation_result import Verdict
from riskstrat.registers.contract import DATE, END, PERSON

JOINED = "joined to the spell that it continues"


def merged_spells(table: str, rows: pl.DataFrame, merge: Merge, last_day: date) -> Verdict:
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
    return Verdict(rows=together, refused=nothing, accounts=(Account(counts=told),))
