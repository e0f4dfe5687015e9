"""Families of the cohort in, bootstrap draws and intervals out: whole families are drawn, because they share risks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.numerics.folds import MOST_BLOCKS, family_blocks, family_of
from riskstrat.numerics.intervals import normal_quantile

CACHED_CELLS: Final = 100_000
"""Cells that are drawn at a time: they stay in the cache, and memory is not asked for anew."""

K = TypeVar("K")

Pair: TypeAlias = tuple[dict[K, NDArray[np.float64]], dict[K, NDArray[np.float64]]]
"""What the sample gives, and what each draw gives."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FamilyDraws:
    """As many blocks of families as there are, drawn with replacement, many times.

    Attributes
    ----------
    block
        Number of the block of each row, (n,): its family, or where there are more than `MOST_BLOCKS` one of so many
        random groups of families.
    counts
        How often each block counts in each draw, (draws, blocks).
    """

    block: NDArray[np.intp]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, people: pl.DataFrame, draws: int, seed: int) -> FamilyDraws:
        """Draw the families of a cohort; persons without a family_id are their own.

        The same families get the same counts whatever the order of the rows.
        """
        families, code = np.unique(family_of(people), return_inverse=True)
        generator, blocks = np.random.default_rng(seed), min(len(families), MOST_BLOCKS)
        counts = np.empty((draws, blocks))
        for some in np.array_split(counts, -(-counts.size // CACHED_CELLS)):
            cells = generator.integers(0, blocks, some.shape) + blocks * np.arange(len(some))[:, None]
            some[:] = np.bincount(cells.ravel(), minlength=some.size).reshape(some.shape)
        return cls(block=family_blocks(code, blocks, generator), counts=counts)

    def of_rows(self, rows: NDArray[np.intp]) -> FamilyDraws:
        """Give the same draws for some of the rows."""
        return FamilyDraws(block=self.block[rows], counts=self.counts)

    def sums(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a term of each row, (n,), or several, (n, k), in each block: (blocks,) or (blocks, k)."""
        blocks = self.counts.shape[1]
        if terms.ndim == 1:
            return np.asarray(np.bincount(self.block, terms, minlength=blocks), dtype=np.float64)
        return np.column_stack([np.bincount(self.block, term, minlength=blocks) for term in terms.T])

    def totals(self, sums: Sequence[Mapping[K, NDArray[np.float64]]]) -> Iterator[Pair[K]]:
        """Yield, of each group's sums by block, the totals in the sample and those in each draw."""
        sample = drawn_totals(sums, np.ones((1, self.counts.shape[1])))
        return zip(sample, drawn_totals(sums, self.counts), strict=True)


def drawn_totals(
    sums: Sequence[Mapping[K, NDArray[np.float64]]], counts: NDArray[np.float64]
) -> list[dict[K, NDArray[np.float64]]]:
    """Total in each draw, (draws,) or (draws, k), of sums by block, (blocks,) or (blocks, k), of several groups.

    All go through one product of matrices: the counts of a thousand draws are read once.

    Examples
    --------
    >>> found = drawn_totals([{"n": np.array([1.0, 2.0])}], np.array([[1.0, 1.0], [2.0, 0.0]]))
    >>> found[0]["n"].tolist()
    [3.0, 2.0]
    """
    rows = [np.atleast_2d(each.T) for group in sums for each in group.values()]
    if not rows:
        return []
    parts = iter(np.split(np.vstack(rows) @ counts.T, np.cumsum([len(each) for each in rows])[:-1]))
    return [{name: next(parts).T.reshape(-1, *each.shape[1:]) for name, each in group.items()} for group in sums]


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
