"""The first screen: how many, where, and what a budget does about it, with how sure that is.

In: a `Story`. Out: the blocks of one printed page.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskstrat.figures import map_classes
from riskstrat.reports.blocks import Block, FirstScreen, Paragraph
from riskstrat.reports.grade import grade_of
from riskstrat.reports.story import HIGHER, UNCERTAIN, WITHHELD, Story, chart, sentence

_HUNDRED = 100


def first_screen(story: Story) -> FirstScreen:
    """Tell what matters most in three sentences made from the numbers, a map and a grade."""
    condition, words = story.released.condition, story.words
    people = story.say(condition.wording.people)
    return FirstScreen(
        title=story.title,
        covered=words("page.covered", date=story.date(story.released.as_of), people=people),
        use=words("page.use"),
        sentences=tuple(_sentences(story)),
        note=words("page.interval_note"),
        grade=grade_of(story),
        blocks=tuple(_map(story)),
    )


def _sentences(story: Story) -> Iterator[str]:
    yield expected_sentence(story)
    yield areas_sentence(story) if story.areas is not None else story.words("first.no_areas")
    if story.areas is not None:
        yield averted_sentence(story)


def expected_sentence(story: Story) -> str:
    """Say how many of the people are expected to have the outcome; the interval is that of the number to be counted."""
    words = story.released.condition.wording
    people, outcome = story.count("total", "people", scope="all"), story.say(words.outcome)
    expected = story.expected_count
    if expected is None or people is None:
        return story.words("first.no_total", outcome=outcome)
    return story.words(
        "first.expected",
        n=story.numbers.number(people),
        people=story.say(words.people),
        expected=story.numbers.whole(*expected),
        outcome=outcome,
    )


def areas_sentence(story: Story) -> str:
    """Say in how many areas the risk is clearly higher, in how many one cannot say, and how many are withheld."""
    counts = {kind: len(story.names_of(kind)) for kind in (HIGHER, UNCERTAIN, WITHHELD)}
    told = story.words.count("first.higher", counts[HIGHER]) + story.words.count("first.uncertain", counts[UNCERTAIN])
    withheld = sentence(story.words.count("first.withheld", counts[WITHHELD]))
    return f"{told}. {withheld}".strip()


def averted_sentence(story: Story) -> str:
    """Say what the budget averts in the areas that the plan chooses; small benefits are told as small."""
    programmes, chosen = story.released.condition.programmes, story.frame("plan_selected")
    if not programmes or chosen is None:
        return story.words("first.no_plan")
    values = {
        "budget": story.numbers.sek(story.released.settings.budget_sek),
        "programme": story.say(programmes[0].title),
        "areas": story.words.count("areas", chosen.height),
        "cases": story.say(story.released.condition.wording.cases),
    }
    averted = story.estimate("plan_summary", metric="averted")
    if averted is None:
        return story.words("first.averted_withheld", **values)
    told = story.words("first.averted", averted=story.numbers.interval(*averted), **values)
    return " ".join([told, *_scale(story, averted.value)])


def _scale(story: Story, averted: float) -> Iterator[str]:
    if averted < 1:
        yield story.words("first.less_than_one")
        return
    if story.expected is None:
        return
    of_hundred = round(_HUNDRED * averted / story.expected.value)
    if of_hundred < 1:
        yield story.words("first.of_hundred_few")
    else:
        yield story.words("first.of_hundred", n=story.numbers.number(of_hundred))


def _map(story: Story) -> Iterator[Block]:
    if story.areas is None:
        return
    geometry = story.released.source.geometry
    if geometry is None:
        yield Paragraph(story.words("first.no_map"))
        return
    texts = {
        "title": story.classes_title(),
        "how": story.words("first.map_how"),
        "alternative": story.words("first.map_alt", **story.class_words()),
    }
    drawn = chart("map-classes", map_classes(story.tables["areas"], geometry, story.words))
    yield story.picture("map-classes", "areas", texts, drawn)
