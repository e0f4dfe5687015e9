"""Any scikit-learn classifier in, an estimator of the risk at the horizon with censoring weights out."""

from __future__ import annotations

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import has_fit_parameter

from riskstrat.errors import Problem, UsageError
from riskstrat.estimators.sample import Sample
from riskstrat.estimators.status import StatusEstimator


class Weighted(StatusEstimator):
    """Fit a classifier to "outcome by the horizon" with inverse probability of censoring weights.

    The classifier sees a Float32 matrix of the informative columns, with NaN where a value was not observed: put an
    imputer before one that cannot take NaN. A pipeline must request the weights for the steps that are to have them
    (``step.set_fit_request(sample_weight=True)``, scikit-learn's metadata routing).

    Parameters
    ----------
    classifier
        Unfitted, with `predict_proba`, and `sample_weight` in `fit`. It is cloned, never changed.
    horizon_days
        End of the time at risk in days.

    Attributes
    ----------
    classifier_
        The fitted clone.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from riskstrat.incidence import outcome_array
    >>> X = np.array([[0.0], [1.0]] * 20)
    >>> y = outcome_array([0, 1] * 20, [365.0] * 40)
    >>> Weighted(DecisionTreeClassifier(), horizon_days=365).fit(X, y).predict_risk(X[:2]).tolist()
    [0.0, 1.0]
    """

    def __init__(self, classifier: ClassifierMixin, *, horizon_days: float) -> None:
        self.classifier = classifier
        self.horizon_days = horizon_days

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if isinstance(self.classifier, BaseEstimator):
            tags.input_tags.allow_nan = get_tags(self.classifier).input_tags.allow_nan
        return tags

    def _learn(self, sample: Sample) -> None:
        self._check_classifier()
        self.classifier_ = clone(self.classifier)
        try:
            with sklearn.config_context(enable_metadata_routing=not self._takes_weights()):
                self.classifier_.fit(sample.values, sample.label, sample_weight=sample.weight)
        except UnsetMetadataPassedError:
            raise UsageError(
                Problem(
                    found=f"a {type(self.classifier).__name__} that passes no sample_weight to its steps",
                    expected="censoring weights used in the fit",
                    remedy="call set_fit_request(sample_weight=True) on its last step, with metadata routing enabled",
                )
            ) from None

    def _risk(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        outcome = list(self.classifier_.classes_).index(True)
        return np.asarray(self.classifier_.predict_proba(values)[:, outcome], dtype=np.float64)

    @property
    def complexity(self) -> float:
        """Infinite: what a classifier of somebody else's lets act together is not known."""
        return float("inf")

    def _takes_weights(self) -> bool:
        return bool(has_fit_parameter(self.classifier, "sample_weight"))

    def _check_classifier(self) -> None:
        routed = isinstance(self.classifier, Pipeline) and not self._takes_weights()
        if hasattr(self.classifier, "predict_proba") and (self._takes_weights() or routed):
            return
        raise UsageError(
            Problem(
                found=f"a {type(self.classifier).__name__}",
                expected="a classifier with predict_proba that takes sample_weight",
                remedy="choose another classifier, or wrap it in one that does",
            )
        )
