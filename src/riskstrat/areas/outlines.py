"""Outlines of areas as shapes that can be measured.

In: GeoJSON features. Out: shapely geometries, in metres; or features of units that several areas form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from riskstrat.errors import MissingExtraError
from riskstrat.extras import optional

if TYPE_CHECKING:
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""

ENCLAVE = 0.9
"""Share of its surface in a larger area that makes an area an enclave: simplified outlines never fit exactly."""


def shapes_of(features: Iterable[Mapping[str, object]]) -> Shapes:
    """Read the geometries of GeoJSON features; outlines that cross themselves are repaired."""
    shapely = optional("shapely")
    found: Shapes = shapely.make_valid(shapely.from_geojson([json.dumps(one["geometry"]) for one in features]))
    return found


def without_enclaves(shapes: Shapes) -> Shapes:
    """Cut out of each shape the smaller ones that lie in it, where the map draws no hole for them."""
    shapely = optional("shapely")
    size = shapely.area(shapes)
    inner, outer = shapely.STRtree(shapes).query(shapely.point_on_surface(shapes), predicate="intersects")
    inner, outer = inner[size[inner] < size[outer]], outer[size[inner] < size[outer]]
    within = shapely.area(shapely.intersection(shapes[inner], shapes[outer])) >= ENCLAVE * size[inner]
    cut = shapes.copy()
    for one in np.unique(outer[within]):
        cut[one] = shapely.difference(shapes[one], shapely.union_all(shapes[inner[within & (outer == one)]]))
    return cut


def in_metres(shapes: Shapes) -> Shapes:
    """Flatten degrees, true in the middle of the map; what is not in degrees is taken to be in metres already."""
    shapely = optional("shapely")
    west, south, east, north = shapely.total_bounds(shapes)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        return shapes
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    flat: Shapes = shapely.transform(shapes, lambda points: points * scale)
    return flat


def dissolve(
    geometry: Mapping[str, object], units: Mapping[str, str], names: Mapping[str, str], *, key: str = "area_id"
) -> dict[str, object]:
    """Draw the areas of each unit as one; areas that belong to none stay as they are."""
    parts: dict[object, list[Mapping[str, object]]] = {}
    for feature in cast("list[Mapping[str, Mapping[str, object]]]", geometry["features"]):
        area = feature["properties"].get(key)
        parts.setdefault(units.get(str(area), area), []).append(feature)
    drawn = [
        [{"type": "Feature", "properties": {key: unit, "name": names[str(unit)]}, "geometry": _union(features)}]
        if unit in names
        else features
        for unit, features in parts.items()
    ]
    return {"type": "FeatureCollection", "features": [feature for several in drawn for feature in several]}


def _union(features: list[Mapping[str, object]]) -> object:
    drawn = [feature for feature in features if feature.get("geometry")]
    try:
        shapely = optional("shapely")
    except MissingExtraError:
        shapes = [cast("dict[str, Any]", feature["geometry"]) for feature in drawn]
        polygons = [one["coordinates"] if one["type"] == "MultiPolygon" else [one["coordinates"]] for one in shapes]
        return {"type": "MultiPolygon", "coordinates": [polygon for several in polygons for polygon in several]}
    return json.loads(shapely.to_geojson(shapely.union_all(shapes_of(drawn))))
