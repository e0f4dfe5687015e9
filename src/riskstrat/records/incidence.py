"""What happened to those who were followed, whatever a model says: by time since the index date, by age and by year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import Disclosure, UnitCounts
from riskstrat.errors import number_of
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, followed_size, wilson_interval

PER: Final = 1_000.0
"""Person-years that a rate is given for."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Incidence:
    """Cumulative incidence and rates of the index dates that are counted.

    Attributes
    ----------
    curves
        Cumulative incidence of the outcome (event 1) and of the competing death (event 2) at fixed times, overall
        (``group`` is ``"all"``) and by group: group, days, event, estimate, lower, upper, at_risk. Behind each cell are
        index_dates and persons of the group, cases and case_persons (who had had the event by then) and at_risk and
        at_risk_persons (just before that day), with the keys of these counts (``cases_key``, say).
    person_years
        Follow-up split by age and calendar year: age_band, year, index_dates, persons, person_years, events,
        event_persons, rate per 1,000 person-years with its interval, and keys.
    horizon_days
        Where follow-up ends at the latest.
    rows_per_person
        By event, sum over persons of squared over that of plain numbers of their events: by so much the variance of a
        count exceeds that of as many persons.
    outcomes
        Outcomes of the units of a study, which those counted here are part of; None where there is no study.
    """

    curves: pl.DataFrame = field(repr=False)
    person_years: pl.DataFrame = field(repr=False)
    horizon_days: int
    rows_per_person: Mapping[int, float] = field(default_factory=lambda: {1: 1.0, 2: 1.0})
    outcomes: UnitCounts | None = field(default=None, repr=False)
    disclosure: Disclosure = field(default_factory=Disclosure)

    def __repr__(self) -> str:
        return f"Incidence({number_of(self.curves['group'].n_unique(), 'group')}, {self.horizon_days} days)"


def with_limits(
    curves: pl.DataFrame, rows_per_person: Mapping[int, float], added_variance: npt.ArrayLike = 0.0
) -> pl.DataFrame:
    """Add Wilson's limits at the size that follow-up leaves, counted in persons."""
    free = (1 - pl.col("estimate").sum().over("group", "days")).alias("free")
    rows = pl.col("event").replace_strict(rows_per_person, return_dtype=pl.Float64)
    behind = curves.select(pl.col("estimate").fill_null(0.5), "at_risk", free, "index_dates", rows.alias("rows"))
    share, at_risk, event_free, n, repeated = (column.to_numpy() for column in behind.cast(pl.Float64))
    size = followed_size(at_risk, event_free, n) / repeated
    found = zip(("lower", "upper"), wilson_interval(share, size, PUBLISHED_LEVEL, added_variance), strict=True)
    known = pl.col("estimate").is_not_null()
    return curves.with_columns(pl.when(known).then(pl.Series(limit)).alias(name) for name, limit in found)
