"""Pairs of units that are alike; who begins when, by chance, and all the ways in which chance could have decided.

In: units, pairs of them, or a number of units and steps, and a seed. Out: the period in which each unit
begins; allocations, (n, units).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist, squareform

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

BEGINS, WAITS = 0, 1
"""First periods in pairs."""
MOST_ENUMERATED = 20_000
SAMPLED = 9_999
_NEAREST = 100
"""Partners that are considered for a unit: all of them among up to 101 units."""


def matched_pairs(cases: Floats, people: Floats) -> list[tuple[int, int]]:
    """Pair units so that the sum of distances is least, exactly; of an odd number the one that fits worst is left out.

    Distance: Euclidean in log expected cases, log people and log risk, each over its standard deviation. Matching in a
    general graph (any two units may pair) is solved as an integer programme; assignment between two given halves, as
    `scipy.optimize.linear_sum_assignment` does, is another problem.
    """
    distance = squareform(pdist(_standardised(cases, people)))
    first, second = _edges(distance)
    edges = np.arange(len(first))
    touches = csr_array(
        (np.ones(2 * len(edges)), (np.concatenate([first, second]), np.tile(edges, 2))), shape=(len(cases), len(edges))
    )
    pairs = len(cases) // 2
    solved = milp(
        distance[first, second],
        integrality=np.ones(len(edges)),
        bounds=(0, 1),
        constraints=[LinearConstraint(touches, ub=1), LinearConstraint(np.ones((1, len(edges))), lb=pairs, ub=pairs)],
    )
    chosen = np.flatnonzero(solved.x > 0.5)
    return sorted((int(first[edge]), int(second[edge])) for edge in chosen)


def _standardised(cases: Floats, people: Floats) -> Floats:
    columns = np.log(np.column_stack([cases, people, cases / people]))
    spread = columns.std(axis=0)
    return np.asarray(columns / np.where(spread > 1e-12, spread, 1))


def _edges(distance: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs that are considered: near ones, and a chain through all units, with which everybody finds a partner."""
    near = distance.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable") <= _NEAREST
    chain = np.eye(len(distance), k=1, dtype=bool)
    first, second = np.nonzero(np.triu(near | near.T | chain, k=1))
    return first, second


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
    every, rng = count_allocations(first_period, pair) <= most, np.random.default_rng(seed)
    if pair is None:
        orders = np.tile(first_period, (sampled, 1))
        found = np.array(list(_orders(first_period))) if every else rng.permuted(orders, axis=1)
    else:
        pairs = len(np.unique(pair))
        swaps = np.array(list(product((0, 1), repeat=pairs))) if every else rng.integers(0, 2, (sampled, pairs))
        found = _swapped(first_period, pair, swaps)
    return (found[np.lexsort(found.T[::-1])] if every else np.vstack([first_period, found])), every


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
