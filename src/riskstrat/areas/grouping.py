"""Which group and which stratum of age and sex each person belongs to.

In: frames of people. Out: numbers, -1 where a label is missing, and the frame of labels that the numbers point into.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import CellNoise
from riskstrat.errors import Problem
from riskstrat.numerics.groups import AGE_BAND, age_band

# Children change fast: one year at a time below this age, then five.
SINGLE_YEARS_BELOW = 20
BAND_YEARS = 5
OLDEST_BAND = 90
GEOGRAPHIES = ("area_id", "care_centre_id", "parent_id", "municipality")
"""Columns that say where people belong: of two of them, groups of one hold parts of groups of the other."""


def with_age_band(people: pl.DataFrame) -> pl.DataFrame:
    """Add the column ``age_band``, by which areas are standardised, unless the people already have one."""
    if AGE_BAND in people.columns:
        return people
    return people.with_columns(age_band(BAND_YEARS, single_years_below=SINGLE_YEARS_BELOW, open_from=OLDEST_BAND))


def with_band_if_needed(people: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Add the column ``age_band`` where it is one of the grouping columns."""
    return with_age_band(people) if AGE_BAND in by else people


def folds_of_target(
    trained: pl.Series, folds: NDArray[np.integer], target: pl.Series, unseen: int = -1
) -> NDArray[np.integer]:
    """Fold of each person of the target population: the one that the person's area belongs to.

    Examples
    --------
    >>> folds_of_target(pl.Series(["a", "a", "b"]), np.array([0, 0, 1]), pl.Series(["b", "c", "a"])).tolist()
    [1, -1, 0]
    """
    known = pl.DataFrame({"area": trained, "fold": folds}).unique("area")
    people = target.to_frame("area")
    found = people.join(known, on="area", how="left", maintain_order="left", nulls_equal=True)["fold"]
    return found.fill_null(unseen).to_numpy()


def sums(numbers: NDArray[np.integer], values: NDArray[np.number | np.bool_] | None, groups: int) -> NDArray[np.number]:
    """Sum values (or count rows) per group, (groups,); rows without a group are left out."""
    inside = numbers >= 0
    return np.bincount(numbers[inside], None if values is None else values[inside], minlength=groups)


def check_columns(by: Sequence[str], **frames: pl.DataFrame) -> list[Problem]:
    """List the grouping columns that a frame does not have."""
    if not by:
        return [Problem("no grouping column", "at least one", "give by='area_id', say")]
    return [
        Problem(
            "no such column",
            f"a grouping column, one of: {', '.join(frame.columns)}",
            "add it to the people or choose another",
            table=name,
            column=column,
        )
        for name, frame in frames.items()
        for column in by
        if column not in frame.columns
    ]


def overlap_problems(by: Sequence[str], noise: CellNoise | None) -> list[Problem]:
    """Refuse results by two geographies: they share people, and small intersections come out by subtraction."""
    both = [column for column in dict.fromkeys(by) if column in GEOGRAPHIES]
    if len(both) < 2 or noise is None or not noise.width:
        return []
    return [
        Problem(
            f"groups by {' and '.join(both)}, which overlap",
            "one geography in all results, whose units are the ones that are protected",
            "put the unit of areas.intersections in the place of both, or leave one out",
        )
    ]


def as_columns(by: str | Sequence[str]) -> tuple[str, ...]:
    """One column or several, as a tuple."""
    return (by,) if isinstance(by, str) else tuple(by)
