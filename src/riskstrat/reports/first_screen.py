"""The first screen: how many, where, and what a budget does about it, with how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures import map_classes
from riskstrat.figures.messages import capitalised
from riskstrat.figures.numbers import SPACE
from riskstrat.reports.benefit import Leading, averted_by, benefit_sentences, leading, programmes_of, where_of
from riskstrat.reports.blocks import Block, Decision, FirstScreen, Paragraph
from riskstrat.reports.context import HIGHER, UNCERTAIN, WITHHELD, ReportContext
from riskstrat.reports.grade import grade_of

_AREAS_NAMED = 5


def first_screen(context: ReportContext) -> FirstScreen:
    """Tell what matters most in a few sentences made from the numbers, a map and a grade."""
    condition, messages = context.released.condition, context.messages
    people = context.say(condition.wording.people)
    no_areas = (messages("first.no_areas"),)
    of_areas = no_areas if context.areas is None else (areas_sentence(context), *plan_sentences(context))
    return FirstScreen(
        title=context.title,
        covered=messages("page.covered", date=context.date(context.released.as_of), people=people),
        invented=messages("page.invented") if context.invented else None,
        working=messages("page.working") if context.released.disclosure.is_working_material else None,
        sentences=(expected_sentence(context), *of_areas),
        decision=Decision(messages("decision.title"), tuple(_decision(context))),
        grade=grade_of(context),
        blocks=tuple(_map(context)),
    )


def expected_sentence(context: ReportContext) -> str:
    """Say how many of the people are expected to have the outcome; the interval is that of the number to be counted."""
    messages = context.released.condition.wording
    people, outcome = context.count("total", "people", scope="all"), context.say(messages.outcome)
    expected = context.expected
    if expected is None or people is None:
        return context.messages("first.no_total", outcome=outcome)
    return context.messages(
        "first.expected",
        n=context.numbers.number(people),
        people=context.say(messages.people),
        expected=context.numbers.whole(*expected),
        outcome=outcome,
    )


def areas_sentence(context: ReportContext) -> str:
    """Say in how many areas the risk is clearly higher, in how many one cannot say, and how many are withheld."""
    counts = {kind: len(context.names_of(kind)) for kind in (HIGHER, UNCERTAIN, WITHHELD)}
    told = context.messages.count("first.higher", counts[HIGHER]) + context.messages.count(
        "first.uncertain", counts[UNCERTAIN]
    )
    withheld = capitalised(context.messages.count("first.withheld", counts[WITHHELD]))
    return f"{told}. {withheld}".strip()


def plan_sentences(context: ReportContext) -> Iterator[str]:
    """Say what the budget averts where the evidence carries it, what that costs and rests on."""
    if not context.released.condition.programmes or "plan_selected" not in context.tables:
        yield context.omission("plan") or context.messages("first.no_plan")
        return
    of = leading(context)
    first, *others = benefit_sentences(context, of)
    yield first if of == "plan" else f"{context.messages(f'benefit.lead_{of}')} {first}"
    yield from others


def _decision(context: ReportContext) -> Iterator[str]:
    """Say what to expect without action, and ask for the programme; intervals stand in the sentences before."""
    if context.expected is not None:
        yield context.messages("decision.nothing", expected=context.numbers.whole(*context.expected).partition(" (")[0])
    if not context.released.condition.programmes or "plan_selected" not in context.tables or context.areas is None:
        return
    of = leading(context)
    averted, cost = averted_by(context, of), context.estimate(f"{of}_summary", metric="cost_per_averted")
    values = {"budget": context.numbers.sek(context.released.budget_sek), "programme": programmes_of(context)}
    asked = context.messages("decision.ask", where=_named_where(context, of), **values)
    if averted is None:
        yield asked
        return
    told = {"averted": context.numbers.interval(*averted).partition(" (")[0]}
    if cost is None or not cost.is_bounded:
        yield f"{asked} {context.messages('decision.gives', **told)}"
        return
    each = context.numbers.sek_interval(*cost).partition(" (")[0]
    unit = context.numbers.sek_interval(cost.value, None, None).rpartition(SPACE)[2]
    yield f"{asked} {context.messages('decision.gives_for', cost=f'{each}{SPACE}{unit}', **told)}"


def _named_where(context: ReportContext, of: Leading) -> str:
    """Name the areas of a plan where they are few; groups and everybody as in the sentence about what they avert."""
    selected = context.tables["plan_selected"].frame
    if of != "plan" or context.areas is None or selected.height > _AREAS_NAMED:
        return where_of(context, of)
    names = context.areas.filter(pl.col("area_id").is_in(selected["area_id"].implode()))["name"].to_list()
    return context.messages("benefit.areas", areas=context.messages.listed(names))


def _map(context: ReportContext) -> Iterator[Block]:
    if context.areas is None:
        return
    geometry = context.released.source.geometry
    if geometry is None:
        yield Paragraph(context.messages("first.no_map"))
        return
    figure = map_classes(context.tables["areas"], geometry, context.messages)
    yield context.picture("map-classes", "areas", "first.map_how", figure, by_keyboard=True)
