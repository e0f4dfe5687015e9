"""Days, months and whole years of age, where a missing anniversary day becomes the first of the next month.

In: polars expressions of dates. Out: polars expressions of dates and whole years.
"""

from __future__ import annotations

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
    return pl.when(moved.dt.day() < day.dt.day()).then(moved.dt.offset_by("1d")).otherwise(moved)


def whole_years(born: pl.Expr, on: pl.Expr) -> pl.Expr:
    """Age in whole elapsed years; who was born on 29 February has the birthday on 1 March in other years.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"on": [date(2021, 2, 28), date(2021, 3, 1), date(2024, 2, 29)]})
    >>> days.select(whole_years(pl.lit(date(2020, 2, 29)), pl.col("on"))).to_series().to_list()
    [0, 1, 4]
    """
    before_birthday = _month_and_day(on) < _month_and_day(born)
    return on.dt.year() - born.dt.year() - before_birthday.cast(pl.Int32)


def _month_and_day(day: pl.Expr) -> pl.Expr:
    return day.dt.month().cast(pl.Int16) * 100 + day.dt.day()
