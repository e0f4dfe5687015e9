"""How could we know this: who was counted, what was known when, which model, is it right, limits, version.

In: a `Story`. Out: a section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import exp
from typing import Any

import polars as pl

from riskstrat.figures import calibration
from riskstrat.reports.blocks import Block, Bullets, Grid, Heading, Paragraph, Section
from riskstrat.reports.story import Story, chart, sentence

CHECKS = ("person", "area", "time")
SIMPLE = "AgeSex"
_FEW, _MANY = 100, 1000
_METRIC_DECIMALS = 3
_RARE = 0.02
"""Risks below this are told of a thousand people, others of a hundred."""


def method(story: Story) -> Section:
    """Answer those who want to know how far to trust it."""
    parts = (_counted, _known, _model, _agreement, _groups, _splits, _limits, _short, _grade, _disclosure, _citing)
    blocks = tuple(block for part in parts for block in part(story))
    return Section(key="method", title=story.words("section.method"), blocks=blocks)


def _counted(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.flow_title"))
    flow = story.frame("flow")
    part = "covered" if flow is not None and "covered" in flow["part"] else "included"
    learnt, cases = story.count("flow", "people", part=part), story.count("total", "cases", scope="all")
    if learnt is not None and cases is not None:
        number = story.numbers.number
        yield Paragraph(story.words("method.flow", people=number(learnt), cases=number(cases)))
    elif learnt is not None:
        yield Paragraph(story.words("method.flow_withheld", people=story.numbers.number(learnt)))
    yield _flow(story, "flow", story.words("method.flow_learn"))
    yield _flow(story, "target_flow", story.words("method.flow_target"))


def _flow(story: Story, name: str, title: str) -> Grid:
    column = "reason_sv" if story.language == "sv" else "reason"
    rows = [
        (sentence(row[column]), *(_number(story, row[count]) for count in ("people", "rows")))
        for row in story.tables[name].frame.sort("step").iter_rows(named=True)
    ]
    return story.grid(name, name, title, _frame(story, ("step", "people", "rows"), rows), is_open=False)


def _known(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.known_title"))
    yield Paragraph(story.words("method.known"))
    rows = [
        (
            sentence(story.words.named("register", row["register"])),
            " – ".join(day.isoformat() for day in (row["coverage_start"], row["coverage_end"]) if day is not None),
            _number(story, row["delay_days"]),
        )
        for row in story.tables["coverage"].frame.iter_rows(named=True)
    ]
    title = story.words("method.coverage_table")
    frame = _frame(story, ("register", "covered", "delay"), rows)
    yield story.grid("coverage", "coverage", title, frame, words_first=2, is_open=False)


def _model(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.model_title"))
    chosen = story.released.chosen
    named = story.words.named("estimator", chosen)
    simple = story.words("method.model_simple")
    yield Paragraph(simple if chosen == SIMPLE else story.words("method.model", chosen=named))
    rows = [
        (
            story.words.named("estimator", row["name"]),
            story.numbers.number(row["brier"], 4),
            story.numbers.whole_percent(row["prediction_accuracy"]),
        )
        for row in story.tables["choice"].frame.sort("brier").iter_rows(named=True)
    ]
    title = story.words("method.choice_table")
    yield story.grid("choice", "choice", title, _frame(story, ("model", "error", "accuracy"), rows))


def _agreement(story: Story) -> Iterator[Block]:
    name = "calibration_person"
    if name not in story.tables:
        return
    yield Heading(story.words("method.calibration_title"))
    shown = story.tables[name].frame.drop_nulls("observed").sort("mean_predicted")
    texts = {
        "title": _picture_title(story, shown),
        "how": story.words("method.calibration_how"),
        "alternative": story.words("method.calibration_alt", values=_points(story, shown)),
    }
    if shown.is_empty():
        yield Paragraph(f"{texts['title']}.", "note")
    else:
        drawn = chart("calibration", calibration(story.tables[name], story.words))
        yield story.picture("calibration", name, texts, drawn)
    yield _metrics(story)


def _picture_title(story: Story, shown: pl.DataFrame) -> str:
    """Tell the group at highest risk: of a hundred (or a thousand) people with this risk, so many had the outcome."""
    if shown.is_empty():
        return story.words("method.calibration_withheld")
    row = shown.row(-1, named=True)
    base = _MANY if row["mean_predicted"] < _RARE else _FEW
    observed = story.numbers.whole(*(base * row[name] for name in ("observed", "lower", "upper")))
    predicted = story.numbers.percent(row["mean_predicted"])
    return story.words(
        "method.calibration_picture", base=story.numbers.number(base), predicted=predicted, observed=observed
    )


def _points(story: Story, shown: pl.DataFrame) -> str:
    percent = story.numbers.percent
    return "; ".join(
        story.words(
            "method.calibration_point",
            predicted=percent(row["mean_predicted"]),
            observed=percent(row["observed"], row["lower"], row["upper"]),
        )
        for row in shown.iter_rows(named=True)
    )


def _metrics(story: Story) -> Grid:
    metrics = ("auc", "auc_gain", "calibration_slope", "observed_expected")
    checks = [name for name in CHECKS if f"metrics_{name}" in story.tables]
    rows = [
        (
            sentence(story.words(f"check.{name}")),
            *(_written(story, f"metrics_{name}", metric, "all") for metric in metrics),
        )
        for name in checks
    ]
    frame = _frame(story, ("check", "auc", "gain", "slope", "observed_expected"), rows)
    return story.grid("checks", f"metrics_{checks[0]}", story.words("method.checks_table"), frame)


def _written(story: Story, table: str, metric: str, group: str) -> str | None:
    found = story.estimate(table, metric=metric, group=group)
    return None if found is None else story.numbers.interval(*found, most_decimals=_METRIC_DECIMALS)


def _groups(story: Story) -> Iterator[Block]:
    frame = story.frame("metrics_person")
    if frame is None:
        return
    groups = sorted(set(frame["group"]) - {"all"}, key=_natural)
    rows = [
        (
            sentence(_group(story, group)),
            _written(story, "metrics_person", "observed_expected", group),
            _written(story, "metrics_person", "auc", group),
        )
        for group in groups
    ]
    if rows:
        written = _frame(story, ("group", "observed_expected", "auc"), rows)
        yield story.grid("groups", "metrics_person", story.words("method.groups_table"), written)
        yield Paragraph(story.words("method.fair"), "quiet")


def _group(story: Story, group: str) -> str:
    column, _, value = group.partition("=")
    key = f"group_value.{column}_{value}"
    if key in story.words.texts:
        return story.words(key)
    return f"{story.words.named('group_column', column)} {value.replace('-', '–')}"


def _natural(group: str) -> tuple[str, int, str]:
    """Sort 70-79 before 100-109, and sex before age."""
    column, _, value = group.partition("=")
    first = re.match(r"\d+", value)
    return ("" if column == "sex" else column, int(first.group()) if first else 0, value)


def _splits(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.splits_title"))
    yield Paragraph(story.words("method.splits"))
    rows = [
        (
            story.words.named("split", row["split"]),
            _number(story, row["shared_persons"]),
            _number(story, row["shared_families"]),
        )
        for row in story.tables["splits"].frame.iter_rows(named=True)
    ]
    frame = _frame(story, ("split", "shared_persons", "shared_families"), rows)
    yield story.grid("splits", "splits", story.words("method.splits_table"), frame)
    yield Paragraph(story.words("method.elsewhere"))


def _limits(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.limits_title"))
    declared = [story.say(limit) for limit in story.released.condition.limits]
    general = [story.words(f"method.limit_{name}") for name in ("persist", "moved", "care")]
    yield Bullets(tuple(("", text) for text in (*declared, *general)))
    yield from _drift(story)


def _drift(story: Story) -> Iterator[Block]:
    """Say whether what set the areas apart has persisted so far."""
    told = {name: factor for name in ("drift", "spread") if (factor := _factor(story, name))}
    if len(told) > 1:
        yield Paragraph(story.words("method.drift", **told))


def _factor(story: Story, name: str) -> str | None:
    """Write a standard deviation of logs as the factor that one of them makes."""
    found = story.estimate("drift", (name, f"{name}_lower", f"{name}_upper"), scope="all")
    if found is None or found.lower is None or found.upper is None:
        return None
    return story.numbers.interval(exp(found.value), exp(found.lower), exp(found.upper))


def _short(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.short_title"))
    draws = story.numbers.number(story.released.settings.posterior_draws)
    yield Paragraph(story.words("method.short_1"))
    if story.areas is not None:
        yield Paragraph(story.words("method.short_2", draws=draws))
        yield Paragraph(story.words("method.short_3"))


def _grade(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.grade_title"))
    yield Paragraph(story.words("method.grade_rule"))


def _disclosure(story: Story) -> Iterator[Block]:
    yield Heading(story.words("method.disclosure_title"))
    yield Paragraph(story.tables["flow"].rule[story.language])


def _citing(story: Story) -> Iterator[Block]:
    released = story.released
    yield Heading(story.words("method.cite_title"))
    told = {"version": released.version, "digest": released.digest, "date": story.date(released.as_of)}
    title = story.say(released.condition.title)
    yield Paragraph(story.words("method.cite", title=title, place=released.source.name, **told))
    data = {"date": story.date(released.source.data_end), "fingerprint": released.source.fingerprint[:12]}
    yield Paragraph(story.words("method.data_version", place=released.source.name, **data), "quiet")
    if released.condition.references:
        yield Heading(story.words("method.references_title"))
        yield Bullets(tuple(("", reference) for reference in released.condition.references))


def _number(story: Story, value: int | None) -> str | None:
    return story.words("withheld") if value is None else story.numbers.number(value)


def _frame(story: Story, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    titles = [story.words(f"column.{name}") for name in columns]
    return pl.DataFrame(rows, schema=dict.fromkeys(titles, pl.String), orient="row")
