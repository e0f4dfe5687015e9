from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import RiskstratError, UsageError
from riskstrat.estimators import FineGray, Logistic, RiskEstimator
from riskstrat.explanation import explain, explain_groups, reasons
from riskstrat.explanation.contributions import OTHER
from riskstrat.incidence import outcome_array
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link
from riskstrat.records.explanation import Explanation


class LinearModel:
    """An additive model whose contributions are coefficient x (x - mean)."""

    def __init__(self, coefficients: list[float], mean: list[float], intercept: float, link: Link = LOGIT) -> None:
        self.link = link
        self.coefficients, self.mean, self.intercept = np.array(coefficients), np.array(mean), intercept
        self.features_ = tuple(f"x{number}" for number in range(len(coefficients)))

    def contributions(self, X: pl.DataFrame) -> tuple[np.ndarray, float]:
        values = (X.select(self.features_).to_numpy() - self.mean) * self.coefficients
        return values, float(self.intercept + self.mean @ self.coefficients)

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        return self.link.inverse(self.intercept + X.select(self.features_).to_numpy() @ self.coefficients)


class Mislabelled(LinearModel):
    """A model that predicts on the logit and says that it is additive on another link."""

    def __init__(self, model: LinearModel) -> None:
        self.__dict__.update(vars(model))
        self.link = CLOGLOG

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        return LOGIT.inverse(self.intercept + X.select(self.features_).to_numpy() @ self.coefficients)


