"""Trees of a cross-fit: each fold's number of trees is chosen by the other folds, and nobody chooses for themselves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from riskstrat.estimators import Boosting, Split, cross_fit, group_folds
from riskstrat.estimators.boosting import PER_OUTCOME
from riskstrat.estimators.sample import ENOUGH_OTHERS, Sample, thinned
from riskstrat.incidence import OutcomeArray, outcome_array
from riskstrat.numerics.logistic import logistic_recalibration

HORIZON = 365.0
BOOSTING = Boosting(horizon_days=HORIZON, max_iter=60)


def people(n: int, strength: float, seed: int = 1) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    return X, rng.random(n) < expit(strength * X[:, 0] - 2)


def outcomes(label: NDArray[np.bool_]) -> OutcomeArray:
    return outcome_array(label.astype(int), np.full(len(label), HORIZON))


def test_a_fold_s_own_outcomes_do_not_change_the_model_that_tests_it_beyond_what_other_folds_learnt():
    X, label = people(1_500, 1.0)
    fold = group_folds(np.arange(len(X)), 3)
    split = Split.from_folds(fold)
    first = cross_fit(BOOSTING, X, outcomes(label), split)
    other = label.copy()
    other[fold == 0] = ~other[fold == 0]
    second = cross_fit(BOOSTING, X, outcomes(other), split)
    # The trees are those of the other folds' rows; only how many there are may change, with what the others learnt.
    thresholds = [model.models[0].model_._predictors[0][0].nodes["num_threshold"] for model in (first, second)]
    np.testing.assert_array_equal(*thresholds)


def test_as_many_trees_are_kept_as_the_other_folds_choose():
    X, label = people(1_500, 1.0)
    split = Split.from_folds(group_folds(np.arange(len(X)), 3))
    models = cross_fit(BOOSTING, X, outcomes(label), split).models
    for fold, model in models.items():
        assert model.iterations_ == model.model_.n_iter_
        alone = Boosting(horizon_days=HORIZON, max_iter=model.iterations_, folds=0)
        same = alone.fit(X[split.train[fold]], outcomes(label[split.train[fold]]))
        tested = X[split.test[fold]]
        np.testing.assert_allclose(
            model.model_.decision_function(np.nan_to_num(tested)), same.model_.decision_function(np.nan_to_num(tested))
        )


def test_noise_teaches_trees_nothing_and_what_they_find_is_not_too_steep():
    X, label = people(3_000, 0.0)
    split = Split.from_folds(group_folds(np.arange(len(X)), 5))
    nothing = cross_fit(BOOSTING, X, outcomes(label), split).risk
    assert nothing.std() < 0.02
    X, label = people(3_000, 0.7, seed=2)
    risk = cross_fit(BOOSTING, X, outcomes(label), split).risk
    assert logistic_recalibration(logit(risk), label, np.ones(len(label))).slope == pytest.approx(1.0, abs=0.15)


def test_rows_of_a_later_time_do_not_choose_the_trees_of_earlier_ones():
    X, label = people(2_000, 1.0)
    early, fold = np.arange(2_000) < 1_200, np.arange(2_000) % 2
    split = Split(
        name="temporal",
        train=tuple(np.flatnonzero(early & (fold != number)) for number in (0, 1)),
        test=tuple(np.flatnonzero(~early & (fold == number)) for number in (0, 1)),
    )
    later = label.copy()
    later[~early] = ~later[~early]
    risks = [cross_fit(BOOSTING, X, outcomes(each), split).risk for each in (label, later)]
    np.testing.assert_array_equal(*risks)


def test_of_rows_without_the_outcome_so_many_for_each_with_it_are_kept():
    rng = np.random.default_rng(3)
    label = np.arange(60_000) < 500
    whole = Sample(
        values=rng.normal(size=(60_000, 1)).astype(np.float32),
        label=label,
        weight=np.ones(60_000),
        group=np.arange(60_000),
    )
    kept = thinned(whole, 100_000, seed=0, per_outcome=PER_OUTCOME)
    assert (kept.label.sum(), (~kept.label).sum()) == (500, 500 * PER_OUTCOME)
    assert np.average(kept.label, weights=kept.weight) == pytest.approx(label.mean())
    few = thinned(whole, 100_000, seed=0, per_outcome=1)
    assert (~few.label).sum() == ENOUGH_OTHERS
