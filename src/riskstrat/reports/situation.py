"""1. Where do we stand: level and certainty on maps, areas in classes, inequality, change over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from riskstrat.figures import area_intervals, change, counted, map_certainty, map_level, quintiles
from riskstrat.reports.blocks import Block, Paragraph, Section
from riskstrat.reports.context import HIGHER, LOWER, UNCERTAIN, WITHHELD, ReportContext

_ODDS = ("half_odds", "same_odds", "double_odds")
_BOUNDS = ("", "_lower", "_upper")


def situation(context: ReportContext) -> Section:
    """Answer the first question."""
    return Section(key="situation", title=context.messages("section.situation"), blocks=tuple(_blocks(context)))


def _blocks(context: ReportContext) -> Iterator[Block]:
    outcome = context.say(context.released.condition.wording.outcome)
    yield Paragraph(context.messages("situation.risk", outcome=outcome))
    if context.areas is None:
        yield Paragraph(context.omission("areas") or context.messages("first.no_areas"), "note")
        return
    yield from _maps(context, context.areas)
    yield from _intervals(context, context.areas)
    yield from _inequality(context)
    yield from _change(context)


def _maps(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    geometry, table = context.released.source.geometry, context.tables["areas"]
    if geometry is None or areas["risk"].count() == 0:
        return
    for key, figure in (
        ("level", map_level(table, geometry, context.language)),
        ("certainty", map_certainty(table, geometry, context.language)),
    ):
        yield context.picture(f"map-{key}", "areas", f"situation.{key}_how", figure)


def _intervals(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    if areas["relative_risk"].count():
        kinds = [kind for kind in (HIGHER, UNCERTAIN, LOWER) if context.names_of(kind)]
        figures = [area_intervals(context.tables["areas"], context.language, kind) for kind in kinds]
        title = counted(areas, context.messages)
        yield context.picture("intervals", "areas", "situation.intervals_how", *figures, title=title, wide=True)
    withheld = context.names_of(WITHHELD)
    if withheld:
        yield Paragraph(context.messages("situation.withheld_note", areas=context.listed(withheld)), "note")
    title = context.messages("situation.table_title")
    yield context.grid("areas", "areas", title, _area_table(context, areas), text_columns=2, is_open=False)
    yield from unmeasured(context, areas)


def _area_table(context: ReportContext, areas: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (
            row["name"],
            context.messages(f"class.{row['class']}"),
            None if row["target_people"] is None else context.numbers.number(row["target_people"]),
            percent_of(context, row, "risk"),
            interval_of(context, row, "relative_risk"),
        )
        for row in areas.iter_rows(named=True)
    ]
    return context.text_frame(("area", "class", "people", "risk", "relative"), rows)


def unmeasured(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    """Say in which areas those who were not measured may change the class, and what it would be."""
    messages, found = context.messages, context.frame("unmeasured")
    if found is None:
        return
    key, classes = found.columns[0], [f"class_{odds}" for odds in _ODDS]
    rows = found.drop("name", strict=False).join(areas.select(key, "name"), on=key).sort("name")
    changed = rows.drop_nulls(classes).filter(pl.concat_list(classes).list.n_unique() > 1)["name"].to_list()
    same = messages("situation.unmeasured_same")
    told = messages("situation.unmeasured_changed", areas=context.listed(changed)) if changed else same
    yield Paragraph(f"{messages('situation.unmeasured')} {told}")
    cells = [
        (
            row["name"],
            *(messages(f"class.{(row[name] or WITHHELD).replace(' ', '_')}") for name in classes),
            None if row["measured_share"] is None else context.numbers.whole_percent(row["measured_share"]),
        )
        for row in rows.iter_rows(named=True)
    ]
    frame = context.text_frame(("area", *classes, "measured_share"), cells)
    title = messages("situation.unmeasured_title")
    yield context.grid("unmeasured", "unmeasured", title, frame, text_columns=4, is_open=False)


def percent_of(context: ReportContext, row: dict[str, Any], column: str) -> str | None:
    """Write a share with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in _BOUNDS)
    return None if value is None else context.numbers.percent(value, *bounds)


def interval_of(context: ReportContext, row: dict[str, Any], column: str) -> str | None:
    """Write a number with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in _BOUNDS)
    return None if value is None else context.numbers.interval(value, *bounds)


def _inequality(context: ReportContext) -> Iterator[Block]:
    ratio = context.estimate("inequality", metric="ratio")
    if ratio is None or ratio.lower is None or ratio.upper is None:
        reason = context.omission("inequality") or context.messages("situation.inequality_absent")
        yield Paragraph(reason, "quiet")
        return
    told = context.messages("situation.inequality", ratio=context.numbers.interval(*ratio))
    unclear = f" {context.messages('situation.inequality_unclear')}" if ratio.lower <= 1 <= ratio.upper else ""
    yield Paragraph(told + unclear, "lead")
    yield Paragraph(context.messages("situation.inequality_intro"), "quiet")
    if "quintiles" in context.tables:
        figure = quintiles(context.tables["quintiles"], context.tables["inequality"], context.language)
        yield context.picture("quintiles", "quintiles", "situation.quintiles_how", figure)


def _change(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("periods")
    if frame is None or frame["risk"].count() < 2:
        yield Paragraph(context.messages("situation.change_absent"), "quiet")
        return
    figure = change(context.tables["periods"], context.language)
    yield context.picture("change", "periods", "situation.change_how", figure)
