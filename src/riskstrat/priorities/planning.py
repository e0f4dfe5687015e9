"""The plan: which units a budget should reach, what that averts, and how sure that is.

In: area estimates (or units with draws), programmes and a budget in SEK. Out: a `riskstrat.records.plan.Plan`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Programme, Scenario
from riskstrat.declare.programme import EquityWeights
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import interval_columns
from riskstrat.priorities.allocation_problem import AllocationProblem, build_problem
from riskstrat.priorities.comparators import compare, missing_comparators
from riskstrat.priorities.net_cost import break_even, interval_of, net_cost, per_case
from riskstrat.priorities.problem_checks import input_problems, naming_columns
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.plan import OBSERVED_CASE_PERSONS, OBSERVED_CASES, TRUE_CASES, Plan

_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_SMALLEST = 0.01
_APART = 0.03
"""Round budgets nearer than this share to the one given, or to what is enough, would be written alike."""
_ENOUGH_FIGURES = 3
_MILLION = 1_000_000

Floats = NDArray[np.float64]


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


def _at_budget(problem: AllocationProblem, budget_sek: float, shares: Floats) -> dict[str, pl.DataFrame]:
    allocated, draws, at = problem.allocated(shares), problem.averted(shares), pl.lit(budget_sek).alias("budget_sek")
    spent, averted = [float(cost) for cost in allocated["cost_sek"].sum(axis=0)], interval_of(draws)
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
            **per_case(sum(spent), averted).columns("cost_per_averted"),
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


@checked
def prioritise(
    areas: AreaEstimates | Units,
    programme: Programme | Sequence[Programme],
    budget_sek: float,
    *,
    care_need: pl.DataFrame | None = None,
    municipalities: pl.DataFrame | None = None,
    whole_units: bool = False,
    staff_hours: float | None = None,
    equity_weights: Sequence[float] | None = None,
    floors: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Plan:
    """Choose the units in which a budget averts most cases.

    For unit u and draw d, where programme p is offered to a share s_up of the unit:

        averted_d = sum over u of s_up x eligible x reach_up x cases_du x reduction_dp x adherence_p
        cost      = sum over u of s_up x (unit_cost_p + person_cost_p x eligible x reach_up x people_u)

    A unit gets one programme, or several that are declared compatible, which then act independently: of the cases that
    one leaves, the other averts its share. With costs by person only and one programme, units are funded by averted
    cases per krona until the money ends, the last one in part: the best plan for the mean of the draws. With a fixed
    cost per unit, or on demand, units are taken whole by integer programming; several programmes, limited staff and
    floors are solved as linear or integer programmes.

    Parameters
    ----------
    areas
        Estimates by area, or by several columns (strata: those of fewer than 50 people are not offered); or `Units`.
    programme
        Costs, eligibility, reach, effect and savings; or several that compete for the budget.
    budget_sek
        Kronor to spend, above 0.
    care_need
        Frame of ``care_need_index`` (higher is greater need) and the columns that it shares with the units, such as
        ``area_id``; to compare with, and for what differs by quintile of need.
    municipalities
        Frame of ``municipality`` and the columns that it shares with the units, where there are floors.
    whole_units
        Take units whole also where there is no fixed cost.
    staff_hours
        Hours of staff that there are; no limit where left out.
    equity_weights
        Five numbers, at least 0: what an averted case counts for in the choice, from the fifth of the people who live
        where need is lowest to the fifth where it is highest. What is averted is told unweighted.
    floors
        The least kronor to be spent in each of some municipalities.
    seed
        Of the draws of effect and of the random strategy.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        If the budget is not a number above 0, columns or draws are wrong, or programmes, weights and floors ask for
        what the units do not tell: all problems at once.
    DesignError
        If nobody can be offered the programme, the budget or the staff is below what the cheapest whole unit takes, or
        floors cannot be met.

    Examples
    --------
    >>> plan = prioritise(units, programme, budget_sek=75_000)
    >>> plan.selected["unit"].to_list(), plan.selected["share"].to_list()
    (['A', 'B'], [1.0, 0.5])
    >>> print(plan.averted)  # (30 + 5) x 0.5 x 0.2
    3.5 (3.5 to 3.5)
    """
    units = areas.units() if isinstance(areas, AreaEstimates) else areas
    UsageError.refuse([*_budget_problems(budget_sek), *input_problems(units, care_need, municipalities)])
    scenario = Scenario(
        name="plan",
        programmes=(programme,) if isinstance(programme, Programme) else tuple(programme),
        budget_sek=budget_sek,
        whole_units=whole_units,
        staff_hours=staff_hours,
        equity_weights=None if equity_weights is None else cast("EquityWeights", tuple(equity_weights)),
        floors=tuple((floors or {}).items()),
    )
    return plan_scenario(units, scenario, care_need=care_need, municipalities=municipalities, seed=seed)


def plan_scenario(
    units: Units, scenario: Scenario, *, care_need: pl.DataFrame | None, municipalities: pl.DataFrame | None, seed: int
) -> Plan:
    """Plan as `prioritise` does, from units in which nothing is wrong, by the rules of a scenario."""
    problem = build_problem(units, scenario, care_need=care_need, municipalities=municipalities, seed=seed)
    shares = problem.best_shares()
    draws, allocated = problem.averted(shares), problem.allocated(shares)
    averted = interval_of(draws)
    spent = [float(cost) for cost in allocated["cost_sek"].sum(axis=0)]
    more = problem.best_shares(problem.budget_sek + _further(problem))
    return Plan(
        scenario=scenario,
        spent_sek=sum(spent),
        full_cost_sek=problem.full_cost_sek,
        staff_hours=float(allocated["staff_hours"].sum()),
        whole_units=bool(problem.limits.whole.any()),
        by=naming_columns(problem.units),
        units=_units(problem, shares, allocated),
        allocated=_listed(problem, allocated),
        averted=averted,
        averted_draws=draws,
        nnt=per_case(float(allocated["reached"].sum()), averted),
        cost_per_averted=per_case(sum(spent), averted),
        break_even=break_even(scenario, sum(spent), _cases_of_completers(problem, allocated["share"])),
        net_cost=net_cost(scenario, spent, draws),
        outside_share=interval_of(_outside(problem, shares)),
        next_million=interval_of(_next_million(problem, shares, more)),
        next_unit=_next_unit(problem, shares, more),
        comparisons=compare(problem, shares, seed),
        absent=MappingProxyType(missing_comparators(problem)),
        **budget_curve(problem),
        left_out=problem.left_out,
        seed=seed,
        protected=units.protected,
        disclosure=units.disclosure,
    )


def _budget_problems(budget_sek: float) -> list[Problem]:
    found, remedy = f"a budget of {budget_sek!r}", "give a larger budget"
    return [] if budget_sek > 0 else [Problem(found, "a number of kronor above 0", remedy)]


def _listed(problem: AllocationProblem, allocated: dict[str, Floats]) -> pl.DataFrame:
    names = problem.units.select(naming_columns(problem.units))
    frames = [
        names.with_columns(
            pl.lit(programme.name).alias("programme"), **{name: pl.Series(of[:, n]) for name, of in allocated.items()}
        )
        for n, programme in enumerate(problem.scenario.programmes)
    ]
    return pl.concat(frames).filter(pl.col("share") > 0)


def _units(problem: AllocationProblem, shares: Floats, allocated: dict[str, Floats]) -> pl.DataFrame:
    averted = interval_columns("averted", problem.averted_by_unit(shares))
    return problem.units.drop(TRUE_CASES, strict=False).with_columns(
        share=shares.sum(axis=1),
        reached=allocated["reached"].sum(axis=1),
        cost_sek=allocated["cost_sek"].sum(axis=1),
        cases=problem.expected_cases,
        **averted,
        robustness=problem.robustness,
    )


def _cases_of_completers(problem: AllocationProblem, offered: Floats) -> Floats:
    """Cases among those who complete, programme by programme, (draws,)."""
    adherence = np.array([programme.adherence for programme in problem.scenario.programmes])
    return np.asarray(problem.cases @ (offered * problem.reach * adherence).sum(axis=1))


def _outside(problem: AllocationProblem, shares: Floats) -> Floats:
    inside = problem.cases @ shares.sum(axis=1)
    return np.asarray(1 - np.divide(inside, problem.all_cases, out=np.zeros_like(inside), where=problem.all_cases > 0))


def _further(problem: AllocationProblem) -> float:
    """Give a further million, or what offering everybody everything still takes."""
    return float(np.clip(problem.full_cost_sek - problem.budget_sek, 0.0, _MILLION))


def _next_million(problem: AllocationProblem, shares: Floats, more: Floats) -> Floats:
    """Averted per further million, (draws,); 0 once everybody is offered everything."""
    further = _further(problem)
    if further <= 0:
        return np.zeros(len(problem.cases))
    return np.asarray((problem.averted(more) - problem.averted(shares)) * _MILLION / further)


def _next_unit(problem: AllocationProblem, shares: Floats, more: Floats) -> str | None:
    """Find the unit on which most of a further million is spent; none if none is."""
    grows = ((more - shares) * problem.costs).sum(axis=1)
    return str(problem.units["unit"][int(grows.argmax())]) if grows.max() > 1.0 else None
