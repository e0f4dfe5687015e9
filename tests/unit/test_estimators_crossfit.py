"""Cross-fitting keeps people and their families apart, and choice goes by the out-of-fold Brier score."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression

from riskstrat.estimators import (
    AgeSex,
    Boosting,
    Logistic,
    RiskEstimator,
    Split,
    Weighted,
    choose,
    cross_fit,
    group_folds,
)
from riskstrat.incidence import brier, outcome_array, prediction_accuracy

HORIZON = 365.0


class Remember(ClassifierMixin):
    """A classifier that recalls the outcome of whoever it has seen, and says one half of anybody else."""

    def __init__(self) -> None:
        self.seen: dict[float, float] = {}

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002
        return {}

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray) -> Remember:  # noqa: ARG002
        self.classes_ = np.array([False, True])
        self.seen = dict(zip(X[:, 0].tolist(), y.tolist(), strict=True))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        risk = np.array([self.seen.get(key, 0.5) for key in X[:, 0].tolist()])
        return np.column_stack([1 - risk, risk])


def families(n: int = 200) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Pairs of rows that share a family; the feature is the family's number, so that a leak shows as certainty."""
    family = np.arange(n) // 2
    y = outcome_array(np.random.default_rng(0).integers(0, 2, n // 2)[family], np.full(n, HORIZON))
    return pl.DataFrame({"family": family.astype(float)}), y, family


def test_nobody_is_tested_by_a_model_that_was_fitted_to_them():
    X, y, family = families()
    risk = cross_fit(Weighted(Remember(), horizon_days=HORIZON), X, y, Split.from_folds(group_folds(family, 5))).risk
    assert (risk == 0.5).all()


def test_families_split_by_folds_of_areas_are_left_out_of_training():
    X, y, family = families()
    memory = Weighted(Remember(), horizon_days=HORIZON)
    # Of the last twenty families one member lives in each area; the first eighty families live in area 0 or 1 alone.
    areas = np.r_[family[:160] % 2, np.arange(40) % 2]
    assert set(cross_fit(memory, X, y, Split.from_folds(areas)).risk[160:]) == {0.0, 1.0}
    assert (cross_fit(memory, X, y, Split.from_folds(areas, family), groups=family).risk == 0.5).all()


def test_a_familys_rows_share_a_fold_whatever_their_order():
    family = np.repeat(np.arange(50), 3)
    order = np.random.default_rng(1).permutation(150)
    folds = group_folds(family, 5, seed=7)
    np.testing.assert_array_equal(group_folds(family[order], 5, seed=7), folds[order])
    assert pl.DataFrame({"family": family, "fold": folds}).unique().height == 50
    assert np.bincount(folds).tolist() == [30] * 5


def test_others_are_scored_by_the_model_that_never_saw_their_fold():
    rng = np.random.default_rng(2)
    X = pl.DataFrame({"need": rng.normal(size=400)})
    y = outcome_array((rng.random(400) < expit(X["need"].to_numpy())).astype(int), np.full(400, HORIZON))
    fitted = cross_fit(Logistic(horizon_days=HORIZON), X, y, Split.from_folds(np.arange(400) % 4))
    today = pl.DataFrame({"need": [0.3, 0.3, -1.0]})
    expected = [fitted.models[fold].predict_risk(today[row : row + 1])[0] for row, fold in enumerate([2, 0, 3])]
    np.testing.assert_array_equal(fitted.predict_risk(today, [2, 0, 3]), expected)
    np.testing.assert_array_equal(fitted.predict_risk(X, fitted.folds), fitted.risk)


def test_the_choice_is_the_smallest_out_of_fold_brier_score():
    rng = np.random.default_rng(3)
    n = 2000
    X = pl.DataFrame({"age_years": rng.integers(40, 60, n), "visits": rng.poisson(1, n)})
    risk = expit(-3 + 1.2 * X["visits"].to_numpy())
    y = outcome_array((rng.random(n) < risk).astype(int), np.full(n, HORIZON))
    split = Split.from_folds(group_folds(np.arange(n), 5))
    candidates = {
        "overfitted": Weighted(LogisticRegression(C=1e-6), horizon_days=HORIZON),
        "all": Logistic(horizon_days=HORIZON),
        "age_sex": AgeSex(horizon_days=HORIZON),
    }
    choice = choose(candidates, X, y, split)
    assert choice.name == "all"
    assert choice.table["name"].to_list() == list(candidates)
    row = choice.table.filter(name="all").row(0, named=True)
    assert row["brier"] == pytest.approx(brier(y, choice.risks["all"], HORIZON))
    assert row["prediction_accuracy"] == pytest.approx(prediction_accuracy(y, choice.risks["all"], HORIZON))


def slope(y: np.ndarray, log_odds: np.ndarray) -> float:
    model = LogisticRegression(C=1e10, tol=1e-8).fit(log_odds[:, None], y)
    return float(model.coef_[0, 0])


@pytest.mark.parametrize(
    ("share", "people", "estimator"),
    [
        (0.025, 10_000, Logistic(horizon_days=HORIZON)),
        pytest.param(0.010, 25_000, Logistic(horizon_days=HORIZON), marks=pytest.mark.slow),
        (0.200, 10_000, Logistic(horizon_days=HORIZON)),
        pytest.param(0.025, 10_000, Boosting(horizon_days=HORIZON), marks=pytest.mark.slow),
        (0.200, 5_000, Boosting(horizon_days=HORIZON)),
    ],
    ids=["logistic 2.5 %", "logistic 1 %", "logistic 20 %", "boosting 2.5 %", "boosting 20 %"],
)
def test_out_of_fold_risks_of_rare_outcomes_are_not_over_confident(share: float, people: int, estimator: RiskEstimator):
    # Thirty features of which eight matter; without a ridge the mean slopes at 2.5 and 1 % are .74 and .73.
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(people, 30)).astype(np.float32)
        odds = logit(share) - 0.25 + X[:, :8] @ np.array([0.4, 0.3, 0.3, 0.2, 0.2, 0.2, 0.1, 0.1])
        event = rng.random(people) < expit(odds)
        y = outcome_array(event.astype(int), np.full(people, HORIZON))
        risk = cross_fit(estimator, X, y, Split.from_folds(group_folds(np.arange(people), 5, seed))).risk
        found.append(slope(event, logit(risk)))
    assert 0.88 < np.mean(found) < 1.12
