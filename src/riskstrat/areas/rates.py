"""Rates, proportions and their intervals.

In: counts and populations. Out: frames with the rate or ratio and its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL, poisson_interval, wilson_interval

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]


def _rate_interval(count: Floats, time: Floats, level: float) -> Interval:
    lower, upper = poisson_interval(count, level)
    return lower / time, upper / time


KINDS: dict[str, Callable[[Floats, Floats, float], Interval]] = {
    "rate": _rate_interval,
    "proportion": lambda count, people, level: wilson_interval(count / people, people, level),
}


@checked
def rates(
    count: npt.ArrayLike, denominator: npt.ArrayLike, kind: str = "rate", level: float = LEVEL, per: float = 1.0
) -> pl.DataFrame:
    """Rates or proportions with their intervals.

    Parameters
    ----------
    count
        Cases, (n,), at least 0.
    denominator
        Person-time (``rate``) or people (``proportion``: at least the count), (n,), above 0.
    kind
        ``rate``: exact Poisson below 10 cases, else Byar. ``proportion``: Wilson.
    level
        Of the interval, in (0, 1).
    per
        Unit: 100000 gives rates per 100,000.

    Returns
    -------
    polars.DataFrame
        count, denominator, estimate, lower, upper.

    Raises
    ------
    UsageError
        If an argument cannot be used; all problems at once.

    Examples
    --------
    >>> rates([65], [100], kind="proportion").select(pl.all().round(3)).row(0)
    (65.0, 100.0, 0.65, 0.553, 0.736)
    """
    x, n = np.atleast_1d(np.asarray(count, dtype=float)), np.atleast_1d(np.asarray(denominator, dtype=float))
    UsageError.refuse([*_check_counts(x, n, kind), *check_kind(kind), *check_level(level), *check_unit(per)])
    lower, upper = KINDS[kind](x, n, level)
    frame = pl.DataFrame({"count": x, "denominator": n, "estimate": x / n, "lower": lower, "upper": upper})
    return frame.with_columns(pl.col("estimate", "lower", "upper") * per)


def check_level(level: float) -> list[Problem]:
    """List what is wrong with the level of an interval."""
    if 0 < level < 1:
        return []
    return [Problem(found=f"a level of {level}", expected="between 0 and 1", remedy="use 0.95, say")]


def check_kind(kind: str) -> list[Problem]:
    """List what is wrong with the kind of a rate."""
    return [] if kind in KINDS else [unknown("kind", kind, KINDS)]


def check_unit(per: float) -> list[Problem]:
    """List what is wrong with the unit of a rate."""
    if 0 < per < np.inf:
        return []
    return [Problem(found=f"a rate per {per}", expected="a number above 0", remedy="use 100_000, say")]


def _check_counts(x: Floats, n: Floats, kind: str) -> list[Problem]:
    if x.shape != n.shape:
        return [
            Problem(found="counts and denominators of different lengths", expected="one a group", remedy="align them")
        ]
    complaints = (
        (~(np.isfinite(x) & (x >= 0)), "counts below 0 or not finite", "counts of at least 0"),
        (~(np.isfinite(n) & (n > 0)), "denominators of 0, below, or not finite", "above 0"),
        ((x > n) & (kind == "proportion"), "more cases than people", "proportions up to 1"),
    )
    return [
        Problem(
            found=f"{found}, in {int(wrong.sum())} of {x.size} rows, the first of them row {int(wrong.argmax())}",
            expected=wanted,
            remedy="correct the counts",
        )
        for wrong, found, wanted in complaints
        if wrong.any()
    ]
