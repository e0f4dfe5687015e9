"""Packages that went back to the pharmacy: a return cancels the dispensing that it undoes, or is set aside.

In: prescriptions of a range of persons, value in DDD, negative for returns. Out: those that were kept by the person.
"""

from __future__ import annotations

import polars as pl

from riskstrat.intake.raw_extracts.account import MERGED, REFUSED, Account, by_rule, counts
from riskstrat.intake.raw_extracts.parsing import RULE
from riskstrat.intake.raw_extracts.validation_result import Verdict
from riskstrat.registers.contract import DATE, PERSON

CANCELLED, UNMATCHED = "return and the dispensing that it cancels", "return without its dispensing"
LONGEST_DAYS = 365
"""A return cancels the latest dispensing of the same code and amount at most a year before it."""


def judged_returns(table: str, rows: pl.DataFrame) -> Verdict:
    """Let each return cancel one dispensing.

    A return is a row with a negative value. It takes away the latest dispensing to the same person of the same code and
    the same amount, on its own day or up to `LONGEST_DAYS` before; both rows go, counted as merged. A return for which
    there is none is refused.

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
        return Verdict(rows=rows, refused=rows.clear().with_columns(pl.lit(None, pl.String).alias(RULE)), accounts=())
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
    refused = rest.filter(unmatched).drop("__row").with_columns(pl.lit(UNMATCHED).alias(RULE))
    told = pl.concat([counts([(table, "", CANCELLED, MERGED, gone.len())]), by_rule(table, REFUSED, refused[RULE])])
    return Verdict(rows=rest.filter(~unmatched).drop("__row"), refused=refused, accounts=(Account(counts=told),))
