"""Rows of an indicator: what was counted in a year with its interval, or why there is no number.

In: counts and denominators by group, or a table. Out: frames of one schema.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from riskstrat.areas.rates import KINDS
from riskstrat.declare import CountedIndicator, LocalisedText, TableIndicator
from riskstrat.numerics.intervals import LEVEL

NUMBERS = ("count", "denominator", "estimate", "lower", "upper")
_REASONS = ("missing", "missing_sv")


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why a year has no number."""

    reason: LocalisedText


_NO_ROW = Missing(reason=LocalisedText(en="The table has no row for the year.", sv="Tabellen har ingen rad för året."))
_NOBODY = LocalisedText(en="Nobody is counted in the group.", sv="Ingen räknas i gruppen.")


def schema(by: tuple[str, ...]) -> dict[str, type[pl.DataType]]:
    """Columns of a row, by the grouping columns."""
    return {
        **dict.fromkeys(by, pl.String),
        "year": pl.Int64,
        **dict.fromkeys(NUMBERS, pl.Float64),
        **dict.fromkeys(_REASONS, pl.String),
    }


def without_number(year: int, reason: LocalisedText, by: tuple[str, ...] = ()) -> pl.DataFrame:
    """Give the one row of a year that has no number."""
    nothing = {**dict.fromkeys(by), "year": year, **dict.fromkeys(NUMBERS)}
    return pl.DataFrame([{**nothing, "missing": reason.en, "missing_sv": reason.sv}], schema=schema(by))


def year_rows(
    indicator: CountedIndicator, year: int, found: pl.DataFrame | Missing, by: tuple[str, ...]
) -> pl.DataFrame:
    """Give the rows of a year with their intervals: Wilson's, or exact Poisson and Byar's."""
    if isinstance(found, Missing):
        return without_number(year, found.reason, by)
    count, size = (found[name].to_numpy().astype(np.float64) for name in ("count", "denominator"))
    there = size > 0
    safe = np.where(there, size, 1.0)
    numbers = (count / safe, *KINDS[indicator.measure](count, safe, LEVEL))
    told = zip(("estimate", "lower", "upper"), (indicator.per * each for each in numbers), strict=True)
    rows = found.select(
        *(pl.col(column).cast(pl.String) for column in by),
        year=pl.lit(year, pl.Int64),
        count=pl.Series(count),
        denominator=pl.Series(size),
        **{name: pl.Series(np.where(there, values, np.nan)).fill_nan(None) for name, values in told},
    )
    nobody = pl.col("estimate").is_null()
    return rows.with_columns(
        missing=pl.when(nobody).then(pl.lit(_NOBODY.en)), missing_sv=pl.when(nobody).then(pl.lit(_NOBODY.sv))
    )


def table_rows(
    indicator: TableIndicator, table: pl.DataFrame, year: int, by: tuple[str, ...]
) -> pl.DataFrame | Missing:
    """Add up the rows of a year by group; a group of which a number is missing has none."""
    rows = table.filter(pl.col("year") == year)
    if rows.is_empty():
        return _NO_ROW
    numbers = {"count": indicator.count, "denominator": indicator.denominator}
    known = rows.drop_nulls(list(numbers.values()))
    sums = [pl.col(column).cast(pl.Float64).sum().alias(name) for name, column in numbers.items()]
    if known.is_empty():
        return _NO_ROW
    return known.group_by(by, maintain_order=True).agg(sums) if by else known.select(sums)
