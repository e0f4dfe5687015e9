"""Spells put together from rows: rows that overlap or share a day, as a transfer between hospitals, are one."""

from __future__ import annotations

import polars as pl

_DAYS_APART = 8_000_000
"""More days than lie between any two dates."""


def merged_spells(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Merge rows of which the next starts on the day the previous one ends, or before; without an end a row is a day.

    Gives person_id, date (of the first row), last_day (the last day that any row tells of) and end_date: the same day,
    or null where one of the rows has no end, so that the spell is not known to have ended.

    Examples
    --------
    >>> from datetime import date
    >>> stays = {"date": [date(2020, 1, 1), date(2020, 1, 5)], "end_date": [date(2020, 1, 5), date(2020, 1, 9)]}
    >>> merged_spells(pl.LazyFrame({"person_id": [1, 1], **stays})).select("date", "end_date").collect().rows()
    [(datetime.date(2020, 1, 1), datetime.date(2020, 1, 9))]
    """
    last_day = pl.max_horizontal("date", "end_date")
    ordered = rows.select("person_id", "date", "end_date", last_day=last_day).sort("person_id", "date", "last_day")
    # Each person's days are shifted by a multiple of _DAYS_APART, so that one cumulative maximum serves all persons.
    begins = (pl.col("person_id") != pl.col("person_id").shift()).fill_null(value=True)
    offset = begins.cast(pl.Int64).cum_sum() * _DAYS_APART
    reach = (pl.col("last_day").to_physical() + offset).cum_max().shift()
    starts_anew = (pl.col("date").to_physical() + offset > reach).fill_null(value=True)
    end_date = pl.when(pl.col("end_date").is_not_null().all()).then(pl.col("last_day").max())
    return (
        ordered.with_columns(spell=starts_anew.cum_sum())
        .group_by("spell", maintain_order=True)
        .agg(pl.col("person_id", "date").first(), pl.col("last_day").max(), end_date=end_date)
        .drop("spell")
    )
