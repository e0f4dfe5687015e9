"""Written tables that the report's page and the reporting card share: keys of their columns, and rows of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import polars as pl

from riskstrat.declare.event_queries import named_codes
from riskstrat.declare.registers import register_title
from riskstrat.figures.messages import capitalised
from riskstrat.publication.composition import AFTER
from riskstrat.reports.context import BOUNDS, ReportContext

SIMPLE = "AgeSex"
ODDS = ("half_odds", "same_odds", "double_odds")
MAIN_METRICS = ("auc", "auc_gain", "calibration_slope", "observed_expected")
CHECKS = ("person", "area", "municipality", "time")
Written: TypeAlias = tuple[tuple[str, ...], list[tuple[str | None, ...]]]

_METRIC_DECIMALS = 3
_PARTS = ("all", "outcome=yes", "outcome=no", "landmark", "group")
"""Index dates whose missing values are told beside each other: the last two are the least and most of several."""
_CHANGED = {True: "changed", False: "same"}
_CHECKED = {True: "verified", False: "memory"}


def flow_rows(context: ReportContext, name: str) -> Written:
    """Write who was left out, and why."""
    reason = "reason_sv" if context.language == "sv" else "reason"
    frame = context.tables[name].frame.sort("step")
    return ("step", "people", "rows"), [
        (capitalised(row[reason]), *(written_count(context, row[count]) for count in ("people", "rows")))
        for row in frame.iter_rows(named=True)
    ]


def counted_landmarks(context: ReportContext) -> str | None:
    """Say which landmarks were counted; None where index dates are persons' own."""
    frame = context.frame("landmarks")
    if frame is None:
        return None
    dates = frame.filter(use="counted")["landmarks"].item().split(", ")
    written = [context.date(date.fromisoformat(each)) for each in dates]
    return context.messages("method.landmarks", dates=context.messages.listed(written))


def coverage_rows(context: ReportContext) -> Written:
    """Write from when to when each register holds what happened, and how late it is known."""
    return ("register", "covered", "delay"), [
        (
            capitalised(context.say(register_title(row["register"]))),
            " – ".join(day.isoformat() for day in (row["coverage_start"], row["coverage_end"]) if day is not None),
            written_count(context, row["delay_days"]),
        )
        for row in context.tables["coverage"].frame.iter_rows(named=True)
    ]


def code_rows(context: ReportContext) -> Written:
    """Write every code list of the declaration, and whether it was compared with its source."""
    return ("list", "codes", "source", "checked"), [
        (
            capitalised(context.say(found.title)),
            found.codes,
            found.source or context.messages("method.codes_own"),
            None if found.verified is None else context.messages(f"method.codes_{_CHECKED[found.verified]}"),
        )
        for found in named_codes(context.released.condition)
    ]


def choice_rows(context: ReportContext) -> Written:
    """Write the scores of the candidates, the best first, and how far the others are from the chosen one."""
    named, numbers = context.messages.named, context.numbers
    return ("model", "error", "accuracy", "accuracy_difference"), [
        (
            named("estimator", row["name"]),
            numbers.number(row["brier"], 4),
            numbers.percent(row["prediction_accuracy"]),
            None if row[AFTER] is not None else numbers.percent(*(row[f"difference{end}"] for end in BOUNDS)),
        )
        for row in _models(context)
    ]


def choice_reason(context: ReportContext) -> str:
    """Say which model was chosen and why, and what is left of its accuracy without the choice."""
    models = _models(context)
    best, chosen = (next(row for row in models if row[key]) for key in ("explained", AFTER))
    kind = "model_simple" if context.released.chosen == SIMPLE else "model" if chosen is best else "model_simpler"
    named = {key: context.messages.named("estimator", row["name"]) for key, row in (("chosen", chosen), ("best", best))}
    shown = {key: context.numbers.percent(chosen[key]) for key in ("prediction_accuracy", AFTER)}
    sentences = [context.messages(f"method.{kind}", **named), context.messages("method.model_after", **shown)]
    if not models[0]["explained"]:
        least = context.messages.named("estimator", models[0]["name"])
        sentences.append(context.messages("method.model_unexplained", least=least))
    return " ".join(sentences)


def _models(context: ReportContext) -> Sequence[Mapping[str, Any]]:
    return context.tables["choice"].frame.sort("brier").to_dicts()


def missing_way(context: ReportContext) -> str:
    """Say how the chosen model treats what was not observed."""
    return context.messages(f"missing_way.{context.released.missing}")


