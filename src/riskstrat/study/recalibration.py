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
    """Recalibrate the out-of-fold risks of the training rows to protected counts.

    Parameters
    ----------
    data
        What `prepare` returned.
    risk, folds
        Risks of the training rows, (n,), and the fold whose model predicted each.
    link
        Scale on which the level is moved.

    Returns
    -------
    FoldRecalibration

    Raises
    ------
    DesignError
        If there are too few outcomes for the recalibration that the settings ask for.
    """
    curves = _curves(data, risk, folds)
    moved = risk.copy()
    for fold, curve in curves.items():
        moved[folds == fold] = curve.apply(risk[folds == fold])
    cohort = data.training.cohort
    periods = recalibrate(cohort, moved, link, noise=data.noise)
    return FoldRecalibration(curves=curves, periods=periods, risk=periods.apply(moved, data.training.landmark))


def _curves(data: StudyData, risk: Floats, folds: NDArray[np.intp]) -> dict[int, Recalibration]:
    """Fit the curve of each fold without its rows, so that it cannot learn the outcomes of the fold's areas."""
    training, kind = data.training, data.settings.recalibration
    if kind == "in_the_large":
        return {}
    horizon = data.condition.horizon_days
    outcome = outcome_within(training.cohort.outcome, horizon)
    weight = outcome_weights(training.cohort.outcome, horizon, training.weight, training.landmark)
    counted = training.cohort.is_counted
    return {
        fold: fit_recalibration(kind, *(values[counted & (folds != fold)] for values in (risk, outcome, weight)))
        for fold in (*np.unique(folds).tolist(), UNTESTED)
    }
