"""How a budget is filled: shares of units out of costs, orders and expected values.

In: costs (SEK) of offering each unit the programme, and the order or value of units. Out: shares in 0..1 within budget.
"""

from __future__ import annotations

import numpy as np

_CHUNK_CELLS = 4_000_000
_GAP = 1e-3


def fill(orders: np.ndarray, costs: np.ndarray, budget: float, *, whole: bool) -> np.ndarray:
    """Fill a budget in the given orders.

    Parameters
    ----------
    orders
        Each row a permutation of the units, first to be funded first, (k, units).
    costs
        SEK of each unit, (units,), above 0.
    budget
        SEK.
    whole
        False: units are funded until the money ends, the last one in part. True: a unit is funded whole if what is left
        covers it, otherwise it is passed over.

    Returns
    -------
    numpy.ndarray
        Share of each unit, (k, units), in the units' own order.

    Examples
    --------
    >>> fill(np.array([[2, 0, 1]]), np.array([4.0, 4.0, 4.0]), 6.0, whole=False)
    array([[0.5, 0. , 1. ]])
    """
    in_order = _whole(costs[orders], budget) if whole else _divisible(costs[orders], budget)
    shares = np.empty_like(in_order)
    np.put_along_axis(shares, orders, in_order, axis=1)
    return shares


def highest_first(values: np.ndarray) -> np.ndarray:
    """Order from highest to lowest along the last axis; ties keep the units' own order."""
    return np.argsort(-values, axis=-1, kind="stable")


def best(values: np.ndarray, costs: np.ndarray, budget: float, *, whole: bool) -> np.ndarray:
    """Shares with the highest total value within the budget, (units,).

    Divisible units: the fractional knapsack, solved exactly by value per krona (Dantzig 1957). Whole units: the 0-1
    knapsack, solved by integer programming to a relative gap of 1e-3.
    """
    if costs.sum() <= budget:
        return np.ones(len(costs))
    if whole:
        return _knapsack(values, costs, budget)
    return np.asarray(fill(highest_first(values / costs)[None, :], costs, budget, whole=False)[0])


def share_of_best_plans(draws: np.ndarray, costs: np.ndarray, budget: float, *, whole: bool) -> np.ndarray:
    """Share of draws in whose own best plan each unit takes part, (units,).

    Each draw of values (draws, units) is filled by value per krona; for whole units that is the greedy plan, which is
    the best one up to the last units to fit.
    """
    rows = max(1, _CHUNK_CELLS // len(costs))
    funded = np.zeros(len(costs))
    for start in range(0, len(draws), rows):
        orders = highest_first(draws[start : start + rows] / costs)
        funded += (fill(orders, costs, budget, whole=whole) > 0).sum(axis=0)
    return funded / len(draws)


def _divisible(costs: np.ndarray, budget: float) -> np.ndarray:
    spent_before = np.cumsum(costs, axis=1) - costs
    return np.asarray(np.clip((budget - spent_before) / costs, 0.0, 1.0))


def _whole(costs: np.ndarray, budget: float) -> np.ndarray:
    left = np.full(len(costs), float(budget))
    taken = np.zeros_like(costs)
    for place in range(costs.shape[1]):
        taken[:, place] = costs[:, place] <= left
        left -= taken[:, place] * costs[:, place]
    return taken


def _knapsack(values: np.ndarray, costs: np.ndarray, budget: float) -> np.ndarray:
    order = highest_first(values / costs)[None, :]
    greedy = fill(order, costs, budget, whole=True)[0]
    in_parts = fill(order, costs, budget, whole=False)[0]
    # No whole choice beats the best one in parts: with many units the greedy plan is provably as good as solving.
    if greedy @ values >= (1 - _GAP) * (in_parts @ values):
        return np.asarray(greedy)
    solved = _solve(values / values.max(), costs / budget, costs <= budget)
    # The solver works to a tolerance: a plan a hair over budget, or below the greedy one, is not taken.
    within = bool(solved @ costs <= budget)
    return np.asarray(solved if within and solved @ values >= greedy @ values else greedy)


def _solve(values: np.ndarray, costs: np.ndarray, affordable: np.ndarray) -> np.ndarray:
    from scipy.optimize import Bounds, LinearConstraint, milp

    answer = milp(
        -values,
        integrality=np.ones(len(values)),
        bounds=Bounds(0, affordable.astype(float)),
        constraints=LinearConstraint(costs[None, :], -np.inf, 1.0),
        options={"mip_rel_gap": _GAP, "node_limit": 1_000},
    )
    return np.zeros(len(values)) if answer.x is None else np.asarray(np.round(answer.x))
