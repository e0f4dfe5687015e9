"""Old and new areas: overlaps, slivers, and what is comparable over the change."""

import polars as pl
import pytest
import shapely

from riskstrat.areas import Neighbours, area_lookup, neighbours, stable_areas
from riskstrat.errors import UsageError


def collection(**boxes: tuple[float, float, float, float]) -> dict[str, object]:
    features = [
        {"properties": {"area_id": code}, "geometry": shapely.geometry.mapping(shapely.box(*box))}
        for code, box in boxes.items()
    ]
    return {"features": features}


OLD = collection(A=(0, 0, 2, 1), B=(2, 0, 3, 1), C=(3, 0, 4, 1), D=(4, 0, 5, 1))
NEW = collection(A1=(0, 0, 1, 1), A2=(1, 0, 2, 1), B=(2, 0, 3.01, 1), E=(3.01, 0, 5, 1))


def test_overlaps_are_found_and_slivers_are_not():
    assert area_lookup(OLD, NEW).select("old", "new").rows() == [
        ("A", "A1"),
        ("A", "A2"),
        ("B", "B"),
        ("C", "E"),
        ("D", "E"),
    ]
    assert area_lookup(OLD, NEW).filter(old="A")["share"].to_list() == [0.5, 0.5]
    assert ("C", "B") in area_lookup(OLD, NEW, sliver=0.001).select("old", "new").rows()


def test_stable_areas_join_what_was_split_and_what_was_merged():
    stable = stable_areas(area_lookup(OLD, NEW))
    assert stable.filter(version="old").select("area_id", "stable_id").rows() == [
        ("A", "A1+A2"),
        ("B", "B"),
        ("C", "E"),
        ("D", "E"),
    ]
    assert dict(stable.filter(version="new").select("area_id", "stable_id").rows()) == {
        "A1": "A1+A2",
        "A2": "A1+A2",
        "B": "B",
        "E": "E",
    }


def test_years_before_and_after_a_change_are_one_series_by_stable_area():
    stable = stable_areas(pl.DataFrame({"old": ["A", "A"], "new": ["A1", "A2"]}))
    cases = pl.DataFrame(
        {"year": [2024, 2025, 2025], "version": ["old", "new", "new"], "area_id": ["A", "A1", "A2"], "cases": [9, 4, 5]}
    )
    series = cases.join(stable, on=["version", "area_id"]).group_by("year", "stable_id").agg(pl.col("cases").sum())
    assert sorted(series.rows()) == [(2024, "A1+A2", 9), (2025, "A1+A2", 9)]


def test_a_lookup_without_its_columns_is_refused():
    with pytest.raises(UsageError) as caught:
        stable_areas(pl.DataFrame({"from": ["A"]}))
    assert {problem.column for problem in caught.value.problems} == {"old", "new"}


def test_simplified_outlines_that_overlap_or_gape_are_neighbours_and_a_strait_is_not():
    polygons = collection(west=(0, 0, 1000, 1000), east=(1000.6, -5, 2000, 1000), over=(0, 999.5, 1000, 2000))
    island = collection(island=(2050, 0, 2100, 1000))
    found = neighbours({"features": [*polygons["features"], *island["features"]]})
    assert found.pairs.tolist() == [[0, 1], [0, 2]]
    assert found.islands == ("island",)
    assert found.parts == (("west", "east", "over"), ("island",))


def test_a_wider_tolerance_bridges_the_strait():
    polygons = collection(shore=(0, 0, 1000, 1000), island=(1050, 0, 1100, 1000))
    assert neighbours(polygons).pairs.size == 0
    assert neighbours(polygons, tolerance_m=60).pairs.tolist() == [[0, 1]]
    with pytest.raises(UsageError, match="tolerance"):
        neighbours(polygons, tolerance_m=0)


def test_an_enclave_without_a_drawn_hole_is_a_neighbour_whatever_the_order():
    boxes = {"around": (0, 0, 1000, 1000), "enclave": (400, 400, 600, 600), "beside": (1000, 0, 2000, 1000)}
    for order in (boxes, dict(reversed(boxes.items()))):
        found = neighbours(collection(**order))
        assert bordering(found) == {frozenset(("around", "enclave")), frozenset(("around", "beside"))}


def test_the_area_in_an_enclave_borders_the_enclave_alone():
    found = neighbours(collection(inner=(450, 450, 550, 550), outer=(0, 0, 1000, 1000), enclave=(400, 400, 600, 600)))
    assert bordering(found) == {frozenset(("inner", "enclave")), frozenset(("enclave", "outer"))}


def test_an_enclave_without_a_drawn_hole_stays_itself_in_the_next_version():
    polygons = collection(around=(0, 0, 1000, 1000), enclave=(400, 400, 600, 600))
    assert area_lookup(polygons, polygons).rows() == [("around", "around", 1.0), ("enclave", "enclave", 1.0)]


@pytest.mark.parametrize(("border", "joined"), [(3.9, False), (4.1, True)])
def test_a_border_shorter_than_four_tolerances_is_a_corner(border: float, joined: bool):
    polygons = collection(low=(0, 0, 100, 100), high=(100 - border, 100, 200, 200))
    assert (neighbours(polygons).pairs.size > 0) == joined


def test_areas_that_meet_at_many_corners_are_no_neighbours():
    steps = {
        name: [shapely.box(10 * i, 10 * i, 10 * i + 10, 10 * i + 10) for i in range(first, 8, 2)]
        for first, name in enumerate(("even", "odd"))
    }
    features = [
        {"properties": {"area_id": name}, "geometry": shapely.geometry.mapping(shapely.multipolygons(parts))}
        for name, parts in steps.items()
    ]
    assert neighbours({"features": features}).pairs.size == 0


def test_a_lookup_with_a_missing_code_is_refused():
    with pytest.raises(UsageError, match="1 row without a code"):
        stable_areas(pl.DataFrame({"old": ["A", None], "new": ["A", "B"]}))


def bordering(found: Neighbours) -> set[frozenset[str]]:
    return {frozenset((found.areas[one], found.areas[other])) for one, other in found.pairs.tolist()}
