"""What a user of an estimator notices: risks, contributions, columns, weights, and scikit-learn's customs."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from riskstrat.estimators import (
    AgeSex,
    Boosting,
    DiscreteTime,
    FineGray,
    Logistic,
    RiskEstimator,
    Weighted,
    assessment_weights,
)
from riskstrat.incidence import OutcomeArray, brier, cumulative_incidence, outcome_array

T = TypeVar("T")
HORIZON = 1826.0
LINEAR = [AgeSex(horizon_days=HORIZON), Logistic(horizon_days=HORIZON)]
QUICK_BOOSTING = Boosting(horizon_days=HORIZON, max_iter=40, folds=0)
OF_TIME = [FineGray(horizon_days=HORIZON), DiscreteTime(horizon_days=HORIZON)]
"""Models of when the outcome happens."""

EXPLAINED = [*LINEAR, QUICK_BOOSTING, *OF_TIME]
ALL = [*EXPLAINED, Weighted(make_pipeline(SimpleImputer(), LogisticRegression()), horizon_days=HORIZON)]


def named(estimator: RiskEstimator) -> str:
    return type(estimator).__name__


def invented(n: int = 3000, seed: int = 0) -> tuple[pl.DataFrame, OutcomeArray, npt.NDArray[np.float64]]:
    """People with missing values, a constant and an empty column; deaths and losses beside the outcome; true risks."""
    rng = np.random.default_rng(seed)
    age, male = rng.integers(40, 60, n), rng.integers(0, 2, n)
    visits, systolic = rng.poisson(1.5 * rng.gamma(1, 1, n)), rng.normal(130, 15, n)
    hazard = np.exp(-4.2 + 0.06 * (age - 50) + 0.5 * male + 0.5 * np.log1p(visits) + 0.02 * (systolic - 130)) / 365.25
    outcome, death, loss = rng.exponential(1 / hazard), rng.exponential(36525, n), rng.exponential(14610, n)
    end = np.minimum(np.minimum(outcome, death), np.minimum(loss, HORIZON))
    event = np.select([end == outcome, end == death], [1, 2], 0)
    total = hazard + 1 / 36525
    X = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "age_years": age,
            "sex_male": male,
            "visits": visits,
            "systolic": np.where(rng.random(n) < 0.3, None, systolic).astype(float),
            "always_one": np.ones(n),
            "never_observed": np.full(n, np.nan),
        }
    )
    X = X.with_columns(pl.exclude("person_id").cast(pl.Float32).fill_nan(None))
    return X, outcome_array(event, end), hazard / total * -np.expm1(-total * HORIZON)


@pytest.fixture(scope="module")
def people() -> tuple[pl.DataFrame, OutcomeArray]:
    X, y, _ = invented()
    return X, y


@pytest.fixture(autouse=True)
def weights_requested():
    with sklearn.config_context(enable_metadata_routing=True):
        ALL[-1].classifier[-1].set_fit_request(sample_weight=True)


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_mean_risk_is_the_cumulative_incidence(estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    risk = clone(estimator).fit(X, y).predict_risk(X)
    assert risk.shape == (len(y),)
    assert ((risk >= 0) & (risk <= 1)).all()
    assert risk.mean() == pytest.approx(cumulative_incidence(y, HORIZON)["estimate"][0], rel=0.03)


@pytest.mark.parametrize("estimator", [LINEAR[1], Boosting(horizon_days=HORIZON), *OF_TIME], ids=named)
def test_the_true_risk_is_found_through_deaths_and_losses(estimator: RiskEstimator):
    X, y, truth = invented(20_000, seed=1)
    error = logit(clone(estimator).fit(X, y).predict_risk(X)) - logit(truth)
    observed = X["systolic"].is_not_null().to_numpy()
    assert abs(error[observed].mean()) < 0.06
    assert error[observed].std() < 0.2


@pytest.mark.parametrize("estimator", EXPLAINED, ids=named)
def test_contributions_add_up_on_the_link(estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    model = clone(estimator).fit(X, y)
    values, baseline = model.contributions(X)
    assert values.shape == (len(y), len(model.features_))
    linked = model.link.link(model.predict_risk(X))
    np.testing.assert_allclose(baseline + values.sum(axis=1), linked, rtol=0, atol=1e-6)
    if hasattr(model, "decision_function"):
        np.testing.assert_allclose(model.decision_function(X), linked, rtol=0, atol=1e-9)


@pytest.mark.parametrize("estimator", [LINEAR[1], OF_TIME[0]], ids=named)
def test_a_linear_contribution_is_coefficient_times_distance_from_the_mean(estimator: RiskEstimator):
    X, y, _ = invented()
    X = X.select("age_years", "sex_male").with_columns(age_years=(pl.col("age_years") > 50).cast(pl.Float32))
    model = clone(estimator).fit(X, y)
    values, _ = model.contributions(X)
    for column, row in enumerate(model.coefficients_.rows(named=True)):
        x = X[row["feature"]].to_numpy().astype(float)
        np.testing.assert_allclose(values[:, column], row["coefficient"] * (x - x.mean()), atol=1e-9)


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_constant_and_empty_columns_are_dropped_and_listed(
    estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]
):
    model = clone(estimator).fit(*people)
    if isinstance(estimator, AgeSex):
        assert (model.features_, model.dropped_) == (("age_years", "sex_male"), ())
    else:
        assert model.features_ == ("age_years", "sex_male", "visits", "systolic")
        assert model.dropped_ == ("always_one", "never_observed")


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_polars_pandas_and_numpy_give_the_same_risks(
    estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]
):
    X, y = people
    model = clone(estimator).fit(X, y)
    risk = model.predict_risk(X)
    frame = pd.DataFrame({name: X[name].to_numpy() for name in X.columns})
    np.testing.assert_array_equal(model.predict_risk(frame), risk)
    np.testing.assert_array_equal(clone(estimator).fit(frame, y).predict_risk(X), risk)
    named_columns = [str(name) for name in model.feature_names_in_]
    np.testing.assert_array_equal(model.predict_risk(X.select(named_columns).to_numpy()), risk)


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_columns_are_found_by_name_not_by_place(estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    model = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(model.predict_risk(X.select(X.columns[::-1])), model.predict_risk(X))


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_rows_without_weight_do_not_exist(estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    counted = np.arange(len(y)) % 3 > 0
    # Left in with weight 0 they may hold anything: lost on the first day, say, with absurd features.
    spoilt = X.with_columns(visits=pl.when(pl.Series(counted)).then("visits").otherwise(1e6))
    lost = outcome_array(np.where(counted, y["event"], 0), np.where(counted, y["duration_days"], 1))
    weighted = clone(estimator).fit(spoilt, lost, sample_weight=counted.astype(float))
    alone = clone(estimator).fit(X.filter(counted), y[counted])
    np.testing.assert_allclose(weighted.predict_risk(X), alone.predict_risk(X), rtol=1e-6)


@pytest.mark.parametrize("estimator", LINEAR, ids=named)
def test_censoring_is_undone_within_strata(estimator: RiskEstimator):
    # Two landmarks with the same risk; the later one loses two thirds before the horizon and would look safer.
    rng = np.random.default_rng(3)
    n = 40_000
    late = np.arange(n) % 2
    event_day, loss_day = rng.exponential(9000, n), np.where(late == 1, rng.exponential(1700, n), 1e9)
    end = np.minimum(np.minimum(event_day, loss_day), HORIZON)
    y = outcome_array((end == event_day).astype(int), end)
    X = pl.DataFrame({"age_years": rng.integers(40, 60, n), "sex_male": late.astype(float)})
    by_stratum = clone(estimator).fit(X, y, strata=late).predict_risk(X)
    truth = -np.expm1(-HORIZON / 9000)
    assert by_stratum[late == 1].mean() == pytest.approx(truth, abs=0.01)
    assert by_stratum[late == 0].mean() == pytest.approx(truth, abs=0.01)
    assert abs(clone(estimator).fit(X, y).predict_risk(X)[late == 1].mean() - truth) > 0.03


@pytest.mark.parametrize("estimator", ALL, ids=named)
def test_score_is_minus_the_brier_score(estimator: RiskEstimator, people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    model = clone(estimator).fit(X, y)
    assert model.score(X, y) == pytest.approx(-brier(y, model.predict_risk(X), HORIZON))
    np.testing.assert_array_equal(model.predict(X), model.predict_risk(X))


@pytest.mark.parametrize(
    ("estimator", "weaker", "stronger"),
    [
        (Logistic(horizon_days=HORIZON), {"ridge": 1.0}, {"ridge": 1e5}),
        (FineGray(horizon_days=HORIZON), {"penalty": 1.0}, {"penalty": 1e5}),
        (
            DiscreteTime(LogisticRegression(), horizon_days=HORIZON, periods=3),
            {"classifier__C": 1.0},
            {"classifier__C": 1e-5},
        ),
    ],
    ids=lambda value: named(value) if isinstance(value, RiskEstimator) else "",
)
def test_estimators_are_cloned_and_searched_as_scikit_learn_does(
    estimator: RiskEstimator,
    weaker: dict[str, float],
    stronger: dict[str, float],
    people: tuple[pl.DataFrame, OutcomeArray],
):
    X, y = people
    matrix = X.select("age_years", "visits").to_numpy()
    grid = {name: [value, stronger[name]] for name, value in weaker.items()}
    search = GridSearchCV(make_pipeline(SimpleImputer(), estimator), on_last_step(estimator, grid), cv=3).fit(matrix, y)
    assert search.best_params_ == on_last_step(estimator, weaker)
    assert repr(clone(search.best_estimator_)) == repr(search.best_estimator_)
    with pytest.raises(NotFittedError):
        clone(search.best_estimator_[-1]).predict_risk(matrix)


def on_last_step(estimator: RiskEstimator, parameters: dict[str, T]) -> dict[str, T]:
    return {f"{named(estimator).lower()}__{name}": value for name, value in parameters.items()}


def test_logistic_finds_the_coefficients_of_the_truth():
    rng = np.random.default_rng(5)
    X = pl.DataFrame({"age_years": rng.normal(50, 6, 40_000), "sex_male": rng.integers(0, 2, 40_000)})
    risk = expit(-2 + 0.08 * (X["age_years"] - 50) + 0.7 * X["sex_male"]).to_numpy()
    y = outcome_array((rng.random(40_000) < risk).astype(int), np.full(40_000, HORIZON))
    male = Logistic(horizon_days=HORIZON).fit(X, y).coefficients_.filter(feature="sex_male").row(0, named=True)
    assert male["coefficient"] == pytest.approx(0.7, abs=3 * male["standard_error"])
    unpenalised = LogisticRegression(C=1e10).fit(X.to_numpy(), y["event"])
    assert male["coefficient"] == pytest.approx(unpenalised.coef_[0, 1], abs=0.02)


def test_a_fixed_ridge_gives_scikit_learns_coefficients():
    X, y, _ = invented(2000)
    flags = pl.DataFrame({"a": X["sex_male"], "b": (X["visits"] > 2).cast(pl.Float32)})
    followed = outcome_array((y["event"] == 1).astype(int), np.full(len(y), HORIZON))
    ours = Logistic(horizon_days=HORIZON, ridge=3.0).fit(flags, followed)
    matrix = flags.to_numpy().astype(float)
    z = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    theirs = LogisticRegression(C=1 / 3, tol=1e-10, max_iter=1000).fit(z, followed["event"])
    np.testing.assert_allclose(ours.coef_ * matrix.std(axis=0), theirs.coef_[0], rtol=1e-4)
    assert ours.intercept_ == pytest.approx(theirs.intercept_[0], rel=1e-4)


def test_age_enters_as_a_spline_and_skewed_counts_as_logarithms(people: tuple[pl.DataFrame, OutcomeArray]):
    model = Logistic(horizon_days=HORIZON).fit(*people)
    assert model.coefficients_["feature"].to_list() == [
        "age_years",
        "age_years: spline 2",
        "age_years: spline 3",
        "sex_male",
        "log(1 + visits)",
        "systolic",
        "systolic: not observed",
    ]


def test_age_and_sex_model_has_their_product_and_looks_at_nothing_else(people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    model = AgeSex(horizon_days=HORIZON).fit(X, y)
    assert model.coefficients_["feature"][-1] == "age_years x sex_male"
    np.testing.assert_array_equal(model.predict_risk(X.select("sex_male", "age_years")), model.predict_risk(X))


def test_a_missing_value_is_the_median_plus_its_own_effect():
    X, y, _ = invented()
    filled = X.with_columns(pl.col("systolic").fill_null(130.0))
    model = Logistic(horizon_days=HORIZON).fit(X, y)
    effect = model.coefficients_.filter(feature="systolic: not observed")["coefficient"].item()
    unseen = X["systolic"].is_null().to_numpy()
    difference = model.decision_function(X)[unseen] - model.decision_function(filled)[unseen]
    np.testing.assert_allclose(difference, effect, atol=1e-6)


def test_what_no_training_row_had_is_read_as_the_nearest_that_one_had():
    rng = np.random.default_rng(3)
    years = rng.choice([8.25, 13.25], 4_000)
    y = outcome_array(rng.random(4_000) < np.where(years > 10, 0.3, 0.2), np.full(4_000, HORIZON))
    model = Logistic(horizon_days=HORIZON).fit(pl.DataFrame({"x__observed_years": years}), y)
    before, first, last, later = model.predict_risk(pl.DataFrame({"x__observed_years": [0.0, 8.2, 13.3, 19.0]}))
    assert before == first < last == later


def test_knots_and_fill_values_are_rounded():
    X, y, _ = invented()
    model = Logistic(horizon_days=HORIZON).fit(X.with_columns(pl.col("systolic") + 0.123456), y)
    numbers = [number for term in model.terms_ for number in (*term.fill, *term.parameters)]
    assert numbers
    assert all(float(f"{number:.3g}") == number for number in numbers)


def test_boosting_leaves_hold_enough_people(people: tuple[pl.DataFrame, OutcomeArray]):
    model = clone(QUICK_BOOSTING).fit(*people)
    nodes = np.concatenate([tree.nodes for (tree,) in model.model_._predictors])
    assert nodes["count"][nodes["is_leaf"] == 1].min() >= 20


def test_boosting_stops_before_noise_is_learned():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(4000, 10))
    y = outcome_array((rng.random(4000) < 0.05).astype(int), np.full(4000, HORIZON))
    model = Boosting(horizon_days=HORIZON).fit(X, y)
    assert model.iterations_ <= 10
    assert model.predict_risk(X).std() < 0.02


def test_weighted_fits_any_classifier_and_never_changes_it(people: tuple[pl.DataFrame, OutcomeArray]):
    X, y = people
    classifier = DummyClassifier(strategy="prior")
    model = Weighted(classifier, horizon_days=HORIZON).fit(X, y)
    assert model.predict_risk(X)[0] == pytest.approx(cumulative_incidence(y, HORIZON)["estimate"][0], rel=1e-3)
    assert not hasattr(classifier, "classes_")


def test_assessment_weights_rebuild_the_whole_from_the_assessed():
    rng = np.random.default_rng(4)
    need, n = rng.normal(size=20_000), 20_000
    assessed = rng.random(n) < expit(0.5 - need)
    weights = assessment_weights(pl.DataFrame({"need": need}), assessed)
    assert (weights[~assessed] == 0).all()
    assert weights.sum() == pytest.approx(n, rel=0.02)
    assert need[assessed].mean() < -0.3
    assert abs(np.average(need, weights=weights)) < 0.03


def test_where_everybody_was_assessed_everybody_counts_once():
    assert assessment_weights(np.zeros((50, 1)), np.ones(50, dtype=bool)).tolist() == [1.0] * 50


class ThreadsCounted(LogisticRegression):  # type: ignore[misc]
    """A classifier that remembers how many threads it might have used."""

    def fit(self, X: object, y: object, sample_weight: object = None) -> ThreadsCounted:
        self.threads_ = max(library["num_threads"] for library in threadpool_info())
        return super().fit(X, y, sample_weight)


def test_a_fit_uses_one_thread_and_gives_back_what_the_user_allowed():
    X, y = np.random.default_rng(0).normal(size=(1000, 3)), [0, 1] * 500
    with threadpool_limits(limits=4):
        model = Weighted(ThreadsCounted(), horizon_days=HORIZON).fit(X, y)
        assert max(library["num_threads"] for library in threadpool_info()) == 4
    assert model.classifier_.threads_ == 1
