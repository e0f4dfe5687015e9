"""Outlines of areas as shapes that can be measured.

In: GeoJSON features. Out: shapely geometries, in metres.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from riskstrat.extras import optional

if TYPE_CHECKING:
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


def shapes_of(features: Iterable[Mapping[str, object]]) -> Shapes:
    """Read the geometries of GeoJSON features; outlines that cross themselves are repaired."""
    shapely = optional("shapely")
    found: Shapes = shapely.make_valid(shapely.from_geojson([json.dumps(one["geometry"]) for one in features]))
    return found


def in_metres(shapes: Shapes) -> Shapes:
    """Flatten degrees, true in the middle of the map; what is not in degrees is taken to be in metres already."""
    shapely = optional("shapely")
    west, south, east, north = shapely.total_bounds(shapes)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        return shapes
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    flat: Shapes = shapely.transform(shapes, lambda points: points * scale)
    return flat
