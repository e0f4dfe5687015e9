"""Several conditions of one place in one report: where several are high, what is shared, and one budget for all.

In: what was published of each study. Out: the parts of a page. Averted cases of different conditions are set side by
side and never added, because nobody but the reader can say what one is worth beside another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.figures import Language
from riskstrat.figures.messages import capitalised, lowered
from riskstrat.figures.reasons import UNEXPLAINED, reasons_of
from riskstrat.publication import Published
from riskstrat.reports.blocks import Block, Bullets, FirstScreen, Paragraph, Section
from riskstrat.reports.context import HIGHER, ReportContext, report_context

_STEPS = 50
"""So many parts of the budget are given out one after the other where weights are given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Across:
    """The published studies of one place in one language, and what an averted case of each counts for (or None)."""

    contexts: tuple[ReportContext, ...]
    weights: Mapping[str, float] | None

    @property
    def first(self) -> ReportContext:
        """Texts and place, which all have in common."""
        return self.contexts[0]

    @cached_property
    def names(self) -> list[str]:
        """What the conditions are called inside a sentence: with their names where several have one title."""
        titles = [lowered(context.say(context.released.condition.title)) for context in self.contexts]
        names = [context.released.condition.name for context in self.contexts]
        named = zip(titles, names, strict=True)
        return [title if titles.count(title) == 1 else f"{title} ({name})" for title, name in named]

    @property
    def units(self) -> list[pl.DataFrame]:
        """The partition of each condition: area_id, unit, name."""
        return [one.released.partition.areas for one in self.contexts if one.released.partition is not None]

    @cached_property
    def areas(self) -> pl.DataFrame:
        """Frame of name and, of each condition by number, unit_0, class_0 and so on; one row a place.

        Units of two conditions are nested, so a place is the smaller of them.
        """
        areas = self.units[0].select("area_id")
        for n, (units, context) in enumerate(zip(self.units, self.contexts, strict=True)):
            known = context.tables["areas"].frame
            classes = known.select(pl.col(known.columns[0]).alias("unit"), pl.col("class").str.replace(" ", "_"))
            sized = units.with_columns(size=pl.len().over("unit")).join(classes, on="unit", how="left")
            areas = areas.join(
                sized.rename({name: f"{name}_{n}" for name in sized.columns if name != "area_id"}), on="area_id"
            )
        numbers = range(len(self.contexts))
        smallest = pl.min_horizontal(f"size_{n}" for n in numbers)
        named = pl.coalesce(pl.when(pl.col(f"size_{n}") == smallest).then(f"name_{n}") for n in numbers)
        shown = [f"{column}_{n}" for n in numbers for column in ("unit", "class")]
        return areas.select(named.alias("name"), *shown).unique().sort("name")

    @cached_property
    def high(self) -> list[tuple[dict[str, Any], list[int]]]:
        """Places that are clearly higher for several conditions, rows of `areas`, and for which."""
        found = [
            (row, [n for n in range(len(self.contexts)) if row[f"class_{n}"] == HIGHER])
            for row in self.areas.iter_rows(named=True)
        ]
        return [(row, conditions) for row, conditions in found if len(conditions) > 1]


def across_parts(
    published: Sequence[Published], language: Language, weights: Mapping[str, float] | None
) -> tuple[ReportContext, FirstScreen, list[Section]]:
    """Give the first screen and the sections of the report across conditions."""
    UsageError.refuse([*_problems(published), *_weight_problems(published, weights)])
    across = Across(contexts=tuple(report_context(one, language) for one in published), weights=weights)
    return across.first, _first(across), [_where(across), _why(across), _budget(across)]


def _problems(published: Sequence[Published]) -> Iterator[Problem]:
    if len(published) < 2:
        found = number_of(len(published), "published study", "published studies")
        yield Problem(found, "at least two", "give a single one as it is")
        return
    names = [one.condition.name for one in published]
    if len(set(names)) < len(names):
        found = f"conditions that come twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}"
        yield Problem(found, "one study of each condition", "leave one out")
    for what, values in (
        ("as-of dates", [str(one.as_of) for one in published]),
        ("registers", [one.source.name for one in published]),
    ):
        if len(set(values)) > 1:
            found = f"different {what}: {', '.join(dict.fromkeys(values))}"
            yield Problem(found, "studies of the same people and day", "run them together")
    without = [one.condition.name for one in published if one.partition is None or "areas" not in one.tables]
    if without:
        yield Problem(f"studies without areas: {', '.join(without)}", "areas in all", "leave these out")
    elif len({tuple(one.partition.areas["area_id"]) for one in published if one.partition}) > 1:
        yield Problem("different areas", "the same areas in all", "run them on the same registers")


