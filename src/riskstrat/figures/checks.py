"""How predicted risks agreed with what happened.

In: a released table of calibration. Out: altair charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.theme import ACCENT, QUIET, altair, configured
from riskstrat.figures.words import Words

if TYPE_CHECKING:
    import altair as alt


def calibration(table: Released, words: Words) -> alt.LayerChart:
    """Observed against predicted risk in ten groups, with intervals; on the line they agree."""
    alt = altair()
    frame = table.frame.drop_nulls("observed")
    frame = frame.with_columns(pl.col("mean_predicted", "observed", "lower", "upper") * 100)
    highest = max([1.0, *(value for name in ("mean_predicted", "upper") for value in frame[name].drop_nulls())])
    line = alt.Chart(pl.DataFrame({"x": [0.0, highest], "y": [0.0, highest]}))
    titles = {"x": words("axis.predicted"), "y": words("axis.observed")}
    base = alt.Chart(frame).encode(x=alt.X("mean_predicted:Q", title=titles["x"]))
    layers = (
        line.mark_line(color=QUIET, strokeDash=[5, 4], strokeWidth=1).encode(
            x=alt.X("x:Q", title=titles["x"]), y=alt.Y("y:Q", title=titles["y"])
        ),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=alt.Y("lower:Q", title=titles["y"]), y2="upper:Q"),
        base.mark_circle(color=ACCENT, size=90, opacity=1).encode(y=alt.Y("observed:Q", title=titles["y"])),
    )
    return configured(alt.layer(*layers), height=340)
