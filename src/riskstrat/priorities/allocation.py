"""Allocate a budget among units: greedily in given orders, or so that the total value is highest.

In: what offering each unit a package of programmes is worth and uses (kronor, hours of staff), and what there is of it.
Out: shares in 0..1 within the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CHUNK_CELLS = 4_000_000
_GAP = 1e-3
_NOTHING = 1e-6
"""Shares below this are none: the solver works to a tolerance, also of the limits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Limits:
    """What there is, and what must be spent where.

    Attributes
    ----------
    uses
        What offering each unit each package takes, (resources, units, packages); the first resource is kronor.
    there
        What there is of each resource, (resources,).
    offered
        Which units may have which package, (units, packages).
    whole
        Which packages are taken whole, (packages,).
    members, floors
        Which units belong to each floor, (floors, units), and the least kronor to be spent in each, (floors,).
    """

    uses: Floats
    there: Floats
    offered: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    members: NDArray[np.bool_]
    floors: Floats

    @property
    def is_knapsack(self) -> bool:
        """Whether one package competes with nothing but itself for one resource, which greedy plans solve."""
        return len(self.there) == 1 and len(self.whole) == 1 and not self.floors.any()


def greedy_allocation(
    orders: NDArray[np.integer], costs: npt.ArrayLike, budget: npt.ArrayLike, *, whole: bool
) -> Floats:
    """Fund units in the given orders, (k, units), until the budget is spent; shares are in the units' own order.

    The last unit is funded in part or, where units are `whole`, each is funded if what is left covers it and else
    passed over. Costs, above 0, and budget are in SEK; or costs of several resources, (resources, units), each with
    its own budget, the first of which to end is what ends it.
    """
    uses, there = np.atleast_2d(np.asarray(costs, dtype=np.float64)), np.atleast_1d(np.asarray(budget, dtype=float))
    in_order = (_whole if whole else _divisible)(uses[:, orders], there)
    shares = np.empty_like(in_order)
    np.put_along_axis(shares, orders, in_order, axis=1)
    return shares


def highest_first(values: Floats) -> NDArray[np.intp]:
    """Order from highest to lowest along the last axis; ties keep the units' own order."""
    return np.argsort(-values, axis=-1, kind="stable")


def best_packages(values: Floats, limits: Limits) -> Floats | None:
    """Shares of each unit that get each package, (units, packages), with the highest total value; None if impossible.

    One package and one budget are a knapsack (`best_allocation`). Else it is a multiple-choice knapsack with further
    limits, solved as a linear programme, an integer one for packages that are taken whole, to a relative gap of 1e-3.
    """
    if limits.is_knapsack:
        open_to, shares = limits.offered[:, 0], np.zeros_like(values)
        costs, budget = limits.uses[0, open_to, 0], float(limits.there[0])
        shares[open_to, 0] = best_allocation(values[open_to, 0], costs, budget, whole=bool(limits.whole[0]))
        return shares
    return _solved(values, limits, limits.whole)


def best_allocation(values: Floats, costs: Floats, budget: float, *, whole: bool) -> Floats:
    """Shares, (units,), with the highest total value within the budget; costs, above 0, and budget are in SEK.

    Divisible units: the fractional knapsack, solved exactly by value per krona (Dantzig, Operations Research
    1957;5:266). Whole units: the 0-1 knapsack, solved by integer programming to a relative gap of 1e-3.
    """
    if costs.sum() <= budget:
        return np.ones(len(costs))
    if whole:
        return _knapsack(values, costs, budget)
    return np.asarray(greedy_allocation(highest_first(values / costs)[None, :], costs, budget, whole=False)[0])


def robustness(draws: Floats, limits: Limits) -> Floats:
    """Share of draws, (draws, units, packages), in whose own best plan each unit takes part, shape (units,).

    One package and one budget: by value per krona (`share_of_best_plans`). Else by linear programmes, in which units
    that are taken whole may be split; a few hundred draws are enough.
    """
    if limits.is_knapsack:
        open_to, share = limits.offered[:, 0], np.zeros(draws.shape[1])
        costs, budget = limits.uses[0, open_to, 0], float(limits.there[0])
        share[open_to] = share_of_best_plans(draws[:, open_to, 0], costs, budget, whole=bool(limits.whole[0]))
        return share
    plans = [_solved(values, limits, np.zeros_like(limits.whole)) for values in draws]
    return np.asarray(np.mean([plan.any(axis=1) for plan in plans if plan is not None], axis=0))


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


def _divisible(uses: Floats, there: Floats) -> Floats:
    left = there[:, None, None] - (np.cumsum(uses, axis=2) - uses)
    # What a unit does not use does not end its share.
    parts = np.divide(left, uses, out=np.full_like(uses, np.inf), where=uses > 0)
    ended = (left <= 0).any(axis=0)
    return np.where(ended, 0.0, np.clip(parts.min(axis=0), 0.0, 1.0))


def _whole(uses: Floats, there: Floats) -> Floats:
    left = np.repeat(there[:, None], uses.shape[1], axis=1)
    funded = np.zeros(uses.shape[1:])
    for number in range(uses.shape[2]):
        funded[:, number] = (uses[:, :, number] <= left).all(axis=0)
        left -= funded[:, number] * uses[:, :, number]
    return funded


def _knapsack(values: Floats, costs: Floats, budget: float) -> Floats:
    order = highest_first(values / costs)[None, :]
    greedy = greedy_allocation(order, costs, budget, whole=True)[0]
    in_parts = greedy_allocation(order, costs, budget, whole=False)[0]
    # No whole choice beats the best one in parts: with many units the greedy plan is provably as good as solving.
    if greedy @ values >= (1 - _GAP) * (in_parts @ values):
        return np.asarray(greedy)
    limits = Limits(
        uses=costs[None, :, None],
        there=np.array([budget]),
        offered=(costs <= budget)[:, None],
        whole=np.array([True]),
        members=np.zeros((0, len(costs)), dtype=bool),
        floors=np.zeros(0),
    )
    solved = _solved(values[:, None], limits, limits.whole)
    # The solver works to a tolerance: a plan just over the budget, or worse than the greedy one, is not used.
    better = solved is not None and solved[:, 0] @ costs <= budget and solved[:, 0] @ values >= greedy @ values
    return np.asarray(solved[:, 0] if solved is not None and better else greedy)


def _solved(values: Floats, limits: Limits, whole: NDArray[np.bool_]) -> Floats | None:
    """Solve for shares, (units, packages); None where there are none within the limits."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, kron

    units, packages = values.shape
    each = kron(np.eye(units), np.ones((1, packages)), format="csr")
    scale = limits.there[:, None]
    needed = limits.members.repeat(packages, axis=1) * limits.uses[0].ravel() / scale[0]
    answer = milp(
        -values.ravel() / max(values.max(), np.finfo(float).tiny),
        integrality=np.tile(whole, units).astype(int),
        bounds=Bounds(0, limits.offered.ravel().astype(float)),
        constraints=[
            LinearConstraint(each, -np.inf, 1.0),
            LinearConstraint(csr_array(limits.uses.reshape(len(limits.there), -1) / scale), -np.inf, 1.0),
            *([LinearConstraint(csr_array(needed), limits.floors / scale[0], np.inf)] if len(limits.floors) else []),
        ],
        options={"mip_rel_gap": _GAP, "node_limit": 1_000},
    )
    if answer.x is None:
        return None
    shares = np.where(answer.x < _NOTHING, 0.0, np.minimum(answer.x, 1.0)).reshape(units, packages)
    return np.where(whole, np.round(shares), shares)
