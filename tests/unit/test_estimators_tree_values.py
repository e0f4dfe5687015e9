"""Trees read split by split say what scikit-learn says, to the last bit."""

from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from riskstrat.estimators.tree_values import log_odds

Trees: TypeAlias = tuple[HistGradientBoostingClassifier, NDArray[np.float32]]


@pytest.fixture(scope="module", params=[2, 4, 31], ids="{} leaves".format)
def trees(request: pytest.FixtureRequest) -> Trees:
    generator = np.random.default_rng(1)
    numbers = generator.integers(0, 20, (4_000, 5)).astype(np.float32)
    numbers[generator.random(numbers.shape) < 0.2] = np.nan
    numbers[:, 4] = 3
    risk = np.nan_to_num(numbers[:, 0]) / 20 * np.where(np.isnan(numbers[:, 1]), 1, 0.3)
    had = generator.random(len(risk)) < risk
    return HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=request.param).fit(numbers, had), numbers


def test_all_trees_of_rows_some_of_which_were_not_observed(trees: Trees):
    model, numbers = trees
    np.testing.assert_array_equal(log_odds(model, numbers), model.decision_function(numbers))


def test_the_first_trees(trees: Trees):
    model, numbers = trees
    for iterations, staged in enumerate(model.staged_decision_function(numbers), 1):
        np.testing.assert_array_equal(log_odds(model, numbers, iterations), staged)


def test_more_trees_than_there_are_and_no_rows(trees: Trees):
    model, numbers = trees
    np.testing.assert_array_equal(log_odds(model, numbers, 99), model.decision_function(numbers))
    assert log_odds(model, numbers[:0]).shape == (0,)


def test_a_column_that_a_split_asks_only_whether_it_was_observed():
    observed = np.repeat([0.0, np.nan], 500).astype(np.float32)[:, None]
    model = HistGradientBoostingClassifier(max_iter=5).fit(observed, np.repeat([0, 1], 500))
    assert np.isinf(model._predictors[0][0].nodes["num_threshold"]).any()
    np.testing.assert_array_equal(log_odds(model, observed), model.decision_function(observed))
