"""The numerical core against independent implementations and the formulas that it states."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binomtest

from riskstrat.numerics.folds import Split, group_folds
from riskstrat.numerics.groups import age_band, common_groups, number_groups
from riskstrat.numerics.intervals import wilson_interval
from riskstrat.numerics.links import CLOGLOG, IDENTITY, LOGIT, Link
from riskstrat.numerics.logistic import NormalPrior, fit_logistic, logistic_recalibration
from riskstrat.numerics.splines import restricted_cubic_spline

every_link = pytest.mark.parametrize("link", [LOGIT, CLOGLOG, IDENTITY], ids=lambda link: link.name)


@every_link
def test_the_inverse_undoes_the_link_and_the_derivative_is_its_slope(link: Link):
    risk = np.linspace(0.001, 0.999, 200)
    linear = link.link(risk)
    np.testing.assert_allclose(link.inverse(linear), risk, rtol=1e-12)
    step = 1e-6
    slope = (link.inverse(linear + step) - link.inverse(linear - step)) / (2 * step)
    np.testing.assert_allclose(link.derivative(linear), slope, rtol=1e-6)


@every_link
def test_links_hold_risks_of_nought_and_one(link: Link):
    held = link.of_risk([0.0, 1.0], edge=1e-9)
    assert np.isfinite(held).all()
    np.testing.assert_allclose(link.inverse(held), [1e-9, 1 - 1e-9], rtol=1e-6)


def test_links_do_not_overflow():
    far = np.array([-1e4, 1e4])
    assert LOGIT.inverse(far).tolist() == CLOGLOG.inverse(far).tolist() == [0.0, 1.0]
    assert LOGIT.derivative(far).tolist() == CLOGLOG.derivative(far).tolist() == [0.0, 0.0]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_logistic_fit_maximises_the_posterior(seed: int):
    rng = np.random.default_rng(seed)
    design, label, weight = rng.normal(size=(80, 3)), rng.random(80) < 0.4, rng.uniform(0, 2, 80)
    offset, prior = rng.normal(size=80), NormalPrior(rng.normal(size=3), rng.uniform(0.5, 3, 3))

    def loss(at: np.ndarray) -> float:
        linear = offset + design @ at
        penalty = prior.precision @ (at - prior.mean) ** 2 / 2
        return float(penalty - weight @ (label * linear - np.logaddexp(0, linear)))

    found = fit_logistic(design, label, weight, offset=offset, prior=prior)
    np.testing.assert_allclose(found, minimize(loss, np.zeros(3), tol=1e-12).x, atol=1e-4)
    assert all(loss(found) <= loss(found + nudge) + 1e-12 for nudge in 1e-3 * rng.normal(size=(20, 3)))


def test_recalibration_finds_the_line_that_was_drawn():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-1, 1, 200_000)
    label = rng.random(200_000) < LOGIT.inverse(0.3 + 0.8 * log_odds)
    found = logistic_recalibration(log_odds, label, np.ones(200_000))
    assert found.intercept == pytest.approx(0.3, abs=0.03)
    assert found.slope == pytest.approx(0.8, abs=0.02)


def test_the_spline_is_linear_beyond_its_knots_and_smooth_within():
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    x = np.arange(-5.0, 15.0, 0.01)
    basis = restricted_cubic_spline(x, knots)
    assert basis.shape == (len(x), 3)
    second = np.diff(basis, n=2, axis=0)
    outside = (x[1:-1] < knots[0] - 0.02) | (x[1:-1] > knots[-1] + 0.02)
    np.testing.assert_allclose(second[outside], 0, atol=1e-9)
    assert np.abs(np.diff(second, axis=0)).max() < 1e-5
    assert np.linalg.matrix_rank(np.column_stack([np.ones(len(x)), basis])) == 4


def test_few_knots_leave_the_line_or_nothing():
    x = np.arange(5.0)
    np.testing.assert_array_equal(restricted_cubic_spline(x, np.array([1.0, 2.0])), x[:, None])
    assert restricted_cubic_spline(x, np.array([1.0])).shape == (5, 0)


@pytest.mark.parametrize(("count", "size", "level"), [(0, 7, 0.95), (3, 10, 0.9), (65, 100, 0.95), (12, 12, 0.99)])
def test_wilsons_interval_is_scipys(count: int, size: int, level: float):
    theirs = binomtest(count, size).proportion_ci(level, method="wilson")
    found = wilson_interval(count / size, size, level)
    np.testing.assert_allclose([float(limit) for limit in found], [theirs.low, theirs.high], atol=1e-12)


def test_a_missing_label_is_a_group_or_in_none():
    labels = pl.DataFrame({"area": ["b", None, "a"]})
    assert number_groups(labels, 3)[0].tolist() == [2, 0, 1]
    assert common_groups(["area"], labels, pl.DataFrame({"area": ["c"]}))[1][0].tolist() == [1, -1, 0]


def test_bands_of_any_width_meet_without_gap():
    ages = pl.DataFrame({"age_years": [0, 6, 7, 13, 90, None]})
    assert ages.select(age_band(7))["age_band"].to_list() == ["0-6", "0-6", "7-13", "7-13", "84-90", None]
    children = ages.select(age_band(7, single_years_below=7, open_from=14))["age_band"].to_list()
    assert children == ["0", "6", "7-13", "7-13", "14+", None]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 5))
def test_a_split_of_folds_tests_every_row_once_and_divides_no_group(seed: int, k: int):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 20, 60)
    split = Split.from_folds(group_folds(groups, k, seed), groups)
    assert sorted(np.concatenate(split.test).tolist()) == list(range(60))
    for number, (train, test) in enumerate(zip(split.train, split.test, strict=True)):
        assert not set(groups[train]) & set(groups[test])
        assert (split.fold_of_rows(60)[test] == number).all()
    areas = Split.from_folds(rng.permutation(np.arange(60) % k), groups)
    assert not any(set(groups[train]) & set(groups[test]) for train, test in zip(areas.train, areas.test, strict=True))
