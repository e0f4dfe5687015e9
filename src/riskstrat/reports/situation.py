"""1. Where do we stand: level and certainty on maps, areas in classes, inequality, change over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import polars as pl

from riskstrat.figures import (
    NUMBER,
    area_intervals,
    change,
    concentration,
    counted,
    map_certainty,
    map_level,
    quintiles,
)
from riskstrat.reports.blocks import Block, Grid, Location, OnScreen, Paragraph
from riskstrat.reports.context import BOUNDS, ESTIMATE, HIGHER, LOWER, UNCERTAIN, WITHHELD, ReportContext
from riskstrat.reports.tables import ODDS, Written, unmeasured_areas, unmeasured_sentences

FEW_CASES = 10
"""Of an area with fewer cases than this it is said that its class rests on its residents more than on its cases."""

MOST_PRINTED = 60
"""Areas that the print edition lists one by one."""

COUNTED = MappingProxyType({"cases": "counted", "expected": "expected_then"})
"""By column of what happened before, its heading."""


def situation(context: ReportContext) -> Iterator[Block]:
    """Answer the first question."""
    outcome = context.say(context.released.condition.wording.outcome)
    yield Paragraph(context.messages("situation.risk", outcome=outcome))
    if context.areas is None:
        yield Paragraph(context.omission("areas") or context.messages("first.no_areas"), "note")
        return
    yield from _maps(context, context.areas)
    yield from _intervals(context, context.areas)
    yield from _inequality(context)
    yield from _change(context)
    yield from _rising(context)
    yield from _inequality_change(context)
    yield from _comparators(context)


def _maps(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    geometry, table = context.released.source.geometry, context.tables["areas"]
    if geometry is None or areas["risk"].count() == 0:
        return
    for key, figure in (
        ("level", map_level(table, geometry, context.messages)),
        ("certainty", map_certainty(table, geometry, context.messages)),
    ):
        yield context.picture(f"map-{key}", "areas", f"situation.{key}_how", figure)


def _intervals(context: ReportContext, areas: pl.DataFrame) -> Iterator[Block]:
    if areas["relative_risk"].count():
        kinds = [kind for kind in (HIGHER, UNCERTAIN, LOWER) if context.names_of(kind)]
        figures = [area_intervals(context.tables["areas"], context.language, kind) for kind in kinds]
        title = context.messages("situation.intervals_title", counted=counted(areas, context.messages))
        picture = context.picture("intervals", "areas", "situation.intervals_how", *figures, title=title, wide=True)
        yield OnScreen((picture,))
    withheld = context.names_of(WITHHELD)
    if withheld:
        yield Paragraph(context.messages("situation.withheld_note", areas=context.listed(withheld)), "note")
    yield from _notes(context, areas)
    yield from _area_tables(context, areas)
    yield from unmeasured(context)


def _notes(context: ReportContext, areas: pl.DataFrame) -> Iterator[Paragraph]:
    """Explain what a class is not: a low one no reason to cut, a high one with few cases no count of them."""
    if context.names_of(LOWER):
        yield Paragraph(context.messages("situation.lower_note"), "note")
    few = areas.filter((pl.col("class") == HIGHER) & (pl.col("cases") < FEW_CASES))["name"].to_list()
    if few:
        yield Paragraph(context.messages("situation.few_cases", areas=context.listed(few), n=FEW_CASES), "note")


def _area_tables(context: ReportContext, areas: pl.DataFrame) -> Iterator[Grid]:
    """Give the table of all areas; where it is long the print edition has those that matter most instead."""
    title, is_short = context.messages("situation.table_title"), areas.height <= MOST_PRINTED
    location: Location = "appendix" if is_short else "screen"
    yield context.grid(
        "areas", "areas", title, *_area_table(context, areas), text_columns=3, location=location, has_sheets=True
    )
    if not is_short:
        selected = context.frame("plan_selected")
        chosen = [] if selected is None or "area_id" not in selected.columns else selected["area_id"].to_list()
        shown = areas.filter((pl.col("class") == HIGHER) | pl.col("area_id").is_in(chosen))
        title = context.messages("situation.table_part", k=shown.height, n=areas.height)
        yield context.grid("areas-part", "areas", title, *_area_table(context, shown), text_columns=3, location="paper")


def _area_table(context: ReportContext, areas: pl.DataFrame) -> Written:
    """Write the smoothed risk beside the cases to come, and the cases that there were beside those expected then."""
    counted = (heading for name, heading in COUNTED.items() if name in areas.columns)
    beside = (name for name in ("care_use", "depends_on") if name in areas.columns)
    columns = (NUMBER, "area", "class", "people", "cases_to_come", "risk", "relative", *counted, *beside)
    return columns, [_area_row(context, row) for row in areas.iter_rows(named=True)]


def _area_row(context: ReportContext, row: dict[str, Any]) -> tuple[str | None, ...]:
    number, people = context.numbers.number, row["target_people"]
    return (
        number(row[NUMBER]),
        row["name"],
        context.messages(f"class.{row['class']}"),
        None if people is None else number(people),
        cases_to_come(context, row),
        percent_of(context, row, "risk"),
        interval_of(context, row, "relative_risk"),
        *(None if row[name] is None else number(row[name]) for name in COUNTED if name in row),
        *([number(row["care_use"], 1)] if row.get("care_use") is not None else [None] if "care_use" in row else []),
        *([marks_of(context, row)] if "depends_on" in row else []),
    )


def marks_of(context: ReportContext, row: dict[str, Any]) -> str | None:
    """Say what the class of an area depends on, in the words of the condition; None where on nothing."""
    marks = {one.name: context.say(one.mark) for one in context.released.condition.sensitivities}
    return ", ".join(marks[name] for name in (row["depends_on"] or "").split(", ") if name in marks) or None


def cases_to_come(context: ReportContext, row: dict[str, Any]) -> str | None:
    """Write the cases expected among an area's people now, with their interval; None where they are withheld."""
    people, risk = row["target_people"], [row[f"risk{end}"] for end in BOUNDS]
    if people is None or None in risk:
        return None
    return context.numbers.interval(*(people * share for share in risk))


