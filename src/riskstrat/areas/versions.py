"""Areas whose boundaries change: which new areas an old one became, and what stays the same throughout.

In: outlines of two versions, or the key that Statistics Sweden publishes. Out: a lookup, and stable areas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.outlines import in_metres, shapes_of, without_enclaves
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional

SLIVER = 0.1
"""A smaller share of both areas comes from simplified outlines, not from a change.

In a simplified map of the 1,287 DeSO of Stockholm county one pair of neighbours in a thousand overlaps by more.
"""


@checked
def area_lookup(
    old: Mapping[str, object], new: Mapping[str, object], *, sliver: float = SLIVER, key: str = "area_id"
) -> pl.DataFrame:
    """Find which new areas each old one overlaps, where no published key says it.

    Parameters
    ----------
    old, new
        GeoJSON FeatureCollections of two versions of the areas, in the same coordinates. An area that lies in another
        is cut out of it, where no hole is drawn.
    sliver
        Overlaps that are less than this share of both areas are left out: simplified outlines never fit exactly.
    key
        The property that holds the area's code.

    Returns
    -------
    polars.DataFrame
        old, new, share: the part of the old area's surface, 0 to 1, that lies in the new one; sorted by old and new.
        Shares are of surface, not of people: where people live in an old area is not known.

    Raises
    ------
    MissingExtraError
        If the extra ``spatial`` is not installed.

    Examples
    --------
    >>> def strip(code, start, end):
    ...     ring = [[start, 0], [end, 0], [end, 1], [start, 1], [start, 0]]
    ...     return {"properties": {"area_id": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    >>> before, after = [strip("A", 0, 2), strip("B", 2, 3)], [strip("A1", 0, 1), strip("A2", 1, 2), strip("B", 2, 3)]
    >>> area_lookup({"features": before}, {"features": after}).rows()
    [('A', 'A1', 0.5), ('A', 'A2', 0.5), ('B', 'B', 1.0)]
    """
    shapely = optional("shapely")
    before, after = _features(old), _features(new)
    both = in_metres(shapes_of([*before, *after]))
    first, second = without_enclaves(both[: len(before)]), without_enclaves(both[len(before) :])
    one, other = shapely.STRtree(second).query(first, predicate="intersects")
    common = shapely.area(shapely.intersection(first[one], second[other]))
    of_old, of_new = common / shapely.area(first[one]), common / shapely.area(second[other])
    kept = np.maximum(of_old, of_new) >= sliver
    found = {"old": _codes(before, key)[one], "new": _codes(after, key)[other], "share": of_old.round(6)}
    return (
        pl.DataFrame(found, schema={"old": pl.String, "new": pl.String, "share": pl.Float64})
        .filter(kept)
        .sort("old", "new")
    )


@checked
def stable_areas(lookup: pl.DataFrame) -> pl.DataFrame:
    """Join areas until nobody can cross a boundary by its being moved: the smallest areas that both versions have.

    A person-year keeps the area of its year; counted by stable area, years before and after a change are one series.

    Parameters
    ----------
    lookup
        old and new, a row for each overlap: what `area_lookup` gives, or the published key.

    Returns
    -------
    polars.DataFrame
        version (``"old"`` or ``"new"``), area_id, stable_id: the code itself where nothing changed, else the new codes
        of its part of the map joined by ``+``; sorted.

    Raises
    ------
    UsageError
        If a column is missing, or a code is.

    Examples
    --------
    >>> split = pl.DataFrame({"old": ["A", "A", "B"], "new": ["A1", "A2", "B"]})
    >>> stable_areas(split).filter(pl.col("version") == "old").rows()
    [('old', 'A', 'A1+A2'), ('old', 'B', 'B')]
    """
    _refuse_columns(lookup)
    part = _parts(lookup)
    named = lookup.select("old", "new", part=part).with_columns(
        stable_id=pl.col("new").unique().sort().str.join("+").over("part")
    )
    versions = [
        named.select(version=pl.lit(version), area_id=version, stable_id="stable_id").unique()
        for version in ("old", "new")
    ]
    return pl.concat(versions).sort("version", "area_id")


def _parts(lookup: pl.DataFrame) -> NDArray[np.int32]:
    """Say to which connected part of the map each row of the lookup belongs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    old, new = lookup["old"].rank("dense").to_numpy() - 1, lookup["new"].rank("dense").to_numpy() - 1
    olds = lookup["old"].n_unique()
    size = olds + lookup["new"].n_unique()
    _, part = connected_components(coo_array((np.ones(len(old)), (old, olds + new)), shape=(size, size)))
    return cast("NDArray[np.int32]", part[old])


def _features(geometry: Mapping[str, object]) -> Sequence[Mapping[str, Mapping[str, object]]]:
    return cast("Sequence[Mapping[str, Mapping[str, object]]]", geometry["features"])


def _codes(features: Sequence[Mapping[str, Mapping[str, object]]], key: str) -> NDArray[np.object_]:
    return np.array([str(feature["properties"][key]) for feature in features], dtype=object)


def _refuse_columns(lookup: pl.DataFrame) -> None:
    found = {
        name: f"{number_of(lookup[name].null_count(), 'row')} without a code"
        if name in lookup.columns
        else "no such column"
        for name in ("old", "new")
        if name not in lookup.columns or lookup[name].null_count()
    }
    expected, remedy = "codes of areas", "add the column, and leave out what has no counterpart"
    if found:
        raise UsageError(
            *(Problem(wrong, expected, remedy, table="lookup", column=name) for name, wrong in found.items())
        )
