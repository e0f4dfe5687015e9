"""Which areas share a border.

In: GeoJSON polygons in any planar or geographic coordinates. Out: pairs of neighbours in the order of the
areas, and the islands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from riskstrat.errors import ContractError, Problem

# A border counts when it is longer than this share of the map's width: a shared corner is not a border.
TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Who borders whom.

    Attributes
    ----------
    areas
        Area labels; a position in this tuple is an area's number.
    pairs
        Numbers of the two areas of each border, (m, 2), smaller first, each once.

    Examples
    --------
    >>> chain = Neighbours(areas=("a", "b", "c", "d"), pairs=np.array([[0, 1], [1, 2]]))
    >>> chain.of(1).tolist(), chain.islands
    ([0, 2], ('d',))
    """

    areas: tuple[str, ...]
    pairs: np.ndarray

    @cached_property
    def _lists(self) -> list[np.ndarray]:
        lists: list[list[int]] = [[] for _ in self.areas]
        for one, other in self.pairs.tolist():
            lists[one].append(other)
            lists[other].append(one)
        return [np.array(sorted(near), dtype=np.intp) for near in lists]

    def of(self, area: int) -> np.ndarray:
        """Numbers of the neighbours of an area, ascending."""
        return self._lists[area]

    @property
    def islands(self) -> tuple[str, ...]:
        """Labels of the areas without a neighbour."""
        return tuple(label for label, near in zip(self.areas, self._lists, strict=True) if near.size == 0)


def neighbours(geometry: Mapping[str, object], *, key: str = "area_id") -> Neighbours:
    """Find the areas that share a border of some length.

    Borders need not have the same corners on both sides: two edges on one line that overlap are a border.

    Parameters
    ----------
    geometry
        A GeoJSON FeatureCollection of Polygon or MultiPolygon features.
    key
        The property that holds the area's label.

    Returns
    -------
    Neighbours
        Areas in the order of the features.

    Raises
    ------
    ContractError
        If a feature has no label, a label comes twice, or a geometry is not a polygon.

    Examples
    --------
    >>> def square(label, x):
    ...     ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
    ...     return {"properties": {"area_id": label}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    >>> found = neighbours({"features": [square("west", 0), square("east", 1), square("far", 5)]})
    >>> found.pairs.tolist(), found.islands
    ([[0, 1]], ('far',))
    """
    features = geometry.get("features")
    features = features if isinstance(features, list) else []
    _check(features, key)
    areas = tuple(str(feature["properties"][key]) for feature in features)
    edges = [(area, edge) for area, feature in enumerate(features) for edge in _edges(feature["geometry"])]
    pairs = sorted(_borders(edges))
    return Neighbours(areas=areas, pairs=np.array(pairs, dtype=np.intp).reshape(-1, 2))


def _check(features: Sequence[Mapping[str, Mapping[str, object]]], key: str) -> None:
    labels = [(feature.get("properties") or {}).get(key) for feature in features]
    kinds = [(feature.get("geometry") or {}).get("type") for feature in features]
    complaints = (
        (not features, "no features", "a FeatureCollection with one feature an area"),
        (None in labels, f"{labels.count(None)} features without '{key}'", "a label for every area"),
        (len(set(labels)) < len(labels), "labels that come more than once", "one feature an area"),
        (not set(kinds) <= {"Polygon", "MultiPolygon"}, "shapes other than polygons", "Polygon or MultiPolygon"),
    )
    problems = [
        Problem(found=found, expected=expected, remedy="correct the file", table="geometry")
        for wrong, found, expected in complaints
        if wrong
    ]
    if problems:
        raise ContractError(*problems)


def _edges(shape: Mapping[str, object]) -> Iterator[np.ndarray]:
    """Edges of all rings, each (2, 2): from, to."""
    coordinates = shape["coordinates"]
    polygons = coordinates if shape["type"] == "MultiPolygon" else [coordinates]
    for polygon in polygons:  # type: ignore[attr-defined]
        for ring in polygon:
            points = np.asarray(ring, dtype=float)[:, :2]
            yield from (np.array(edge) for edge in pairwise(points))


def _borders(edges: Sequence[tuple[int, np.ndarray]]) -> set[tuple[int, int]]:
    """Pairs of areas with edges on one line that overlap by more than the tolerance."""
    corners = np.concatenate([edge for _, edge in edges])
    origin, tolerance = corners.mean(axis=0), TOLERANCE * float(np.ptp(corners, axis=0).max())
    lines: dict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
    for area, edge in edges:
        along = edge[1] - edge[0]
        length = float(np.hypot(*along))
        if length > tolerance:
            key, start, end = _on_line(edge - origin, along / length, tolerance)
            lines[key].append((start, end, area))
    return {pair for segments in lines.values() for pair in _overlaps(sorted(segments), tolerance)}


def _on_line(edge: np.ndarray, direction: np.ndarray, tolerance: float) -> tuple[tuple[int, int], float, float]:
    """Find the line that an edge lies on (angle and distance from the origin, rounded) and where on it."""
    if direction[0] < -TOLERANCE or (abs(direction[0]) <= TOLERANCE and direction[1] < 0):
        direction = -direction
    angle = round(float(np.arctan2(direction[1], direction[0])) / (10 * TOLERANCE))
    distance = round(float(direction[0] * edge[0, 1] - direction[1] * edge[0, 0]) / tolerance / 10)
    start, end = sorted((edge @ direction).tolist())
    return (angle, distance), start, end


def _overlaps(segments: Iterable[tuple[float, float, int]], tolerance: float) -> Iterator[tuple[int, int]]:
    """Pairs of areas whose segments (start, end, area; sorted by start) overlap."""
    open_segments: list[tuple[float, int]] = []
    for start, end, area in segments:
        open_segments = [(until, other) for until, other in open_segments if until - start > tolerance]
        yield from ((min(area, other), max(area, other)) for _, other in open_segments if other != area)
        open_segments.append((end, area))
