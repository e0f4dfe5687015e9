"""Whether the areas' numbers agree with the model that draws them together, in words.

In: what was published. Out: sentences.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.records.areas import INTERVAL
from riskstrat.reports.context import ReportContext


def fit_sentences(context: ReportContext) -> Iterator[str]:
    """Count the areas outside the interval that the others give, and name those that the model does not fit."""
    found = _fit_by_name(context)
    if found.is_empty():
        return
    by_chance = context.numbers.number(2 * INTERVAL[0] * found.height, 0)
    yield context.messages.count("method.fit", int(found["outside"].sum()), all=found.height, expected=by_chance)
    unlike = misfitting_areas(context)
    yield (
        context.messages("method.fit_unlike", areas=context.listed(unlike))
        if unlike
        else context.messages("method.fit_all")
    )


def misfitting_areas(context: ReportContext) -> list[str]:
    """Names of the areas that the model does not fit."""
    return _fit_by_name(context).filter("stands_out")["name"].sort().to_list()


def _fit_by_name(context: ReportContext) -> pl.DataFrame:
    """Areas of which it is told how they fit, by name."""
    frame = context.frame("fit")
    if frame is None or context.areas is None:
        return pl.DataFrame(schema={"name": pl.String, "outside": pl.Boolean, "stands_out": pl.Boolean})
    names = context.areas.select("area_id", "name")
    return frame.drop_nulls("outside").select("area_id", "outside", "stands_out").join(names, on="area_id")
