"""From risk to decisions with input that cannot be: a clear error, or what is documented to happen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import Neighbours, funnel_limits, hot_spots, inequality, rates, read_forecast, smooth, trends
from riskstrat.areas.partition import merge_small_areas
from riskstrat.declare import LocalisedText, Programme
from riskstrat.errors import DesignError, UsageError
from riskstrat.priorities import prioritise
from riskstrat.records.areas import Units

ALONE = Neighbours(areas=("a",), pairs=np.empty((0, 2), dtype=int))
TWO_PARTS = Neighbours(areas=tuple("abcdefg"), pairs=np.array([[0, 1], [1, 2], [3, 4], [4, 5]]))
NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
UNITS = pl.DataFrame({"unit": ["A", "B"], "area_id": ["A", "B"], "municipality": ["X", "Y"], "people": [100, 100]})
TWICE = UNITS.with_columns(unit=pl.lit("A"))
AREAS = pl.DataFrame({"area_id": ["A", "B"], "people": [30, 40], "expected": [5.0, 6.0], "residents": [90, 90]})
TEXT = LocalisedText(en="test", sv="test")


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


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "one area, trends": (lambda: trends(yearly(area_id=pl.lit("a"), year=pl.Series([1, 2, 3, 4])), "area_id"), "1 g"),
    "one area, hot spots": (lambda: hot_spots([1.0], ALONE), "0 areas with neighbours"),
    "one area, inequality": (lambda: inequality([0.1], [10], [1]), "one level of deprivation.*rank by something"),
    "no people, rates": (lambda: rates([0], [0]), "denominators of 0"),
    "no people, trends": (lambda: trends(yearly(people=pl.lit(0), cases=pl.lit(0)), "area_id"), "no people in any"),
    "no people, inequality": (lambda: inequality([0.1, 0.2], [0, 9], [1, 2]), "groups without people"),
    "no people, plan": (lambda: prioritise(units(UNITS.with_columns(people=pl.lit(0))), programme(), 1e3), "no unit"),
    "zero expected, gamma": (lambda: smooth([1.0, 2], [1.0, 0]), "expected counts of 0"),
    "zero expected, bym2": (lambda: smooth(np.ones(7), np.zeros(7), "bym2", TWO_PARTS), "expected counts of 0"),
    "zero expected, funnel": (lambda: funnel_limits([0.0, 3.0]), "expected counts of 0"),
    "all zeros, gamma": (lambda: smooth([0.0, 0], [1.0, 2]), "no observed outcome in any group"),
    "all zeros, bym2": (lambda: smooth(np.zeros(7), np.ones(7), "bym2", TWO_PARTS), "no observed outcome in any group"),
    "all zeros, trends": (lambda: trends(yearly(cases=pl.lit(0)), "area_id"), "no case in any year"),
    "all zeros, inequality": (lambda: inequality([0.0, 0], [9, 9], [1, 2]), "values that are all 0"),
    "duplicated area, neighbours": (lambda: Neighbours(areas=("a", "a"), pairs=np.array([[0, 1]])), "come twice: a"),
    "duplicated area, partition": (lambda: merge_small_areas(pl.concat([AREAS, AREAS])), "areas named twice: A, B"),
    "duplicated area, trends": (lambda: trends(pl.concat([yearly(), yearly()]), "area_id"), "more than once"),
    "duplicated area, plan": (lambda: prioritise(units(TWICE), programme(), 1e3), "named twice"),
    "neighbours of no area": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[0, 2]])), "numbers of no area"),
    "its own neighbour": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[1, 1]])), "border on themselves"),
    "a border twice": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([[0, 1], [1, 0]])), "borders that come"),
    "pairs that are none": (lambda: Neighbours(areas=("a", "b"), pairs=np.array([0, 1])), "shape .2,."),
    "budget below a unit": (lambda: prioritise(units(), programme(), 9_999, whole_units=True), "at least 50,000 SEK"),
    "cost of zero": (lambda: programme(person_cost_sek=0), "costs something"),
    "effect above one": (lambda: programme(reduction=(0.1, 0.2, 1.2)), "reduction.2"),
    "floors above the budget": (lambda: prioritise(units(), programme(), 5e4, floors={"X": 3e4, "Y": 3e4}), "floors"),
    "floors of nobody": (lambda: prioritise(units(), programme(), 5e4, floors={"Z": 1e4}), "no municipality 'Z'"),
    "forecast without 2024": (lambda: forecast(2023, 2025), "no people in 2024"),
    "forecast of the past": (lambda: forecast(2022, 2023), "no year after 2023"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_what_to_do(call: Callable[[], object], said: str):
    with pytest.raises((UsageError, DesignError), match=said) as refused:
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


def test_no_case_among_some_is_a_rate_with_a_limit():
    assert rates([0, 0], [10, 10])["estimate"].to_list() == [0.0, 0.0]
    assert (rates([0, 0], [10, 10])["upper"] > 0.3).all()
