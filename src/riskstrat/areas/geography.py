"""Which areas share a border.

In: GeoJSON polygons in degrees or in metres. Out: pairs of neighbours in the order of the areas, the islands, and the
connected parts of the map.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from riskstrat.areas.outlines import in_metres, shapes_of, without_enclaves
from riskstrat.errors import ContractError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional

TOLERANCE_M = 1.0
"""Borders drawn up to a metre apart are one: simplified outlines overlap and leave gaps."""

_BORDER_IN_TOLERANCES = 4.0
"""Shorter contact is a corner."""

_ENDS_IN_TOLERANCES = 2.0
"""At both ends of a border its outline is within the tolerance for one tolerance more; of a corner, this is all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Who borders whom.

    Attributes
    ----------
    areas
        Area labels; a position in this tuple is an area's number.
    pairs
        Numbers of the two areas of each border, (m, 2), each border once.

    Raises
    ------
    UsageError
        If an area comes twice, or pairs are no borders between two of these areas; all of it at once.

    Examples
    --------
    >>> chain = Neighbours(areas=("a", "b", "c", "d"), pairs=np.array([[0, 1], [1, 2]]))
    >>> chain.of(1).tolist(), chain.islands
    ([0, 2], ('d',))
    """

    areas: tuple[str, ...]
    pairs: NDArray[np.intp]

    def __post_init__(self) -> None:
        UsageError.refuse(_pair_problems(self.areas, np.asarray(self.pairs)))

    @cached_property
    def _lists(self) -> list[NDArray[np.intp]]:
        lists: list[list[int]] = [[] for _ in self.areas]
        for one, other in self.pairs.tolist():
            lists[one].append(other)
            lists[other].append(one)
        return [np.array(sorted(near), dtype=np.intp) for near in lists]

    def of(self, area: int) -> NDArray[np.intp]:
        """Numbers of the neighbours of an area, ascending."""
        return self._lists[area]

    def of_areas(self, areas: Sequence[str]) -> Neighbours:
        """Give the borders among these areas, in their order.

        Raises
        ------
        UsageError
            If the neighbours of some of the areas are not known.
        """
        number = {area: at for at, area in enumerate(areas)}
        if unknown := [area for area in areas if area not in self.areas]:
            raise UsageError(
                Problem(
                    f"{number_of(len(unknown), 'area')} without known neighbours: {', '.join(unknown[:5])}",
                    "every area, also those without any",
                    "find the neighbours of the same areas (of the units of a partition, say)",
                )
            )
        moved = np.array([number.get(area, -1) for area in self.areas], dtype=np.intp)[self.pairs].reshape(-1, 2)
        return Neighbours(areas=tuple(areas), pairs=np.sort(moved[(moved >= 0).all(axis=1)], axis=1))

    @property
    def islands(self) -> tuple[str, ...]:
        """Labels of the areas without a neighbour."""
        return tuple(label for label, near in zip(self.areas, self._lists, strict=True) if near.size == 0)

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """Labels of the areas of each connected part of the map, the largest part first."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        size = len(self.areas)
        joined = coo_array((np.ones(len(self.pairs)), tuple(self.pairs.T)), shape=(size, size))
        count, part = connected_components(joined, directed=False)
        members = [tuple(np.array(self.areas)[part == number].tolist()) for number in range(count)]
        return tuple(sorted(members, key=len, reverse=True))


