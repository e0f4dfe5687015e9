"""Plans beside each other: other budgets, effects, reach or programmes for the same units on the same draws.

In: area estimates (or units with draws) and scenarios. Out: `riskstrat.records.plan.Scenarios`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from riskstrat.declare import Scenario
from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.priorities.allocation_problem import build_problem
from riskstrat.priorities.net_cost import interval_of
from riskstrat.priorities.planning import plan_scenario
from riskstrat.priorities.problem_checks import input_problems
from riskstrat.records.areas import MUNICIPALITY, AreaEstimates, Units
from riskstrat.records.plan import Plan, Scenarios


@checked
def scenarios(
    areas: AreaEstimates | Units,
    scenarios: Sequence[Scenario],
    *,
    care_need: pl.DataFrame | None = None,
    municipalities: pl.DataFrame | None = None,
    seed: int = 0,
) -> Scenarios:
    """Plan by several scenarios and compare each with the first, draw by draw.

    A programme of one name has the same draws in all scenarios, also where its assumed effect is another: what
    differs between two plans is not chance.

    Parameters
    ----------
    areas
        Estimates by area or by several columns, or `Units`, as for `prioritise`.
    scenarios
        At least one; no two of one name.
    care_need, municipalities, seed
        As for `prioritise`.

    Returns
    -------
    Scenarios
        The plans by name, and a table of them with paired differences.

    Raises
    ------
    UsageError
        If there is no scenario, two have one name, or as `prioritise`.
    DesignError
        As `prioritise`.

    Examples
    --------
    >>> from dataclasses import replace
    >>> now = Scenario(name="now", programmes=(programme,), budget_sek=50_000)
    >>> scenarios(units, [now, replace(now, name="double", budget_sek=100_000)]).table["difference"].to_list()
    [0.0, 1.0]
    """
    units = areas.units() if isinstance(areas, AreaEstimates) else areas
    UsageError.refuse([*_name_problems(scenarios), *input_problems(units, care_need, municipalities)])
    plans = {
        each.name: plan_scenario(units, each, care_need=care_need, municipalities=municipalities, seed=seed)
        for each in scenarios
    }
    return compare_plans(plans)


def impossible_scenarios(
    units: Units, scenarios: Sequence[Scenario], *, care_need: pl.DataFrame | None, municipalities: pl.DataFrame | None
) -> Iterator[UsageError | DesignError]:
    """Give everything that makes any of the scenarios impossible with these units, whatever their cases are."""
    for each in scenarios:
        yield from _impossible(units, each, care_need, municipalities)


def _impossible(
    units: Units, scenario: Scenario, care_need: pl.DataFrame | None, municipalities: pl.DataFrame | None
) -> Iterator[UsageError | DesignError]:
    """Give what is wrong with a scenario, then what is wrong with it without the rules that cannot be read at all."""
    try:
        build_problem(units, scenario, care_need=care_need, municipalities=municipalities).best_shares()
    except (UsageError, DesignError) as error:
        named = (replace(each, table=".".join(filter(None, (scenario.name, each.table)))) for each in error.problems)
        yield type(error)(*named)
        there = set() if municipalities is None else {*municipalities[MUNICIPALITY]}
        weights = None if care_need is None else scenario.equity_weights
        floors = tuple(floor for floor in scenario.floors if floor[0] in there)
        readable = replace(scenario, equity_weights=weights, floors=floors)
        if readable != scenario:
            yield from _impossible(units, readable, care_need, municipalities)


def compare_plans(plans: Mapping[str, Plan]) -> Scenarios:
    """Set plans for the same units and seed beside each other; the first is the one that others are compared with."""
    first = next(iter(plans.values()))
    return Scenarios(
        plans=MappingProxyType(dict(plans)),
        table=pl.DataFrame([{"scenario": name, **_row(plan, first)} for name, plan in plans.items()]),
    )


def _name_problems(scenarios: Sequence[Scenario]) -> list[Problem]:
    doubled = sorted(name for name, count in Counter(each.name for each in scenarios).items() if count > 1)
    found = f"two scenarios called {', '.join(doubled)}" if doubled else "no scenario"
    return [Problem(found, "scenarios of different names", "name them")] if doubled or not scenarios else []


def _row(plan: Plan, first: Plan) -> dict[str, float | bool]:
    everybody = plan.net_cost.row(-1, named=True)
    return {
        "budget_sek": plan.budget_sek,
        "spent_sek": plan.spent_sek,
        "reached": plan.reached,
        "staff_hours": plan.staff_hours,
        **plan.averted.columns("averted"),
        **interval_of(plan.averted_draws - first.averted_draws).columns("difference"),
        **plan.cost_per_averted.columns("cost_per_averted"),
        **{name: everybody[name] for name in ("net_cost_sek", "net_cost_lower", "net_cost_upper")},
        "beats_spreading": plan.beats_spreading,
    }
