"""Where people lived, and for how long without a break.

In: spells of residence. Out: spells with the first and last day of the unbroken residence that they are part of.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

STILL = date.max
"""Last day of a residence that has not ended."""


def unbroken(residences: pl.LazyFrame) -> pl.LazyFrame:
    """Add `resident_since` and `resident_until` to spells; spells are unbroken where one starts the day after another.

    Parameters
    ----------
    residences
        person_id, start_date, end_date, area_id, care_centre_id; spells of a person do not overlap.

    Examples
    --------
    >>> spells = pl.LazyFrame(
    ...     {
    ...         "person_id": [1, 1, 1],
    ...         "start_date": [date(2000, 1, 1), date(2005, 1, 1), date(2009, 1, 1)],
    ...         "end_date": [date(2004, 12, 31), date(2007, 6, 30), None],
    ...     }
    ... )
    >>> unbroken(spells).sort("start_date").collect()["resident_since"].dt.year().to_list()
    [2000, 2000, 2009]
    """
    person = pl.col("person_id")
    after_break = pl.col("start_date") > pl.col("end_date").shift() + timedelta(days=1)
    begins = ((person != person.shift()) | after_break).fill_null(value=True)
    ends = pl.col("begins").shift(-1, fill_value=True)
    return (
        residences.with_columns(pl.col("end_date").fill_null(STILL))
        .sort("person_id", "start_date")
        .with_columns(begins=begins)
        .with_columns(
            resident_since=pl.when("begins").then("start_date").forward_fill(),
            resident_until=pl.when(ends).then("end_date").backward_fill(),
        )
        .drop("begins")
    )


def with_residence(rows: pl.DataFrame, residences: pl.LazyFrame) -> pl.LazyFrame:
    """Add area_id, care_centre_id, resident_since and resident_until of the spell on `resident_on`, null where none."""
    people = rows.lazy().select("person_id").unique()
    spells = unbroken(residences.join(people, on="person_id", how="semi"))
    there = pl.col("resident_on").is_between("start_date", "end_date")
    found = (
        rows.lazy()
        .select("person_id", "index_date", "resident_on")
        .join(spells, on="person_id")
        .filter(there)
        .drop("start_date", "end_date", "resident_on")
    )
    return rows.lazy().join(found, on=["person_id", "index_date"], how="left")
