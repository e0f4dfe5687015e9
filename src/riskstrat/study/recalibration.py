"""The recalibration that settings ask for: a curve of each fold from the other folds, then the level of each period.

In: `StudyData` and out-of-fold risks of its training rows. Out: a `FoldRecalibration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.areas import recalibrate
from riskstrat.estimators.sample import outcome_weights
from riskstrat.incidence import outcome_within
from riskstrat.numerics.folds import UNTESTED
from riskstrat.numerics.links import Link
from riskstrat.recalibration import PeriodRecalibration, Recalibration, Successive, fit_recalibration
from riskstrat.study.data import StudyData

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldRecalibration:
    """What moves the risks of each fold's model.

    Attributes
    ----------
    curves
        By fold, fitted to risks and outcomes of the other folds; under `UNTESTED` that of all rows. Empty where only
        the level is moved.
    periods
        Level of each period of landmarks, estimated from all rows together after the curves (page 10 of the design).
    risk
        Recalibrated out-of-fold risks, (n,).
    """

    curves: Mapping[int, Recalibration]
    periods: PeriodRecalibration
    risk: Floats

    def of_fold(self, fold: int) -> Recalibration:
        """Give what moves the risks of a fold's model today."""
        level = self.periods.latest
        return Successive(first=self.curves[fold], then=level) if self.curves else level


def recalibrate_folds(data: StudyData, risk: Floats, folds: NDArray[np.intp], link: Link) -> FoldRecalibration:
    """Recalibrate the out-of-fold risks of the training rows to protected counts."""
    curves = _curves(data, risk, folds)
    moved = risk.copy()
    for fold, curve in curves.items():
        moved[folds == fold] = curve.apply(risk[folds == fold])
    cohort = data.training.cohort
    periods = recalibrate(cohort, moved, link, noise=data.noise)
    return FoldRecalibration(curves=curves, periods=periods, risk=periods.apply(moved, data.training.landmark))


def _curves(data: StudyData, risk: Floats, folds: NDArray[np.intp]) -> dict[int, Recalibration]:
    """Fit the curve of each fold without its rows, so that it cannot learn the outcomes of the fold's areas."""
    kind = data.settings.recalibration
    if kind == "in_the_large":
        return {}
    outcome, weight = counted_outcomes(data)
    return {
        fold: fit_recalibration(kind, *(values[folds != fold] for values in (risk, outcome, weight)))
        for fold in (*np.unique(folds).tolist(), UNTESTED)
    }


def counted_outcomes(data: StudyData) -> tuple[NDArray[np.bool_], Floats]:
    """Outcome within the horizon and weight of the training rows, each (n,); rows that are not counted have weight 0.

    Examples
    --------
    >>> outcome, weight = counted_outcomes(data)
    >>> bool((weight[~data.training.cohort.is_counted] == 0).all())
    True
    """
    training, horizon = data.training, data.condition.horizon_days
    outcome = training.cohort.outcome
    weight = outcome_weights(outcome, horizon, training.weight, training.landmark)
    return outcome_within(outcome, horizon), weight * training.cohort.is_counted
