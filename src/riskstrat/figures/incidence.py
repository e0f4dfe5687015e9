"""Cumulative incidence by time since the index date, with intervals and how many are still followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.theme import ACCENT, INK, QUIET, TEXT_PX, altair

if TYPE_CHECKING:
    import altair as alt

_STYLES = ((ACCENT, [1, 0]), ("#b3661a", [7, 3]), ("#6f6f6f", [2, 2]), ("#5483b0", [9, 3, 2, 3]), ("#5c3a1a", [4, 5]))
"""Colour and dashes of each curve: they differ without colour too."""
MOST_CURVES = len(_STYLES)
_UNITS = (("years", 700, 365.25), ("months", 60, 30.4375), ("days", 0, 1.0))
"""Name of a unit, days from which on follow-up is told in it, days that it has."""
_MOST_COLUMNS = 6
_HEIGHT, _NUMBERS_PX, _ROW_PX = 260, 334, 22
_COLUMNS = ("estimate", "lower", "upper")


def incidence_curves(table: Released, language: Texts = "sv", names: Mapping[str, str] | None = None) -> Figure:
    """Draw the share with the outcome by each time, with interval bands and the numbers still followed beneath.

    Parameters
    ----------
    table
        group, days, event (1 the outcome, 2 death without it), estimate, lower, upper, index_dates and at_risk.
    language
        ``"sv"`` or ``"en"``, or texts of a language.
    names
        What each group that is drawn is called, at most five; of everybody, where left out, death without the outcome
        is drawn too.

    Returns
    -------
    Figure
        A dot at each time of the table and lines between them, because steps would lag behind what happened; a group
        or time that is withheld is left out. Its title tells the share at the
        end, or whether groups clearly differ there.

    Examples
    --------
    >>> incidence_curves(published.tables["cumulative_incidence"], "en").sentence.partition(".")[0]
    'Share of those who were followed'
    """
    messages = load_messages(language)
    shown = _shown(table.frame, names, messages)
    times = table.frame["days"].unique().sort().to_list()
    unit, columns = _unit(table.frame), _columns(times)
    told = _sentence(shown, unit, columns, messages)
    title = _title(shown, unit, messages) if names is None else _compared(shown, unit, messages)
    sentence = messages("incidence.sentence", values=told or messages("withheld"))
    return drawn(
        _chart(_from_the_start(shown, times[0]), unit, columns, messages), messages, title, sentence, height=_HEIGHT
    )


def _shown(frame: pl.DataFrame, names: Mapping[str, str] | None, messages: MessageCatalogue) -> pl.DataFrame:
    """Give what is drawn, with the name of each curve as ``series``, in the order of the names."""
    if names is None:
        curves = frame.filter(group="all")
        called = {"1": messages("incidence.outcome"), "2": messages("incidence.death")}
        series = pl.col("event").cast(pl.String).replace_strict(called, return_dtype=pl.String)
    else:
        called = dict(list(names.items())[:MOST_CURVES])
        curves = frame.filter(pl.col("group").is_in(list(called)), event=1)
        series = pl.col("group").replace_strict(called, return_dtype=pl.String)
    order = list(called.values())
    rank = pl.col("series").replace_strict(order, range(len(order)), return_dtype=pl.Int64)
    return curves.with_columns(series=series).with_columns(rank=rank).drop_nulls("estimate").sort("rank", "days")


def _unit(frame: pl.DataFrame) -> tuple[str, float]:
    last = frame["days"].max()
    return next((name, days) for name, least, days in _UNITS if last >= least)  # type: ignore[operator]


def _columns(days: Sequence[int]) -> list[int]:
    """Days at which those still followed are counted: the start, the last, and at equal steps between."""
    times = len(days)
    step = next((each for each in range(1, times + 1) if times % each == 0 and times // each <= _MOST_COLUMNS), times)
    return [0, *days[step - 1 :: step]]


def _from_the_start(shown: pl.DataFrame, first: int) -> pl.DataFrame:
    """Begin each curve whose first time is shown with nobody at the index date, when all are at risk."""
    zeros = (pl.lit(0.0).alias(name) for name in _COLUMNS)
    nobody = pl.lit(0).cast(shown.schema["days"]).alias("days")
    start = shown.filter(days=first).with_columns(nobody, *zeros, at_risk="index_dates")
    return pl.concat([start, shown]).sort("rank", "days")


def _chart(
    shown: pl.DataFrame, unit: tuple[str, float], columns: Sequence[int], messages: MessageCatalogue
) -> list[alt.Chart]:
    alt, (name, days) = altair(), unit
    order = shown["series"].unique(maintain_order=True).to_list()
    colours, strokes = (list(style) for style in zip(*_STYLES[: max(len(order), 1)], strict=True))
    points = shown.with_columns(pl.col(_COLUMNS) * 100, x=(pl.col("days") / days).round(2))
    ticks = [round(day / days, 2) for day in columns]
    axis = alt.Axis(values=ticks, format="~r", grid=False, labelFlush=False)
    x = alt.X("x:Q", title=messages(f"axis.after_{name}"), axis=axis, scale=alt.Scale(domain=ticks[:: len(ticks) - 1]))
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=order, range=colours),
        legend=alt.Legend(symbolType="stroke", symbolSize=600, symbolStrokeWidth=2.5, symbolOpacity=1),
    )
    dashes = alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=strokes))
    base = alt.Chart(points).encode(x=x, color=colour)
    y = alt.Y("estimate:Q", title=messages("axis.share"), scale=alt.Scale(zero=True))
    band = base.mark_area(opacity=0.16 if len(order) <= 2 else 0.08).encode(y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"))
    line = base.mark_line(strokeWidth=2.5).encode(y=y, strokeDash=dashes)
    dots = base.mark_circle(size=40, opacity=1).encode(y=alt.Y("estimate:Q"))
    followed = _followed(points.filter(pl.col("days").is_in(list(columns))), messages)
    row = alt.Y("row:Q", scale=None)
    numbers = alt.Chart(followed).mark_text(fontSize=TEXT_PX, color=INK).encode(x=x, y=row, text=alt.Text("told:N"))
    samples = alt.Chart(followed.unique("row", keep="first", maintain_order=True)).mark_rule(strokeWidth=2.5)
    placed = samples.encode(x=alt.XValue(-62), x2=alt.X2Value(-28), y=row, color=colour, strokeDash=dashes)
    beneath = [_heading(messages), numbers, *([placed] if len(set(followed["row"])) > 1 else [])]
    return [band, line, dots, *beneath]


def _followed(points: pl.DataFrame, messages: MessageCatalogue) -> pl.DataFrame:
    """Write how many are still followed, each group on a row of its own beneath the axis."""
    counts = points.unique(("group", "days"), keep="first", maintain_order=True)
    written = [messages("incidence.few") if n is None else messages.numbers.number(n) for n in counts["at_risk"]]
    row = _NUMBERS_PX + _ROW_PX * (1 + pl.col("group").rle_id())
    return counts.select("x", "series", row=row, told=pl.Series(written, dtype=pl.String))


def _heading(messages: MessageCatalogue) -> alt.Chart:
    alt = altair()
    told = alt.Chart(pl.DataFrame({"told": [messages("incidence.at_risk")]}))
    text = told.mark_text(align="left", fontSize=TEXT_PX, color=QUIET)
    return text.encode(x=alt.XValue(0), y=alt.YValue(_NUMBERS_PX), text=alt.Text("told:N"))


def _time(days: int, unit: tuple[str, float], messages: MessageCatalogue) -> str:
    value = round(days / unit[1], 1)
    form = "one" if value == 1 else "other"
    return messages(f"incidence.{unit[0]}.{form}", n=messages.numbers.number(value, 0 if value == int(value) else 1))


def _sentence(shown: pl.DataFrame, unit: tuple[str, float], columns: Sequence[int], messages: MessageCatalogue) -> str:
    """Write each curve at the times at which those still followed are counted."""
    parts = []
    for (series,), rows in shown.filter(pl.col("days").is_in(list(columns))).group_by("series", maintain_order=True):
        values = [
            messages("incidence.point", time=_time(day, unit, messages), share=messages.numbers.percent(*bounds))
            for day, *bounds in rows.select("days", *_COLUMNS).iter_rows()
        ]
        parts.append(f"{capitalised(str(series))}: {messages.listed(values)}")
    return ". ".join(parts)


def _title(shown: pl.DataFrame, unit: tuple[str, float], messages: MessageCatalogue) -> str:
    """Tell of a hundred persons (or more) how many had had the outcome at the last time that is shown."""
    outcome = shown.filter(event=1)
    if outcome.is_empty():
        return messages("incidence.withheld")
    row = outcome.row(-1, named=True)
    base, observed = messages.numbers.among_persons(*(row[name] for name in _COLUMNS))
    time = _time(row["days"], unit, messages)
    return messages("incidence.title", base=base, observed=observed, time=time)


def _compared(shown: pl.DataFrame, unit: tuple[str, float], messages: MessageCatalogue) -> str:
    """Say which groups have the highest and the lowest share at the end, where their intervals lie apart."""
    ends = shown.filter(pl.col("days") == pl.col("days").max()).sort("estimate")
    if ends.is_empty():
        return messages("incidence.withheld")
    lowest, highest = ends.row(0, named=True), ends.row(-1, named=True)
    time = _time(highest["days"], unit, messages)
    if lowest["upper"] >= highest["lower"]:
        return messages("incidence.unclear", time=time)
    told = {
        end: f"{row['series']}, {messages.numbers.percent(*(row[name] for name in _COLUMNS))}"
        for end, row in (("highest", highest), ("lowest", lowest))
    }
    return messages("incidence.differ", time=time, **told)
