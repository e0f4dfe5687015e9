"""What must hold of estimators whatever the order, the unit or the company of the rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from riskstrat.estimators import (
    AgeSex,
    Boosting,
    DiscreteTime,
    FineGray,
    Logistic,
    RiskEstimator,
    Split,
    cross_fit,
    group_folds,
)
from riskstrat.incidence import OutcomeArray, outcome_array

HORIZON = 365.0
KINDS = [
    AgeSex(horizon_days=HORIZON),
    Logistic(horizon_days=HORIZON),
    FineGray(horizon_days=HORIZON),
    DiscreteTime(horizon_days=HORIZON, periods=3),
    Boosting(horizon_days=HORIZON, max_iter=15),
]
SEEDS = st.integers(0, 2**32 - 1)


def named(estimator: RiskEstimator) -> str:
    return type(estimator).__name__


def cohort(seed: int, n: int = 400) -> tuple[pl.DataFrame, OutcomeArray]:
    rng = np.random.default_rng(seed)
    X = pl.DataFrame(
        {
            "person_id": np.arange(n) // 2,
            "age_years": rng.integers(40, 60, n).astype(float),
            "sex_male": rng.integers(0, 2, n),
            "visits": np.where(rng.random(n) < 0.2, None, rng.poisson(2, n)).astype(float),
        }
    ).with_columns(pl.col("visits").fill_nan(None))
    risk = expit(-1.5 + 0.1 * (X["age_years"].to_numpy() - 50) + 0.3 * X["visits"].fill_null(0).to_numpy())
    censored = rng.random(n) < 0.1
    event = np.where(censored, 0, rng.random(n) < risk)
    return X, outcome_array(event, np.where(censored | (event == 1), rng.integers(1, 365, n), 365))


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_permuted_rows_give_permuted_risks(estimator: RiskEstimator, seed: int):
    X, y = cohort(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    risk = estimator.fit(X, y).predict_risk(X)
    np.testing.assert_allclose(estimator.fit(X[order], y[order]).predict_risk(X[order]), risk[order], rtol=1e-4)


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_the_risk_of_a_person_does_not_depend_on_who_else_is_scored(estimator: RiskEstimator, seed: int):
    X, y = cohort(seed)
    model = estimator.fit(X, y)
    together = model.predict_risk(X)
    np.testing.assert_allclose(np.concatenate([model.predict_risk(X[:7]), model.predict_risk(X[7:])]), together)


@pytest.mark.parametrize("estimator", KINDS[:3], ids=named)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_contributions_of_the_training_people_have_mean_nought(estimator: RiskEstimator, seed: int):
    X, y = cohort(seed)
    values, _ = estimator.fit(X, y).contributions(X)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("model", KINDS[1:4], ids=named)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_the_scale_of_case_weights_does_not_matter(model: RiskEstimator, seed: int):
    X, y = cohort(seed)
    weight = np.random.default_rng(seed).uniform(0.5, 2, len(y))
    risk = model.fit(X, y, sample_weight=weight).predict_risk(X)
    np.testing.assert_allclose(model.fit(X, y, sample_weight=10 * weight).predict_risk(X), risk, rtol=1e-5)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_the_unit_of_a_feature_does_not_matter(seed: int):
    X, y = cohort(seed)
    model = Logistic(horizon_days=HORIZON)
    risk = model.fit(X.drop("visits"), y).predict_risk(X.drop("visits"))
    months = X.drop("visits").with_columns(pl.col("age_years") * 10)
    np.testing.assert_allclose(model.fit(months, y).predict_risk(months), risk, rtol=1e-3)


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_out_of_fold_risk_ignores_the_outcomes_of_the_fold(seed: int):
    X, y = cohort(seed)
    folds = group_folds(X["person_id"].to_numpy(), 4, seed)
    flipped = y.copy()
    flipped["event"] = np.where((folds == 0) & (y["event"] < 2), 1 - y["event"], y["event"])
    risk = cross_fit(AgeSex(horizon_days=HORIZON), X, y, Split.from_folds(folds)).risk
    changed = cross_fit(AgeSex(horizon_days=HORIZON), X, flipped, Split.from_folds(folds)).risk
    np.testing.assert_array_equal(changed[folds == 0], risk[folds == 0])
    assert (changed[folds != 0] != risk[folds != 0]).any()
