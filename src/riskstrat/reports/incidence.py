"""What happened to those who were followed: by time since the index date, by age and by calendar year."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures import MOST_CURVES, incidence_curves
from riskstrat.reports.blocks import Block, Heading, Paragraph
from riskstrat.reports.context import ReportContext
from riskstrat.reports.tables import group_name, natural_order

_CURVES, _RATES = "cumulative_incidence", "person_years"
_COLUMNS = ("age", "calendar_year", "person_years", "events", "rate")


def incidence(context: ReportContext) -> Iterator[Block]:
    """Show the curve of everybody, those of groups that are described, and rates."""
    if _CURVES not in context.tables:
        return
    table, messages = context.tables[_CURVES], context.messages
    yield Heading(messages("incidence.heading"))
    if table.frame.filter(group="all")["estimate"].count() == 0:
        yield Paragraph(messages("incidence.withheld_all"), "note")
        return
    yield context.picture("incidence", _CURVES, "incidence.how", incidence_curves(table, messages))
    shown = table.frame.filter(pl.col("group") != "all", event=1).drop_nulls("estimate")
    figures = [incidence_curves(table, messages, names) for names in _divisions(context, shown)]
    if figures:
        title = messages("incidence.groups")
        yield context.picture("incidence-groups", _CURVES, "incidence.groups_how", *figures, title=title)
    rows = list(_rates(context))
    if rows:
        yield context.grid(
            "rates", _RATES, messages("incidence.rates"), _COLUMNS, rows, text_columns=2, location="screen"
        )


def _divisions(context: ReportContext, shown: pl.DataFrame) -> Iterator[dict[str, str]]:
    """Give the groups of each column of which two or more are shown, by what they are called; of many the largest."""
    size = shown.group_by("group").agg(pl.col("index_dates").max())
    columns = sorted({group.partition("=")[0] for group in size["group"]}, key=lambda one: (one != "sex", one))
    for column in columns:
        of_column = size.filter(pl.col("group").str.starts_with(f"{column}="))
        largest = of_column.sort("index_dates", "group", descending=[True, False]).head(MOST_CURVES)["group"]
        if len(largest) > 1:
            yield {group: group_name(context, group) for group in sorted(largest, key=natural_order)}


def _rates(context: ReportContext) -> Iterator[tuple[str | None, ...]]:
    numbers = context.numbers
    frame = context.tables[_RATES].frame.drop_nulls("rate")
    for row in sorted(
        frame.iter_rows(named=True), key=lambda row: (natural_order(f"age_band={row['age_band']}"), row["year"])
    ):
        yield (
            row["age_band"].replace("-", "–"),
            str(row["year"]),
            numbers.number(row["person_years"]),
            numbers.number(row["events"]),
            numbers.interval(row["rate"], row["lower"], row["upper"]),
        )
