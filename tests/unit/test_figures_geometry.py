"""Outlines of areas keep their shape, and hatching stays inside them."""

import json

from riskstrat.figures.geometry import as_features, hatching, outlines

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


def test_hatching_is_drawn_only_in_the_areas_asked_for_and_stays_inside_them():
    shapes = {"A": [[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]], "B": [[(2.0, 0.0), (2.0, 1.0), (3.0, 1.0)]]}
    [feature] = hatching(shapes, ["A"])
    lines = feature["geometry"]["coordinates"]
    assert len(lines) > 10
    assert all(-1e-9 <= value <= 1 + 1e-9 for line in lines for point in line for value in point)


def test_areas_without_an_outline_are_left_out():
    assert as_features({}, {"A": {"value": 1}}) == []
