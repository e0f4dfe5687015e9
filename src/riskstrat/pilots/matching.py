"""Pairs of units that are alike, by minimum-weight matching.

In: expected cases and people of units. Out: pairs of row numbers, and the unit that found no partner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist, squareform

Floats = NDArray[np.float64]

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
