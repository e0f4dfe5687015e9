"""What the model has learnt of single factors: curves, ratios and which go together; associations, not causes."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures import dependence_curve, ratio_forest
from riskstrat.reports.blocks import Block, Bullets, Heading, Paragraph
from riskstrat.reports.context import ReportContext


def interpretation(context: ReportContext) -> Iterator[Block]:
    """Show the curve of each family's main factor, the ratios of a linear model, and which factors go together."""
    if "dependence" not in context.tables:
        return
    labels = {column: context.say(label) for column, label in context.released.condition.labels.items()}
    messages = context.messages
    yield Heading(messages("interpretation.title"))
    yield Paragraph(messages("interpretation.not_causes"), "note")
    dependence = context.tables["dependence"]
    shown = dependence.frame.drop_nulls("ratio")["feature"].unique(maintain_order=True).to_list()
    if shown:
        curves = [dependence_curve(dependence, name, _named(labels, name), messages) for name in shown]
        title = messages("interpretation.curves")
        yield context.picture("dependence", "dependence", "interpretation.curves_how", *curves, title=title)
    if "ratios" in context.tables and context.tables["ratios"].frame["estimate"].count():
        forest = ratio_forest(context.tables["ratios"], labels, messages)
        yield context.picture("ratios", "ratios", "interpretation.ratios_how", forest)
    if (pairs := context.frame("correlated")) is not None:
        yield Paragraph(messages("interpretation.correlated"))
        yield Bullets(tuple(("", pair) for pair in _pairs(context, pairs, labels)))


def _named(labels: dict[str, str], name: str) -> str:
    return labels.get(name, name.replace("_", " "))


def _pairs(context: ReportContext, pairs: pl.DataFrame, labels: dict[str, str]) -> Iterator[str]:
    for row in pairs.drop_nulls("rank_correlation").iter_rows(named=True):
        first, second = (_named(labels, row[name]) for name in ("feature", "with_feature"))
        written = context.numbers.number(row["rank_correlation"], 2)
        yield context.messages("interpretation.pair", first=first, second=second, correlation=written)
