"""Allocate a budget among units: greedily in given orders, or so that the total value is highest.

In: costs (SEK) of offering each unit the programme, and the order or value of units. Out: shares in 0..1 within budget.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CHUNK_CELLS = 4_000_000
_GAP = 1e-3


def greedy_allocation(orders: NDArray[np.integer], costs: Floats, budget: float, *, whole: bool) -> Floats:
    """Fund units in the given orders, (k, units), until the budget is spent; shares are in the units' own order.

    The last unit is funded in part or, where units are `whole`, each is funded if what is left covers it and else
    passed over. Costs, above 0, and budget are in SEK.

    Examples
    --------
    >>> greedy_allocation(np.array([[2, 0, 1]]), np.array([4.0, 4.0, 4.0]), 6.0, whole=False)
    array([[0.5, 0. , 1. ]])
    """
    in_order = _whole(costs[orders], budget) if whole else _divisible(costs[orders], budget)
    shares = np.empty_like(in_order)
    np.put_along_axis(shares, orders, in_order, axis=1)
    return shares


def highest_first(values: Floats) -> NDArray[np.intp]:
    """Order from highest to lowest along the last axis; ties keep the units' own order."""
    return np.argsort(-values, axis=-1, kind="stable")


def best_allocation(values: Floats, costs: Floats, budget: float, *, whole: bool) -> Floats:
    """Shares, (units,), with the highest total value within the budget; costs, above 0, and budget are in SEK.

    Divisible units: the fractional knapsack, solved exactly by value per krona (Dantzig, Operations Research
    1957;5:266). Whole units: the 0-1 knapsack, solved by integer programming to a relative gap of 1e-3.

    Examples
    --------
    >>> best_allocation(np.array([3.0, 2.0, 2.0]), np.array([3.0, 2.0, 2.0]), 4.0, whole=True)
    array([0., 1., 1.])
    """
    if costs.sum() <= budget:
        return np.ones(len(costs))
    if whole:
        return _knapsack(values, costs, budget)
    return np.asarray(greedy_allocation(highest_first(values / costs)[None, :], costs, budget, whole=False)[0])


def share_of_best_plans(draws: Floats, costs: Floats, budget: float, *, whole: bool) -> Floats:
    """Share of draws, (draws, units), in whose own best plan each unit takes part, shape (units,).

    Units are funded by value per krona, draw by draw; for whole units that is the greedy plan, which is the best one up
    to the last units to fit. Costs and budget are as for `best_allocation`.
    """
    rows = max(1, _CHUNK_CELLS // len(costs))
    funded = np.zeros(len(costs))
    for start in range(0, len(draws), rows):
        orders = highest_first(draws[start : start + rows] / costs)
        funded += (greedy_allocation(orders, costs, budget, whole=whole) > 0).sum(axis=0)
    return funded / len(draws)


def _divisible(costs: Floats, budget: float) -> Floats:
    spent_before = np.cumsum(costs, axis=1) - costs
    return np.asarray(np.clip((budget - spent_before) / costs, 0.0, 1.0))


def _whole(costs: Floats, budget: float) -> Floats:
    left = np.full(len(costs), float(budget))
    funded = np.zeros_like(costs)
    for number in range(costs.shape[1]):
        funded[:, number] = costs[:, number] <= left
        left -= funded[:, number] * costs[:, number]
    return funded


def _knapsack(values: Floats, costs: Floats, budget: float) -> Floats:
    order = highest_first(values / costs)[None, :]
    greedy = greedy_allocation(order, costs, budget, whole=True)[0]
    in_parts = greedy_allocation(order, costs, budget, whole=False)[0]
    # No whole choice beats the best one in parts: with many units the greedy plan is provably as good as solving.
    if greedy @ values >= (1 - _GAP) * (in_parts @ values):
        return np.asarray(greedy)
    solved = _solve(values / values.max(), costs / budget, costs <= budget)
    # The solver works to a tolerance: a plan just over the budget, or worse than the greedy one, is not used.
    within = bool(solved @ costs <= budget)
    return np.asarray(solved if within and solved @ values >= greedy @ values else greedy)


def _solve(values: Floats, costs: Floats, affordable: NDArray[np.bool_]) -> Floats:
    from scipy.optimize import Bounds, LinearConstraint, milp

    answer = milp(
        -values,
        integrality=np.ones(len(values)),
        bounds=Bounds(0, affordable.astype(float)),
        constraints=LinearConstraint(costs[None, :], -np.inf, 1.0),
        options={"mip_rel_gap": _GAP, "node_limit": 1_000},
    )
    return np.zeros(len(values)) if answer.x is None else np.asarray(np.round(answer.x))
