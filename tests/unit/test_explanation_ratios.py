"""Ratios of linear models: what they are for, their intervals, and what has none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from riskstrat.errors import UsageError
from riskstrat.estimators import AgeSex, Boosting, Cox, DiscreteTime, FineGray, Logistic, Weighted
from riskstrat.explanation import ratios
from riskstrat.incidence import outcome_array

N = 20_000
RNG = np.random.default_rng(0)
X = pl.DataFrame(
    {
        "age_years": RNG.integers(50, 80, N).astype(float),
        "smokes": (RNG.random(N) < 0.3).astype(float),
        "bmi": np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(27, 5, N)),
        "visits": RNG.poisson(0.4, N).astype(float),
    }
)
LINEAR = (
    -2.5
    + 0.05 * (X["age_years"].to_numpy() - 65)
    + 0.7 * X["smokes"].to_numpy()
    + 0.06 * np.nan_to_num(X["bmi"].to_numpy() - 27)
    + 0.5 * np.log1p(X["visits"].to_numpy())
)
STATUS = outcome_array(RNG.random(N) < 1 / (1 + np.exp(-LINEAR)), np.full(N, 365.0))


@pytest.fixture(scope="module")
def logistic() -> Logistic:
    return Logistic(horizon_days=365, ridge=0.0).fit(X, STATUS)


def test_known_odds_ratios_are_within_their_intervals(logistic: Logistic):
    found = ratios(logistic, {"bmi": 5.0}, level=0.999).rows_by_key("term", named=True, unique=True)
    known = {"smokes": np.exp(0.7), "bmi": np.exp(0.3), "log(1 + visits)": 2**0.5, "bmi: not observed": 1.0}
    for term, truth in known.items():
        assert found[term]["lower"] < truth < found[term]["upper"], term
    assert [found[term]["per"] for term in known] == ["category", "unit", "doubling", "not_observed"]
    assert {row["kind"] for row in found.values()} == {"odds_ratio"}
    assert not any(row["penalised"] for row in found.values())


def test_without_a_unit_a_ratio_is_for_a_standard_deviation(logistic: Logistic):
    found = ratios(logistic).rows_by_key("term", named=True, unique=True)["bmi"]
    assert found["per"] == "standard_deviation"
    assert found["step"] == pytest.approx(5 * 0.7**0.5, abs=0.1)  # the median stands for what was not observed
    of_one = ratios(logistic, {"bmi": 1}).rows_by_key("term", named=True, unique=True)["bmi"]
    assert found["estimate"] == pytest.approx(of_one["estimate"] ** found["step"])


def test_a_ratio_and_its_interval_are_those_of_coefficient_and_standard_error(logistic: Logistic):
    coefficients = logistic.coefficients_.filter(feature="smokes").row(0, named=True)
    found = ratios(logistic, level=0.9).filter(term="smokes").row(0, named=True)
    assert np.log(found["estimate"]) == pytest.approx(coefficients["coefficient"])
    assert np.log(found["upper"] / found["lower"]) / 2 == pytest.approx(1.644854 * coefficients["standard_error"])


def test_of_a_curve_no_single_ratio_is_told(logistic: Logistic):
    found = ratios(logistic).filter(feature="age_years")
    assert found["per"].unique().to_list() == ["curve"]
    assert found.select("step", "estimate", "lower", "upper").null_count().row(0) == (found.height,) * 4


def test_a_product_is_a_curve_of_both_its_columns():
    with_sex = X.select("age_years", sex_male="smokes")
    found = ratios(AgeSex(horizon_days=365).fit(with_sex, STATUS))
    assert found["per"].unique().to_list() == ["curve"]
    assert "age_years, sex_male" in found["feature"].to_list()


def test_an_estimated_ridge_is_told_as_a_penalty():
    assert ratios(Logistic(horizon_days=365).fit(X, STATUS))["penalised"].all()


def test_subdistribution_hazard_ratios_are_named_so():
    days = np.where(STATUS["event"], RNG.uniform(1, 365, N), RNG.uniform(365, 800, N))
    y = outcome_array(np.where(STATUS["event"], 1, np.where(RNG.random(N) < 0.1, 2, 0)), days)
    model = FineGray(horizon_days=365).fit(X, y)
    found = ratios(model).filter(term="smokes").row(0, named=True)
    assert (found["kind"], found["penalised"]) == ("subdistribution_hazard_ratio", False)
    assert found["lower"] < np.exp(0.7) * 0.95 < found["upper"] * 1.1
    assert ratios(FineGray(horizon_days=365, penalty=2.0).fit(X, y))["penalised"].all()


@pytest.fixture(scope="module")
def followed() -> np.ndarray:
    """Constant hazards: 2 times as high for smokers of the outcome, 1.5 times of the competing death."""
    rng, smokes = np.random.default_rng(1), X["smokes"].to_numpy()
    days = [rng.exponential(2_000 / (1 + smokes)), rng.exponential(4_000 / (1 + 0.5 * smokes)), np.full(N, 800.0)]
    return outcome_array(np.array([1, 2, 0])[np.argmin(days, axis=0)], np.minimum.reduce(days))


def test_both_causes_of_a_pair_have_their_ratios(followed: np.ndarray):
    found = ratios(Cox(horizon_days=365).fit(X.select("smokes"), followed), level=0.999)
    assert found.select("event", "kind", "per", "penalised").rows() == [
        (1, "hazard_ratio", "category", False),
        (2, "hazard_ratio", "category", False),
    ]
    inside = pl.Series([2.0, 1.5]).is_between(found["lower"], found["upper"])
    assert inside.all()


def test_without_standard_errors_there_are_no_limits(followed: np.ndarray):
    found = ratios(DiscreteTime(horizon_days=365, periods=4).fit(X.select("smokes"), followed))
    assert found.select("event", "kind", "lower", "upper", "penalised").rows() == [
        (1, "odds_ratio", None, None, True),
        (2, "odds_ratio", None, None, True),
    ]
    np.testing.assert_allclose(found["estimate"], [2.0, 1.5], rtol=0.15)


def test_all_that_is_wrong_is_said_at_once(logistic: Logistic):
    with pytest.raises(
        UsageError, match=r"no feature 'smoke'.*did you mean 'smokes'.*\n.*units of smoke that are not above 0"
    ):
        ratios(logistic, {"smoke": 0.0})


@pytest.mark.parametrize("kind", [Boosting(horizon_days=365), Weighted(LogisticRegression(), horizon_days=365)])
def test_models_without_coefficients_are_refused(kind: Boosting | Weighted):
    with pytest.raises(UsageError, match="without coefficients"):
        ratios(kind)
