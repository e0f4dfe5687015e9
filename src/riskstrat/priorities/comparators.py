"""Other ways of spending the same budget, evaluated on the same draws as the plan.

In: an allocation problem and the plan's shares. Out: averted cases of every strategy, paired with those of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.priorities.allocation import greedy_allocation, highest_first
from riskstrat.priorities.allocation_problem import AllocationProblem
from riskstrat.priorities.net_cost import interval_of
from riskstrat.records.plan import CARE_NEED, OBSERVED_CASES, OBSERVED_INDEX_DATES, TRUE_CASES

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

    All strategies have the plan's programmes, budget and staff; each but the plan and the oracle offers a unit the
    package that averts most there per krona, and knows neither equity weights nor floors.

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
    oracle
        Where the units tell ``true_cases``: the best plan for those. Then also ``true_averted``, what each strategy
        truly averts, and ``gain``, (strategy - random) / (oracle - random).
    """
    found, plan = strategies(problem, shares, seed), problem.averted(shares)
    rows = [_row(name, problem.averted(other), plan) for name, other in found.items()]
    frame = pl.DataFrame(rows)
    if TRUE_CASES not in problem.units.columns:
        return frame
    truth = _true(problem)
    averted = np.array([truth.averted(other)[0] for other in found.values()])
    random, oracle = (averted[list(found).index(name)] for name in ("random", "oracle"))
    return frame.with_columns(
        true_averted=averted,
        gain=(averted - random) / (oracle - random) if oracle > random else np.full(len(averted), np.nan),
    )


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
    """Shares of every unit and package under each strategy that can be computed, (units, packages)."""
    ratio = np.where(problem.limits.offered, problem.values / np.maximum(problem.costs, np.finfo(float).tiny), -np.inf)
    package = ratio.argmax(axis=1)
    units = np.arange(len(package))
    uses, whole = problem.limits.uses[:, units, package], bool(problem.limits.whole[package].any())

    def in_order(orders: NDArray[np.intp]) -> Floats:
        return np.asarray(greedy_allocation(orders, uses, problem.limits.there, whole=whole).mean(axis=0))

    known = [name for name in _NEEDS if name not in missing_comparators(problem)]
    in_all = uses.sum(axis=1)
    equal = np.divide(problem.limits.there, in_all, out=np.ones_like(in_all), where=in_all > 0).min()
    by_unit = {
        "equal_share": np.full(len(units), min(1.0, equal)),
        **{name: in_order(highest_first(_need(problem.units, name))[None, :]) for name in known},
        "random": in_order(_random_orders(len(units), seed)),
    }
    chosen = np.eye(len(problem.packages))[package]
    spread = {name: share[:, None] * chosen for name, share in by_unit.items()}
    oracle = {"oracle": _true(problem).best_shares()} if TRUE_CASES in problem.units.columns else {}
    return {"plan": shares, **spread, **oracle}


def _true(problem: AllocationProblem) -> AllocationProblem:
    """Give the same problem with the true cases, and the mean effect, as its only draw."""
    truth = problem.units[TRUE_CASES].cast(pl.Float64).to_numpy()[None, :]
    return replace(problem, cases=truth, effect=problem.effect.mean(axis=0)[None, :])


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
    found, difference = interval_of(averted), interval_of(plan - averted).columns("difference")
    return {"strategy": name, "averted": found.estimate, "lower": found.lower, "upper": found.upper, **difference}
