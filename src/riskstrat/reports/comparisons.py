"""What the model is compared with: published scores, other places, outcomes that need no care, fewer features."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures.messages import capitalised
from riskstrat.reports.blocks import Block, Grid, Heading, Paragraph
from riskstrat.reports.context import ReportContext
from riskstrat.reports.tables import Written, group_name, natural_order, written_count, written_metric

LEFT_OUT = {"municipality": "municipality", "area": "area_cluster"}
"""By check the column whose groups are the places that were left out."""

_BENCHMARK_METRICS = ("auc", "model_auc", "baseline_auc", "auc_gain")
_BENCHMARK_COLUMNS = ("people", "benchmark_auc", "model_auc", "age_sex_auc", "better_than_benchmark")


def comparisons(context: ReportContext) -> Iterator[Block]:
    """Show each comparison that the study has, and say of each that is missing why."""
    yield from _benchmarks(context)
    yield from _left_out(context)
    yield from _care(context)


def benchmark_rows(context: ReportContext) -> Written:
    """Write how well each published score, the model, and age and sex order the people who have the score."""
    return ("benchmark", *_BENCHMARK_COLUMNS), [
        (title, *written) for title, group, *written in _benchmarked(context) if group is None
    ]


def _benchmarked(context: ReportContext) -> Iterator[tuple[str | None, ...]]:
    """Write title, group (None: everybody) and metrics of each score on the people who have it."""
    frame = context.frame("benchmarks_person")
    titles = {one.name: context.say(one.title) for one in context.released.condition.benchmarks}
    for group in [] if frame is None else frame["group"].unique(maintain_order=True):
        name, _, among = group.removeprefix("benchmark=").partition(";")
        yield (
            titles.get(name, name),
            capitalised(group_name(context, among)) if among else None,
            written_count(context, context.count("benchmarks_person", "people", metric="auc", group=group)),
            *(written_metric(context, "benchmarks_person", metric, group) for metric in _BENCHMARK_METRICS),
        )


def _benchmarks(context: ReportContext) -> Iterator[Block]:
    declared, messages = context.released.condition.benchmarks, context.messages
    if not declared:
        return
    yield Heading(messages("comparisons.benchmarks_title"))
    columns, rows = benchmark_rows(context)
    if rows:
        yield context.grid("benchmarks", "benchmarks_person", messages("comparisons.benchmarks_table"), columns, rows)
        yield Paragraph(messages("comparisons.benchmarks"), "quiet")
    if of_groups := [row for row in _benchmarked(context) if row[1] is not None]:
        title = messages("comparisons.benchmarks_groups")
        yield context.grid(
            "benchmark-groups",
            "benchmarks_person",
            title,
            ("benchmark", "group", *_BENCHMARK_COLUMNS),
            of_groups,
            text_columns=2,
            location="screen",
        )
    for one in declared:
        if omitted := context.omission(f"benchmark_{one.name}"):
            yield Paragraph(omitted, "note")


def _left_out(context: ReportContext) -> Iterator[Block]:
    for check, column in LEFT_OUT.items():
        frame, name = context.frame(f"metrics_{check}"), f"metrics_{check}"
        found = set() if frame is None else set(frame["group"].to_list())
        groups = sorted((group for group in found if group.startswith(f"{column}=")), key=natural_order)
        rows = [
            (
                capitalised(group_name(context, group)),
                *(written_metric(context, name, metric, group) for metric in ("observed_expected", "auc")),
            )
            for group in groups
        ]
        if rows:
            title = context.messages("comparisons.places_table")
            columns = ("place_left_out", "observed_expected", "auc")
            yield context.grid(f"places-{check}", name, title, columns, rows, location="screen")


def _care(context: ReportContext) -> Iterator[Block]:
    messages, declared = context.messages, context.released.condition
    if not (declared.outcome_checks or declared.sensitivities):
        return
    yield Heading(messages("comparisons.care_title"))
    if declared.outcome_checks:
        yield Paragraph(messages("comparisons.care"))
        yield from _other_outcomes(context)
    yield from _sensitivities(context)


def other_outcome_rows(context: ReportContext) -> Written:
    """Write by group how occurred outcomes compare with expected ones: the model's own and each other outcome."""
    checks = [one for one in context.released.condition.outcome_checks if f"outcome_{one.name}" in context.tables]
    tables = ["metrics_person", *(f"outcome_{one.name}" for one in checks)]
    found = {group for name in tables[1:] for group in context.tables[name].frame["group"].to_list()} - {"all"}
    rows = [
        (
            capitalised(group_name(context, group)),
            *(written_metric(context, name, "observed_expected", group) for name in tables),
        )
        for group in sorted(found, key=natural_order)
    ]
    order = (context.messages("comparisons.auc"), *(written_metric(context, name, "auc", "all") for name in tables))
    headings = ("group", "own_outcome", *(context.say(one.title) for one in checks))
    return headings, [order, *rows] if checks else []


def _other_outcomes(context: ReportContext) -> Iterator[Block]:
    headings, rows = other_outcome_rows(context)
    if rows:
        named = [context.messages(f"column.{name}") for name in headings[:2]]
        columns = [*named, *(capitalised(title) for title in headings[2:])]
        first = next(name for name in context.tables if name.startswith("outcome_"))
        title = context.messages("comparisons.care_table")
        yield context.grid("other-outcomes", first, title, columns, rows, has_headings=True)
    for one in context.released.condition.outcome_checks:
        if omitted := context.omission(f"outcome_{one.name}"):
            yield Paragraph(omitted, "note")


def _sensitivities(context: ReportContext) -> Iterator[Block]:
    messages = context.messages
    for one in context.released.condition.sensitivities:
        name, title = f"sensitivity_{one.name}", context.say(one.title)
        frame = context.frame(name)
        if frame is None or context.areas is None:
            yield Paragraph(messages("comparisons.without_absent", features=title), "note")
            continue
        names = context.areas.select(pl.col("area_id").alias("group"), "name")
        changed = frame.join(names, on="group").filter(pl.col("depends").fill_null(value=False)).sort("name")
        lost = written_metric(context, f"metrics_without_{one.name}", "auc_gain", "all")
        told = {"features": title, "auc": lost or messages("withheld"), "mark": context.say(one.mark)}
        key = "without_changed" if changed.height else "without_same"
        yield Paragraph(messages(f"comparisons.{key}", areas=context.listed(changed["name"].to_list()), **told))
        if changed.height:
            yield _changed(context, name, changed, title)


def _changed(context: ReportContext, name: str, changed: pl.DataFrame, features: str) -> Grid:
    classes = ("class", "class_without")
    rows = [
        (row["name"], *(context.messages(f"class.{row[one].replace(' ', '_')}") for one in classes))
        for row in changed.drop_nulls(classes).iter_rows(named=True)
    ]
    title = context.messages("comparisons.without_table", features=features)
    return context.grid(
        name.replace("_", "-"), name, title, ("area", *classes), rows, text_columns=3, location="screen"
    )
