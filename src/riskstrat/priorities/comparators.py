"""Other ways of spending the same budget, evaluated on the same draws as the plan.

In: an allocation problem and the plan's shares. Out: averted cases of every strategy, paired with those of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.priorities.allocation import greedy_allocation, highest_first
from riskstrat.priorities.allocation_problem import AllocationProblem
from riskstrat.records.areas import INTERVAL
from riskstrat.records.plan import CARE_NEED, OBSERVED_CASES, OBSERVED_INDEX_DATES

Floats = NDArray[np.float64]

_RANDOM_ORDERS = 200
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "care_need_index": (CARE_NEED,),
        "raw_counts": (OBSERVED_CASES,),
        "raw_rates": (OBSERVED_CASES, OBSERVED_INDEX_DATES),
    }
)


def compare(problem: AllocationProblem, shares: Floats, seed: int) -> pl.DataFrame:
    """One row a strategy: averted, lower, upper and the paired difference plan minus strategy, with its interval.

    Strategies
    ----------
    plan
        The shares given.
    equal_share
        The same share of every unit. Fixed costs are shared out too, as if units could be started in part: flattering.
    care_need_index, raw_counts, raw_rates
        Units by that number, highest first, ties and missing values in the units' own order, missing last.
    random
        The mean of 200 random orders.
    """
    plan = problem.averted(shares)
    rows = [_row(name, problem.averted(other), plan) for name, other in strategies(problem, shares, seed).items()]
    return pl.DataFrame(rows)


def missing_comparators(problem: AllocationProblem) -> dict[str, str]:
    """Strategies that cannot be computed, with the columns that are missing or tell no units apart."""
    missing = {
        name: [column for column in columns if not _tells_apart(problem.units, column)]
        for name, columns in _NEEDS.items()
    }
    return {name: ", ".join(columns) for name, columns in missing.items() if columns}


def _tells_apart(units: pl.DataFrame, column: str) -> bool:
    return column in units.columns and (units.height < 2 or units[column].n_unique() > 1)


def strategies(problem: AllocationProblem, shares: Floats, seed: int) -> dict[str, Floats]:
    """Shares of every unit under each strategy that can be computed, (units,)."""
    known = [name for name in _NEEDS if name not in missing_comparators(problem)]
    return {
        "plan": shares,
        "equal_share": np.full(len(problem.costs), min(1.0, problem.budget_sek / problem.costs.sum())),
        **{name: _in_order(problem, highest_first(_need(problem.units, name))[None, :]) for name in known},
        "random": _in_order(problem, _random_orders(len(problem.costs), seed)),
    }


def _in_order(problem: AllocationProblem, orders: NDArray[np.intp]) -> Floats:
    return np.asarray(greedy_allocation(orders, problem.costs, problem.budget_sek, whole=problem.whole).mean(axis=0))


def _need(units: pl.DataFrame, strategy: str) -> Floats:
    first, *over = _NEEDS[strategy]
    need = units[first].cast(pl.Float64)
    if over:
        need = need / units[over[0]]
    return need.fill_nan(None).fill_null(-np.inf).to_numpy()


def _random_orders(units: int, seed: int) -> NDArray[np.intp]:
    orders = np.tile(np.arange(units), (_RANDOM_ORDERS, 1))
    return np.random.default_rng(seed).permuted(orders, axis=1)


def _row(name: str, averted: Floats, plan: Floats) -> dict[str, str | float]:
    lower, upper = np.quantile(averted, INTERVAL)
    difference_lower, difference_upper = np.quantile(plan - averted, INTERVAL)
    return {
        "strategy": name,
        "averted": float(averted.mean()),
        "lower": float(lower),
        "upper": float(upper),
        "difference": float((plan - averted).mean()),
        "difference_lower": float(difference_lower),
        "difference_upper": float(difference_upper),
    }
