"""Predicted risks and a cohort in, the rows that can be validated out: those assessed, with their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError, few
from riskstrat.incidence import OutcomeArray, censoring_weights, outcome_within, status_known
from riskstrat.numerics.checks import risk_problems, weight_problems
from riskstrat.records.cohort import Cohort, coverage_problems
from riskstrat.validation.horizon_labels import HorizonLabels, label_outcomes
from riskstrat.validation.metrics import Tested

LEAST_OUTCOMES = 5
"""A group with fewer outcomes is left out: its metrics would be noise, and could identify persons."""

ENOUGH_OUTCOMES = 10
"""A group with fewer outcomes, or fewer rows without, gets observed/expected only; everybody together need as many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessed:
    """The assessed rows of a cohort, with outcomes, labels, and weights of predictions, each (n,).

    `baseline` has the same labels with the risks of the baseline, if there is one; `given` the weights that were given,
    None where censoring weights are used.
    """

    people: pl.DataFrame
    outcome: OutcomeArray
    horizon_days: float
    labels: HorizonLabels
    baseline: HorizonLabels | None
    prediction_weight: NDArray[np.float64]
    given: NDArray[np.float64] | None

    def tested(self, weight: NDArray[np.float64], rows: NDArray[np.intp]) -> Tested:
        """Give some rows, by number, with their weights taken from all those of `weight` (n,)."""
        return Tested(
            horizon_days=self.horizon_days,
            labels=replace(self.labels, weight=weight).select(rows),
            baseline=None if self.baseline is None else replace(self.baseline, weight=weight).select(rows),
            outcome=self.outcome[rows],
            prediction_weight=self.prediction_weight[rows],
            weighed=self.given is not None,
        )


def assessed_rows(
    cohort: Cohort, risk: npt.ArrayLike, baseline: npt.ArrayLike | None, sample_weight: npt.ArrayLike | None
) -> Assessed:
    """Label the assessed rows and weigh them, by the weights given or else for censoring within each landmark."""
    rows = cohort.people["assessed"].to_numpy()
    arrays = {
        name: np.asarray(values, dtype=np.float64)
        for name, values in (("risk", risk), ("baseline", baseline), ("sample_weight", sample_weight))
        if values is not None
    }
    if problems := coverage_problems(cohort) or list(_problems(cohort, arrays)):
        raise UsageError(*problems)
    _check_enough(cohort, rows & (arrays.get("sample_weight", np.ones(len(rows))) > 0))
    people, outcome = cohort.people.filter(pl.Series(rows)), cohort.outcome[rows]
    given = arrays["sample_weight"][rows] if "sample_weight" in arrays else None
    weight = (
        censoring_weights(outcome, cohort.horizon_days, landmark_of(people), truncate=1) if given is None else given
    )
    labels = label_outcomes(outcome, arrays["risk"][rows], cohort.horizon_days, weight)
    return Assessed(
        people=people,
        outcome=outcome,
        horizon_days=cohort.horizon_days,
        labels=labels,
        baseline=HorizonLabels(labels.outcome, arrays["baseline"][rows], weight) if "baseline" in arrays else None,
        prediction_weight=np.ones(len(outcome)) if given is None else given,
        given=given,
    )


def landmark_of(people: pl.DataFrame) -> pl.Series | None:
    """Landmark of each row, within which follow-up is lost alike; None where there is none."""
    return people["landmark"] if "landmark" in people.columns else None


def _problems(cohort: Cohort, arrays: dict[str, NDArray[np.float64]]) -> Iterator[Problem]:
    rows = cohort.people.height
    lost_early = cohort.people["assessed"].to_numpy() & ~status_known(cohort.outcome, cohort.horizon_days)
    for name, values in arrays.items():
        if name != "sample_weight":
            yield from risk_problems(name, values, rows)
            continue
        wrong = weight_problems(name, values, rows)
        yield from wrong
        if not wrong and (lost := int(((values > 0) & lost_early).sum())):
            yield Problem(
                f"{few(lost)} assessed rows with a weight, lost before the horizon",
                "weight 0 where the status at the horizon is not known",
                "multiply the weights by those of censoring_weights",
            )


def _check_enough(cohort: Cohort, rows: NDArray[np.bool_]) -> None:
    outcome = cohort.outcome[rows]
    had = int(outcome_within(outcome, cohort.horizon_days).sum())
    without = int(status_known(outcome, cohort.horizon_days).sum()) - had
    if min(had, without) < ENOUGH_OUTCOMES:
        raise DesignError(
            Problem(
                f"fewer than {ENOUGH_OUTCOMES} assessed rows with, or without, the outcome",
                "enough of both to validate a risk",
                "lengthen the horizon, widen the population or add index dates",
            )
        )
