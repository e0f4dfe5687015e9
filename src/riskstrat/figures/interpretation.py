"""What a model has learnt of its features: risk against value, and ratios with intervals; associations, not causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.numbers import decimals_carried
from riskstrat.figures.theme import ACCENT, QUIET, altair

ROW_PX = 26
_FLAT = 1.1
"""Ratios that lie within this factor of each other are told as a feature that makes little difference."""

_TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)


def dependence_curve(dependence: Released, feature: str, label: str, language: Texts = "sv") -> Figure:
    """Odds or hazard at each value of a feature over everybody's, with the spread that other features make.

    Parameters
    ----------
    dependence
        feature, bin, value, lower_edge, upper_edge, link, mean_difference, spread and ratio.
    feature, label
        Which one is drawn, and what it is called.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with a line of one standard deviation to either side for each bin that is shown.

    Examples
    --------
    >>> dependence_curve(published.tables["dependence"], "age_years", "age", "en").sentence.partition(",")[0]
    'Odds of the outcome by age'
    """
    alt, messages = altair(), load_messages(language)
    shown = dependence.frame.filter(feature=feature).drop_nulls("ratio").sort("bin")
    names = pl.Series("label", _bin_names(shown, messages), dtype=pl.String)
    spread = pl.col("spread")
    frame = shown.with_columns(
        names, lower=(pl.col("mean_difference") - spread).exp(), upper=(pl.col("mean_difference") + spread).exp()
    )
    link = next(iter(shown["link"]), "logit")
    scale = _ratio_scale(frame, ("lower", "upper"))
    y = alt.Y("label:N", title=None, sort=names.to_list(), axis=alt.Axis(grid=False))
    title = messages(f"axis.ratio_{link}")
    layers = (
        alt.Chart(frame).mark_rule(color=QUIET).encode(x=alt.XDatum(1.0, **scale, title=title)),
        alt.Chart(frame)
        .mark_rule(color=ACCENT)
        .encode(y=y, x=alt.X("lower:Q", **scale, title=title), x2=alt.X2("upper:Q")),
        alt.Chart(frame)
        .mark_circle(color=ACCENT, size=80, opacity=1)
        .encode(y=y, x=alt.X("ratio:Q", **scale, title=title)),
    )
    number = messages.numbers.number
    told = [
        f"{name}: {number(ratio, decimals_carried(ratio, None, None))}"
        for name, ratio in zip(names, frame["ratio"], strict=True)
    ]
    sentence = messages(f"dependence.{link}", factor=label, values=messages.listed(told) or messages("withheld"))
    text = _curve_title(frame, label, messages)
    return drawn(alt.layer(*layers), messages, text, sentence, height=ROW_PX * max(1, frame.height))


def ratio_forest(
    ratios: Released, labels: Mapping[str, str], language: Texts = "sv", *, event: int = 1, most: int = 20
) -> Figure:
    """Ratios of odds or hazards with their intervals, those farthest from 1 in the order of their size.

    Parameters
    ----------
    ratios
        feature, term, event, kind, per, step, estimate, lower, upper and penalised.
    labels
        What features are called; a feature without one by its name.
    language
        ``"sv"`` or ``"en"``, or texts of a language.
    event
        1 for the outcome, 2 for the competing event.
    most
        How many are drawn at most.

    Returns
    -------
    Figure
        A point with its interval for each ratio that is shown; curves have none.

    Examples
    --------
    >>> ratio_forest(published.tables["ratios"], {}, "en").title.partition(":")[0]
    'Odds ratios'
    """
    alt, messages = altair(), load_messages(language)
    shown = ratios.frame.filter(event=event).drop_nulls("estimate")
    distance = pl.col("estimate").log().abs()
    frame = shown.sort(distance, "term", descending=[True, False]).head(most).sort("estimate", "term", descending=True)
    names = [_step_name(row, labels, messages) for row in frame.iter_rows(named=True)]
    frame = frame.with_columns(pl.Series("label", names, dtype=pl.String))
    kind = next(iter(frame["kind"]), "odds_ratio")
    scale = {**_ratio_scale(frame, ("estimate", "lower", "upper")), "title": messages(f"axis.{kind}")}
    y = alt.Y("label:N", title=None, sort=names, axis=alt.Axis(grid=False, labelLimit=360))
    base = alt.Chart(frame)
    layers = (
        base.mark_rule(color=QUIET).encode(x=alt.XDatum(1.0, **scale)),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=y, x=alt.X("lower:Q", **scale), x2=alt.X2("upper:Q")),
        base.mark_circle(color=ACCENT, size=70, opacity=1).encode(y=y, x=alt.X("estimate:Q", **scale)),
    )
    interval = messages.numbers.interval
    told = [
        f"{name}: {interval(*bounds)}"
        for name, bounds in zip(names, frame.select("estimate", "lower", "upper").iter_rows(), strict=True)
    ]
    sentence = messages("ratios.sentence", values="; ".join(told) or messages("withheld"))
    if frame["penalised"].any():
        sentence = f"{sentence} {messages('ratios.penalised')}"
    text = _forest_title(frame, kind, messages)
    return drawn(alt.layer(*layers), messages, text, sentence, height=ROW_PX * max(1, frame.height))


def _ratio_scale(frame: pl.DataFrame, columns: tuple[str, ...]) -> dict[str, Any]:
    alt = altair()
    bounds = [value for name in columns for value in frame[name].drop_nulls()]
    domain = (min([0.8, *bounds]) * 0.97, max([1.25, *bounds]) * 1.03)
    ticks = [tick for tick in _TICKS if domain[0] <= tick <= domain[1]]
    axis = alt.Axis(values=ticks, format="~r")
    return {"scale": alt.Scale(type="log", domain=domain, nice=False), "axis": axis}


def _bin_names(shown: pl.DataFrame, messages: MessageCatalogue) -> list[str]:
    observed = shown.filter(pl.any_horizontal(pl.col("value", "lower_edge", "upper_edge").is_not_null()))
    yes_no = set(observed["value"]) <= {0.0, 1.0}
    return [_bin_name(row, messages, yes_no=yes_no) for row in shown.iter_rows(named=True)]


def _bin_name(row: Mapping[str, Any], messages: MessageCatalogue, *, yes_no: bool) -> str:
    value, ends = row["value"], {name: row[f"{name}_edge"] for name in ("lower", "upper")}
    if value is not None:
        return messages(f"bin.value_{value:g}") if yes_no else _short(value, messages)
    written = {name: _short(edge, messages) for name, edge in ends.items() if edge is not None}
    kind = {(): "not_observed", ("lower",): "above", ("upper",): "below"}.get(tuple(written), "between")
    return messages(f"bin.{kind}", **written)


def _short(value: float, messages: MessageCatalogue) -> str:
    """Write an edge with the three figures that it has."""
    decimals = next((number for number in range(3) if round(value, number) == value), 3)
    return messages.numbers.number(value, decimals)


def _curve_title(frame: pl.DataFrame, label: str, messages: MessageCatalogue) -> str:
    if frame.is_empty():
        return messages("dependence.withheld", factor=capitalised(label))
    ordered = frame.sort("ratio")
    flat = ordered["ratio"][-1] / ordered["ratio"][0] < _FLAT
    key = "dependence.flat" if flat else "dependence.title"
    return messages(key, factor=capitalised(label), bin=ordered["label"][-1])


def _step_name(row: Mapping[str, Any], labels: Mapping[str, str], messages: MessageCatalogue) -> str:
    named = [labels.get(name, name.replace("_", " ")) for name in row["feature"].split(", ")]
    step = "" if row["step"] is None else _short(row["step"], messages)
    return messages(f"per.{row['per']}", factor=messages.listed(named), step=step)


def _forest_title(frame: pl.DataFrame, kind: str, messages: MessageCatalogue) -> str:
    bounded = frame.drop_nulls(("lower", "upper"))
    clear = bounded.filter((pl.col("lower") > 1) | (pl.col("upper") < 1)).height
    form = "ratios.title" if bounded.height else "ratios.title_unbounded"
    return messages(form, kind=messages(f"ratios.{kind}"), k=clear, n=frame.height)
