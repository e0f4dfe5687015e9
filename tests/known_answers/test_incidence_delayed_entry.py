"""People who enter late: a slow Aalen-Johansen, lifelines, and R's curves after every follow-up is cut in two."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from riskstrat.incidence import cumulative_incidence, kaplan_meier, outcome_array

TIMES = [50, 150, 300, 450, 600]


def people(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Follow-up in days and entry before its end; nearly half enter at the index, and times are often shared."""
    rng = np.random.default_rng(seed)
    duration = np.ceil(rng.exponential(300, n)).clip(2, 700)
    late = np.floor(rng.uniform(0, 0.9, n) * duration)
    return outcome_array(rng.integers(0, 3, n), duration), np.where(rng.random(n) < 0.45, 0, late)


def slow_incidence(y: np.ndarray, entry: np.ndarray, at: float) -> tuple[float, float]:
    """Walk from event time to event time and count who is at risk at each."""
    free, outcome, competing = 1.0, 0.0, 0.0
    for time in sorted(set(y["duration_days"][y["event"] > 0])):
        if time > at:
            break
        at_risk = int(((entry < time) & (y["duration_days"] >= time)).sum())
        now = y["duration_days"] == time
        outcomes, deaths = int((now & (y["event"] == 1)).sum()), int((now & (y["event"] == 2)).sum())
        outcome += free * outcomes / at_risk
        competing += free * deaths / at_risk
        free *= 1 - (outcomes + deaths) / at_risk
    return outcome, competing


@pytest.mark.parametrize("seed", range(8))
def test_incidence_is_that_of_a_slow_count(seed: int):
    y, entry = people(seed)
    table = cumulative_incidence(y, TIMES, entry=entry)
    slow = [slow_incidence(y, entry, at) for at in TIMES]
    for event in (1, 2):
        expected = [pair[event - 1] for pair in slow]
        assert table.filter(event=event)["estimate"].to_list() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_event_free_curve_is_that_of_lifelines(seed: int):
    lifelines = pytest.importorskip("lifelines")
    y, entry = people(seed)
    theirs = lifelines.KaplanMeierFitter().fit(y["duration_days"], y["event"] > 0, entry=entry)
    ours = kaplan_meier(y, TIMES, entry=entry)
    assert ours["estimate"].to_list() == pytest.approx(theirs.predict(TIMES).to_list(), abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_cutting_every_follow_up_in_two_changes_nothing(seed: int):
    """Anybody's time at risk is the sum of its parts, so estimates and errors are those of the uncut (R: survSplit)."""
    y, _ = people(seed)
    cut = np.floor(np.random.default_rng(seed).uniform(0, 1, len(y)) * (y["duration_days"] - 1)) + 0.5
    halves = outcome_array(
        np.r_[np.zeros(len(y)), y["event"]], np.r_[np.minimum(cut, y["duration_days"]), y["duration_days"]]
    )
    entry = np.r_[np.zeros(len(y)), cut]
    for estimator in (cumulative_incidence, kaplan_meier):
        whole, parts = estimator(y, TIMES), estimator(halves, TIMES, entry=entry)
        for column in ("estimate", "standard_error"):
            assert parts[column].to_list() == pytest.approx(whole[column].to_list(), abs=1e-12)


def test_who_enters_late_is_not_at_risk_before():
    y = outcome_array([1, 1, 0], [10, 30, 40])
    assert estimates(y, [0, 20, 20]) == pytest.approx([1.0, 1.0])
    assert estimates(y, [0, 0, 20]) == pytest.approx([0.5, 0.75])
    assert estimates(y, [0, 0, 0]) == pytest.approx([1 / 3, 2 / 3])


def test_who_enters_on_the_day_of_an_event_is_not_at_risk_of_it():
    y = outcome_array([1, 0, 0], [10, 40, 40])
    assert estimates(y, [0, 0, 10])[0] == pytest.approx(1 / 2)
    assert estimates(y, [0, 0, 9])[0] == pytest.approx(1 / 3)


def estimates(y: np.ndarray, entry: Iterable[float]) -> list[float]:
    return cumulative_incidence(y, [10, 30], entry=list(entry)).filter(event=1)["estimate"].to_list()
