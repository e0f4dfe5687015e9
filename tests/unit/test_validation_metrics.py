from __future__ import annotations

import itertools

import numpy as np
import pytest

from riskstrat.numerics.logistic import fit_logistic
from riskstrat.validation import (
    auc,
    calibration,
    calibration_groups,
    censoring_weights,
    concordance,
    cumulative_incidence,
    net_benefit,
    outcome_array,
)
from riskstrat.validation.calibration import SmoothCurve
from riskstrat.validation.horizon_labels import HorizonLabels
from riskstrat.validation.resampling import drawn_totals


def sample(seed: int, n: int = 60, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = outcome_array(random.choice(3, n, p=[0.4, 0.4, 0.2]), random.integers(1, 20, n))
    return y, random.random(n).round(decimals)


def pairwise_auc(y: np.ndarray, risk: np.ndarray, horizon: float) -> float:
    weight = censoring_weights(y, horizon)
    case = (y["event"] == 1) & (y["duration_days"] <= horizon)
    won = total = 0.0
    for i, j in itertools.product(np.flatnonzero(case), np.flatnonzero(~case)):
        pair = weight[i] * weight[j]
        total += pair
        won += pair * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return won / total


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_the_share_of_weighted_pairs_won(seed: int) -> None:
    y, risk = sample(seed)
    assert auc(y, risk, 12) == pytest.approx(pairwise_auc(y, risk, 12), abs=1e-12)


def test_auc_counts_a_competing_event_as_a_control() -> None:
    assert auc(outcome_array([1, 2], [5, 3]), [0.9, 0.1], 10) == 1.0


def still_followed(y: np.ndarray, at: float) -> float:
    """G(at-) by the definition: product over censoring days before `at`."""
    product = 1.0
    for day in np.unique(y["duration_days"][(y["event"] == 0) & (y["duration_days"] < at)]):
        had_event_that_day = (y["event"] != 0) & (y["duration_days"] == day)
        at_risk = (y["duration_days"] >= day).sum() - had_event_that_day.sum()
        product *= 1 - ((y["event"] == 0) & (y["duration_days"] == day)).sum() / at_risk
    return product


def pairwise_concordance(y: np.ndarray, risk: np.ndarray, horizon: float, *, uno: bool) -> float:
    event, time = y["event"], y["duration_days"]
    followed = [still_followed(y, day) if uno else 1.0 for day in time]
    won = total = 0.0
    for i, j in itertools.permutations(range(len(y)), 2):
        if event[i] != 1 or time[i] > horizon:
            continue
        if time[j] > time[i] or (time[j] == time[i] and event[j] != 1):
            pair = followed[i] ** -2
        elif event[j] == 2 and time[j] < time[i]:
            pair = 1 / (followed[i] * followed[j])
        else:
            continue
        total += pair
        won += pair * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return won / total


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("method", ["harrell", "uno"])
def test_concordance_is_the_share_of_pairs_won(seed: int, method: str) -> None:
    y, risk = sample(seed)
    expected = pairwise_concordance(y, risk, 12, uno=method == "uno")
    assert concordance(y, risk, 12, method) == pytest.approx(expected, abs=1e-12)


def test_concordance_by_default_is_uno() -> None:
    y, risk = sample(1)
    assert concordance(y, risk, 12) == concordance(y, risk, 12, "uno")


def test_weighted_logistic_equals_a_general_maximiser() -> None:
    from scipy.optimize import minimize

    random = np.random.default_rng(0)
    design = np.column_stack([np.ones(300), random.normal(size=(300, 2))])
    label, weight = (random.random(300) < 0.3).astype(float), random.random(300)
    offset = random.normal(size=300)

    def loss(coefficients: np.ndarray) -> float:
        linear = offset + design @ coefficients
        return float(weight @ (np.logaddexp(0, linear) - label * linear))

    theirs = minimize(loss, np.zeros(3), tol=1e-12).x
    np.testing.assert_allclose(fit_logistic(design, label, weight, offset=offset), theirs, atol=1e-5)


def test_weighted_logistic_reaches_a_far_optimum() -> None:
    x = np.linspace(-20, 20, 200)
    label = (x > 0.1).astype(float)
    label[95:105] = [0, 1] * 5
    found = fit_logistic(np.column_stack([np.ones(200), x]), label, np.ones(200))
    fitted = 1 / (1 + np.exp(-(found[0] + found[1] * x)))
    assert abs((label - fitted).sum()) < 1e-6
    assert abs(((label - fitted) * x).sum()) < 1e-5


def test_a_shifted_logit_is_found_by_calibration_in_the_large() -> None:
    random = np.random.default_rng(1)
    logit = random.normal(-1, 1, 20_000)
    y = outcome_array(random.random(20_000) < 1 / (1 + np.exp(-logit)), np.full(20_000, 365))
    found = calibration(y, 1 / (1 + np.exp(-(logit - 0.5))), 365)
    assert found.in_the_large == pytest.approx(0.5, abs=0.06)
    assert found.slope == pytest.approx(1.0, abs=0.06)
    assert found.observed_expected > 1.2
    stretched = calibration(y, 1 / (1 + np.exp(-2 * logit)), 365)
    assert stretched.slope == pytest.approx(0.5, abs=0.03)
    assert stretched.ici > 3 * calibration(y, 1 / (1 + np.exp(-logit)), 365).ici


def test_observed_risk_is_aalen_johansen_and_never_one_minus_kaplan_meier() -> None:
    y, risk = sample(2, 400, 3)
    whole = cumulative_incidence(y, 12).filter(event=1)["estimate"][0]
    assert calibration(y, risk, 12).observed_expected == pytest.approx(whole / risk.mean())
    one_group = calibration_groups(y, risk, 12, groups=1)
    assert one_group["observed"].to_list() == pytest.approx([whole])
    everybody = net_benefit(y, risk, [0.0], 12).filter(strategy="all")
    assert everybody["true_positive_share"].to_list() == pytest.approx([whole])


def test_equal_risks_stay_in_one_group() -> None:
    y, _ = sample(3, 100)
    groups = calibration_groups(y, np.repeat([0.1, 0.2], [70, 30]), 12)
    assert groups["n"].to_list() == [70, 30]
    assert groups["mean_predicted"].to_list() == pytest.approx([0.1, 0.2])


def test_given_weights_make_weighted_shares_with_wilsons_interval() -> None:
    y = outcome_array([1, 0, 0, 0], [9, 9, 9, 9])
    groups = calibration_groups(y, [0.2, 0.2, 0.2, 0.2], 9, [3.0, 1.0, 2.0, 0.0])
    assert groups["n"].to_list() == [3]
    assert groups["observed"].to_list() == pytest.approx([0.5])
    size, z = 36 / 14, 1.959963984540054
    lower = (0.5 + z**2 / (2 * size) - z * np.sqrt(0.25 / size + z**2 / (4 * size**2))) / (1 + z**2 / size)
    assert groups["lower"].to_list() == pytest.approx([lower])


def test_the_smooth_curve_bends_with_the_outcome() -> None:
    random = np.random.default_rng(4)
    risk = random.uniform(0.05, 0.6, 40_000)
    truth = risk**2 + 0.05
    known = HorizonLabels((random.random(40_000) < truth).astype(float), risk, np.ones(40_000))
    at = np.array([0.1, 0.3, 0.5])
    np.testing.assert_allclose(SmoothCurve.fit(known).observed(at), at**2 + 0.05, atol=0.02)


def test_nobody_above_a_threshold_has_no_benefit_and_no_harm() -> None:
    y, risk = sample(5)
    assert net_benefit(y, risk / 2, [0.9], 12)["net_benefit"].to_list()[0] == 0


def test_everybody_above_a_threshold_may_have_the_outcome() -> None:
    y = outcome_array(
        [1] * 6 + [0] * 4, [8.00414403, 7.72888078, 5.05631228, 1.07250428, 5.35275971, 7.8009709] + [10] * 4
    )
    risk = np.repeat([0.9, 0.1], [6, 4])
    model = net_benefit(y, risk, [0.5], 10).filter(strategy="model")
    assert model["net_benefit"].to_list() == pytest.approx([0.6])
    assert calibration_groups(y, risk, 10)["observed"].to_list() == pytest.approx([0.0, 1.0])


def test_groups_that_are_drawn_together_have_the_totals_of_each_alone():
    rng = np.random.default_rng(0)
    counts = rng.poisson(1, (20, 7)).astype(np.float64)
    sums = [{"known": rng.normal(size=7), "curve": rng.normal(size=(7, 3))}, {"known": rng.normal(size=7)}]
    found = drawn_totals(sums, counts)
    assert [group.keys() for group in found] == [group.keys() for group in sums]
    for group, total in zip(sums, found, strict=True):
        for name, each in group.items():
            np.testing.assert_allclose(total[name], counts @ each, atol=1e-12)
    assert drawn_totals([], counts) == []
