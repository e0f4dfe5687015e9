"""Ranks in time and scores of rows in, the pairs that the scores put in the right order out, summed by row.

Everything by sorting and cumulative sums: O(n log n) for two ranks, O(n log² n) for many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Weight of the pairs that each row is in, (n,): of those in the right order (half where scores tie), and of all.

    Every pair stands with both of its rows.
    """

    won: NDArray[np.float64]
    total: NDArray[np.float64]

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.won + other.won, self.total + other.total)

    @property
    def share(self) -> float:
        """Share of the weight of all pairs that is in the right order; not a number where there is no pair."""
        pairs = self.total.sum()
        return float(self.won.sum() / pairs) if pairs > 0 else float("nan")

    @property
    def influence(self) -> NDArray[np.float64]:
        """Change of the share, (n,), for each unit of case weight that a row is given more; it sums to 0."""
        pairs = self.total.sum() / 2
        return (self.won - self.share * self.total) / pairs if pairs > 0 else np.full(len(self.won), np.nan)


def compare(
    rank: NDArray[np.intp], score: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> Pairs:
    """Compare each row i with all rows j of higher rank: the pair weighs ``first[i] * second[j]``, won by score i > j.

    Most rows are followed to the end and share the highest rank: one sort compares all others with them. Among the
    others two ranks differ first at exactly one binary digit; at that digit's level the lower one is a left sibling and
    the higher one a right sibling of the same block, so that one sort a level counts every pair once.

    Examples
    --------
    >>> found = compare(np.array([0, 1, 2]), np.array([0.3, 0.2, 0.25]), np.ones(3), np.ones(3))
    >>> found.won.tolist(), found.total.tolist()
    ([2.0, 1.0, 1.0], [2.0, 2.0, 2.0])
    """
    rank = rank.astype(np.min_scalar_type(rank.max(initial=0)))  # short integers are sorted several times as fast
    order, last = np.argsort(score), rank == rank.max(initial=0)
    found = np.zeros((2, len(rank)))
    keys = np.stack([score, first, second])
    found[:, order] = _counted(np.zeros_like(order), keys[:, order], last[order])
    others = order[(~last & ((first > 0) | (second > 0)))[order]]
    number, of_others, sums = rank[others], keys[:, others], found[:, others]
    for digit in range(int(number.max(initial=0)).bit_length()):
        block = number >> (digit + 1)
        rows = np.argsort(block, kind="stable")
        later = ((number >> digit) & 1).astype(np.bool_)
        sums[:, rows] += _counted(block[rows], of_others[:, rows], later[rows])
    found[:, others] = sums
    return Pairs(*found)


def _counted(block: NDArray[np.integer], keys: NDArray[np.float64], later: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Pairs of an earlier with a later row of its block that each row is in, (2, n): won and all.

    `keys` are score and the two weights of each row, (3, n); rows are in order of block and score.
    """
    score, first, second = keys
    weights = np.stack([first * ~later, second * later])
    below, whole = _below(weights, tie_starts(block, score), tie_starts(block))
    won = weights[0] * below[1] + weights[1] * (whole[0] - below[0])
    return np.stack([won, weights[0] * whole[1] + weights[1] * whole[0]])


def tie_starts(*sorted_keys: NDArray[np.generic]) -> NDArray[np.intp]:
    """First position of each run of equal keys.

    Examples
    --------
    >>> tie_starts(np.array([0.1, 0.1, 0.3])).tolist()
    [0, 2]
    """
    starts = np.zeros(max(1, len(sorted_keys[0])), dtype=np.bool_)
    starts[0] = True
    for key in sorted_keys:
        starts[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(starts)


def dense_rank(first: NDArray[np.generic], second: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Rank of each row, (n,), from 0 without a gap, by the first key and then the second; equal rows share a rank.

    Examples
    --------
    >>> dense_rank(np.array([20, 10, 20]), np.array([False, False, True])).tolist()
    [1, 0, 2]
    """
    by_first = np.unique(first, return_inverse=True)[1]
    return np.unique(2 * by_first + second, return_inverse=True)[1]


def _below(
    weights: NDArray[np.float64], ties: NDArray[np.intp], blocks: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For rows in order of block and score: weights (k, n) of lower scores in the block (half for ties), and of all.

    `ties` are the first positions of each run of equal block and score, `blocks` those of each block.
    """
    n = weights.shape[1]
    if not n:
        return weights, weights
    tied, whole = np.add.reduceat(weights, ties, axis=1), np.add.reduceat(weights, blocks, axis=1)
    below = np.repeat(np.cumsum(tied, axis=1) - tied / 2, np.diff(ties, append=n), axis=1)
    sizes = np.diff(blocks, append=n)
    return below - np.repeat(np.cumsum(whole, axis=1) - whole, sizes, axis=1), np.repeat(whole, sizes, axis=1)
