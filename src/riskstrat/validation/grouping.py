"""Assessed rows and a column in, the metrics of each of its groups with intervals and gaps out, as result tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import within
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.incidence import counting_weights
from riskstrat.numerics.groups import age_band
from riskstrat.records.validation import CAPACITY_SCHEMA, GAP_SCHEMA, METRIC_SCHEMA
from riskstrat.validation.assessed import ENOUGH_OUTCOMES, LEAST_OUTCOMES, Assessed, landmark_of
from riskstrat.validation.calibration import calibration_curve
from riskstrat.validation.capacity import CLASSIFICATION, class_sums, classify
from riskstrat.validation.metrics import GroupSums, Tested, group_sums, measure
from riskstrat.validation.resampling import FamilyDraws, Pair, interval

EVERYBODY = "all"
AGE_BAND_YEARS = 10

_RATIO = "observed_expected"
_DISTANCES = frozenset({"ici", "e50", "e90"})
"""They grow as a group gets smaller, by chance alone: a gap would say how small the group is."""
_SHARES = frozenset({"auc", "model_auc", "baseline_auc", "concordance", "model_concordance", "brier"})
_WITHIN_0_AND_1 = _DISTANCES | _SHARES | {*CLASSIFICATION}

K = TypeVar("K", str, tuple[float, str])

Estimated = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A metric of the sample, (1,), and of each draw, (draws,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """One group, measured.

    Attributes
    ----------
    name, index_dates
        Label and number of rows.
    metrics, classes
        Each metric and gain that is shown, and each metric of classification by capacity: of the sample and the draws.
    curve
        Frame of group, predicted, observed (smooth observed risk); None where outcomes are too few.
    """

    name: str
    index_dates: int
    metrics: Mapping[str, Estimated]
    classes: Mapping[tuple[float, str], Estimated] = field(default_factory=dict)
    curve: pl.DataFrame | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping:
    """The groups of one column that have outcomes enough, how many have not, and the weight of each row, (n,)."""

    column: str
    groups: tuple[Group, ...]
    left_out: int
    weight: NDArray[np.float64] = field(repr=False)

    @property
    def note(self) -> str | None:
        """What is not shown and why, None where everything is."""
        few = sum(group.curve is None for group in self.groups)
        if not self.left_out and not few:
            return None
        return (
            f"{self.column}: of {len(self.groups) + self.left_out} groups, {self.left_out} with fewer than "
            f"{LEAST_OUTCOMES} outcomes are left out and {few} with fewer than {ENOUGH_OUTCOMES} have "
            "observed/expected only."
        )


def grouping(data: Assessed, column: str, draws: FamilyDraws, parts: Mapping[float, NDArray[np.float64]]) -> Grouping:
    """Group the assessed rows by a column and measure the groups with outcomes enough, in the sample and in draws.

    `parts` says how much of each row, (n,), is reached at each capacity.
    """
    labels = group_labels(data.people, column)
    names, code = labels.unique().sort(), labels.to_physical().to_numpy()
    weight, known = row_weights(data, labels), data.labels.weight > 0
    had = np.bincount(code, weights=known & (data.labels.outcome > 0), minlength=len(names))
    fewer = np.minimum(had, np.bincount(code, weights=known, minlength=len(names)) - had)
    outcomes = draws.sums(weight * data.labels.outcome)
    shown = np.flatnonzero(fewer >= LEAST_OUTCOMES)
    members = [np.flatnonzero(code == number) for number in shown]
    tested = [(data.tested(weight, rows), draws.of_rows(rows)) for rows in members]
    reached = [
        {share: part[rows] for share, part in parts.items() if fewer[number] >= ENOUGH_OUTCOMES}
        for number, rows in zip(shown, members, strict=True)
    ]
    fits = [group_sums(*each) for each in tested]
    classes = [class_sums(one, reach, drawn, outcomes) for (one, drawn), reach in zip(tested, reached, strict=True)]
    found = zip(shown, tested, fits, draws.totals([fit.sums for fit in fits]), draws.totals(classes), strict=True)
    groups = [
        _group(names[int(number)], one, fit, of_metrics, of_classes, enough=bool(fewer[number] >= ENOUGH_OUTCOMES))
        for number, (one, _), fit, of_metrics, of_classes in found
    ]
    return Grouping(column=column, groups=tuple(groups), left_out=len(names) - len(groups), weight=weight)


def _group(
    name: str, rows: Tested, fit: GroupSums, totals: Pair[str], classes: Pair[tuple[float, str]], *, enough: bool
) -> Group:
    """Measure a group, of which with fewer outcomes than enough only the ratio is shown."""
    metrics = _paired(*(measure(fit, total) for total in totals))
    if not enough:
        return Group(name=name, index_dates=len(rows.outcome), metrics={_RATIO: metrics[_RATIO]})
    return Group(
        name=name,
        index_dates=len(rows.outcome),
        metrics=metrics,
        classes=_paired(*map(classify, classes)),
        curve=calibration_curve(rows.labels, fit.curve).select(pl.lit(name).alias("group"), pl.all()),
    )


def _paired(sample: Mapping[K, NDArray[np.float64]], drawn: Mapping[K, NDArray[np.float64]]) -> dict[K, Estimated]:
    return {name: (value, drawn[name]) for name, value in sample.items()}


def group_labels(people: pl.DataFrame, column: str) -> pl.Series:
    """Label of each row: ``sex=female``, ``age_band=40-49``, ``area_id=unknown``, or ``all``; a sorted Enum."""
    if column == EVERYBODY:
        return pl.repeat(EVERYBODY, people.height, eager=True, dtype=pl.Enum([EVERYBODY]))
    value = pl.col(column).cast(pl.String) if column in people.columns else age_band(AGE_BAND_YEARS)
    labels = people.select(pl.lit(f"{column}=") + value.fill_null("unknown")).to_series()
    return labels.cast(pl.Enum(labels.unique().sort()))


def labels_where(mask: pl.Series | NDArray[np.bool_], labels: pl.Series) -> pl.Series:
    """Keep the labels of some rows, null for the others."""
    return pl.select(pl.when(pl.Series(mask)).then(labels)).to_series()


def persons_behind(people: pl.DataFrame, had: NDArray[np.bool_], groups: pl.Series) -> pl.DataFrame:
    """Count index dates, outcomes and their distinct persons by group, with the keys of these cells, sorted by group.

    Rows without a group are left out; `had` says whose outcome was seen. Keys of index dates and persons are within
    those of all rows: when anybody comes or leaves, all groups get fresh noise, not those alone that the person is in.
    """
    key, case = pl.col("key"), pl.col("had")
    keys = pl.Series(person_keys(people["person_id"]))
    everybody = keys.to_numpy().sum(keepdims=True)
    labelled = pl.DataFrame({"group": groups, "key": keys, "had": pl.Series(had)}).drop_nulls("group")
    counts = labelled.group_by("group").agg(
        index_dates=pl.len().cast(pl.Int64),
        persons=key.n_unique().cast(pl.Int64),
        cases=case.sum().cast(pl.Int64),
        case_persons=key.filter(case).n_unique().cast(pl.Int64),
        index_key=key.sum(),
        person_key=key.unique().sum(),
        case_key=key.filter(case).sum(),
        case_person_key=key.filter(case).unique().sum(),
    )
    fresh = [pl.Series(name, within(counts[name].to_numpy(), everybody)) for name in ("index_key", "person_key")]
    return counts.with_columns(fresh).sort("group").cast({"group": pl.String})


def metric_table(groups: Sequence[Group], level: float) -> pl.DataFrame:
    """Estimates with intervals of a level, one row a metric and group; not a number becomes null."""
    rows = [
        (metric, group.name, *_bounded(metric, found, level), group.index_dates)
        for group in groups
        for metric, found in group.metrics.items()
    ]
    return _frame(rows, METRIC_SCHEMA)


def capacity_table(groups: Sequence[Group], level: float) -> pl.DataFrame:
    """Classification with intervals, one row a capacity, metric and group; not a number becomes null."""
    rows = [
        (capacity, metric, group.name, *_bounded(metric, found, level), group.index_dates)
        for group in groups
        for (capacity, metric), found in group.classes.items()
    ]
    return _frame(rows, CAPACITY_SCHEMA)


def gap_table(groups: Sequence[Group], level: float, reference: str | None = None) -> pl.DataFrame:
    """Differences to one group, by the same draws, where both show the metric; not a number becomes null.

    The reference is the value that is asked for where it was measured, else the first in order. It is never the largest
    group, which of groups of about equal size would be another one in the next sample.
    """
    if not groups:
        return _frame([], GAP_SCHEMA)
    first = min(groups, key=lambda group: (group.name.partition("=")[2] != reference, _in_order(group)))
    rows = [
        (capacity, metric, group.name, first.name, *_difference(found, other, level))
        for group in groups
        if group is not first
        for capacity, metric, found, other in _shared(group, first)
    ]
    return _frame(rows, GAP_SCHEMA)


def _in_order(group: Group) -> tuple[bool, bool, float, str]:
    """Sort those measured in full first, ``unknown`` last, 70-79 before 100-109 and words by letter."""
    value = group.name.partition("=")[2]
    leading = re.match(r"-?\d+(\.\d+)?", value)
    return value == "unknown", group.curve is None, float(leading.group()) if leading else math.inf, value


def _shared(group: Group, other: Group) -> Iterator[tuple[float | None, str, Estimated, Estimated]]:
    """Give capacity, name and values of what is compared of two groups."""
    for metric in group.metrics:
        if metric in other.metrics and metric not in _DISTANCES:
            yield None, metric, group.metrics[metric], other.metrics[metric]
    for key in group.classes:
        if key in other.classes and key[1] != "share_of_cases":
            yield *key, group.classes[key], other.classes[key]


def _difference(one: Estimated, other: Estimated, level: float) -> tuple[float, float, float]:
    estimate = one[0] - other[0]
    lower, upper = interval(estimate, (one[1] - other[1])[:, None], level)
    return float(estimate[0]), float(lower[0]), float(upper[0])


def _bounded(metric: str, found: Estimated, level: float) -> tuple[float, float, float]:
    """Interval on the scale of the metric, of a ratio on the logarithmic one; shares and distances stay in [0, 1]."""
    estimate, draws = found[0], found[1][:, None]
    if metric == _RATIO:
        with np.errstate(divide="ignore"):
            lower, upper = np.exp(interval(np.log(estimate), np.log(draws), level))
    else:
        lower, upper = interval(estimate, draws, level)
    if metric in _WITHIN_0_AND_1:
        lower, upper = np.clip(lower, 0, 1), np.clip(upper, 0, 1)
    return float(estimate[0]), float(lower[0]), float(upper[0])


def _frame(rows: Sequence[tuple[object, ...]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row").with_columns(pl.selectors.float().fill_nan(None))


def row_weights(data: Assessed, group: pl.Series) -> NDArray[np.float64]:
    """Weight of each row: as given, or for censoring within its group, because more are lost in some than in others."""
    if data.given is not None:
        return data.labels.weight
    landmark = landmark_of(data.people)
    both = group.to_frame("group").with_columns(landmark=landmark) if landmark is not None else group
    return counting_weights(data.outcome, data.horizon_days, [landmark, group, both])
