"""What is special about discrete time: rows a person and period, follow-up within a period, several horizons."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.estimators import DiscreteTime
from riskstrat.estimators.person_periods import hazard_of, incidence_gradient, incidence_of, person_periods
from riskstrat.incidence import OutcomeArray, cumulative_incidence, outcome_array

HORIZON = 300.0
ENDS = [100.0, 200.0, 300.0]


def people(n: int = 4000, *, loss_days: float = 200.0, seed: int = 0) -> tuple[pl.DataFrame, OutcomeArray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    outcome, death = rng.exponential(600 * np.exp(-0.5 * x)), rng.exponential(500, n)
    loss = rng.exponential(loss_days, n)
    end = np.minimum(np.minimum(np.minimum(outcome, death), loss), HORIZON)
    event = np.select([end == outcome, end == death], [1, 2], 0)
    return pl.DataFrame({"x": x, "z": rng.integers(0, 2, n)}), outcome_array(event, end)


def test_one_row_a_period_at_risk():
    y = outcome_array([1, 2, 0, 0, 1], [150, 200, 250, 300, 900])
    found = person_periods(y, np.array([0.0, 150.0, 0.0, 200.0, 20.0]), np.array(ENDS))
    rows = list(
        zip(found.row.tolist(), found.period.tolist(), found.label.tolist(), found.observed.tolist(), strict=True)
    )
    assert rows == [
        (0, 0, 0, 1.0),
        (0, 1, 1, 0.5),
        (1, 1, 2, 0.5),
        (2, 0, 0, 1.0),
        (2, 1, 0, 1.0),
        (2, 2, 0, 0.5),
        (3, 2, 0, 1.0),
        (4, 0, 0, 0.8),
        (4, 1, 0, 1.0),
        (4, 2, 0, 1.0),
    ]


@pytest.mark.parametrize("event", [1, 2])
def test_losses_within_periods_leave_the_cumulative_incidence_as_it_is(event: int):
    # Two thirds are lost, most of them within a period: rows dropped or counted whole would move the risk by a tenth.
    X, y = people(20_000)
    found = DiscreteTime(horizon_days=HORIZON, periods=ENDS).fit(X, y).predict_cumulative_incidence(X, ENDS, event)
    expected = cumulative_incidence(y, ENDS).filter(event=event)["estimate"].to_numpy()
    np.testing.assert_allclose(found.mean(axis=0), expected, rtol=0.02)


def test_late_entry_within_periods_is_counted_from_the_entry():
    X, y = people(20_000, loss_days=1e9)
    entry = np.random.default_rng(1).uniform(0, 250, len(y))
    seen = entry < y["duration_days"]
    model = DiscreteTime(horizon_days=HORIZON, periods=12).fit(X.filter(seen), y[seen], entry=entry[seen])
    expected = cumulative_incidence(y, [HORIZON])["estimate"][0]
    assert model.predict_risk(X).mean() == pytest.approx(expected, rel=0.03)
    unaware = DiscreteTime(horizon_days=HORIZON, periods=12).fit(X.filter(seen), y[seen])
    assert abs(unaware.predict_risk(X).mean() / expected - 1) > 0.2


def test_several_horizons_at_once_rise_and_never_add_up_above_one():
    X, y = people()
    model = DiscreteTime(horizon_days=HORIZON, periods=ENDS).fit(X, y)
    outcome, death = (model.predict_cumulative_incidence(X, [300.0, 100.0, 200.0], event) for event in (1, 2))
    assert (np.diff(outcome[:, [1, 2, 0]]) > 0).all()
    assert (outcome + death < 1).all()
    np.testing.assert_array_equal(outcome[:, 0], model.predict_risk(X))


def test_a_horizon_may_lie_before_the_last_end():
    X, y = people()
    early = DiscreteTime(horizon_days=200, periods=ENDS).fit(X, y)
    values, baseline = early.contributions(X)
    linked = early.link.link(early.predict_cumulative_incidence(X, 200.0)[:, 0])
    np.testing.assert_allclose(baseline + values.sum(axis=1), linked, atol=1e-6)


def test_the_gradient_is_that_of_the_incidence():
    scores = np.random.default_rng(0).normal(-2, 1, (5, 4, 2))
    gradient = incidence_gradient(hazard_of(scores))
    for event in (0, 1):
        step = np.zeros(2)
        step[event] = 1e-6
        up, down = (incidence_of(hazard_of(scores + sign * step))[:, -1, 0] for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, event], (up - down) / 2e-6, atol=1e-8)


def test_coefficients_of_a_known_truth_are_recovered():
    rng = np.random.default_rng(3)
    n, periods = 30_000, 4
    x = rng.normal(size=n)
    hazard = hazard_of(np.repeat(np.column_stack([-3 + 0.6 * x, -3.5 - 0.4 * x])[:, None], periods, axis=1))
    drawn = rng.random((n, periods))
    event = np.where(drawn < hazard[..., 0], 1, np.where(drawn < hazard.sum(axis=2), 2, 0))
    first = np.where(event.any(axis=1), (event > 0).argmax(axis=1), periods - 1)
    y = outcome_array(event[np.arange(n), first], 10.0 * (first + 1))
    table = DiscreteTime(horizon_days=40, periods=periods).fit(pl.DataFrame({"x": x}), y).coefficients_
    assert table.filter(event=1)["coefficient"].item() == pytest.approx(0.6, abs=0.05)
    assert table.filter(event=2)["coefficient"].item() == pytest.approx(-0.4, abs=0.05)


@pytest.mark.parametrize("kind", [HistGradientBoostingClassifier, RandomForestClassifier])
def test_any_classifier_is_deterministic_by_the_random_state_and_has_no_contributions(kind: type):
    X, y = people(1000)
    classifier = kind(max_leaf_nodes=4, **{"max_iter": 10} if "Hist" in kind.__name__ else {"n_estimators": 10})
    first, again, other = (
        DiscreteTime(classifier, horizon_days=HORIZON, periods=ENDS, random_state=seed).fit(X, y) for seed in (5, 5, 6)
    )
    assert first.classifier_.random_state == 5
    np.testing.assert_array_equal(first.predict_risk(X), again.predict_risk(X))
    assert other.classifier_.random_state == 6
    assert not hasattr(first, "contributions")
    assert not hasattr(first, "coefficients_")
    assert classifier.random_state is None


def test_a_logistic_regression_of_ones_own_is_explained():
    X, y = people(1000)
    model = DiscreteTime(LogisticRegression(C=0.01), horizon_days=HORIZON, periods=ENDS).fit(X, y)
    values, baseline = model.contributions(X)
    np.testing.assert_allclose(baseline + values.sum(axis=1), model.link.link(model.predict_risk(X)), atol=1e-6)


def test_without_competing_deaths_their_risk_is_nought():
    X, y = people(1000)
    alone = outcome_array(y["event"] == 1, y["duration_days"])
    model = DiscreteTime(horizon_days=HORIZON, periods=ENDS).fit(X, alone)
    assert not model.predict_cumulative_incidence(X, HORIZON, event=2).any()
    assert model.coefficients_["event"].unique().to_list() == [1]


@pytest.mark.parametrize(
    "periods", [0, -1, True, [], [100.0], [0.0, 300.0], [300.0, np.inf], [100.0, 100.0, 300.0], "3"], ids=str
)
def test_periods_that_cannot_be_meant_are_refused(periods: object):
    with pytest.raises(ContractError, match="periods"):
        DiscreteTime(horizon_days=HORIZON, periods=periods).fit(*people(200))


def test_what_cannot_be_asked_is_refused():
    X, y = people(500)
    model = DiscreteTime(horizon_days=HORIZON, periods=ENDS).fit(X, y)
    with pytest.raises(UsageError, match="ends of periods: day 100, 200, 300"):
        model.predict_cumulative_incidence(X, [150.0])
    with pytest.raises(UsageError, match="event 3"):
        model.predict_cumulative_incidence(X, [100.0], event=3)
    with pytest.raises(DesignError, match="nobody followed to the horizon of 400 days"):
        DiscreteTime(horizon_days=HORIZON, periods=[300.0, 400.0]).fit(
            X, outcome_array(y["event"] == 1, y["duration_days"])
        )
    late = y["duration_days"] > 20
    with pytest.raises(DesignError, match="nobody at risk in the periods that end on day 10"):
        DiscreteTime(horizon_days=HORIZON, periods=[10, 300]).fit(
            X.filter(late), y[late], entry=np.full(late.sum(), 20)
        )
    with pytest.raises(UsageError, match="KNeighborsClassifier"):
        DiscreteTime(KNeighborsClassifier(), horizon_days=HORIZON).fit(X, y)
