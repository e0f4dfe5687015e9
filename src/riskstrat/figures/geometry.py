"""Outlines of areas, flattened for drawing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise

Point = tuple[float, float]
Ring = list[Point]
Feature = dict[str, object]
_ROOM = 0.035
"""Share of the longest side of all areas that an area takes at least, both ways, for its number to be written."""


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


def label_points(shapes: Mapping[str, list[Ring]]) -> dict[str, Point]:
    """Give the middle of the largest ring of each area that is large enough beside all of them for a number."""
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    least = _ROOM * max(_sides(points), default=0.0)
    largest = {name: max(rings, key=lambda ring: abs(_middle(ring)[0])) for name, rings in shapes.items()}
    return {name: _middle(ring)[1] for name, ring in largest.items() if min(_sides(ring)) >= least}


def _sides(points: Ring) -> tuple[float, ...]:
    return tuple(max(values) - min(values) for values in zip(*points, strict=True))


def _middle(ring: Ring) -> tuple[float, Point]:
    """Twice the area, signed, and the centroid of a closed ring (the shoelace formula, from its first corner)."""
    (x0, y0), corners = ring[0], [(x - ring[0][0], y - ring[0][1]) for x, y in ring]
    crossed = [(a[0] * b[1] - b[0] * a[1], a[0] + b[0], a[1] + b[1]) for a, b in pairwise(corners)]
    twice = sum(cross for cross, _, _ in crossed)
    if twice == 0:
        return 0.0, ring[0]
    x, y = (sum(part[0] * part[n] for part in crossed) / (3 * twice) for n in (1, 2))
    return twice, (x0 + x, y0 + y)


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
