"""Features and outcome array in, histogram boosting of the risk at the horizon out, with exact tree contributions."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy, deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from riskstrat.declare import LocalisedText
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.bins import bin_edges, bin_numbers
from riskstrat.estimators.followed import FitRows
from riskstrat.estimators.imputation import IMPUTED, NATIVE
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import Sample, labelled_rows, outcome_weights, thinned
from riskstrat.estimators.status import LogitEstimator
from riskstrat.estimators.tree_contributions import tree_contributions
from riskstrat.estimators.tree_values import log_odds
from riskstrat.numerics.folds import group_folds
from riskstrat.numerics.logistic import LogisticRecalibration, logistic_recalibration

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

PATIENCE: Final = 20
SLOPE_PRECISION: Final = 25.0
"""Prior precision (standard deviation .2) of the stretch: a few outcomes must not move it far from 1."""

FIXED: Final = 1e9

ENOUGH_OUTCOMES: Final = 2_000
"""Held-out rows with (and without) the outcome that choose the number of iterations as well as all rows would."""

PER_OUTCOME: Final = 30
"""Rows without the outcome for each with it, beyond which more of them take little off the variance: 1 / 30."""


class Boosting(LogitEstimator):
    """Gradient-boosted shallow trees with censoring weights, on numeric features.

    With rare outcomes trees soon fit noise. Leaves are therefore large, trees small, and the number of iterations is
    the one with the smallest log loss in inner folds that keep groups together, times the square root of all rows
    over those outside a fold. The log odds are then stretched by the calibration slope of the inner folds. The root is
    empirical: in simulations with 1 to 3 % outcomes, mean out-of-fold slopes were .91 to .99 with the whole ratio, 1.01
    to 1.11 without it, and .96 to 1.02 with the root. As many inner folds are held out, one after the other, as it
    takes to see `ENOUGH_OUTCOMES` rows with and without the outcome.

    Parameters
    ----------
    horizon_days
        End of the time at risk in days.
    learning_rate
        Step of each iteration.
    max_iter
        Most iterations in the inner folds, which choose how many are used.
    max_leaf_nodes
        Leaves of a tree; 4 allows interactions of up to three features.
    min_samples_leaf
        Fewest rows in a leaf (at least 20, as leaves are part of the stored model).
    l2_regularization
        Ridge on leaf values, in units of information.
    folds
        Inner folds; 0 uses `max_iter` as it is.
    most_rows
        Rows with, and rows without, the outcome that trees are fitted to at most; of those without also at most
        `PER_OUTCOME` for each with it, but never fewer than 10,000. Where there are more, whole groups are chosen at
        random, and their weights stand for the others.
    missing
        How values that were not observed are treated: ``"native"`` (trees have a branch for them) or ``"imputed"``, as
        in `Logistic`.
    random_state
        Seed of the inner folds, and of the choice of rows.

    Attributes
    ----------
    rows_
        Rows with, and without, the outcome that the trees were fitted to, and all that there were: two pairs.
    test
        Test rows of its fold while a cross-fit is under way (`watched`), else None.

    Examples
    --------
    >>> import polars as pl
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"visits": [0, 1, 0, 3, 0, 2, 1, 0] * 50})
    >>> y = outcome_array([0, 1, 0, 1, 0, 1, 0, 0] * 50, [365.0] * 400)
    >>> model = Boosting(horizon_days=365, max_iter=50, folds=0).fit(X, y)
    >>> low, high = model.predict_risk(pl.DataFrame({"visits": [0, 3]}))
    >>> bool(low < 0.2 < 0.7 < high)
    True
    """

    test: FitRows | None = None

    def __init__(
        self,
        *,
        horizon_days: float,
        learning_rate: float = 0.1,
        max_iter: int = 200,
        max_leaf_nodes: int = 4,
        min_samples_leaf: int = 50,
        l2_regularization: float = 10.0,
        folds: int = 3,
        most_rows: int = 100_000,
        missing: str = "native",
        random_state: int = 0,
    ) -> None:
        self.horizon_days = horizon_days
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.folds = folds
        self.most_rows = most_rows
        self.missing = missing
        self.random_state = random_state

    @property
    def missing_ways(self) -> tuple[str, ...]:
        """A branch for it, or imputation."""
        return (NATIVE, IMPUTED)

    @property
    def complexity(self) -> float:
        """Number of features on the way to a leaf, at most."""
        return self.max_leaf_nodes - 1.0

    @property
    def notes_(self) -> tuple[LocalisedText, ...]:
        """Those of every model, and that rows were left out, where there were more than `most_rows`."""
        fitted, there = self.rows_
        if fitted == there:
            return super().notes_
        return (
            *super().notes_,
            LocalisedText(
                en="Decision trees were fitted to a part of the index dates, drawn at random and weighted for the "
                f"others: about {self.most_rows:,} with, and without, the outcome at most, and about {PER_OUTCOME} "
                "without for each with it.",
                sv="Beslutsträden anpassades till en del av indexdatumen, dragna slumpvis och viktade så att de även "
                f"står för de andra: högst omkring {self.most_rows} med, och utan, utfallet, och omkring {PER_OUTCOME} "
                "utan för varje med.",
            ),
        )

    def contributions(self, X: Features) -> tuple[NDArray[np.float64], float]:
        """Explain the log odds of each row by path-dependent TreeSHAP (Lundberg 2020), exact on this kind of model.

        Parameters
        ----------
        X
            Features, n rows, with the columns seen by `fit`.

        Returns
        -------
        values
            Shape (n, p), one column a feature of `features_`.
        baseline
            Mean log odds over the training rows. baseline + row sum = logit of `predict_risk`.

        Raises
        ------
        MissingExtraError
            shap is not installed.
        """
        values, mean = tree_contributions(self.model_, bin_numbers(self._values(X), self.edges_))
        return self.slope_ * values, self.intercept_ + self.slope_ * mean

    def watched(self, test: FitRows) -> Boosting:
        """Give the unfitted model of a fold, whose test rows choose the number of trees and the slope of other folds.

        Each row is seen by the trees of its own fold, and has no say in the model that it tests. Nothing is fitted for
        that choice alone.
        """
        model: Boosting = clone(self)
        model.test = test if self.folds else None
        return model

    def settled(self, others: Sequence[RiskEstimator]) -> Boosting:
        """Give the model of the fold, with as many trees and the slope that the other folds' test rows choose."""
        if self.test is None:
            return self
        watched = [other for other in others if isinstance(other, Boosting)]
        iterations = _best_iterations([other.model_ for other in watched])
        slope = _slope(
            np.concatenate([other.held_out_log_odds(iterations) for other in watched]),
            np.concatenate([other.held_out_.label for other in watched]),
            np.concatenate([other.held_out_.weight for other in watched]),
        )
        model = copy(self)
        del model.test, model.sample_, model.held_out_, model.log_odds_at_
        model.iterations_, model.model_ = iterations, _cut(self.model_, iterations, self.sample_)
        model.intercept_, model.slope_ = _line(model.model_, self.sample_, slope)
        return model

    def _learn(self, sample: Sample) -> None:
        kept = thinned(sample, self.most_rows, self.random_state, per_outcome=PER_OUTCOME)
        self.rows_ = _counts(kept.label), _counts(sample.label)
        self.edges_ = bin_edges(kept.values)
        binned = replace(kept, values=bin_numbers(kept.values, self.edges_))
        if self.test is None:
            self._learn_alone(binned)
        else:
            self._learn_watched(binned, self.test)

    def _learn_alone(self, sample: Sample) -> None:
        """Choose the number of trees and the slope by inner folds, and fit the trees to all rows."""
        self.iterations_, slope = self._iterations_and_slope(sample) if self.folds else (self.max_iter, 1.0)
        self.model_ = self._trees(max_iter=self.iterations_, early_stopping=False).fit(
            _never_empty(sample.values), sample.label, sample.weight
        )
        self.intercept_, self.slope_ = _line(self.model_, sample, slope)

    def _learn_watched(self, sample: Sample, test: FitRows) -> None:
        """Fit trees, and see what they say of the rows that the fold tests."""
        weight = outcome_weights(test.outcome, self.horizon_days, test.sample_weight, test.strata)
        values = bin_numbers(self._values(test.X), self.edges_)
        self.sample_ = sample
        self.held_out_ = labelled_rows(values, test.outcome, weight, np.arange(len(weight)), self.horizon_days)
        self.model_ = self._stopped(sample, self.held_out_)
        self.log_odds_at_: dict[int, NDArray[np.float64]] = {}

    def held_out_log_odds(self, iterations: int) -> NDArray[np.float64]:
        """Read the first trees once for all folds that keep as many, (rows that this fold tests,)."""
        if iterations not in self.log_odds_at_:
            self.log_odds_at_[iterations] = log_odds(self.model_, self.held_out_.values, iterations)
        return self.log_odds_at_[iterations]

    def _iterations_and_slope(self, sample: Sample) -> tuple[int, float]:
        fold = group_folds(sample.group, self.folds, self.random_state)
        seen = fold < _enough_folds(sample.label, fold)
        models = [
            self._stopped(sample.rows(fold != number), sample.rows(fold == number))
            for number in range(fold[seen].max() + 1)
        ]
        iterations = _best_iterations(models)
        found = np.empty(len(fold))
        for number, model in enumerate(models):
            found[fold == number] = log_odds(model, sample.values[fold == number], iterations)
        slope = _slope(found[seen], sample.label[seen], sample.weight[seen])
        return round(iterations * (self.folds / (self.folds - 1)) ** 0.5), slope

    def _stopped(self, sample: Sample, held_out: Sample) -> HistGradientBoostingClassifier:
        """Boost until the weighted log loss of the held-out rows has stopped falling."""
        return self._trees(max_iter=self.max_iter, early_stopping=True).fit(
            _never_empty(sample.values),
            sample.label,
            sample.weight,
            X_val=held_out.values,
            y_val=held_out.label,
            sample_weight_val=held_out.weight,
        )

    def _trees(self, *, max_iter: int, early_stopping: bool) -> HistGradientBoostingClassifier:
        from sklearn.ensemble import HistGradientBoostingClassifier  # slow to load

        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            early_stopping=early_stopping,
            n_iter_no_change=PATIENCE,
            tol=0.0,
            random_state=self.random_state,
        )

    def _log_odds(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.intercept_ + self.slope_ * log_odds(self.model_, bin_numbers(values, self.edges_))


def _counts(label: NDArray[np.bool_]) -> tuple[int, int]:
    return int(label.sum()), int((~label).sum())


def _slope(of_trees: NDArray[np.float64], label: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    return logistic_recalibration(of_trees, label, weight, slope=1.0, precision=SLOPE_PRECISION).slope


def _line(trees: HistGradientBoostingClassifier, sample: Sample, slope: float) -> LogisticRecalibration:
    """Stretch log odds by a slope, and move them to the level of the rows that the trees were fitted to."""
    of_trees = log_odds(trees, sample.values)
    return logistic_recalibration(of_trees, sample.label, sample.weight, slope=slope, precision=FIXED)


def _cut(trees: HistGradientBoostingClassifier, iterations: int, sample: Sample) -> HistGradientBoostingClassifier:
    """Give a copy with so many trees; where there are fewer, the rows that they were fitted to grow the others."""
    if trees.n_iter_ < iterations:
        longer = deepcopy(trees).set_params(max_iter=iterations, early_stopping=False, warm_start=True)
        return longer.fit(_never_empty(sample.values), sample.label, sample.weight)
    shorter = copy(trees)
    shorter._predictors = trees._predictors[:iterations]  # noqa: SLF001 -- scikit-learn can only stage predictions
    return shorter


def _best_iterations(models: Sequence[HistGradientBoostingClassifier]) -> int:
    """Mean over models of the number of trees at which their held-out rows had the smallest loss."""
    return max(1, round(float(np.mean([np.argmax(model.validation_score_) for model in models]))))


def _enough_folds(label: NDArray[np.bool_], fold: NDArray[np.intp]) -> int:
    """How many of the folds hold `ENOUGH_OUTCOMES` rows with, and without, the outcome; all where all have fewer."""
    seen = np.minimum(*(np.cumsum(np.bincount(fold, weights=label == status)) for status in (False, True)))
    return min(int(np.searchsorted(seen, ENOUGH_OUTCOMES)) + 1, len(seen))


def _never_empty(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a column that nobody has observed a constant one, which scikit-learn's binning needs."""
    return np.where(np.isnan(numbers).all(axis=0), np.float32(0), numbers)
