"""The years to come: what a growing and ageing population makes of today's risks, where a forecast is given."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures import years_ahead
from riskstrat.reports.blocks import Block, Grid, Heading, Paragraph
from riskstrat.reports.context import ReportContext
from riskstrat.reports.situation import interval_of

_FASTER = 0.02
"""By how much more an age group must grow than everybody, to be named."""


def ahead(context: ReportContext) -> Iterator[Block]:
    """Tell what is expected until the last year of the forecast, for all and by area, and on what assumption."""
    total, omitted = context.frame("projection_total"), context.omission("projection")
    if total is None or total.is_empty():
        if omitted is not None:
            yield Paragraph(omitted, "quiet")
        return
    last = int(total["year"].to_numpy().max())
    yield Heading(context.messages("ahead.heading", year=last))
    yield Paragraph(" ".join(_growth(context, last)))
    figure = years_ahead(context.tables["projection_total"], context.messages)
    yield context.picture("ahead", "projection_total", "ahead.how", figure)
    yield from _staff(context, total)
    yield _by_area(context, last)
    yield Paragraph(context.messages("ahead.assumption"), "quiet")


def _growth(context: ReportContext, last: int) -> Iterator[str]:
    """Say how many residents there will be, and which ages grow faster than all."""
    rows = {row["ages"]: row["change"] for row in context.tables["projection_growth"].frame.iter_rows(named=True)}
    change = rows.pop("all")
    yield context.messages("ahead.residents", change=_signed(context, change), year=last)
    faster = [
        context.messages("ahead.age", ages=context.messages(f"ages.{ages}"), change=_signed(context, of))
        for ages, of in rows.items()
        if of > change + _FASTER
    ]
    if faster:
        yield context.messages("ahead.faster", ages=context.messages.listed(faster))


def _signed(context: ReportContext, share: float) -> str:
    return f"{'+' if share > 0 else ''}{context.numbers.whole_percent(share)}"


def _staff(context: ReportContext, total: pl.DataFrame) -> Iterator[Paragraph]:
    """Say how many more the plan reaches, and what staff that takes, if it goes on in the same areas."""
    if "reached" not in total.columns:
        return
    first, last = (total.sort("year").row(n, named=True) for n in (0, -1))
    if first["reached"] is None or last["reached"] is None:
        return
    number = context.numbers.number
    told = context.messages(
        "ahead.reached", now=number(first["reached"]), then=number(last["reached"]), year=last["year"]
    )
    if last["staff_hours"]:
        hours = {"now": number(first["staff_hours"]), "then": number(last["staff_hours"])}
        told = f"{told} {context.messages('ahead.staff', **hours)}"
    yield Paragraph(told)


def _by_area(context: ReportContext, last: int) -> Grid:
    frame = context.tables["projection"].frame
    first = int(frame["year"].to_numpy().min())
    names = dict(context.areas.select("area_id", "name").iter_rows()) if context.areas is not None else {}
    years = [{row["area_id"]: row for row in frame.filter(year=year).iter_rows(named=True)} for year in (first, last)]
    rows = []
    for area in sorted(years[0], key=lambda area: str(names.get(area, area))):
        people = years[1][area]["people"]
        written = None if people is None else context.numbers.number(people)
        rows.append((names.get(area, area), *(interval_of(context, year[area], "cases") for year in years), written))
    headings = [
        context.messages("column.area"),
        *(context.messages("ahead.cases_in", year=year) for year in (first, last)),
    ]
    columns = [*headings, context.messages("ahead.people_in", year=last)]
    title = context.messages("ahead.table")
    return context.grid("ahead-areas", "projection", title, columns, rows, location="screen", has_headings=True)
