"""Which further cells must be withheld so that none that is withheld can be computed (complementary suppression).

In: the cells of all tables that leave together. Out: what is withheld in all. An integer programme withholds what is
cheapest, and `possible_values` audits what it chose.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from riskstrat.disclosure.audit import Bools, LinkedCells, parts_of, possible_values
from riskstrat.errors import DisclosureError, Problem

SECONDS = 120.0
"""Longest time that a search may take."""
_GAP = 0.01
_REACH = 4
_FEWEST = 2
_WITHHELD = 0.5
Floats = NDArray[np.float64]


def withheld(cells: LinkedCells, seconds: float = SECONDS) -> Bools:
    """Choose the cheapest cells to withhold beside the sensitive ones, so that each of these stays uncertain.

    Withholding a cell costs the logarithm of 1 + its value, so that small cells go before totals.
    """
    end = monotonic() + seconds
    hidden = cells.sensitive | cells.unshown
    for part in parts_of(cells.sums, np.ones_like(hidden)):
        if cells.sensitive[part].any():
            hidden[part] = _withheld(cells.of(part), end)
    return hidden


def _withheld(cells: LinkedCells, end: float) -> Bools:
    """Protect the cells that the audit finds too certain, until it finds none."""
    must = cells.sensitive | cells.unshown
    most = possible_values(cells, must | _can_be_withheld(cells))
    if (lost := cells.sensitive & (most < np.minimum(cells.possible, _FEWEST))).any():
        raise _not_protected(int(lost.sum()), "whatever else is withheld")
    cells, hidden, demanded = replace(cells, possible=most), must, np.zeros_like(must)
    while (certain := cells.sensitive & (possible_values(cells, hidden) < most)).any():
        demanded |= certain
        found = _cheapest(cells, np.flatnonzero(demanded), max(end - monotonic(), 0))
        if found is None:
            raise _not_protected(int(certain.sum()), "with no choice of further cells found in the time for it")
        hidden = found
    return hidden


def _can_be_withheld(cells: LinkedCells) -> Bools:
    """Say which cells may be withheld for the sake of others: not those that the rule says are shown."""
    return (cells.lower <= cells.values) & (cells.values <= cells.upper)


def _cheapest(cells: LinkedCells, demanded: NDArray[np.intp], seconds: float) -> Bools | None:
    """Solve for what to withhold, together with other tables that agree with all that is shown.

    For each demanded cell there are as many such tables as values that it must be able to have, in a row with the true
    one. Variables: whether each cell is withheld; for each demanded cell its smallest value, and for each table its
    cells, both minus the true ones.
    """
    must = cells.sensitive | cells.unshown
    movable = np.flatnonzero(must | _can_be_withheld(cells))
    wanted = cells.possible[demanded]
    reach, tables = _REACH * wanted.max(), wanted.sum()
    down = (cells.lower - cells.values)[movable].clip(-reach, 0)
    up = (cells.upper - cells.values)[movable].clip(0, reach)
    lowest = np.concatenate([must[movable], 1 - wanted, np.tile(down, tables)])
    highest = np.concatenate([np.ones(len(movable)), np.zeros(len(demanded)), np.tile(up, tables)])
    cost = np.zeros(len(lowest))
    cost[: len(movable)] = np.log1p(cells.values[movable])
    found = milp(
        cost,
        constraints=_agreeing(cells, movable, demanded, down, up),
        bounds=Bounds(lowest, highest),
        integrality=np.ones_like(cost),
        options={"time_limit": seconds, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    must[movable[found.x[: len(movable)] > _WITHHELD]] = True
    return must


def _agreeing(
    cells: LinkedCells, movable: NDArray[np.intp], demanded: NDArray[np.intp], down: Floats, up: Floats
) -> LinearConstraint:
    """Every table adds up, gives its demanded cell the next value, and moves cells only where they are withheld."""
    size, wanted = len(movable), cells.possible[demanded]
    tables, number = wanted.sum(), np.arange(len(demanded)).repeat(wanted)
    sums = sparse.kron(sparse.eye_array(tables), cells.sums[:, movable])
    own = np.arange(tables) * size + np.searchsorted(movable, demanded)[number]
    own_cell = sparse.csr_array((np.ones(tables), (np.arange(tables), own)), shape=(tables, tables * size))
    smallest = sparse.eye_array(len(demanded), format="csr")[number]
    every, one_each = sparse.eye_array(tables * size), np.ones((tables, 1))
    blocks = [
        [None, None, sums],
        [None, -smallest, own_cell],
        [-sparse.kron(one_each, sparse.diags_array(up)), None, every],
        [sparse.kron(one_each, sparse.diags_array(down)), None, -every],
    ]
    still, step = np.zeros(sums.shape[0]), np.arange(tables) - (np.cumsum(wanted) - wanted)[number]
    high = np.concatenate([still, step, np.zeros(2 * tables * size)])
    low = np.concatenate([still, step, np.full(2 * tables * size, -np.inf)])
    return LinearConstraint(sparse.block_array(blocks, format="csr"), low, high)


def _not_protected(certain: int, why: str) -> DisclosureError:
    return DisclosureError(
        Problem(
            f"{certain} withheld counts that can be computed from what is shown, {why}",
            "tables in which withholding further cells keeps them uncertain",
            "publish fewer or coarser tables, protect zeros too, or protect counts by noise instead",
        )
    )
