"""2. What to focus on: why some areas are high, what they share, and where most cases arise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from riskstrat.figures import Reasons, reasons_bars, reasons_of, risk_strata
from riskstrat.figures.reasons import UNEXPLAINED
from riskstrat.reports.blocks import Block, Bullets, Paragraph, Section
from riskstrat.reports.context import HIGHER, ReportContext

EXAMPLES = 5
"""How many areas are shown where none is clearly high."""

_FACTORS_NAMED = 2


def focus(context: ReportContext) -> Section:
    """Answer the second question."""
    return Section(key="focus", title=context.messages("section.focus"), blocks=tuple(_blocks(context)))


def _blocks(context: ReportContext) -> Iterator[Block]:
    if context.areas is None:
        yield Paragraph(context.messages("first.no_areas"), "note")
    else:
        yield from _why(context, context.areas)
    yield from _strata(context)


def _why(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    high = areas.filter(pl.col("class") == HIGHER)
    highest = areas.drop_nulls("probability_higher").sort("probability_higher", descending=True).head(EXAMPLES)
    shown = high if high.height else highest.sort("name")
    if "reasons" not in context.tables or shown.is_empty():
        yield Paragraph(context.messages("focus.nothing"), "note")
        return
    if high.is_empty():
        yield Paragraph(context.messages("focus.none_high"), "note")
    table = context.tables["reasons"]
    reasons = [reasons_of(table, row["area_id"], row["name"]) for row in shown.iter_rows(named=True)]
    figure = reasons_bars(table, context.tables["areas"], shown["area_id"].to_list(), context.language)
    yield context.picture("reasons", "reasons", "focus.why_how", figure, wide=True)
    yield Bullets(tuple((one.name, reasons_sentence(context, one)) for one in reasons))
    if shared := _shared(context, reasons):
        yield Paragraph(shared)
    yield Paragraph(context.messages("focus.together"), "quiet")
    yield Paragraph(context.messages("focus.not_causes"), "note")


def reasons_sentence(context: ReportContext, reasons: Reasons) -> str:
    """Tell the difference, also beyond age and sex, its largest known part and what is not explained."""
    numbers, messages, decimals = context.numbers, context.messages, reasons.decimals
    key = "focus.higher" if reasons.total >= 0 else "focus.lower"
    points = messages(key, points=numbers.number(abs(reasons.total), decimals))
    told = [messages("focus.area", points=points, beyond=numbers.signed(reasons.beyond_age_and_sex, decimals))]
    part = reasons.largest(without=UNEXPLAINED)
    if part is not None:
        told.append(_largest(context, reasons, part, decimals))
    if reasons.rest is not None:
        told.append(messages("focus.rest", points=numbers.interval(*reasons.rest)))
    return " ".join(told)


def _largest(context: ReportContext, reasons: Reasons, part: str, decimals: int) -> str:
    values = {
        "part": context.messages(f"part.{part}"),
        "points": context.numbers.signed(reasons.points[part], decimals),
    }
    factors = _factors(context, reasons.area, part)
    if not factors:
        return context.messages("focus.largest", **values)
    key = "focus.largest_one" if len(factors) == 1 else "focus.largest_with"
    return context.messages(key, factors=context.messages.listed(factors), **values)


def _factors(context: ReportContext, area: str, family: str) -> list[str]:
    """Labels of the features of a family that raise the area's risk most."""
    frame = context.frame("factors")
    labels = {feature.column: feature.label for feature in context.released.condition.features if feature.label}
    if frame is None:
        return []
    raising = frame.filter(
        pl.col("group") == area,
        pl.col("family") == family,
        pl.col("mean_difference") > 0,
        pl.col("feature").is_in(list(labels)),
    ).sort("mean_difference", descending=True)
    found = (labels[name] for name in raising["feature"].head(_FACTORS_NAMED))
    return [context.say(label) for label in found if label is not None]


def _shared(context: ReportContext, reasons: Sequence[Reasons]) -> str:
    """Say in how many of the areas each part raises the risk; only with several areas is anything shared."""
    if len(reasons) < 2:
        return ""
    counts = Counter(
        part for one in reasons for part, points in one.points.items() if points > 0 and part != UNEXPLAINED
    )
    told = [
        context.messages("focus.shared_part", part=context.messages(f"part.{part}"), k=k, n=len(reasons))
        for part, k in counts.most_common()
        if k > len(reasons) / 2
    ]
    return context.messages("focus.shared", parts=context.messages.listed(told)) if told else ""


def _strata(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("risk_strata")
    if frame is None or frame["case_share"].null_count():
        return
    figure = risk_strata(context.tables["risk_strata"], context.language)
    yield context.picture("risk-strata", "risk_strata", "focus.strata_how", figure)
    outside = context.estimate("plan_summary", metric="outside_share")
    if outside is not None:
        yield Paragraph(context.messages("focus.outside", share=context.numbers.whole_percent(outside.value)))
