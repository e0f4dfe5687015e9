"""Rows of an indicator: what was counted in a year with its interval, or why there is no number.

In: counts and denominators by group, or a table. Out: frames of one schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import polars as pl

from riskstrat.areas import CountNoise, rates, standardised_rates
from riskstrat.declare import CountedIndicator, LocalisedText, TableIndicator
from riskstrat.disclosure import CellNoise

NUMBERS = ("count", "denominator", "estimate", "lower", "upper")
_REASONS = ("missing", "missing_sv")


Counted: TypeAlias = pl.DataFrame | LocalisedText
"""The counts of a year, or why it has none."""
_NO_ROW = LocalisedText(en="The table has no row for the year.", sv="Tabellen har ingen rad för året.")
STRATA = ("sex", "age_band")
"""What rates are standardised for."""
_FEW = LocalisedText(
    en="Fewer than 10 cases, or nobody of some sex and age: no standardised number.",
    sv="Färre än 10 fall, eller ingen av något kön i någon ålder: inget standardiserat värde.",
)
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
    indicator: CountedIndicator,
    year: int,
    found: Counted,
    by: tuple[str, ...],
    noise: CellNoise | None = None,
) -> pl.DataFrame:
    """Give the rows of a year with their intervals, which hold the noise of protected counts too."""
    if isinstance(found, LocalisedText):
        return without_number(year, found, by)
    count, size = (found[name].to_numpy().astype(np.float64) for name in ("count", "denominator"))
    there = size > 0
    safe = np.where(there, size, 1.0)
    protected = CountNoise(probability=noise.probability, rows=safe) if noise is not None and noise.width else None
    told = rates(count, safe, kind=indicator.measure, per=indicator.per, noise=protected)
    rows = found.select(
        *(pl.col(column).cast(pl.String) for column in by),
        year=pl.lit(year, pl.Int64),
        count=pl.Series(count),
        denominator=pl.Series(size),
        **{name: told[name].set(pl.Series(~there), None) for name in ("estimate", "lower", "upper")},
    )
    nobody = pl.col("estimate").is_null()
    return rows.with_columns(
        missing=pl.when(nobody).then(pl.lit(_NOBODY.en)), missing_sv=pl.when(nobody).then(pl.lit(_NOBODY.sv))
    )


def standardised_rows(indicator: CountedIndicator, found: Mapping[int, Counted], by: tuple[str, ...]) -> pl.DataFrame:
    """Give rows of counts by stratum, standardised to the mix of all measured years; the others as they are."""
    there = {year: each for year, each in found.items() if not isinstance(each, LocalisedText)}
    summed = {year: _summed(each, by) for year, each in there.items()}
    rows = pl.concat([year_rows(indicator, year, summed.get(year, each), by) for year, each in found.items()])
    if not there:
        return rows
    numbers = _standardised(indicator, there, by)
    joined = rows.drop("estimate", "lower", "upper").join(numbers, on=[*by, "year"], how="left", maintain_order="left")
    few = pl.col("estimate").is_null() & pl.col("missing").is_null()
    return joined.with_columns(
        pl.when(few).then(pl.lit(_FEW.en)).otherwise("missing").alias("missing"),
        pl.when(few).then(pl.lit(_FEW.sv)).otherwise("missing_sv").alias("missing_sv"),
    ).select(*schema(by))


def _standardised(indicator: CountedIndicator, there: Mapping[int, pl.DataFrame], by: tuple[str, ...]) -> pl.DataFrame:
    counted = pl.concat([each.with_columns(year=pl.lit(year, pl.Int64)) for year, each in there.items()])
    counts = counted.rename({"count": "cases", "denominator": "people"}).with_columns(pl.col(by).cast(pl.String))
    told = standardised_rates(
        counts,
        counts.group_by(STRATA).agg(pl.col("people").sum()),
        (*by, "year"),
        strata=STRATA,
        kind=indicator.measure,
        per=indicator.per,
    )
    return told.select(*by, "year", "estimate", "lower", "upper")


def _summed(rows: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    sums = pl.col("count", "denominator").sum()
    return rows.group_by(by, maintain_order=True).agg(sums) if by else rows.select(sums)


def table_rows(indicator: TableIndicator, table: pl.DataFrame, year: int, by: tuple[str, ...]) -> Counted:
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
