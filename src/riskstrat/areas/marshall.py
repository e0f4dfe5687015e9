"""Empirical Bayes by moments (Marshall 1991): ratios drawn towards the mean of all groups, or of their neighbours.

In: observed and expected counts (or populations) per group. Out: one smoothed ratio (or rate) per group, no posterior.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskstrat.areas.geography import Neighbours

Floats = NDArray[np.float64]


def moments(observed: Floats, expected: Floats) -> tuple[float, float]:
    """Marshall's between-group variance (never below zero) and mean of the ratios.

    Mean b = sum O / sum E; variance a = sum E (O/E - b)^2 / sum E - b / mean E.
    """
    mean = float(observed.sum() / expected.sum())
    scatter = float((expected * (observed / expected - mean) ** 2).sum() / expected.sum())
    # An estimate below zero would shrink past the mean, and give negative rates.
    return max(0.0, scatter - mean / float(expected.mean())), mean


def shrink(ratio: Floats, expected: Floats, variance: Floats, mean: Floats) -> Floats:
    """Draw each ratio towards the mean: more, the smaller its expected count."""
    chance = mean / expected
    total = variance + chance
    kept = np.divide(variance, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(mean + kept * (ratio - mean))


def marshall_global(observed: Floats, expected: Floats) -> Floats:
    """Ratios drawn towards the mean of all groups, (n,)."""
    variance, mean = moments(observed, expected)
    n = len(observed)
    return shrink(observed / expected, expected, np.full(n, variance), np.full(n, mean))


def marshall_local(observed: Floats, expected: Floats, neighbours: Neighbours) -> Floats:
    """Ratios drawn towards the mean of the group and its neighbours, (n,); an island keeps its own ratio."""
    around = (
        moments(observed[near], expected[near])
        for near in (np.append(neighbours.of(i), i) for i in range(len(observed)))
    )
    variance, mean = np.array(list(around)).T
    return shrink(observed / expected, expected, variance, mean)