def unmeasured(context: ReportContext) -> Iterator[Block]:
    """Say in which areas those who were not measured may change the class, and what it would be."""
    messages, rows = context.messages, unmeasured_areas(context)
    if rows is None:
        return
    classes = [f"class_{odds}" for odds in ODDS]
    yield Paragraph(unmeasured_sentences(context, rows))
    cells = [
        (
            row["name"],
            *(messages(f"class.{(row[name] or WITHHELD).replace(' ', '_')}") for name in classes),
            None if row["measured_share"] is None else context.numbers.whole_percent(row["measured_share"]),
        )
        for row in rows.iter_rows(named=True)
    ]
    title = messages("situation.unmeasured_title")
    columns = ("area", *classes, "measured_share")
    yield context.grid("unmeasured", "unmeasured", title, columns, cells, text_columns=4, location="screen")


def percent_of(context: ReportContext, row: Mapping[str, Any], column: str) -> str | None:
    """Write a share with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in BOUNDS)
    return None if value is None else context.numbers.percent(value, *bounds)


def interval_of(context: ReportContext, row: Mapping[str, Any], column: str) -> str | None:
    """Write a number with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in BOUNDS)
    return None if value is None else context.numbers.interval(value, *bounds)


def _inequality(context: ReportContext) -> Iterator[Block]:
    ratio = context.estimate("inequality", metric="ratio")
    if ratio is None or ratio.lower is None or ratio.upper is None:
        reason = context.omission("inequality") or context.messages("situation.inequality_absent")
        yield Paragraph(reason, "quiet")
        return
    key = "situation.inequality_unclear" if ratio.lower <= 1 <= ratio.upper else "situation.inequality"
    yield Paragraph(context.messages(key, ratio=context.numbers.interval(*ratio)), "lead")
    yield Paragraph(context.messages("situation.inequality_intro"), "quiet")
    if "quintiles" in context.tables:
        figure = quintiles(context.tables["quintiles"], context.tables["inequality"], context.messages)
        yield context.picture("quintiles", "quintiles", "situation.quintiles_how", figure)
    if "concentration" in context.tables:
        figure = concentration(context.tables["concentration"], context.messages)
        yield context.picture("concentration", "concentration", "situation.concentration_how", figure)


