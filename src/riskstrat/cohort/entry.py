"""People who come under observation after their index date (left truncation).

In: candidates, with entry_date where the design lets people enter late. Out: the same, seen from that day.
"""

from __future__ import annotations

import polars as pl

ENTRY = "entry_date"


def from_entry(candidates: pl.DataFrame) -> pl.DataFrame:
    """Let what is asked of the time before and after the index be asked of that before and after the entry."""
    return candidates.with_columns(index_date=pl.col(ENTRY)) if ENTRY in candidates.columns else candidates


def with_entry_days(followed: pl.DataFrame) -> pl.DataFrame:
    """Add entry_days, the days from the index to the entry, where the design lets people enter late."""
    if ENTRY not in followed.columns:
        return followed
    return followed.with_columns(entry_days=(pl.col(ENTRY) - pl.col("index_date")).dt.total_days().cast(pl.Float64))
