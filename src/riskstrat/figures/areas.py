"""Areas compared with their municipality: intervals in classes, why some are high, need and change over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import CLASSES, UNCERTAIN, WITHHELD, counted, names_of, with_class
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.ratio_rows import FINE, ratio_rows
from riskstrat.figures.reasons import describe_parts, largest_parts, reasons_of
from riskstrat.figures.theme import ACCENT, INK, PART_COLOURS, QUIET, altair

if TYPE_CHECKING:
    import altair as alt

ROW_PX = 21
PARTS = tuple(PART_COLOURS)
"""The parts of a difference in the order of the bars; conditions of the area stand beside living conditions."""


def area_intervals(areas: Released, language: Texts = "sv", of_class: str | None = None) -> Figure:
    """Relative risk of each area with its 90 % interval, by name, for one class of areas or class by class.

    There is no order by risk on purpose: with 51 areas a 90 % interval of a rank is about 20 places wide. The axis is
    that of all areas, with 1 inside, so that the charts of several classes can be compared.

    Parameters
    ----------
    areas
        The released areas.
    language
        ``"sv"`` or ``"en"``.
    of_class
        ``clearly_higher``, ``uncertain`` or ``clearly_lower``; all three where left out.

    Returns
    -------
    Figure
        One row an area; areas that are withheld are left out.

    Examples
    --------
    >>> area_intervals(published.tables["areas"], "en", "uncertain").sentence.partition(":")[0]
    'Uncertain'
    """
    messages, everything = load_messages(language), with_class(areas)
    frame = (
        everything.filter(pl.col("class") != WITHHELD)
        .select(
            "class",
            label="name",
            value="relative_risk",
            lower="relative_risk_lower",
            upper="relative_risk_upper",
        )
        .sort(pl.col("class").replace_strict(CLASSES, range(len(CLASSES))), "label")
    )
    shown = frame if of_class is None else frame.filter(pl.col("class") == of_class)
    told = [f"{name}: {messages.numbers.interval(*bounds)}" for _, name, *bounds in shown.rows()]
    rows = shown.with_columns(told=pl.Series(told, dtype=pl.String))
    layers = ratio_rows(rows, messages("axis.relative_risk"), axis_of=frame, ticks=FINE, label_px=220)
    title, sentence = _describe_classes(everything, messages, of_class)
    return drawn(layers, messages, title, sentence, height=ROW_PX * max(shown.height, 1))


def _describe_classes(areas: pl.DataFrame, messages: MessageCatalogue, of_class: str | None) -> tuple[str, str]:
    """Name the areas of the classes that are shown; how much higher or lower is told where that is clear."""
    kinds = [kind for kind in CLASSES if names_of(areas, kind)] if of_class is None else [of_class]
    told = {kind: _describe_class(areas.filter(pl.col("class") == kind), kind, messages) for kind in kinds}
    sentence = " ".join(f"{capitalised(messages(f'class.{kind}'))}: {areas}." for kind, areas in told.items())
    if of_class is None:
        return counted(areas, messages), sentence
    return f"{messages(f'class.{of_class}')} ({len(names_of(areas, of_class))})", sentence


def _describe_class(areas: pl.DataFrame, kind: str, messages: MessageCatalogue) -> str:
    if kind in {UNCERTAIN, WITHHELD}:
        return messages.listed(areas["name"].to_list())
    bounds = ("relative_risk", "relative_risk_lower", "relative_risk_upper")
    written = [
        f"{row['name']} {messages.numbers.interval(*(row[name] for name in bounds))}"
        for row in areas.iter_rows(named=True)
    ]
    return messages.listed(written) or messages("areas.zero")


def reasons_bars(reasons: Released, areas: Released, groups: Sequence[str], language: Texts = "sv") -> Figure:
    """Parts of each area's difference from the municipality, in percentage points; the dot is their sum.

    Parameters
    ----------
    reasons
        group, part and estimate of the difference in risk.
    areas
        The released areas, for their names.
    groups
        Codes of the areas that are shown.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        One stacked bar an area; its title names the part that is the largest in most of them.

    Examples
    --------
    >>> reasons_bars(published.tables["reasons"], published.tables["areas"], [area], "en").sentence.partition(". ")[0]
    'Difference from the municipality in percentage points and its parts'
    """
    alt, messages = altair(), load_messages(language)
    named = with_class(areas).filter(pl.col("area_id").is_in(list(groups)))
    told = [reasons_of(reasons, row["area_id"], row["name"]) for row in named.iter_rows(named=True)]
    rows = [{"name": one.name, "part": part, "points": value} for one in told for part, value in one.points.items()]
    frame = pl.DataFrame(rows, schema={"name": pl.String, "part": pl.String, "points": pl.Float64})
    present = [part for part in PARTS if part in set(frame["part"])]
    labels = [messages(f"part.{part}") for part in present]
    signed = pl.col("points").map_elements(lambda value: messages.numbers.signed(value, 1), return_dtype=pl.String)
    bars = frame.filter(pl.col("part").is_in(present)).with_columns(
        part=pl.col("part").replace_strict(present, labels),
        rank=pl.col("part").replace_strict(present, range(len(present))),
    )
    bars = bars.with_columns(told=pl.format("{}, {}: {}", "name", "part", signed))
    sums = bars.group_by("name").agg(pl.col("points").sum()).sort("name")
    y = alt.Y("name:N", title=None, sort=sums["name"].to_list(), axis=alt.Axis(grid=False))
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=labels, range=[PART_COLOURS[part] for part in present]),
        legend=alt.Legend(columns=1),
    )
    stacked = (
        alt.Chart(bars)
        .mark_bar(stroke=QUIET, strokeWidth=0.8, height={"band": 0.62}, aria=True)
        .encode(
            y=y,
            x=alt.X("points:Q", title=messages("axis.contribution"), stack="zero"),
            color=colour,
            order=alt.Order("rank:Q"),
            description=alt.Description("told:N"),
        )
    )
    dots = alt.Chart(sums).mark_point(color=INK, filled=True, size=110, shape="diamond", opacity=1)
    zero = alt.Chart(bars).mark_rule(color=INK).encode(x=alt.XDatum(0.0))
    layers = [stacked, zero, dots.encode(y=y, x=alt.X("points:Q"))]
    title = largest_parts(told, messages)
    sentence = messages("reasons.sentence", areas=" ".join(describe_parts(one, messages) for one in told))
    return drawn(layers, messages, title, sentence, height=30 * sums.height + 10)


def quintiles(table: Released, inequality: Released, language: Texts = "sv") -> Figure:
    """Risk with its interval in quintiles of the population, from least to greatest need.

    Parameters
    ----------
    table
        quintile, risk, lower and upper.
    inequality
        metric, estimate, lower and upper; the metric ``ratio`` is that of the last quintile to the first.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each quintile; its title says whether the ratio differs from one.

    Examples
    --------
    >>> quintiles(published.tables["quintiles"], published.tables["inequality"], "en").sentence.partition(",")[0]
    "Risk in quintiles of the inhabitants by the area's need"
    """
    alt, messages = altair(), load_messages(language)
    names = {str(n): messages(f"quintile.{n}") for n in range(1, 6)}
    frame = table.frame.with_columns(label=pl.col("quintile").cast(pl.String).replace_strict(names))
    x = alt.X("label:N", title=messages("axis.quintile"), sort=frame["label"].to_list(), axis=alt.Axis(labelAngle=0))
    ratio = inequality.frame.filter(pl.col("metric") == "ratio").drop_nulls(("lower", "upper"))
    title = messages(f"quintiles.{_direction(ratio, frame)}")
    sentence = messages("quintiles.sentence", values=_risks(frame, messages))
    return _line_with_bounds(frame, x, messages, title, sentence)


def concentration(curve: Released, language: Texts = "sv") -> Figure:
    """Share of all cases among the most deprived part of the population: the concentration curve.

    Parameters
    ----------
    curve
        share_of_people (from the most deprived down), share_of_cases, lower and upper, each 0 to 1.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        The curve with its interval beside the line of equal shares; its title says whether the half of greatest need
        has more than half of the cases.

    Examples
    --------
    >>> concentration(published.tables["concentration"], "en").sentence.partition(":")[0]
    'Of the inhabitants, from greatest need to least'
    """
    alt, messages = altair(), load_messages(language)
    frame = curve.frame.drop_nulls("share_of_cases").sort("share_of_people")
    inner = frame.filter(pl.col("share_of_people").is_between(0.01, 0.99))
    half = inner.filter((pl.col("share_of_people") - 0.5).abs() < 1e-6)
    found = "more" if (half["lower"] > 0.5).any() else "less" if (half["upper"] < 0.5).any() else "unclear"
    title = messages(f"concentration.{found}")
    numbers = messages.numbers
    told = [
        messages(
            "concentration.point",
            people=numbers.whole_percent(row["share_of_people"]),
            cases=numbers.percent(row["share_of_cases"], row["lower"], row["upper"]),
        )
        for row in inner.iter_rows(named=True)
    ]
    base = alt.Chart(frame.with_columns(pl.exclude("cases") * 100))
    x = alt.X("share_of_people:Q", title=messages("axis.share_of_people"), scale=alt.Scale(domain=[0, 100]))
    share = messages("axis.share_of_cases")
    y = alt.Y("share_of_cases:Q", title=share, scale=alt.Scale(domain=[0, 100]))
    layers = (
        base.mark_area(color="#a9c1d9", opacity=0.5).encode(x=x, y=alt.Y("lower:Q", title=share), y2=alt.Y2("upper:Q")),
        base.mark_line(color=QUIET, strokeDash=[4, 3]).encode(x=x, y=alt.Y("share_of_people:Q", title=share)),
        base.mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y),
    )
    sentence = messages("concentration.sentence", values=messages.listed(told))
    return drawn(layers, messages, title, sentence, height=280)


def _direction(ratio: pl.DataFrame, shown: pl.DataFrame) -> str:
    """Say that need orders the risk where the ratio does; where only single quintiles differ, no more than that."""
    if not ratio.is_empty() and ratio["lower"][0] > 1:
        return "worse"
    if not ratio.is_empty() and ratio["upper"][0] < 1:
        return "better"
    return "mixed" if _disjoint(shown) else "unclear"


def _disjoint(shown: pl.DataFrame) -> bool:
    """Whether the intervals of some two rows lie apart."""
    bounds = shown.select(pl.col("lower").max(), pl.col("upper").min()).row(0)
    return None not in bounds and bounds[0] > bounds[1]


def change(periods: Released, language: Texts = "sv") -> Figure:
    """Observed risk with its interval by the period of the index dates.

    Parameters
    ----------
    periods
        index_from, index_to, risk, lower and upper, in the order of time.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each period; its title says whether the first and the last differ.

    Examples
    --------
    >>> change(published.tables["periods"], "en").sentence.partition(".")[0]
    'Share who had the outcome, by period'
    """
    alt, messages = altair(), load_messages(language)
    start, end = (pl.col(name).dt.year().cast(pl.String) for name in ("index_from", "index_to"))
    years = pl.when(start == end).then(start).otherwise(pl.concat_str([start, end], separator="–"))
    frame = periods.frame.with_columns(label=years)
    x = alt.X("label:N", title=messages("axis.period"), sort=frame["label"].to_list(), axis=alt.Axis(labelAngle=0))
    title, sentence = messages(f"change.{_trend(frame)}"), messages("change.sentence", values=_risks(frame, messages))
    return _line_with_bounds(frame, x, messages, title, sentence)


def _trend(frame: pl.DataFrame) -> str:
    """Say that the risk rose or fell where the intervals of the first and the last period lie apart."""
    shown = frame.drop_nulls("risk")
    if not _disjoint(shown):
        return "unclear"
    first, last = shown.row(0, named=True), shown.row(-1, named=True)
    return "up" if last["lower"] > first["upper"] else "down" if last["upper"] < first["lower"] else "mixed"


def _risks(frame: pl.DataFrame, messages: MessageCatalogue) -> str:
    """Write the risk of each row with its interval after its label."""
    percent = messages.numbers.percent
    written = [
        messages("withheld") if row["risk"] is None else percent(row["risk"], row["lower"], row["upper"])
        for row in frame.iter_rows(named=True)
    ]
    return messages.listed([f"{label}: {risk}" for label, risk in zip(frame["label"], written, strict=True)])


def _line_with_bounds(risks: pl.DataFrame, x: alt.X, messages: MessageCatalogue, title: str, sentence: str) -> Figure:
    alt, risk = altair(), messages("axis.risk")
    base = alt.Chart(risks.with_columns(pl.col("risk", "lower", "upper") * 100)).encode(x=x)
    line = base.mark_line(color="#a9c1d9", strokeWidth=2)
    layers = (
        line.encode(y=alt.Y("risk:Q", title=risk, scale=alt.Scale(zero=True))),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=alt.Y("lower:Q", title=risk), y2=alt.Y2("upper:Q")),
        base.mark_circle(color=ACCENT, size=110, opacity=1).encode(y=alt.Y("risk:Q")),
    )
    return drawn(layers, messages, title, sentence, height=260)
