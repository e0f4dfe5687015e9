"""3. What support and resources: what the budget buys, where, beside other ways, and where it stops helping.

In: a `Story`. Out: a section.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from riskstrat.declare import Programme
from riskstrat.figures import comparisons, map_chosen, plan_curve
from riskstrat.reports.assumptions import assumption_rows
from riskstrat.reports.blocks import Beside, Block, Grid, Paragraph, Section
from riskstrat.reports.situation import interval_of
from riskstrat.reports.story import Estimate, Story, chart, sentence

STRATEGIES = ("plan", "equal_share", "care_need_index", "raw_counts", "raw_rates", "random")
_SMALL = 0.10
"""A plan that averts less than this share of the expected cases is told as small."""

_CURVE_POINTS = 4


def resources(story: Story) -> Section:
    """Answer the third question."""
    return Section(key="resources", title=story.words("section.resources"), blocks=tuple(_blocks(story)))


def _blocks(story: Story) -> Iterator[Block]:
    programmes, selected = story.released.condition.programmes, story.frame("plan_selected")
    if not programmes:
        yield Paragraph(story.words("resources.no_programme"), "note")
        return
    if selected is None or story.areas is None:
        yield Paragraph(story.words("resources.no_areas"), "note")
        yield _assumptions(story, programmes[0])
        return
    named = _named(story, selected)
    yield Beside(tuple(_bought(story, programmes[0], named)), (_assumptions(story, programmes[0]),))
    yield from _places(story, named)
    yield from _net_cost(story)
    yield from _compared(story)
    yield from _curve(story)
    yield Paragraph(story.words("resources.absent"), "quiet")


def _named(story: Story, selected: pl.DataFrame) -> pl.DataFrame:
    names = story.areas.select("area_id", "name") if story.areas is not None else pl.DataFrame()
    return selected.join(names, on="area_id", how="left").sort("name")


def _bought(story: Story, programme: Programme, selected: pl.DataFrame) -> Iterator[Paragraph]:
    told = story.words(
        "resources.buys",
        budget=story.numbers.sek(story.released.settings.budget_sek),
        programme=story.say(programme.title),
        areas=story.words.count("areas", selected.height),
        people=story.numbers.number(float(selected["people"].sum())),
        reached=story.numbers.number(float(selected["reached"].sum()), -1),
    )
    yield Paragraph(told)
    averted = story.estimate("plan_summary", metric="averted")
    if averted is None:
        yield Paragraph(story.words("resources.withheld"), "note")
        return
    yield Paragraph(" ".join([_averted(story, averted), _nnt(story)]), "lead")
    yield from _small(story, averted.value)
    yield from _strata(story)


def _averted(story: Story, averted: Estimate) -> str:
    written = story.numbers.interval(*averted)
    if story.expected_count is None:
        return story.words("resources.result_only", averted=written)
    # The number as the first screen has it; its interval stands there.
    expected = _estimate(story.numbers.whole(*story.expected_count))
    return story.words("resources.result", averted=written, expected=expected)


def _nnt(story: Story) -> str:
    nnt = story.estimate("plan_summary", metric="nnt")
    if nnt is None or not all(bound is not None and math.isfinite(bound) for bound in nnt):
        return story.words("resources.nnt_unknown")
    return story.words("resources.nnt", nnt=story.numbers.whole(*nnt))


def _small(story: Story, averted: float) -> Iterator[Paragraph]:
    if story.expected is not None and averted < _SMALL * story.expected.value:
        yield Paragraph(story.words("resources.small"))


def _strata(story: Story) -> Iterator[Paragraph]:
    averted = story.estimate("strata_summary", metric="averted")
    if averted is not None:
        yield Paragraph(story.words("resources.strata", averted=story.numbers.interval(*averted)), "quiet")


def _assumptions(story: Story, programme: Programme) -> Grid:
    frame = _frame(story, ("assumption", "value"), assumption_rows(story, programme))
    return story.grid("assumptions", None, story.words("resources.assumptions_title"), frame, words_first=2)


def _places(story: Story, selected: pl.DataFrame) -> Iterator[Block]:
    geometry = story.released.source.geometry
    names = story.listed(selected["name"].to_list())
    if geometry is not None:
        texts = {
            "title": story.words("resources.map_title", areas=story.words.count("areas", selected.height)),
            "how": story.words("resources.map_how"),
            "alternative": story.words("resources.map_alt", areas=names),
        }
        drawn = map_chosen(story.tables["areas"], story.tables["plan_selected"], geometry, story.words)
        yield story.picture("map-chosen", "plan_selected", texts, chart("map-chosen", drawn))
    columns = ("area", "people", "share", "reached", "averted", "robustness")
    rows = [_chosen_row(story, row) for row in selected.iter_rows(named=True)]
    yield story.grid("chosen", "plan_selected", story.words("resources.table_title"), _frame(story, columns, rows))
    yield Paragraph(story.words("resources.robust"), "quiet")


def _chosen_row(story: Story, row: dict[str, Any]) -> tuple[str | None, ...]:
    number, percent = story.numbers.number, story.numbers.whole_percent
    return (
        row["name"],
        None if row["people"] is None else number(row["people"]),
        None if row["share"] is None else percent(row["share"]),
        None if row["reached"] is None else number(row["reached"]),
        interval_of(story, row, "averted"),
        None if row["robustness"] is None else percent(row["robustness"]),
    )


def _net_cost(story: Story) -> Iterator[Block]:
    frame = story.frame("plan_net_cost")
    if frame is None or frame["net_cost_sek"].null_count():
        return
    thousands = story.numbers.thousands_of_sek
    rows = [
        (
            story.words.named("payer", row["payer"]),
            thousands(row["saving_sek"], row["saving_lower"], row["saving_upper"]),
            thousands(row["net_cost_sek"], row["net_cost_lower"], row["net_cost_upper"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    written = _frame(story, ("payer", "saving", "net_cost"), rows)
    yield story.grid("net-cost", "plan_net_cost", story.words("resources.net_title"), written)
    yield Paragraph(story.words("resources.net_note"), "quiet")


def _compared(story: Story) -> Iterator[Block]:
    frame = story.frame("plan_comparisons")
    if frame is None or frame["averted"].null_count():
        return
    rows = {row["strategy"]: row for row in frame.iter_rows(named=True)}
    best = max((name for name in rows if name != "plan"), key=lambda name: float(rows[name]["averted"]))
    written = {name: story.numbers.interval(*_triple(row, "averted")) for name, row in rows.items()}
    named = {name: story.words.named("strategy", name) for name in rows}
    texts = {
        "title": story.words(
            "resources.comparison_title",
            averted=_estimate(written["plan"]),
            strategy=named[best],
            other=_estimate(written[best]),
        ),
        "how": story.words("resources.comparison_how"),
        "alternative": story.words(
            "resources.comparison_alt", values="; ".join(f"{named[name]}: {written[name]}" for name in rows)
        ),
    }
    drawn = chart("comparisons", comparisons(story.tables["plan_comparisons"], story.words))
    yield story.picture("comparisons", "plan_comparisons", texts, drawn)
    yield _comparison_table(story, rows, named, written)
    yield Paragraph(story.words("resources.comparison_honest"))
    absent = [story.words(f"strategy.{name}") for name in STRATEGIES if name not in rows]
    if absent:
        yield Paragraph(story.words("resources.comparison_absent", strategies=story.listed(absent)), "quiet")


def _estimate(written: str) -> str:
    """Leave out the interval, which the picture shows."""
    return written.partition(" (")[0]


def _comparison_table(
    story: Story, rows: dict[str, dict[str, Any]], named: dict[str, str], written: dict[str, str]
) -> Grid:
    cells = [
        (
            sentence(named[name]),
            written[name],
            None if name == "plan" else story.numbers.interval(*_triple(row, "difference")),
        )
        for name, row in rows.items()
    ]
    frame = _frame(story, ("strategy", "averted", "difference"), cells)
    title = story.words("resources.comparison_table")
    return story.grid("comparisons", "plan_comparisons", title, frame, is_open=False)


def _triple(row: dict[str, Any], name: str) -> tuple[float, float, float]:
    prefix = "" if name == "averted" else f"{name}_"
    return row[name], row[f"{prefix}lower"], row[f"{prefix}upper"]


def _curve(story: Story) -> Iterator[Block]:
    frame = story.frame("plan_curve")
    shown = None if frame is None else frame.drop_nulls("averted").sort("budget_sek")
    if frame is None or shown is None or shown.height < 2:
        return
    full = story.numbers.sek(float(frame["budget_sek"].to_numpy().max()))
    told = shown.gather_every(max(1, shown.height // _CURVE_POINTS)).iter_rows(named=True)
    values = "; ".join(_curve_point(story, row) for row in told)
    texts = {
        "title": story.words("resources.curve_title", full=full),
        "how": story.words("resources.curve_how"),
        "alternative": story.words("resources.curve_alt", values=values),
    }
    drawn = plan_curve(story.tables["plan_curve"], story.released.settings.budget_sek, story.words)
    yield story.picture("curve", "plan_curve", texts, chart("curve", drawn))
    yield Paragraph(" ".join([*_next_million(story), story.words("resources.full", full=full)]))


def _curve_point(story: Story, row: dict[str, Any]) -> str:
    averted = story.numbers.interval(row["averted"], row["lower"], row["upper"])
    return story.words("resources.curve_point", budget=story.numbers.sek(row["budget_sek"]), averted=averted)


def _next_million(story: Story) -> Iterator[str]:
    averted = story.estimate("plan_summary", metric="next_million")
    if averted is not None and averted.value > 0:
        yield story.words("resources.next_million", averted=story.numbers.interval(*averted))


def _frame(story: Story, columns: Sequence[str], rows: Sequence[tuple[str | None, ...]]) -> pl.DataFrame:
    titles = [story.words(f"column.{name}") for name in columns]
    return pl.DataFrame(rows, schema=dict.fromkeys(titles, pl.String), orient="row")
