"""Dates by which source systems say "unknown" or "never"."""

from __future__ import annotations

from datetime import date

import polars as pl

_UNKNOWN = (date(1800, 1, 1), date(1900, 1, 1))
STILL = date(2099, 12, 31)
"""From this day on a day stands for "never", and an end for "still": 2099-12-31, 2999-12-31, 9999-12-31."""


def stands_for_unknown(day: pl.Expr) -> pl.Expr:
    """Whether a day says that it is not known, or that it never came.

    A row of events on such a day is rejected; a birth or the start of a residence on one stops the opening of
    registers.
    """
    return (day.is_in(_UNKNOWN) | (day >= STILL)).fill_null(value=False)


def ended(end: pl.Expr) -> pl.Expr:
    """Give an end; null, which means "still", where it stands for that."""
    return pl.when(end < STILL).then(end)
