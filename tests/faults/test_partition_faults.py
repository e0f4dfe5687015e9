"""Partitions that cannot be used are refused with everything that is wrong, and without a count."""

import polars as pl
import pytest

from riskstrat.areas import intersections
from riskstrat.areas.partition import merge_small_areas
from riskstrat.errors import UsageError
from riskstrat.records.partition import Partition

TABLE = pl.DataFrame({"area_id": ["A", "B", "C"], "unit": ["north", "north", "south"]})


def test_a_misspelt_column_is_named_with_what_was_meant():
    with pytest.raises(UsageError, match="did you mean 'AreaID'"):
        Partition.from_table(TABLE.rename({"area_id": "AreaID"}))


def test_everything_that_is_wrong_with_a_table_comes_at_once():
    table = pl.DataFrame(
        {"area_id": ["A", "A", "B", None], "unit": ["north"] * 4, "name": ["Norr", "Nord", "Norr", "Norr"]}
    )
    with pytest.raises(UsageError) as raised:
        Partition.from_table(table)
    found = [problem.found for problem in raised.value.problems]
    assert found == ["rows without an area, a unit or a name", "areas named twice: A", "units with two names: north"]


def test_a_unit_with_the_code_of_an_area_outside_it_is_refused():
    with pytest.raises(UsageError, match="the code of an area of another unit: B"):
        Partition.from_table(TABLE.with_columns(unit=pl.Series(["B", "C", "C"])))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"areas": []}', '{"areas": 3, "crossing": [], "as_of": null}', "1"])
def test_a_text_that_is_no_partition_is_refused(text: str):
    with pytest.raises(UsageError, match="no partition"):
        Partition.from_json(text)


def test_a_file_with_a_setting_more_is_refused():
    text = Partition.from_table(TABLE).to_json().replace('"min_people"', '"min_persons"')
    with pytest.raises(UsageError, match="no partition"):
        Partition.from_json(text)


def test_areas_without_a_column_or_a_count_are_named():
    with pytest.raises(UsageError, match="residents"):
        merge_small_areas(pl.DataFrame({"area_id": ["A"], "people": [1], "expected": [1.0]}))
    with pytest.raises(UsageError, match=r"areas\.expected: 1 row without a value"):
        merge_small_areas(pl.DataFrame({"area_id": ["A"], "residents": [9], "people": [1], "expected": [None]}))


def test_an_area_that_comes_twice_is_refused():
    areas = pl.DataFrame({"area_id": ["A", "A"], "residents": [9, 9], "people": [90, 90], "expected": [9.0, 9.0]})
    with pytest.raises(UsageError, match="areas named twice: A"):
        merge_small_areas(areas)


def test_intersections_of_areas_that_are_too_small_are_refused_without_a_count():
    people = pl.DataFrame({"area_id": ["A"] * 30 + ["B"] * 13, "care_centre_id": ["x"] * 43})
    with pytest.raises(UsageError) as raised:
        intersections(people)
    assert "units with too few people of today: B" in str(raised.value)
    assert "13" not in str(raised.value)


def test_intersections_are_of_two_geographies_with_people_in_both():
    people = pl.DataFrame({"area_id": ["A"], "care_centre_id": [None]})
    with pytest.raises(UsageError, match="nobody in both"):
        intersections(people)
    with pytest.raises(UsageError, match="1 geography"):
        intersections(people, ["area_id"])