def missing_rows(context: ReportContext) -> Written:
    """Write how many index dates have no value of a feature: in all, by outcome, and the least and most of groups.

    Features that nearly always have one are left out.
    """
    found = context.tables["missingness"]
    columns = ("feature", "missing_all", "missing_with", "missing_without", "missing_landmarks", "missing_groups")
    labels = context.feature_names
    return columns, [
        (capitalised(labels[name]), *(_shares(context, own, part) for part in _PARTS))
        for name in dict.fromkeys(row["feature"] for row in found.rows())
        if name in labels and len(own := found.rows(feature=name)) > 1
    ]


def _part(group: str) -> str:
    of, _, _ = group.partition("=")
    return group if of in ("all", "outcome") else of if of == "landmark" else "group"


def _shares(context: ReportContext, rows: Sequence[Mapping[str, Any]], part: str) -> str | None:
    """Write the least and the most share of a part; None where all are withheld."""
    shares = [row["share"] for row in rows if _part(row["group"]) == part and row["share"] is not None]
    if not shares:
        return None
    low, high = min(shares), max(shares)
    written = context.numbers.whole_percent(high)
    return written if low == high else context.numbers.range(context.numbers.number(100 * low), written)


def unmeasured_areas(context: ReportContext) -> pl.DataFrame | None:
    """Name areas with what they would be at other odds among those not measured; None where everybody is."""
    found, areas = context.frame("unmeasured"), context.areas
    if found is None or areas is None:
        return None
    key = found.columns[0]
    return found.drop("name", strict=False).join(areas.select(key, "name", "target_people"), on=key).sort("name")


def unmeasured_sentences(context: ReportContext, areas: pl.DataFrame) -> str:
    """Say what other odds among those not measured change: the risk of all, and the classes of which areas."""
    messages, classes = context.messages, [f"class_{odds}" for odds in ODDS]
    changed = areas.drop_nulls(classes).filter(pl.concat_list(classes).list.n_unique() > 1)["name"].to_list()
    named = {"areas": context.listed(changed)} if changed else {}
    sentences = [messages("situation.unmeasured"), messages(f"situation.unmeasured_{_CHANGED[bool(changed)]}", **named)]
    shown = areas.drop_nulls([*(f"risk_{odds}" for odds in ODDS), "target_people"])
    if shown["target_people"].sum():
        risks = {odds: shown.select(pl.col(f"risk_{odds}").dot("target_people")).item() for odds in ODDS}
        everybody = shown["target_people"].sum()
        written = {odds: context.numbers.percent(risk / everybody) for odds, risk in risks.items()}
        sentences.insert(1, messages("situation.unmeasured_risk", **written))
    return " ".join(sentences)


def split_rows(context: ReportContext) -> Written:
    """Write how tests were split, and how many were on both sides."""
    shared = ("shared_persons", "shared_families")
    return ("split", *shared), [
        (context.messages.named("split", row["split"]), *(written_count(context, row[name]) for name in shared))
        for row in context.tables["splits"].frame.iter_rows(named=True)
    ]


def written_count(context: ReportContext, value: int | None) -> str:
    """Write a count, or that it is withheld."""
    return context.messages("withheld") if value is None else context.numbers.number(value)


def written_metric(context: ReportContext, table: str, metric: str, group: str) -> str | None:
    """Write a metric with its interval; None where it is withheld."""
    found = context.estimate(table, metric=metric, group=group)
    return None if found is None else context.numbers.interval(*found, most_decimals=_METRIC_DECIMALS)


def checks_of(context: ReportContext) -> list[str]:
    """Name the checks that the study has."""
    return [name for name in CHECKS if f"metrics_{name}" in context.tables]


def group_name(context: ReportContext, group: str) -> str:
    """Write the group of a metric, such as ``sex=female``, in words."""
    column, _, value = group.partition("=")
    if named := context.group_value(column, value):
        return named
    declared = {one.name: one for one in context.released.condition.subgroups}
    if column not in declared:
        return f"{context.messages.named('group_column', column)} {value.replace('-', '–')}"
    title = dict(declared[column].values).get(value)
    unnamed = context.messages("group_value.unknown") if value == "unknown" else value
    return f"{context.say(declared[column].label)}: {unnamed if title is None else context.say(title)}"


def natural_order(group: str) -> tuple[str, int, str]:
    """Sort groups: 70-79 before 100-109, and sex before age."""
    column, _, value = group.partition("=")
    first = re.match(r"\d+", value)
    return ("" if column == "sex" else column, int(first.group()) if first else 0, value)
