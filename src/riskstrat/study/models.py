"""The second step: candidates compared on the same folds, and the chosen one fitted to everybody.

In: `StudyData`. Out: a `Comparison`, and a `RiskModel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Candidate
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.estimators import CrossFit, FitRows, FollowedRows, RiskEstimator, build, choose, cross_fit
from riskstrat.estimators.released import released
from riskstrat.incidence import OutcomeArray
from riskstrat.numerics.folds import UNTESTED, Split
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.areas import AREA
from riskstrat.records.model import Provenance, RiskModel
from riskstrat.study.data import StudyData, TrainingData
from riskstrat.study.recalibration import recalibrate_folds
from riskstrat.validation.input_drift import summarise_inputs

BASELINE = Candidate("AgeSex")
"""What every model is compared with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Candidates of a study, compared by cross-fitted Brier score.

    Attributes
    ----------
    chosen
        The simplest candidate within one standard error of the smallest score; age and sex alone only where their
        score is the smallest.
    scores
        One row a candidate, as in `riskstrat.estimators.Choice`: its score, its difference to the chosen one with an
        interval, and for the chosen one what is left of its accuracy without the choice.
    risks
        Out-of-fold risks (n,) of each candidate by its label, and of the baseline; folds by person and family.

    Examples
    --------
    >>> comparison.chosen.label
    'Logistic'
    >>> comparison.risk.shape == comparison.baseline.shape
    True
    """

    chosen: Candidate
    scores: pl.DataFrame
    risks: Mapping[str, NDArray[np.float64]] = field(repr=False)

    @property
    def risk(self) -> NDArray[np.float64]:
        """Out-of-fold risks (n,) of the chosen candidate."""
        return self.risks[self.chosen.label]

    @property
    def baseline(self) -> NDArray[np.float64]:
        """Out-of-fold risks (n,) by age and sex alone."""
        return self.risks[BASELINE.label]


@checked
def compare(data: StudyData) -> Comparison:
    """Compare the candidates of a study, and age and sex, on the same folds by person and family.

    Parameters
    ----------
    data
        What `prepare` returned.

    Returns
    -------
    Comparison
        The chosen candidate, all scores, and the out-of-fold risks, which `fit` and `evaluate` read.

    Raises
    ------
    DesignError
        If the persons outside some fold cannot carry a model.

    Examples
    --------
    >>> compare(data).scores["name"].to_list()
    ['Logistic', 'AgeSex']
    """
    declared = {candidate.label: candidate for candidate in (*data.settings.candidates, BASELINE)}
    training = data.training
    choice = choose(
        {label: estimator_of(data, candidate) for label, candidate in declared.items()},
        training.X,
        training.cohort.outcome,
        data.splits["person"],
        baseline=None if BASELINE in data.settings.candidates else BASELINE.label,
        level=PUBLISHED_LEVEL,
        sample_weight=training.weight,
        strata=training.landmark,
        groups=training.family_id,
        followed=followed_rows(data, data.splits["person"]),
    )
    return Comparison(chosen=declared[choice.name], scores=choice.table, risks=choice.risks)


@checked
def fit(data: StudyData, comparison: Comparison | None = None) -> RiskModel:
    """Fit the chosen candidate to the whole training cohort.

    Parameters
    ----------
    data
        What `prepare` returned.
    comparison
        What `compare` returned; computed where left out.

    Returns
    -------
    RiskModel
        The fitted estimator with its recalibration to the latest period, and where it came from. Kinds that can be
        saved hold only numbers that may leave (`riskstrat.estimators.released`).

    Raises
    ------
    DesignError
        If there are too few outcomes for any model.
    UsageError
        If the chosen candidate has no `contributions`: it is compared, but a plan must say why.

    Examples
    --------
    >>> fit(data, comparison).candidate
    Candidate('Logistic')
    """
    comparison = comparison or compare(data)
    _refuse_without_reasons(data, comparison)
    training = data.training
    unfitted, rows = estimator_of(data, comparison.chosen), _fit_rows(training, training.cohort.outcome)
    if training.followed is not None and unfitted.learns_from_followed:
        rows = rows.followed_by(_fit_rows(training.followed, training.followed.cohort.followed_outcome))
    estimator = released(rows.fitted(unfitted), rows)
    return RiskModel(
        condition=data.condition,
        candidate=comparison.chosen,
        estimator=estimator,
        columns=tuple(training.X.columns),
        families=data.families,
        recalibration=recalibrate_folds(
            data,
            comparison.risk,
            data.splits["person"].fold_of_rows(len(comparison.risk)),
            estimator.link,
        ).of_fold(UNTESTED),
        summary=summarise_inputs(training.X),
        target_summary=summarise_inputs(data.target.X),
        provenance=provenance_of(data),
        settings=data.settings,
    )


def provenance_of(data: StudyData) -> Provenance:
    """Say what a model of these data comes from."""
    return Provenance(
        as_of=data.as_of,
        registers=data.source.name,
        fingerprint=data.source.fingerprint,
        version=version("riskstrat"),
    )


def _refuse_without_reasons(data: StudyData, comparison: Comparison) -> None:
    if hasattr(estimator_of(data, comparison.chosen), "contributions"):
        return
    explained = [each.label for each in data.settings.candidates if hasattr(estimator_of(data, each), "contributions")]
    raise UsageError(
        Problem(
            f"{comparison.chosen.label} chosen, a model without contributions",
            f"one that says why: {', '.join([*explained, BASELINE.label])}",
            "leave it out of the candidates, or go on with replace(compare(data), chosen=...) of another one",
        )
    )


def estimator_of(data: StudyData, candidate: Candidate) -> RiskEstimator:
    """Build the unfitted estimator of a candidate."""
    return build(candidate, horizon_days=data.condition.horizon_days, random_state=data.settings.seed)


def fit_by_fold(data: StudyData, candidate: Candidate, split: Split) -> CrossFit:
    """Fit a candidate to the training rows of each fold, and keep the models."""
    training = data.training
    return cross_fit(
        estimator_of(data, candidate),
        training.X,
        training.cohort.outcome,
        split,
        sample_weight=training.weight,
        strata=training.landmark,
        groups=training.family_id,
        followed=followed_rows(data, split),
    )


def followed_rows(data: StudyData, split: Split) -> FollowedRows | None:
    """Find the rows that direct models must leave out and that each fold's models of time may learn from.

    They share no family, and in folds of places no area, with the fold's test rows. Models that are tested on later
    years learn from none of them, because they are later still.
    """
    followed = data.training.followed
    if followed is None or split is data.splits["time"]:
        return None
    columns = ("family_id",) if split is data.splits["person"] else ("family_id", AREA)
    tested, own = data.training.cohort.people, followed.cohort.people
    shared = [
        [own[column].is_in(tested[column][test].implode()).fill_null(value=False) for column in columns]
        for test in split.test
    ]
    train = tuple(np.flatnonzero(~np.any(each, axis=0)) for each in shared)
    return FollowedRows(rows=_fit_rows(followed, followed.cohort.followed_outcome), train=train)


def _fit_rows(training: TrainingData, outcome: OutcomeArray) -> FitRows:
    return FitRows(
        X=training.X,
        outcome=outcome,
        sample_weight=training.weight,
        strata=training.landmark,
        groups=training.family_id,
        entry=training.cohort.entry_days,
    )