def _weight_problems(published: Sequence[Published], weights: Mapping[str, float] | None) -> Iterator[Problem]:
    names = [one.condition.name for one in published]
    if weights is not None and set(weights) != set(names):
        found, expected = f"weights of {', '.join(weights) or 'nothing'}", f"one of each: {', '.join(names)}"
        yield Problem(found, expected, "say what an averted case of each counts for")
    elif weights is not None and not all(np.isfinite(one) and one > 0 for one in weights.values()):
        found = f"weights {', '.join(f'{one:g}' for one in weights.values())}"
        yield Problem(found, "numbers above 0", "use 1 for the case that others count beside")


def _first(across: Across) -> FirstScreen:
    context, messages = across.first, across.first.messages
    listed = messages.listed(across.names)
    return FirstScreen(
        title=messages("across.title", municipality=context.released.source.name),
        covered=messages("across.covered", date=context.date(context.released.as_of), conditions=listed),
        invented=messages("page.invented") if context.invented else None,
        working=messages("page.working")
        if any(one.released.disclosure.is_working_material for one in across.contexts)
        else None,
        sentences=(_high_sentence(across), messages("across.not_added")),
        decision=None,
        grade=None,
        blocks=(),
    )


def _high_sentence(across: Across) -> str:
    messages = across.first.messages
    if not across.high:
        return messages("across.none_high", n=across.areas.height)
    names = [row["name"] for row, _ in across.high]
    return messages("across.high", k=len(names), n=across.areas.height, areas=messages.listed(names))


def _where(across: Across) -> Section:
    messages = across.first.messages
    told = tuple((row["name"], messages.listed([across.names[n] for n in of])) for row, of in across.high)
    rows = [
        (row["name"], *(messages(f"class.{row[f'class_{n}'] or 'withheld'}") for n in range(len(across.contexts))))
        for row in across.areas.iter_rows(named=True)
    ]
    heads = [messages("column.area"), *map(capitalised, across.names)]
    title = messages("across.classes_title")
    grid = across.first.grid("across-classes", None, title, heads, rows, text_columns=len(heads), has_headings=True)
    blocks: tuple[Block, ...] = (
        *([Bullets(told)] if told else []),
        Paragraph(messages("across.class_note"), "quiet"),
        grid,
    )
    return Section(key="where", title=messages("across.where"), blocks=blocks)


def _why(across: Across) -> Section:
    messages = across.first.messages
    told = tuple((row["name"], _shared(across, row, of)) for row, of in across.high)
    found = (Bullets(told), Paragraph(messages("focus.not_causes"), "note"))
    blocks: tuple[Block, ...] = found if told else (Paragraph(messages("across.nothing_shared")),)
    return Section(key="why", title=messages("across.why"), blocks=blocks)


def _shared(across: Across, row: Mapping[str, Any], of: Sequence[int]) -> str:
    """Which parts raise the risk of all the conditions that are high there, as far as their intervals tell."""
    messages = across.first.messages
    raising = Counter(part for n in of for part in _raising(across.contexts[n], row[f"unit_{n}"]))
    shared = [messages(f"part.{part}") for part, count in raising.items() if count == len(of)]
    if not shared:
        return messages("across.no_shared")
    return messages("across.shared", parts=messages.listed(shared))


