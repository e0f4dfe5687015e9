"""Values and knots in, the terms of a restricted cubic spline out: linear beyond the outer knots."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

KNOT_QUANTILES: Final = (0.05, 0.35, 0.65, 0.95)
"""Quantiles at which four knots are placed: Harrell (2015), table 2.3."""


def spline_term(
    x: NDArray[np.float64], knot: float, last_but_one: float, last: float, first: float
) -> NDArray[np.float64]:
    """One curved term of a restricted cubic spline (Harrell 2015, equation 2.25): 0 up to `knot`, linear above `last`.

    It is divided by the squared range of the knots, from `first` to `last`, so that it is on the scale of `x`.

    Examples
    --------
    >>> spline_term(np.array([0.0, 1.0, 3.0, 4.0]), 0.0, 1.0, 2.0, 0.0).tolist()
    [0.0, 0.25, 3.0, 4.5]
    """
    above = [np.maximum(x - at, 0.0) for at in (knot, last_but_one, last)]
    cubes = [part * part**2 for part in above]  # a third power takes numpy twenty times as long
    tails = cubes[1] * (last - knot) - cubes[2] * (last_but_one - knot)
    return np.asarray((cubes[0] - tails / (last - last_but_one)) / (last - first) ** 2, dtype=np.float64)


def restricted_cubic_spline(x: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Design matrix of a restricted cubic spline without intercept, shape (n, k - 1), of k increasing knots.

    Its columns are x, then a curved term for each knot but the last two: two knots give x alone, one nothing.
    """
    curved = [spline_term(x, float(knot), *map(float, (knots[-2], knots[-1], knots[0]))) for knot in knots[:-2]]
    return np.column_stack([x, *curved])[:, : len(knots) - 1]
