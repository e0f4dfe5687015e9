"""Rates, proportions and their intervals.

In: counts and populations. Out: frames with the rate or ratio and its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammainc

from riskstrat.areas.count_noise import CountNoise
from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import (
    LEVEL,
    Interval,
    normal_quantile,
    poisson_interval,
    root_of_rising,
    wilson_interval,
)

Floats = NDArray[np.float64]


def _rate_interval(count: Floats, time: Floats, level: float) -> Interval:
    lower, upper = poisson_interval(count, level)
    return lower / time, upper / time


KINDS: dict[str, Callable[[Floats, Floats, float], Interval]] = {
    "rate": _rate_interval,
    "proportion": lambda count, people, level: wilson_interval(count / people, people, level),
}


def _noisy_rate_interval(count: Floats, time: Floats, level: float, noise: CountNoise) -> Interval:
    """Means at which so high, or so low, a protected count is as rare as the tail of the level."""
    error, tail = np.arange(-noise.width, noise.width + 1)[:, None], (1 - level) / 2

    def above(mean: Floats, least: Floats) -> Floats:
        """P(O + e >= least) at a mean of O."""
        needed = least - error
        return noise.probability @ np.where(needed > 0, gammainc(np.maximum(needed, 1), mean), 1.0)

    lower = root_of_rising(lambda mean: above(mean, count), tail, count + noise.width)
    upper = root_of_rising(lambda mean: above(mean, count + 1), 1 - tail, count + noise.width)
    return np.where(count <= noise.lowest, 0.0, lower) / time, upper / time


def _noisy_proportion_interval(count: Floats, people: Floats, level: float, noise: CountNoise) -> Interval:
    """Shares p with (p* - p)² <= z² (p (1 - p) / n + variance / n²)."""
    z2, share = normal_quantile(level) ** 2, count / people
    half = share + z2 / (2 * people)
    scale, last = 1 + z2 / people, share**2 - z2 * noise.variance / people**2
    root = np.sqrt(np.maximum(half**2 - scale * last, 0))
    lower, upper = np.clip((half - root) / scale, 0, 1), np.clip((half + root) / scale, 0, 1)
    return np.where(count <= noise.lowest, 0.0, lower), upper


NOISY_KINDS: dict[str, Callable[[Floats, Floats, float, CountNoise], Interval]] = {
    "rate": _noisy_rate_interval,
    "proportion": _noisy_proportion_interval,
}


@checked
def rates(
    count: npt.ArrayLike,
    denominator: npt.ArrayLike,
    kind: str = "rate",
    level: float = LEVEL,
    per: float = 1.0,
    *,
    noise: CountNoise | None = None,
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
    noise
        That of protected counts: intervals hold it too. Exact for rates: P(O* >= count) and P(O* <= count) over the
        possible true counts; for proportions the variance of the noise is added to Wilson's.

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
    lower, upper = KINDS[kind](x, n, level) if noise is None else NOISY_KINDS[kind](x, n, level, noise)
    frame = pl.DataFrame({"count": x, "denominator": n, "estimate": x / n, "lower": lower, "upper": upper})
    return frame.with_columns(pl.col("estimate", "lower", "upper") * per)


def check_level(level: float) -> list[Problem]:
    """List what is wrong with the level of an interval."""
    if 0 < level < 1:
        return []
    return [Problem(f"a level of {level}", "between 0 and 1", "use 0.95, say")]


def check_kind(kind: str) -> list[Problem]:
    """List what is wrong with the kind of a rate."""
    return [] if kind in KINDS else [unknown("kind", kind, KINDS)]


def check_unit(per: float) -> list[Problem]:
    """List what is wrong with the unit of a rate."""
    if 0 < per < np.inf:
        return []
    return [Problem(f"a rate per {per}", "a number above 0", "use 100_000, say")]


def _check_counts(x: Floats, n: Floats, kind: str) -> list[Problem]:
    if x.shape != n.shape:
        return [Problem("counts and denominators of different lengths", "one a group", "align them")]
    complaints = (
        (~(np.isfinite(x) & (x >= 0)), "counts below 0 or not finite", "counts of at least 0"),
        (~(np.isfinite(n) & (n > 0)), "denominators of 0, below, or not finite", "above 0"),
        ((x > n) & (kind == "proportion"), "more cases than people", "proportions up to 1"),
    )
    return [
        Problem(
            f"{found}, in {int(wrong.sum()):,} of {number_of(x.size, 'row')}, first row {int(wrong.argmax())}",
            wanted,
            "correct the counts",
        )
        for wrong, found, wanted in complaints
        if wrong.any()
    ]
