"""Areas compared with their municipality: intervals in classes, why some are high, need and change over time.

In: released tables. Out: altair charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import CLASSES, WITHHELD, with_class
from riskstrat.figures.theme import ACCENT, INK, PART_COLOURS, QUIET, altair, configured
from riskstrat.figures.words import Words

if TYPE_CHECKING:
    import altair as alt

ROW_PX = 21
_TICKS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0)
PARTS = tuple(PART_COLOURS)
"""The parts of a difference in the order of the bars; place stands beside living conditions."""


def area_intervals(areas: Released, words: Words, of_class: str | None = None) -> alt.LayerChart:
    """Relative risk of each area with its 90 % interval, by name, for one class of areas or class by class.

    There is no order by risk on purpose: with 51 areas a 90 % interval of a rank is about 20 places wide. The axis is
    that of all areas, so that the charts of several classes can be compared.

    Parameters
    ----------
    areas
        The released areas.
    words
        Texts of a language.
    of_class
        ``clearly_higher``, ``uncertain`` or ``clearly_lower``; all three where left out.
    """
    alt = altair()
    everything = with_class(areas).filter(pl.col("class") != WITHHELD)
    frame = everything.select(
        "name", "class", value="relative_risk", lower="relative_risk_lower", upper="relative_risk_upper"
    ).sort(pl.col("class").replace_strict(CLASSES, range(len(CLASSES))), "name")
    shown = frame if of_class is None else frame.filter(pl.col("class") == of_class)
    title, domain = words("axis.relative_risk"), _domain(frame)
    ticks = [tick for tick in _TICKS if domain[0] <= tick <= domain[1]]
    axis = alt.Axis(values=ticks, labelOverlap="greedy", format="~r")
    x = {"title": title, "axis": axis, "scale": alt.Scale(type="log", domain=domain, nice=False)}
    y = alt.Y("name:N", title=None, sort=shown["name"].to_list(), axis=alt.Axis(grid=False))
    base = alt.Chart(shown)
    layers = (
        base.mark_rule(color=QUIET).encode(x=alt.datum(1.0, **x)),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=y, x=alt.X("lower:Q", **x), x2="upper:Q"),
        base.mark_circle(color=ACCENT, size=70, opacity=1).encode(
            y=y,
            x=alt.X("value:Q", **x),
            tooltip=_told(words, ("name:N", "tooltip.area"), ("value:Q", "tooltip.relative")),
        ),
    )
    return configured(alt.layer(*layers), height=ROW_PX * max(shown.height, 1))


def _domain(frame: pl.DataFrame) -> tuple[float, float]:
    """Both ends of the axis: all intervals, and 1 with a little room on either side."""
    bounds = [value for name in ("lower", "upper") for value in frame[name].drop_nulls()]
    return min([0.8, *bounds]) * 0.97, max([1.25, *bounds]) * 1.03


def reasons_bars(reasons: Released, areas: Released, groups: Sequence[str], words: Words) -> alt.LayerChart:
    """Parts of each area's difference from the municipality, in percentage points; the dot is their sum."""
    alt = altair()
    names = with_class(areas).select(pl.col("area_id").alias("group"), "name")
    frame = reasons.frame.filter(pl.col("group").is_in(list(groups)), pl.col("estimate").is_not_null())
    frame = frame.join(names, on="group", maintain_order="left").with_columns(points=100 * pl.col("estimate"))
    present = [part for part in PARTS if part in set(frame["part"])]
    labels = [words(f"part.{part}") for part in present]
    bars = frame.select("name", "points", pl.col("part").replace_strict(present, labels))
    sums = frame.group_by("name").agg(pl.col("points").sum()).sort("name")
    y = alt.Y("name:N", title=None, sort=sums["name"].to_list(), axis=alt.Axis(grid=False))
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=labels, range=[PART_COLOURS[part] for part in present]),
        legend=alt.Legend(columns=1),
    )
    told = _told(words, ("name:N", "tooltip.area"), ("part:N", "tooltip.part"), ("points:Q", "tooltip.value"))
    drawn = alt.Chart(bars).mark_bar(stroke=QUIET, strokeWidth=0.8, height={"band": 0.62})
    stacked = drawn.encode(
        y=y,
        x=alt.X("sum(points):Q", title=words("axis.contribution"), stack="zero"),
        color=colour,
        order=alt.Order("rank:Q"),
        tooltip=told,
    ).transform_calculate(rank=f"indexof({labels!r}, datum.part)")
    dots = (
        alt.Chart(sums)
        .mark_point(color=INK, filled=True, size=110, shape="diamond", opacity=1)
        .encode(y=y, x="points:Q")
    )
    zero = alt.Chart(bars).mark_rule(color=INK).encode(x=alt.datum(0.0))
    return configured(alt.layer(stacked, zero, dots), height=38 * sums.height + 10)


def fifths(table: Released, words: Words) -> alt.LayerChart:
    """Risk with its interval in fifths of the population, from least to greatest need."""
    alt = altair()
    frame = _percent(table.frame).with_columns(
        label=pl.col("quintile").cast(pl.String).replace_strict({str(n): words(f"fifth.{n}") for n in range(1, 6)})
    )
    x = alt.X("label:N", title=words("axis.fifth"), sort=frame["label"].to_list(), axis=alt.Axis(labelAngle=0))
    return _line_with_bounds(frame, x, words)


def change(periods: Released, words: Words) -> alt.LayerChart:
    """Observed risk with its interval by the period of the index dates."""
    alt = altair()
    frame = _percent(periods.frame).with_columns(label=_years(pl.col("index_from"), pl.col("index_to")))
    x = alt.X("label:N", title=words("axis.period"), sort=frame["label"].to_list(), axis=alt.Axis(labelAngle=0))
    return _line_with_bounds(frame, x, words)


def _years(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    start, end = first.dt.year().cast(pl.String), last.dt.year().cast(pl.String)
    return pl.when(start == end).then(start).otherwise(pl.concat_str([start, end], separator="–"))


def _percent(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("risk", "lower", "upper") * 100)


def _line_with_bounds(frame: pl.DataFrame, x: alt.X, words: Words) -> alt.LayerChart:
    alt = altair()
    base = alt.Chart(frame).encode(x=x)
    scale = alt.Scale(zero=True)
    layers = (
        base.mark_line(color="#a9c1d9", strokeWidth=2).encode(y=alt.Y("risk:Q", title=words("axis.risk"), scale=scale)),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=alt.Y("lower:Q", title=words("axis.risk")), y2="upper:Q"),
        base.mark_circle(color=ACCENT, size=110, opacity=1).encode(y="risk:Q"),
    )
    return configured(alt.layer(*layers), height=260)


def _told(words: Words, *fields: tuple[str, str]) -> list[alt.Tooltip]:
    alt = altair()
    return [
        alt.Tooltip(field, title=words(key), **({"format": ".2f"} if field.endswith(":Q") else {}))
        for field, key in fields
    ]
