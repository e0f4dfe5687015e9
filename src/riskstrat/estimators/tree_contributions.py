"""Boosted trees and rows of bin numbers in, what each feature adds to each row's log odds out.

The contributions of a tree to a row (path-dependent, by shap) depend only on the side of each split that the row is on.
Rows that are on the same sides of all splits are computed once a tree: with four leaves there are at most eight.
"""

from __future__ import annotations

import warnings
from copy import copy
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from riskstrat.estimators.tree_values import first, is_left
from riskstrat.extras import optional

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

_BITS: Final = 30
"""Sides that fit into a number of 64 bits beside the number of a row."""

Floats = NDArray[np.float64]


def tree_contributions(model: HistGradientBoostingClassifier, numbers: NDArray[np.float32]) -> tuple[Floats, float]:
    """Contributions (n, p) and the mean log odds over the training rows; together they are the model's log odds."""
    columns, base = np.ascontiguousarray(numbers.T), first(model._baseline_prediction)
    values, expected = np.zeros(columns.shape), base
    for (tree,) in model._predictors:
        splits = tree.nodes[tree.nodes["is_leaf"] == 0]
        examples, alike = _alike(splits, columns)
        explainer = _shap().TreeExplainer(_alone(model, tree), feature_perturbation="tree_path_dependent")
        expected += first(explainer.expected_value) - base
        if len(examples):
            own = explainer.shap_values(numbers[examples].astype(np.float64), check_additivity=False)
            for column in np.unique(splits["feature_idx"]):
                values[column] += own[:, column][alike]
    return values.T, expected


def _alike(splits: NDArray[np.void], columns: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group the rows by their side of each split: the first row of every group, and the group of every row."""
    code = np.zeros(columns.shape[1], dtype=np.int64)
    for number, split in enumerate(splits, 1):
        code = 2 * code + is_left(split, columns)
        if number % _BITS == 0:
            code = np.unique(code, return_inverse=True)[1]
    short = code.astype(np.min_scalar_type(int(code.max(initial=0))))  # is sorted faster
    _, examples, alike = np.unique(short, return_index=True, return_inverse=True)
    return examples, alike


def _alone(model: HistGradientBoostingClassifier, tree: TreePredictor) -> HistGradientBoostingClassifier:
    """Give a copy of the model that has this tree only."""
    made = copy(model)
    made._predictors = [[tree]]
    return made


def _shap() -> ModuleType:
    with warnings.catch_warnings():
        # shap's plots use deprecated matplotlib calls while they are imported; nothing here draws with them.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return optional("shap")
