"""What must hold of incidence whatever the cohort, and the mistakes it must not repeat."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from riskstrat.incidence import (
    OutcomeArray,
    brier,
    censoring_weights,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
    outcome_within,
)

HORIZON = 60
ROW = st.tuples(st.sampled_from([0, 0, 1, 2]), st.integers(1, HORIZON), st.sampled_from(["A", "B"]))


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[OutcomeArray, list[str]]:
    """A cohort with ties in which each group has somebody followed to the horizon."""
    rows = [*draw(st.lists(ROW, min_size=1, max_size=60)), (0, HORIZON, "A"), (0, HORIZON, "B")]
    events, days, groups = zip(*rows, strict=True)
    return outcome_array(events, days), list(groups)


@given(cohorts(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(cohort: tuple[OutcomeArray, list[str]], seed: int):
    y, groups = cohort
    order = np.random.default_rng(seed).permutation(len(y))
    shuffled = [groups[row] for row in order]
    for estimate in (kaplan_meier, cumulative_incidence):
        assert_frame_equal(estimate(y, [20, 60], by=groups), estimate(y[order], [20, 60], by=shuffled))
    np.testing.assert_allclose(
        censoring_weights(y, HORIZON, groups)[order], censoring_weights(y[order], HORIZON, shuffled)
    )


@given(cohorts(), st.data())
def test_a_weight_of_two_is_the_row_twice(cohort: tuple[OutcomeArray, list[str]], data: st.DataObject):
    y, groups = cohort
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(y), max_size=len(y)).filter(any))
    repeated, labels = np.repeat(y, times), pl.Series("group", np.repeat(groups, times))
    for estimate in (kaplan_meier, cumulative_incidence):
        weighted = estimate(y, [20, 60], by=groups, weights=times).filter(pl.col("group").is_in(labels.implode()))
        assert_frame_equal(weighted, estimate(repeated, [20, 60], by=labels))


@given(cohorts())
def test_event_free_outcome_and_death_add_up_to_everybody(cohort: tuple[OutcomeArray, list[str]]):
    y, _ = cohort
    events = cumulative_incidence(y, [1, 30, 60]).group_by("time", maintain_order=True).agg(pl.col("estimate").sum())
    np.testing.assert_allclose(events["estimate"] + kaplan_meier(y, [1, 30, 60])["estimate"], 1)


@given(cohorts())
def test_limits_enclose_the_estimate_within_nought_and_one(cohort: tuple[OutcomeArray, list[str]]):
    y, groups = cohort
    table = cumulative_incidence(y, [1, 30, 60], by=groups)
    ordered = (pl.col("lower") >= 0) & (pl.col("lower") <= pl.col("estimate") + 1e-12)
    assert table.select(
        (ordered & (pl.col("estimate") <= pl.col("upper") + 1e-12) & (pl.col("upper") <= 1)).all()
    ).item()


@given(cohorts())
def test_the_known_stand_for_everybody(cohort: tuple[OutcomeArray, list[str]]):
    y, groups = cohort
    weights = censoring_weights(y, HORIZON, groups, truncate=1)
    for group in ("A", "B"):
        rows = np.array(groups) == group
        assert weights[rows].sum() == pytest.approx(rows.sum())


@given(cohorts())
def test_weighted_share_of_outcomes_is_the_aalen_johansen_estimate(cohort: tuple[OutcomeArray, list[str]]):
    y, _ = cohort
    weights = censoring_weights(y, HORIZON, truncate=1)
    share = np.average(outcome_within(y, HORIZON), weights=weights)
    assert share == pytest.approx(cumulative_incidence(y, HORIZON)["estimate"][0])


@given(cohorts())
def test_without_censoring_all_weights_are_one(cohort: tuple[OutcomeArray, list[str]]):
    y, _ = cohort
    followed = outcome_array(y["event"], np.where(y["event"] == 0, HORIZON, y["duration_days"]))
    assert (censoring_weights(followed, HORIZON) == 1).all()


@given(cohorts(), st.floats(0, 1))
def test_no_constant_risk_beats_the_weighted_mean(cohort: tuple[OutcomeArray, list[str]], constant: float):
    y, _ = cohort
    mean = cumulative_incidence(y, HORIZON)["estimate"][0]
    weights = censoring_weights(y, HORIZON, truncate=1)
    best = brier(y, np.full(len(y), mean), HORIZON, weights)
    assert best <= brier(y, np.full(len(y), constant), HORIZON, weights) + 1e-12


def test_short_follow_up_and_competing_death_bias_the_simple_ways_but_not_ours():
    # Rates a year: outcome .01997, death .0276, loss .052; five years. Truth 8.9 %.
    rng = np.random.default_rng(2024)
    outcome, death, loss = (rng.exponential(1 / rate, 200_000) for rate in (0.01997, 0.0276, 0.052))
    first = np.minimum(outcome, death)
    seen = np.minimum(np.minimum(first, loss), 5.0)
    event = np.where((loss < first) | (first > 5), 0, np.where(outcome < death, 1, 2))
    y = outcome_array(event, seen)
    truth = ((outcome <= 5) & (outcome < death)).mean()
    complete = (event == 1) | (seen == 5)
    only_outcomes = outcome_array(np.where(event == 2, 0, event), seen)

    assert truth == pytest.approx(0.089, abs=0.002)
    assert (event == 1)[complete].mean() == pytest.approx(0.115, abs=0.003)
    assert 1 - kaplan_meier(only_outcomes, 5)["estimate"][0] == pytest.approx(0.095, abs=0.002)
    assert (event == 1).mean() == pytest.approx(0.079, abs=0.002)

    weights = censoring_weights(y, 5)
    assert cumulative_incidence(y, 5)["estimate"][0] == pytest.approx(truth, abs=0.001)
    assert np.average(outcome_within(y, 5), weights=weights) == pytest.approx(truth, abs=0.001)
