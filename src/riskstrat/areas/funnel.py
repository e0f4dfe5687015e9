"""Limits within which an observed count varies by chance alone.

In: expected counts. Out: the counts that are the limits, for funnel plots.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc

from riskstrat.areas.rates import check_level
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL, root_of_rising

Floats = NDArray[np.float64]


@checked
def funnel_limits(expected: npt.ArrayLike, level: float = LEVEL, *, between_sd: float = 0.0) -> pl.DataFrame:
    """Limits of the observed count, by exact inversion of the Poisson distribution.

    The lower limit o solves P(X <= o | E) = tail and the upper P(X >= o | E) = tail, with the distribution continued
    between whole counts by the incomplete gamma function; at whole counts this is the exact Poisson interval read
    backwards. With `between_sd` the true ratios are taken to vary too (additive over-dispersion): counts are then
    negative binomial, of variance E + (E between_sd)².

    Parameters
    ----------
    expected
        Expected counts, (n,), above 0.
    level
        Of the limits: 0.95 and 0.998 are usual.
    between_sd
        Standard deviation of the true ratios, such as `overdispersion` finds; 0 for chance alone.

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
    Spiegelhalter, Statistics in Medicine 2005;24:1185; Quality and Safety in Health Care 2005;14:347.

    Examples
    --------
    >>> funnel_limits([11.6683331]).select(pl.col("lower").round(4)).item()
    5.0
    >>> funnel_limits([100.0], between_sd=0.2).select(pl.col("lower_ratio", "upper_ratio").round(2)).row(0)
    (0.6, 1.48)
    """
    e = np.atleast_1d(np.asarray(expected, dtype=float))
    problems = [*check_level(level), *_expected_problems(e)]
    if not 0 <= between_sd < np.inf:
        problems.append(Problem(f"a between_sd of {between_sd}", "0 or more", "use overdispersion"))
    UsageError.refuse(problems)
    tail = (1 - level) / 2
    lower = root_of_rising(lambda count: _up_to(count, e, between_sd), tail, e * (1 + between_sd))
    upper = root_of_rising(lambda count: _up_to(count - 1, e, between_sd), 1 - tail, e * (1 + between_sd))
    frame = pl.DataFrame({"expected": e, "lower": lower, "upper": upper})
    return frame.with_columns(
        (pl.col("lower") / pl.col("expected")).alias("lower_ratio"),
        (pl.col("upper") / pl.col("expected")).alias("upper_ratio"),
    )


def _up_to(count: Floats, expected: Floats, between_sd: float) -> Floats:
    """P(X <= count), continued between whole counts; 0 below none."""
    above = np.maximum(count + 1, 0)
    if between_sd == 0:
        return np.asarray(np.where(above > 0, gammaincc(np.maximum(above, 1e-300), expected), 0.0))
    shape = between_sd**-2
    return np.asarray(np.where(above > 0, betainc(shape, np.maximum(above, 1e-300), shape / (shape + expected)), 0.0))


@checked
def overdispersion(observed: npt.ArrayLike, expected: npt.ArrayLike, *, winsorised: float = 0.1) -> float:
    """Estimate how far the true ratios of groups differ, as a standard deviation, beyond what chance explains.

    Parameters
    ----------
    observed, expected
        Counts, (n,), of two groups at least; expected above 0, on average equal to the observed.
    winsorised
        This share of the z-scores at either end is drawn in to its quantile, so that the groups that the funnel is to
        show do not widen it.

    Returns
    -------
    float
        For ``funnel_limits(between_sd=...)``; 0 where the ratios vary no more than by chance.

    Raises
    ------
    UsageError
        If counts cannot be used.

    Notes
    -----
    With z = (O - E) / sqrt(E) drawn in, phi the mean of z² and w = E, the variance is
    (n phi - (n - 1)) / (sum w - sum w² / sum w), at least 0.

    References
    ----------
    Spiegelhalter, Quality and Safety in Health Care 2005;14:347 (additive random effects).

    Examples
    --------
    >>> round(overdispersion([5, 20, 12, 30, 8, 14], [10, 12, 11, 20, 14, 15]), 3)
    0.392
    """
    o, e = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    UsageError.refuse([*_expected_problems(e), *_observed_problems(o, e, winsorised)])
    z = (o - e) / np.sqrt(e)
    z = np.clip(z, *np.quantile(z, (winsorised, 1 - winsorised)))
    variance = ((z**2).sum() - (len(e) - 1)) / (e.sum() - (e**2).sum() / e.sum())
    return float(np.sqrt(max(variance, 0.0)))


def _expected_problems(expected: Floats) -> list[Problem]:
    if expected.size and np.isfinite(expected).all() and (expected > 0).all():
        return []
    return [Problem("expected counts of 0, below, or not finite", "above 0", "correct")]


def _observed_problems(observed: Floats, expected: Floats, winsorised: float) -> list[Problem]:
    complaints = (
        (observed.shape != expected.shape, "observed and expected of different groups", "one of each a group"),
        (observed.size < 2, "fewer than two groups", "at least two"),
        (not (np.isfinite(observed) & (observed >= 0)).all(), "observed counts below 0 or not finite", "0 or more"),
        (not 0 <= winsorised < 0.5, f"a winsorised share of {winsorised}", "at least 0 and below 0.5"),
    )
    return [Problem(found, wanted, "correct") for wrong, found, wanted in complaints if wrong]
