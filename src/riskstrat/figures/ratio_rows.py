"""Ratios with their intervals, one row each, on a logarithmic axis with 1 inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.figures.theme import ACCENT, QUIET, altair

if TYPE_CHECKING:
    import altair as alt

FINE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0)
_COARSE = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)


def ratio_rows(
    rows: pl.DataFrame,
    title: str,
    *,
    axis_of: pl.DataFrame | None = None,
    ticks: Sequence[float] = _COARSE,
    label_px: int = 360,
) -> list[alt.Chart]:
    """Draw ``value`` with ``lower`` and ``upper`` at each ``label``; ``told`` is what the pointer shows.

    Rows keep their order. The axis holds all values and limits of `axis_of`, or else of the rows.
    """
    alt, held = altair(), (rows if axis_of is None else axis_of).select("value", "lower", "upper")
    found = [value for column in held for value in column.drop_nulls()]
    domain = (min([0.8, *found]) * 0.97, max([1.25, *found]) * 1.03)
    shown = [tick for tick in ticks if domain[0] <= tick <= domain[1]]
    x = {
        "title": title,
        "axis": alt.Axis(values=shown, labelOverlap="greedy", format="~r"),
        "scale": alt.Scale(type="log", domain=domain, nice=False),
    }
    labels = alt.Axis(grid=False, labelLimit=label_px)
    y = alt.Y("label:N", title=None, sort=rows["label"].to_list(), axis=labels)
    base = alt.Chart(rows)
    return [
        base.mark_rule(color=QUIET).encode(x=alt.XDatum(1.0, **x)),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=y, x=alt.X("lower:Q", **x), x2=alt.X2("upper:Q")),
        base.mark_circle(color=ACCENT, size=70, opacity=1, aria=True).encode(
            y=y, x=alt.X("value:Q", **x), description=alt.Description("told:N")
        ),
    ]
