"""The three classes of areas, and the fourth of those that are withheld.

In: a released table of areas. Out: a frame with the class of every area as a key of the texts.
"""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import Released

HIGHER, UNCERTAIN, LOWER, WITHHELD = CLASSES = ("clearly_higher", "uncertain", "clearly_lower", "withheld")


def with_class(areas: Released) -> pl.DataFrame:
    """Sort areas by name and give each its ``class`` and a ``name`` (its code, or what groups it, where it has none).

    Parameters
    ----------
    areas
        The released table ``areas`` of a study, or that of `AreaEstimates.tables`.
    """
    frame = areas.frame
    if "area_id" not in frame.columns:
        labels = [pl.col(name).cast(pl.String) for name in areas.dimensions]
        frame = frame.with_columns(pl.concat_str(labels, separator=" / ").alias("area_id"))
    if "name" not in frame.columns:
        frame = frame.with_columns(name=pl.lit(None, pl.String))
    named = frame.with_columns(pl.coalesce("name", "area_id").alias("name"))
    kind = pl.col("class").str.replace_all(" ", "_").fill_null(WITHHELD)
    return named.with_columns(kind.alias("class")).sort("name", "area_id")
