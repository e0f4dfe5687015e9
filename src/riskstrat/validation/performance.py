"""Predicted risks and the cohort they are for in, one `Validation` out: overall, by group, beside a baseline.

Risks are shares in [0, 1]; intervals come from drawing whole families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import Validation
from riskstrat.validation.assessed import Assessed, assessed_rows
from riskstrat.validation.benchmarks import benchmark_groups, benchmark_label, benchmark_problems
from riskstrat.validation.calibration import calibration_groups, risk_groups
from riskstrat.validation.capacity import CAPACITIES, capacity_problems, reached
from riskstrat.validation.decision_curve import net_benefit
from riskstrat.validation.grouping import (
    EVERYBODY,
    Grouping,
    capacity_table,
    gap_table,
    group_labels,
    grouping,
    labels_where,
    metric_table,
    persons_behind,
)
from riskstrat.validation.resampling import FamilyDraws

_STEPS = 8
"""Thresholds of the net benefit: between two of them lie persons enough."""


@checked
def validate(
    risk: npt.ArrayLike,
    cohort: Cohort,
    by: Sequence[str] = (),
    baseline: npt.ArrayLike | None = None,
    *,
    draws: int = 200,
    seed: int = 0,
    sample_weight: npt.ArrayLike | None = None,
    level: float = LEVEL,
    thresholds: Sequence[float] | None = None,
    capacities: Sequence[float] = CAPACITIES,
    references: Mapping[str, str] | None = None,
    benchmarks: Mapping[str, npt.ArrayLike] | None = None,
) -> Validation:
    """Measure how well predicted risks agree with what happened, with bootstrap intervals.

    Metrics: ``auc``, ``concordance`` (Uno's), ``brier``, ``ipa`` (index of prediction accuracy), ``observed_expected``,
    ``calibration_slope``, ``calibration_in_the_large`` (a shift in logits; above 0 the risks are too low), ``ici``,
    ``e50`` and ``e90`` (mean, median and 90th percentile of the distance from the smooth calibration curve), and beside
    a baseline ``auc_gain`` and ``ipa_gain`` (paired differences). Gaps between groups are paired too. Censored statuses
    are replaced by inverse probability of censoring weights, one Kaplan-Meier curve of censoring a group and landmark,
    kept over the draws, which makes intervals a little too wide (by 1 % on R's `flchain`).

    Risks should be out of fold: predicted by a model that saw neither the person nor their family.

    Parameters
    ----------
    risk
        Predicted risks (n,), one a row of ``cohort.people`` in its order.
    cohort
        Index dates whose horizon is covered (`Cohort.covered`), with outcomes. Rows not assessed are left out.
    by
        A column of ``cohort.people`` to group by, or several; ``"age_band"`` is derived in tens of years where it is
        no column.
    baseline
        Risks (n,) of a simpler model, age and sex say.
    draws
        Bootstrap draws of whole families, at least 2.
    seed
        Seed of the draws.
    sample_weight
        For outcomes that must be measured: the weight (n,) of each assessed row, used instead of censoring weights;
        0 where the status is not known.
    level
        Coverage of the intervals.
    thresholds
        Risks at which the net benefit is computed; by default eight from 0 to the 99th percentile of risk.
    capacities
        Shares of the people that help is offered to, those at highest risk first.
    references
        By column of ``by``, the value whose group the others are compared with, ``{"education": "3"}``. By default,
        and where that group has too few outcomes, the first in order: numbers by size, words by letter.
    benchmarks
        Published scores (n,) by name, higher for more risk, NaN where they are not known: of each only the order is
        compared, with that of the risks, among the rows that have it.

    Returns
    -------
    Validation
        Groups with fewer than 10 outcomes have observed/expected only, with fewer than 5 they are left out; ``notes``
        says how many. ``n`` counts index dates: a person at two landmarks counts twice; ``persons`` counts
        everybody once.

    Raises
    ------
    UsageError
        If an argument cannot be used, all problems at once; or if the horizon of some index dates is not covered.
    DesignError
        If fewer than 10 assessed rows had, or fewer than 10 did not have, the outcome.

    Examples
    --------
    >>> from datetime import date
    >>> people = pl.DataFrame(
    ...     {"person_id": range(40), "family_id": range(40), "sex": ["female", "male"] * 20, "assessed": [True] * 40,
    ...      "event": [1, 0, 0, 1] * 10, "duration_days": [100.0, 365, 365, 200] * 10, "landmark": [0] * 40}
    ... )
    >>> cohort = Cohort(
    ...     condition="example", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365
    ... )
    >>> checked = validate([0.6, 0.5, 0.4, 0.7] * 10, cohort, by=["sex"], draws=20)
    >>> checked.estimate("auc"), round(checked.estimate("observed_expected", "sex=female"), 6)
    (1.0, 1.0)
    """
    if problems := [
        *_option_problems(draws, level),
        *capacity_problems(capacities),
        *_column_problems(cohort, by),
        *_reference_problems(cohort, by, references or {}),
        *benchmark_problems(benchmarks or {}, cohort.people.height),
    ]:
        raise UsageError(*problems)
    data = assessed_rows(cohort, risk, baseline, sample_weight)
    drawn = FamilyDraws.of(data.people, draws, seed)
    parts = {share: reached(data.labels.risk, data.prediction_weight, share) for share in capacities}
    groupings = [grouping(data, column, drawn, parts) for column in dict.fromkeys((EVERYBODY, *by))]
    is_assessed = cohort.people["assessed"].to_numpy()
    scores = {name: np.asarray(score, dtype=np.float64)[is_assessed] for name, score in (benchmarks or {}).items()}
    groups = [group for found in groupings for group in found.groups]
    shown = _shown(data, groupings)
    horizon, predicted = cohort.horizon_days, data.labels.risk
    at = _thresholds(predicted) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    return Validation(
        table=metric_table(groups, level),
        benchmarks=metric_table([*benchmark_groups(data, scores, [*zip(groupings, shown, strict=True)], drawn)], level),
        capacity=capacity_table(groups, level),
        gaps=pl.concat([gap_table(one.groups, level, (references or {}).get(one.column)) for one in groupings]),
        calibration=calibration_groups(data.outcome, predicted, horizon, data.given, level=level),
        curve=pl.concat([group.curve for group in groups if group.curve is not None]),
        net_benefit=net_benefit(data.outcome, predicted, at, horizon, data.given),
        level=level,
        draws=draws,
        persons=_persons(data, shown, at, parts, scores),
        notes=tuple(_notes(cohort, data, groupings)),
        disclosure=cohort.disclosure,
    )


def _shown(data: Assessed, groupings: Sequence[Grouping]) -> list[pl.Series]:
    """Label the rows, (n,), by each column; null where the row's group has too few outcomes."""
    by_column = [(group_labels(data.people, one.column), [group.name for group in one.groups]) for one in groupings]
    return [labels_where(labels.is_in(names), labels) for labels, names in by_column]


def _persons(
    data: Assessed,
    shown: Sequence[pl.Series],
    thresholds: NDArray[np.float64],
    parts: Mapping[float, NDArray[np.float64]],
    scores: Mapping[str, NDArray[np.float64]],
) -> pl.DataFrame:
    """Persons behind every group that is shown, its reached, tenths of the predicted risk, and above each threshold.

    Labels are made, and let go, one after the other.
    """
    everybody, counted = group_labels(data.people, EVERYBODY), data.prediction_weight > 0
    tenths = pl.Series(risk_groups(data.labels.risk, counted) + 1)
    cells: Iterator[tuple[pl.Series, Callable[[str], str]]] = chain(
        ((labels, str) for labels in shown),
        [(labels_where(counted, tenths), "risk_group={}".format)],
        (
            (labels_where(data.labels.risk >= at, everybody), f"threshold={number}".format)
            for number, at in enumerate(np.unique(thresholds), 1)
        ),
        (
            (labels_where(part >= 0.5, labels), f"capacity={share:g};{{}}".format)
            for share, part in parts.items()
            for labels in shown
        ),
        (
            (labels_where(np.isfinite(score), labels), partial(benchmark_label, name))
            for name, score in scores.items()
            for labels in shown
        ),
    )
    had = (data.labels.outcome > 0) & (data.labels.weight > 0)
    return pl.concat([_renamed(persons_behind(data.people, had, labels), name) for labels, name in cells])


def _renamed(behind: pl.DataFrame, name: Callable[[str], str]) -> pl.DataFrame:
    return behind.with_columns(pl.Series("group", map(name, behind["group"]), dtype=pl.String))


def _thresholds(risk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go in steps from 0 to the 99th percentile of risk, rounded up to a whole per cent (below 1)."""
    return np.linspace(0.0, min(0.99, float(np.ceil(np.quantile(risk, 0.99) * 100)) / 100), _STEPS)


def _option_problems(draws: int, level: float) -> Iterator[Problem]:
    if draws < 2:
        yield Problem(number_of(draws, "draw"), "2 or more", "200 draws are the default")
    if not 0 < level < 1:
        yield Problem(f"a level of {level}", "a share such as 0.90", "correct level")


def _column_problems(cohort: Cohort, by: Sequence[str]) -> Iterator[Problem]:
    derived = {"age_band"} if "age_years" in cohort.people.columns else set()
    for column in by:
        if column not in {*cohort.people.columns, *derived}:
            yield Problem(
                "no such column",
                f"one of {', '.join(sorted({*cohort.people.columns, *derived}))}",
                "group by a column of cohort.people",
                table="people",
                column=column,
            )


def _reference_problems(cohort: Cohort, by: Sequence[str], references: Mapping[str, str]) -> Iterator[Problem]:
    for column, value in references.items():
        if column not in by:
            yield unknown("column of by", column, list(by), table="references")
        elif (
            not any(_column_problems(cohort, [column]))
            and not (group_labels(cohort.people, column) == f"{column}={value}").any()
        ):
            yield Problem(
                f"no row whose {column} is '{value}'",
                "a value of the column as text",
                "correct references",
                table="people",
                column=column,
            )


def _notes(cohort: Cohort, data: Assessed, groupings: Sequence[Grouping]) -> Iterator[str]:
    missed = cohort.people.height - data.people.height
    if missed:
        yield f"{missed} of {number_of(cohort.people.height, 'row')} were not assessed and are left out."
    if missed and data.given is None:
        yield "No weights of assessment were given: the results hold for those who were assessed."
    yield from (groups.note for groups in groupings if groups.note)
