"""2. What to focus on: why some areas are high, what they share, and where most cases arise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from riskstrat.declare import Age, BirthRegion, Sex
from riskstrat.figures import Reasons, people_and_cases, reasons_bars, risk_strata
from riskstrat.figures.messages import capitalised
from riskstrat.figures.reasons import UNEXPLAINED, reasons_of
from riskstrat.records.areas import BETWEEN
from riskstrat.reports.benefit import leading
from riskstrat.reports.blocks import PRINTED_ROWS, Block, Bullets, Heading, OnScreen, Paragraph
from riskstrat.reports.context import ESTIMATE, HIGHER, ReportContext
from riskstrat.reports.reasons import reasons_sentence
from riskstrat.reports.situation import cases_to_come, interval_of, percent_of
from riskstrat.reports.tables import group_name, written_count

FIXED = (Age, Sex, BirthRegion)
"""Factors that nobody can change."""

REST = "other"
"""The group of those whose labels are not known or who are too few."""

_PRINTED_AREAS = 6
"""With more areas than this, the print edition has their bars only."""


def focus(context: ReportContext) -> Iterator[Block]:
    """Answer the second question."""
    if context.areas is None:
        yield Paragraph(context.messages("first.no_areas"), "note")
    else:
        yield from _why(context, context.areas)
    yield from _strata(context)
    yield from _people(context)


def _why(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    high = areas.filter(pl.col("class") == HIGHER)
    if high.is_empty():
        yield Paragraph(context.messages("focus.none_high"), "note")
        return
    if "reasons" not in context.tables:
        yield Paragraph(context.messages("focus.nothing"), "note")
        return
    named = high.select("area_id", "name").iter_rows()
    told = [reasons_of(context.tables["reasons"], area, name) for area, name in named]
    if above := [one for one in told if one.is_above]:
        yield from _bars(context, above, high)
    if others := [one.name for one in told if not one.is_above]:
        yield Paragraph(context.messages("focus.not_above", areas=context.listed(others)), "note")
    yield Paragraph(context.messages("focus.together"), "quiet")
    yield Paragraph(context.messages("focus.not_causes"), "note")
    yield from _who_can_change(context)


def _bars(context: ReportContext, reasons: Sequence[Reasons], areas: pl.DataFrame) -> Iterator[Block]:
    codes = [one.area for one in reasons]
    figure = reasons_bars(context.tables["reasons"], context.tables["areas"], codes, context.messages)
    bars = context.picture("reasons", "reasons", "focus.why_how", figure, wide=True)
    yield bars if len(reasons) <= PRINTED_ROWS else OnScreen((bars,))
    volumes = {row["area_id"]: _volume(context, row) for row in areas.iter_rows(named=True)}
    told = Bullets(tuple((one.name, f"{reasons_sentence(context, one)}{volumes[one.area]}") for one in reasons))
    yield told if len(reasons) <= _PRINTED_AREAS else OnScreen((told,))
    if shared := _shared(context, reasons):
        yield Paragraph(shared)


def _volume(context: ReportContext, area: dict[str, Any]) -> str:
    """Say how many cases are expected there: a high risk of few people may be few cases."""
    cases = cases_to_come(context, area)
    if cases is None:
        return ""
    return " " + context.messages("focus.volume", cases=cases, people=context.numbers.number(area["target_people"]))


def _who_can_change(context: ReportContext) -> Iterator[Block]:
    """List the condition's factors by who could change them."""
    labelled: dict[str, list[str]] = {}
    for feature in context.released.condition.features:
        if feature.label is not None:
            kind = "fixed" if isinstance(feature, FIXED) else feature.family
            labelled.setdefault(kind, []).append(context.say(feature.label))
    yield Heading(context.messages("focus.change_title"))
    told = {
        kind: context.messages(f"change_by.{kind}", factors=context.listed(list(dict.fromkeys(labels))))
        for kind, labels in labelled.items()
    }
    yield Bullets(tuple((capitalised(context.messages(f"change_by.{kind}_title")), by) for kind, by in told.items()))


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
    figure = risk_strata(context.tables["risk_strata"], context.messages)
    yield context.picture("risk-strata", "risk_strata", "focus.strata_how", figure)
    of = leading(context)
    outside = context.estimate(f"{of}_summary", metric="outside_share")
    if outside is not None:
        yield Paragraph(context.messages(f"focus.outside_{of}", share=context.numbers.whole_percent(outside.value)))


def _people(context: ReportContext) -> Iterator[Block]:
    """Set people beside cases in groups wherever they live, and say how unequal those are that are ranked."""
    frame = context.frame("people_groups")
    if frame is None or frame["risk"].null_count():
        return
    yield Heading(context.messages("people.heading"))
    yield Paragraph(context.messages("people.how"), "quiet")
    for (by,), rows in frame.group_by("by", maintain_order=True):
        columns = str(by).split(" x ")
        names = {group: _group(context, columns, group) for group in rows["group"]}
        if len(columns) > 1:
            figure = people_and_cases(context.tables["people_groups"], context.messages, by=str(by), names=names)
            yield OnScreen(
                (context.picture(f"people-{'-'.join(columns)}", "people_groups", "focus.strata_how", figure),)
            )
        else:
            yield from _ranked(context, columns[0])
        written = [_group_row(context, names[row["group"]], row) for row in rows.iter_rows(named=True)]
        heads = ("group", "people", "share_of_people", "cases_to_come", "share_of_cases", "risk")
        title = context.messages("people.title", by=context.messages.listed([_column(context, one) for one in columns]))
        yield context.grid(
            f"people-table-{'-'.join(columns)}", "people_groups", title, heads, written, location="screen"
        )


def _group_row(context: ReportContext, name: str, row: dict[str, Any]) -> tuple[str | None, ...]:
    return (
        name,
        written_count(context, row["target_people"]),
        context.numbers.whole_percent(row["share_of_people"]),
        interval_of(context, row, "expected_cases"),
        percent_of(context, row, "share_of_cases"),
        percent_of(context, row, "risk"),
    )


def _group(context: ReportContext, columns: Sequence[str], group: str) -> str:
    """Write the labels of a cross in words."""
    if group == REST:
        return capitalised(context.messages("people.other"))
    parts = zip(columns, group.split(BETWEEN) if len(columns) > 1 else [group], strict=True)
    return capitalised(", ".join(group_name(context, f"{column}={value}") for column, value in parts))


def _column(context: ReportContext, name: str) -> str:
    declared = {one.name: context.say(one.label) for one in context.released.condition.subgroups}
    return declared.get(name) or context.messages.named("group_column", name)


def _ranked(context: ReportContext, by: str) -> Iterator[Block]:
    ratio = context.estimate("people_inequality", ESTIMATE, by=by, metric="ratio")
    if ratio is not None and ratio.is_bounded:
        (worse,) = {one.deprived for one in context.released.condition.subgroups if one.name == by}
        values = {"by": _column(context, by), "ratio": context.numbers.interval(*ratio)}
        yield Paragraph(context.messages(f"people.ratio_{worse}", **values))