def frame(n: int = 30, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame({"person_id": range(n)} | {f"x{number}": random.normal(size=n) for number in range(3)})


def explanation() -> Explanation:
    return Explanation(
        values=np.array([[2.0, 0.0, 1.0], [0.0, -1.0, 1.0], [0.0, 1.0, 1.0], [-2.0, 0.0, 1.0]]),
        baseline=-1.0,
        features=("income", "age", "distance"),
        families=("living_conditions", "age_sex", "area"),
        link="logit",
    )


def test_a_linear_model_is_explained_by_coefficient_times_distance_from_the_mean() -> None:
    model = LinearModel([1.0, -2.0, 0.5], [0.1, 0.2, 0.3], -2.0)
    X = frame()
    why = explain(model, X, {"x0": "age_sex", "x1": "area"})
    np.testing.assert_allclose(why.values[:, 1], -2.0 * (X["x1"].to_numpy() - 0.2))
    assert why.families == ("age_sex", "area", OTHER)
    assert why.features == ("x0", "x1", "x2")
    assert why.baseline == pytest.approx(-2.0 + 0.1 - 0.4 + 0.15)


def test_extreme_risks_are_explained_too() -> None:
    model = LinearModel([100.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0.0)
    assert explain(model, frame()).values.shape == (30, 3)


def test_a_model_of_another_link_is_explained_on_that_link() -> None:
    model = LinearModel([1.0, -2.0, 0.5], [0.1, 0.2, 0.3], -2.0, CLOGLOG)
    X = frame()
    why = explain(model, X)
    assert why.link == "cloglog"
    total = why.baseline + why.values.sum(axis=1)
    np.testing.assert_allclose(-np.expm1(-np.exp(total)), model.predict_risk(X), rtol=1e-12)
    with pytest.raises(RiskstratError, match="cloglog of the risk"):
        explain(Mislabelled(model), X)


def test_families_come_in_one_order_whatever_the_order_of_the_features() -> None:
    why = explanation()
    assert why.family_names == ("age_sex", "living_conditions", "area")
    np.testing.assert_array_equal(why.by_family(), why.values[:, [1, 0, 2]])


def test_families_sum_their_features() -> None:
    why = Explanation(
        values=np.ones((2, 3)), baseline=0.0, features=("a", "b", "c"), families=("z", "area", "z"), link="logit"
    )
    assert why.family_names == ("area", "z")
    np.testing.assert_array_equal(why.by_family(), [[1, 2], [1, 2]])


def test_a_group_is_compared_with_everybody() -> None:
    found = explanation().by_group(["a", "a", "b", None])
    assert found.columns == ["group", "feature", "family", "mean_difference"]
    assert found["group"].to_list() == ["a"] * 3 + ["b"] * 3
    assert found["mean_difference"].to_list() == pytest.approx([1.0, -0.5, 0.0, 0.0, 1.0, 0.0])


def test_labels_may_be_a_series_or_an_array() -> None:
    why, labels = explanation(), ["a", "a", "b", "b"]
    expected = why.by_group(labels)
    assert why.by_group(pl.Series(labels)).equals(expected)
    assert why.by_group(np.array(labels)).equals(expected)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_groups_of_many_rows_are_those_of_all_contributions(workers: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("riskstrat.explanation.contributions._SUMMED_BLOCK", 70)
    X, labels = frame(300).drop("person_id"), pl.Series(["a", "b", None] * 100)
    model = Logistic(horizon_days=365).fit(X, X["x0"].to_numpy() > 0.5)
    expected = explain(model, X, {"x0": "area"}).by_group(labels)
    found = explain_groups(model, X, labels, {"x0": "area"}, workers=workers)
    assert found.drop("mean_difference").equals(expected.drop("mean_difference"))
    np.testing.assert_allclose(found["mean_difference"], expected["mean_difference"], atol=1e-12)


class Miscounted(Logistic, abstract=True):
    """Adds up a group's contributions wrongly: one feature counts twice."""

    def contribution_sums(
        self, X: pl.DataFrame, group: np.ndarray, groups: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        sums, *others = super().contribution_sums(X, group, groups)
        sums[:, 0] *= 2
        return sums, *others


class Misread(Logistic, abstract=True):
    """Predicts two rows of the same group otherwise than it explains them, which no sum by group tells."""

    def _log_odds(self, values: np.ndarray) -> np.ndarray:
        linear = super()._log_odds(values)
        linear[[7, 10]] += [1e-4, -1e-4]
        return linear


class InParts(Logistic, abstract=True):
    """Predicts a hundred rows at a time."""

    def _log_odds(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([super(InParts, self)._log_odds(part) for part in np.split(values, 3)])


def test_sums_by_group_are_checked_against_those_of_the_groups_rows():
    X = frame(300).drop("person_id")
    model = Miscounted(horizon_days=365).fit(X, X["x0"].to_numpy() > 0.5)
    with pytest.raises(RiskstratError, match="in 2 of 3 groups"):
        explain_groups(model, X, pl.Series(["a", "a", "b"] * 100))


def test_every_row_of_a_sum_by_group_is_checked_against_its_risk():
    X = frame(300).drop("person_id")
    model = Misread(horizon_days=365).fit(X, X["x0"].to_numpy() > 0.5)
    with pytest.raises(RiskstratError, match="in 2 of 300 rows"):
        explain_groups(model, X, pl.Series(["a", "b", "b"] * 100))


@pytest.mark.parametrize("kind", [Logistic, FineGray])
def test_sums_by_group_are_those_of_all_contributions(kind: type[RiskEstimator]):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(60, 10, 500), rng.integers(0, 2, 500), rng.exponential(2, 500)])
    values[rng.random((500, 3)) < 0.1] = np.nan
    X = pl.DataFrame(values, schema=["age_years", "sex_male", "visits"]).fill_nan(None)
    y = outcome_array(rng.integers(0, 3, 500), np.ceil(rng.uniform(1, 730, 500)))
    model = kind(horizon_days=365).fit(X, y)
    group = rng.integers(0, 4, 500)
    sums, totals, risk, baseline = model.contribution_sums(X, group, 4)
    contributions, expected = model.contributions(X)
    assert baseline == expected
    np.testing.assert_allclose(sums, [contributions[group == each].sum(axis=0) for each in range(4)], atol=1e-9)
    np.testing.assert_array_equal(risk, model.predict_risk(X))
    own = model.link.of_risk(risk, edge=1e-12) - baseline
    np.testing.assert_allclose(totals, own, atol=1e-9)


def test_a_block_that_does_not_add_up_is_refused_and_so_are_other_labels():
    model = LinearModel([1.0, -2.0, 0.5], [0.1, 0.2, 0.3], -2.0, CLOGLOG)
    with pytest.raises(RiskstratError, match="miss the prediction"):
        explain_groups(Mislabelled(model), frame(), pl.Series(["a"] * 30))
    with pytest.raises(UsageError, match=r"29 labels for 30 rows(.|\n)*workers = 0"):
        explain_groups(model, frame(), pl.Series(["a"] * 29), workers=0)


def test_nobody_in_a_group_gives_an_empty_frame() -> None:
    assert explanation().by_group([None] * 4).is_empty()


def test_reasons_are_the_strongest_differences_in_order() -> None:
    found = reasons(explanation(), 1)
    assert found["feature"].to_list() == ["age"]
    assert found["direction"].to_list() == ["lowers"]
    found = reasons(explanation(), [0, 2])
    assert found.select("rank", "feature", "mean_difference", "direction").rows() == [
        (1, "income", 1.0, "raises"),
        (2, "age", 0.5, "raises"),
    ]
    assert reasons(explanation(), np.array([True, False, True, False])).equals(found)
    assert reasons(explanation(), [0, 2], top=1).height == 1


def test_rows_that_are_predicted_in_several_calls_are_added_up_in_their_order():
    X, group = frame(300).drop("person_id"), np.arange(300) % 7
    model = InParts(horizon_days=365).fit(X, X["x0"].to_numpy() > 0.5)
    sums, totals, risk, _ = model.contribution_sums(X, group, 7)
    contributions, _ = model.contributions(X)
    np.testing.assert_allclose(sums, [contributions[group == each].sum(axis=0) for each in range(7)], atol=1e-12)
    np.testing.assert_allclose(totals, contributions.sum(axis=1), atol=1e-12)
    np.testing.assert_array_equal(risk, model.predict_risk(X))
