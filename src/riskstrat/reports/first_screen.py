"""The first screen: how many, where, and what a budget does about it, with how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

from riskstrat.figures import capitalised, map_classes
from riskstrat.reports.blocks import Block, FirstScreen, Paragraph
from riskstrat.reports.context import HIGHER, UNCERTAIN, WITHHELD, ReportContext
from riskstrat.reports.grade import grade_of

_HUNDRED = 100


def first_screen(context: ReportContext) -> FirstScreen:
    """Tell what matters most in three sentences made from the numbers, a map and a grade."""
    condition, messages = context.released.condition, context.messages
    people = context.say(condition.wording.people)
    no_areas = (messages("first.no_areas"),)
    of_areas = no_areas if context.areas is None else (areas_sentence(context), averted_sentence(context))
    return FirstScreen(
        title=context.title,
        covered=messages("page.covered", date=context.date(context.released.as_of), people=people),
        use=messages("page.use"),
        sentences=(expected_sentence(context), *of_areas),
        note=messages("page.interval_note"),
        grade=grade_of(context),
        blocks=tuple(_map(context)),
    )


def expected_sentence(context: ReportContext) -> str:
    """Say how many of the people are expected to have the outcome; the interval is that of the number to be counted."""
    messages = context.released.condition.wording
    people, outcome = context.count("total", "people", scope="all"), context.say(messages.outcome)
    expected = context.expected_count
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


def averted_sentence(context: ReportContext) -> str:
    """Say what the budget averts in the areas that the plan chooses; small benefits are told as small."""
    programmes, chosen = context.released.condition.programmes, context.frame("plan_selected")
    if not programmes or chosen is None:
        return context.omission("plan") or context.messages("first.no_plan")
    values = {
        "budget": context.numbers.sek(context.released.settings.budget_sek),
        "programme": context.say(programmes[0].title),
        "areas": context.messages.count("areas", chosen.height),
        "cases": context.say(context.released.condition.wording.cases),
    }
    averted = context.estimate("plan_summary", metric="averted")
    if averted is None:
        return context.messages("first.averted_withheld", **values)
    told = context.messages("first.averted", averted=context.numbers.interval(*averted), **values)
    return " ".join([told, *_scale(context, averted.value)])


def _scale(context: ReportContext, averted: float) -> Iterator[str]:
    if averted < 1:
        yield context.messages("first.less_than_one")
        return
    if context.expected is None:
        return
    of_hundred = round(_HUNDRED * averted / context.expected.value)
    if of_hundred < 1:
        yield context.messages("first.of_hundred_few")
    else:
        yield context.messages("first.of_hundred", n=context.numbers.number(of_hundred))


def _map(context: ReportContext) -> Iterator[Block]:
    if context.areas is None:
        return
    geometry = context.released.source.geometry
    if geometry is None:
        yield Paragraph(context.messages("first.no_map"))
        return
    figure = map_classes(context.tables["areas"], geometry, context.language)
    yield context.picture("map-classes", "areas", "first.map_how", figure)
