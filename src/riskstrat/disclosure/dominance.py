"""Whether a sum is nearly that of one or two of those who are added up, so that it tells what they have.

In: values. Out: expressions that give one truth value a group.
"""

from __future__ import annotations

import polars as pl

P_PERCENT = 15
TOP_TWO = 0.85


def is_dominated(value: pl.Expr) -> pl.Expr:
    """Whether one or two dominate the sum of values, or of what is computed from it.

    They do where the sum without the two largest is less than 15 % of the largest (p % rule: who is second could tell
    the largest within that), or the two largest are more than 85 % of the sum ((2, 85) rule); not where all are 0.
    Values are of each person (or provider), once each; the sizes of negative ones count.

    References
    ----------
    Hundepool et al., Statistical Disclosure Control, Wiley 2012, section 4.2.

    Examples
    --------
    >>> shares = pl.DataFrame({"even": [3.0] * 20, "two": [50.0, 40.0, *[0.5] * 18], "one": [90.0, *[0.5] * 19]})
    >>> shares.select(is_dominated(pl.all())).row(0)
    (False, True, True)
    """
    size = value.abs().drop_nulls().sort(descending=True)
    total, first, two = size.sum(), size.head(1).sum(), size.head(2).sum()
    return (total > 0) & ((total - two < P_PERCENT / 100 * first) | (two > TOP_TWO * total))
