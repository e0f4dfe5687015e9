"""How agencies write values and files: dates, numbers and codes as text; separators, encodings, statistics programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from riskstrat.extras import optional


def day_text(column: str) -> pl.Expr:
    """Write a date as YYYYMMDD."""
    return pl.col(column).dt.strftime("%Y%m%d")


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


Kind = Literal["csv", "txt", "sav", "dta", "parquet"]


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a file is written."""

    kind: Kind = "csv"
    """Its ending."""
    separator: str = ";"
    encoding: str = "utf-8"
    decimal: str = "."
    """`separator`, `encoding` and `decimal`: of text files; ``utf-8-sig`` has a byte order mark."""
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    """`numbers` and `dates`: columns that a file with types of its own holds as numbers and dates; what a date cannot
    say is empty there."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Our column -> its spelling in this file."""


def write_form(path: Path, rows: pl.DataFrame, form: Form) -> None:
    """Write a frame of text in a form."""
    numbers = [pl.col(name).cast(pl.Float64) for name in form.numbers]
    dates = [pl.col(name).str.to_date("%Y%m%d", strict=False) for name in form.dates]
    typed = rows.with_columns(*numbers, *dates).rename(dict(form.names), strict=False)
    if form.kind in ("csv", "txt"):
        _write_text(path, typed, form)
    elif form.kind == "parquet":
        typed.write_parquet(path, compression="zstd", compression_level=18)
    else:
        pyreadstat = optional("pyreadstat")
        write = pyreadstat.write_sav if form.kind == "sav" else pyreadstat.write_dta
        write(typed.with_columns(pl.selectors.string().fill_null("")), str(path))


def _write_text(path: Path, rows: pl.DataFrame, form: Form) -> None:
    if form.decimal != ".":
        rows = rows.with_columns(pl.all().str.replace(r"^(-?\d+)\.(\d+)$", f"${{1}}{form.decimal}${{2}}"))
    text = rows.write_csv(separator=form.separator, quote_style="necessary", line_terminator="\r\n")
    path.write_bytes(text.encode(form.encoding))
