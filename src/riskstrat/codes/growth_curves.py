"""Growth references as published in, one value of L, M and S for each sex and day of age out.

L is the Box-Cox power, M the median (kg/m² or g) and S the coefficient of variation of Cole and Green's method. Every
reference ends in the same shape, so that a z-score is one look-up and one formula whatever the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.codes.datafiles import read_table

Curve = NDArray[np.float64]
GrowthReference = Literal["who", "iotf", "marsal"]
REFERENCES: tuple[GrowthReference, ...] = get_args(GrowthReference)

DAYS_A_YEAR = 365.25
DAYS_A_MONTH = 30.4375  # WHO's month
SEXES = ("female", "male")

WHO_2006_DAYS = (0, 1826)  # to the 5th birthday
WHO_2007_DAYS = (1827, 6969)  # to 228 completed months
IOTF_DAYS = (730, 6575)  # the 2nd to the 18th birthday, however the leap years fall
MARSAL_DAYS = (154, 301)  # 22 to 43 completed weeks
MARSAL_SD = 0.12  # of the mean


@dataclass(frozen=True)
class DailyCurves:
    """L, M and S by whole day from `first_day` to `last_day`; females first, then males, in one series each."""

    first_day: int
    last_day: int
    l: pl.Series  # noqa: E741 - the method's own name
    m: pl.Series
    s: pl.Series

    @property
    def days(self) -> int:
        """Number of days of one sex."""
        return self.last_day - self.first_day + 1


@cache
def daily_curves(reference: GrowthReference) -> DailyCurves:
    """Tabulate L, M and S of one of `REFERENCES` by sex and day of age."""
    build = {"who": _who, "iotf": _iotf, "marsal": _marsal}[reference]
    return build()


def _who() -> DailyCurves:
    """WHO 2006 to five years, then WHO 2007 linearly between months, as WHO's own programs do."""
    standard = read_table("growth/who2006_bmi_by_day.csv").sort("sex", "age_days")
    by_month = read_table("growth/who2007_bmi_by_month.csv")
    months = np.arange(WHO_2007_DAYS[0], WHO_2007_DAYS[1] + 1) / DAYS_A_MONTH

    def curve(sex: str, column: str) -> Curve:
        knots = by_month.filter(pl.col("sex") == sex).sort("age_months")
        later = np.interp(months, knots["age_months"].to_numpy(), knots[column].to_numpy())
        return np.concatenate([standard.filter(pl.col("sex") == sex)[column].to_numpy(), later])

    return _of_both_sexes(WHO_2006_DAYS[0], WHO_2007_DAYS[1], curve)


def _iotf() -> DailyCurves:
    table = read_table("growth/iotf2012_bmi_by_year.csv")
    years = (np.arange(IOTF_DAYS[0], IOTF_DAYS[1] + 1) / DAYS_A_YEAR).clip(2, 18)
    return _of_both_sexes(*IOTF_DAYS, lambda sex, column: iotf_curve(table, sex, column, years))


def _of_both_sexes(first_day: int, last_day: int, curve: Callable[[str, str], Curve]) -> DailyCurves:
    """Put together the curves of each sex and of L, M and S."""
    curves = (pl.Series(column, np.concatenate([curve(sex, column) for sex in SEXES])) for column in ("l", "m", "s"))
    return DailyCurves(first_day, last_day, *curves)


def _marsal() -> DailyCurves:
    """Mean as a polynomial of the days; a normal distribution is L = 1."""
    table = read_table("growth/marsal1996_birth_weight.csv").sort("sex")
    days = np.arange(MARSAL_DAYS[0], MARSAL_DAYS[1] + 1, dtype=np.float64)
    powers = np.stack([days**power for power in range(5)])
    mean = (table.select("d0", "d1", "d2", "d3", "d4").to_numpy() @ powers).ravel()
    ones = np.ones_like(mean)
    return DailyCurves(*MARSAL_DAYS, pl.Series("l", ones), pl.Series("m", mean), pl.Series("s", MARSAL_SD * ones))


def iotf_curve(table: pl.DataFrame, sex: str, column: str, age_years: Curve) -> Curve:
    """Interpolate one of L, M, S for a sex: the cubic through the four nearest half-years."""
    knots = table.filter(pl.col("sex") == sex).sort("age_years")
    return _four_point_cubic(knots["age_years"].to_numpy(), knots[column].to_numpy(), age_years)


def _four_point_cubic(knots: Curve, values: Curve, at: Curve) -> Curve:
    """Lagrange's cubic; near an end the four outermost knots are used."""
    start = (np.searchsorted(knots, at, side="right") - 2).clip(0, len(knots) - 4)
    result = np.zeros_like(at, dtype=np.float64)
    for own in range(4):
        others = [other for other in range(4) if other != own]
        gaps = [(at - knots[start + other]) / (knots[start + own] - knots[start + other]) for other in others]
        result += values[start + own] * gaps[0] * gaps[1] * gaps[2]
    return result
