"""What a plan costs and what averted cases save, by who pays.

In: a scenario, what each of its programmes costs, draws of averted cases. Out: rows that add up, and effects that pay.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Scenario
from riskstrat.declare.programme import EVERYBODY, UNDIVIDED
from riskstrat.priorities.effect import case_savings
from riskstrat.records.areas import INTERVAL
from riskstrat.records.plan import Interval

Floats = NDArray[np.float64]


def interval_of(draws: Floats) -> Interval:
    """Mean and 90 % interval of draws."""
    lower, upper = np.quantile(draws, INTERVAL)
    return Interval(estimate=float(draws.mean()), lower=float(lower), upper=float(upper))


def per_case(amount: float, averted: Interval) -> Interval:
    """People or kronor per case averted; infinite where none, or harm, cannot be ruled out."""
    estimate, least, most = (
        amount / cases if cases > 0 else float("inf") for cases in (averted.estimate, averted.upper, averted.lower)
    )
    return Interval(estimate=estimate, lower=least, upper=most)


def net_cost(scenario: Scenario, spent_sek: Sequence[float], averted: Floats) -> pl.DataFrame:
    """Costs, savings and net costs by payer: rows that add up to the last, of everybody.

    The cost of each programme, (programmes,), is shared as its financing says, or undivided; a saving is averted cases
    x what one saves the payer; the net cost is cost - saving.
    """
    savings = case_savings(scenario.programmes[0])
    costs = _cost_by_payer(scenario, spent_sek)
    payers = [*([UNDIVIDED] if UNDIVIDED in costs else []), *dict.fromkeys([*savings, *costs])]
    rows = [(payer, costs.get(payer, 0.0), savings.get(payer, 0.0)) for payer in dict.fromkeys(payers)]
    rows.append((EVERYBODY, sum(spent_sek), sum(savings.values())))
    return pl.DataFrame([_row(payer, spent, interval_of(averted * sek)) for payer, spent, sek in rows])


def break_even(scenario: Scenario, spent_sek: float, completers: Floats) -> Interval:
    """Reduction, the same in all programmes, at which what averted cases save equals what is spent.

    `completers` is draws of the cases among those who complete, (draws,): reach x adherence x cases. That programmes
    in one unit avert some of the same cases is set aside.
    """
    return per_case(spent_sek, interval_of(completers * sum(case_savings(scenario.programmes[0]).values())))


def _cost_by_payer(scenario: Scenario, spent_sek: Sequence[float]) -> dict[str, float]:
    costs: dict[str, float] = {}
    for programme, spent in zip(scenario.programmes, spent_sek, strict=True):
        for payer, share in programme.financing or ((UNDIVIDED, 1.0),):
            costs[payer] = costs.get(payer, 0.0) + share * spent
    return costs


def _row(payer: str, spent_sek: float, saving: Interval) -> dict[str, str | float]:
    return {
        "payer": payer,
        "cost_sek": spent_sek,
        "saving_sek": saving.estimate,
        "saving_lower": saving.lower,
        "saving_upper": saving.upper,
        "net_cost_sek": spent_sek - saving.estimate,
        "net_cost_lower": spent_sek - saving.upper,
        "net_cost_upper": spent_sek - saving.lower,
    }
