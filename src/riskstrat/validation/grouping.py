"""Assessed rows and a column in, the metrics of each of its groups with intervals out, as rows of the result table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import person_keys
from riskstrat.incidence import counting_weights
from riskstrat.numerics.groups import age_band
from riskstrat.records.validation import METRIC_SCHEMA
from riskstrat.validation.assessed import LEAST_OUTCOMES, Assessed, landmark_of
from riskstrat.validation.horizon_labels import HorizonLabels
from riskstrat.validation.metrics import GAINS, METRICS, Ranked, gains, measure, ranked
from riskstrat.validation.resampling import interval

ENOUGH_OUTCOMES = 10
"""A group with fewer outcomes, or fewer rows without, gets observed/expected only."""

EVERYBODY = "all"
AGE_BAND_YEARS = 10

_RATIO = METRICS.index("observed_expected")
_NAMES = (*METRICS, *(f"{name}_gain" for name in GAINS))


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping:
    """The groups of one column that have outcomes enough, ready to be measured.

    Attributes
    ----------
    names, index_dates, enough
        Label, number of rows, and whether all metrics are shown, of each group (groups,).
    left_out
        How many groups have too few outcomes to be shown at all.
    rows, model, baseline
        The assessed rows that are in a shown group, ranked by the risks of the model and of the baseline.
    """

    column: str
    names: tuple[str, ...]
    index_dates: NDArray[np.intp]
    enough: NDArray[np.bool_]
    left_out: int
    rows: NDArray[np.intp]
    model: Ranked
    baseline: Ranked | None

    @property
    def note(self) -> str | None:
        """What is not shown and why, None where everything is."""
        few = int((~self.enough).sum())
        if not self.left_out and not few:
            return None
        return (
            f"{self.column}: of {len(self.names) + self.left_out} groups, {self.left_out} with fewer than "
            f"{LEAST_OUTCOMES} outcomes are left out and {few} with fewer than {ENOUGH_OUTCOMES} have "
            "observed/expected only."
        )


def grouping(data: Assessed, column: str) -> Grouping:
    """Group the assessed rows by a column and rank those of groups with outcomes enough."""
    labels = group_labels(data.people, column)
    names, code = np.unique(labels.to_numpy().astype(str), return_inverse=True)
    weight = _weight(data, labels)
    known = data.labels.weight > 0
    had = np.bincount(code, weights=known & (data.labels.outcome > 0), minlength=len(names))
    fewer = np.minimum(had, np.bincount(code, weights=known, minlength=len(names)) - had)
    shown = fewer >= LEAST_OUTCOMES
    rows = np.flatnonzero(shown[code])
    number = (np.cumsum(shown) - 1)[code[rows]]
    return Grouping(
        column=column,
        names=tuple(names[shown].tolist()),
        index_dates=np.bincount(code, minlength=len(names))[shown],
        enough=fewer[shown] >= ENOUGH_OUTCOMES,
        left_out=int((~shown).sum()),
        rows=rows,
        model=_ranked(data, data.labels, weight, rows, number),
        baseline=None if data.baseline is None else _ranked(data, data.baseline, weight, rows, number),
    )


def group_labels(people: pl.DataFrame, column: str) -> pl.Series:
    """Label of each row: ``sex=female``, ``age_band=40-49``, ``area_id=unknown``, or ``all``.

    Examples
    --------
    >>> group_labels(pl.DataFrame({"age_years": [41, 70]}), "age_band").to_list()
    ['age_band=40-49', 'age_band=70-79']
    """
    if column == EVERYBODY:
        return pl.repeat(EVERYBODY, people.height, eager=True, dtype=pl.String)
    value = pl.col(column).cast(pl.String) if column in people.columns else age_band(AGE_BAND_YEARS)
    return people.select(pl.lit(f"{column}=") + value.fill_null("unknown")).to_series()


def persons_behind(people: pl.DataFrame, had: NDArray[np.bool_], groups: pl.Series) -> pl.DataFrame:
    """Count index dates, outcomes and their distinct persons by group, with the keys of these cells, sorted by group.

    Rows without a group are left out; `had` says whose outcome was seen.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 1, 2]})
    >>> found = persons_behind(people, np.array([True, True, False]), pl.Series(["all", "all", "all"]))
    >>> found.select("group", "index_dates", "persons", "cases", "case_persons").row(0)
    ('all', 3, 2, 2, 1)
    """
    key, case = pl.col("key"), pl.col("had")
    keys = pl.Series(person_keys(people["person_id"]))
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
    return counts.sort("group")


def measured(groups: Grouping, counts: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Every metric and gain of every group (metrics, groups), each assessed row counted as often as given."""
    times = None if counts is None else counts[groups.rows]
    model = measure(groups.model, times)
    if groups.baseline is None:
        return model
    return np.vstack([model, gains(model, measure(groups.baseline, times))])


def metric_table(groups: Grouping, draws: NDArray[np.float64], level: float) -> pl.DataFrame:
    """Estimates with intervals of a level, one row a metric and group; not a number becomes null.

    `draws`, from `measured`, have shape (draws, metrics, groups).
    """
    estimate = measured(groups)
    lower, upper = _bounds(estimate, draws, level)
    names = _NAMES[: len(estimate)]
    frame = pl.DataFrame(
        {
            "metric": np.repeat(names, len(groups.names)),
            "group": list(groups.names) * len(names),
            "estimate": estimate.ravel(),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
            "n": np.tile(groups.index_dates, len(names)),
        },
        schema=dict(METRIC_SCHEMA),
    ).with_columns(pl.selectors.float().fill_nan(None))
    shown = np.tile(groups.enough, len(names)) | (frame["metric"] == METRICS[_RATIO]).to_numpy()
    return frame.filter(pl.Series(shown))


def _bounds(
    estimate: NDArray[np.float64], draws: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals on the scale of each metric, a ratio on the logarithmic one; the AUC and Brier score stay in [0, 1]."""
    lower, upper = interval(estimate, draws, level)
    with np.errstate(divide="ignore"):
        ends = interval(np.log(estimate[_RATIO]), np.log(draws[:, _RATIO]), level)
    lower[_RATIO], upper[_RATIO] = np.exp(ends[0]), np.exp(ends[1])
    share = [METRICS.index("auc"), METRICS.index("brier")]
    lower[share], upper[share] = np.clip(lower[share], 0, 1), np.clip(upper[share], 0, 1)
    return lower, upper


def _weight(data: Assessed, group: pl.Series) -> NDArray[np.float64]:
    """Weight of each row: as given, or for censoring within its group, because more are lost in some than in others."""
    if data.given is not None:
        return data.labels.weight
    landmark = landmark_of(data.people)
    both = group.to_frame("group").with_columns(landmark=landmark) if landmark is not None else group
    return counting_weights(data.outcome, data.horizon_days, [landmark, group, both])


def _ranked(
    data: Assessed,
    labels: HorizonLabels,
    weight: NDArray[np.float64],
    rows: NDArray[np.intp],
    number: NDArray[np.intp],
) -> Ranked:
    return ranked(replace(labels, weight=weight).select(rows), data.prediction_weight[rows], number)
