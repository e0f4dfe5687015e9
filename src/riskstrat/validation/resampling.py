"""Families of the cohort in, bootstrap draws and intervals out: whole families are drawn, because they share risks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.numerics.folds import family_of
from riskstrat.numerics.intervals import normal_quantile


def family_draws(people: pl.DataFrame, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each row counts, (n,), in each draw of as many whole families as there are, with replacement.

    Persons without a family_id are their own. The same families get the same counts whatever the order of the rows.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 2, 3], "family_id": [1, 1, 3]})
    >>> [counts.tolist() for counts in family_draws(people, 2, seed=0)]
    [[0.0, 0.0, 2.0], [1.0, 1.0, 1.0]]
    """
    families, code = np.unique(family_of(people), return_inverse=True)
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        drawn = generator.integers(0, len(families), len(families))
        yield np.bincount(drawn, minlength=len(families))[code].astype(np.float64)


def interval(
    estimate: NDArray[np.float64], draws: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bootstrap interval around estimates, (...), from the standard deviation of the draws, (draws, ...), without NaN.

    A few hundred draws are enough for a standard error, not for the tails of a distribution (Efron and Tibshirani
    1993, sections 6.4 and 13.3), so that the interval is estimate +- z sd.
    """
    z = normal_quantile(level)
    valid = np.isfinite(draws)
    count = np.maximum(valid.sum(axis=0), 2)
    centred = np.where(valid, draws - np.where(valid, draws, 0.0).sum(axis=0) / count, 0.0)
    half = z * np.sqrt((centred**2).sum(axis=0) / (count - 1))
    return estimate - half, estimate + half
