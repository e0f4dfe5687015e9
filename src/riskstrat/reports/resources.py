"""3. What support and resources: what the budget buys, where, beside other ways, and where it stops helping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import polars.selectors as cs

from riskstrat.figures import Numbers, comparisons, map_chosen, plan_curve, scenarios
from riskstrat.figures.messages import capitalised
from riskstrat.figures.numbers import decimals_carried
from riskstrat.reports.ahead import ahead
from riskstrat.reports.assumptions import COLUMNS, assumed_otherwise, assumption_rows, common_to_all, rule_rows
from riskstrat.reports.benefit import (
    Leading,
    averted_by,
    group_name,
    leading,
    programmes_of,
    reduction_of,
    where_of,
)
from riskstrat.reports.blocks import PRINTED_ROWS, Beside, Block, Grid, Heading, Location, OnScreen, Paragraph
from riskstrat.reports.budget_slider import budget_slider
from riskstrat.reports.context import Estimate, ReportContext
from riskstrat.reports.situation import interval_of, marks_of

STRATEGIES = ("plan", "equal_share", "care_need_index", "raw_counts", "raw_rates", "random")
_THOUSAND = 1000
_UNIT_COLUMNS = ("people", "share", "reached", "averted", "robustness")
_DIFFERENCE = ("difference", "difference_lower", "difference_upper")
_NET = ("net_cost_sek", "net_cost_lower", "net_cost_upper")
_SMALL = 0.10
"""A plan that averts less than this share of the expected cases is told as small."""


def resources(context: ReportContext) -> Iterator[Block]:
    """Answer the third question."""
    programmes, selected = context.released.condition.programmes, context.frame("plan_selected")
    if not programmes:
        yield Paragraph(context.messages("resources.no_programme"), "note")
        return
    if selected is None or context.areas is None:
        yield Paragraph(context.omission("plan") or context.messages("resources.no_areas"), "note")
        yield from _assumptions(context)
        return
    of = leading(context)
    yield Beside(tuple(_bought(context, of)), tuple(_assumptions(context)))
    if "groups_selected" in context.tables:
        yield from _groups(context, of)
    yield from _net_cost(context, of)
    if of == "groups":
        yield from budget_slider(context, of)
    if of != "plan":
        yield Heading(context.messages("resources.areas_anyway"))
        yield Paragraph(context.messages("resources.areas_anyway_note"), "note")
    if of != "groups":
        yield from budget_slider(context, of)
    yield from _chosen(context, selected.join(context.areas.select("area_id", "name"), on="area_id", how="left"))
    yield from _allocated(context)
    yield from _compared(context)
    yield from _scenarios(context)
    yield from _curve(context)
    if not any(each.person_staff_hours or each.unit_staff_hours for each in programmes):
        yield Paragraph(context.messages("resources.absent_staff"), "quiet")
    yield from ahead(context)


def _bought(context: ReportContext, of: Leading) -> Iterator[Paragraph]:
    if of != "plan":
        yield Paragraph(context.messages(f"benefit.lead_{of}"), "lead")
    yield from _reached(context, of)
    averted = averted_by(context, of)
    if averted is None:
        yield Paragraph(context.messages("resources.withheld"), "note")
        return
    told = [_averted(context, averted), context.messages("benefit.assumed", reduction=reduction_of(context))]
    yield Paragraph(" ".join([*told, *_nnt(context, of)]), "lead")
    if context.expected is not None and averted.value < _SMALL * context.expected.value:
        yield Paragraph(context.messages("resources.small"))
    yield from _others(context, of)


def _reached(context: ReportContext, of: Leading) -> Iterator[Paragraph]:
    """Say how many live there and are reached: totals of the plan, never sums of rows that were rounded one by one."""
    people = context.count(f"{of}_summary", "people", metric="averted")
    reached = context.estimate(f"{of}_summary", metric="reached")
    if people is not None and reached is not None:
        values = {
            "budget": context.numbers.sek(context.released.budget_sek),
            "programme": programmes_of(context),
            "where": where_of(context, of),
            "people": context.numbers.number(people),
            "reached": context.numbers.number(reached.value),
        }
        yield Paragraph(" ".join([context.messages("resources.buys", **values), *_staff(context, of)]))


def _staff(context: ReportContext, of: Leading) -> Iterator[str]:
    hours = context.estimate(f"{of}_summary", metric="staff_hours")
    if hours is not None:
        yield context.messages("resources.staff", hours=context.numbers.number(hours.value))


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


def _assumptions(context: ReportContext) -> Iterator[Grid | Paragraph]:
    """Write the assumptions of each programme, and the rules of the choice where there is more than a budget."""
    for n, programme in enumerate(context.released.condition.programmes):
        rows, title = assumption_rows(context, programme), context.messages("resources.assumptions_title")
        kept, common = common_to_all(rows)
        titled = title if n == 0 else f"{title}: {context.say(programme.title)}"
        yield context.grid(
            f"assumptions{f'-{n + 1}' if n else ''}",
            None,
            titled,
            [COLUMNS[at] for at in kept],
            [tuple(row[at] for at in kept) for row in rows],
            text_columns=len(kept),
        )
        for at, said in common.items():
            yield Paragraph(f"{context.messages(f'column.{COLUMNS[at]}')}: {said}", "quiet")
    scenario = context.released.scenario
    rules = [] if scenario is None else rule_rows(context, scenario)
    if len(rules) > 1:
        yield context.grid("rules", None, context.messages("resources.rules_title"), COLUMNS[:2], rules, text_columns=2)


def _groups(context: ReportContext, of: Leading) -> Iterator[Block]:
    frame = context.tables["groups_selected"].frame
    rows = [(group_name(context, row), *_unit_cells(context, row)) for row in frame.iter_rows(named=True)]
    title = context.messages("resources.groups_table")
    cells = [*rows, _all_units(context, "groups")]
    location: Location = "text" if of == "groups" else "screen"
    yield context.grid("groups-chosen", "groups_selected", title, ("group", *_UNIT_COLUMNS), cells, location=location)
    if of == "groups":
        yield from _spreading(context, of)


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
    title = context.messages("resources.table_title")
    columns = ("area", *_UNIT_COLUMNS, *marks)
    grid = context.grid("chosen", "plan_selected", title, columns, [*rows, total], has_sheets=True)
    yield grid if len(rows) <= PRINTED_ROWS else OnScreen((grid,))
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
    costs = [context.numbers.number(cost / _THOUSAND) for cost in frame["cost_sek"]]
    rows = [
        (context.messages.named("payer", payer), cost, *amounts)
        for payer, cost, amounts in zip(frame["payer"], costs, adding_up(frame, context.numbers), strict=True)
    ]
    columns = ("payer", "cost", "saving", "net_cost")
    yield context.grid("net-cost", table, context.messages("resources.net_title"), columns, rows)
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
    yield from _spreading(context, "plan")
    yield Paragraph(context.messages("resources.comparison_honest"))
    absent = [context.messages(f"strategy.{name}") for name in STRATEGIES if name not in set(frame["strategy"])]
    if absent:
        yield Paragraph(context.messages("resources.comparison_absent", strategies=context.listed(absent)), "quiet")


def _spreading(context: ReportContext, of: Leading) -> Iterator[Paragraph]:
    """Say it where nothing surely beats spreading the money evenly."""
    lead = context.estimate(f"{of}_comparisons", _DIFFERENCE, strategy="equal_share")
    if lead is not None and lead.lower is not None and lead.lower <= 0:
        yield Paragraph(context.messages("resources.spreading", lead=context.numbers.interval(*lead)), "note")


def _allocated(context: ReportContext) -> Iterator[Block]:
    """Say which of several programmes each area is offered."""
    allocated, areas = context.frame("plan_allocated"), context.areas
    if allocated is None or areas is None:
        return
    titles = {each.name: capitalised(context.say(each.title)) for each in context.released.condition.programmes}
    named = allocated.join(areas.select("area_id", "name"), on="area_id", maintain_order="left").sort("name")
    rows = [
        (
            row["name"],
            titles[row["programme"]],
            None if row["share"] is None else context.numbers.whole_percent(row["share"]),
            None if row["reached"] is None else context.numbers.number(row["reached"]),
        )
        for row in named.iter_rows(named=True)
    ]
    title = context.messages("resources.allocated_title")
    columns = ("area", "programme", "share", "reached")
    yield context.grid("allocated", "plan_allocated", title, columns, rows, text_columns=2, location="screen")


def _scenarios(context: ReportContext) -> Iterator[Block]:
    """Set the plan beside the scenarios that were asked for."""
    frame, scenario = context.frame("plan_scenarios"), context.released.scenario
    if frame is None or frame["averted"].null_count():
        return
    titles = {each.name: context.say(each.title) if each.title else each.name for each in context.released.scenarios}
    named = {"plan": context.messages("resources.scenario_plan"), **titles}
    rows = [
        (
            named[row["scenario"]],
            context.numbers.sek(row["budget_sek"]),
            interval_of(context, row, "averted"),
            None
            if scenario is not None and row["scenario"] == scenario.name
            else interval_of(context, row, "difference"),
            context.numbers.sek_interval(*(row[name] for name in _NET)),
        )
        for row in frame.iter_rows(named=True)
    ]
    figure = scenarios(context.tables["plan_scenarios"], titles, context.messages)
    yield context.picture("scenarios", "plan_scenarios", "resources.scenarios_how", figure)
    columns = ("scenario", "budget", "averted", "scenario_difference", "net_cost_all")
    yield context.grid("scenarios", "plan_scenarios", context.messages("resources.scenarios_title"), columns, rows)
    sure = [row for row in frame.iter_rows(named=True) if row["difference_lower"] > 0 or row["difference_upper"] < 0]
    key = "scenarios_note" if sure else "scenarios_unclear"
    yield Paragraph(context.messages(f"resources.{key}"), "quiet")
    if others := assumed_otherwise(context):
        title, heads = context.messages("resources.otherwise_title"), ("scenario", "programme", *COLUMNS)
        yield context.grid("assumed-otherwise", None, title, heads, others, text_columns=len(heads))


def _comparison_table(context: ReportContext, compared: pl.DataFrame) -> Grid:
    cells = [
        (
            capitalised(context.messages.named("strategy", row["strategy"])),
            context.numbers.interval(row["averted"], row["lower"], row["upper"]),
            None if row["strategy"] == "plan" else interval_of(context, row, "difference"),
        )
        for row in compared.iter_rows(named=True)
    ]
    title = context.messages("resources.comparison_table")
    columns = ("strategy", "averted", "difference")
    return context.grid("comparisons", "plan_comparisons", title, columns, cells, location="screen")


def _curve(context: ReportContext) -> Iterator[Block]:
    frame, scenario = context.frame("plan_curve"), context.released.scenario
    if frame is None or frame["averted"].count() < 2:
        return
    following = _next_million(context)
    if scenario is not None and scenario.staff_hours is not None:  # what more money gives depends on more staff
        yield from (Paragraph(f"{told} {context.messages('resources.same_staff')}") for told in following)
        return
    figure = plan_curve(context.tables["plan_curve"], context.released.budget_sek, context.messages)
    yield context.picture("curve", "plan_curve", "resources.curve_how", figure)
    full = context.messages("resources.full", full=context.numbers.sek(float(frame["budget_sek"].to_numpy().max())))
    yield Paragraph(" ".join([*following, full]))


def _next_million(context: ReportContext) -> Iterator[str]:
    averted = context.estimate("plan_summary", metric="next_million")
    if averted is not None and averted.value > 0:
        yield context.messages("resources.next_million", averted=context.numbers.interval(*averted))
