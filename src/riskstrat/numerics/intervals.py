"""Shares and numbers of persons in, confidence limits out."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError

LEVEL: Final = 0.95
"""Coverage of an interval where nobody asks for another: the default of every ``level`` argument."""
PUBLISHED_LEVEL: Final = 0.90
"""Coverage of the intervals that a study publishes: of areas, plans, reasons and metrics."""


def normal_quantile(level: float) -> float:
    """Half width, in standard errors, of a two-sided normal interval that covers `level`, above 0 and below 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise UsageError(Problem(found=f"a level of {level:g}", expected="between 0 and 1", remedy="use 0.95, say"))
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson_interval(
    share: npt.ArrayLike, size: npt.ArrayLike, level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's score interval of shares (Wilson 1927): lower and upper limits in [0, 1], each of shape (n,).

    `size` is the number of observations behind each, above 0: whole, or Kish's effective size under weights.

    Examples
    --------
    >>> [round(float(limit), 4) for limit in wilson_interval(0.1, 50)]
    [0.0435, 0.2136]
    """
    p, n, z = np.asarray(share, dtype=np.float64), np.asarray(size, dtype=np.float64), normal_quantile(level)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    lower, upper = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    return np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
