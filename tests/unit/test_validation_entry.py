"""Persons who came under observation late: every metric is what it is of all, or is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.validation import (
    auc,
    brier,
    calibration,
    calibration_groups,
    censoring_weights,
    concordance,
    cumulative_incidence,
    net_benefit,
    outcome_array,
    prediction_accuracy,
    score,
)

HORIZON = 365


def made_up(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, risks and entries of everybody; only who is followed beyond the entry would be seen."""
    random = np.random.default_rng(seed)
    risk = random.beta(2, 4, n)
    event = np.where(random.random(n) < risk, 1, np.where(random.random(n) < 0.15, 2, 0))
    time = np.where(event == 0, HORIZON, random.integers(1, HORIZON, n))
    entry = np.where(random.random(n) < 0.4, 0, random.integers(1, 2 * HORIZON, n)).astype(float)
    lost = entry + random.integers(1, 3 * HORIZON, n)
    y = outcome_array(np.where(lost < time, 0, event), np.minimum(time, lost).astype(float))
    return y, risk, entry


def test_metrics_of_those_seen_are_those_of_everybody():
    y, risk, entry = made_up(60_000)
    seen = entry < y["duration_days"]
    whole, late = (y, risk), (y[seen], risk[seen])
    assert 0.5 < seen.mean() < 0.8
    for metric in (auc, brier, prediction_accuracy):
        biased, mended = metric(*late, HORIZON), metric(*late, HORIZON, entry=entry[seen])
        assert mended == pytest.approx(metric(*whole, HORIZON), abs=0.01)
        assert abs(mended - metric(*whole, HORIZON)) < abs(biased - metric(*whole, HORIZON)) + 0.003
    found = calibration(*late, HORIZON, entry=entry[seen])
    assert found.observed_expected == pytest.approx(1, abs=0.02)
    assert found.slope == pytest.approx(1, abs=0.04)
    assert found.ici < 0.015
    assert calibration(*late, HORIZON).observed_expected < 0.95
    benefit = net_benefit(*late, [0.3], HORIZON, entry=entry[seen]).filter(strategy="model")["net_benefit"][0]
    assert benefit == pytest.approx(
        net_benefit(*whole, [0.3], HORIZON).filter(strategy="model")["net_benefit"][0], abs=0.01
    )


def test_the_weighted_share_is_the_delayed_entry_aalen_johansen_estimate():
    y, _, entry = made_up(3_000, 1)
    seen = entry < y["duration_days"]
    y, entry = y[seen], entry[seen]
    weight = censoring_weights(y, HORIZON, truncate=1, entry=entry)
    had = (y["event"] == 1) & (y["duration_days"] <= HORIZON)
    expected = cumulative_incidence(y, HORIZON, entry=entry).filter(event=1)["estimate"][0]
    assert np.average(had, weights=weight) == pytest.approx(expected, abs=1e-9)


def test_entry_at_the_index_changes_nothing():
    y, risk, _ = made_up(500, 2)
    zero = np.zeros(len(y))
    for metric in (auc, brier, prediction_accuracy, concordance):
        # Without late entry the Brier score's weights are cut at their 99.5th percentile.
        assert metric(y, risk, HORIZON, entry=zero) == pytest.approx(metric(y, risk, HORIZON), abs=2e-3)
    assert calibration_groups(y, risk, HORIZON, entry=zero)["n"].sum() <= len(y)


def test_late_entry_is_refused_where_it_is_not_defined():
    y, risk, entry = made_up(100, 3)
    seen = entry < y["duration_days"]
    with pytest.raises(UsageError, match="late entry"):
        concordance(y[seen], risk[seen], HORIZON, entry=entry[seen])
    with pytest.raises(ContractError, match="weights and late entry together"):
        auc(y[seen], risk[seen], HORIZON, np.ones(seen.sum()), entry=entry[seen])
    with pytest.raises(ContractError, match="less than duration_days"):
        auc(y, risk, HORIZON, entry=entry)


def test_scores_of_those_seen_are_those_of_everybody_and_concordance_is_left_out():
    y, risk, entry = made_up(20_000)
    seen = entry < y["duration_days"]
    risks = {"model": risk, "worse": 0.5 * risk + 0.1}
    whole = score(y, risks, HORIZON).filter(~pl.col("metric").str.starts_with("concordance"))
    late = score(y[seen], {name: each[seen] for name, each in risks.items()}, HORIZON, entry=entry[seen])
    assert late.select("model", "metric").rows() == whole.select("model", "metric").rows()
    assert np.abs(late["estimate"] - whole["estimate"]).max() < 0.015
    assert score(y, risks, HORIZON, entry=np.zeros(len(y))).equals(score(y, risks, HORIZON))


def test_intervals_of_scores_with_late_entry_hold_the_truth():
    y, risk, _ = made_up(200_000, 9)
    truth = dict(score(y, {"model": risk}, HORIZON).select("metric", "estimate").rows())
    held = []
    for seed in range(60):
        y, risk, entry = made_up(600, 100 + seed)
        seen = entry < y["duration_days"]
        found = score(y[seen], {"model": risk[seen]}, HORIZON, entry=entry[seen], level=0.9).filter(model="model")
        held += [low <= truth[metric] <= high for metric, low, high in found.select("metric", "lower", "upper").rows()]
    # 60 samples know a share of .9 to .04; what is known of the curves makes intervals no narrower.
    assert np.mean(held) > 0.9 - 0.08
