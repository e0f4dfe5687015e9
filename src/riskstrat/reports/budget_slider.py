"""The budget slider: what other budgets would do, as a control where scripts run and as a table everywhere.

Every number was planned, and released, before the report was written: the slider chooses among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from riskstrat.figures import CHOSEN_COLOURS
from riskstrat.figures.maps import descriptions
from riskstrat.figures.numbers import decimals_carried
from riskstrat.reports.benefit import Leading, group_name, programmes_of
from riskstrat.reports.blocks import Block, Budget, Slider
from riskstrat.reports.context import Estimate, ReportContext

_COST = ("cost_per_averted", "cost_per_averted_lower", "cost_per_averted_upper")
_NET = ("net_cost_sek", "net_cost_lower", "net_cost_upper")
_FEWEST = 2
_THOUSAND = 1000


def budget_slider(context: ReportContext, of: Leading) -> Iterator[Block]:
    """Let the reader choose among the budgets that were planned for; nothing where their numbers are withheld."""
    prefix = "groups" if of == "groups" else "plan"
    curve, of_payers, of_units = (context.frame(f"{prefix}_curve{end}") for end in ("", "_net_cost", "_units"))
    if curve is None or of_payers is None or of_units is None or curve["averted"].null_count():
        return
    scenario = context.released.scenario
    if curve.height < _FEWEST or (scenario is not None and scenario.staff_hours is not None):
        return  # one budget, or what more money gives depends on more staff
    areas = _areas(context) if prefix == "plan" else {}
    budgets = [
        _budget(
            context, row, *(each.filter(budget_sek=row["budget_sek"]) for each in (of_payers, of_units)), areas=areas
        )
        for row in curve.iter_rows(named=True)
    ]
    terms = [
        context.messages(f"slider.{name}") for name in (f"chosen_{prefix}", "reached", "averted", "cost_per_averted")
    ]
    net = [context.messages.named("payer", payer) for payer in _payers(of_payers)]
    written = [*terms, *(context.messages("slider.net_cost", payer=payer) for payer in net)]
    headings = (*written, *([context.messages("slider.staff")] if curve["staff_hours"].to_numpy().any() else []))
    yield Slider(
        title=context.messages("slider.title"),
        how=context.messages("slider.how"),
        label=context.messages("column.budget"),
        headings=headings,
        budgets=tuple(budgets),
        start=curve["budget_sek"].to_list().index(context.released.budget_sek),
        area_names=tuple(areas.values()),
        colours=dict(CHOSEN_COLOURS) if areas else {},
    )
    rows = [(budget.written, *budget.cells) for budget in budgets]
    columns, title = [context.messages("column.budget"), *headings], context.messages("slider.table")
    yield context.grid("budgets", f"{prefix}_curve", title, columns, rows, location="appendix", has_headings=True)


def _payers(rows: pl.DataFrame) -> list[str]:
    """Name everybody together first, then each payer."""
    *parts, everybody = rows["payer"].unique(maintain_order=True)
    return [everybody, *parts]


def _areas(context: ReportContext) -> dict[str, str]:
    """Give what the map tells of each area, by area."""
    if context.areas is None or context.released.source.geometry is None:
        return {}
    return descriptions(context.areas, context.messages)


def _budget(
    context: ReportContext, row: dict[str, Any], payers: pl.DataFrame, units: pl.DataFrame, *, areas: dict[str, str]
) -> Budget:
    numbers, messages = context.numbers, context.messages
    averted, cost = (Estimate(*(row[name] for name in of)) for of in (("averted", "lower", "upper"), _COST))
    written = numbers.sek(row["budget_sek"])
    per_case = numbers.sek_interval(*cost) if cost.is_bounded else messages("slider.unknown")
    told = {"budget": written, "programme": programmes_of(context), "averted": numbers.interval(*averted)}
    cases = context.say(context.released.condition.wording.cases)
    known = messages("benefit.cost", cost=per_case) if cost.is_bounded else messages("benefit.cost_unknown")
    where = _where(context, units)
    return Budget(
        written=written,
        cells=(
            _chosen(context, units),
            numbers.number(row["reached"]),
            told["averted"],
            per_case,
            *(
                _net_cost(context, payers.row(by_predicate=pl.col("payer") == one, named=True))
                for one in _payers(payers)
            ),
            *([numbers.number(row["staff_hours"])] if row["staff_hours"] else []),
        ),
        sentence=f"{messages('benefit.averted', where=where, cases=cases, **told)} {known}",
        title=messages("map.chosen_title", areas=messages.count("areas", units.height)),
        offered=_offered(units, areas),
    )


def _offered(units: pl.DataFrame, areas: dict[str, str]) -> tuple[str, ...]:
    """Say of each area, in the order of the map's texts, whether it is offered the programme whole, in part or not."""
    found = dict(units.select("area_id", "offered").iter_rows()) if areas else {}
    return tuple(found.get(area, "none") or "whole" for area in areas)


def _chosen(context: ReportContext, units: pl.DataFrame) -> str:
    """Count the units that are chosen, and say so where one of them is so in part."""
    parts = units.filter(offered="part").height
    number = context.numbers.number(units.height)
    return context.messages("slider.in_part", n=number, parts=parts) if parts else number


def _where(context: ReportContext, units: pl.DataFrame) -> str:
    if "area_id" in units.columns:
        return context.messages("benefit.areas", areas=context.messages.count("areas", units.height))
    names = [group_name(context, row) for row in units.iter_rows(named=True)]
    return context.messages("benefit.groups", groups=context.messages.listed(names))


def _net_cost(context: ReportContext, row: dict[str, Any]) -> str:
    value, lower, upper = (row[name] / _THOUSAND for name in _NET)
    if lower == upper:
        return context.numbers.number(value)
    return context.numbers.bounded(value, lower, upper, decimals_carried(value, lower, upper))
