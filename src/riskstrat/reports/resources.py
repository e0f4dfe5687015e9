"""3. What support and resources: what the budget buys, where, beside other ways, and where it stops helping."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from riskstrat.declare import Programme
from riskstrat.figures import capitalised, comparisons, map_chosen, plan_curve
from riskstrat.reports.assumptions import assumption_rows
from riskstrat.reports.blocks import Beside, Block, Grid, Paragraph, Section
from riskstrat.reports.context import Estimate, ReportContext
from riskstrat.reports.situation import interval_of

STRATEGIES = ("plan", "equal_share", "care_need_index", "raw_counts", "raw_rates", "random")
_SMALL = 0.10
"""A plan that averts less than this share of the expected cases is told as small."""


def resources(context: ReportContext) -> Section:
    """Answer the third question."""
    return Section(key="resources", title=context.messages("section.resources"), blocks=tuple(_blocks(context)))


def _blocks(context: ReportContext) -> Iterator[Block]:
    programmes, selected = context.released.condition.programmes, context.frame("plan_selected")
    if not programmes:
        yield Paragraph(context.messages("resources.no_programme"), "note")
        return
    if selected is None or context.areas is None:
        yield Paragraph(context.omission("plan") or context.messages("resources.no_areas"), "note")
        yield _assumptions(context, programmes[0])
        return
    named = selected.join(context.areas.select("area_id", "name"), on="area_id", how="left").sort("name")
    yield Beside(tuple(_bought(context, programmes[0], named)), (_assumptions(context, programmes[0]),))
    yield from _chosen(context, named)
    yield from _net_cost(context)
    yield from _compared(context)
    yield from _curve(context)
    yield Paragraph(context.messages("resources.absent"), "quiet")


def _bought(context: ReportContext, programme: Programme, selected: pl.DataFrame) -> Iterator[Paragraph]:
    told = context.messages(
        "resources.buys",
        budget=context.numbers.sek(context.released.settings.budget_sek),
        programme=context.say(programme.title),
        areas=context.messages.count("areas", selected.height),
        people=context.numbers.number(float(selected["people"].sum())),
        reached=context.numbers.number(float(selected["reached"].sum()), -1),
    )
    yield Paragraph(told)
    averted = context.estimate("plan_summary", metric="averted")
    if averted is None:
        yield Paragraph(context.messages("resources.withheld"), "note")
        return
    yield Paragraph(" ".join([_averted(context, averted), _nnt(context)]), "lead")
    if context.expected is not None and averted.value < _SMALL * context.expected.value:
        yield Paragraph(context.messages("resources.small"))
    yield from _strata(context)


def _averted(context: ReportContext, averted: Estimate) -> str:
    written = context.numbers.interval(*averted)
    if context.expected_count is None:
        return context.messages("resources.result_only", averted=written)
    # The number as the first screen has it; its interval stands there.
    expected = context.numbers.whole(*context.expected_count).partition(" (")[0]
    return context.messages("resources.result", averted=written, expected=expected)


def _nnt(context: ReportContext) -> str:
    nnt = context.estimate("plan_summary", metric="nnt")
    if nnt is None or not all(bound is not None and math.isfinite(bound) for bound in nnt):
        return context.messages("resources.nnt_unknown")
    return context.messages("resources.nnt", nnt=context.numbers.whole(*nnt))


def _strata(context: ReportContext) -> Iterator[Paragraph]:
    averted, omitted = context.estimate("strata_summary", metric="averted"), context.omission("strata_plan")
    if omitted is not None:
        yield Paragraph(omitted, "quiet")
    elif averted is not None:
        yield Paragraph(context.messages("resources.strata", averted=context.numbers.interval(*averted)), "quiet")


def _assumptions(context: ReportContext, programme: Programme) -> Grid:
    frame = context.text_frame(("assumption", "value"), assumption_rows(context, programme))
    return context.grid("assumptions", None, context.messages("resources.assumptions_title"), frame, text_columns=2)


def _chosen(context: ReportContext, selected: pl.DataFrame) -> Iterator[Block]:
    geometry = context.released.source.geometry
    if geometry is not None:
        figure = map_chosen(context.tables["areas"], context.tables["plan_selected"], geometry, context.language)
        yield context.picture("map-chosen", "plan_selected", "resources.map_how", figure)
    columns = ("area", "people", "share", "reached", "averted", "robustness")
    rows = [_chosen_row(context, row) for row in selected.iter_rows(named=True)]
    yield context.grid(
        "chosen", "plan_selected", context.messages("resources.table_title"), context.text_frame(columns, rows)
    )
    yield Paragraph(context.messages("resources.robust"), "quiet")


def _chosen_row(context: ReportContext, row: dict[str, Any]) -> tuple[str | None, ...]:
    number, percent = context.numbers.number, context.numbers.whole_percent
    return (
        row["name"],
        None if row["people"] is None else number(row["people"]),
        None if row["share"] is None else percent(row["share"]),
        None if row["reached"] is None else number(row["reached"]),
        interval_of(context, row, "averted"),
        None if row["robustness"] is None else percent(row["robustness"]),
    )


def _net_cost(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("plan_net_cost")
    if frame is None or frame["net_cost_sek"].null_count():
        return
    thousands = context.numbers.thousands_of_sek
    rows = [
        (
            context.messages.named("payer", row["payer"]),
            thousands(row["saving_sek"], row["saving_lower"], row["saving_upper"]),
            thousands(row["net_cost_sek"], row["net_cost_lower"], row["net_cost_upper"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    written = context.text_frame(("payer", "saving", "net_cost"), rows)
    yield context.grid("net-cost", "plan_net_cost", context.messages("resources.net_title"), written)
    yield Paragraph(context.messages("resources.net_note"), "quiet")


def _compared(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("plan_comparisons")
    if frame is None or frame["averted"].null_count():
        return
    figure = comparisons(context.tables["plan_comparisons"], context.language)
    yield context.picture("comparisons", "plan_comparisons", "resources.comparison_how", figure)
    yield _comparison_table(context, frame)
    yield Paragraph(context.messages("resources.comparison_honest"))
    absent = [context.messages(f"strategy.{name}") for name in STRATEGIES if name not in set(frame["strategy"])]
    if absent:
        yield Paragraph(context.messages("resources.comparison_absent", strategies=context.listed(absent)), "quiet")


def _comparison_table(context: ReportContext, compared: pl.DataFrame) -> Grid:
    interval = context.numbers.interval
    cells = [
        (
            capitalised(context.messages.named("strategy", row["strategy"])),
            interval(row["averted"], row["lower"], row["upper"]),
            None
            if row["strategy"] == "plan"
            else interval(row["difference"], row["difference_lower"], row["difference_upper"]),
        )
        for row in compared.iter_rows(named=True)
    ]
    frame = context.text_frame(("strategy", "averted", "difference"), cells)
    title = context.messages("resources.comparison_table")
    return context.grid("comparisons", "plan_comparisons", title, frame, is_open=False)


def _curve(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("plan_curve")
    if frame is None or frame["averted"].count() < 2:
        return
    figure = plan_curve(context.tables["plan_curve"], context.released.settings.budget_sek, context.language)
    yield context.picture("curve", "plan_curve", "resources.curve_how", figure)
    full = context.messages("resources.full", full=context.numbers.sek(float(frame["budget_sek"].to_numpy().max())))
    averted = context.estimate("plan_summary", metric="next_million")
    if averted is not None and averted.value > 0:
        following = context.messages("resources.next_million", averted=context.numbers.interval(*averted))
        full = f"{following} {full}"
    yield Paragraph(full)
