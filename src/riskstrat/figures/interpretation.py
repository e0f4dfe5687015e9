"""What a model has learnt of its features: risk against value, and ratios with intervals; associations, not causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.numbers import decimals_carried
from riskstrat.figures.ratio_rows import ratio_rows

ROW_PX = 26
_EDGE_DECIMALS = 3
_FLAT = 1.1
"""Ratios that lie within this factor of each other are told as a feature that makes little difference."""


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
    messages = load_messages(language)
    shown = dependence.frame.filter(feature=feature).drop_nulls("ratio").sort("bin")
    names = pl.Series("label", _bin_names(shown, messages), dtype=pl.String)
    spread = pl.col("spread")
    frame = shown.with_columns(
        names, lower=(pl.col("mean_difference") - spread).exp(), upper=(pl.col("mean_difference") + spread).exp()
    )
    link = next(iter(shown["link"]), "logit")
    number = messages.numbers.number
    told = [
        f"{name}: {number(ratio, decimals_carried(ratio, None, None))}"
        for name, ratio in zip(names, frame["ratio"], strict=True)
    ]
    sentence = messages(f"dependence.{link}", factor=label, values=messages.listed(told) or messages("withheld"))
    text = _curve_title(frame, label, messages)
    rows = frame.select("label", "lower", "upper", value="ratio", told=pl.Series(told, dtype=pl.String))
    layers = ratio_rows(rows, messages(f"axis.ratio_{link}"), label_px=220)
    return drawn(layers, messages, text, sentence, height=ROW_PX * max(1, frame.height))


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
    messages = load_messages(language)
    shown = ratios.frame.filter(event=event).drop_nulls("estimate")
    distance = pl.col("estimate").log().abs()
    frame = shown.sort(distance, "term", descending=[True, False]).head(most).sort("estimate", "term", descending=True)
    names = [_step_name(row, labels, messages) for row in frame.iter_rows(named=True)]
    frame = frame.with_columns(pl.Series("label", names, dtype=pl.String))
    kind = next(iter(frame["kind"]), "odds_ratio")
    interval = messages.numbers.interval
    told = [
        f"{name}: {interval(*bounds)}"
        for name, bounds in zip(names, frame.select("estimate", "lower", "upper").iter_rows(), strict=True)
    ]
    sentence = messages("ratios.sentence", values="; ".join(told) or messages("withheld"))
    if frame["penalised"].any():
        sentence = f"{sentence} {messages('ratios.penalised')}"
    text = _forest_title(frame, kind, messages)
    rows = frame.select("label", "lower", "upper", value="estimate", told=pl.Series(told, dtype=pl.String))
    layers = ratio_rows(rows, messages(f"axis.{kind}"))
    return drawn(layers, messages, text, sentence, height=ROW_PX * max(1, frame.height))


def _bin_names(shown: pl.DataFrame, messages: MessageCatalogue) -> list[str]:
    observed = shown.filter(pl.any_horizontal(pl.col("value", "lower_edge", "upper_edge").is_not_null()))
    yes_no = set(observed["value"]) <= {0.0, 1.0}
    return [_bin_name(row, messages, yes_no=yes_no) for row in shown.iter_rows(named=True)]


def _bin_name(row: Mapping[str, Any], messages: MessageCatalogue, *, yes_no: bool) -> str:
    value, ends = row["value"], {name: row[f"{name}_edge"] for name in ("lower", "upper")}
    if value is not None:
        return messages(f"bin.value_{value:g}") if yes_no else messages.numbers.declared(value, _EDGE_DECIMALS)
    written = {name: messages.numbers.declared(edge, _EDGE_DECIMALS) for name, edge in ends.items() if edge is not None}
    kind = {(): "not_observed", ("lower",): "above", ("upper",): "below"}.get(tuple(written), "between")
    return messages(f"bin.{kind}", **written)


def _curve_title(frame: pl.DataFrame, label: str, messages: MessageCatalogue) -> str:
    if frame.is_empty():
        return messages("dependence.withheld", factor=capitalised(label))
    ordered = frame.sort("ratio")
    flat = ordered["ratio"][-1] / ordered["ratio"][0] < _FLAT
    key = "dependence.flat" if flat else "dependence.title"
    return messages(key, factor=capitalised(label), bin=ordered["label"][-1])


def _step_name(row: Mapping[str, Any], labels: Mapping[str, str], messages: MessageCatalogue) -> str:
    named = [labels.get(name, name.replace("_", " ")) for name in row["feature"].split(", ")]
    step = "" if row["step"] is None else messages.numbers.declared(row["step"], _EDGE_DECIMALS)
    return messages(f"per.{row['per']}", factor=messages.listed(named), step=step)


def _forest_title(frame: pl.DataFrame, kind: str, messages: MessageCatalogue) -> str:
    bounded = frame.drop_nulls(("lower", "upper"))
    clear = bounded.filter((pl.col("lower") > 1) | (pl.col("upper") < 1)).height
    form = "ratios.title" if bounded.height else "ratios.title_unbounded"
    return messages(form, kind=messages(f"ratios.{kind}"), k=clear, n=frame.height)
