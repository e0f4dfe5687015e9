"""How results move with the landmarks that are counted: one row a set of landmarks at least one horizon apart.

In: each row's share of O and E, groups and a posterior method. Out: counts and ratios of every set, the counted first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.observed_expected import GroupCounts, ObservedExpected
from riskstrat.records.cohort import Cohort

Floats = NDArray[np.float64]


def compare_landmark_sets(
    cohort: Cohort,
    rows: ObservedExpected,
    group: NDArray[np.integer],
    groups: int,
    smooth: Callable[[GroupCounts], Floats],
) -> pl.DataFrame:
    """Count every set of landmarks, and say how far its ratios lie from those of the set that is counted.

    `group` is each row's of so many `groups`, (n,), group -1 left out; `smooth` gives the groups' smoothed ratios. One
    row a set: ``landmarks`` (dates, the latest first; null where persons have index dates of their own),
    ``index_dates``, ``persons``, ``cases``, ``case_persons``, ``weighted_cases``, ``expected``, ``observed_expected``
    (their ratio in all), and ``largest_change``, the largest factor by which a group's smoothed ratio differs, either
    way; null where the set has no outcome.
    """
    sets: Sequence[list[int] | None] = cohort.landmark_sets or [None]
    masks = [cohort.at_landmarks(one) & (group >= 0) for one in sets]
    counts = [rows.by_group(np.where(mask, group, -1), groups) for mask in masks]
    ratios = [smooth(one) if one.observed.any() else None for one in counts]
    together = [rows.together(np.where(mask, group, -1), groups) for mask in masks]
    return pl.concat(together).select(
        pl.Series("landmarks", [_dates(cohort, one) for one in sets], pl.String),
        pl.all(),
        (pl.col("weighted_cases") / pl.col("expected")).alias("observed_expected"),
        pl.Series("largest_change", [_largest_change(ratio, ratios[0]) for ratio in ratios], pl.Float64),
    )


def _dates(cohort: Cohort, landmarks: list[int] | None) -> str | None:
    dates = cohort.landmark_dates
    chosen = [dates[landmark] for landmark in (dates if landmarks is None else landmarks)]
    return ", ".join(day.isoformat() for day in sorted(chosen, reverse=True)) or None


def _largest_change(ratio: Floats | None, counted: Floats | None) -> float | None:
    if ratio is None or counted is None:
        return None
    return float(np.exp(np.abs(np.log(ratio / counted)).max()))
