"""The Care Need Index of small tables of areas."""

import polars as pl
import pytest

from riskstrat.codes import CARE_NEED_WEIGHTS, care_need_index
from riskstrat.errors import ContractError

NOBODY = dict.fromkeys(CARE_NEED_WEIGHTS, 0)


def areas(*rows: dict[str, int | None]) -> pl.DataFrame:
    return pl.DataFrame([NOBODY | {"population": 1000} | row for row in rows])


def test_the_area_with_the_mean_of_the_chosen_population_has_index_one():
    found = care_need_index(areas({"under_five": 200}), national_mean_points=0.2 * 3.23)
    assert found["care_need_index"].item() == pytest.approx(1)


def test_unknown_counts_and_empty_areas_are_null_and_other_columns_stay():
    found = care_need_index(areas({"moved_in": None}, {"population": 0}).with_columns(area_id=pl.Series(["a", "b"])))
    assert found["care_need_index"].to_list() == [None, None]
    assert found["area_id"].to_list() == ["a", "b"]


def test_all_missing_columns_are_named_at_once():
    with pytest.raises(ContractError) as refused:
        care_need_index(areas({}).drop("population", "moved_in").with_columns(under_five=pl.lit("many")))
    assert {problem.column for problem in refused.value.problems} == {"population", "moved_in", "under_five"}


def test_counts_that_cannot_be_are_refused_by_column():
    with pytest.raises(ContractError) as refused:
        care_need_index(areas({"under_five": -1}, {"unemployed": 1001}))
    assert {problem.column for problem in refused.value.problems} == {"under_five", "unemployed"}
