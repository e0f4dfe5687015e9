"""Slope and isotonic curves: what they recover, what they keep, and which of them a model's new people ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import Candidate, Condition
from riskstrat.errors import DesignError, UsageError
from riskstrat.numerics.links import LOGIT
from riskstrat.recalibration import (
    IsotonicRecalibration,
    SlopeRecalibration,
    Successive,
    choose_recalibration,
    fit_isotonic,
    fit_recalibration,
    fit_slope,
)
from riskstrat.registers import Registers
from riskstrat.study import StudyData, compare, estimate_area_results, fit, prepare
from riskstrat.validation import auc

N = 20_000
RANDOM = np.random.default_rng(4)
TRUE = LOGIT.inverse(RANDOM.normal(-2, 1, N))
HAPPENED = RANDOM.random(N) < TRUE
ONE = np.ones(N)


def predicted(intercept: float, slope: float, bend: float = 0.0) -> np.ndarray:
    """Risks from which `intercept` and `slope` lead back to the true ones, where nothing bends."""
    logit = (LOGIT.link(TRUE) - intercept) / slope
    return LOGIT.inverse(logit + bend * (logit + 2) ** 2)


def test_the_slope_that_risks_were_distorted_by_is_found():
    found = fit_slope(predicted(0.4, 0.6), HAPPENED, ONE)
    assert (found.intercept, found.slope) == (pytest.approx(0.4, abs=0.15), pytest.approx(0.6, abs=0.05))
    assert found.apply(predicted(0.4, 0.6)).sum() == pytest.approx(HAPPENED.sum())


def test_an_isotonic_curve_follows_what_was_observed_in_steps_of_ten_outcomes():
    risk = predicted(0.4, 0.6)
    found = fit_isotonic(risk, HAPPENED, ONE)
    assert min(np.diff(found.predicted).min(), np.diff(found.observed).min()) > 0
    assert np.abs(found.apply(risk) - TRUE).mean() < 0.01 < np.abs(risk - TRUE).mean()
    assert len(found.predicted) <= HAPPENED.sum() / 10


@pytest.mark.parametrize("smallest", [10, 50])
def test_every_step_holds_outcomes_and_rows_without_one_enough(smallest: int):
    risk = np.repeat(np.linspace(0.01, 0.6, 60), 50)
    happened = np.random.default_rng(1).random(3000) < risk
    found = fit_isotonic(risk, happened, np.ones(3000), smallest)
    assert 1 < len(found.predicted) <= happened.sum() // smallest
    assert all(0 < share < 1 for share in found.observed)


@pytest.mark.parametrize("kind", ["in_the_large", "slope", "isotonic"])
def test_the_order_of_risks_and_so_every_metric_of_ranks_stays(kind: str):
    risk = predicted(0.4, 0.6)
    moved = fit_recalibration(kind, risk, HAPPENED, ONE).apply(risk)
    order = np.argsort(risk)
    assert (np.diff(moved[order]) > 0).all()
    y = np.array(list(zip(HAPPENED, np.full(N, 100.0), strict=True)), dtype=[("event", "i1"), ("duration_days", "f8")])
    assert auc(y, moved, 100) == auc(y, risk, 100)


@pytest.mark.parametrize(
    "curve",
    [
        SlopeRecalibration(intercept=0.3, slope=0.7),
        IsotonicRecalibration(predicted=(0.1, 0.4), observed=(0.2, 0.5)),
        Successive(
            first=IsotonicRecalibration(predicted=(0.1, 0.4), observed=(0.2, 0.5)),
            then=SlopeRecalibration(intercept=-0.2, slope=1.3),
        ),
    ],
)
def test_a_derivative_is_the_change_of_the_curve(curve: SlopeRecalibration):
    risk, step = np.array([0.03, 0.2, 0.55, 0.9]), 1e-6
    change = (curve.apply(risk + step) - curve.apply(risk - step)) / (2 * step)
    np.testing.assert_allclose(curve.derivative(risk), change, rtol=1e-5)


@pytest.mark.parametrize(
    ("risk", "kind"),
    [
        (predicted(0.0, 1.0), "none"),
        (predicted(0.5, 1.0), "in_the_large"),
        (predicted(0.2, 0.6), "slope"),
        (predicted(0.0, 1.0, bend=0.25), "isotonic"),
    ],
)
def test_the_least_change_that_people_do_not_speak_against_is_chosen(risk: np.ndarray, kind: str):
    found = choose_recalibration(risk, HAPPENED, ONE)
    assert found.kind == kind
    assert found.recalibration.apply(risk).sum() == pytest.approx(HAPPENED.sum(), rel=0.02)


def test_no_change_is_chosen_in_at_least_about_95_of_100_samples_that_need_none():
    random, rejected = np.random.default_rng(8), 0
    for _ in range(200):
        rows = random.integers(0, N, 2000)
        happened = random.random(2000) < TRUE[rows]
        rejected += choose_recalibration(TRUE[rows], happened, np.ones(2000)).kind != "none"
    assert rejected <= 22, "5 % of 200 and three standard errors"


def test_rows_of_unknown_status_do_not_count():
    weight = np.where(np.arange(N) % 2 == 0, 1.5, 0.0)
    nonsense = np.where(weight > 0, HAPPENED, ~HAPPENED)
    for kind in ("in_the_large", "slope", "isotonic"):
        assert fit_recalibration(kind, TRUE, nonsense, weight) == fit_recalibration(kind, TRUE, HAPPENED, weight)


def test_what_cannot_be_fitted_is_refused():
    few = np.arange(N) < 9
    for fitted in (fit_slope, fit_isotonic):
        with pytest.raises(DesignError, match="fewer than 10"):
            fitted(TRUE, few, ONE)
    with pytest.raises(DesignError, match="do not rise"):
        fit_slope(1 - TRUE, HAPPENED, ONE)
    with pytest.raises(UsageError, match="isotonic"):
        fit_recalibration("isotonik", TRUE, HAPPENED, ONE)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(small_municipality: Registers, frailty: Condition) -> StudyData:
    return prepare(frailty, small_municipality, AS_OF, replace(QUICK, candidates=(Candidate("Logistic"),)))


@pytest.mark.parametrize("kind", ["slope", "isotonic"])
def test_a_study_can_recalibrate_with_a_curve_and_its_sums_still_close(data: StudyData, kind: str):
    curved = replace(data, settings=replace(data.settings, recalibration=kind))
    comparison = compare(curved)
    model = fit(curved, comparison)
    assert isinstance(model.recalibration, Successive)
    assert model.digest != fit(data, comparison).digest
    results = estimate_area_results(curved, model)
    table = results.estimates.table
    assert table["weighted_cases"].sum() == pytest.approx(table["expected"].sum(), rel=0.1)
    # Reasons are split on the recalibrated scale: `decompose_areas` has checked that they add up.
    assert results.reasons.height > 0
