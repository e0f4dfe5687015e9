"""scikit-learn's own checks of estimators (clone, pipelines, weights, order of rows, messages), on every kind.

Two things of the checks are adapted, because they are about data that no study has; everything else runs as it is.

- They fit a dozen rows. Fewer than ten outcomes are refused by design, so the least number is set to one here.
- They draw two labels such as 1 and 2, or 5 and 6. Here 2 is the competing death and 5 a mistake, so that only 0 and 1
  are taken as an outcome; the labels are recoded before the fit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from riskstrat.estimators import AgeSex, Boosting, Cox, DiscreteTime, FineGray, Logistic, RiskEstimator, Weighted


class Recoded(RiskEstimator, abstract=True):
    """Takes the smaller of two labels for 0, the other for 1."""

    def fit(
        self,
        X: object,
        y: object,
        *,
        entry: object = None,
        sample_weight: object = None,
        strata: object = None,
        groups: object = None,
    ) -> RiskEstimator:
        labels = np.unique(np.asarray(y)) if y is not None and np.asarray(y).dtype.kind in "biuf" else []
        events = np.asarray(y) == labels[1] if len(labels) == 2 else y
        return super().fit(X, events, entry=entry, sample_weight=sample_weight, strata=strata, groups=groups)


class RecodedLogistic(Recoded, Logistic, abstract=True): ...


class RecodedBoosting(Recoded, Boosting, abstract=True): ...


class RecodedCox(Recoded, Cox, abstract=True): ...


class RecodedWeighted(Recoded, Weighted, abstract=True): ...


class RecodedAgeSex(Recoded, AgeSex, abstract=True): ...


class RecodedFineGray(Recoded, FineGray, abstract=True): ...


class RecodedDiscreteTime(Recoded, DiscreteTime, abstract=True): ...


ESTIMATORS = [
    RecodedLogistic(horizon_days=365),
    RecodedLogistic(horizon_days=365, missing="imputed"),
    RecodedBoosting(horizon_days=365, max_iter=10, folds=0, min_samples_leaf=2),
    # Labels that a line separates have no finite hazard ratio.
    RecodedCox(horizon_days=365, penalty=1.0),
    RecodedFineGray(horizon_days=365, penalty=1.0),
    RecodedWeighted(LogisticRegression(), horizon_days=365),
    RecodedDiscreteTime(horizon_days=365, periods=1),
    # Columns of an array are named x0, x1, ...; AgeSex is told which two are its own.
    RecodedAgeSex(horizon_days=365, age="x0", sex="x1"),
]

FOR_ALL = {
    "check_dtype_object": "Values that are not numbers raise a ContractError, which is a ValueError, not a TypeError.",
    "check_sample_weight_equivalence_on_dense_data": (
        "Weights are scaled to the effective sample size (Kish), so that a row of weight 2 is less information than "
        "two persons; knots, medians, bins and scales are those of the rows."
    ),
}
ONLY = {
    "RecodedAgeSex": {
        "check_sample_weights_pandas_series": "Frames are read by name; the columns here are 0 and 1.",
        "check_n_features_in_after_fitting": "Only age and sex are counted, so that other columns may come and go.",
    }
}


def expected_failures(estimator: RiskEstimator) -> dict[str, str]:
    return FOR_ALL | ONLY.get(type(estimator).__name__, {})


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learns_checks(
    estimator: RiskEstimator, check: Callable[[RiskEstimator], None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("riskstrat.estimators.sample.MIN_OUTCOMES", 1)
    check(estimator)
