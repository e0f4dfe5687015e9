"""Budgets, units and programmes that cannot be planned with: one clear error each, with everything that is wrong."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import LocalisedText, Programme
from riskstrat.errors import DesignError, UsageError
from riskstrat.priorities import prioritise
from riskstrat.records.areas import Units

NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
GOOD = pl.DataFrame({"unit": ["A", "B"], "area_id": ["A", "B"], "people": [100, 100]})
DRAWS = np.array([[30.0, 10.0]])


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits",
        "title": LocalisedText(en="Visits", sv="Besök"),
        "person_cost_sek": 1_000,
        "reach": 0.5,
        "reduction": (0.2, 0.2, 0.2),
        "case_cost_sek": (("region", 10_000),),
        "savings_years": 2,
        "price_year": 2024,
        "source": LocalisedText(en="test", sv="test"),
    }
    return Programme(**{**said, **changes})


def units(frame: pl.DataFrame = GOOD, draws: np.ndarray = DRAWS) -> Units:
    return Units(units=frame, cases_draws=draws, left_out=NOBODY)


@pytest.mark.parametrize("budget", [0, -1, float("nan"), float("inf"), "much", None, True])
def test_a_budget_is_a_number_of_kronor_above_zero(budget: object) -> None:
    with pytest.raises(UsageError, match=r"a budget of .*above 0|budget_sek .*a finite number"):
        prioritise(units(), programme(), budget)


def test_everything_wrong_is_said_at_once() -> None:
    frame = pl.DataFrame({"person_id": [1, 2], "unit": ["A", "A"], "people": [1.5, 2.0]})
    need = pl.DataFrame({"ward": ["A"], "index": [1.0]})
    with pytest.raises(UsageError) as caught:
        prioritise(units(frame, np.array([[1.0, np.nan]])), programme(), 0, care_need=need)
    said = str(caught.value)
    for sentence in (
        "a budget of 0",
        "units.person_id: units of single persons",
        "units.unit: units named twice",
        "units.people: type Float64",
        "draws of cases below 0 or not finite",
        "care_need.care_need_index: no such column",
        "care_need: no column that names a unit",
    ):
        assert sentence in said


def test_missing_columns_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        prioritise(units(GOOD.select("area_id")), programme(), 1_000)
    assert {problem.column for problem in caught.value.problems} == {"unit", "people"}


@pytest.mark.parametrize("draws", [np.zeros((3, 1)), np.zeros(2), np.zeros((0, 2))])
def test_draws_that_do_not_belong_to_the_units(draws: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"draws of shape .*expected \(draws, 2 units\)"):
        prioritise(units(draws=draws), programme(), 1_000)


@pytest.mark.parametrize("values", [[1, None], [1, -1]])
def test_observed_counts_are_complete(values: list[int | None]) -> None:
    with pytest.raises(UsageError, match="observed_cases: missing or negative"):
        prioritise(units(GOOD.with_columns(observed_cases=pl.Series(values))), programme(), 1_000)


def test_a_care_need_index_has_one_value_a_unit() -> None:
    need = pl.DataFrame({"area_id": ["A", "A"], "care_need_index": [1.0, 2.0]})
    with pytest.raises(UsageError, match=r"care_need\.area_id: units with several values"):
        prioritise(units(), programme(), 1_000, care_need=need)


def test_nobody_eligible() -> None:
    with pytest.raises(DesignError, match="no unit that could be chosen"):
        prioritise(units(GOOD.with_columns(people=pl.lit(0))), programme(), 1_000)


def test_a_programme_that_reaches_nobody() -> None:
    with pytest.raises(DesignError, match="reach above 0"):
        prioritise(units(), programme(reach=0.0), 1_000)


def test_a_budget_below_the_cheapest_whole_unit_says_what_it_would_take() -> None:
    with pytest.raises(DesignError, match="at least 70,000 SEK"):
        prioritise(units(), programme(unit_cost_sek=20_000), 69_999)
