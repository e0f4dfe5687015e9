"""Levels by period, worked by hand; each model carries its own recalibration, and reasons add up after it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import DesignError
from riskstrat.explanation.fold_models import explain_risk
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link
from riskstrat.recalibration import InTheLarge, RecalibratedLink, RecalibratedModel, Recalibration, in_the_large

LANDMARK = np.repeat([3, 7], 1000)
RISK = np.tile(np.linspace(0.05, 0.35, 1000), 2)
OUTCOME = np.concatenate([np.arange(1000) % 5 == 0, np.arange(1000) % 4 == 0])
EVERYBODY = np.ones(2000, dtype=bool)


@dataclass(frozen=True)
class Halved:
    """A recalibration of another kind: every risk is halved."""

    def apply(self, risk: np.ndarray) -> np.ndarray:
        return risk / 2

    def derivative(self, risk: np.ndarray) -> np.ndarray:
        return np.full_like(risk, 0.5)


@dataclass(frozen=True)
class Additive:
    """A model that is additive in two features on its link."""

    link: Link
    intercept: float
    features_ = ("age", "income")

    def contributions(self, X: pl.DataFrame) -> tuple[np.ndarray, float]:
        return X.select("age", "income").to_numpy() * [0.8, -0.3], self.intercept

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        return self.link.inverse(self.contributions(X)[0].sum(axis=1) + self.intercept)


def people(n: int = 40) -> pl.DataFrame:
    random = np.random.default_rng(2)
    return pl.DataFrame({"age": random.normal(size=n), "income": random.normal(size=n)})


@pytest.mark.parametrize("link", [LOGIT, CLOGLOG])
def test_each_period_sums_to_what_was_observed_in_it(link: Link):
    found = in_the_large(RISK, OUTCOME, LANDMARK, included=EVERYBODY, link=link)
    moved = found.apply(RISK, LANDMARK)
    assert moved[:1000].sum() == pytest.approx(200)
    assert moved[1000:].sum() == pytest.approx(250)
    np.testing.assert_array_equal(found.latest.apply(RISK[1000:]), moved[1000:])


def test_the_account_says_what_each_period_was_made_of():
    found = in_the_large(RISK, OUTCOME, LANDMARK, included=EVERYBODY)
    row = found.account.row(1, named=True)
    assert (row["first_landmark"], row["index_dates"], row["cases"], found.divisor) == (7, 1000, 250, 1.0)
    assert row["expected"] == pytest.approx(RISK[1000:].sum())
    moved = found.latest.apply(RISK[1000:])
    assert row["standard_error"] == pytest.approx(np.sqrt(250) / (moved * (1 - moved)).sum())
    assert (row["shift"], row["standard_error"]) == (found.latest.shift, found.latest.standard_error)
    assert found.level_variance == pytest.approx(1 / 250 - 1 / 450)


def test_a_second_recalibration_changes_nothing():
    once = in_the_large(RISK, OUTCOME, LANDMARK, included=EVERYBODY).apply(RISK, LANDMARK)
    again = in_the_large(once, OUTCOME, LANDMARK, included=EVERYBODY)
    np.testing.assert_allclose(again.account["shift"], 0, atol=1e-10)
    np.testing.assert_allclose(again.apply(once, LANDMARK), once, atol=1e-12)


def test_later_landmarks_belong_to_the_last_period_and_those_between_to_the_next():
    found = in_the_large(RISK, OUTCOME, LANDMARK, included=EVERYBODY)
    risk = np.full(4, 0.2)
    first, last = (level.apply(risk[:1]).item() for level in found.levels)
    assert found.apply(risk, np.array([0, 3, 5, 9])).tolist() == [first, first, last, last]


def test_rows_that_do_not_count_are_moved_and_not_counted():
    included = np.arange(2000) % 2 == 0
    found = in_the_large(RISK, OUTCOME, LANDMARK, included=included)
    assert found.account["index_dates"].to_list() == [500, 500]
    moved = found.apply(RISK, LANDMARK)
    assert moved[included].sum() == pytest.approx((OUTCOME & included).sum())
    assert (moved != RISK).all()


def test_without_outcomes_there_is_no_level():
    with pytest.raises(DesignError, match="no outcome"):
        in_the_large(RISK, np.zeros(2000, dtype=bool), LANDMARK, included=EVERYBODY)


@pytest.mark.parametrize("link", [LOGIT, CLOGLOG])
@pytest.mark.parametrize("recalibration", [InTheLarge(shift=0.4, standard_error=0.1), Halved()])
def test_derivatives_are_those_of_the_recalibrated_risk(link: Link, recalibration: Recalibration):
    found = RecalibratedLink(link=link, recalibration=recalibration)
    linear, step = np.linspace(-4, 1, 11), 1e-5
    slope = (found.inverse(linear + step) - found.inverse(linear - step)) / (2 * step)
    np.testing.assert_allclose(found.derivative(linear), slope, rtol=1e-7)


@pytest.mark.parametrize("link", [LOGIT, CLOGLOG])
def test_each_fold_is_scored_and_explained_by_its_own_model_and_recalibration(link: Link):
    models = {
        0: RecalibratedModel(estimator=Additive(link, -2.0), recalibration=InTheLarge(shift=0.5, standard_error=0.1)),
        1: RecalibratedModel(estimator=Additive(link, -1.5), recalibration=Halved()),
    }
    X, folds = people(), np.arange(40) % 2
    why = explain_risk(models, folds, X, {"age": "age_sex", "income": "living_conditions"})
    even, odd = folds == 0, folds == 1
    np.testing.assert_allclose(
        why.risk[even], LOGIT.inverse(LOGIT.link(models[0].estimator.predict_risk(X.filter(even))) + 0.5)
    )
    np.testing.assert_allclose(why.risk[odd], models[1].estimator.predict_risk(X.filter(odd)) / 2)
    start = link.inverse(np.array([-2.0, -1.5]))
    np.testing.assert_allclose(why.baseline_risk[even], LOGIT.inverse(LOGIT.link(start[0]) + 0.5))
    np.testing.assert_allclose(why.baseline_risk[odd], start[1] / 2)
    assert why.families == ("age_sex", "living_conditions")
    np.testing.assert_allclose(why.baseline_risk + why.contributions.sum(axis=1), why.risk, atol=1e-14)
    # Every family keeps its share of the distance on the link's scale.
    values = X.to_numpy() * [0.8, -0.3]
    np.testing.assert_allclose(
        why.contributions[:, 0] * values[:, 1], why.contributions[:, 1] * values[:, 0], atol=1e-14
    )


def test_families_of_any_name_are_explained():
    models = {0: RecalibratedModel(estimator=Additive(LOGIT, -2.0), recalibration=Halved())}
    why = explain_risk(models, np.zeros(40, dtype=int), people(), {"age": "biology"})
    assert why.families == ("biology", "other")
    np.testing.assert_allclose(why.baseline_risk + why.contributions.sum(axis=1), why.risk, atol=1e-14)