def _raising(context: ReportContext, unit: str) -> list[str]:
    if "reasons" not in context.tables:
        return []
    found = reasons_of(context.tables["reasons"], unit, unit)
    return [
        part
        for part, points in found.points.items()
        if part != UNEXPLAINED and found.bounds.get(part, (points, points))[0] > 0
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planned:
    """A condition with a plan: its name, and the released curve of averted cases over the budget, from nothing on."""

    name: str
    context: ReportContext
    curve: pl.DataFrame

    def at(self, sek: float) -> tuple[float, float, float]:
        """Averted cases with their interval for a budget: between points of the curve, and flat after its end."""
        spent = self.curve["budget_sek"].to_numpy()
        averted, lower, upper = (
            float(np.interp(sek, spent, self.curve[name].to_numpy())) for name in ("averted", "lower", "upper")
        )
        return averted, lower, upper

    def written(self, sek: float) -> str:
        """Write them."""
        return self.context.numbers.interval(*self.at(sek)) if sek > 0 else "0"


def _plans(across: Across) -> Iterator[_Planned]:
    """Give the conditions whose plan may be shown."""
    start = pl.DataFrame({name: [0.0] for name in ("budget_sek", "averted", "lower", "upper")})
    for name, context in zip(across.names, across.contexts, strict=True):
        curve = context.frame("plan_curve")
        if curve is not None and curve.height > 1 and not curve["averted"].null_count():
            numbers = curve.select(start.columns).cast(pl.Float64).filter(pl.col("budget_sek") > 0)
            yield _Planned(name=name, context=context, curve=pl.concat([start, numbers]).sort("budget_sek"))


def _budget(across: Across) -> Section:
    context, messages, plans = across.first, across.first.messages, [*_plans(across)]
    if len(plans) < 2:
        absent = (Paragraph(messages("across.no_budget")),)
        return Section(key="budget", title=messages("across.budget"), blocks=absent)
    budget = max(one.context.released.budget_sek for one in plans)
    rows = [
        (name, *(one.written(budget * part) for one, part in zip(plans, parts, strict=True)))
        for name, parts in _splits(across, plans, budget)
    ]
    heads = [f"{capitalised(one.name)}: {one.context.messages('column.averted').lower()}" for one in plans]
    title = messages("across.budget_title", budget=context.numbers.sek(budget))
    blocks: tuple[Block, ...] = (
        Paragraph(messages("across.budget_intro")),
        context.grid("across-budget", None, title, [messages("across.split"), *heads], rows, has_headings=True),
        *_worth(across, plans, budget),
        Paragraph(messages("across.budget_note"), "note"),
    )
    return Section(key="budget", title=messages("across.budget"), blocks=blocks)


def _splits(across: Across, plans: Sequence[_Planned], budget: float) -> Iterator[tuple[str, list[float]]]:
    """Ways to divide the budget: all for one, evenly, and by the weights."""
    messages, count = across.first.messages, len(plans)
    for n, one in enumerate(plans):
        yield messages("across.all_for", condition=one.name), [float(n == other) for other in range(count)]
    yield messages("across.even"), [1 / count] * count
    if across.weights is not None:
        weights = [across.weights[one.context.released.condition.name] for one in plans]
        yield messages("across.weighted"), divide_by_weight([one.at for one in plans], weights, budget)


def divide_by_weight(
    curves: Sequence[Callable[[float], Sequence[float]]], weights: Sequence[float], budget: float
) -> list[float]:
    """Give out the budget in steps, each to where it averts the greatest weighted number; the share of each."""
    steps = [0] * len(curves)
    for _ in range(_STEPS):
        gains = [
            weight * (curve(budget * (given + 1) / _STEPS)[0] - curve(budget * given / _STEPS)[0])
            for curve, weight, given in zip(curves, weights, steps, strict=True)
        ]
        steps[int(np.argmax(gains))] += 1
    return [given / _STEPS for given in steps]


def _worth(across: Across, plans: Sequence[_Planned], budget: float) -> Iterator[Paragraph]:
    """Say how much more a case of one must count for the same money to do as much good as for another."""
    numbers, messages = across.first.numbers, across.first.messages
    first, *others = sorted(plans, key=lambda one: -one.at(budget / len(plans))[0])
    most = first.at(budget / len(plans))[0]
    for other in others:
        averted = other.at(budget / len(plans))[0]
        if averted > 0:
            times = numbers.number(most / averted, 1)
            yield Paragraph(messages("across.worth", few=other.name, many=first.name, times=times))
    if across.weights is not None:
        told = [f"{one.name} {across.weights[one.context.released.condition.name]:g}" for one in plans]
        yield Paragraph(messages("across.weights", weights=messages.listed(told)), "quiet")
