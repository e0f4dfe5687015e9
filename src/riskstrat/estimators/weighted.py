"""Any scikit-learn classifier in, an estimator of the risk at the horizon with censoring weights out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import has_fit_parameter

from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.estimators.imputation import IMPUTED, NATIVE
from riskstrat.estimators.sample import Sample
from riskstrat.estimators.status import StatusEstimator


class Weighted(StatusEstimator):
    """Fit a classifier to "outcome by the horizon" with inverse probability of censoring weights.

    The classifier sees a Float32 matrix of the informative columns, with NaN where a value was not observed: choose
    ``missing="imputed"`` for one that cannot take NaN, or put an imputer before it. A pipeline must request the weights
    for the steps that are to have them (``step.set_fit_request(sample_weight=True)``, scikit-learn's metadata routing).

    Parameters
    ----------
    classifier
        Unfitted, with `predict_proba`, and `sample_weight` in `fit`. It is cloned, never changed.
    horizon_days
        End of the time at risk in days.
    missing
        ``"native"``: as the classifier treats NaN; ``"imputed"``: as in `Logistic`.

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

    def __init__(self, classifier: ClassifierMixin, *, horizon_days: float, missing: str = "native") -> None:
        self.classifier = classifier
        self.horizon_days = horizon_days
        self.missing = missing

    @property
    def missing_ways(self) -> tuple[str, ...]:
        """As the classifier does, or imputation."""
        return (NATIVE, IMPUTED)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if isinstance(self.classifier, BaseEstimator) and self.missing == NATIVE:
            tags.input_tags.allow_nan = get_tags(self.classifier).input_tags.allow_nan
        return tags

    def _learn(self, sample: Sample) -> None:
        with _without_gaps(self.classifier):
            self.classifier_ = fit_with_weights(clone(self.classifier), sample.values, sample.label, sample.weight)

    def _risk(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        outcome = list(self.classifier_.classes_).index(True)
        with _without_gaps(self.classifier):
            return np.asarray(self.classifier_.predict_proba(values)[:, outcome], dtype=np.float64)

    @property
    def complexity(self) -> float:
        """Infinite: what a classifier of somebody else's lets act together is not known."""
        return float("inf")


@contextmanager
def _without_gaps(classifier: ClassifierMixin) -> Iterator[None]:
    """Say in our words that a classifier takes no missing values."""
    try:
        yield
    except ValueError as refused:
        if "NaN" not in str(refused):
            raise
        problem = Problem(
            f"values that were not observed (NaN), and a {type(classifier).__name__} that takes none",
            "a classifier that takes missing values, or values in their place",
            'fit it with missing="imputed"',
            table="X",
        )
        raise ContractError(problem) from refused


def fit_with_weights(
    classifier: ClassifierMixin,
    values: NDArray[np.floating],
    label: NDArray[np.generic],
    weight: NDArray[np.float64],
) -> ClassifierMixin:
    """Fit a classifier whose weights reach the step that is to have them, or raise a UsageError."""
    weighs = bool(has_fit_parameter(classifier, "sample_weight"))
    if not (hasattr(classifier, "predict_proba") and (weighs or isinstance(classifier, Pipeline))):
        raise UsageError(
            Problem(
                f"a {type(classifier).__name__}",
                "a classifier with predict_proba that takes sample_weight",
                "choose another classifier, or wrap it in one that does",
            )
        )
    try:
        with sklearn.config_context(enable_metadata_routing=not weighs):
            return classifier.fit(values, label, sample_weight=weight)
    except UnsetMetadataPassedError:
        raise UsageError(
            Problem(
                f"a {type(classifier).__name__} that passes no sample_weight to its steps",
                "weights used in the fit",
                "call set_fit_request(sample_weight=True) on its last step, with metadata routing enabled",
            )
        ) from None