@checked
def neighbours(geometry: Mapping[str, object], *, key: str = "area_id", tolerance_m: float = TOLERANCE_M) -> Neighbours:
    """Find the areas that share a border of some length.

    Borders need not have the same corners on both sides, nor lie exactly on each other: what counts is how much of
    either outline runs within the tolerance of the other area, less what belongs to corners. Areas that meet at any
    number of corners are no neighbours; an area that lies in another, as a hole or not, is its neighbour. The order of
    the features makes no difference.

    Parameters
    ----------
    geometry
        A GeoJSON FeatureCollection of Polygon or MultiPolygon features, such as `registers.read_geography` gives.
    key
        The property that holds the area's label.
    tolerance_m
        Distance in metres up to which two outlines are one border; borders shorter than four times this are corners.
        Coordinates within -180 to 180 and -90 to 90 are taken as degrees, all others as metres.

    Returns
    -------
    Neighbours
        Areas in the order of the features.

    Raises
    ------
    ContractError
        If a feature has no label, a label comes twice, or a geometry is not a polygon.
    UsageError
        If the tolerance is not positive.
    MissingExtraError
        If the extra ``spatial`` is not installed.

    Examples
    --------
    >>> def square(label, x):
    ...     ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
    ...     return {"properties": {"area_id": label}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    >>> found = neighbours({"features": [square("west", 0), square("east", 1), square("far", 5)]})
    >>> found.pairs.tolist(), found.islands
    ([[0, 1]], ('far',))
    """
    if not tolerance_m > 0:
        raise UsageError(Problem(f"a tolerance of {tolerance_m} m", "more than 0", "leave it out, or raise it"))
    features = cast("list[Mapping[str, Mapping[str, object]]]", geometry.get("features") or [])
    _check(features, key)
    areas = tuple(str(feature["properties"][key]) for feature in features)
    return Neighbours(areas=areas, pairs=_borders(without_enclaves(in_metres(shapes_of(features))), tolerance_m))


def _pair_problems(areas: Sequence[str], pairs: NDArray[np.integer]) -> list[Problem]:
    number, shaped = len(areas), pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype.kind in "iu"
    inside = shaped and bool(((pairs >= 0) & (pairs < number)).all())
    twice = sorted(area for area, times in Counter(areas).items() if times > 1)
    complaints = (
        (bool(twice), f"areas that come twice: {', '.join(twice[:5])}", "each area once"),
        (not shaped, f"pairs of shape {pairs.shape} and type {pairs.dtype}", "whole numbers of shape (borders, 2)"),
        (shaped and not inside, "pairs with numbers of no area", f"numbers from 0 to {number - 1}"),
        (shaped and bool((pairs[:, 0] == pairs[:, 1]).any()), "areas that border on themselves", "two areas a border"),
        (
            shaped and len(np.unique(np.sort(pairs, axis=1), axis=0)) < len(pairs),
            "borders that come twice",
            "each once",
        ),
    )
    remedy = "correct the neighbours, or find them from outlines (riskstrat.areas.neighbours)"
    return [Problem(found, expected, remedy, table="neighbours") for wrong, found, expected in complaints if wrong]


def _borders(shapes: NDArray[np.object_], tolerance: float) -> NDArray[np.intp]:
    """Pairs of shapes, smaller number first, of which one outline runs along the other shape, or both do."""
    shapely = optional("shapely")
    widened = shapely.buffer(shapes, tolerance)
    other, one = shapely.STRtree(shapes).query(widened, predicate="intersects")
    one, other = one[one != other], other[one != other]
    contact = shapely.line_merge(shapely.intersection(shapely.boundary(shapes[one]), widened[other]))
    run, pair = shapely.get_parts(contact, return_index=True)
    beyond_ends = np.clip(shapely.length(run) - _ENDS_IN_TOLERANCES * tolerance, 0, None)
    along = np.bincount(pair, beyond_ends, minlength=len(one))
    pairs = np.sort(np.stack([one, other], axis=1), axis=1)[along >= _BORDER_IN_TOLERANCES * tolerance]
    return np.unique(pairs.astype(np.intp), axis=0).reshape(-1, 2)


def _check(features: Sequence[Mapping[str, Mapping[str, object]]], key: str) -> None:
    labels = [(feature.get("properties") or {}).get(key) for feature in features]
    kinds = [(feature.get("geometry") or {}).get("type") for feature in features]
    complaints = (
        (not features, "no features", "a FeatureCollection with one feature an area"),
        (None in labels, f"{number_of(labels.count(None), 'feature')} without '{key}'", "a label for every area"),
        (len(set(labels)) < len(labels), "labels that come more than once", "one feature an area"),
        (not set(kinds) <= {"Polygon", "MultiPolygon"}, "shapes other than polygons", "Polygon or MultiPolygon"),
    )
    problems = [
        Problem(found, expected, "correct the file", table="geometry") for wrong, found, expected in complaints if wrong
    ]
    if problems:
        raise ContractError(*problems)
