"""What is special about subdistribution hazards: weights after the competing event, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import DesignError, UsageError
from riskstrat.estimators import FineGray
from riskstrat.estimators.fine_gray import weights_after_death
from riskstrat.incidence import OutcomeArray, cumulative_incidence, outcome_array
from riskstrat.incidence.censoring import entered_before

HORIZON = 100.0


def people(n: int = 600, *, loss_days: float = 200.0, seed: int = 0) -> tuple[pl.DataFrame, OutcomeArray]:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    outcome = rng.exponential(150 * np.exp(-0.5 * x))
    death, loss = rng.exponential(150, n), rng.exponential(loss_days, n) + 5.0
    end = np.ceil(np.minimum(np.minimum(np.minimum(outcome, death), loss), HORIZON + 1))
    event = np.select([end == np.ceil(outcome), end == np.ceil(death)], [1, 2], 0)
    return pl.DataFrame({"x": x, "z": z}), outcome_array(event, end)


def test_without_censoring_the_dead_stay_with_weight_one():
    X, y = people(loss_days=1e9)
    model = FineGray(horizon_days=HORIZON).fit(X, y)
    stay = y.copy()
    stay["duration_days"][y["event"] == 2] = HORIZON + 1
    stay["event"][y["event"] == 2] = 0
    immortal = FineGray(horizon_days=HORIZON).fit(X, stay)
    np.testing.assert_allclose(model.coef_, immortal.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict_risk(X), immortal.predict_risk(X), rtol=1e-12)
    (weights,) = weights_after_death(y, np.zeros(600), np.ones(600), np.zeros(600, np.intp), np.array([50.0, 100.0]))
    assert (weights.own == 1).all()
    assert (weights.share == 1).all()


def test_without_covariates_that_matter_it_is_the_cumulative_incidence():
    _, y = people(2000)
    X = pl.DataFrame({"noise": np.arange(2000) % 2})
    times = [20.0, 50.0, HORIZON]
    found = FineGray(horizon_days=HORIZON, penalty=1e9).fit(X, y).predict_cumulative_incidence(X[:1], times)[0]
    expected = cumulative_incidence(y, times).filter(event=1)["estimate"]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_stratum_is_weighted_by_its_own_censoring_at_the_event_times_of_all():
    # In one stratum all outcomes come early, losses later: its dead must lose weight at the others' event times.
    X, y = people(400, loss_days=60.0)
    stratum = np.arange(400) % 2
    early = y.copy()
    early["event"][(stratum == 1) & (y["event"] == 1) & (y["duration_days"] > 10)] = 0
    fitted = FineGray(horizon_days=HORIZON).fit(X, early, strata=stratum)
    assert fitted.coef_.tolist() == pytest.approx(expanded(X, early, stratum), abs=1e-5)


def expanded(X: pl.DataFrame, y: OutcomeArray, stratum: np.ndarray) -> list[float]:
    """Maximise the partial likelihood with plain loops over event times and weights (Efron's ties left out: none)."""
    from scipy.optimize import minimize

    from riskstrat.incidence.censoring import still_followed
    from riskstrat.incidence.life_table import life_tables

    tables = list(life_tables(y, stratum, 2, np.ones(len(y))))
    Z = X.to_numpy()
    sets = []
    for time in np.unique(y["duration_days"][y["event"] == 1]):
        weight = (y["duration_days"] >= time).astype(float)
        for row in np.flatnonzero((y["event"] == 2) & (y["duration_days"] < time)):
            later, own = still_followed(tables[stratum[row]], np.array([time, y["duration_days"][row]]))
            weight[row] = later / own
        sets.append((weight, np.flatnonzero((y["event"] == 1) & (y["duration_days"] == time))))

    def minus_log_likelihood(beta: np.ndarray) -> float:
        linear, total = Z @ beta, 0.0
        for weight, events in sets:
            at_risk = weight @ np.exp(linear)
            tied = np.exp(linear[events]).sum()
            total += linear[events].sum()
            total -= sum(np.log(at_risk - passed / len(events) * tied) for passed in range(len(events)))
        return -total

    return minimize(minus_log_likelihood, np.zeros(2), tol=1e-10).x.tolist()


def test_both_causes_may_add_up_to_more_than_one():
    rng = np.random.default_rng(2)
    n = 4000
    x = rng.normal(size=n)
    outcome, death = rng.exponential(60 * np.exp(-1.5 * x)), rng.exponential(60 * np.exp(-1.5 * x))
    end = np.minimum(np.minimum(outcome, death), HORIZON)
    y = outcome_array(np.select([end == outcome, end == death], [1, 2], 0), end)
    exchanged = outcome_array(np.array([0, 2, 1])[y["event"]], end)
    X = pl.DataFrame({"x": x})
    both = sum(
        FineGray(horizon_days=HORIZON).fit(X, each).predict_risk(pl.DataFrame({"x": [3.0]})) for each in (y, exchanged)
    )
    assert both[0] > 1


def test_the_other_event_and_times_beyond_the_follow_up_are_refused_together():
    X, y = people()
    model = FineGray(horizon_days=HORIZON).fit(X, y)
    with pytest.raises(UsageError) as caught:
        model.predict_cumulative_incidence(X, [50.0, 400.0], event=2)
    for part in ("event 2", "exchanged events", "50 to 400 days", "0 to the last day that was followed"):
        assert part in str(caught.value)
    assert "101" not in str(caught.value), "the last day is a person's"


def test_it_says_which_standard_errors_it_gives():
    assert "not crr" in FineGray(horizon_days=HORIZON).fit(*people()).standard_errors_


def test_persons_with_two_index_dates_are_one_person_in_the_standard_errors():
    X, y = people(300)
    once = FineGray(horizon_days=HORIZON).fit(X, y)
    twice = FineGray(horizon_days=HORIZON).fit(
        pl.concat([X, X]), np.concatenate([y, y]), groups=np.tile(np.arange(300), 2)
    )
    independent = FineGray(horizon_days=HORIZON).fit(pl.concat([X, X]), np.concatenate([y, y]))
    np.testing.assert_allclose(twice.standard_error_, once.standard_error_, rtol=0.01)
    np.testing.assert_allclose(independent.standard_error_, once.standard_error_ / np.sqrt(2), rtol=0.01)


@pytest.mark.parametrize("separated", ["complete", "quasi", "in combination"])
def test_separation_is_refused_by_name(separated: str):
    X, y = people(300)
    had = y["event"] == 1
    X = {
        "complete": X.with_columns(sign=pl.Series(had)),
        "quasi": X.with_columns(sign=pl.Series(had & (np.arange(300) % 3 == 0))),
        "in combination": X.with_columns(sign=pl.Series(had + X["z"].to_numpy())),
    }[separated].with_columns(pl.col("sign").cast(pl.Float32))
    if separated == "quasi":  # whoever has the sign has the outcome at once
        y["duration_days"][X["sign"].to_numpy() == 1] = 0.5
    with pytest.raises(DesignError, match="sign"):
        FineGray(horizon_days=HORIZON).fit(X, y)
    assert np.isfinite(FineGray(horizon_days=HORIZON, penalty=1.0).fit(X, y).coef_).all()


def test_competing_deaths_before_anybody_was_followed_from_the_start_are_refused():
    X, y = people(200)
    entry = np.where(y["duration_days"] > 30, 30.0, 0.0)
    with pytest.raises(DesignError, match="just entered"):
        FineGray(horizon_days=HORIZON).fit(X, y, entry=entry)


def test_who_entered_is_kaplan_meier_backwards():
    entry, end = np.array([0.0, 0.0, 2.0, 4.0]), np.array([3.0, 9.0, 9.0, 9.0])
    # At 4 three have entered and are followed, one of them just now; at 2 three, one just now.
    found = entered_before(entry, end, np.ones(4), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    np.testing.assert_allclose(found, [4 / 9, 4 / 9, 2 / 3, 2 / 3, 1])


def test_ties_by_rounding_are_ties():
    X, y = people(300)
    tenths = outcome_array(y["event"], y["duration_days"] / 10)
    rounded = outcome_array(y["event"], y["duration_days"] * 0.1)
    assert (tenths["duration_days"] != rounded["duration_days"]).any()
    mixed = np.where(np.arange(300) % 2 == 0, tenths, rounded)
    alike, apart = (FineGray(horizon_days=HORIZON / 10).fit(X, each).coef_ for each in (tenths, mixed))
    np.testing.assert_allclose(apart, alike, rtol=1e-9)
