"""Trends of the areas of a study, from the same protected counts and expected cases as their estimates.

In: cohort, out-of-fold risks, their recalibration and the estimates. Out: `Trends` over the periods of index dates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import sums, with_band_if_needed
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.areas.trends import trends
from riskstrat.disclosure import CellNoise
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import number_among
from riskstrat.recalibration import PeriodRecalibration
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort
from riskstrat.records.trends import Trends

DAYS_OF_YEAR = 365.25


@checked
def area_trends(
    cohort: Cohort,
    risk: NDArray[np.float64],
    areas: AreaEstimates,
    *,
    recalibration: PeriodRecalibration,
    noise: CellNoise | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> Trends | None:
    """Estimate how each area's ratio moved over the periods of index dates, beside the municipality's.

    Expected cases are recalibrated period by period, so that the municipality's ratio is 1 in each: an area that rises
    here rises more than what its people's factors, and the municipality's change, explain.

    Examples
    --------
    >>> area_trends(cohort, risk, areas, recalibration=recalibration) is None  # one period
    True
    """
    periods, size = areas.calibration, areas.table.height
    if periods.height < 2 or size < 2:
        return None
    people = with_band_if_needed(cohort.people, areas.by)
    group = np.where(cohort.is_counted, number_among(people.select(areas.by), areas.groups), -1)
    period = np.searchsorted(periods["last_landmark"].sort().to_numpy(), people["landmark"].to_numpy())
    cell, cells = np.where(group >= 0, period * size + group, -1), periods.height * size
    rows = observed_expected(cohort, risk, recalibration, by=areas.by, noise=noise)
    counts = rows.by_group(cell, cells, group)
    years = _years(people, period, group >= 0, periods.height)
    frame = pl.concat([areas.groups] * periods.height).with_columns(
        year=np.repeat(years, size), cases=pl.Series(counts.observed), people=pl.Series(counts.expected)
    )
    if not counts.observed[counts.expected > 0].any() or len(np.unique(years)) < periods.height:
        return None
    measured = rows.protected.count(cell, cells, rows.included)
    mean_risk = np.divide(counts.table["expected"].to_numpy(), measured, out=np.zeros(cells), where=measured > 0)
    moved = trends(frame, areas.by, noise=counts.noise, draws=draws, seed=seed)
    return replace(moved, mean_risk=mean_risk.reshape(-1, size))


def _years(
    people: pl.DataFrame, period: NDArray[np.intp], inside: NDArray[np.bool_], periods: int
) -> NDArray[np.float64]:
    """Year of the mean index date of each period, to one decimal."""
    if "index_date" not in people.columns:
        return np.arange(periods, dtype=np.float64)
    day, of = people["index_date"].cast(pl.Int32).to_numpy(), np.where(inside, period, -1)
    mean_day = sums(of, day, periods) / np.maximum(sums(of, None, periods), 1)
    return np.asarray((1970 + mean_day / DAYS_OF_YEAR).round(1))
