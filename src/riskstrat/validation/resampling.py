"""Families of the cohort in, bootstrap draws and intervals out: whole families are drawn, because they share risks."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.validation.known import Floats


def family_draws(people: pl.DataFrame, draws: int, seed: int) -> Iterator[Floats]:
    """How often each row counts in each draw of as many families as there are, with replacement.

    Parameters
    ----------
    people
        Frame with family_id, or person_id where no family is known; all rows of a family are drawn together.
    draws
        Number of draws.
    seed
        Seed; the same families get the same counts whatever the order of the rows.

    Yields
    ------
    numpy.ndarray
        Counts (n,), 0, 1, 2 ...

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


def family_of(people: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Family of each row (n,); somebody without a known family is one, numbered below every other."""
    alone = -pl.col("person_id").cast(pl.Int64) - 1
    family = pl.coalesce("family_id", alone) if "family_id" in people.columns else alone
    return people.select(family.cast(pl.Int64)).to_series().to_numpy()


def interval(estimate: Floats, draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Bootstrap interval around estimates from the standard deviation of the draws.

    A few hundred draws are enough for a standard error, not for the tails of a distribution (Efron and Tibshirani
    1993, sections 6.4 and 13.3), so that the interval is estimate +- z sd.

    Parameters
    ----------
    estimate
        Shape (...,).
    draws
        Shape (draws, ...); draws that are not a number are left out.
    level
        Coverage, such as 0.90.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    valid = np.isfinite(draws)
    count = np.maximum(valid.sum(axis=0), 2)
    centred = np.where(valid, draws - np.where(valid, draws, 0.0).sum(axis=0) / count, 0.0)
    half = z * np.sqrt((centred**2).sum(axis=0) / (count - 1))
    return estimate - half, estimate + half
