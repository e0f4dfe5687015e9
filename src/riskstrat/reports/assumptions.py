"""What a programme is assumed to cost, reach and change, written out."""

from __future__ import annotations

from collections.abc import Iterator

from riskstrat.declare import Programme
from riskstrat.figures import capitalised
from riskstrat.reports.context import ReportContext


def assumption_rows(context: ReportContext, programme: Programme) -> list[tuple[str | None, ...]]:
    """List every assumption behind what a budget buys."""
    return [
        (context.messages(f"assumption.{name}", **values), value) for name, values, value in _rows(context, programme)
    ]


def _rows(context: ReportContext, programme: Programme) -> Iterator[tuple[str, dict[str, str], str]]:
    numbers = context.numbers
    low, point, high = (numbers.whole_percent(share) for share in programme.reduction)
    yield "programme", {}, capitalised(context.say(programme.title))
    yield "person_cost", {}, numbers.sek(programme.person_cost_sek)
    if programme.unit_cost_sek:
        yield "unit_cost", {}, numbers.sek(programme.unit_cost_sek)
    yield "reach", {}, numbers.whole_percent(programme.reach)
    yield "adherence", {}, numbers.whole_percent(programme.adherence)
    yield "reduction", {}, context.messages("assumption.reduction_value", low=low, point=point, high=high)
    for payer, cost in programme.case_cost_sek:
        yield "case_cost", {"payer": context.messages.named("payer", payer).lower()}, numbers.sek(cost)
    yield "savings_years", {}, numbers.number(programme.savings_years)
    yield "discount", {}, numbers.percent(programme.discount_rate).replace(",0", "").replace(".0", "")
    yield "price_year", {}, str(programme.price_year)
    yield "source", {}, context.say(programme.source)
