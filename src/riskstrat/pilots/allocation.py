"""Who begins when, by chance, and all the ways in which chance could have decided.

In: pairs, or a number of units and steps, and a seed. Out: the period in which each unit
begins; allocations, (n, units).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

BEGINS, WAITS = 0, 1
"""First periods in pairs."""
MOST_ENUMERATED = 20_000
SAMPLED = 9_999


def draw_pairs(pairs: Sequence[tuple[int, int]], units: int, rng: np.random.Generator) -> Whole:
    """Let chance decide which unit of each pair begins, (units,)."""
    first = np.full(units, WAITS, dtype=np.int64)
    first[[pair[side] for pair, side in zip(pairs, rng.integers(0, 2, len(pairs)), strict=True)]] = BEGINS
    return first


def draw_steps(units: int, steps: int, rng: np.random.Generator) -> Whole:
    """Let chance decide at which step, from 1, each unit begins, (units,): as equally many a step as can be."""
    return np.asarray(rng.permutation(np.sort(np.arange(units) % steps) + 1))


def count_allocations(first_period: Whole, pair: Whole | None) -> int:
    """How many allocations could have been drawn."""
    if pair is not None:
        return 1 << len(np.unique(pair))
    orders = prod(factorial(int(n)) for n in np.unique_counts(first_period).counts)
    return factorial(len(first_period)) // orders


def possible_allocations(
    first_period: Whole, pair: Whole | None, seed: int, *, most: int = MOST_ENUMERATED, sampled: int = SAMPLED
) -> tuple[Whole, bool]:
    """Give the allocations that could have been, (n, units), and whether these are all.

    All of them where there are at most `most`; else the one that was drawn, first, and a seeded sample of `sampled`.
    """
    if count_allocations(first_period, pair) <= most:
        found = _swaps(first_period, pair) if pair is not None else np.array(list(_orders(first_period)))
        return found[np.lexsort(found.T[::-1])], True
    rng = np.random.default_rng(seed)
    if pair is None:
        drawn = rng.permuted(np.tile(first_period, (sampled, 1)), axis=1)
    else:
        drawn = _swapped(first_period, pair, rng.integers(0, 2, (sampled, len(np.unique(pair)))))
    return np.vstack([first_period, drawn]), False


def _swaps(first_period: Whole, pair: Whole) -> Whole:
    return _swapped(first_period, pair, np.array(list(product((0, 1), repeat=len(np.unique(pair))))))


def _swapped(first_period: Whole, pair: Whole, swap: Whole) -> Whole:
    """Exchange who begins in the pairs with a 1, (n, units)."""
    return np.asarray(
        np.where(swap[:, np.unique_inverse(pair).inverse_indices] == 1, WAITS - first_period, first_period)
    )


def _orders(first_period: Whole) -> Iterator[list[int]]:
    """Every different order of the periods, each once."""
    if len(first_period) == 0:
        yield []
    for period in np.unique(first_period):
        rest = np.delete(first_period, np.flatnonzero(first_period == period)[0])
        yield from ([int(period), *order] for order in _orders(rest))
