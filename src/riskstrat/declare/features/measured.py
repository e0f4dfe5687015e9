"""Features of the values of rows: the last, the first, the mean, the extremes, the sum, the change per year.

Null values are skipped: they are no zeros.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, LocalisedText
from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.declare.features.events import EventFeature


def _as_list(values: pl.Expr) -> pl.Expr:
    """Give the values of a window as a list: without nulls, polars adds it up in less than half the time of a group."""
    return values.drop_nulls().implode()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Latest(EventFeature):
    """Value of the last row by date, code and value; null where there is none.

    Rows without a value are skipped.

    Examples
    --------
    >>> Latest(register="measurements", codes="systolic_mmhg", within="3y").column
    'latest_measurements_systolic_mmhg_3y'
    """

    meaning_sv: ClassVar[str] = "Värdet i sista raden efter datum, kod och värde; tomt där inget finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Take the last value."""
        return values.last(ignore_nulls=True)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Earliest(EventFeature):
    """Value of the first row by date, code and value; null where there is none.

    Rows without a value are skipped.

    Examples
    --------
    >>> Earliest(register="measurements", codes="systolic_mmhg", within="3y").column
    'earliest_measurements_systolic_mmhg_3y'
    """

    meaning_sv: ClassVar[str] = "Värdet i första raden efter datum, kod och värde; tomt där inget finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Take the first value."""
        return values.first(ignore_nulls=True)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Mean(EventFeature):
    """Mean of the values in the window; null where there is none.

    Examples
    --------
    >>> Mean(register="measurements", codes="systolic_mmhg", within="3y").column
    'mean_measurements_systolic_mmhg_3y'
    """

    meaning_sv: ClassVar[str] = "Medelvärdet i fönstret; tomt där inget finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Average the values, always in the same order."""
        return _as_list(values).list.mean()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Minimum(EventFeature):
    """Lowest value in the window; null where there is none.

    Examples
    --------
    >>> Minimum(register="measurements", codes="systolic_mmhg", within="3y").column
    'minimum_measurements_systolic_mmhg_3y'
    """

    meaning_sv: ClassVar[str] = "Lägsta värdet i fönstret; tomt där inget finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Take the lowest value."""
        return _as_list(values).list.min()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Maximum(EventFeature):
    """Highest value in the window; null where there is none.

    Examples
    --------
    >>> Maximum(register="measurements", codes="systolic_mmhg", within="3y").column
    'maximum_measurements_systolic_mmhg_3y'
    """

    meaning_sv: ClassVar[str] = "Högsta värdet i fönstret; tomt där inget finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Take the highest value."""
        return _as_list(values).list.max()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Total(EventFeature):
    """Sum of the values in the window; 0 where there is no row, null where rows are without any value.

    No dispensing is 0 doses; a dispensing of which the amount was not recorded is an unknown number of them.

    Examples
    --------
    >>> Total(register="prescriptions", codes="C10", within="1y").column
    'total_prescriptions_C10_1y'
    """

    empty: ClassVar[float | None] = 0.0
    meaning_sv: ClassVar[str] = "Summan av värdena i fönstret; 0 där ingen rad finns, tomt där raderna saknar värde."

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Add the values, always in the same order."""
        return pl.when(values.count() > 0).then(_as_list(values).list.sum())


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Slope(EventFeature):
    """Change of the values per year, by least squares; null with values on fewer than two days.

    The slope of the least-squares line of value on time in years of 365.25 days,
    ``sum((t - mean(t)) (v - mean(v))) / sum((t - mean(t))^2)`` over the rows of the window that have a value; every row
    weighs the same.

    Examples
    --------
    >>> Slope(register="measurements", codes="systolic_mmhg", within="3y").column
    'slope_measurements_systolic_mmhg_3y'
    """

    unit: ClassVar[LocalisedText] = LocalisedText(en="unit of the value per year", sv="värdets enhet per år")
    meaning_sv: ClassVar[str] = (
        "Värdenas förändring per år, med minsta kvadratmetoden; tomt med värden på färre än två dagar."
    )

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Divide the covariance of time and value by the variance of time; days before the index count backwards."""
        days = pl.when(values.is_not_null()).then(pl.col("days").cast(pl.Float64))
        return pl.when(days.min() < days.max()).then(-DAYS_PER_YEAR * pl.cov(days, values) / days.var())
