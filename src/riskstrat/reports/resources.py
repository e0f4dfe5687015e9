"""3. What support and resources: what the budget buys, where, beside other ways, and where it stops helping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import polars.selectors as cs

from riskstrat.declare import Programme
from riskstrat.figures import Numbers, capitalised, comparisons, map_chosen, plan_curve
from riskstrat.figures.numbers import decimals_carried
from riskstrat.reports.assumptions import assumption_rows
from riskstrat.reports.benefit import Leading, averted_by, group_name, leading, reduction_of, where_of
from riskstrat.reports.blocks import Beside, Block, Grid, Heading, Paragraph, Section
from riskstrat.reports.context import Estimate, ReportContext
from riskstrat.reports.situation import interval_of, marks_of

STRATEGIES = ("plan", "equal_share", "care_need_index", "raw_counts", "raw_rates", "random")
_THOUSAND = 1000
_UNIT_COLUMNS = ("people", "share", "reached", "averted", "robustness")
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
    of = leading(context)
    yield Beside(tuple(_bought(context, programmes[0], of)), (_assumptions(context, programmes[0]),))
    if "groups_selected" in context.tables:
        yield _groups(context, is_open=of == "groups")
    yield from _net_cost(context, of)
    if of != "plan":
        yield Heading(context.messages("resources.areas_anyway"))
        yield Paragraph(context.messages("resources.areas_anyway_note"), "note")
    yield from _chosen(context, selected.join(context.areas.select("area_id", "name"), on="area_id", how="left"))
    yield from _compared(context)
    yield from _curve(context)
    yield Paragraph(context.messages("resources.absent"), "quiet")


def _bought(context: ReportContext, programme: Programme, of: Leading) -> Iterator[Paragraph]:
    if of != "plan":
        yield Paragraph(context.messages(f"benefit.lead_{of}"), "lead")
    yield from _reached(context, programme, of)
    averted = averted_by(context, of)
    if averted is None:
        yield Paragraph(context.messages("resources.withheld"), "note")
        return
    told = [_averted(context, averted), context.messages("benefit.assumed", reduction=reduction_of(context, programme))]
    yield Paragraph(" ".join([*told, *_nnt(context, of)]), "lead")
    if context.expected is not None and averted.value < _SMALL * context.expected.value:
        yield Paragraph(context.messages("resources.small"))
    yield from _others(context, of)


def _reached(context: ReportContext, programme: Programme, of: Leading) -> Iterator[Paragraph]:
    """Say how many live there and are reached: totals of the plan, never sums of rows that were rounded one by one."""
    people = context.count(f"{of}_summary", "people", metric="averted")
    reached = context.estimate(f"{of}_summary", metric="reached")
    if people is not None and reached is not None:
        values = {
            "budget": context.numbers.sek(context.released.budget_sek),
            "programme": context.say(programme.title),
            "where": where_of(context, of),
            "people": context.numbers.number(people),
            "reached": context.numbers.number(reached.value),
        }
        yield Paragraph(context.messages("resources.buys", **values))


def _averted(context: ReportContext, averted: Estimate) -> str:
    written = context.numbers.interval(*averted)
    if context.expected is None:
        return context.messages("resources.result_only", averted=written)
    # The number as the first screen has it; its interval stands there.
    expected = context.numbers.whole(*context.expected).partition(" (")[0]
    return context.messages("resources.result", averted=written, expected=expected)


def _nnt(context: ReportContext, of: Leading) -> Iterator[str]:
    nnt = context.estimate(f"{of}_summary", metric="nnt")
    if nnt is not None and nnt.is_bounded:
        yield context.messages("resources.nnt", nnt=context.numbers.whole(*nnt))
    elif of != "spread":
        yield context.messages("resources.nnt_unknown")


def _others(context: ReportContext, of: Leading) -> Iterator[Paragraph]:
    """Say what the same money averts among groups within areas, or groups of the whole municipality."""
    for other, part in (("groups", "group_plan"), ("strata", "strata_plan")):
        averted, omitted = context.estimate(f"{other}_summary", metric="averted"), context.omission(part)
        if omitted is not None:
            yield Paragraph(omitted, "quiet")
        elif averted is not None and other != of:
            told = context.messages(f"resources.{other}", averted=context.numbers.interval(*averted))
            yield Paragraph(told, "quiet")


def _assumptions(context: ReportContext, programme: Programme) -> Grid:
    frame = context.text_frame(("assumption", "value"), assumption_rows(context, programme))
    return context.grid("assumptions", None, context.messages("resources.assumptions_title"), frame, text_columns=2)


def _groups(context: ReportContext, *, is_open: bool) -> Grid:
    frame = context.tables["groups_selected"].frame
    rows = [(group_name(context, row), *_unit_cells(context, row)) for row in frame.iter_rows(named=True)]
    written = context.text_frame(("group", *_UNIT_COLUMNS), [*rows, _all_units(context, "groups")])
    title = context.messages("resources.groups_table")
    return context.grid("groups-chosen", "groups_selected", title, written, is_open=is_open)


def _chosen(context: ReportContext, selected: pl.DataFrame) -> Iterator[Block]:
    geometry = context.released.source.geometry
    if geometry is not None:
        figure = map_chosen(context.tables["areas"], context.tables["plan_selected"], geometry, context.messages)
        yield context.picture("map-chosen", "plan_selected", "resources.map_how", figure)
    marks = {"depends_on"} & {*selected.columns}
    rows = [
        (row["name"], *_unit_cells(context, row), *(marks_of(context, row) for _ in marks))
        for row in selected.sort("name").iter_rows(named=True)
    ]
    total = (*_all_units(context, "plan"), *(None for _ in marks))
    written = context.text_frame(("area", *_UNIT_COLUMNS, *marks), [*rows, total])
    yield context.grid("chosen", "plan_selected", context.messages("resources.table_title"), written)
    yield Paragraph(context.messages("resources.robust"), "quiet")


def _unit_cells(context: ReportContext, row: dict[str, Any]) -> tuple[str | None, ...]:
    number, percent = context.numbers.number, context.numbers.whole_percent
    written = (("people", number), ("share", percent), ("reached", number))
    return (
        *(None if row[name] is None else write(row[name]) for name, write in written),
        interval_of(context, row, "averted"),
        None if row["robustness"] is None else percent(row["robustness"]),
    )


def _all_units(context: ReportContext, of: Leading) -> tuple[str | None, ...]:
    """Write the last row: the plan's own totals."""
    people = context.count(f"{of}_summary", "people", metric="averted")
    reached, averted = (context.estimate(f"{of}_summary", metric=name) for name in ("reached", "averted"))
    return (
        context.messages("resources.all_units"),
        None if people is None else context.numbers.number(people),
        None,
        None if reached is None else context.numbers.number(reached.value),
        None if averted is None else context.numbers.interval(*averted),
        None,
    )


