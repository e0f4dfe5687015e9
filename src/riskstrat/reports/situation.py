"""1. Where do we stand: level and certainty on maps, areas in classes, inequality, change over time.

In: a `Story`. Out: a section.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from riskstrat.figures import area_intervals, change, fifths, map_certainty, map_level
from riskstrat.reports.blocks import Block, Paragraph, Picture, Section
from riskstrat.reports.story import HIGHER, LOWER, UNCERTAIN, WITHHELD, Story, chart, sentence

_BOUNDS = ("", "_lower", "_upper")


def situation(story: Story) -> Section:
    """Answer the first question."""
    return Section(key="situation", title=story.words("section.situation"), blocks=tuple(_blocks(story)))


def _blocks(story: Story) -> Iterator[Block]:
    outcome = story.say(story.released.condition.wording.outcome)
    yield Paragraph(story.words("situation.risk", outcome=outcome))
    if story.areas is None:
        yield Paragraph(story.words("first.no_areas"), "note")
        return
    yield from _maps(story, story.areas)
    yield from _intervals(story, story.areas)
    yield from _inequality(story)
    yield from _change(story)


def _maps(story: Story, areas: pl.DataFrame) -> Iterator[Block]:
    geometry, shown = story.released.source.geometry, areas.drop_nulls("risk")
    if geometry is None or shown.is_empty():
        return
    ends = {"lowest": shown.sort("risk").row(0, named=True), "highest": shown.sort("risk").row(-1, named=True)}
    risks = {name: percent_of(story, row, "risk") for name, row in ends.items()}
    clear = {"clear": len(story.names_of(HIGHER)) + len(story.names_of(LOWER)), "all": areas.height}
    level = {
        "title": story.words(
            "situation.level_title", **{name: story.numbers.percent(row["risk"]) for name, row in ends.items()}
        ),
        "how": story.words("situation.level_how"),
        "alternative": story.words("situation.level_alt", **risks),
    }
    certainty = {
        "title": story.words("situation.certainty_title", **clear),
        "how": story.words("situation.certainty_how"),
        "alternative": story.words("situation.certainty_alt", **story.class_words()),
    }
    table = story.tables["areas"]
    yield story.picture("map-level", "areas", level, chart("map-level", map_level(table, geometry, story.words)))
    drawn = chart("map-certainty", map_certainty(table, geometry, story.words))
    yield story.picture("map-certainty", "areas", certainty, drawn)


def _intervals(story: Story, areas: pl.DataFrame) -> Iterator[Block]:
    if areas.drop_nulls("relative_risk").height:
        yield _intervals_picture(story)
    withheld = story.names_of(WITHHELD)
    if withheld:
        yield Paragraph(story.words("situation.withheld_note", areas=story.listed(withheld)), "note")
    yield story.grid("areas", "areas", story.words("situation.table_title"), _area_table(story, areas), words_first=2,
                     is_open=False)  # fmt: skip


def _intervals_picture(story: Story) -> Picture:
    kinds = [kind for kind in (HIGHER, UNCERTAIN, LOWER) if story.names_of(kind)]
    charts = [
        chart(
            f"intervals-{kind}",
            area_intervals(story.tables["areas"], story.words, kind),
            f"{sentence(story.words(f'class.{kind}'))} ({len(story.names_of(kind))})",
        )
        for kind in kinds
    ]
    texts = {
        "title": story.classes_title(),
        "how": story.words("situation.intervals_how"),
        "alternative": story.words("situation.intervals_alt", **story.class_words()),
    }
    return story.picture("intervals", "areas", texts, *charts, wide=True)


def _area_table(story: Story, areas: pl.DataFrame) -> pl.DataFrame:
    titles = [story.words(f"column.{name}") for name in ("area", "class", "people", "risk", "relative")]
    rows = [
        (
            row["name"],
            story.words(f"class.{row['class']}"),
            None if row["target_people"] is None else story.numbers.number(row["target_people"]),
            percent_of(story, row, "risk"),
            interval_of(story, row, "relative_risk"),
        )
        for row in areas.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(titles, pl.String), orient="row")


def percent_of(story: Story, row: dict[str, Any], column: str) -> str | None:
    """Write a share with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in _BOUNDS)
    return None if value is None else story.numbers.percent(value, *bounds)


def interval_of(story: Story, row: dict[str, Any], column: str) -> str | None:
    """Write a number with its interval, None where it is withheld."""
    value, *bounds = (row[column + end] for end in _BOUNDS)
    return None if value is None else story.numbers.interval(value, *bounds)


def _inequality(story: Story) -> Iterator[Block]:
    ratio = story.estimate("inequality", metric="ratio")
    if ratio is None or ratio.lower is None or ratio.upper is None:
        yield Paragraph(story.words("situation.inequality_absent"), "quiet")
        return
    kind = "worse" if ratio.lower > 1 else "better" if ratio.upper < 1 else "unclear"
    told = story.words("situation.inequality", ratio=story.numbers.interval(*ratio))
    unclear = f" {story.words('situation.inequality_unclear')}" if kind == "unclear" else ""
    yield Paragraph(told + unclear, "lead")
    yield Paragraph(story.words("situation.inequality_intro"), "quiet")
    if "quintiles" in story.tables:
        texts = {
            "title": story.words(f"situation.inequality_title_{kind}"),
            "how": story.words("situation.inequality_how"),
            "alternative": story.words("situation.inequality_alt", values=_values(story, "quintiles")),
        }
        yield story.picture(
            "fifths", "quintiles", texts, chart("fifths", fifths(story.tables["quintiles"], story.words))
        )


def _values(story: Story, table: str) -> str:
    rows = story.tables[table].frame.iter_rows(named=True)
    written = [
        story.words("withheld")
        if row["risk"] is None
        else story.numbers.percent(row["risk"], row["lower"], row["upper"])
        for row in rows
    ]
    return story.listed(written)


def _change(story: Story) -> Iterator[Block]:
    frame = story.frame("periods")
    shown = None if frame is None else frame.drop_nulls("risk")
    if shown is None or shown.height < 2:
        yield Paragraph(story.words("situation.change_absent"), "quiet")
        return
    first, last = shown.row(0, named=True), shown.row(-1, named=True)
    kind = "up" if last["lower"] > first["upper"] else "down" if last["upper"] < first["lower"] else "unclear"
    texts = {
        "title": story.words(f"situation.change_title_{kind}"),
        "how": story.words("situation.change_how"),
        "alternative": story.words("situation.change_alt", values=_values(story, "periods")),
    }
    yield story.picture("change", "periods", texts, chart("change", change(story.tables["periods"], story.words)))
