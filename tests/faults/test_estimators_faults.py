"""What estimators refuse, and how they say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.estimators import (
    AgeSex,
    Boosting,
    Cox,
    DiscreteTime,
    FineGray,
    Logistic,
    RiskEstimator,
    Split,
    Weighted,
    assessment_weights,
    choose,
    cross_fit,
    group_folds,
)
from riskstrat.incidence import outcome_array

N = 200
X = pl.DataFrame({"age_years": np.arange(N) % 20 + 40.0, "sex_male": np.arange(N) % 2})
Y = outcome_array(np.arange(N) % 3 == 0, np.full(N, 365.0))
SPLIT = Split.from_folds(np.arange(N) % 5)
OF_TIME = [Cox(horizon_days=365), FineGray(horizon_days=365), DiscreteTime(horizon_days=365, periods=[200, 365])]
KINDS = [
    AgeSex(horizon_days=365),
    Logistic(horizon_days=365),
    Boosting(horizon_days=365, folds=0, max_iter=5),
    Weighted(DecisionTreeClassifier(max_depth=3, random_state=0), horizon_days=365),
    *OF_TIME,
]


def named(estimator: RiskEstimator) -> str:
    return type(estimator).__name__


@pytest.mark.parametrize("estimator", KINDS[1:], ids=named)
def test_missing_and_unexpected_columns_are_listed_together(estimator: RiskEstimator):
    model = estimator.fit(X, Y)
    with pytest.raises(ContractError) as caught:
        model.predict_risk(X.rename({"age_years": "age"}).with_columns(bmi=20.0))
    assert "missing columns: age_years" in str(caught.value)
    assert "unexpected columns: age, bmi" in str(caught.value)


def test_an_array_of_another_width_is_refused():
    with pytest.raises(ContractError, match="X has 1 features, but Logistic is expecting 2"):
        Logistic(horizon_days=365).fit(X, Y).predict_risk(X.select("age_years").to_numpy())


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@pytest.mark.parametrize(
    ("events", "part"),
    [
        (0, "fewer than 10 index dates with the outcome"),
        (9, "fewer than 10 index dates with the outcome"),
        (195, "fewer than 10 index dates without the outcome"),
    ],
)
def test_too_few_outcomes_are_refused_without_their_number(estimator: RiskEstimator, events: int, part: str):
    with pytest.raises(DesignError, match=part):
        estimator.fit(X, outcome_array(np.arange(N) < events, np.full(N, 365.0)))


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@pytest.mark.parametrize(
    ("y", "part"),
    [
        (Y[:-1], "200 rows of features and 199 outcomes"),
        (np.full(N, 3.0), "without event and duration_days"),
        (np.array([(1, np.nan)] * N, dtype=Y.dtype), "200 missing or infinite"),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(estimator: RiskEstimator, y: np.ndarray, part: str):
    with pytest.raises(ContractError, match=part):
        estimator.fit(X, y)


EVERY_KIND = pytest.mark.parametrize("estimator", KINDS[1:], ids=named)


@EVERY_KIND
def test_doubled_columns_at_predict_time_are_refused(estimator: RiskEstimator):
    doubled = pd.DataFrame(np.ones((3, 3)), columns=["age_years", "sex_male", "sex_male"])
    with pytest.raises(ContractError, match=r"X\.sex_male: 2 columns of that name"):
        estimator.fit(X, Y).predict_risk(doubled)


@EVERY_KIND
def test_a_value_that_the_fit_has_not_seen_is_read_as_the_nearest_or_as_not_observed(estimator: RiskEstimator):
    model = estimator.fit(X, Y)
    unseen = pl.DataFrame({"age_years": [40.0, 400.0, None], "sex_male": [0.0, 7.0, None]})
    risk = model.predict_risk(unseen)
    assert ((risk >= 0) & (risk <= 1)).all()


@EVERY_KIND
def test_columns_may_come_in_another_order_and_as_pandas_polars_or_numpy(estimator: RiskEstimator):
    model = clone(estimator).fit(X, Y)
    risk = model.predict_risk(X)
    np.testing.assert_array_equal(model.predict_risk(X.select("sex_male", "age_years")), risk)
    np.testing.assert_array_equal(model.predict_risk(X.to_pandas()[["sex_male", "age_years"]]), risk)
    of_pandas = clone(estimator).fit(X.to_pandas(), Y)
    np.testing.assert_array_equal(of_pandas.predict_risk(X.to_pandas()), risk)
    names = {"age": "x0"} if "age" in estimator.get_params() else {}
    of_numpy = clone(estimator).set_params(**names).fit(X.to_numpy(), Y)
    np.testing.assert_array_equal(of_numpy.predict_risk(X.to_numpy()), risk)


@EVERY_KIND
def test_constant_and_unobserved_columns_beside_others_are_dropped_and_listed(estimator: RiskEstimator):
    more = X.with_columns(one=pl.lit(1.0), none=pl.lit(None, pl.Float32))
    model = clone(estimator).fit(more, Y)
    assert model.dropped_ == ("one", "none")
    np.testing.assert_array_equal(model.predict_risk(more), clone(estimator).fit(X, Y).predict_risk(X))


@EVERY_KIND
def test_infinite_values_are_refused(estimator: RiskEstimator):
    infinite, model = X.with_columns(age_years=pl.lit(-np.inf)), clone(estimator).fit(X, Y)
    for call in (lambda: clone(estimator).fit(infinite, Y), lambda: model.predict_risk(infinite)):
        with pytest.raises(ContractError, match=r"X\.age_years: infinite values"):
            call()


@EVERY_KIND
def test_a_row_of_weight_nought_says_nothing(estimator: RiskEstimator):
    weight = (np.arange(N) < 160).astype(float)
    other = np.array(list(zip(np.where(weight > 0, Y["event"], 1), Y["duration_days"], strict=True)), dtype=Y.dtype)
    same, moved = (clone(estimator).fit(X, y, sample_weight=weight).predict_risk(X) for y in (Y, other))
    np.testing.assert_allclose(moved, same, rtol=1e-9)


@EVERY_KIND
def test_nobody_followed_to_the_horizon_is_a_design_error(estimator: RiskEstimator):
    late = {"horizon_days": 800, **({"periods": 2} if "periods" in estimator.get_params() else {})}
    with pytest.raises(DesignError, match=r"followed to the horizon|without the outcome|known status|covered"):
        clone(estimator).set_params(**late).fit(X, Y)


@EVERY_KIND
@pytest.mark.parametrize("duration", [0.0, -3.0])
def test_durations_of_nought_or_less_are_refused_by_every_model(estimator: RiskEstimator, duration: float):
    durations = np.where(np.arange(N) < 7, duration, Y["duration_days"])
    y = np.array(list(zip(Y["event"], durations, strict=True)), dtype=Y.dtype)
    with pytest.raises(ContractError, match="7 values of 0 or less"):
        estimator.fit(X, y)


@EVERY_KIND
def test_times_that_differ_by_rounding_only_are_tied(estimator: RiskEstimator):
    days = np.where(np.arange(N) % 3 == 0, 100.0 + np.arange(N) // 40, 365.0)
    random = np.random.default_rng(0).uniform(-1e-10, 1e-10, N) * (days < 365)
    exact, rounded = (
        clone(estimator).fit(X, outcome_array(np.arange(N) % 3 == 0, given)).predict_risk(X)
        for given in (days, days + random)
    )
    np.testing.assert_allclose(rounded, exact, rtol=1e-9)


@EVERY_KIND
def test_a_stratum_without_outcomes_is_no_trouble(estimator: RiskEstimator):
    stratum = np.arange(N) // 50
    y = Y.copy()
    y["event"][stratum == 3] = 0
    risk = clone(estimator).fit(X, y, strata=stratum).predict_risk(X)
    assert ((risk > 0) & (risk < 1)).all()


@pytest.mark.parametrize(
    ("features", "part"),
    [
        (X.with_columns(area_id=pl.lit("A"), name=pl.lit("B")), r"(?s)X.area_id: String.*X.name: String"),
        (X.with_columns(bmi=pl.lit(np.inf)), "X.bmi: infinite values"),
        (pd.DataFrame({"area_id": ["A"] * N}), "not numbers"),
        (pd.DataFrame({"age": ["40"] * N}), r"X\.age: object, not numbers"),
        (pd.DataFrame({"band": pd.Categorical([40] * N)}), r"X\.band: category, not numbers"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-01"] * N)}), r"X\.day: datetime64\[ns\], not numbers"),
        (pd.DataFrame({"wait": pd.to_timedelta([1] * N)}), r"X\.wait: timedelta64\[ns\], not numbers"),
        (pd.DataFrame({"z": [1j] * N, "name": "A"}), r"(?s)X\.z: complex128, not numbers.*X\.name: object"),
        (pd.DataFrame([[1.0, 2.0]] * N, columns=["age", "age"]), r"X\.age: 2 columns of that name"),
        (np.full((N, 1), "40"), "an array of <U2"),
        (np.full((N, 1), np.datetime64("2020-01-01")), r"an array of datetime64\[D\]"),
        (np.zeros(N), "1 dimension"),
    ],
)
def test_features_that_are_no_numbers_are_refused(features: object, part: str):
    with pytest.raises(ContractError, match=part):
        Logistic(horizon_days=365).fit(features, Y)


@pytest.mark.parametrize("estimator", KINDS[1:], ids=named)
def test_nothing_informative_is_a_design_error(estimator: RiskEstimator):
    with pytest.raises(DesignError, match="no informative column among 2"):
        estimator.fit(pl.DataFrame({"one": [1.0] * N, "none": [None] * N}, schema_overrides={"none": pl.Float32}), Y)


def test_age_and_sex_must_be_somewhere():
    with pytest.raises(ContractError, match="neither age_years nor sex_male among 1 column"):
        AgeSex(horizon_days=365).fit(X.select(bmi="age_years"), Y)


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@pytest.mark.parametrize("horizon", [0, -1, np.nan])
def test_the_horizon_must_be_days(estimator: RiskEstimator, horizon: float):
    with pytest.raises(ContractError, match="horizon"):
        clone(estimator).set_params(horizon_days=horizon).fit(X, Y)


@pytest.mark.parametrize("estimator", KINDS, ids=named)
@pytest.mark.parametrize("weight", [np.ones(N - 1), -np.ones(N), np.full(N, np.nan), np.zeros(N)])
def test_case_weights_are_checked(estimator: RiskEstimator, weight: np.ndarray):
    with pytest.raises(ContractError, match="weights"):
        estimator.fit(X, Y, sample_weight=weight)


@pytest.mark.parametrize("estimator", OF_TIME, ids=named)
@pytest.mark.parametrize(
    ("durations", "error", "part"),
    [
        (np.where(np.arange(N) < 7, 0.0, 365.0), ContractError, "7 values of 0 or less"),
        (np.where(np.arange(N) < 7, -3.0, 365.0), ContractError, "7 values of 0 or less"),
        (np.full(N, 300.0), DesignError, "nobody followed to the horizon"),
    ],
)
def test_durations_that_cannot_carry_a_model_of_time_are_refused(
    estimator: RiskEstimator, durations: np.ndarray, error: type[Exception], part: str
):
    y = np.array(list(zip(Y["event"], durations, strict=True)), dtype=Y.dtype)
    with pytest.raises(error, match=part):
        estimator.fit(X, y)


@pytest.mark.parametrize("estimator", OF_TIME, ids=named)
def test_an_event_beyond_the_outcome_and_the_competing_one_is_refused(estimator: RiskEstimator):
    with pytest.raises(UsageError, match="event 3"):
        estimator.fit(X, Y).predict_cumulative_incidence(X, [365.0], event=3)


@pytest.mark.parametrize("estimator", OF_TIME, ids=named)
@pytest.mark.parametrize("entry", [-1.0, 365.0, 400.0, np.nan, np.inf])
def test_entry_after_the_end_or_before_the_index_is_refused(estimator: RiskEstimator, entry: float):
    with pytest.raises(ContractError, match="entry: 1 other value"):
        estimator.fit(X, Y, entry=np.where(np.arange(N) == 3, entry, 0.0))


@pytest.mark.parametrize("estimator", OF_TIME, ids=named)
def test_a_stratum_without_outcomes_or_not_followed_to_the_horizon_is_no_trouble_to_models_of_time(
    estimator: RiskEstimator,
):
    stratum = np.arange(N) // 50
    y = Y.copy()
    y["event"][stratum == 3] = 0
    y["duration_days"][stratum == 2] = 120.0
    assert np.isfinite(estimator.fit(X, y, strata=stratum).predict_risk(X)).all()


@pytest.mark.parametrize("kind", [Cox, FineGray])
def test_ties_are_efrons_or_breslows(kind: type):
    with pytest.raises(UsageError, match="did you mean 'breslow'"):
        kind(horizon_days=365, ties="breslov").fit(X, Y)


@pytest.mark.parametrize("penalty", [-1.0, np.nan, np.inf])
def test_a_penalty_is_a_number_of_nought_or_more(penalty: float):
    with pytest.raises(ContractError, match="penalty"):
        FineGray(horizon_days=365, penalty=penalty).fit(X, Y)


def test_a_landmark_that_nobody_is_followed_from_is_refused():
    late = outcome_array(np.arange(N) % 3 == 0, np.where(np.arange(N) < 50, 100.0, 365.0))
    with pytest.raises(DesignError, match="in 1 of 2 strata"):
        Logistic(horizon_days=365).fit(X, late, strata=np.arange(N) < 50)


def test_a_classifier_must_take_weights():
    with pytest.raises(UsageError, match="KNeighborsClassifier"):
        Weighted(KNeighborsClassifier(), horizon_days=365).fit(X, Y)


def test_a_classifier_that_takes_no_gaps_says_what_to_do_instead():
    gaps = X.with_columns(age_years=pl.when(pl.col("sex_male") == 1).then("age_years"))
    model = Weighted(LogisticRegression(), horizon_days=365)
    for call in (lambda: clone(model).fit(gaps, Y), lambda: clone(model).fit(X, Y).predict_risk(gaps)):
        with pytest.raises(ContractError, match=r'LogisticRegression that takes none.*missing="imputed"'):
            call()


def test_a_pipeline_must_request_the_weights():
    with pytest.raises(UsageError, match="passes no sample_weight"):
        Weighted(make_pipeline(LogisticRegression()), horizon_days=365).fit(X, Y)


@pytest.mark.parametrize(
    ("call", "error", "part"),
    [
        (lambda: cross_fit(KINDS[0], X, Y, Split.from_folds(np.zeros(N, int))), ContractError, "at least two"),
        (
            lambda: cross_fit(KINDS[0], X, Y, Split.from_folds(np.arange(N + 3))),
            ContractError,
            "rows of the 200 outcomes",
        ),
        (
            lambda: cross_fit(KINDS[0], X, Y, Split.from_folds(np.arange(N) % 2), groups=np.arange(N) // 2),
            ContractError,
            "200 groups in both",
        ),
        (lambda: group_folds(np.arange(3), 5), DesignError, "5 folds for 3 groups"),
        (lambda: group_folds(np.arange(3), 1), DesignError, "1 fold"),
        (lambda: choose({}, X, Y, SPLIT), UsageError, "0 candidates"),
        (
            lambda: choose({"a": AgeSex(horizon_days=365), "b": AgeSex(horizon_days=100)}, X, Y, SPLIT),
            UsageError,
            "2 horizons",
        ),
        (lambda: assessment_weights(X, np.ones(N)), ContractError, "float64"),
        (
            lambda: assessment_weights(X, np.arange(N) < 5),
            DesignError,
            "fewer than 10 index dates at which the outcome was assessed",
        ),
    ],
)
def test_folds_candidates_and_assessments_are_checked(call: Callable[[], object], error: type[Exception], part: str):
    with pytest.raises(error, match=part):
        call()


def test_a_fold_without_a_model_is_named():
    fitted = cross_fit(AgeSex(horizon_days=365), X, Y, Split.from_folds(np.arange(N) % 2))
    with pytest.raises(UsageError, match="folds without a model: 7"):
        fitted.predict_risk(X, np.where(np.arange(N) == 0, 7, 1))