def _net_cost(context: ReportContext, of: Leading) -> Iterator[Block]:
    table = f"{'groups' if of == 'groups' else 'plan'}_net_cost"
    frame = context.frame(table)
    if frame is None or frame["net_cost_sek"].null_count():
        return
    rows = [
        (context.messages.named("payer", payer), *amounts)
        for payer, amounts in zip(frame["payer"], adding_up(frame, context.numbers), strict=True)
    ]
    written = context.text_frame(("payer", "saving", "net_cost"), rows)
    yield context.grid("net-cost", table, context.messages("resources.net_title"), written)
    yield Paragraph(context.messages("resources.net_note"), "quiet")


def adding_up(net_cost: pl.DataFrame, numbers: Numbers) -> list[list[str]]:
    """Write savings and net costs in thousands, so that the last row is the sum of the others as they are shown."""
    amounts = net_cost.select(cs.starts_with("saving") | cs.starts_with("net_cost")) / _THOUSAND
    *parts, last = amounts.rows()
    decimals = min(decimals_carried(*last[:3]), decimals_carried(*last[3:]))
    rounded = [[round(amount, decimals) for amount in part] for part in parts]
    rows = [*rounded, [sum(column) for column in zip(*rounded, strict=True)]]
    return [[_amount(numbers, row[start : start + 3], decimals) for start in (0, 3)] for row in rows]


def _amount(numbers: Numbers, amount: Sequence[float], decimals: int) -> str:
    value, lower, upper = amount
    return numbers.number(value, decimals) if lower == upper else numbers.bounded(value, lower, upper, decimals)


def _compared(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("plan_comparisons")
    if frame is None or frame["averted"].null_count():
        return
    figure = comparisons(context.tables["plan_comparisons"], context.messages)
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
    figure = plan_curve(context.tables["plan_curve"], context.released.budget_sek, context.messages)
    yield context.picture("curve", "plan_curve", "resources.curve_how", figure)
    full = context.messages("resources.full", full=context.numbers.sek(float(frame["budget_sek"].to_numpy().max())))
    averted = context.estimate("plan_summary", metric="next_million")
    if averted is not None and averted.value > 0:
        following = context.messages("resources.next_million", averted=context.numbers.interval(*averted))
        full = f"{following} {full}"
    yield Paragraph(full)
