"""The way through every estimator: features and outcome array in, risk at the horizon out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from riskstrat.errors import DesignError, Problem
from riskstrat.estimators.matrix import Features, Matrix, read_features, read_features_as
from riskstrat.estimators.sample import Sample, check_lengths, known_sample, outcome_weights
from riskstrat.incidence import OutcomeArray, brier
from riskstrat.incidence.outcome import check_horizon
from riskstrat.numerics.blocks import row_blocks
from riskstrat.numerics.groups import Labels
from riskstrat.numerics.links import LOGIT, Link


class RiskEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """A direct model of the cumulative incidence at a horizon, the competing death respected.

    The label is the outcome within the horizon. Those whose status at the horizon is known stand for the rest by
    inverse probability of censoring weights; a competing death is a known status without the outcome.

    Attributes
    ----------
    features_
        Names of the columns that the model uses, in the order of `contributions`.
    dropped_
        Names of the columns left out because they were constant or never observed.
    feature_names_in_
        Names of the columns seen by `fit`.
    """

    horizon_days: float
    features_: tuple[str, ...]
    dropped_: tuple[str, ...]

    @property
    def link(self) -> Link:
        """Scale on which `contributions` add up to the prediction."""
        return LOGIT

    def fit(
        self,
        X: Features,
        y: OutcomeArray,
        sample_weight: npt.ArrayLike | None = None,
        strata: Labels | None = None,
        groups: Labels | None = None,
    ) -> Self:
        """Learn from people with an outcome array.

        Parameters
        ----------
        X
            Features, n rows in the order of `y`: polars, pandas (both by name; person_id and index_date are ignored) or
            a numpy array. Null or NaN is "not observed".
        y
            Outcome array, shape (n,).
        sample_weight
            Case weights, shape (n,). Rows with weight 0 are outside the censoring distribution too.
        strata
            Labels within which the censoring distribution is estimated (the landmark), one a row.
        groups
            Persons or families, shape (n,), that inner folds keep together; by default person_id of `X`, else rows.

        Returns
        -------
        Self
            The fitted estimator.

        Raises
        ------
        ContractError
            Features, outcome or weights cannot be used.
        DesignError
            Too few outcomes, no informative column, or nobody followed to the horizon.
        """
        check_horizon(self.horizon_days)
        matrix = self._relevant(read_features(X))
        check_lengths(len(matrix.values), y)
        weight = outcome_weights(y, self.horizon_days, sample_weight, strata)
        counted = np.ones(len(y), dtype=bool) if sample_weight is None else np.asarray(sample_weight) > 0
        matrix = self._informative(matrix, matrix.values if counted.all() else matrix.values[counted])
        kept = matrix.values if counted.all() else matrix.values[counted]
        self._prepare(kept)
        self._learn(
            known_sample(matrix.values, y, self.horizon_days, weight, matrix.people if groups is None else groups)
        )
        return self

    def predict_risk(self, X: Features) -> NDArray[np.float64]:
        """Cumulative incidence of the outcome at the horizon, shape (n,), in [0, 1].

        Raises
        ------
        ContractError
            Columns are missing or unexpected.
        """
        values = self._values(X)
        risk = np.empty(len(values))
        for rows in row_blocks(len(values)):
            risk[rows] = self._risk(values[rows])
        return risk

    def predict(self, X: Features) -> NDArray[np.float64]:
        """Predict as `predict_risk` does, so that pipelines and searches work."""
        return self.predict_risk(X)

    def score(self, X: Features, y: OutcomeArray, sample_weight: npt.ArrayLike | None = None) -> float:
        """Minus the censoring-weighted Brier score at the horizon: higher is better."""
        weight = outcome_weights(y, self.horizon_days, sample_weight, strata=None)
        return -brier(y, self.predict_risk(X), self.horizon_days, weight)

    def _relevant(self, matrix: Matrix) -> Matrix:
        """Choose the columns that this kind of model looks at: all."""
        return matrix

    def _informative(self, matrix: Matrix, counted: NDArray[np.float32]) -> Matrix:
        """Leave out columns that are constant or never observed, and remember which."""
        varies = _varies(counted)
        self.feature_names_in_ = np.array(matrix.names, dtype=object)
        self.n_features_in_ = len(matrix.names)
        self.features_ = tuple(name for name, kept in zip(matrix.names, varies, strict=True) if kept)
        self.dropped_ = tuple(name for name, kept in zip(matrix.names, varies, strict=True) if not kept)
        if not self.features_:
            raise DesignError(
                Problem(
                    found=f"no informative column among {len(matrix.names)}",
                    expected="at least one column with two different values",
                    remedy="check the features, or their registers' coverage",
                )
            )
        return matrix.select(self.features_)

    def _values(self, X: Features) -> NDArray[np.float32]:
        check_is_fitted(self, "features_")
        names = tuple(str(name) for name in self.feature_names_in_)
        return read_features_as(X, names, others_allowed=self._others_allowed).select(self.features_).values

    @property
    def _others_allowed(self) -> bool:
        return False

    def _prepare(self, values: NDArray[np.float32]) -> None:
        """Look at the features of all people that count, before their outcomes."""

    @abstractmethod
    def _learn(self, sample: Sample) -> None:
        """Fit the model to people with known status."""

    @abstractmethod
    def _risk(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Predict for one block of rows."""


def _varies(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Columns with two different values, or some observed and some not; shape (p,)."""
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    partly = np.isnan(values).any(axis=0) & ~np.isnan(low)
    return np.asarray((low < high) | partly, dtype=np.bool_)
