"""The plan on tiny municipalities: who is chosen, what it averts, what it costs and beside what."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import LocalisedText, Programme
from riskstrat.disclosure import Disclosure, release
from riskstrat.errors import DisclosureError
from riskstrat.priorities import prioritise
from riskstrat.publication.plan import plan_tables
from riskstrat.records.areas import AreaEstimates, Draws, Units

NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits",
        "title": LocalisedText(en="Visits", sv="Besök"),
        "person_cost_sek": 1_000,
        "reach": 0.5,
        "reduction": (0.2, 0.2, 0.2),
        "adherence": 0.8,
        "case_cost_sek": (("region", 10_000), ("municipality", 30_000)),
        "savings_years": 2,
        "discount_rate": 0.0,
        "price_year": 2024,
        "source": LocalisedText(en="test", sv="test"),
    }
    return Programme(**{**said, **changes})


def units(people: list[int], draws: list[list[float]], **columns: list[object]) -> Units:
    named = [chr(ord("A") + number) for number in range(len(people))]
    frame = pl.DataFrame({"unit": named, "area_id": named, "people": people, **columns})
    return Units(units=frame, cases_draws=np.array(draws), left_out=NOBODY)


def test_the_budget_goes_where_the_risk_is_highest_and_the_last_unit_gets_the_rest() -> None:
    # Full costs 100,000, 50,000 and 50,000; risks 0.10, 0.30 and 0.20.
    plan = prioritise(units([200, 100, 100], [[20, 30, 20]] * 2), programme(), 75_000)
    assert plan.units["share"].to_list() == [0.0, 1.0, 0.5]
    assert plan.selected["unit"].to_list() == ["B", "C"]
    assert plan.selected["reached"].to_list() == [50.0, 25.0]
    assert plan.selected["cost_sek"].to_list() == [50_000.0, 25_000.0]
    assert plan.spent_sek == 75_000
    assert plan.full_cost_sek == 200_000
    # (30 + 0.5 x 20) cases x 0.5 reached x 0.2 reduction x 0.8 adherence
    assert plan.averted.estimate == pytest.approx(3.2)
    assert plan.units["averted"].sum() == pytest.approx(plan.averted.estimate)
    assert plan.reached == 75


def test_to_reach_one_more_is_one_over_risk_reduction_and_adherence() -> None:
    plan = prioritise(units([100], [[30.0]]), programme(), 50_000)
    assert plan.nnt.estimate == pytest.approx(1 / (0.3 * 0.2 * 0.8))


def test_without_effect_nobody_can_be_said_how_many_to_reach() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), programme(reduction=(0.0, 0.0, 0.0)), 50_000)
    assert plan.averted.estimate == 0
    assert plan.nnt.estimate == float("inf")
    assert plan.selected["unit"].to_list() == ["A"]


def test_net_cost_is_what_is_spent_minus_what_averted_cases_save_by_payer() -> None:
    plan = prioritise(units([100], [[30.0], [10.0]]), programme(), 50_000)
    # Averted 2.4 or 0.8, mean 1.6; a case saves two years of 10,000 and 30,000.
    by_payer = {row["payer"]: row for row in plan.net_cost.iter_rows(named=True)}
    assert by_payer["region"]["saving_sek"] == pytest.approx(1.6 * 20_000)
    assert by_payer["municipality"]["saving_sek"] == pytest.approx(1.6 * 60_000)
    assert by_payer["all"]["net_cost_sek"] == pytest.approx(50_000 - 1.6 * 80_000)
    assert by_payer["all"]["net_cost_lower"] == pytest.approx(50_000 - by_payer["all"]["saving_upper"])
    assert by_payer["all"]["saving_lower"] < by_payer["all"]["saving_sek"] < by_payer["all"]["saving_upper"]


def test_rows_of_the_net_cost_add_up_to_the_last() -> None:
    plan = prioritise(units([100], [[30.0], [10.0]]), programme(), 50_000)
    for *parts, everybody in (plan.net_cost[name].to_list() for name in plan.net_cost.columns if name != "payer"):
        assert sum(parts) == pytest.approx(everybody)


def test_a_case_costs_what_is_spent_over_what_is_averted_and_pays_at_the_effect_that_saves_as_much() -> None:
    plan = prioritise(units([100], [[30.0], [10.0]]), programme(), 50_000)
    assert plan.cost_per_averted.estimate == pytest.approx(50_000 / 1.6)
    # Savings of 80,000 a case: 20 cases x 0.5 reached x 0.8 complete x reduction x 80,000 = 50,000.
    assert plan.break_even.estimate == pytest.approx(50_000 / (20 * 0.5 * 0.8 * 80_000))
    saves = programme(reduction=(plan.break_even.estimate,) * 3)
    net_cost = prioritise(units([100], [[30.0], [10.0]]), saves, 50_000).net_cost
    assert net_cost.filter(payer="all")["net_cost_sek"].item() == pytest.approx(0, abs=1e-6)


def test_no_effect_pays_where_a_case_costs_nothing() -> None:
    free = programme(case_cost_sek=(("region", 0),))
    assert prioritise(units([100], [[30.0]]), free, 50_000).break_even.estimate == float("inf")


def test_cases_outside_are_those_not_offered_the_programme() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), programme(), 50_000)
    assert plan.outside_share.estimate == pytest.approx(0.25)


def test_robustness_is_the_share_of_draws_that_would_choose_the_unit() -> None:
    plan = prioritise(units([100, 100], [[30, 10], [30, 20], [10, 15], [30, 10]]), programme(), 50_000)
    assert plan.robustness["robustness"].to_list() == [0.75, 0.25]


def test_the_next_million_goes_to_the_unit_that_is_not_yet_full() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), programme(), 75_000)
    assert plan.next_million.estimate == pytest.approx(1_000_000 / 50_000 * 10 * 0.5 * 0.2 * 0.8)
    assert plan.next_unit == "B"
    full = prioritise(units([100, 100], [[30.0, 10.0]]), programme(), 900_000)
    assert full.next_unit is None
    assert full.next_million.estimate == 0
    assert full.spent_sek == 100_000


def test_fixed_costs_make_units_whole_and_leave_money_rather_than_split_one() -> None:
    # Costs 70,000, 120,000 and 120,000 with fixed costs of 20,000; value per krona is highest in A, but B and C fit
    # the budget together and avert more.
    offered = units([100, 200, 200], [[32.0, 40.0, 40.0]])
    plan = prioritise(offered, programme(unit_cost_sek=20_000), 240_000)
    assert plan.whole_units
    assert plan.units["share"].to_list() == [0.0, 1.0, 1.0]
    assert plan.spent_sek == 240_000


def test_units_can_be_taken_whole_on_demand() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), programme(), 75_000, whole_units=True)
    assert plan.units["share"].to_list() == [1.0, 0.0]
    assert plan.spent_sek == 50_000


def test_comparators_spend_the_same_budget_on_the_same_draws() -> None:
    seen = units(
        [100, 100],
        [[30.0, 10.0], [20.0, 10.0]],
        observed_cases=[10, 12],
        observed_index_dates=[100, 400],
        care_need_index=[0.5, 2.0],
    )
    plan = prioritise(seen, programme(), 50_000)
    rows = {row["strategy"]: row for row in plan.comparisons.iter_rows(named=True)}
    per_case = 0.5 * 0.2 * 0.8
    assert rows["plan"]["averted"] == pytest.approx(25 * per_case)
    assert rows["plan"]["difference"] == 0
    assert rows["raw_counts"]["averted"] == pytest.approx(10 * per_case)
    assert rows["raw_rates"]["averted"] == pytest.approx(25 * per_case)
    assert rows["care_need_index"]["difference"] == pytest.approx(15 * per_case)
    assert rows["equal_share"]["averted"] == pytest.approx(17.5 * per_case)
    assert 10 * per_case < rows["random"]["averted"] < 25 * per_case
    assert rows["care_need_index"]["difference_lower"] == pytest.approx((10 + 0.05 * 10) * per_case)
    assert plan.absent == {}


def test_comparators_without_their_column_are_absent_and_named() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), programme(), 50_000)
    assert plan.comparisons["strategy"].to_list() == ["plan", "equal_share", "random"]
    assert set(plan.absent) == {"care_need_index", "raw_counts", "raw_rates"}
    assert plan.absent["raw_rates"] == "observed_cases, observed_index_dates"


def test_care_need_is_joined_by_the_columns_it_shares_and_missing_values_come_last() -> None:
    need = pl.DataFrame({"area_id": ["B", "C"], "care_need_index": [1.0, 3.0]})
    plan = prioritise(units([100] * 3, [[1.0, 2.0, 3.0]]), programme(), 100_000, care_need=need)
    rows = {row["strategy"]: row["averted"] for row in plan.comparisons.iter_rows(named=True)}
    assert rows["care_need_index"] == pytest.approx(5 * 0.5 * 0.2 * 0.8)
    assert plan.units["unit"].to_list() == ["A", "B", "C"]


def test_small_strata_are_not_offered_and_counted_while_small_areas_are() -> None:
    frame = pl.DataFrame(
        {"unit": ["A / f", "A / m", "B / f"], "area_id": ["A", "A", "B"], "sex": ["f", "m", "f"], "people": [49, 50, 0]}
    )
    strata = Units(units=frame, cases_draws=np.array([[9.0, 5.0, 0.0]]), left_out=NOBODY)
    plan = prioritise(strata, programme(), 1_000_000)
    assert plan.selected["unit"].to_list() == ["A / m"]
    assert plan.left_out.rows() == [
        ("stratum of fewer than 50 people", 1, 49),
        ("nobody eligible", 1, 0),
    ]
    assert plan.outside_share.estimate == pytest.approx(9 / 14)
    assert prioritise(units([49], [[9.0]]), programme(), 1_000).selected["unit"].to_list() == ["A"]


def test_who_was_left_out_before_stays_counted() -> None:
    before = pl.DataFrame({"reason": ["no area"], "units": [1], "people": [12]})
    offered = Units(units=units([10], [[1.0]]).units, cases_draws=np.array([[1.0]]), left_out=before)
    assert prioritise(offered, programme(), 1_000).left_out.rows() == [("no area", 1, 12)]


def test_the_curve_rises_to_everybody_and_passes_through_the_plan() -> None:
    plan = prioritise(units([100, 100], [[30.0, 10.0], [20.0, 5.0]]), programme(), 33_333)
    budgets, averted = plan.curve["budget_sek"].to_list(), plan.curve["averted"].to_list()
    assert budgets == sorted(budgets)
    assert averted == sorted(averted)
    assert averted[budgets.index(33_333)] == pytest.approx(plan.averted.estimate)
    assert averted[-1] == pytest.approx(32.5 * 0.5 * 0.2 * 0.8)
    gains = np.diff(averted) / np.diff(budgets)
    assert (np.diff(gains) <= 1e-12).all()


def test_the_same_seed_gives_the_same_plan() -> None:
    offered = units([100, 100], [[30.0, 10.0]] * 50)
    uncertain = programme(reduction=(0.05, 0.2, 0.35))
    first, again = (prioritise(offered, uncertain, 50_000, seed=7) for _ in range(2))
    other = prioritise(offered, uncertain, 50_000, seed=8)
    assert first.averted == again.averted
    assert first.averted != other.averted


def test_tables_withhold_what_follows_from_protected_counts() -> None:
    seen = units([100, 100], [[30.0, 10.0]], observed_cases=[40, 3], observed_index_dates=[200, 200])
    released = release(
        plan_tables(prioritise(seen, programme(), 75_000)), Disclosure(rounding=1, protection="suppression")
    )
    chosen = released["selected"].frame
    assert chosen["unit"].to_list() == ["A", "B"]
    assert chosen["share"].to_list() == [1.0, 0.5]
    assert chosen["averted"].is_null().to_list() == [False, True]
    assert "observed_cases" not in chosen.columns
    assert released["robustness"].frame["robustness"].is_null().to_list() == [False, True]
    assert released["comparisons"].frame["averted"].null_count() == 0
    summary = released["summary"].frame
    assert summary.filter(pl.col("estimate").is_null())["metric"].to_list() == ["next_million"]
    assert summary["metric"].to_list()[:4] == ["averted", "nnt", "outside_share", "next_million"]
    assert released["net_cost"].frame["payer"].to_list() == ["undivided", "region", "municipality", "all"]
    curve = released["curve"].frame
    assert curve["budget_sek"].len() >= 15
    # From 50,000 on what is told would be that of A, which may be shown, plus that of B, which may not.
    assert curve.filter(pl.col("averted").is_null())["budget_sek"].to_list() == [60_000, 75_000, 80_000, 100_000]
    assert "share" not in released["curve_units"].frame.columns


def test_net_costs_of_every_budget_add_up_as_they_are_shown() -> None:
    many = units([20_000, 30_000], [[3000.0, 1000.0]], observed_cases=[400, 300], observed_index_dates=[2000, 2000])
    plan = prioritise(many, programme(financing=(("region", 0.35), ("municipality", 0.65))), 3_333_333)
    shown = release(plan_tables(plan), Disclosure(rounding=1, protection="none"))["curve_net_cost"].frame
    parts, totals = shown.filter(pl.col("payer") != "all"), shown.filter(payer="all")
    summed = parts.group_by("budget_sek", maintain_order=True).agg(pl.col("cost_sek", "net_cost_sek").sum())
    assert summed["cost_sek"].to_list() == totals["cost_sek"].to_list()
    assert summed["net_cost_sek"].to_list() == pytest.approx(totals["net_cost_sek"].to_list())


def test_the_summary_and_the_curve_tell_the_same_people_reached() -> None:
    many = units([20_000, 30_000], [[3000.0, 1000.0]], observed_cases=[400, 300], observed_index_dates=[2000, 2000])
    plan = prioritise(many, programme(), 3_333_333)
    shown = release(plan_tables(plan), Disclosure(protection="suppression"))
    at_budget = shown["curve"].frame.row(by_predicate=pl.col("budget_sek") == plan.budget_sek, named=True)
    summary = dict(shown["summary"].frame.select("metric", "estimate").iter_rows())
    assert plan.reached != round(plan.reached, -2)
    assert at_budget["reached"] == summary["reached"] == pytest.approx(plan.reached, rel=0.05)


def test_a_plan_without_observed_cases_cannot_be_released() -> None:
    plan = prioritise(units([100], [[30.0]]), programme(), 50_000)
    with pytest.raises(DisclosureError, match="observed_cases"):
        plan_tables(plan)


def test_area_estimates_bring_their_cases_and_what_was_counted() -> None:
    table = pl.DataFrame(
        {
            "area_id": ["A", "B"],
            "cases": [9, 40],
            "index_dates": [300, 800],
            "target_people": [100, 100],
            "class": ["", ""],
        }
    )
    risk = np.array([[0.3, 0.1], [0.1, 0.1]])
    estimates = AreaEstimates(
        by=("area_id",),
        table=table,
        draws=Draws(risk=risk, relative_risk=risk, unexplained=risk),
        level=np.ones(2),
        calibration=pl.DataFrame(),
        divisor=1.0,
        landmarks=pl.DataFrame(),
        fit=pl.DataFrame(),
        left_out=pl.DataFrame({"reason": ["no area"], "groups": [1], "index_dates": [5], "target_people": [7]}),
        smoothing="gamma",
    )
    plan = prioritise(estimates, programme(), 50_000)
    assert plan.by == ("unit", "area_id")
    assert plan.selected.select("area_id", "people", "observed_cases", "observed_index_dates").rows() == [
        ("A", 100, 9, 300)
    ]
    assert plan.averted.estimate == pytest.approx(20 * 0.5 * 0.2 * 0.8)
    assert {"raw_counts", "raw_rates"} <= set(plan.comparisons["strategy"])
    assert plan.left_out.rows() == [("no area", 1, 7)]
