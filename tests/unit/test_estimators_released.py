"""What leaves of a fitted estimator."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from riskstrat.estimators import AgeSex, Boosting, Cox, FineGray, FitRows, Logistic, RiskEstimator, Weighted
from riskstrat.estimators.released import FEWEST_EVENTS, FEWEST_PERSONS, RELEASED, released
from riskstrat.incidence import outcome_array

N, HORIZON = 4_000, 365.0


@pytest.fixture(scope="module")
def rows() -> FitRows:
    rng = np.random.default_rng(3)
    visits = rng.poisson(2, N).astype(float)
    visits[0] = 977.0
    X = pl.DataFrame(
        {
            "person_id": np.arange(N) // 2,
            "age_years": rng.integers(40, 60, N).astype(float),
            "sex_male": rng.integers(0, 2, N).astype(float),
            "visits": np.where(rng.random(N) < 0.1, np.nan, visits),
            "rare": (np.arange(N) < FEWEST_PERSONS).astype(float),
        }
    ).with_columns(pl.col("visits").fill_nan(None))
    hazard = np.exp(-8 + 0.05 * X["age_years"].to_numpy() + 0.2 * np.minimum(visits, 10))
    time, death = rng.exponential(1 / hazard), rng.exponential(4_000, N)
    days = np.minimum(np.minimum(time, death), rng.uniform(200, 1_200, N)).round() + 1
    event = np.where(time <= days, 1, np.where(death <= days, 2, 0))
    y = outcome_array(event, days)
    return FitRows(X=X, outcome=y, sample_weight=np.ones(N), strata=np.zeros(N))


def models() -> list[RiskEstimator]:
    return [
        AgeSex(horizon_days=HORIZON),
        Logistic(horizon_days=HORIZON),
        Boosting(horizon_days=HORIZON, max_iter=40, folds=0, min_samples_leaf=20),
        Cox(horizon_days=HORIZON, penalty=1.0),
        FineGray(horizon_days=HORIZON, penalty=1.0),
    ]


def test_every_kind_that_is_released_is_tested():
    assert {type(model) for model in models()} == set(RELEASED)


@pytest.mark.parametrize("model", models(), ids=lambda model: type(model).__name__)
def test_risks_stay_and_contributions_close(rows: FitRows, model: RiskEstimator):
    fitted = rows.fitted(model)
    told = released(fitted, rows)
    common = rows.X.filter(pl.col("visits").fill_null(0) < 7, pl.col("rare") == 0)
    np.testing.assert_allclose(told.predict_risk(common), fitted.predict_risk(common), rtol=0.01)
    values, baseline = told.contributions(common)
    np.testing.assert_allclose(told.link.inverse(baseline + values.sum(axis=1)), told.predict_risk(common), rtol=1e-6)


@pytest.mark.parametrize("model", models()[1:], ids=lambda model: type(model).__name__)
def test_a_value_that_one_person_has_is_nowhere(rows: FitRows, model: RiskEstimator):
    told = released(rows.fitted(model), rows)
    one, many = rows.X.head(1), rows.X.head(1).with_columns(visits=pl.lit(100.0))
    assert told.predict_risk(one) == told.predict_risk(many)
    assert not re.search(r"\b977", repr(vars(told)))


@pytest.mark.parametrize("model", [models()[1], *models()[3:]], ids=lambda model: type(model).__name__)
def test_a_level_of_too_few_persons_says_nothing(rows: FitRows, model: RiskEstimator):
    """20 rows are of 10 persons here."""
    told = released(rows.fitted(model), rows)
    rare = rows.X.tail(10)
    assert np.array_equal(told.predict_risk(rare), told.predict_risk(rare.with_columns(rare=pl.lit(1.0))))


def test_a_level_in_which_all_had_the_outcome_says_nothing(rows: FitRows):
    had = (rows.outcome["event"] == 1) & (rows.outcome["duration_days"] <= HORIZON)
    everybody = replace(rows, X=rows.X.with_columns(rare=pl.Series(had & (np.arange(N) % 3 == 0)).cast(float)))
    told = released(everybody.fitted(Logistic(horizon_days=HORIZON)), everybody)
    some = rows.X.tail(10)
    assert np.array_equal(*(told.predict_risk(some.with_columns(rare=pl.lit(each))) for each in (0.0, 1.0)))


@pytest.mark.parametrize("kind", [Cox, FineGray])
def test_hazards_step_over_enough_events(rows: FitRows, kind: type[Cox] | type[FineGray]):
    told = released(rows.fitted(kind(horizon_days=HORIZON, penalty=1.0)), rows)
    days = told.hazards_.days[told.hazards_.hazard[0] > 0] if isinstance(told, Cox) else told.baseline_days_
    happened = rows.outcome["duration_days"][rows.outcome["event"] == 1]
    counts = np.histogram(happened, [0, *days])[0]
    assert HORIZON in days
    assert (counts >= FEWEST_EVENTS).all()
    assert not set(days) & set(happened) - {HORIZON}


def test_leaves_hold_enough_with_and_without_the_outcome():
    """A cell of 30 rows without one outcome is a leaf of its own before, and not after."""
    x = np.repeat([0.0, 1.0], [570, 30])
    event = np.where(x == 0, np.arange(600) % 3 == 0, 0)
    rows = FitRows(
        X=pl.DataFrame({"person_id": range(600), "x": x, "z": np.arange(600) % 2.0}),
        outcome=outcome_array(event.astype(int), [HORIZON] * 600),
        sample_weight=np.ones(600),
        strata=np.zeros(600),
    )
    fitted = rows.fitted(Boosting(horizon_days=HORIZON, max_iter=5, folds=0, min_samples_leaf=20, l2_regularization=0))
    told = released(fitted, rows)
    ones = rows.X.tail(2)
    assert (fitted.predict_risk(ones) < 0.8 * fitted.predict_risk(ones.with_columns(x=pl.lit(0.0)))).all()
    assert np.array_equal(told.predict_risk(ones), told.predict_risk(ones.with_columns(x=pl.lit(0.0))))


@pytest.mark.parametrize("values", [[2.0], [1.0, 2.0, 3.0]], ids=["nothing but missing tells", "values tell too"])
def test_splits_between_missing_and_observed_stay(values: list[float]):
    rng = np.random.default_rng(5)
    x = np.where(np.arange(N) % 2 == 0, rng.choice(values, N), np.nan)
    event = rng.random(N) < np.where(np.isnan(x), 0.4, 0.05 * np.nan_to_num(x))
    rows = FitRows(
        X=pl.DataFrame({"person_id": range(N), "x": x, "z": rng.integers(0, 2, N) * 1.0}).with_columns(
            pl.col("x").fill_nan(None)
        ),
        outcome=outcome_array(event.astype(int), [HORIZON] * N),
        sample_weight=np.ones(N),
        strata=np.zeros(N),
    )
    fitted = rows.fitted(Boosting(horizon_days=HORIZON, max_iter=10, folds=0, min_samples_leaf=20))
    splits = np.concatenate([tree.nodes["num_threshold"] for (tree,) in fitted.model_._predictors])
    assert np.isinf(splits).any()
    told = released(fitted, rows)
    np.testing.assert_allclose(told.predict_risk(rows.X), fitted.predict_risk(rows.X), rtol=0.01)
    contributions, baseline = told.contributions(rows.X)
    np.testing.assert_allclose(
        told.link.inverse(baseline + contributions.sum(axis=1)), told.predict_risk(rows.X), rtol=1e-6
    )


def test_other_kinds_are_given_as_they_are(rows: FitRows):
    from sklearn.tree import DecisionTreeClassifier

    fitted = rows.fitted(Weighted(DecisionTreeClassifier(max_depth=2), horizon_days=HORIZON))
    assert released(fitted, rows) is fitted