def _change(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("periods")
    if frame is None or frame["risk"].count() < 2:
        yield Paragraph(context.messages("situation.change_absent"), "quiet")
        return
    figure = change(context.tables["periods"], context.messages)
    yield context.picture("change", "periods", "situation.change_how", figure)


def _rising(context: ReportContext) -> Iterator[Block]:
    """Name the areas that are high and rising, with how fast; no order among them but that of their names."""
    found = context.frame("trends")
    if found is None or context.areas is None or found["high_and_rising"].count() == 0:
        return
    key, number = found.columns[0], context.numbers.number
    named = found.filter("high_and_rising").drop("name", strict=False).join(context.areas.select(key, "name"), on=key)
    years = {name: int(found[name].drop_nulls()[0]) for name in ("first_year", "last_year")}
    told = [
        context.messages("situation.rising_one", area=row["name"], ratio=interval_of(context, row, "yearly_ratio"))
        for row in named.sort("name").iter_rows(named=True)
    ]
    what = "situation.rising" if told else "situation.rising_none"
    yield Paragraph(context.messages(what, areas=context.messages.listed(told), n=number(found.height), **years))


def _inequality_change(context: ReportContext) -> Iterator[Block]:
    """Say how the ratio between the quintiles of greatest and least need has moved since the first period."""
    found = context.frame("inequality_change")
    ratios = None if found is None else found.filter(metric="ratio").drop_nulls("estimate").sort("year")
    if ratios is None or ratios.height < 2:
        return
    first, last = ratios.row(0, named=True), ratios.row(-1, named=True)
    bounds = last["change_lower"], last["change_upper"]
    if None in bounds:
        return
    way = "more" if bounds[0] > 0 else "less" if bounds[1] < 0 else "unclear"
    then, now = (context.numbers.interval(*(row[name] for name in ESTIMATE)) for row in (first, last))
    values = {"first_year": first["year"], "last_year": last["year"], "then": then, "now": now}
    yield Paragraph(context.messages(f"situation.unequal_{way}", **values))


def _comparators(context: ReportContext) -> Iterator[Block]:
    """Show what others published, with their source; beside the outcome of the study its own last period."""
    found = context.frame("comparators")
    if found is None:
        return
    own, periods = context.released.condition.name, context.frame("periods")
    rows = [_comparator_row(context, row, is_share=row["indicator"] == own) for row in found.iter_rows(named=True)]
    latest = None if periods is None else periods.drop_nulls("risk").tail(1)
    if latest is not None and latest.height and own in found["indicator"]:
        row = latest.row(0, named=True)
        years = f"{row['index_from'].year}–{row['index_to'].year}"
        written = context.numbers.percent(row["risk"], row["lower"], row["upper"])
        here, source = context.released.source.name, context.messages("situation.comparators_own")
        rows.insert(0, (here, context.say(context.released.condition.title), years, written, source))
    title = context.messages("situation.comparators_title")
    yield Paragraph(context.messages("situation.comparators_how"), "quiet")
    columns = ("who", "indicator", "year", "value", "source")
    yield context.grid("comparators", "comparators", title, columns, rows, text_columns=2)


def _comparator_row(context: ReportContext, row: dict[str, Any], *, is_share: bool) -> tuple[str | None, ...]:
    numbers, three = context.numbers, (row["value"], row["lower"], row["upper"])
    if is_share:
        written = numbers.percent(*three, least_decimals=1)
    elif row["lower"] is None:
        # What others published is shown as they wrote it.
        written = numbers.declared(row["value"])
    else:
        written = numbers.interval(*three)
    title = context.say(context.released.condition.title) if is_share else row["indicator"]
    unit = "" if is_share or row["unit"] is None else f" {row['unit']}"
    return row["who"], title, str(row["year"]), f"{written}{unit}", row["source"]
