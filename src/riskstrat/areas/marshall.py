"""Empirical Bayes by moments (Marshall 1991): ratios drawn towards the mean of all groups, or of their neighbours.

In: observed and expected counts (or people: then ratios are rates or proportions) per group. Out: one smoothed ratio
per group, no posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riskstrat.areas.geography import Neighbours

Floats = NDArray[np.float64]


def moments(observed: Floats, expected: Floats) -> tuple[float, float]:
    """Marshall's between-group variance (never below zero) and mean of the ratios.

    Mean b = sum O / sum E; variance a = sum E (O/E - b)^2 / sum E - b / mean E.
    """
    mean, scatter = _mean_and_scatter(observed, expected)
    # An estimate below zero would shrink past the mean, and give negative rates.
    return max(0.0, scatter - mean / float(expected.mean())), mean


def binomial_moments(observed: Floats, people: Floats) -> tuple[float, float]:
    """Between-group variance and mean of proportions: Var(O/n) = a + (b (1 - b) - a) / n (Martuzzi, Elliott 1996)."""
    mean, scatter = _mean_and_scatter(observed, people)
    size = float(people.mean())
    between = max(0.0, scatter - mean * (1 - mean) / size) / (1 - 1 / size) if size > 1 else 0.0
    return between, mean


@dataclass(frozen=True, kw_only=True)
class Family:
    """Distribution of a count: its moments, and the variance by chance of a group that expects one (or has one person).

    `chance` takes the variance between groups and the mean.
    """

    moments: Callable[[Floats, Floats], tuple[float, float]]
    chance: Callable[[Floats, Floats], Floats]


POISSON: Final = Family(moments=moments, chance=lambda _, mean: mean)
BINOMIAL: Final = Family(moments=binomial_moments, chance=lambda variance, mean: mean * (1 - mean) - variance)


def marshall_global(observed: Floats, expected: Floats, family: Family) -> Floats:
    """Ratios drawn towards the mean of all groups, (n,)."""
    return _shrink(observed, expected, family, np.array([family.moments(observed, expected)]))


def marshall_local(observed: Floats, expected: Floats, family: Family, neighbours: Neighbours) -> Floats:
    """Ratios drawn towards the mean of the group and its neighbours, (n,); an island keeps its own ratio."""
    around = [np.append(neighbours.of(i), i) for i in range(len(observed))]
    return _shrink(observed, expected, family, np.array([family.moments(observed[i], expected[i]) for i in around]))


def _mean_and_scatter(observed: Floats, expected: Floats) -> tuple[float, float]:
    mean = float(observed.sum() / expected.sum())
    return mean, float((expected * (observed / expected - mean) ** 2).sum() / expected.sum())


def _shrink(observed: Floats, expected: Floats, family: Family, found: Floats) -> Floats:
    """Draw each ratio towards the mean: more, the smaller its expected count; `found` has moments, (n or 1, 2)."""
    variance, mean = found.T
    total = variance + family.chance(variance, mean) / expected
    kept = np.divide(variance, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(mean + kept * (observed / expected - mean))
