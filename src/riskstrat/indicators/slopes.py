"""The slope of an indicator over areas ranked by deprivation.

In: rows of the indicator by area and year. Out: a `riskstrat.records.follow_up.FollowUp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas import inequality
from riskstrat.declare import CountedIndicator, LocalisedText, SlopeIndicator
from riskstrat.disclosure import CellNoise
from riskstrat.indicators.expecting import ASSUMPTIONS, SCHEMA
from riskstrat.indicators.rows import schema, without_number
from riskstrat.records.follow_up import FollowUp

Floats = NDArray[np.float64]

_DRAWS = 2_000
_NO_RANKING = LocalisedText(
    en="Fewer than two areas have a number and differ in deprivation.",
    sv="Färre än två områden har ett värde och skiljer sig i socioekonomi.",
)


def slope(
    indicator: SlopeIndicator,
    rows: pl.DataFrame,
    deprivation: pl.DataFrame,
    *,
    years: Sequence[int],
    to_come: Sequence[int],
    as_of: date,
    seed: int,
    noise: CellNoise | None,
) -> FollowUp:
    """Measure the slope of each year; the last is expected again."""
    parts = [_slope_of_year(indicator, rows, deprivation, year, seed=seed, noise=noise) for year in years]
    measured = pl.concat(parts, how="diagonal_relaxed")
    known = measured.drop_nulls("estimate").tail(1)
    again = [known.with_columns(year=pl.lit(year, pl.Int64)).select(*SCHEMA) for year in to_come]
    return FollowUp(
        indicator=indicator,
        as_of=as_of,
        measured=measured,
        expected=pl.concat(again) if known.height else pl.DataFrame(schema=SCHEMA),
        assumption=ASSUMPTIONS["level"],
        protected=noise is not None,
    )


def _slope_of_year(
    indicator: SlopeIndicator,
    rows: pl.DataFrame,
    ranked: pl.DataFrame,
    year: int,
    *,
    seed: int,
    noise: CellNoise | None,
) -> pl.DataFrame:
    index = next(column for column in ranked.columns if column not in ("area_id", "people"))
    areas = rows.filter(pl.col("year") == year)
    if areas["area_id"].null_count() == areas.height and areas.height:
        said = areas.row(0, named=True)
        return without_number(year, LocalisedText(en=said["missing"], sv=said["missing_sv"]))
    joined = areas.drop_nulls("estimate").join(ranked.with_columns(pl.col("area_id").cast(pl.String)), on="area_id")
    joined = joined.drop_nulls([index, "people"]).filter(pl.col("people") > 0)
    if joined[index].n_unique() < 2:
        return without_number(year, _NO_RANKING)
    draws = _draws(indicator.of, joined, seed, noise)
    columns = (joined[name].to_numpy().astype(np.float64) for name in ("people", index))
    lower_is_better = indicator.of.wanted == "lower"
    found = inequality(draws, *columns, higher_is_worse=lower_is_better, proportion=False).filter(metric="slope_index")
    estimate, lower, upper = found.select("estimate", "lower", "upper").row(0)
    return pl.DataFrame(
        {
            "year": [year], "count": [joined["count"].sum()], "denominator": [joined["denominator"].sum()],
            "estimate": [estimate], "lower": [lower], "upper": [upper], "missing": [None], "missing_sv": [None],
        },
        schema=schema(()),
    )  # fmt: skip


def _draws(indicator: CountedIndicator, areas: pl.DataFrame, seed: int, noise: CellNoise | None) -> Floats:
    """Draw each area's number from its posterior under Jeffreys' prior, (draws, areas)."""
    count, size = (areas[name].to_numpy() for name in ("count", "denominator"))
    rng, shape = np.random.default_rng(seed), (_DRAWS, areas.height)
    if noise is not None:
        count = np.clip(count + rng.normal(0, np.sqrt(noise.variance), shape), 0, size)
    if indicator.measure == "rate":
        return np.asarray(indicator.per * rng.gamma(count + 0.5, size=shape) / size)
    return np.asarray(indicator.per * rng.beta(count + 0.5, size - count + 0.5, size=shape))
