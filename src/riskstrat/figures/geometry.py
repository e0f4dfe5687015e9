"""Outlines of areas, flattened for drawing, and the lines that hatch those that are withheld."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

Point = tuple[float, float]
Ring = list[Point]
Feature = dict[str, object]
HATCH_LINES = 70
"""Hatching lines across the whole map."""


def outlines(geometry: str, key: str = "area_id") -> dict[str, list[Ring]]:
    """Read the rings of every area, named by a property; degrees are flattened so that shapes look as on the ground.

    Outer rings and holes alike: drawn by the even-odd rule, holes stay open.
    """
    features = json.loads(geometry)["features"]
    found = {
        str(feature["properties"][key]): _rings(feature["geometry"]) for feature in features if feature.get("geometry")
    }
    return _flattened({name: rings for name, rings in found.items() if rings})


def as_features(shapes: Mapping[str, list[Ring]], properties: Mapping[str, Mapping[str, object]]) -> list[Feature]:
    """Outlines as GeoJSON features with what is to be shown of each; areas without an outline are left out."""
    return [
        {
            "type": "Feature",
            "properties": dict(values),
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in shapes[name]]},
        }
        for name, values in properties.items()
        if name in shapes
    ]


def hatching(shapes: Mapping[str, list[Ring]], names: Sequence[str]) -> list[Feature]:
    """Diagonal lines inside some areas, one feature an area; the distance suits the whole map."""
    levels = [x - y for rings in shapes.values() for ring in rings for x, y in ring]
    step = (max(levels) - min(levels)) / HATCH_LINES if levels else 0.0
    if step == 0.0:
        return []
    lines = {name: list(_lines(shapes[name], step)) for name in names if name in shapes}
    return [
        {"type": "Feature", "properties": {}, "geometry": {"type": "MultiLineString", "coordinates": found}}
        for found in lines.values()
        if found
    ]


def _rings(geometry: Mapping[str, object]) -> list[Ring]:
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        return []
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    return [[(float(point[0]), float(point[1])) for point in ring] for polygon in polygons for ring in polygon]


def _flattened(shapes: dict[str, list[Ring]]) -> dict[str, list[Ring]]:
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    in_degrees = all(abs(x) <= 180 and abs(y) <= 90 for x, y in points)
    if not points or not in_degrees:
        return shapes
    shrink = math.cos(math.radians(sum(y for _, y in points) / len(points)))
    return {name: [[(round(x * shrink, 6), y) for x, y in ring] for ring in rings] for name, rings in shapes.items()}


def _lines(rings: list[Ring], step: float) -> Iterator[list[Point]]:
    """Pieces inside the rings of the lines x - y = a multiple of the step."""
    levels = [x - y for ring in rings for x, y in ring]
    for number in range(math.ceil(min(levels) / step), math.floor(max(levels) / step) + 1):
        crossings = sorted(_crossings(rings, number * step))
        yield from ([first, second] for first, second in zip(crossings[::2], crossings[1::2], strict=False))


def _crossings(rings: list[Ring], level: float) -> Iterator[Point]:
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            before, after = x1 - y1 - level, x2 - y2 - level
            if (before < 0) != (after < 0):
                share = before / (before - after)
                yield x1 + share * (x2 - x1), y1 + share * (y2 - y1)
