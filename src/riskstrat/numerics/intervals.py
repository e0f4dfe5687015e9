"""Shares and counts in, confidence limits out."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from riskstrat.errors import Problem, UsageError

LEVEL: Final = 0.95
"""Coverage of an interval where nobody asks for another: the default of every ``level`` argument."""
PUBLISHED_LEVEL: Final = 0.90
"""Coverage of the intervals that a study publishes: of areas, plans, reasons and metrics."""
EXACT_BELOW: Final = 10
"""Byar's approximation is poor for smaller counts."""

Interval: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]


def normal_quantile(level: float) -> float:
    """Half width, in standard errors, of a two-sided normal interval that covers `level`, above 0 and below 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise UsageError(Problem(f"a level of {level:g}", "between 0 and 1", "use 0.95, say"))
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson_interval(
    share: npt.ArrayLike, size: npt.ArrayLike, level: float = LEVEL, added_variance: npt.ArrayLike = 0.0
) -> Interval:
    """Wilson's score interval of shares (Wilson 1927): lower and upper limits in [0, 1], each of shape (n,).

    `size` is the number of observations behind each, above 0: whole, or Kish's effective size under weights.
    Variance of the share beside that of observations, such as that of noise, is taken off the size.
    """
    p, n, z = np.asarray(share, dtype=np.float64), np.asarray(size, dtype=np.float64), normal_quantile(level)
    spread = np.maximum(p * (1 - p), 1 / n) / n
    n = np.asarray(n * spread / (spread + np.asarray(added_variance, dtype=np.float64)))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # The interval holds the share; rounding must not put a share of 1 above its upper limit.
    lower, upper = np.clip(np.minimum(centre - half, p), 0, 1), np.clip(np.maximum(centre + half, p), 0, 1)
    return np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)


def interval_columns(
    name: str, draws: NDArray[np.float64], level: float = PUBLISHED_LEVEL
) -> dict[str, NDArray[np.float64]]:
    """Mean and interval of draws, (draws, n): the columns ``name``, ``name_lower`` and ``name_upper``, each (n,).

    Examples
    --------
    >>> interval_columns("risk", np.arange(101.0)[:, None])["risk_lower"].round(6).tolist()
    [5.0]
    """
    lower, upper = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2), axis=0)
    return {name: draws.mean(axis=0), f"{name}_lower": lower, f"{name}_upper": upper}


def followed_size(at_risk: npt.ArrayLike, event_free: npt.ArrayLike, entered: npt.ArrayLike) -> NDArray[np.float64]:
    """Say how many observations a cumulative incidence is worth: those still at risk over the share still event-free.

    Peto's conservative size (Peto and others 1977): without censoring all who entered, with censoring fewer. At least 1
    and no more than `entered`; all of shape (n,).

    Examples
    --------
    >>> followed_size([80, 40], [0.8, 0.8], 100).tolist()
    [100.0, 50.0]
    """
    at_risk, free = np.asarray(at_risk, dtype=np.float64), np.asarray(event_free, dtype=np.float64)
    size = at_risk / np.maximum(free, 1e-12)
    return np.asarray(np.maximum(np.minimum(size, entered), 1.0))


def byar_interval(count: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Byar's approximate interval of a Poisson mean (Breslow and Day 1987)."""
    x = np.asarray(count, dtype=float)
    z = ndtri((1 + level) / 2)
    safe, above = np.where(x > 0, x, 1.0), x + 1
    lower = np.where(x > 0, safe * (1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe))) ** 3, 0.0)
    return lower, above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3


def exact_interval(count: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Exact interval of a Poisson mean from the chi-squared distribution (Garwood 1936)."""
    x = np.asarray(count, dtype=float)
    tail = (1 - level) / 2
    lower = np.where(x > 0, chdtri(2 * np.where(x > 0, x, 1.0), 1 - tail) / 2, 0.0)
    return lower, chdtri(2 * x + 2, tail) / 2


def poisson_interval(count: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Exact below a count of 10, else Byar."""
    x = np.asarray(count, dtype=float)
    chosen = zip(exact_interval(x, level), byar_interval(x, level), strict=True)
    lower, upper = (np.where(x < EXACT_BELOW, exact, byar) for exact, byar in chosen)
    return lower, upper


def root_of_rising(
    probability: Callable[[NDArray[np.float64]], NDArray[np.float64]], target: float, near: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find where a rising probability reaches the target, (n,), 0 where it starts above it; by bisection.

    Counts or means of Poisson or negative binomial distributions are sought up to `near` and many deviations more.

    Examples
    --------
    >>> root_of_rising(lambda x: 1 - np.exp(-x), 0.5, np.array([1.0])).round(4).tolist()
    [0.6931]
    """
    low, high = np.zeros_like(near), 20 * near + 20 * np.sqrt(near) + 50
    for _ in range(100):
        middle = (low + high) / 2
        below = probability(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(high < 1e-9, 0.0, high)
