"""What a plan tells of other budgets is what planning for them gives."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from examples import examples
from riskstrat.declare import LocalisedText, Programme
from riskstrat.priorities import prioritise
from riskstrat.priorities.planning import round_budgets
from riskstrat.records.areas import Units

NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
PROGRAMME = Programme(
    name="visits",
    title=LocalisedText(en="Visits", sv="Besök"),
    person_cost_sek=900,
    person_staff_hours=2,
    reach=0.6,
    reduction=(0.05, 0.2, 0.35),
    case_cost_sek=(("region", 10_000), ("municipality", 30_000)),
    financing=(("region", 0.25), ("municipality", 0.75)),
    savings_years=2,
    price_year=2024,
    source=LocalisedText(en="test", sv="test"),
)


@st.composite
def offered(draw: st.DrawFn) -> Units:
    people = draw(st.lists(st.integers(20, 4_000), min_size=1, max_size=6))
    names = [f"9981C{1000 + 10 * n}" for n in range(len(people))]
    cases = np.random.default_rng(draw(st.integers(0, 1_000))).gamma(2.0, 0.02 * np.array(people), (40, len(people)))
    frame = pl.DataFrame({"unit": names, "area_id": names, "people": people})
    return Units(units=frame, cases_draws=cases, left_out=NOBODY)


@settings(deadline=None, max_examples=examples(10))
@given(offered(), st.floats(20_000, 5e6), st.booleans())
def test_every_step_of_the_budget_is_the_plan_for_that_budget(units: Units, budget: float, whole: bool):
    enough_for_one = 900.0 * int(units.units["people"].min())
    plan = prioritise(units, PROGRAMME, max(budget, enough_for_one), whole_units=whole, seed=3)
    steps = plan.curve["budget_sek"].to_list()
    assert plan.budget_sek in steps
    assert steps[-1] >= plan.full_cost_sek or steps[-1] == plan.budget_sek
    for row in [plan.curve.row(n, named=True) for n in {0, len(steps) // 2, len(steps) - 1}]:
        there = prioritise(units, PROGRAMME, row["budget_sek"], whole_units=whole, seed=3)
        assert (row["averted"], row["lower"], row["upper"]) == tuple(vars(there.averted).values())
        assert row["cost_per_averted"] == there.cost_per_averted.estimate
        assert np.isclose(row["reached"], there.reached)
        assert np.isclose(row["staff_hours"], there.staff_hours)
        at = pl.col("budget_sek") == row["budget_sek"]
        assert_frame_equal(plan.curve_net_cost.filter(at).drop("budget_sek", "people"), there.net_cost)
        assert_frame_equal(plan.curve_units.filter(at).select("unit", "share"), there.selected.select("unit", "share"))


@given(st.floats(1e4, 1e10), st.floats(1e3, 1e10))
def test_budgets_that_are_told_are_round_and_reach_everybody(full: float, budget: float):
    told = round_budgets(full, budget)
    assert told == sorted(set(told))
    assert budget in told
    assert any(full <= each <= full * 1.01 + 1 for each in told)
    assert all(each == int(each) and len(str(int(each)).rstrip("0")) <= 3 for each in told if each != budget)
