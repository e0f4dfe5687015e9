"""Values as agencies write them: dates of eight digits, numbers without a needless decimal, flags as codes.

In: polars expressions. Out: polars expressions of text.
"""

from __future__ import annotations

import polars as pl


def day_text(column: str) -> pl.Expr:
    """Write a date as YYYYMMDD."""
    return pl.col(column).dt.strftime("%Y%m%d")


def month_text(column: str) -> pl.Expr:
    """Write a date as YYYYMM."""
    return pl.col(column).dt.strftime("%Y%m")


def number_text(value: pl.Expr, decimals: int = 0) -> pl.Expr:
    """Write a number with at most so many decimals.

    Examples
    --------
    >>> pl.select(number_text(pl.lit(12.50), 2)).item(), pl.select(number_text(pl.lit(100.0))).item()
    ('12.5', '100')
    """
    fixed = value.cast(pl.Float64).round(decimals).cast(pl.String)
    return fixed.str.replace(r"\.0+$", "")


def coded(column: str, codes: dict[object, str]) -> pl.Expr:
    """Write values by a code list; what is not on it stays empty."""
    return pl.col(column).replace_strict(codes, default=None, return_dtype=pl.String)


def drawn(column: str, choices: int, seed: int = 0) -> pl.Expr:
    """Draw a whole number from 0 to `choices` - 1 a row, the same for the same whole number in the column."""
    mixed = (pl.col(column).cast(pl.UInt64) + seed + 1) * 2_654_435_761 % 4_294_967_296
    return (mixed // 65_536 % choices).cast(pl.Int64)
