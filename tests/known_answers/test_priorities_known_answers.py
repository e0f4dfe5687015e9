"""Arithmetic of the plan against hand-worked and published answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import LocalisedText, Programme
from riskstrat.priorities import prioritise
from riskstrat.priorities.allocation import best_allocation
from riskstrat.priorities.effect import case_savings, reduction_draws
from riskstrat.records.areas import Units


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "centres",
        "title": LocalisedText(en="Family centres", sv="Familjecentraler"),
        "person_cost_sek": 12_000,
        "reach": 0.6,
        "reduction": (0.2, 0.2, 0.2),
        "case_cost_sek": (("region", 1_000),),
        "savings_years": 3,
        "price_year": 2024,
        "source": LocalisedText(en="test", sv="test"),
    }
    return Programme(**{**said, **changes})


def test_the_scale_in_plain_numbers() -> None:
    """39 obese children a birth year; a fifth of the areas reaches 12 of them; 20 % effect, 60 % reach: about 1.4."""
    frame = pl.DataFrame({"unit": ["fifth", "rest"], "people": [257, 1_030]})
    nobody = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
    units = Units(units=frame, cases_draws=np.array([[12.0, 27.0]]), left_out=nobody)
    plan = prioritise(units, programme(), budget_sek=12_000 * 0.6 * 257)
    assert plan.selected["unit"].to_list() == ["fifth"]
    assert plan.averted.estimate == pytest.approx(1.44)
    assert plan.outside_share.estimate == pytest.approx(27 / 39)


def test_present_value_of_three_years_at_three_per_cent() -> None:
    """Annuity factor 2.8286 (payments at the end of years 1-3), as in any table of annuities."""
    assert case_savings(programme(discount_rate=0.03))["region"] == pytest.approx(2_828.6, abs=0.05)
    assert case_savings(programme(discount_rate=0.0))["region"] == 3_000
    assert case_savings(programme(savings_years=0))["region"] == 0


def test_reduction_has_the_stated_median_and_limits() -> None:
    draws = reduction_draws(programme(reduction=(0.05, 0.20, 0.35)), 400_000, seed=1)
    assert np.quantile(draws, [0.025, 0.5, 0.975]) == pytest.approx([0.05, 0.20, 0.35], abs=2e-3)
    assert draws.max() < 1


def test_a_reduction_of_everything_stays_a_reduction() -> None:
    draws = reduction_draws(programme(reduction=(0.5, 0.9, 1.0)), 1_000, seed=1)
    assert np.isfinite(draws).all()
    assert draws.max() <= 1


def test_knapsack_of_martello_and_toth() -> None:
    """Profits 15, 100, 90, 60, 40, 15, 10, 1; weights 2, 20, 20, 30, 40, 30, 60, 10; capacity 102: optimum 280.

    Martello and Toth (1990), Knapsack Problems, example 2.1; stopping at the first misfit gives 265.
    """
    values = np.array([15.0, 100, 90, 60, 40, 15, 10, 1])
    weights = np.array([2.0, 20, 20, 30, 40, 30, 60, 10])
    shares = best_allocation(values, weights, 102, whole=True)
    assert values @ shares == 280
    assert weights @ shares <= 102


def test_fractional_knapsack_of_martello_and_toth() -> None:
    """The same example in parts: Dantzig's bound is 15 + 100 + 90 + 60 + 40 x 30/40 = 295."""
    values = np.array([15.0, 100, 90, 60, 40, 15, 10, 1])
    weights = np.array([2.0, 20, 20, 30, 40, 30, 60, 10])
    assert values @ best_allocation(values, weights, 102, whole=False) == 295
