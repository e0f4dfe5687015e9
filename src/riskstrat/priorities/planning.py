"""The plan: which units a budget should reach, what that averts, and how sure that is.

In: area estimates (or units with draws), a programme and a budget in SEK. Out: a `riskstrat.records.plan.Plan`.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Programme
from riskstrat.declare.programme import EVERYBODY, UNDIVIDED
from riskstrat.errors.arguments import checked
from riskstrat.priorities.allocation import share_of_best_plans
from riskstrat.priorities.allocation_problem import AllocationProblem, build_problem, naming_columns
from riskstrat.priorities.comparators import compare, missing_comparators
from riskstrat.priorities.effect import case_savings
from riskstrat.records.areas import INTERVAL, AreaEstimates, Units
from riskstrat.records.plan import OBSERVED_CASE_PERSONS, OBSERVED_CASES, Interval, Plan

Floats = NDArray[np.float64]

_MILLION = 1_000_000
_CURVE_STEPS = 20


@checked
def prioritise(
    areas: AreaEstimates | Units,
    programme: Programme,
    budget_sek: float,
    *,
    care_need: pl.DataFrame | None = None,
    whole_units: bool = False,
    seed: int = 0,
) -> Plan:
    """Choose the units in which a budget averts most cases.

    For unit u and draw d, offered to a share s_u of the unit:

        averted_d = sum over u of s_u x reach x cases_du x reduction_d x adherence
        cost      = sum over u of s_u x (unit_cost + person_cost x reach x people_u)

    With costs by person only, units are funded by expected cases per krona until the money ends, the last one in part:
    the best plan for the mean of the draws. With a fixed cost per unit, or on demand, units are taken whole by integer
    programming.

    Parameters
    ----------
    areas
        Estimates by area, or by several columns (strata: those of fewer than 50 people are not offered); or `Units`.
    programme
        Costs, reach, effect and savings. Everybody in a unit is eligible.
    budget_sek
        Kronor to spend, above 0.
    care_need
        Frame of ``care_need_index`` (higher is greater need) and the columns that it shares with the units, such as
        ``area_id``; to compare with.
    whole_units
        Take units whole also where there is no fixed cost.
    seed
        Of the draws of effect and of the random strategy.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        If the budget is not a number above 0, or columns or draws are wrong: all problems at once.
    DesignError
        If nobody can be offered the programme, or the budget is below the cost of the cheapest whole unit.

    Examples
    --------
    >>> from riskstrat.declare import LocalisedText
    >>> programme = Programme(
    ...     name="visits", title=LocalisedText(en="Visits", sv="Besök"), person_cost_sek=1_000, reach=0.5,
    ...     reduction=(0.2, 0.2, 0.2), case_cost_sek=(("region", 9_000),), savings_years=1, price_year=2024,
    ...     source=LocalisedText(en="assumption", sv="antagande"),
    ... )
    >>> units = Units(
    ...     units=pl.DataFrame({"unit": ["A", "B"], "people": [100, 100]}),
    ...     cases_draws=np.array([[30.0, 10.0], [30.0, 10.0]]),
    ...     left_out=pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64}),
    ... )
    >>> plan = prioritise(units, programme, budget_sek=75_000)
    >>> plan.selected["unit"].to_list(), plan.selected["share"].to_list()
    (['A', 'B'], [1.0, 0.5])
    >>> print(plan.averted)  # (30 + 5) x 0.5 x 0.2
    3.5 (3.5 to 3.5)
    """
    units = areas.units() if isinstance(areas, AreaEstimates) else areas
    problem = build_problem(units, programme, budget_sek, care_need=care_need, whole_units=whole_units, seed=seed)
    shares = problem.best_shares(problem.budget_sek)
    averted = problem.averted(shares)
    spent = float(problem.costs @ shares)
    following = _following(problem, shares)
    return Plan(
        programme=programme,
        budget_sek=problem.budget_sek,
        spent_sek=spent,
        full_cost_sek=float(problem.costs.sum()),
        whole_units=problem.whole,
        by=naming_columns(problem.units),
        units=_units(problem, programme, shares),
        averted=_interval(averted),
        nnt=_per_case(programme.reach * float(problem.units["people"].to_numpy() @ shares), _interval(averted)),
        cost_per_averted=_per_case(spent, _interval(averted)),
        break_even=_break_even(programme, spent, problem.cases @ shares),
        net_cost=_net_cost(programme, spent, averted),
        outside_share=_interval(_outside(problem, shares)),
        next_million=_interval(_next_million(problem, following)),
        next_unit=None if following is None else str(problem.units["unit"][following]),
        comparisons=compare(problem, shares, seed),
        absent=MappingProxyType(missing_comparators(problem)),
        curve=_curve(problem),
        left_out=problem.left_out,
        seed=seed,
        protected=areas.protected,
        disclosure=areas.disclosure,
    )


def _interval(draws: Floats) -> Interval:
    lower, upper = np.quantile(draws, INTERVAL)
    return Interval(estimate=float(draws.mean()), lower=float(lower), upper=float(upper))


def _units(problem: AllocationProblem, programme: Programme, shares: Floats) -> pl.DataFrame:
    averted = problem.averted_per_case[:, None] * problem.cases * shares
    lower, upper = np.quantile(averted, INTERVAL, axis=0)
    return problem.units.with_columns(
        share=shares,
        reached=programme.reach * pl.col("people") * shares,
        cost_sek=problem.costs * shares,
        cases=problem.expected_cases,
        averted=averted.mean(axis=0),
        averted_lower=lower,
        averted_upper=upper,
        robustness=share_of_best_plans(problem.cases, problem.costs, problem.budget_sek, whole=problem.whole),
    )


def _per_case(amount: float, averted: Interval) -> Interval:
    """People or kronor per case averted; infinite where none, or harm, cannot be ruled out."""

    def per_case(cases: float) -> float:
        return amount / cases if cases > 0 else float("inf")

    return Interval(estimate=per_case(averted.estimate), lower=per_case(averted.upper), upper=per_case(averted.lower))


def _break_even(programme: Programme, spent_sek: float, cases: Floats) -> Interval:
    """Find the reduction at which reach x adherence x reduction x cases x savings of a case equals what is spent."""
    per_case = programme.reach * programme.adherence * sum(case_savings(programme).values())
    return _per_case(spent_sek, _interval(per_case * cases))


def _net_cost(programme: Programme, spent_sek: float, averted: Floats) -> pl.DataFrame:
    savings = case_savings(programme)
    rows = [(UNDIVIDED, spent_sek, 0.0), *((payer, 0.0, sek) for payer, sek in savings.items())]
    rows.append((EVERYBODY, spent_sek, sum(savings.values())))
    return pl.DataFrame([_net_cost_row(payer, spent, _interval(averted * sek)) for payer, spent, sek in rows])


def _net_cost_row(payer: str, spent_sek: float, saving: Interval) -> dict[str, str | float]:
    return {
        "payer": payer,
        "saving_sek": saving.estimate,
        "saving_lower": saving.lower,
        "saving_upper": saving.upper,
        "net_cost_sek": spent_sek - saving.estimate,
        "net_cost_lower": spent_sek - saving.upper,
        "net_cost_upper": spent_sek - saving.lower,
    }


def _outside(problem: AllocationProblem, shares: Floats) -> Floats:
    inside = problem.cases @ shares
    return np.asarray(1 - np.divide(inside, problem.all_cases, out=np.zeros_like(inside), where=problem.all_cases > 0))


def _following(problem: AllocationProblem, shares: Floats) -> int | None:
    """Find the unit with most expected cases per krona among those not fully funded; none if all are."""
    per_krona = np.where(shares < 1, problem.expected_cases / problem.costs, -np.inf)
    best = int(per_krona.argmax())
    return best if np.isfinite(per_krona[best]) else None


def _next_million(problem: AllocationProblem, following: int | None) -> Floats:
    """Averted per further million in the unit that follows, (draws,)."""
    if following is None:
        return np.zeros(len(problem.cases))
    return np.asarray(_MILLION * problem.averted_per_case * problem.cases[:, following] / problem.costs[following])


def _curve(problem: AllocationProblem) -> pl.DataFrame:
    """Averted cases for budgets from a twentieth of the full cost to all of it, and for the budget given."""
    full = float(problem.costs.sum())
    steps = full * np.arange(1, _CURVE_STEPS + 1) / _CURVE_STEPS
    return pl.DataFrame([_curve_row(problem, float(budget)) for budget in np.union1d(steps, [problem.budget_sek])])


def _curve_row(problem: AllocationProblem, budget_sek: float) -> dict[str, float | int]:
    shares = problem.best_shares(budget_sek)
    averted = _interval(problem.averted(shares))
    row: dict[str, float | int] = {
        "budget_sek": budget_sek,
        "averted": averted.estimate,
        "lower": averted.lower,
        "upper": averted.upper,
        "people": int(problem.units["people"].filter(shares > 0).sum()),
    }
    observed = [column for column in (OBSERVED_CASES, OBSERVED_CASE_PERSONS) if column in problem.units.columns]
    return {**row, **{column: int(problem.units[column].filter(shares > 0).sum()) for column in observed}}
