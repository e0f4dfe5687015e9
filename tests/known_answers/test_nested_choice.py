"""What choosing flatters, measured without refits, beside nested cross-validation, which chooses and fits anew."""

from __future__ import annotations

import numpy as np
import pytest

from riskstrat.estimators import AgeSex, Split, choose
from riskstrat.incidence import OutcomeArray, outcome_array

HORIZON, ROWS, CANDIDATES, FOLDS, SETS = 365.0, 300, 12, 5, 12
ACCURACY = "prediction_accuracy"


def pairs_of_columns() -> dict[str, AgeSex]:
    """Logistic regressions of two columns each: none of them tells anything of the outcome."""
    return {f"{k}": AgeSex(horizon_days=HORIZON, age=f"x{2 * k}", sex=f"x{2 * k + 1}") for k in range(CANDIDATES)}


def noise(seed: int) -> tuple[np.ndarray, OutcomeArray, np.ndarray]:
    """Rows in families of two, outcomes by chance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, 2 * CANDIDATES)).astype(np.float32)
    y = outcome_array((rng.random(ROWS) < 0.3).astype(int), np.full(ROWS, HORIZON))
    return X, y, np.arange(ROWS) // 2


def split_of(family: np.ndarray, seed: int) -> Split:
    number, row = np.unique(family, return_inverse=True)
    return Split.from_folds((np.random.default_rng(seed).permutation(len(number)) % FOLDS)[row])


def nested_accuracy(X: np.ndarray, y: OutcomeArray, family: np.ndarray, seed: int) -> float:
    """Grouped nested cross-validation: outside each outer fold candidates are compared, and the chosen one fitted."""
    outer, risk = split_of(family, seed), np.empty(ROWS)
    for train, test in zip(outer.train, outer.test, strict=True):
        inner = split_of(family[train], seed + 1)
        found = choose(pairs_of_columns(), X[train], y[train], inner, groups=family[train])
        risk[test] = pairs_of_columns()[found.name].fit(X[train], y[train]).predict_risk(X[test])
    had = y["event"] == 1
    return float(1 - np.mean((risk - had) ** 2) / np.mean((had.mean() - had) ** 2))


@pytest.mark.slow
def test_the_correction_for_choosing_is_what_nested_cross_validation_finds():
    found = []
    for seed in range(SETS):
        X, y, family = noise(seed)
        table = choose(pairs_of_columns(), X, y, split_of(family, seed), groups=family).table
        chosen = table.drop_nulls("accuracy_after_choosing")
        found.append(
            (chosen[ACCURACY].item(), chosen["accuracy_after_choosing"].item(), nested_accuracy(X, y, family, seed))
        )
    flattered, corrected, nested = np.array(found).T
    error = np.std(corrected - nested, ddof=1) / SETS**0.5
    assert abs(np.mean(corrected - nested)) < 2.5 * error
    assert np.mean(flattered - nested) > 4 * np.std(flattered - nested, ddof=1) / SETS**0.5
