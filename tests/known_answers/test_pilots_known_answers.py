"""Pilots by brute force: every allocation, every pairing, the conditional binomial and the Poisson model in scipy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import binom, binomtest

from riskstrat.pilots.allocation import (
    _standardised,
    count_allocations,
    draw_steps,
    matched_pairs,
    possible_allocations,
)
from riskstrat.pilots.score import PilotModel


def pairs_model(expected: list[float], first: list[int]) -> PilotModel:
    """Units 2k and 2k + 1 are a pair."""
    drawn, pair = np.array(first), np.arange(len(first)) // 2
    allocations, _ = possible_allocations(drawn, pair, 0)
    column = np.array(expected)[:, None]
    return PilotModel(expected=column, first_period=drawn, pair=pair, lag=0, allocations=allocations)


EXPECTED, FIRST, COUNTS = [10.0, 12, 30, 25, 8, 8], [0, 1, 1, 0, 0, 1], np.array([[5.0], [14], [33], [20], [6], [9]])


def test_p_is_the_share_of_allocations_by_enumeration() -> None:
    def score(first: list[int]) -> float:
        total = 0.0
        for one in range(0, 6, 2):
            both = COUNTS[one : one + 2].sum()
            begins = one if first[one] == 0 else one + 1
            total += COUNTS[begins].item() - both * EXPECTED[begins] / (EXPECTED[one] + EXPECTED[one + 1])
        return total

    swaps = [[side for swap in bits for side in (swap, 1 - swap)] for bits in product((0, 1), repeat=3)]
    drawn = abs(score(FIRST))
    by_hand = np.mean([abs(score(each)) >= drawn - 1e-9 for each in swaps])
    assert pairs_model(EXPECTED, FIRST).p_values(COUNTS) == pytest.approx(by_hand)


def test_the_ratio_maximises_the_conditional_binomial_likelihood() -> None:
    def minus_log_likelihood(log_ratio: float) -> float:
        found = 0.0
        for one in range(0, 6, 2):
            begins, waits = (one, one + 1) if FIRST[one] == 0 else (one + 1, one)
            odds = np.exp(log_ratio) * EXPECTED[begins] / EXPECTED[waits]
            both = COUNTS[begins].item() + COUNTS[waits].item()
            found -= binom.logpmf(COUNTS[begins].item(), both, odds / (1 + odds))
        return found

    by_scipy = minimize_scalar(minus_log_likelihood, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10}).x
    assert pairs_model(EXPECTED, FIRST).log_ratio(COUNTS) == pytest.approx(by_scipy, abs=1e-6)


def test_one_pair_gives_the_ratio_of_two_counts() -> None:
    model = pairs_model([10.0, 20.0], [0, 1])
    counts = np.array([[6.0], [24.0]])
    assert np.exp(model.log_ratio(counts)) == pytest.approx((6 / 10) / (24 / 20))
    assert binomtest(6, 30, 10 / 30).statistic == pytest.approx(0.2)
    assert model.p_values(counts) == 1, "two allocations are as far from none"


def phased_model(units: int, steps: int, lag: int = 0) -> PilotModel:
    first = draw_steps(units, steps, np.random.default_rng(4))
    allocations, exact = possible_allocations(first, None, 0)
    assert exact
    expected = np.random.default_rng(5).uniform(5, 30, (units, 1 + steps + lag))
    return PilotModel(expected=expected, first_period=first, pair=None, lag=lag, allocations=allocations)


@pytest.mark.parametrize("lag", [0, 1])
def test_the_phased_model_is_the_poisson_model_with_unit_and_period_terms(lag: int) -> None:
    model = phased_model(5, 3, lag)
    counts = np.random.default_rng(6).poisson(model.expected * 0.6**model.begun).astype(float)
    units, periods = counts.shape

    def minus_log_likelihood(values: np.ndarray) -> float:
        unit, period = values[1 : 1 + units, None], np.concatenate([[0], values[1 + units :]])
        log_mean = np.log(model.expected) + unit + period + values[0] * model.begun
        return float((np.exp(log_mean) - counts * log_mean).sum())

    by_scipy = minimize(minus_log_likelihood, np.zeros(units + periods), method="BFGS", options={"gtol": 1e-7}).x[0]
    assert model.log_ratio(counts) == pytest.approx(by_scipy, abs=1e-4)
    residuals = model.residuals(counts)
    assert np.abs(residuals.sum(axis=0)).max() < 1e-6
    assert np.abs(residuals.sum(axis=1)).max() < 1e-6


def test_p_of_a_phased_roll_out_is_that_over_all_orders() -> None:
    model = phased_model(5, 3)
    counts = np.random.default_rng(7).poisson(model.expected * 0.5**model.begun).astype(float)
    residuals = model.residuals(counts)
    orders = set(permutations(model.first_period.tolist()))
    assert len(orders) == count_allocations(model.first_period, None) == len(model.allocations)
    scores = [
        sum(residuals[unit, period] for unit in range(5) for period in range(4) if period >= order[unit])
        for order in orders
    ]
    drawn = sum((residuals * model.begun).ravel())
    by_hand = np.mean([abs(score) >= abs(drawn) - 1e-9 for score in scores])
    assert model.p_values(counts) == pytest.approx(by_hand)


def test_limits_are_where_the_test_begins_to_reject() -> None:
    first = [0, 1] * 7
    expected = np.random.default_rng(1).uniform(20, 60, 14).tolist()
    model = pairs_model(expected, first)
    counts = np.random.default_rng(2).poisson(np.array(expected)[:, None] * 0.7**model.begun).astype(float)
    for limit, outwards in zip(model.limits(counts, 0.95), (-1, 1), strict=True):
        assert model.p_values(counts, limit + outwards * 1e-3) <= 0.05
        assert model.p_values(counts, limit - outwards * 1e-3) > 0.05


def test_clustered_errors_are_the_sandwich_of_the_whole_model() -> None:
    model = phased_model(6, 3)
    counts = np.random.default_rng(8).poisson(model.expected).astype(float)
    log_ratio = model.log_ratio(counts)
    fitted = counts - model.residuals(counts, log_ratio)
    units, periods = counts.shape
    dummies = np.hstack([np.repeat(np.eye(units), periods, axis=0), np.tile(np.eye(periods)[:, 1:], (units, 1))])
    design = np.hstack([model.begun.reshape(-1, 1), dummies])
    bread = np.linalg.inv(design.T @ (design * fitted.reshape(-1, 1)))
    by_unit = (design * (counts - fitted).reshape(-1, 1)).reshape(units, periods, -1).sum(axis=1)
    variance = bread @ (by_unit.T @ by_unit) @ bread * units / (units - 1)
    assert model.standard_error(counts, log_ratio) == pytest.approx(np.sqrt(variance[0, 0]), rel=1e-6)


def all_pairings(rows: tuple[int, ...]) -> Iterator[list[tuple[int, int]]]:
    if len(rows) < 2:
        yield []
        return
    first, *rest = rows
    for other in rest:
        yield from ([(first, other), *pairs] for pairs in all_pairings(tuple(each for each in rest if each != other)))


@pytest.mark.parametrize("seed", range(5))
def test_no_other_pairing_is_closer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases, people = rng.uniform(5, 60, 8), rng.uniform(100, 900, 8)
    points = _standardised(cases, people)

    def total(pairs: list[tuple[int, int]]) -> float:
        return sum(float(np.linalg.norm(points[a] - points[b])) for a, b in pairs)

    best = min(total(pairs) for pairs in all_pairings(tuple(range(8))))
    assert total(matched_pairs(cases, people)) == pytest.approx(best)
