"""Which landmarks are counted together: at least one horizon apart, so that no outcome counts twice.

In: people with person_id, index_date and landmark. Out: sets of landmarks, the one that is counted first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from riskstrat.errors import Problem

_KEYS = ("person_id", "landmark")
_SPACING_UNKNOWN = Problem(
    "persons at several landmarks, without the date of each",
    "index_date, from which the landmarks that can be counted together are found",
    "add index_date to the people",
    table="cohort",
    column="index_date",
)


def landmark_sets(people: pl.DataFrame, horizon_days: float) -> list[list[int]]:
    """Divide landmarks into sets whose dates lie at least one horizon apart.

    The first set begins at the latest landmark, the next at the one before it, and so on within one horizon of the
    latest; each steps back to the next landmark that is far enough away. Empty where every index date is counted:
    horizons do not overlap, or persons have index dates of their own (`AtAge`, `AtBirth`, `AtEvent`).
    """
    if not {*_KEYS, "index_date"} <= {*people.columns}:
        return []
    dates = people.select("landmark", "index_date").unique().sort("index_date", descending=True)
    if dates["landmark"].is_duplicated().any() or not _overlaps(people, horizon_days):
        return []
    landmarks, days = dates["landmark"].to_list(), dates["index_date"].to_list()
    within = sum(day > days[0] - timedelta(days=horizon_days) for day in days)
    return [list(_steps_back(landmarks[first:], days[first:], horizon_days)) for first in range(within)]


def spacing_problems(people: pl.DataFrame) -> list[Problem]:
    """Say whether persons recur at landmarks whose distance is not known."""
    if not {*_KEYS} <= {*people.columns} or "index_date" in people.columns:
        return []
    return [_SPACING_UNKNOWN] if people.select(_KEYS).unique()["person_id"].is_duplicated().any() else []


def _overlaps(people: pl.DataFrame, horizon_days: float) -> bool:
    ordered = people.select("person_id", "index_date").sort("person_id", "index_date")
    near = pl.col("index_date").diff() < timedelta(days=horizon_days)
    return bool(ordered.select((near & (pl.col("person_id") == pl.col("person_id").shift())).any()).item())


def _steps_back(landmarks: list[int], days: list[date], horizon_days: float) -> Iterator[int]:
    latest = date.max
    for landmark, day in zip(landmarks, days, strict=True):
        if latest - day >= timedelta(days=horizon_days):
            yield landmark
            latest = day
