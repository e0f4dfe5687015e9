"""What the model is worth in other places: as it is, after recalibration, and what has moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from riskstrat.records.transport import SENTENCES
from riskstrat.reports.blocks import Block, Heading, Paragraph
from riskstrat.reports.context import ReportContext
from riskstrat.reports.tables import MAIN_METRICS, written_metric


def elsewhere(context: ReportContext) -> Iterator[Block]:
    """Show each place that the model was taken to, or say that it was not."""
    frame, messages = context.frame("elsewhere"), context.messages
    sentences = [Paragraph(sentence) for sentence in elsewhere_sentences(context)]
    if frame is None:
        yield from sentences
        return
    yield Heading(messages("elsewhere.heading"))
    yield Paragraph(messages("elsewhere.how"), "quiet")
    locations = frame.sort("number").to_dicts()
    rows = [
        (
            location["location"],
            messages(f"elsewhere.{kind}"),
            *(
                written_metric(context, f"metrics_{kind}_elsewhere_{location['number']}", name, "all")
                for name in MAIN_METRICS
            ),
        )
        for location in locations
        for kind in ("as_it_is", "recalibrated")
    ]
    first = f"metrics_as_it_is_elsewhere_{locations[0]['number']}"
    columns = ("place", "risks", "auc", "gain", "slope", "observed_expected")
    yield context.grid("elsewhere", first, messages("elsewhere.table"), columns, rows, text_columns=2)
    yield from sentences


def elsewhere_sentences(context: ReportContext) -> list[str]:
    """Say of each other place what is recommended; where there is none, that none was tested."""
    frame = context.frame("elsewhere")
    if frame is not None:
        return [_sentence(context, location) for location in frame.sort("number").iter_rows(named=True)]
    return [] if "metrics_municipality" in context.tables else [context.messages("elsewhere.untested")]


def _sentence(context: ReportContext, location: dict[str, Any]) -> str:
    """Say what is recommended in a place, and which features are distributed otherwise there."""
    inputs = context.tables[f"inputs_elsewhere_{location['number']}"].frame
    labels = context.feature_names
    moved = [labels.get(name, name) for name in inputs.filter("marked")["column"]] if "marked" in inputs.columns else []
    named = {"features": context.messages.listed(moved)} if moved else {}
    drift = context.messages(f"elsewhere.{'moved' if moved else 'same'}", **named)
    where = f"{location['location']}, {context.date(location['as_of'])}"
    return f"{where}: {context.say(SENTENCES[location['recommendation']])} {drift}"
