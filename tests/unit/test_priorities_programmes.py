"""Several programmes, staff, eligibility, weights and floors in one plan."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import LocalisedText, Programme, Scenario
from riskstrat.disclosure import Disclosure, release
from riskstrat.errors import UsageError
from riskstrat.priorities import prioritise, scenarios
from riskstrat.publication.plan import plan_tables
from riskstrat.records.areas import Units

NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
NEED = [1.0, 2.0, 3.0, 4.0, 5.0]


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits",
        "title": LocalisedText(en="Visits", sv="Besök"),
        "person_cost_sek": 1_000,
        "reach": 0.5,
        "reduction": (0.2, 0.2, 0.2),
        "case_cost_sek": (("region", 10_000), ("municipality", 30_000)),
        "savings_years": 2,
        "discount_rate": 0.0,
        "price_year": 2024,
        "source": LocalisedText(en="test", sv="test"),
    }
    return Programme(**{**said, **changes})


def units(people: list[int], draws: list[list[float]], **columns: object) -> Units:
    named = [chr(ord("A") + number) for number in range(len(people))]
    frame = pl.DataFrame({"unit": named, "area_id": named, "people": people, **columns})
    return Units(units=frame, cases_draws=np.array(draws), left_out=NOBODY)


GROUPS = programme(name="groups", person_cost_sek=500, reduction=(0.12, 0.12, 0.12))


def test_each_unit_gets_the_programme_that_fits_it_and_only_one():
    plan = prioritise(units([100, 100], [[30.0, 10.0]]), [programme(), GROUPS], 75_000)
    assert plan.allocated.select("unit", "programme", "share").rows() == [("A", "visits", 1.0), ("B", "groups", 1.0)]
    assert plan.spent_sek == pytest.approx(75_000)
    # 30 x 0.5 x 0.2 + 10 x 0.5 x 0.12
    assert plan.averted.estimate == pytest.approx(3.6)
    assert plan.units["share"].to_list() == [1.0, 1.0]


def test_compatible_programmes_avert_their_share_of_what_the_other_leaves():
    both = [programme(compatible_with=("groups",)), GROUPS]
    plan = prioritise(units([100], [[30.0]]), both, 75_000)
    assert plan.allocated["programme"].to_list() == ["visits", "groups"]
    assert plan.averted.estimate == pytest.approx(30 * (1 - (1 - 0.5 * 0.2) * (1 - 0.5 * 0.12)))
    assert plan.reached == 100  # 50 people in each


def test_a_fixed_cost_makes_only_that_programme_whole():
    start = replace(programme(), unit_cost_sek=10_000)
    plan = prioritise(units([100, 100], [[30.0, 20.0]]), [start, GROUPS], 70_000)
    visits = plan.allocated.filter(programme="visits")["share"].to_list()
    assert set(visits) <= {1.0}
    assert plan.spent_sek <= 70_000 * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_whole_units_of_several_programmes_are_as_good_as_trying_every_choice(seed: int):
    random = np.random.default_rng(seed)
    people, cases = random.integers(50, 200, 4), random.gamma(4.0, 4.0, 4)
    offered = [programme(person_staff_hours=2.0), replace(GROUPS, person_staff_hours=6.0)]
    plan = prioritise(units(people.tolist(), [cases.tolist()]), offered, 120_000, whole_units=True, staff_hours=600.0)
    best = 0.0
    for choice in itertools.product([None, *offered], repeat=4):
        taken = [(each, n * 0.5, c * 0.5) for each, n, c in zip(choice, people, cases, strict=True) if each is not None]
        if (
            sum(each.person_cost_sek * n for each, n, _ in taken) <= 120_000
            and sum(each.person_staff_hours * n for each, n, _ in taken) <= 600.0
        ):
            best = max(best, sum(each.reduction[1] * c for each, _, c in taken))
    assert plan.averted.estimate >= best * (1 - 2e-3)
    assert plan.spent_sek <= 120_000 * (1 + 1e-6)
    assert plan.staff_hours <= 600 * (1 + 1e-6)


def test_staff_limits_the_plan_as_kronor_do():
    plan = prioritise(
        units([100, 100], [[30.0, 10.0]]), programme(person_staff_hours=4.0, unit_staff_hours=10.0), 1_000_000,
        staff_hours=210.0,
    )  # fmt: skip
    assert plan.units["share"].to_list() == pytest.approx([1.0, 0.0])
    assert plan.staff_hours == pytest.approx(4 * 50 + 10)
    shares = prioritise(units([100], [[30.0]]), programme(person_staff_hours=4.0), 1_000_000, staff_hours=100.0).units
    assert shares["share"].to_list() == pytest.approx([0.5])


def test_reach_by_quintile_is_that_of_the_quintiles_a_unit_lies_in():
    by_need = programme(reach=(0.1, 0.2, 0.3, 0.4, 0.5))
    plan = prioritise(units([100] * 5, [[10.0] * 5], care_need_index=NEED), by_need, 1_000_000)
    assert plan.units["reached"].to_list() == pytest.approx([10, 20, 30, 40, 50])
    assert plan.units["averted"].to_list() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    # A unit whose index is not known gets the mean.
    unknown = units([100] * 5, [[10.0] * 5], care_need_index=[*NEED[:4], None])
    assert prioritise(unknown, by_need, 1_000_000).units["reached"][4] == pytest.approx(30)


def test_only_eligible_units_and_people_are_reached():
    strata = units([100, 100], [[30.0, 10.0]], sex=["male", "female"])
    plan = prioritise(strata, programme(eligible=(("sex", ("female",)),), eligible_share=0.5), 1_000_000)
    assert plan.units["unit"].to_list() == ["B"]
    assert plan.reached == pytest.approx(25)
    assert plan.left_out.rows() == [("reached by no programme", 1, 100)]
    assert plan.outside_share.estimate == pytest.approx(0.75)


def test_equity_weights_move_the_choice_and_not_what_is_told_of_it():
    offered = units([100] * 5, [[12.0, 11.0, 11.0, 11.0, 10.0]], care_need_index=NEED)
    plain = prioritise(offered, programme(), 50_000)
    fair = prioritise(offered, programme(), 50_000, equity_weights=(1, 1, 1, 1, 2))
    assert plain.selected["unit"].to_list() == ["A"]
    assert fair.selected["unit"].to_list() == ["E"]
    assert fair.averted.estimate == pytest.approx(10 * 0.5 * 0.2)


def test_a_floor_is_spent_in_its_municipality():
    municipalities = pl.DataFrame({"area_id": ["A", "B"], "municipality": ["X", "Y"]})
    plan = prioritise(
        units([100, 100], [[30.0, 10.0]]), programme(), 50_000, floors={"Y": 20_000}, municipalities=municipalities
    )
    assert plan.units["cost_sek"].to_list() == pytest.approx([30_000, 20_000])
    assert plan.curve["budget_sek"].min() == 50_000  # less may not meet the floor
    assert "municipality" not in plan.units.columns


def test_the_cost_is_shared_as_declared_and_rows_add_up():
    shared = programme(financing=(("region", 0.75), ("state", 0.25)))
    net = prioritise(units([100], [[30.0]]), shared, 50_000).net_cost
    assert net.select("payer", "cost_sek").rows() == [
        ("region", 37_500), ("municipality", 0), ("state", 12_500), ("all", 50_000),
    ]  # fmt: skip
    # 3 cases averted save the region 20,000 each.
    assert net.filter(payer="region")["net_cost_sek"].item() == pytest.approx(37_500 - 60_000)
    for column in net.columns[1:]:
        *parts, everybody = net[column].to_list()
        assert sum(parts) == pytest.approx(everybody)


def test_released_net_costs_are_costs_minus_savings_as_they_are_shown():
    random = np.random.default_rng(2)
    draws = random.gamma(20.0, 1.0, (400, 3)).tolist()
    seen = units([900, 800, 700], draws, observed_cases=[40, 30, 20], observed_index_dates=[900, 800, 700])
    shared = programme(financing=(("region", 0.37), ("municipality", 0.63)))
    shown = release(plan_tables(prioritise(seen, shared, 930_000)), Disclosure(protection="suppression"))[
        "net_cost"
    ].frame
    assert (shown["cost_sek"] - shown["saving_sek"]).to_list() == shown["net_cost_sek"].to_list()
    assert (shown["cost_sek"] - shown["saving_upper"]).to_list() == shown["net_cost_lower"].to_list()
    for column in ("cost_sek", "saving_sek", "net_cost_sek", "saving_lower", "net_cost_upper"):
        *parts, everybody = shown[column].to_list()
        assert sum(parts) == everybody
        assert all(part % 100_000 == 0 for part in parts)


def test_with_the_truth_known_strategies_are_measured_against_the_oracle():
    offered = units([100] * 4, [[10.0, 20.0, 30.0, 5.0]], true_cases=[30.0, 20.0, 10.0, 5.0])
    rows = {row["strategy"]: row for row in prioritise(offered, programme(), 50_000).comparisons.iter_rows(named=True)}
    assert rows["oracle"]["true_averted"] == pytest.approx(30 * 0.5 * 0.2)
    assert rows["plan"]["true_averted"] == pytest.approx(10 * 0.5 * 0.2)
    assert rows["oracle"]["gain"] == 1
    assert rows["random"]["gain"] == 0
    assert rows["plan"]["gain"] < 0


def test_true_cases_are_released_nowhere():
    offered = units([100] * 2, [[10.0, 20.0]], true_cases=[30.0, 20.0], observed_cases=[20, 20])
    plan = prioritise(offered, programme(), 50_000)
    tables = plan_tables(plan)
    assert "true_cases" not in plan.units.columns
    assert "oracle" not in tables["comparisons"].frame["strategy"].to_list()


def test_where_nothing_surely_beats_spreading_the_plan_says_so():
    alike = units([100, 100], [[30.0, 10.0], [10.0, 30.0], [30.0, 10.0], [20.0, 21.0]])
    assert not prioritise(alike, programme(), 50_000).beats_spreading
    assert prioritise(units([100, 100], [[30.0, 10.0]] * 3), programme(), 50_000).beats_spreading


def test_scenarios_are_paired_on_the_same_draws():
    draws = np.random.default_rng(0).gamma(10.0, 1.0, (500, 2)).tolist()
    uncertain = programme(reduction=(0.05, 0.2, 0.35))
    now = Scenario(name="now", programmes=(uncertain,), budget_sek=50_000)
    found = scenarios(units([100, 100], draws), [now, replace(now, name="double", budget_sek=100_000)])
    rows = {row["scenario"]: row for row in found.table.iter_rows(named=True)}
    assert rows["now"]["difference"] == rows["now"]["difference_upper"] == 0
    assert rows["double"]["difference_lower"] > 0  # although the intervals of averted cases overlap
    assert rows["double"]["averted_lower"] < rows["now"]["averted_upper"]
    assert found.first.budget_sek == 50_000


def test_effects_of_one_name_share_their_draws_and_others_do_not():
    one = Scenario(name="one", programmes=(programme(reduction=(0.05, 0.2, 0.35)),), budget_sek=50_000)
    weaker = replace(one, name="weaker", programmes=(programme(reduction=(0.025, 0.1, 0.175)),))
    other = replace(one, name="other", programmes=(programme(name="other", reduction=(0.05, 0.2, 0.35)),))
    plans = scenarios(units([100], [[20.0]] * 400), [one, weaker, other]).plans
    drawn = {name: plan.averted_draws for name, plan in plans.items()}
    assert np.corrcoef(drawn["one"], drawn["weaker"])[0, 1] > 0.99
    assert abs(np.corrcoef(drawn["one"], drawn["other"])[0, 1]) < 0.2


def test_a_plan_of_several_programmes_has_no_one_programme():
    plan = prioritise(units([100], [[30.0]]), [programme(), GROUPS], 50_000)
    with pytest.raises(UsageError, match="visits, groups"):
        plan.programme  # noqa: B018
