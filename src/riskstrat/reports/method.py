"""How could we know this: who was counted, what was known when, which model, is it right, limits, version."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.figures import calibration, subgroups
from riskstrat.figures.messages import capitalised
from riskstrat.reports.area_fit import fit_sentences
from riskstrat.reports.blocks import Block, Bullets, Grid, Heading, OnScreen, Paragraph
from riskstrat.reports.comparisons import comparisons
from riskstrat.reports.context import ReportContext
from riskstrat.reports.elsewhere import elsewhere
from riskstrat.reports.grade import drift_factors
from riskstrat.reports.incidence import incidence
from riskstrat.reports.interpretation import interpretation
from riskstrat.reports.tables import (
    MAIN_METRICS,
    checks_of,
    choice_reason,
    choice_rows,
    code_rows,
    counted_landmarks,
    coverage_rows,
    flow_rows,
    group_name,
    missing_rows,
    missing_way,
    natural_order,
    split_rows,
    written_metric,
)

_CAPACITY = 0.1
"""The capacity at which groups are compared."""
_COUNTED = ("persons", "index_dates", "cases", "case_persons")


def method(context: ReportContext) -> Iterator[Block]:
    """Answer those who want to know how far to trust it."""
    yield OnScreen(tuple(block for part in _ON_SCREEN for block in part(context)))
    for part in _PRINTED:
        yield from part(context)


def _counted(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.flow_title"))
    told = {name: context.count("total", name, scope="all") for name in _COUNTED}
    written = {name: context.numbers.number(value) for name, value in told.items() if value is not None}
    if len(written) == len(_COUNTED):
        yield Paragraph(context.messages("method.flow", **written))
    elif "persons" in written:
        yield Paragraph(context.messages("method.flow_withheld", persons=written["persons"]))
    yield from _landmarks(context)
    yield from merged_areas(context)
    yield _flow(context, "flow", context.messages("method.flow_training"))
    yield _flow(context, "target_flow", context.messages("method.flow_target"))


def _landmarks(context: ReportContext) -> Iterator[Block]:
    """Say which landmarks were counted, and how the results move with the others."""
    frame, counted = context.frame("landmarks"), counted_landmarks(context)
    if frame is None or counted is None:
        return
    yield Paragraph(counted)
    others = frame.filter(use="other").drop_nulls()
    if not others.is_empty():
        numbers, ratios = context.numbers, others["observed_expected"].to_list()
        moved = numbers.range(numbers.number(min(ratios), 2), numbers.number(max(ratios), 2))
        change = numbers.number(max(others["largest_change"].to_list()), 2)
        yield Paragraph(context.messages("method.landmarks_other", ratio=moved, change=change))


def merged_areas(context: ReportContext) -> Iterator[Paragraph]:
    """Say which areas were too small to describe anybody and are described together with a neighbour."""
    merged = context.tables["partition"].frame.filter(pl.col("area_id") != pl.col("unit"))
    rule = context.released.disclosure
    if context.areas is None or merged.is_empty():
        return
    names = {flag: part["name"].unique().sort().to_list() for (flag,), part in merged.group_by("across_parents")}
    told = {"people": rule.min_people, "cases": context.numbers.number(rule.min_expected)}
    every = sorted(name for several in names.values() for name in several)
    yield Paragraph(context.messages("method.partition", areas="; ".join(every), **told))
    if across := names.get(True):
        yield Paragraph(context.messages("method.partition_across", areas="; ".join(across)))


def _flow(context: ReportContext, name: str, title: str) -> Grid:
    return context.grid(name, name, title, *flow_rows(context, name), location="screen")


def _known(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.known_title"))
    yield Paragraph(context.messages("method.known"))
    title = context.messages("method.coverage_table")
    yield context.grid("coverage", "coverage", title, *coverage_rows(context), text_columns=2, location="screen")


def _missing(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.missing_title"))
    yield Paragraph(f"{context.messages('method.missing')} {missing_way(context)}")
    columns, rows = missing_rows(context)
    if rows:
        title = context.messages("method.missing_table")
        yield context.grid("missing", "missingness", title, columns, rows, location="screen")


def _codes(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.codes_title"))
    yield Paragraph(context.messages("method.codes"))
    title = context.messages("method.codes_table")
    yield context.grid("codes", None, title, *code_rows(context), text_columns=4, location="screen")


def _model(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.model_title"))
    yield Paragraph(choice_reason(context))
    yield context.grid("choice", "choice", context.messages("method.choice_table"), *choice_rows(context))


def _calibration(context: ReportContext) -> Iterator[Block]:
    name = "calibration_person"
    if name not in context.tables:
        return
    yield Heading(context.messages("method.calibration_title"))
    figure = calibration(context.tables[name], context.messages)
    if context.tables[name].frame["observed"].count():
        yield context.picture("calibration", name, "method.calibration_how", figure)
    else:
        yield Paragraph(f"{figure.title}.", "note")
    yield _metrics(context)
    if omitted := context.omission("validation_in_time"):
        yield Paragraph(omitted, "note")


def _metrics(context: ReportContext) -> Grid:
    checks = checks_of(context)
    rows = [
        (
            capitalised(context.messages(f"check.{name}")),
            *(written_metric(context, f"metrics_{name}", metric, "all") for metric in MAIN_METRICS),
        )
        for name in checks
    ]
    columns = ("check", "auc", "gain", "slope", "observed_expected")
    return context.grid("checks", f"metrics_{checks[0]}", context.messages("method.checks_table"), columns, rows)


def _groups(context: ReportContext) -> Iterator[Block]:
    frame = context.frame("metrics_person")
    if frame is None:
        return
    groups = sorted(set(frame["group"]) - {"all"}, key=natural_order)
    rows = [
        (
            capitalised(group_name(context, group)),
            written_metric(context, "metrics_person", "observed_expected", group),
            written_metric(context, "gaps_person", "observed_expected", group),
            written_metric(context, "metrics_person", "auc", group),
            _reached(context, "reached", group),
            _reached(context, "sensitivity", group),
        )
        for group in groups
    ]
    if rows:
        figure = subgroups(frame, {group: group_name(context, group) for group in groups}, context.messages)
        yield context.picture("groups", "metrics_person", "method.groups_how", figure)
        columns = ("group", "observed_expected", "gap", "auc", "in_top_tenth", "cases_in_top_tenth")
        title = context.messages("method.groups_table")
        yield context.grid("groups", "metrics_person", title, columns, rows, location="screen")
        yield Paragraph(context.messages("method.fair"), "quiet")


def _reached(context: ReportContext, metric: str, group: str) -> str | None:
    found = context.estimate("capacity_person", metric=metric, group=group, capacity=_CAPACITY)
    return None if found is None else context.numbers.whole_percent(found.value)


def _splits(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.splits_title"))
    yield Paragraph(context.messages("method.splits"))
    yield context.grid("splits", "splits", context.messages("method.splits_table"), *split_rows(context))
    yield from elsewhere(context)


def _limits(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.limits_title"))
    declared = [context.say(limit) for limit in context.released.condition.limits]
    general = [context.messages(f"method.limit_{name}") for name in ("persist", "moved", "care")]
    yield Bullets(tuple(("", text) for text in (*declared, *general)))
    yield from _differences(context)
    if omissions := context.released.omissions:
        yield Heading(context.messages("method.omissions_title"))
        yield Bullets(tuple(("", reason) for reason in dict.fromkeys(context.say(one.reason) for one in omissions)))


def _differences(context: ReportContext) -> Iterator[Block]:
    """Say whether the areas fit their model, and whether what set them apart has persisted so far."""
    if told := " ".join(fit_sentences(context)):
        yield Paragraph(told)
    if moved := drift_factors(context):
        yield Paragraph(context.messages("method.drift", **moved.written))


def _short(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.short_title"))
    yield Paragraph(context.messages("method.short_1"))
    if context.areas is not None:
        towards = context.messages(f"method.towards_{context.released.smoothing}")
        yield Paragraph(context.messages("method.short_2", towards=towards))
        yield Paragraph(context.messages("method.short_3"))


def _grade(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.grade_title"))
    yield Paragraph(context.messages("method.grade_rule"))


def _disclosure(context: ReportContext) -> Iterator[Block]:
    yield Heading(context.messages("method.disclosure_title"))
    yield Paragraph(context.tables["flow"].rule[context.language])


def _citing(context: ReportContext) -> Iterator[Block]:
    released = context.released
    yield Heading(context.messages("method.cite_title"))
    told = {"version": released.version, "digest": released.digest, "date": context.date(released.as_of)}
    title = context.say(released.condition.title)
    yield Paragraph(context.messages("method.cite", title=title, municipality=released.source.name, **told))
    data = {"date": context.date(released.source.data_end), "fingerprint": released.source.fingerprint[:12]}
    yield Paragraph(context.messages("method.data_version", municipality=released.source.name, **data), "quiet")
    if released.condition.references:
        yield Heading(context.messages("method.references_title"))
        yield Bullets(tuple(("", reference) for reference in released.condition.references))


_ON_SCREEN = (
    _counted,
    incidence,
    _known,
    _missing,
    _model,
    _calibration,
    _groups,
    comparisons,
    interpretation,
    _splits,
    _grade,
    _codes,
)
_PRINTED = (_limits, _short, _disclosure, _citing)
