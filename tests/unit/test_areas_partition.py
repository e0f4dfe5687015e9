"""Which areas are described together: small maps whose answer can be read off."""

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import Neighbours, intersections
from riskstrat.areas.outlines import dissolve
from riskstrat.areas.partition import merge_small_areas
from riskstrat.records.partition import Partition


def areas(**columns: object) -> pl.DataFrame:
    n = len(columns["area_id"])  # type: ignore[arg-type]
    return pl.DataFrame({"people": [100] * n, "expected": [10.0] * n, **columns})


def units(partition: Partition) -> list[str]:
    return partition.areas["unit"].unique().sort().to_list()


def test_a_small_area_joins_its_smallest_neighbour_of_the_same_parent():
    found = areas(
        area_id=["A", "B", "C", "D"],
        residents=[500, 2000, 1500, 600],
        people=[10, 100, 100, 100],
        parent_id=["north", "north", "north", "south"],
    )
    borders = Neighbours(areas=("A", "B", "C", "D"), pairs=np.array([[0, 1], [0, 2], [0, 3], [1, 2]]))
    partition = merge_small_areas(found, neighbours=borders)
    assert units(partition) == ["A+C", "B", "D"]
    assert (partition.joined_by, partition.crossing) == ("borders", ())


def test_without_outlines_the_smaller_of_the_next_codes_is_joined():
    found = areas(area_id=["A", "B", "C", "D"], residents=[900, 500, 800, 700], expected=[9.0, 1.0, 9.0, 9.0])
    partition = merge_small_areas(found)
    assert units(partition) == ["A", "B+C", "D"]
    assert partition.joined_by == "codes"


def test_a_parent_that_is_too_small_as_a_whole_joins_another_and_this_is_said():
    found = areas(
        area_id=["A", "B", "C", "D"],
        residents=[500, 600, 700, 800],
        people=[5, 5, 100, 100],
        parent_id=["islet", "islet", "shore", "shore"],
    )
    partition = merge_small_areas(found)
    assert units(partition) == ["A+3"]
    assert partition.crossing == ("A+3",)


def test_municipalities_are_crossed_last_and_stand_in_for_a_parent_that_is_not_known():
    found = areas(
        area_id=["A", "B", "C", "D"],
        residents=[500, 900, 600, 700],
        people=[5, 100, 100, 100],
        parent_id=[None, None, None, "south"],
        municipality=["one", "one", "two", "two"],
    )
    assert units(merge_small_areas(found)) == ["A+B", "C", "D"]


def test_nothing_is_merged_where_nothing_is_too_small():
    found = areas(area_id=["A", "B"], residents=[7, 7], people=[20, 20], expected=[4.0, 4.0])
    partition = merge_small_areas(found)
    assert (units(partition), partition.joined_by, partition.merged.height) == (["A", "B"], None, 0)


def test_everybody_is_one_unit_where_all_together_are_too_few():
    found = areas(area_id=["A", "B", "C"], residents=[9, 8, 7], people=[5, 5, 5])
    assert units(merge_small_areas(found)) == ["A+B+C"]


def test_areas_of_an_older_version_in_which_nobody_lives_stay_as_they_are():
    found = areas(area_id=["A", "A1", "A2", "B"], residents=[0, 900, 800, 700], people=[0, 100, 9, 100])
    assert merge_small_areas(found).areas.select("area_id", "unit").rows() == [
        ("A", "A"),
        ("A1", "A1"),
        ("A2", "A2+B"),
        ("B", "A2+B"),
    ]


def test_where_no_area_is_known_there_is_no_unit():
    partition = merge_small_areas(areas(area_id=["A"], residents=[9]).head(0))
    assert partition.areas.height == 0
    assert Partition.from_json(partition.to_json()).digest == partition.digest


def test_units_are_named_by_their_largest_areas():
    found = areas(
        area_id=list("ABCDE"), residents=[10, 50, 30, 40, 20], people=[1] * 5, name=["Al", "Ek", "Ask", "Alm", None]
    )
    assert merge_small_areas(found).areas["name"].unique().to_list() == ["Ek + Alm + Ask (+2)"]
    pair = merge_small_areas(found.head(2))
    assert pair.areas.select("unit", "name").unique().rows() == [("A+B", "Ek + Al")]


def test_a_partition_comes_back_from_its_file_as_it_was():
    found = areas(area_id=["å", "B"], residents=[9, 8], people=[5, 5])
    partition = merge_small_areas(found, min_people=15, min_expected=2.5)
    again = Partition.from_json(partition.to_json())
    assert again.areas.equals(partition.areas)
    assert (again.min_people, again.min_expected, again.digest) == (15, 2.5, partition.digest)
    assert "100" not in partition.to_json(), "a count of persons or cases"


def test_the_digest_changes_with_units_and_names():
    table = pl.DataFrame({"area_id": ["A", "B"], "unit": ["A", "B"]})
    digests = {
        Partition.from_table(each).digest
        for each in (
            table,
            table.with_columns(unit=pl.lit("A")),
            table.with_columns(name=pl.lit("Ek") + pl.col("unit")),
        )
    }
    assert len(digests) == 3


def test_small_intersections_join_the_next_smallest_of_the_same_area():
    people = pl.DataFrame(
        {
            "area_id": ["A"] * 63 + ["B"] * 50,
            "care_centre_id": ["x"] * 40 + ["y"] * 18 + ["z"] * 5 + ["x"] * 3 + ["y"] * 47,
        }
    )
    assert intersections(people).rows() == [
        ("A", "x", "A / x", "x"),
        ("A", "y", "A / y+z", "y"),
        ("A", "z", "A / y+z", "y"),
        ("B", "x", "B / x+y", "y"),
        ("B", "y", "B / x+y", "y"),
    ]


def test_intersections_can_ask_for_expected_cases_too():
    people = pl.DataFrame(
        {"area_id": ["A"] * 80, "care_centre_id": ["x"] * 40 + ["y"] * 40, "expected": [0.2] * 40 + [0.05] * 40}
    )
    assert intersections(people)["unit"].n_unique() == 2
    assert intersections(people, min_expected=4.0)["unit"].unique().to_list() == ["A / x+y"]


@pytest.mark.parametrize("without_shapely", [False, True])
def test_units_are_drawn_as_one_and_the_others_stay(without_shapely: bool, monkeypatch: pytest.MonkeyPatch):
    def square(code: str, x: int) -> dict[str, object]:
        ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
        return {"properties": {"area_id": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    if without_shapely:
        monkeypatch.setitem(__import__("sys").modules, "shapely", None)
    squares = {"features": [square("A", 0), square("B", 1), square("C", 2), square("C", 4)]}
    first, *others = dissolve(squares, {"A": "A+B", "B": "A+B"}, {"A+B": "Ek + Al"})["features"]  # type: ignore[misc]
    assert first["properties"] == {"area_id": "A+B", "name": "Ek + Al"}
    assert others == [square("C", 2), square("C", 4)]
    assert first["geometry"]["type"] == ("MultiPolygon" if without_shapely else "Polygon")
