"""People whose true risks are known by formula: what is unbiased, and the mistakes that others make, at their size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from riskstrat.estimators import Cox, DiscreteTime, FineGray, Logistic, RiskEstimator
from riskstrat.incidence import OutcomeArray, cumulative_incidence, outcome_array

HORIZON = 1000.0
OUTCOME, DEATH, LOSS = 0.0998, 0.1337, 0.2537
"""Hazards per horizon that give the four estimates: 8.9 % in truth, 11.5, 9.5 and 7.9 % by three mistakes."""


def lived(seed: int, n: int) -> OutcomeArray:
    rng = np.random.default_rng(seed)
    times = [rng.exponential(HORIZON / hazard, n) for hazard in (OUTCOME, DEATH, LOSS)]
    end = np.minimum(np.min(times, axis=0), HORIZON)
    return outcome_array(np.select([end == times[0], end == times[1]], [1, 2], 0), end)


def ours(y: OutcomeArray) -> float:
    return cumulative_incidence(y, [HORIZON])["estimate"][0]


def incomplete_left_out(y: OutcomeArray) -> float:
    cases = y["event"] == 1
    return cases.sum() / (cases | (y["duration_days"] >= HORIZON)).sum()


def death_censored(y: OutcomeArray) -> float:
    return ours(outcome_array(y["event"] == 1, y["duration_days"]))


def unobserved_as_zero(y: OutcomeArray) -> float:
    return (y["event"] == 1).mean()


@pytest.mark.parametrize(
    ("estimate", "percent"),
    [(ours, 8.9), (incomplete_left_out, 11.5), (death_censored, 9.5), (unobserved_as_zero, 7.9)],
)
def test_four_estimates_of_one_risk(estimate: Callable[[OutcomeArray], float], percent: float):
    found = 100 * np.array([estimate(lived(seed, 4000)) for seed in range(60)])
    assert found.mean() == pytest.approx(percent, abs=0.15)
    if estimate is ours:
        whole = OUTCOME + DEATH
        truth = -100 * OUTCOME / whole * np.expm1(-whole)
        assert abs(found.mean() - truth) < 2 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize(
    "estimator",
    [
        Logistic(horizon_days=HORIZON),
        Cox(horizon_days=HORIZON),
        FineGray(horizon_days=HORIZON),
        DiscreteTime(horizon_days=HORIZON),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_mean_risks_of_models_are_unbiased(estimator: RiskEstimator):
    whole = OUTCOME + DEATH
    truth = -OUTCOME / whole * np.expm1(-whole)
    X = pl.DataFrame({"noise": np.arange(3000) % 2, "more": np.arange(3000) % 7})
    found = np.array([estimator.fit(X, lived(seed, 3000)).predict_risk(X).mean() for seed in range(20)])
    assert abs(found.mean() - truth) < 2 * found.std() / np.sqrt(len(found))


def test_weights_by_strata_undo_losses_that_depend_on_a_factor():
    # Movers have twice the risk and are lost four times as often: with one curve for all the risk seems lower.
    rng = np.random.default_rng(0)
    n = 40_000
    mover = rng.integers(0, 2, n)
    outcome, loss = rng.exponential(HORIZON / (0.15 * (1 + mover))), rng.exponential(HORIZON / (0.3 + 0.9 * mover))
    end = np.minimum(np.minimum(outcome, loss), HORIZON)
    y = outcome_array(end == outcome, end)
    X = pl.DataFrame({"noise": np.arange(n) % 2})
    truth = -np.expm1(-np.array([0.15, 0.3])).mean()
    error = np.sqrt(truth * (1 - truth) / n)
    weighted, one_curve = (
        Logistic(horizon_days=HORIZON).fit(X, y, strata=strata).predict_risk(X).mean() for strata in (mover, None)
    )
    assert abs(weighted - truth) < 3 * error
    assert one_curve < truth - 4 * error


def subdistribution(seed: int, n: int) -> tuple[pl.DataFrame, OutcomeArray]:
    """Fine and Gray's own design (1999): F(t) = 1 - (1 - p (1 - exp(-t)))^exp(0.5 x - 0.5 z)."""
    rng = np.random.default_rng(seed)
    x, z, p = rng.normal(size=n), rng.integers(0, 2, n), 0.4
    relative = np.exp(0.5 * x - 0.5 * z)
    drawn = rng.random(n)
    has = drawn < 1 - (1 - p) ** relative
    inside = np.where(has, (1 - (1 - drawn) ** (1 / relative)) / p, 0.0)
    when = np.where(has, -np.log1p(-inside), rng.exponential(1 / relative))
    loss = rng.uniform(0.2, 4, n)
    end = np.minimum(when, loss)
    event = np.where(end < when, 0, np.where(has, 1, 2))
    return pl.DataFrame({"x": x, "z": z}), outcome_array(event, 100 * end + 1e-3)


@pytest.mark.parametrize(
    "people", [pytest.param((40, 800)), pytest.param((400, 4000), marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_known_subdistribution_coefficients_are_recovered_with_honest_errors(people: tuple[int, int]):
    draws, n = people
    fits = [FineGray(horizon_days=100).fit(*subdistribution(seed, n)) for seed in range(draws)]
    found = np.array([fit.coef_ for fit in fits])
    said = np.array([fit.standard_error_ for fit in fits])
    apart = found.mean(axis=0) - [0.5, -0.5]
    assert (np.abs(apart) < 2.5 * found.std(axis=0) / np.sqrt(draws)).all()
    np.testing.assert_allclose(said.mean(axis=0), found.std(axis=0), rtol=0.3 if draws < 100 else 0.12)
