"""Outlines of areas keep their shape."""

import json

import pytest

from riskstrat.figures.geometry import as_features, label_points, outlines

SQUARE = [[[17.0, 60.0], [17.0, 60.1], [17.2, 60.1], [17.2, 60.0], [17.0, 60.0]]]


def collection(*features: tuple[str, dict[str, object] | None]) -> str:
    return json.dumps({"features": [{"properties": {"area_id": name}, "geometry": shape} for name, shape in features]})


def test_degrees_are_flattened_so_that_a_square_on_the_ground_looks_square():
    ring = outlines(collection(("A", {"type": "Polygon", "coordinates": SQUARE})))["A"][0]
    width, height = ring[2][0] - ring[0][0], ring[1][1] - ring[0][1]
    assert abs(width / height - 1) < 0.01


def test_planar_coordinates_are_left_alone():
    ring = [[650_000.0, 6_560_000.0], [650_000.0, 6_561_000.0], [651_000.0, 6_561_000.0], [650_000.0, 6_560_000.0]]
    found = outlines(collection(("A", {"type": "Polygon", "coordinates": [ring]})))
    assert [list(point) for point in found["A"][0]] == ring


def test_parts_and_holes_are_kept_and_what_is_no_surface_is_left_out():
    shapes = outlines(
        collection(
            ("A", {"type": "MultiPolygon", "coordinates": [SQUARE, SQUARE]}),
            ("B", {"type": "Point", "coordinates": [17.0, 60.0]}),
            ("C", None),
        )
    )
    assert {name: len(rings) for name, rings in shapes.items()} == {"A": 2}


def test_areas_without_an_outline_are_left_out():
    assert as_features({}, {"A": {"value": 1}}) == []


def test_a_number_stands_in_the_middle_of_the_largest_part_and_only_where_there_is_room():
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]
    islet = [(20.0, 0.0), (20.1, 0.0), (20.1, 0.1), (20.0, 0.1), (20.0, 0.0)]
    triangle = [(6e6, 7e6), (6e6 + 3, 7e6), (6e6, 7e6 + 3), (6e6, 7e6)]  # metres: no digits are lost far from zero
    assert label_points({"A": [islet, square], "B": [islet]}) == {"A": (5.0, 5.0)}
    assert label_points({"C": [triangle]})["C"] == pytest.approx((6e6 + 1, 7e6 + 1))
