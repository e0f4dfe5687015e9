"""Days, months and whole years of age, where a missing anniversary day becomes the first of the next month.

In: polars expressions of dates. Out: polars expressions of dates and whole years.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl


def plus_months(day: pl.Expr, months: int) -> pl.Expr:
    """Add months to a date; a day that the month does not have becomes the first of the next month.

    Examples
    --------
    >>> from datetime import date
    >>> born = pl.DataFrame({"born": [date(2020, 8, 31), date(2020, 2, 29), date(2020, 5, 15)]})
    >>> [day.isoformat() for day in born.select(plus_months(pl.col("born"), 18)).to_series()]
    ['2022-03-01', '2021-08-29', '2021-11-15']
    """
    moved = day.dt.offset_by(f"{months}mo")  # takes the last day of the month where the day is missing
    return pl.when(moved.dt.day() < day.dt.day()).then(moved + timedelta(days=1)).otherwise(moved)


def day_number(day: pl.Expr) -> pl.Expr:
    """Write a date as the number yyyymmdd (Int32), whose differences count whole years in steps of 10,000."""
    return day.dt.year() * 10_000 + day.dt.month().cast(pl.Int32) * 100 + day.dt.day()


def map_distinct_days(days: pl.Series, function: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Apply a function to many dates that lie close together, by applying it once to each day between them.

    Examples
    --------
    >>> from datetime import date
    >>> map_distinct_days(pl.Series([date(2021, 2, 28), date(2020, 2, 29)]), day_number).to_list()
    [20210228, 20200229]
    """
    day = pl.col("day")
    given = days.to_frame("day")
    if days.null_count() == len(days):
        return given.select(function(day)).to_series().alias(days.name)
    values = given.select(pl.date_range(day.min(), day.max()).alias("day")).select(function(day)).to_series()
    return values.gather(given.select(day.to_physical() - day.to_physical().min()).to_series()).alias(days.name)


def whole_years(birth_number: str, index_number: str) -> pl.Expr:
    """Age in whole elapsed years (Int32); birthdays on 29 February are on 1 March in other years.

    Columns hold dates as `day_number` gives them, so that many dates of a person, and many people on a date, share
    work.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"on": [date(2021, 2, 28), date(2021, 3, 1), date(2024, 2, 29)]})
    >>> numbers = days.select(day_number(pl.col("on")), born=day_number(pl.lit(date(2020, 2, 29))))
    >>> numbers.select(whole_years("born", "on")).to_series().to_list()
    [0, 1, 4]
    """
    return (pl.col(index_number) - pl.col(birth_number)) // 10_000
