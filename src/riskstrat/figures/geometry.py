"""Outlines of areas, flattened for drawing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

Point = tuple[float, float]
Ring = list[Point]
Feature = dict[str, object]


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
