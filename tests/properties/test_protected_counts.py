"""Counts that carry the noise of their cells: what the posterior makes of them, against brute force and exact ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom, poisson

from riskstrat.areas import smooth
from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.gamma import Counts, GammaPosterior, integrated, log_marginal, mean_given_shape

FIVE = np.full(5, 0.2)
positive = st.floats(0.2, 40)


def seen(noise: CountNoise, protected: float, count: int) -> float:
    """P(O* | O) by going through all noise."""
    return float(np.mean([noise.protect(np.array([count]), np.array([e]))[0] == protected for e in range(-2, 3)]))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(15, 60), positive, st.floats(0.5, 60), st.floats(0.4, 2))
def test_the_posterior_of_a_group_is_that_of_brute_force(
    protected: int, rows: int, expected: float, nu: float, mu: float
):
    noise = CountNoise(probability=FIVE, rows=np.array([float(rows)]))
    counts = Counts.of(np.array([float(protected)]), np.array([expected]), noise)
    posterior = GammaPosterior(counts=counts, nu=np.array([nu]), mu=np.array([mu]), weight=np.ones(1))
    # With fewer rows the count itself would be in the highest class, which has no upper end here.
    # By roots, on which a density that is infinite at 0 is not; what lies above the highest class is left out.
    root = np.linspace(1e-6, np.sqrt(gamma.ppf(1 - 1e-12, nu + protected + 2, scale=1 / (nu / mu + expected))), 20_001)
    theta = root**2
    chance = sum(seen(noise, protected, c) * poisson.pmf(c, expected * theta) for c in range(protected + 3))
    density = chance * gamma.pdf(theta, nu, scale=mu / nu) * 2 * root
    whole, threshold = np.trapezoid(density, root), float(posterior.mean[0])
    above = np.trapezoid(density * (theta > threshold), root) / whole
    assert posterior.mean[0] == pytest.approx(np.trapezoid(density * theta, root) / whole, rel=1e-4)
    assert posterior.exceedance(threshold)[0] == pytest.approx(above, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 30), positive), min_size=2, max_size=4), st.floats(0.5, 60), st.floats(0.4, 2))
def test_the_marginal_adds_up_all_counts_that_are_possible(groups: list[tuple[int, float]], nu: float, mu: float):
    protected, expected = [o for o, _ in groups], np.array([e for _, e in groups])
    noise = CountNoise(probability=FIVE, rows=np.full(len(protected), 100.0))
    counts = Counts.of(np.array(protected, dtype=float), expected, noise)

    def log_chance(mean: float) -> float:
        p = nu / (nu + mean * expected)
        each = [
            sum(seen(noise, o, c) * nbinom.pmf(c, nu, q) for c in range(o + 3))
            for o, q in zip(protected, p, strict=True)
        ]
        return float(np.log(each).sum())

    ours = log_marginal(counts, nu, np.array([mu, 1.0]))
    assert ours[0] - ours[1] == pytest.approx(log_chance(mu) - log_chance(1.0), abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_mode_of_the_mean_is_that_of_the_noisy_marginal(seed: int):
    random = np.random.default_rng(seed)
    expected = random.uniform(1, 20, 30)
    noise = CountNoise(probability=FIVE, rows=np.full(30, 1000.0))
    counts = Counts.of(noise.protect(random.poisson(expected), random.integers(-2, 3, 30)), expected, noise)
    mode, spread = mean_given_shape(counts, np.array([8.0]))
    at = log_marginal(counts, 8.0, np.exp(mode[0] + np.array([-0.2, 0.0, 0.2]) * spread[0]))
    assert at[1] >= max(at[0], at[2])


def test_noise_of_no_width_changes_nothing():
    observed, expected = np.array([0.0, 3.5, 12.0, 40.0]), np.array([4.0, 5.0, 10.0, 0.0])
    none = CountNoise(probability=np.ones(1), rows=np.full(4, 1e6))
    exact, noisy = integrated(observed, expected), integrated(observed, expected, none)
    np.testing.assert_array_equal(exact.mean, noisy.mean)
    np.testing.assert_array_equal(exact.draw(50, 1), noisy.draw(50, 1))
    np.testing.assert_array_equal(exact.exceedance(1.1), noisy.exceedance(1.1))


def test_draws_agree_with_mean_and_exceedance():
    observed, expected = np.array([2.0, 5.0, 12.0, 40.0, 2.0]), np.array([4.0, 5.0, 10.0, 30.0, 0.5])
    found = smooth(observed, expected, noise=CountNoise(probability=FIVE, rows=np.array([50.0, 50, 60, 42, 6])), seed=4)
    draws = found.draws(40_000)
    np.testing.assert_allclose(draws.mean(axis=0), found.estimate, rtol=0.02)
    np.testing.assert_allclose((draws > 1.1).mean(axis=0), found.exceedance(1.1), atol=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 80), st.integers(0, 80), st.integers(1, 6))
def test_at_least_as_many_counts_are_possible_as_there_are_values_of_the_noise(rows: int, protected: int, width: int):
    values = np.arange(-width, width + 1)
    noise = CountNoise(probability=np.full(len(values), 1 / len(values)), rows=np.array([float(rows)]))
    reachable = {float(noise.protect(np.array([c]), np.array([e]))[0]) for c in range(rows + 1) for e in values}
    if protected not in reachable:
        return
    least, likelihood = noise.possible(np.array([float(protected)]))
    assert least[0] >= 0
    assert (likelihood > 0).sum() >= min(5 if width > 1 else 3, rows)
    for j in range(len(likelihood)):
        counts = (noise.protect(np.array([int(least[0]) + j]), np.array([e]))[0] == protected for e in values)
        assert likelihood[j, 0] == pytest.approx(np.mean(list(counts)))


def test_methods_by_moments_refuse_noise():
    noise = CountNoise(probability=FIVE, rows=np.full(2, 50.0))
    with pytest.raises(Exception, match="has no likelihood"):
        smooth([2, 8], [4.0, 6.0], "marshall", noise=noise)
