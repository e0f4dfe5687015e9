"""Limits within which an observed count varies by chance alone.

In: expected counts. Out: the counts that are the limits, for funnel plots.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc

from riskstrat.areas.rates import check_level
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL

Floats = NDArray[np.float64]


@checked
def funnel_limits(expected: npt.ArrayLike, level: float = LEVEL) -> pl.DataFrame:
    """Limits of the observed count, by exact inversion of the Poisson distribution.

    The lower limit o solves P(X <= o | E) = tail and the upper P(X >= o | E) = tail, with the distribution continued
    between whole counts by the incomplete gamma function; at whole counts this is the exact Poisson interval read
    backwards.

    Parameters
    ----------
    expected
        Expected counts, (n,), above 0.
    level
        Of the limits: 0.95 and 0.998 are usual.

    Returns
    -------
    polars.DataFrame
        expected, lower, upper (counts), lower_ratio, upper_ratio (over expected).

    Raises
    ------
    UsageError
        If an expected count or the level cannot be used.

    References
    ----------
    Spiegelhalter, Statistics in Medicine 2005;24:1185.

    Examples
    --------
    >>> funnel_limits([11.6683331]).select(pl.col("lower").round(4)).item()
    5.0
    """
    e = np.atleast_1d(np.asarray(expected, dtype=float))
    problems = check_level(level)
    if e.size == 0 or not np.isfinite(e).all() or (e <= 0).any():
        problems.append(
            Problem(found="expected counts of 0, below, or not finite", expected="above 0", remedy="correct")
        )
    UsageError.refuse(problems)
    tail = (1 - level) / 2
    lower = _rising_to(lambda count: gammaincc(count + 1, e), tail, e)
    upper = _rising_to(lambda count: 1 - gammainc(count, e), 1 - tail, e)
    frame = pl.DataFrame({"expected": e, "lower": lower, "upper": upper})
    return frame.with_columns(
        (pl.col("lower") / pl.col("expected")).alias("lower_ratio"),
        (pl.col("upper") / pl.col("expected")).alias("upper_ratio"),
    )


def _rising_to(probability: Callable[[Floats], Floats], target: float, expected: Floats) -> Floats:
    """Count at which a rising probability reaches the target, 0 where it starts above it; by bisection."""
    low, high = np.zeros_like(expected), expected + 20 * np.sqrt(expected) + 50
    for _ in range(100):
        middle = (low + high) / 2
        below = probability(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(high < 1e-9, 0.0, high)
