"""4. The next step: whom to ask, what data were missing or late, and what the report must not be used for.

In: a `Story`. Out: a section.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.reports.blocks import Block, Bullets, Heading, Paragraph, Section
from riskstrat.reports.story import WITHHELD, Story, sentence

LATE_DAYS = 180
"""A register whose rows are known this long after the event is told as late."""

ALWAYS_READ = ("persons", "residences", "area_facts")
_FORBIDDEN = ("persons", "league", "cause", "cut")


def next_steps(story: Story) -> Section:
    """Answer the fourth question."""
    return Section(key="next-steps", title=story.words("section.next_steps"), blocks=tuple(_blocks(story)))


def _blocks(story: Story) -> Iterator[Block]:
    words = story.words
    yield Heading(words("next_steps.ask_title"))
    yield _bullets([words(f"next_steps.{name}") for name in ("ask", "ask_residents", "ask_payers")])
    yield Heading(words("next_steps.data_title"))
    yield _bullets([*_missing(story)] or [words("next_steps.complete")])
    yield Heading(words("next_steps.indicators_title"))
    yield Paragraph(words("next_steps.indicators"))
    yield Paragraph(words("next_steps.levels"), "quiet")
    yield Heading(words("next_steps.forbidden_title"))
    yield _bullets([words(f"next_steps.forbidden_{name}") for name in _FORBIDDEN])
    yield Paragraph(words("next_steps.legal"), "quiet")


def _bullets(texts: list[str]) -> Bullets:
    return Bullets(tuple(("", text) for text in texts))


def _missing(story: Story) -> Iterator[str]:
    yield from _registers(story)
    yield from _refused(story)
    yield from _unmeasured(story)
    yield from _placeless(story)
    withheld = len(story.names_of(WITHHELD))
    if withheld:
        areas = sentence(story.words.count("areas", withheld))
        yield story.words("next_steps.withheld", areas=areas)


def _registers(story: Story) -> Iterator[str]:
    """Name the registers that the condition reads and that are late, or end early, in one sentence a lateness."""
    frame = story.tables["coverage"].frame.filter(pl.col("register").is_in(sorted(_read(story))))
    late = frame.filter(pl.col("delay_days") >= LATE_DAYS)
    for rows in late.sort("delay_days").partition_by("delay_days", maintain_order=True):
        days = story.numbers.number(rows["delay_days"][0])
        yield story.words("next_steps.late", days=days, registers=_named(story, rows))
    ended = frame.filter(pl.col("coverage_end") < story.released.source.data_end)
    for rows in ended.sort("coverage_end").partition_by("coverage_end", maintain_order=True):
        yield story.words("next_steps.ended", date=story.date(rows["coverage_end"][0]), registers=_named(story, rows))


def _read(story: Story) -> set[str]:
    """Names that the condition's declaration mentions anywhere, and the registers that every study reads."""
    return {*_strings(story.released.condition.to_plain()), *ALWAYS_READ}


def _strings(plain: object) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    for part in plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ():
        yield from _strings(part)


def _named(story: Story, rows: pl.DataFrame) -> str:
    return story.listed([_lowered(story.words.named("register", name)) for name in rows["register"]])


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _refused(story: Story) -> Iterator[str]:
    frame = story.frame("refused")
    if frame is None or frame.is_empty():
        return
    named = [_lowered(story.words.named("register", name)) for name in frame["table"].unique(maintain_order=True)]
    tables, rows = story.listed(named), int(frame["rows"].sum())
    if rows:
        yield story.words("next_steps.refused", n=story.numbers.number(rows), tables=tables)
    else:
        yield story.words("next_steps.refused_withheld", tables=tables)


def _unmeasured(story: Story) -> Iterator[str]:
    people, assessed = (story.count("assessed", name, scope="all") for name in ("index_dates", "assessed"))
    if people is not None and assessed is not None:
        number = story.numbers.number
        yield story.words("next_steps.assessed", people=number(people), assessed=number(assessed))


def _placeless(story: Story) -> Iterator[str]:
    frame = story.frame("left_out")
    people = 0 if frame is None else int(frame["target_people"].sum())
    if people:
        yield story.words("next_steps.no_area", n=story.numbers.number(people))
