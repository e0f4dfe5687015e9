"""The plan: which units a budget should reach, what that averts, and how sure that is.

In: area estimates (or units with draws), a programme and a budget in SEK. Out: a `riskstrat.records.plan.Plan`.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import polars as pl

from riskstrat.declare import Programme
from riskstrat.priorities.allocation import share_of_best_plans
from riskstrat.priorities.effect import case_savings
from riskstrat.priorities.offer import Offer, make_offer, names
from riskstrat.priorities.rivals import absent, compare
from riskstrat.records.areas import INTERVAL, AreaEstimates, Units
from riskstrat.records.plan import OBSERVED_CASES, Interval, Plan

_MILLION = 1_000_000
_CURVE_STEPS = 20


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
    offer = make_offer(areas, programme, budget_sek, care_need=care_need, whole_units=whole_units, seed=seed)
    shares = offer.best_shares(offer.budget_sek)
    averted = offer.averted(shares)
    spent = float(offer.costs @ shares)
    following = _following(offer, shares)
    return Plan(
        programme=programme,
        budget_sek=offer.budget_sek,
        spent_sek=spent,
        full_cost_sek=float(offer.costs.sum()),
        whole_units=offer.whole,
        by=names(offer.units),
        units=_units(offer, programme, shares),
        averted=_interval(averted),
        nnt=_nnt(programme.reach * float(offer.units["people"].to_numpy() @ shares), _interval(averted)),
        net_cost=_net_cost(programme, spent, averted),
        outside_share=_interval(_outside(offer, shares)),
        next_million=_interval(_next_million(offer, following)),
        next_unit=None if following is None else str(offer.units["unit"][following]),
        comparisons=compare(offer, shares, seed),
        absent=MappingProxyType(absent(offer)),
        curve=_curve(offer),
        left_out=offer.left_out,
        seed=seed,
        disclosure=areas.disclosure,
    )


def _interval(draws: np.ndarray) -> Interval:
    lower, upper = np.quantile(draws, INTERVAL)
    return Interval(estimate=float(draws.mean()), lower=float(lower), upper=float(upper))


def _units(offer: Offer, programme: Programme, shares: np.ndarray) -> pl.DataFrame:
    averted = offer.averted_per_case[:, None] * offer.cases * shares
    lower, upper = np.quantile(averted, INTERVAL, axis=0)
    return offer.units.with_columns(
        share=shares,
        reached=programme.reach * pl.col("people") * shares,
        cost_sek=offer.costs * shares,
        cases=offer.expected_cases,
        averted=averted.mean(axis=0),
        averted_lower=lower,
        averted_upper=upper,
        robustness=share_of_best_plans(offer.cases, offer.costs, offer.budget_sek, whole=offer.whole),
    )


def _nnt(reached: float, averted: Interval) -> Interval:
    """People reached per case averted; infinite where none, or harm, cannot be ruled out."""

    def per_case(cases: float) -> float:
        return reached / cases if cases > 0 else float("inf")

    return Interval(estimate=per_case(averted.estimate), lower=per_case(averted.upper), upper=per_case(averted.lower))


def _net_cost(programme: Programme, spent_sek: float, averted: np.ndarray) -> pl.DataFrame:
    savings = case_savings(programme)
    payers = {**savings, "all": sum(savings.values())}
    return pl.DataFrame([_net_cost_row(payer, spent_sek, _interval(averted * sek)) for payer, sek in payers.items()])


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


def _outside(offer: Offer, shares: np.ndarray) -> np.ndarray:
    inside = offer.cases @ shares
    return np.asarray(1 - np.divide(inside, offer.all_cases, out=np.zeros_like(inside), where=offer.all_cases > 0))


def _following(offer: Offer, shares: np.ndarray) -> int | None:
    """Find the unit with most expected cases per krona among those not fully funded; none if all are."""
    per_krona = np.where(shares < 1, offer.expected_cases / offer.costs, -np.inf)
    best = int(per_krona.argmax())
    return best if np.isfinite(per_krona[best]) else None


def _next_million(offer: Offer, following: int | None) -> np.ndarray:
    """Averted per further million in the unit that follows, (draws,)."""
    if following is None:
        return np.zeros(len(offer.cases))
    return np.asarray(_MILLION * offer.averted_per_case * offer.cases[:, following] / offer.costs[following])


def _curve(offer: Offer) -> pl.DataFrame:
    """Averted cases for budgets from a twentieth of the full cost to all of it, and for the budget given."""
    full = float(offer.costs.sum())
    steps = full * np.arange(1, _CURVE_STEPS + 1) / _CURVE_STEPS
    return pl.DataFrame([_curve_row(offer, float(budget)) for budget in np.union1d(steps, [offer.budget_sek])])


def _curve_row(offer: Offer, budget_sek: float) -> dict[str, float | int]:
    shares = offer.best_shares(budget_sek)
    averted = _interval(offer.averted(shares))
    row: dict[str, float | int] = {
        "budget_sek": budget_sek,
        "averted": averted.estimate,
        "lower": averted.lower,
        "upper": averted.upper,
        "people": int(offer.units["people"].filter(shares > 0).sum()),
    }
    if OBSERVED_CASES in offer.units.columns:
        row[OBSERVED_CASES] = int(offer.units[OBSERVED_CASES].filter(shares > 0).sum())
    return row
