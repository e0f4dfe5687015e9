"""Contributions of trees that are computed once for rows alike are those of all rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from riskstrat.estimators.tree_contributions import tree_contributions

shap = pytest.importorskip("shap")


def fitted(leaves: int, iterations: int) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    rng = np.random.default_rng(0)
    numbers = np.floor(rng.exponential(8, (900, 6))).astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.15] = np.nan
    label = rng.random(900) < 1 / (1 + np.exp(1 - np.nan_to_num(numbers[:, 0]) / 10 - 2 * np.isnan(numbers[:, 1])))
    model = HistGradientBoostingClassifier(
        max_leaf_nodes=leaves, max_iter=iterations, min_samples_leaf=2, early_stopping=False
    )
    return model.fit(numbers, label), numbers


@pytest.mark.parametrize(("leaves", "iterations"), [(2, 3), (4, 20), (80, 2)])
def test_they_are_shaps_of_every_row_and_add_up(leaves: int, iterations: int):
    model, numbers = fitted(leaves, iterations)
    values, mean = tree_contributions(model, numbers)
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    np.testing.assert_allclose(values, explainer.shap_values(numbers.astype(float)), atol=1e-12)
    np.testing.assert_allclose(mean + values.sum(axis=1), model.decision_function(numbers), atol=1e-12)


def test_trees_without_a_split_add_nothing_to_any_feature():
    label = np.arange(100) % 2 == 0
    model = HistGradientBoostingClassifier(max_iter=3, early_stopping=False).fit(np.ones((100, 2)), label)
    values, mean = tree_contributions(model, np.ones((5, 2), dtype=np.float32))
    assert not values.any()
    np.testing.assert_allclose(mean, model.decision_function(np.ones((5, 2))), atol=1e-12)


def test_nobody_has_no_contributions():
    model, numbers = fitted(4, 3)
    assert tree_contributions(model, numbers[:0])[0].shape == (0, 6)
