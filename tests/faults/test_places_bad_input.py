"""From risk to decisions with input that cannot be: a clear error, or what is documented to happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from area_cohorts import cohort_of, some_risk, target_of
from riskstrat.areas import (
    Neighbours,
    concentration_curve,
    estimate_areas,
    funnel_limits,
    hot_spots,
    inequality,
    neighbours,
    rates,
    read_forecast,
    smooth,
    trends,
)
from riskstrat.areas.partition import merge_small_areas
from riskstrat.declare import LocalisedText, Programme, Scenario, Settings
from riskstrat.disclosure import CellNoise
from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.priorities import prioritise
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.cohort import Cohort, Target

ALONE = Neighbours(areas=("a",), pairs=np.empty((0, 2), dtype=int))
TWO_PARTS = Neighbours(areas=tuple("abcdefg"), pairs=np.array([[0, 1], [1, 2], [3, 4], [4, 5]]))
NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
UNITS = pl.DataFrame({"unit": ["A", "B"], "area_id": ["A", "B"], "municipality": ["X", "Y"], "people": [100, 100]})
TWICE = UNITS.with_columns(unit=pl.lit("A"))
AREAS = pl.DataFrame({"area_id": ["A", "B"], "people": [30, 40], "expected": [5.0, 6.0], "residents": [90, 90]})
TEXT = LocalisedText(en="test", sv="test")
PEOPLE = cohort_of(), target_of()
FLOORS = (("X", 600.0), ("Y", 600.0))


def yearly(**columns: object) -> pl.DataFrame:
    frame = pl.DataFrame({"area_id": ["a", "a", "b", "b"], "year": [2020, 2021] * 2, "cases": [5, 6, 7, 8]})
    return frame.with_columns(people=pl.lit(100)).with_columns(**columns)


def units(frame: pl.DataFrame = UNITS) -> Units:
    return Units(units=frame, cases_draws=np.array([[30.0, 10.0]]), left_out=NOBODY)


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits", "title": TEXT, "person_cost_sek": 1_000, "reach": 0.5, "reduction": (0.2, 0.2, 0.2),
        "case_cost_sek": (("region", 10_000),), "savings_years": 2, "price_year": 2024, "source": TEXT,
    }  # fmt: skip
    return Programme(**{**said, **changes})


def forecast(*years: int) -> None:
    rows = [
        (area, sex, age, year, 10)
        for area in "AB"
        for sex in ("female", "male")
        for age in range(70, 91)
        for year in years
    ]
    frame = pl.DataFrame(rows, schema=["area_id", "sex", "age_years", "year", "people"], orient="row")
    read_forecast(frame, AREAS, base_year=2023, ages=(70, 130))


def estimated(cohort: Cohort | None = None, target: Target | None = None, **how: object) -> AreaEstimates:
    cohort, target = cohort or cohort_of(), target or target_of()
    risks = (some_risk(one.people.height) for one in (cohort, target))
    return estimate_areas(cohort, next(risks), target, next(risks), draws=500, **how)


def poor() -> Scenario:
    return Scenario(name="poor", programmes=(programme(),), budget_sek=1e3, floors=FLOORS)


def nobody(of: Target) -> Target:
    return replace(of, people=of.people.head(0))


def outline(left: float) -> dict[str, object]:
    ring = [[left, 0], [left, 1], [left + 1, 1], [left + 1, 0], [left, 0]]
    return {"properties": {"area_id": "a"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "one area, trends": (lambda: trends(yearly(area_id=pl.lit("a"), year=pl.Series([1, 2, 3, 4])), "area_id"), "1 g"),
    "one area, hot spots": (lambda: hot_spots([1.0], ALONE), "0 areas with neighbours"),
    "one area, inequality": (lambda: inequality([0.1], [10], [1]), "one level of deprivation.*rank by something"),
    "no people, rates": (lambda: rates([0], [0]), "denominators of 0"),
    "no people, trends": (lambda: trends(yearly(people=pl.lit(0), cases=pl.lit(0)), "area_id"), "no people in any"),
    "no people, inequality": (lambda: inequality([0.1, 0.2], [0, 9], [1, 2]), "groups without people"),
    "no people, plan": (lambda: prioritise(units(UNITS.with_columns(people=pl.lit(0))), programme(), 1e3), "no unit"),
    "no people, areas": (lambda: estimated(target=nobody(target_of())), "target: nobody with a group"),
    "no people, cohort": (lambda: estimated(nobody(cohort_of())), "cohort: nobody with a group"),
    "no people, curve": (lambda: concentration_curve([0.1, 0.2], [0, 0], [1, 2]), "groups without people"),
    "zero expected, gamma": (lambda: smooth([1.0, 2], [1.0, 0]), "expected counts of 0"),
    "zero expected, bym2": (lambda: smooth(np.ones(7), np.zeros(7), "bym2", TWO_PARTS), "expected counts of 0"),
    "zero expected, funnel": (lambda: funnel_limits([0.0, 3.0]), "expected counts of 0"),
    "all zeros, gamma": (lambda: smooth([0.0, 0], [1.0, 2]), "no observed outcome in any group"),
    "all zeros, bym2": (lambda: smooth(np.zeros(7), np.ones(7), "bym2", TWO_PARTS), "no observed outcome in any group"),
    "all zeros, trends": (lambda: trends(yearly(cases=pl.lit(0)), "area_id"), "no case in any year"),
    "all zeros, inequality": (lambda: inequality([0.0, 0], [9, 9], [1, 2]), "values that are all 0"),
    "all zeros, curve": (lambda: concentration_curve([0.0, 0], [9, 9], [1, 2]), "values that are all 0"),
    "duplicated area, outlines": (lambda: neighbours({"features": [outline(0), outline(1)]}), "more than once"),
    "duplicated area, neighbours": (lambda: Neighbours(areas=("a", "a"), pairs=np.array([[0, 1]])), "come twice: a"),
    "duplicated area, partition": (lambda: merge_small_areas(pl.concat([AREAS, AREAS])), "areas named twice: A, B"),
    "duplicated area, trends": (lambda: trends(pl.concat([yearly(), yearly()]), "area_id"), "more than once"),
    "duplicated area, plan": (lambda: prioritise(units(TWICE), programme(), 1e3), "named twice"),
    "neighbours of no area": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[0, 2]])), "numbers of no area"),
    "its own neighbour": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[1, 1]])), "border on themselves"),
    "a border twice": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[0, 1], [1, 0]])), "borders that come"),
    "effect above one, adherence": (lambda: programme(adherence=1.1), "adherence"),
    "pairs that are none": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([0, 1])), "shape .2,."),
    "budget below a unit": (lambda: prioritise(units(), programme(), 9_999, whole_units=True), "at least 50,000 SEK"),
    "budget below a person": (lambda: prioritise(units(), programme(), 0.5), "at least 1,000 SEK, the cost of the f"),
    "cost of zero": (lambda: programme(person_cost_sek=0), "costs something"),
    "effect above one": (lambda: programme(reduction=(0.1, 0.2, 1.2)), "reduction.2"),
    "floors above the budget": (lambda: prioritise(units(), programme(), 5e4, floors={"X": 3e4, "Y": 3e4}), "floors"),
    "floors above the budget, study": (lambda: Settings(budget_sek=1e3, floors=FLOORS), "the budget: plan"),
    "floors above the budget, scenario": (lambda: Settings(scenarios=(poor(),)), "the budget: poor"),
    "floors of nobody": (lambda: prioritise(units(), programme(), 5e4, floors={"Z": 1e4}), "no municipality 'Z'"),
    "forecast without 2024": (lambda: forecast(2023, 2025), "no people in 2024"),
    "forecast of the past": (lambda: forecast(2022, 2023), "no year after 2023"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_what_to_do(call: Callable[[], object], said: str):
    with pytest.raises((UsageError, DesignError, ContractError), match=said) as refused:
        call()
    assert all(problem.expected and problem.remedy for problem in refused.value.problems)


def test_several_faults_of_neighbours_come_at_once():
    with pytest.raises(UsageError) as refused:
        Neighbours(areas=("a", "a", "b"), pairs=np.array([[0, 5], [1, 1], [0, 1], [1, 0]]))
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize("method", ["gamma", "bym2", "marshall", "marshall_local", "marshall_binomial"])
def test_one_area_is_smoothed_to_about_itself(method: str):
    around = ALONE if method in {"bym2", "marshall_local"} else None
    assert smooth([30.0], [40.0], method, around).estimate == pytest.approx([0.75], abs=0.01)


def test_parts_of_a_map_and_islands_are_smoothed_and_only_islands_are_no_hot_spots():
    observed = np.array([9.0, 8, 9, 1, 2, 1, 5])
    found = smooth(observed, np.full(7, 5.0), "bym2", TWO_PARTS)
    assert (found.estimate[:3] > 1).all()
    assert (found.estimate[3:6] < 1).all()
    spots = hot_spots(observed, TWO_PARTS, permutations=99)
    assert spots.filter(cluster="no neighbours")["area_id"].to_list() == ["g"]


@pytest.mark.parametrize("noise", [None, CellNoise(b"sixteen bytes or more")], ids=["exact", "protected"])
def test_one_area_is_estimated_as_what_was_counted(noise: CellNoise | None):
    cohort, target = (replace(one, people=one.people.with_columns(area_id=pl.lit("a"))) for one in PEOPLE)
    table = estimated(cohort, target, noise=noise).table
    counted = table["weighted_cases"].item() / table["index_dates"].item()
    assert table["relative_risk"].item() == pytest.approx(1)
    assert table["risk"].item() == pytest.approx(counted, rel=0.1)
    assert table["risk_lower"].item() < table["risk"].item() < table["risk_upper"].item()


def test_parts_of_a_map_that_do_not_touch_are_estimated_each():
    parts = Neighbours(areas=("a", "b", "c", "d"), pairs=np.array([[0, 1], [2, 3]]))
    found = estimated(smoothing="bym2", neighbours=parts)
    assert found.table["area_id"].to_list() == ["a", "b", "c", "d"]
    assert found.table["unexplained"].to_list() == pytest.approx(estimated().table["unexplained"].to_list(), rel=0.2)


def test_an_area_in_which_nothing_is_expected_gets_the_ratio_of_the_others():
    cohort = PEOPLE[0]
    away = replace(cohort, people=cohort.people.with_columns(area_id=pl.col("area_id").replace("d", "c")))
    table = estimated(away).table
    ratios = dict(table.select("area_id", "unexplained").iter_rows())
    assert table.filter(area_id="d")["expected"].item() == 0
    assert min(ratios[area] for area in "abc") < ratios["d"] < max(ratios[area] for area in "abc")


def test_a_case_that_costs_nothing_pays_back_at_no_effect():
    assert prioritise(units(), programme(case_cost_sek=(("region", 0),)), 5e4).break_even.estimate == np.inf


def test_no_case_among_some_is_a_rate_with_a_limit():
    assert rates([0, 0], [10, 10])["estimate"].to_list() == [0.0, 0.0]
    assert (rates([0, 0], [10, 10])["upper"] > 0.3).all()
