"""Where people lived, and for how long without a break.

In: spells of residence. Out: spells with the first and last day of the unbroken residence that they are part of.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from riskstrat.cohort.order import in_order

STILL = date.max
"""Last day of a residence that has not ended."""


def unbroken(spells: pl.LazyFrame) -> pl.LazyFrame:
    """Add `resident_since` and `resident_until` to spells; spells are unbroken where one starts the day after another.

    Parameters
    ----------
    spells
        person_id, start_date, end_date and more, in the order of person and start; spells of a person do not overlap.

    Examples
    --------
    >>> spells = pl.LazyFrame(
    ...     {
    ...         "person_id": [1, 1, 1],
    ...         "start_date": [date(2000, 1, 1), date(2005, 1, 1), date(2009, 1, 1)],
    ...         "end_date": [date(2004, 12, 31), date(2007, 6, 30), None],
    ...     }
    ... )
    >>> unbroken(spells).collect()["resident_since"].dt.year().to_list()
    [2000, 2000, 2009]
    """
    person = pl.col("person_id")
    after_break = pl.col("start_date") > pl.col("end_date").shift() + timedelta(days=1)
    begins = ((person != person.shift()) | after_break).fill_null(value=True)
    ends = pl.col("begins").shift(-1, fill_value=True)
    return (
        spells.with_columns(pl.col("end_date").fill_null(STILL))
        .with_columns(begins=begins)
        .with_columns(
            resident_since=pl.when("begins").then("start_date").forward_fill(),
            resident_until=pl.when(ends).then("end_date").backward_fill(),
        )
        .drop("begins")
    )


def with_residence(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Add spell (its number), resident_since and resident_until of the spell on `resident_on`, null where none.

    Places are left in `residences`, because text that is carried through every later step costs more than all the rest.

    Parameters
    ----------
    rows
        row (their number, by which they are in order), person_id and resident_on.
    residences
        spell (their number), person_id, start_date and end_date, in the order of person and start.
    """
    spells = unbroken(residences.lazy().select("spell", "person_id", "start_date", "end_date"))
    there = pl.col("resident_on").is_between("start_date", "end_date")
    found = (
        rows.lazy()
        .select("row", "person_id", "resident_on")
        .join(spells, on="person_id")
        .filter(there)
        .select("row", "spell", "resident_since", "resident_until")
        .collect()
    )
    return rows.join(in_order(found, "row"), on="row", how="left", maintain_order="left")


def or_moving_in(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Put off `resident_on` of who does not live here that day to the first day on which they move in, if any."""
    spells = residences.lazy().select("person_id", "start_date", "end_date")
    on = pl.col("resident_on")
    reaching = rows.lazy().select("row", "person_id", "resident_on").join(spells, on="person_id")
    first = reaching.filter((pl.col("end_date") >= on).fill_null(value=True)).group_by("row")
    starts = in_order(first.agg(moves_in=pl.col("start_date").min()).collect(), "row")
    told = rows.join(starts, on="row", how="left", maintain_order="left")
    return told.with_columns(resident_on=pl.max_horizontal("resident_on", "moves_in")).drop("moves_in")
