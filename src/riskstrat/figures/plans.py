"""What a budget buys: beside other ways to spend it, with more money, and whom it does not reach.

In: released tables of a plan. Out: altair charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.numbers import MILLION
from riskstrat.figures.theme import ACCENT, INK, QUIET, altair, configured
from riskstrat.figures.words import Words

if TYPE_CHECKING:
    import altair as alt


def comparisons(table: Released, words: Words) -> alt.LayerChart:
    """Cases averted by the plan and by other ways to spend the same budget, with their intervals."""
    alt = altair()
    frame = table.frame.with_columns(
        label=pl.col("strategy").map_elements(lambda name: words.named("strategy", name), return_dtype=pl.String),
        mine=pl.col("strategy") == "plan",
    )
    y = alt.Y("label:N", title=None, sort=frame["label"].to_list(), axis=alt.Axis(grid=False, labelLimit=280))
    title = words("axis.averted")
    colour = alt.condition("datum.mine", alt.value(ACCENT), alt.value("#7f7f7f"))
    base = alt.Chart(frame).encode(y=y, color=colour)
    layers = (
        base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q", title=title, scale=alt.Scale(zero=True)), x2="upper:Q"),
        base.mark_circle(size=110, opacity=1).encode(x=alt.X("averted:Q", title=title)),
    )
    return configured(alt.layer(*layers), height=36 * frame.height)


def plan_curve(table: Released, budget_sek: float, words: Words) -> alt.LayerChart:
    """Cases averted against the budget, with the interval as a band and the budget that was given as a line."""
    alt = altair()
    frame = table.frame.drop_nulls("averted").with_columns(millions=pl.col("budget_sek") / MILLION)
    title = words("axis.averted")
    base = alt.Chart(frame).encode(x=alt.X("millions:Q", title=words("axis.budget"), scale=alt.Scale(zero=True)))
    layers = (
        base.mark_area(color="#c6d7e8").encode(y=alt.Y("lower:Q", title=title), y2="upper:Q"),
        base.mark_line(color=ACCENT, strokeWidth=2.5).encode(y=alt.Y("averted:Q", title=title)),
        base.mark_rule(color=INK, strokeDash=[5, 4]).encode(x=alt.datum(budget_sek / MILLION)),
    )
    return configured(alt.layer(*layers), height=300)


def pyramid(table: Released, words: Words) -> alt.Chart:
    """People beside the cases that arise among them, in levels of predicted risk."""
    alt = altair()
    levels = {str(n): words(f"pyramid.{n}") for n in range(1, 5)}
    frame = table.frame.select(
        pl.col("stratum").cast(pl.String).replace_strict(levels).alias("label"),
        (100 * pl.col("people_share")).alias(words("group.people")),
        (100 * pl.col("case_share")).alias(words("group.cases")),
    ).unpivot(index="label", variable_name="what", value_name="share")
    what = [words("group.people"), words("group.cases")]
    y = alt.Y("label:N", title=None, sort=list(levels.values()), axis=alt.Axis(grid=False))
    drawn = alt.Chart(frame).mark_bar(stroke=QUIET, strokeWidth=0.6)
    return configured(
        drawn.encode(
            y=y,
            x=alt.X("share:Q", title=words("axis.share")),
            yOffset=alt.YOffset("what:N", sort=what),
            color=alt.Color("what:N", sort=what, scale=alt.Scale(domain=what, range=["#d9d9d9", ACCENT])),
        ),
        height=64 * len(levels),
    )
