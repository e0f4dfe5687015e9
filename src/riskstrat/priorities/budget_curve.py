"""The plan at other budgets: what each averts and costs, who pays, and which units it reaches.

In: an allocation problem. Out: frames with one row a budget, a budget and payer, and a budget and unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.priorities.allocation_problem import AllocationProblem
from riskstrat.priorities.net_cost import interval_of, net_cost, per_case
from riskstrat.priorities.problem_checks import naming_columns
from riskstrat.records.plan import OBSERVED_CASE_PERSONS, OBSERVED_CASES

_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_SMALLEST = 0.01
_APART = 0.03
"""Round budgets nearer than this share to the one given, or to what is enough, would be written alike."""
_ENOUGH_FIGURES = 3


def round_budgets(full_cost_sek: float, budget_sek: float) -> list[float]:
    """Give round budgets from a hundredth of the full cost, the one that was planned for, and one that reaches all.

    The last is the full cost, rounded up to three figures.
    """
    top = math.floor(math.log10(full_cost_sek))
    figure = 10 ** (top + 1 - _ENOUGH_FIGURES) if top + 1 >= _ENOUGH_FIGURES else 1
    enough = float(math.ceil(full_cost_sek / figure) * figure)
    steps = (step * 10.0**power for power in range(top - 2, top + 1) for step in _ROUND)
    inside = (step for step in steps if _SMALLEST * full_cost_sek <= step <= (1 - _APART) * full_cost_sek)
    return sorted({*(step for step in inside if abs(step - budget_sek) > _APART * step), budget_sek, enough})


def budget_curve(problem: AllocationProblem) -> Mapping[str, pl.DataFrame]:
    """Plan for each of `round_budgets`: ``curve``, ``curve_net_cost`` and ``curve_units`` of a `Plan`.

    Budgets that reach nobody are left out; where there are floors, so are those below the one given, which may not
    meet them.
    """
    budgets = round_budgets(problem.full_cost_sek, problem.budget_sek)
    possible = [each for each in budgets if each >= problem.budget_sek or not problem.limits.floors.any()]
    plans = {budget: problem.best_shares(budget) for budget in possible}
    shown = [
        _at_budget(problem, budget, shares)
        for budget, shares in plans.items()
        if budget == problem.budget_sek or problem.allocated(shares)["reached"].sum() >= 1
    ]
    return {name: pl.concat(frames[name] for frames in shown) for name in ("curve", "curve_net_cost", "curve_units")}


def _at_budget(problem: AllocationProblem, budget_sek: float, shares: NDArray[np.float64]) -> dict[str, pl.DataFrame]:
    allocated, draws, at = problem.allocated(shares), problem.averted(shares), pl.lit(budget_sek).alias("budget_sek")
    spent, averted = [float(cost) for cost in allocated["cost_sek"].sum(axis=0)], interval_of(draws)
    per_averted = per_case(sum(spent), averted)
    observed = [name for name in (OBSERVED_CASES, OBSERVED_CASE_PERSONS) if name in problem.units.columns]
    units = problem.units.select(*naming_columns(problem.units), "people", *observed).with_columns(
        share=shares.sum(axis=1)
    )
    chosen = units.filter(pl.col("share") > 0)
    totals = pl.DataFrame(
        {
            "averted": averted.estimate,
            "lower": averted.lower,
            "upper": averted.upper,
            "cost_per_averted": per_averted.estimate,
            "cost_per_averted_lower": per_averted.lower,
            "cost_per_averted_upper": per_averted.upper,
            "reached": float(allocated["reached"].sum()),
            "staff_hours": float(allocated["staff_hours"].sum()),
            **{name: int(chosen[name].sum()) for name in ("people", *observed)},
        }
    )
    by_payer = net_cost(problem.scenario, spent, draws).with_columns(
        **{name: pl.lit(totals[name].item()) for name in ("people", *observed)}
    )
    named = {"curve": totals, "curve_net_cost": by_payer, "curve_units": chosen}
    return {name: frame.select(at, pl.all()) for name, frame in named.items()}
