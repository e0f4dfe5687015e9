"""What programmes are assumed to cost, reach and change: value, unit, source and who stands for it, written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskstrat.declare import Programme, Scenario
from riskstrat.figures.messages import capitalised
from riskstrat.reports.context import ReportContext

COLUMNS = ("assumption", "value", "unit", "source", "declared_by")
Row = tuple[str, str, dict[str, str], str]


def assumption_rows(context: ReportContext, programme: Programme) -> list[tuple[str | None, ...]]:
    """List every assumption behind what a programme does and costs."""
    unsaid = context.messages("assumption.nobody")
    title = capitalised(context.say(programme.title))
    rows: list[tuple[str | None, ...]] = [(context.messages("assumption.programme"), title, None, None, None)]
    for field, name, values, value in _rows(context, programme):
        told = programme.assumption(field)
        unit = context.messages(f"unit.{name}") if f"unit.{name}" in context.messages.texts else None
        by = unsaid if told.declared_by is None else context.say(told.declared_by)
        rows.append((context.messages(f"assumption.{name}", **values), value, unit, context.say(told.source), by))
    return rows


def common_to_all(rows: Sequence[tuple[str | None, ...]]) -> tuple[list[int], dict[int, str]]:
    """Which of `COLUMNS` differ from row to row, by number, and what the others say once for all."""
    said = [{row[at] for row in rows} - {None} for at in range(len(COLUMNS))]
    common = {at: str(*found) for at, found in enumerate(said) if len(found) == 1 and COLUMNS[at] not in COLUMNS[:2]}
    return [at for at, found in enumerate(said) if found and at not in common], common


def rule_rows(context: ReportContext, scenario: Scenario) -> list[tuple[str | None, ...]]:
    """List what limits the choice besides the budget."""
    declared, messages = context.numbers.declared, context.messages
    rows = [(messages("rule.budget"), context.numbers.sek(scenario.budget_sek))]
    if scenario.staff_hours is not None:
        rows.append((messages("rule.staff_hours"), messages("rule.hours", hours=declared(scenario.staff_hours))))
    if scenario.equity_weights is not None:
        rows.append((messages("rule.equity_weights"), " · ".join(map(declared, scenario.equity_weights))))
    if scenario.whole_units:
        rows.append((messages("rule.units"), messages("rule.whole_units")))
    for municipality, least in scenario.floors:
        rows.append((messages("rule.floor", municipality=municipality), context.numbers.sek(least)))
    return [(*row,) for row in rows]


def assumed_otherwise(context: ReportContext) -> list[tuple[str | None, ...]]:
    """List what scenarios assume, or are bound by, and the plan is not: title, programme, then `COLUMNS`."""
    plan = context.released.scenario
    told = {*()} if plan is None else {*_of_scenario(context, plan)}
    return [
        (context.say(each.title) if each.title else each.name, *row)
        for each in context.released.scenarios
        for row in _of_scenario(context, each)
        if row not in told
    ]


def _of_scenario(context: ReportContext, scenario: Scenario) -> Iterator[tuple[str | None, ...]]:
    """Give rules but the budget, which stands beside, then the assumptions of each programme."""
    titles = context.messages.listed([context.say(each.title) for each in scenario.programmes])
    rules = [(context.messages("rule.programmes"), titles), *rule_rows(context, scenario)[1:]]
    yield from ((None, *rule, *(None for _ in COLUMNS[2:])) for rule in rules)
    for programme in scenario.programmes:
        title, *assumptions = assumption_rows(context, programme)
        yield from ((title[1], *row) for row in assumptions)


def payer_name(context: ReportContext, payer: str) -> str:
    """Give a payer's name as it stands inside a sentence."""
    return context.messages.named("payer", payer).lower()


def _rows(context: ReportContext, programme: Programme) -> Iterator[Row]:
    """Field of the programme, its text with values, and what is assumed."""
    yield from _costs(context, programme)
    yield from _effects(context, programme)
    for payer, cost in programme.case_cost_sek:
        yield "case_cost_sek", "case_cost", {"payer": payer_name(context, payer)}, context.numbers.number(cost)
    yield "savings_years", "savings_years", {}, context.numbers.number(programme.savings_years)
    yield "discount_rate", "discount", {}, context.numbers.declared_percent(programme.discount_rate)
    yield "price_year", "price_year", {}, str(programme.price_year)


def _costs(context: ReportContext, programme: Programme) -> Iterator[Row]:
    number = context.numbers.number
    yield "person_cost_sek", "person_cost", {}, number(programme.person_cost_sek)
    if programme.unit_cost_sek:
        yield "unit_cost_sek", "unit_cost", {}, number(programme.unit_cost_sek)
    for field in ("person_staff_hours", "unit_staff_hours"):
        hours = getattr(programme, field)
        if hours:
            yield field, field, {}, context.numbers.declared(hours)
    for payer, share in programme.financing:
        yield "financing", "financing", {"payer": payer_name(context, payer)}, context.numbers.declared_percent(share)


def _effects(context: ReportContext, programme: Programme) -> Iterator[Row]:
    percent = context.numbers.declared_percent
    for column, values in programme.eligible:
        name = context.messages.named("group_column", column)
        yield (
            "eligible",
            "eligible",
            {},
            f"{name}: {', '.join(context.group_value(column, each) or each for each in values)}",
        )
    if programme.eligible_share < 1:
        yield "eligible_share", "eligible_share", {}, percent(programme.eligible_share)
    by_need = programme.reach if isinstance(programme.reach, tuple) else (programme.reach,)
    yield "reach", "reach_by_need" if len(by_need) > 1 else "reach", {}, " · ".join(map(percent, by_need))
    yield "adherence", "adherence", {}, percent(programme.adherence)
    low, point, high = map(percent, programme.reduction)
    yield "reduction", "reduction", {}, context.messages("assumption.reduction_value", low=low, point=point, high=high)
