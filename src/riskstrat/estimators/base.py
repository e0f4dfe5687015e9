"""The one base of every estimator: features and an outcome in, cumulative incidence of an event out.

`RiskEstimator` reads features, outcome, weights and entry, and keeps the register of kinds; models of the status at a
horizon build on `riskstrat.estimators.status`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.validation import check_is_fitted

from riskstrat.declare import LocalisedText
from riskstrat.declare.windows import tells_observation
from riskstrat.errors import ContractError, DesignError, Problem, UsageError, number_of, unknown
from riskstrat.estimators.imputation import IMPUTED, INDICATOR, NATIVE, Imputation
from riskstrat.estimators.matrix import Features, Matrix, read_features, read_features_as
from riskstrat.estimators.sample import Training, check_shape, outcome_weights
from riskstrat.incidence import OutcomeArray, as_outcome, brier
from riskstrat.incidence.outcome import case_weights, check_entry, check_horizon
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.links import Link
from riskstrat.numerics.threads import one_thread

if TYPE_CHECKING:
    from riskstrat.estimators.followed import FitRows


class RiskEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """Features and outcomes with competing death to cumulative incidences.

    Subclasses are known by the names of their classes, so that a `riskstrat.declare.Candidate` can name them; an
    intermediate class says ``class Name(RiskEstimator, abstract=True)``.

    Examples
    --------
    >>> "Logistic" in RiskEstimator.kinds
    True

    Attributes
    ----------
    features_
        Names of the columns that the model uses, in the order of `contributions`.
    dropped_
        Names of the columns left out because they were constant or never observed.
    feature_names_in_
        Names of the columns seen by `fit`.
    imputation_
        What fills values that were not observed; None where the model treats them itself.
    """

    kinds: ClassVar[dict[str, type[RiskEstimator]]] = {}
    learns_from_followed: ClassVar[bool] = False
    """Whether rows count for as long as they were followed: models of time."""

    horizon_days: float
    missing: str | None = None
    random_state: int = 0
    features_: tuple[str, ...]
    dropped_: tuple[str, ...]
    imputation_: Imputation | None

    def __init_subclass__(cls, *, abstract: bool = False, **options: object) -> None:
        super().__init_subclass__(**options)
        if abstract:
            return
        known = RiskEstimator.kinds.get(cls.__name__)
        if known is not None and known.__module__ != cls.__module__:
            raise UsageError(
                Problem(
                    f"estimators named {cls.__name__} in {known.__module__} and in {cls.__module__}",
                    "one class for each name, because candidates and stored models name it",
                    "rename the second",
                )
            )
        RiskEstimator.kinds[cls.__name__] = cls

    def fit(
        self,
        X: Features,
        y: OutcomeArray | npt.ArrayLike,
        *,
        entry: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        strata: Labels | None = None,
        groups: Labels | None = None,
    ) -> Self:
        """Fit to index dates with outcomes.

        Parameters
        ----------
        X
            Features, n rows in the order of `y`: polars, pandas (both by name; person_id and index_date are ignored) or
            a numpy array. Null or NaN is "not observed".
        y
            Outcome array, shape (n,). Plain zeros and ones (or booleans) are taken as followed to the horizon.
        entry
            Days from the index date to when a row came under observation, shape (n,); None or 0 from the index on.
        sample_weight
            Case weights, shape (n,), used by their ratios alone: they are scaled to Kish's effective sample size, so
            that neither frequencies nor survey weights count as more rows than there are. Rows with weight 0 are
            outside the censoring distribution too.
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
            Features, outcome, entry or weights cannot be used.
        UsageError
            `missing` names no way in which this kind of model can treat what was not observed.
        DesignError
            Too few outcomes, no informative column, nobody followed to the horizon, or late entry into a model that
            cannot take it.
        """
        check_horizon(self.horizon_days)
        matrix = read_features(X)
        outcome = as_outcome(y, self.horizon_days)
        check_shape(matrix.values, outcome)
        matrix, n = self._relevant(matrix), len(outcome)
        sizes = case_weights(sample_weight, n)
        counted = matrix.values if (sizes > 0).all() else matrix.values[sizes > 0]
        matrix, counted = self._informative(matrix, counted)
        group = matrix.people if groups is None else groups
        self.imputation_ = None
        if self.missing_way == IMPUTED:
            with one_thread():
                self.imputation_ = Imputation.of(matrix.names, counted, self.random_state)
        training = Training(
            values=self._completed(matrix.values),
            outcome=outcome,
            entry=np.zeros(n) if entry is None else check_entry(entry, outcome),
            weight=sizes,
            strata=strata,
            group=number_groups(np.arange(n) if group is None else group, n)[0],
            grouped=group is not None,
        )
        with one_thread():
            self._fit_to(training)
        return self

    @abstractmethod
    def predict_cumulative_incidence(self, X: Features, times: npt.ArrayLike, event: int = 1) -> NDArray[np.float64]:
        """Probability of having had an event by each time, while the other event competes.

        Parameters
        ----------
        X
            Features, n rows, with the columns seen by `fit`.
        times
            Days after the index date, one or several.
        event
            1 for the outcome, 2 for the competing death.

        Returns
        -------
        numpy.ndarray
            Shape (n, number of times), in [0, 1].

        Raises
        ------
        UsageError
            This kind of model cannot give this event or one of these times.
        ContractError
            Columns are missing or unexpected.
        """

    def watched(self, test: FitRows) -> RiskEstimator:  # noqa: ARG002 -- for models that look at them
        """Give the unfitted model of a fold; one that chooses by held-out rows looks at those that the fold tests."""
        return clone(self)  # type: ignore[no-any-return]

    def settled(self, others: Sequence[RiskEstimator]) -> RiskEstimator:  # noqa: ARG002
        """Give the fitted model of a fold, after the models of the other folds have chosen for it."""
        return self

    @property
    def missing_ways(self) -> tuple[str, ...]:
        """How this kind of model can treat what was not observed, the usual way first.

        ``native``: values stay missing and the model looks at that; ``indicator``: the median and a term of its own;
        ``imputed``: filled from the other columns before the model sees it (`riskstrat.estimators.imputation`).
        """
        return (NATIVE,)

    @property
    def missing_way(self) -> str:
        """How what was not observed is treated: `missing`, or the usual way; another word is a UsageError."""
        way = self.missing_ways[0] if self.missing is None else self.missing
        if way not in self.missing_ways:
            problem = unknown(f"way for {type(self).__name__} to treat what is missing named", way, self.missing_ways)
            another = replace(problem, remedy="choose one of them, or another kind of model")
            raise UsageError(another if way in (NATIVE, INDICATOR, IMPUTED) else problem)
        return way

    @property
    def complexity(self) -> float:
        """How many features may act together on the link: 1 where each has an effect of its own.

        Of candidates that cannot be told apart by their errors, `riskstrat.estimators.choose` takes the simpler one.
        """
        return 1.0

    @property
    def parameters_(self) -> int:
        """Number of parameters that were fitted, at least: one for each feature."""
        return len(self.features_)

    @property
    def notes_(self) -> tuple[LocalisedText, ...]:
        """What a reader should know of the fit: that imputed values had not settled, where they had not."""
        return () if self.imputation_ is None else self.imputation_.notes

    @property
    @abstractmethod
    def link(self) -> Link:
        """Scale on which `contributions` add up and on which risks are recalibrated."""

    def predict_risk(self, X: Features) -> NDArray[np.float64]:
        """Cumulative incidence of the outcome at the horizon.

        Parameters
        ----------
        X
            Features, n rows, with the columns seen by `fit`.

        Returns
        -------
        numpy.ndarray
            Shape (n,), in [0, 1].

        Raises
        ------
        ContractError
            Columns are missing or unexpected.
        """
        return self.predict_cumulative_incidence(X, [self.horizon_days])[:, 0]

    def predict(self, X: Features) -> NDArray[np.float64]:
        """Predict as `predict_risk` does, so that pipelines and searches work."""
        return self.predict_risk(X)

    def score(self, X: Features, y: OutcomeArray | npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Minus the censoring-weighted Brier score at the horizon, -1 to 0: higher is better."""
        outcome = as_outcome(y, self.horizon_days)
        weight = outcome_weights(outcome, self.horizon_days, sample_weight, strata=None)
        return -brier(outcome, self.predict_risk(X), self.horizon_days, weight)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def _relevant(self, matrix: Matrix) -> Matrix:
        """Choose the columns that this kind of model looks at: all."""
        return matrix

    def _informative(self, matrix: Matrix, counted: NDArray[np.float32]) -> tuple[Matrix, NDArray[np.float32]]:
        """Leave out columns that are constant or never observed, also of the rows that count, and remember which."""
        imputed = self.missing_way == IMPUTED
        varies = _varies(counted, [not imputed or tells_observation(name) for name in matrix.names])
        self.feature_names_in_ = np.array(matrix.names, dtype=object)
        self.n_features_in_ = len(matrix.names)
        self.features_ = tuple(name for name, kept in zip(matrix.names, varies, strict=True) if kept)
        self.dropped_ = tuple(name for name, kept in zip(matrix.names, varies, strict=True) if not kept)
        if not self.features_:
            raise DesignError(
                Problem(
                    f"no informative column among {len(matrix.names)} in {number_of(len(counted), 'sample')}",
                    "at least one column with two different values",
                    "check the features, or their registers' coverage",
                )
            )
        return matrix.select(self.features_), counted if varies.all() else counted[:, varies]

    def _completed(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.imputation_ is None:
            return values
        with one_thread():
            return self.imputation_.complete(values)

    def _values(self, X: Features) -> NDArray[np.float32]:
        check_is_fitted(self, "features_")
        names = tuple(str(name) for name in self.feature_names_in_)
        if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] < len(names):
            kind = type(self).__name__
            found = f"X has {X.shape[1]} features, but {kind} is expecting {len(names)} features as input"
            raise ContractError(Problem(found, "the columns of the fit", "pass all of them"))
        matrix = read_features_as(X, names, others_allowed=self._others_allowed)
        return self._completed(matrix.select(self.features_).values)

    @property
    def _others_allowed(self) -> bool:
        return False

    @abstractmethod
    def _fit_to(self, training: Training) -> None:
        """Fit the model."""


def _varies(values: NDArray[np.float32], gaps_count: Sequence[bool]) -> NDArray[np.bool_]:
    """Columns with two different values, or where gaps count, some observed and some not; shape (p,)."""
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    partly = np.isnan(values).any(axis=0) & ~np.isnan(low) & gaps_count
    return np.asarray((low < high) | partly, dtype=np.bool_)
