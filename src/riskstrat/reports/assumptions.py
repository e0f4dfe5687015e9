"""What a programme is assumed to cost, reach and change, written out.

In: a declared programme. Out: pairs of assumption and value.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskstrat.declare import Programme
from riskstrat.reports.story import Story, sentence


def assumption_rows(story: Story, programme: Programme) -> list[tuple[str | None, ...]]:
    """List every assumption behind what a budget buys."""
    return [(story.words(f"assumption.{name}", **values), value) for name, values, value in _rows(story, programme)]


def _rows(story: Story, programme: Programme) -> Iterator[tuple[str, dict[str, str], str]]:
    numbers = story.numbers
    low, point, high = (numbers.whole_percent(share) for share in programme.reduction)
    yield "programme", {}, sentence(story.say(programme.title))
    yield "person_cost", {}, numbers.sek(programme.person_cost_sek)
    if programme.unit_cost_sek:
        yield "unit_cost", {}, numbers.sek(programme.unit_cost_sek)
    yield "reach", {}, numbers.whole_percent(programme.reach)
    yield "adherence", {}, numbers.whole_percent(programme.adherence)
    yield "reduction", {}, story.words("assumption.reduction_value", low=low, point=point, high=high)
    for payer, cost in programme.case_cost_sek:
        yield "case_cost", {"payer": story.words.named("payer", payer).lower()}, numbers.sek(cost)
    yield "savings_years", {}, numbers.number(programme.savings_years)
    yield "discount", {}, numbers.percent(programme.discount_rate).replace(",0", "").replace(".0", "")
    yield "price_year", {}, str(programme.price_year)
    yield "source", {}, story.say(programme.source)
