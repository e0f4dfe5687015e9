"""How far the groups' ratios moved: by hand, with chance alone, with a known drift, and where it cannot be known."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import betabinom

from riskstrat.areas.drift import carry_forward, drift_between_halves, drift_quantiles
from riskstrat.areas.gamma import PRIOR_SD, PRIOR_TAIL, shape_of
from riskstrat.areas.observed_expected import GroupCounts, ObservedExpected
from riskstrat.disclosure import ProtectedRows


def half(observed: np.ndarray, expected: np.ndarray) -> GroupCounts:
    table = pl.DataFrame({"weighted_cases": np.asarray(observed, float), "expected": np.asarray(expected, float)})
    return GroupCounts(table=table, divisor=1.0)


def counted(random: np.random.Generator, drift: float, cases: float = 200.0) -> tuple[GroupCounts, GroupCounts]:
    theta, moved = np.exp(0.3 * random.standard_normal(51)), np.exp(drift * random.standard_normal(51))
    expected = np.full(51, cases)
    return half(random.poisson(cases * theta), expected), half(random.poisson(cases * theta * moved), expected)


def counts_of(landmark: np.ndarray, outcome: np.ndarray) -> ObservedExpected:
    n = len(landmark)
    risk = np.full(n, outcome.mean())
    return ObservedExpected(
        risk=risk,
        included=np.ones(n, bool),
        weighted_outcome=outcome,
        person=np.arange(n),
        divisor=1.0,
        protected=ProtectedRows.of(pl.DataFrame({"landmark": landmark}), None),
    )


def test_quantiles_are_those_of_the_posterior_by_hand():
    before, after = np.array([9, 20, 31]), np.array([14, 12, 40])
    sd = np.linspace(0.0005, 3.5, 7000)
    shape = shape_of(sd / np.sqrt(2))
    share = (66 / 3) / (60 / 3 + 66 / 3)
    density = np.exp(sd / PRIOR_SD * np.log(PRIOR_TAIL))
    for early, late in zip(before, after, strict=True):
        density = density * betabinom.pmf(late, early + late, 2 * shape * share, 2 * shape * (1 - share))
    cumulated = np.cumsum(density) / density.sum()
    found = drift_quantiles(half(before, np.full(3, 20.0)), half(after, np.full(3, 20.0)))
    np.testing.assert_allclose(found, np.interp([0.5, 0.05, 0.95], cumulated, sd), rtol=0.01, atol=0.001)


def test_chance_alone_is_no_drift_and_a_known_drift_is_found():
    random = np.random.default_rng(1)
    for drift in (0.0, 0.3):
        intervals = np.array([drift_quantiles(*counted(random, drift)) for _ in range(60)])
        below, above = (intervals[:, 1] > max(drift, 0.02)).mean(), (intervals[:, 2] < drift).mean()
        assert below <= 0.15
        assert above <= 0.15
        assert np.median(intervals[:, 0]) == pytest.approx(drift, abs=0.05)


def test_what_moves_everywhere_alike_is_no_drift():
    cases = np.array([400.0, 600.0, 500.0])
    still = drift_quantiles(half(cases, np.full(3, 500.0)), half(cases, np.full(3, 500.0)))
    louder = drift_quantiles(half(cases, np.full(3, 500.0)), half(cases, np.full(3, 900.0)))
    np.testing.assert_allclose(louder, still)


def test_groups_expected_in_one_half_only_say_nothing():
    early, late = half([40, 60, 0], [50, 50, 0]), half([42, 58, 7], [50, 50, 7])
    both = half([40, 60], [50, 50]), half([42, 58], [50, 50])
    np.testing.assert_allclose(drift_quantiles(early, late)[0], drift_quantiles(*both)[0], rtol=0.05)


def test_the_halves_have_about_as_many_outcomes_each():
    landmark = np.repeat([2, 3, 4, 5], 100)
    outcome = np.tile(np.r_[np.ones(10), np.zeros(90)], 4)
    outcome[:100] = np.r_[np.ones(30), np.zeros(70)]
    group = np.tile([0, 1], 200)
    found = drift_between_halves(counts_of(landmark, outcome), landmark, group, np.ones((20, 2)))
    assert found is not None
    assert found.select("early_last", "late_first", "early_cases", "late_cases").row(0) == (2, 3, 30, 30)
    assert found["spread"].item() == 0


def test_rows_without_a_group_are_left_out():
    landmark, outcome = np.repeat([0, 1], 100), np.tile([1.0, 0.0], 100)
    group = np.where(np.arange(200) < 40, -1, 0)
    found = drift_between_halves(counts_of(landmark, outcome), landmark, group, np.ones((20, 1)))
    assert found is not None
    assert found.select("early_cases", "late_cases").row(0) == (30, 50)


def test_one_landmark_has_no_drift():
    outcome = np.tile([1.0, 0.0], 50)
    args = np.zeros(100, int), np.zeros(100, int), np.ones((20, 1))
    assert drift_between_halves(counts_of(args[0], outcome), *args) is None


def moved_by(drift: float, spread: float) -> pl.DataFrame:
    carried = max(0.0, 1 - drift**2 / (4 * spread**2))
    return pl.DataFrame({"drift_lower": [drift], "spread": [spread], "carried": [carried]})


def test_what_is_carried_forward_is_what_the_next_years_will_have():
    """Each half is what lasts plus something of its own; known without error, the next half lies within the draws."""
    random, groups = np.random.default_rng(5), 4000
    lasts, own = 0.3 * random.standard_normal(groups), 0.25 * random.standard_normal((3, groups))
    known = lasts + own[:2].mean(axis=0)
    draws = np.broadcast_to(np.exp(known), (200, groups))
    moved = moved_by(drift=0.25 * np.sqrt(2), spread=float(known.std()))
    forward = np.log(carry_forward(draws, moved, np.ones(groups), seed=0))
    coming = lasts + own[2]
    assert np.polyfit(forward.mean(axis=0), coming, 1)[0] == pytest.approx(1, abs=0.05)
    assert np.polyfit(known, coming, 1)[0] < 0.8
    lower, upper = np.quantile(forward, (0.05, 0.95), axis=0)
    assert ((lower < coming) & (coming < upper)).mean() == pytest.approx(0.9, abs=0.02)


def test_nothing_is_drawn_together_where_no_drift_is_sure_and_the_sum_stays():
    random = np.random.default_rng(6)
    theta, expected = np.exp(0.3 * random.standard_normal((50, 30))), random.uniform(5, 50, 30)
    still = carry_forward(theta, moved_by(0.0005, 0.3), expected, seed=0)
    assert still is theta
    forward = carry_forward(theta, moved_by(0.5, 0.3), expected, seed=0)
    np.testing.assert_allclose(forward @ expected, theta @ expected)
