"""From features and outcomes to a chosen model, and checks of it on people that it has not seen.

In: cohort, features and settings. Out: the choice, the fitted model, and a `Validation` for each kind of split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from riskstrat.declare import Candidate, Settings
from riskstrat.estimators import (
    Choice,
    CrossFit,
    RiskEstimator,
    assessment_weights,
    build,
    choose,
    cross_fit,
)
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import Validation
from riskstrat.validation import Split, overlap, validate

BASELINE = "AgeSex"
GROUPS = ("sex", "age_band")


@dataclass(frozen=True, kw_only=True, eq=False)
class Learning:
    """Everything that a model is fitted to.

    Attributes
    ----------
    cohort, X
        People with outcomes, and their features in the same order.
    weight
        Case weights (n,): 1, or where the outcome must be measured 1 / P(measured) and 0 for the others.
    settings
        How the study is computed.
    """

    cohort: Cohort
    X: pl.DataFrame
    weight: np.ndarray
    settings: Settings

    @property
    def horizon_days(self) -> int:
        """Length of the time at risk."""
        return self.cohort.horizon_days

    @property
    def families(self) -> np.ndarray:
        """Families, (n,), that no split divides."""
        return self.cohort.people["family_id"].to_numpy()

    @property
    def strata(self) -> np.ndarray:
        """Landmark (n,) within which the censoring distribution is estimated."""
        return self.cohort.people["landmark"].to_numpy()

    def estimator(self, name: str) -> RiskEstimator:
        """Return an unfitted estimator by the label of its candidate."""
        return build(Candidate.parse(name), horizon_days=self.horizon_days, random_state=self.settings.seed)

    def fit(self, name: str, rows: np.ndarray | None = None) -> RiskEstimator:
        """Fit an estimator on all rows, or on some."""
        at = np.arange(len(self.weight)) if rows is None else rows
        fitted: RiskEstimator = self.estimator(name).fit(
            self.X[at],
            self.cohort.outcome[at],
            sample_weight=self.weight[at],
            strata=self.strata[at],
            groups=self.families[at],
        )
        return fitted

    def cross_fit(self, name: str, split: Split) -> CrossFit:
        """Fit a model to the training rows of each fold, and predict for its test rows."""
        return cross_fit(
            self.estimator(name),
            self.X,
            self.cohort.outcome,
            split,
            sample_weight=self.weight,
            strata=self.strata,
            groups=self.families,
        )

    def check(self, risk: np.ndarray, baseline: np.ndarray, rows: np.ndarray, by: tuple[str, ...] = ()) -> Validation:
        """Validate the risks of some rows beside those of age and sex; neither model has seen these rows."""
        return validate(
            risk,
            replace(self.cohort, people=self.cohort.people[rows]),
            by=by,
            baseline=baseline,
            draws=self.settings.bootstrap_draws,
            seed=self.settings.seed,
            sample_weight=self.weight[rows] if self.cohort.must_be_assessed else None,
        )


def learning(cohort: Cohort, X: pl.DataFrame, settings: Settings) -> Learning:
    """Bring together what models learn from, with the weights of those who were assessed."""
    assessed = cohort.people["assessed"].to_numpy()
    weight = assessment_weights(X, assessed) if cohort.must_be_assessed else np.ones(cohort.people.height)
    return Learning(cohort=cohort, X=X, weight=weight, settings=settings)


def choice_of(data: Learning, split: Split) -> Choice:
    """Choose among the candidates and the baseline by cross-fitted Brier score."""
    return choose(
        {
            name: data.estimator(name)
            for name in (*(candidate.label for candidate in data.settings.candidates), BASELINE)
        },
        data.X,
        data.cohort.outcome,
        split,
        sample_weight=data.weight,
        strata=data.strata,
        groups=data.families,
    )


def check_on(data: Learning, name: str, split: Split, by: tuple[str, ...] = ()) -> Validation:
    """Fit an estimator to the training rows of every fold, and validate it on the test rows."""
    rows = np.sort(np.concatenate(split.test))
    return data.check(data.cross_fit(name, split).risk[rows], data.cross_fit(BASELINE, split).risk[rows], rows, by)


def described(splits: Mapping[str, Split], cohort: Cohort) -> pl.DataFrame:
    """Say how each split was made, and prove that it shares nobody: split, note, shared_persons, shared_families."""
    shared = {name: overlap(split, cohort.people) for name, split in splits.items()}
    return pl.DataFrame(
        {
            "split": list(splits),
            "note": [split.note for split in splits.values()],
            "shared_persons": [int(table["shared_persons"].sum()) for table in shared.values()],
            "shared_families": [int(table["shared_families"].sum()) for table in shared.values()],
        }
    )
