"""What must hold of incidence whatever the cohort, and the mistakes it must not repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from riskstrat.incidence import (
    OutcomeArray,
    ReplicateWeights,
    SurveyDesign,
    brier,
    censoring_weights,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
    outcome_within,
)
from riskstrat.incidence.survey import Rows, derivatives
from riskstrat.numerics.ties import tied_times
from riskstrat.validation import concordance

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


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1 / 365.25, 100.0]))
def test_times_that_differ_by_rounding_are_tied_everywhere(
    cohort: tuple[OutcomeArray, list[str]], seed: int, unit: float
):
    """Whole days, and the same in another unit with noise far below what anybody measures."""
    y, groups = cohort
    random = np.random.default_rng(seed)
    noisy = outcome_array(y["event"], y["duration_days"] * unit * (1 + random.uniform(-1e-12, 1e-12, len(y))))
    entry = np.minimum(random.integers(0, 3, len(y)), y["duration_days"] - 1)
    for estimate in (kaplan_meier, cumulative_incidence):
        for delayed in (None, entry):
            exact = estimate(y, [20, 60], by=groups, entry=delayed)
            rounded = estimate(
                noisy, [20 * unit, 60 * unit], by=groups, entry=None if delayed is None else entry * unit
            )
            assert_frame_equal(exact.drop("time"), rounded.drop("time"))
            assert set(rounded["time"]) == {20 * unit, 60 * unit}
    weights = censoring_weights(y, HORIZON, groups)
    np.testing.assert_allclose(weights, censoring_weights(noisy, HORIZON * unit, groups))
    assert (outcome_within(y, 20) == outcome_within(noisy, 20 * unit)).all()
    risk = random.integers(0, 5, len(y)) / 5
    assert brier(y, risk, HORIZON) == pytest.approx(brier(noisy, risk, HORIZON * unit))
    if outcome_within(y, HORIZON).any():
        for method in ("uno", "harrell"):
            assert concordance(y, risk, HORIZON, method) == pytest.approx(
                concordance(noisy, risk, HORIZON * unit, method)
            )


@pytest.mark.parametrize(
    ("times", "distinct"),
    [
        ([0.3, 0.1 + 0.2], 1),
        ([1.0, 1.0 + 1.4e-8], 1),
        ([1.0, 1.0 + 1.6e-8], 2),
        ([1e6, 1e6 + 0.014], 1),
        ([1e6, 1e6 + 0.017], 2),
        ([1e-9, 2e-9], 1),
        ([1.0, 1.0 + 1e-8, 1.0 + 2e-8], 1),
        ([1826, 1827], 2),
    ],
)
def test_times_are_tied_by_the_rule_of_r(times: list[float], distinct: int):
    """R: a gap of at most sqrt(.Machine$double.eps) = 1.49e-8, absolute or relative to the mean of the times."""
    tied = tied_times(times)[0]
    assert len(np.unique(tied)) == distinct
    assert set(tied) <= set(times)


@given(cohorts(), st.integers(0, 2**32 - 1))
def test_linearisation_differentiates_the_estimates(cohort: tuple[OutcomeArray, list[str]], seed: int):
    y, _ = cohort
    weights = np.random.default_rng(seed).uniform(0.5, 30, len(y))
    entry = np.minimum(np.random.default_rng(seed).integers(0, 4, len(y)), y["duration_days"] - 1)
    at = np.array([5.0, 20.0, 60.0])
    rows = Rows(outcome=y, entries=entry, weights=weights, numbers=np.zeros(len(y), dtype=np.intp), groups=1)
    (table,) = rows.tables()
    found = derivatives(table, rows, np.arange(len(y)), at)
    row = seed % len(y)
    step = 1e-6 * weights * (np.arange(len(y)) == row)
    up, down = (replace(rows, weights=weights + sign * step).estimates(at).ravel() for sign in (1, -1))
    # Where a curve has reached nought it cannot go further down: there the derivative is one-sided.
    inner = np.repeat((rows.estimates(at)[0, 2] > 0)[None], 3, axis=0).ravel()
    np.testing.assert_allclose(found[row][inner], (up - down)[inner] / (2 * step[row]), atol=1e-7)


@settings(max_examples=15, deadline=None)
@given(cohorts(), st.integers(0, 2**32 - 1))
def test_survey_weights_are_no_frequencies(cohort: tuple[OutcomeArray, list[str]], seed: int):
    y, groups = cohort
    n, random = len(y), np.random.default_rng(seed)
    weights = random.uniform(1, 50, n)
    for estimate in (kaplan_meier, cumulative_incidence):
        # Ones: the variance of a simple random sample, which is R's, times n / (n - 1).
        simple = estimate(y, [20, 60], survey=SurveyDesign())["standard_error"].to_numpy()
        np.testing.assert_allclose(
            simple * np.sqrt((n - 1) / n), estimate(y, [20, 60])["standard_error"].to_numpy(), atol=1e-7
        )
        found = estimate(y, [20, 60], by=groups, weights=weights, survey=SurveyDesign())
        scaled = estimate(y, [20, 60], by=groups, weights=1000 * weights, survey=SurveyDesign())
        assert_frame_equal(found, scaled)
        # Persons with two index dates each tell nothing new.
        twice = estimate(
            np.tile(y, 2),
            [20, 60],
            by=groups * 2,
            weights=np.tile(weights, 2),
            survey=SurveyDesign(clusters=np.tile(np.arange(n), 2)),
        )
        assert_frame_equal(found.select("standard_error"), twice.select("standard_error"))
        left_out = np.broadcast_to(weights[:, None], (n, n)) * (1 - np.eye(n)) * n / (n - 1)
        jackknife = ReplicateWeights(weights=left_out, kind="jackknife")
        deleted = [
            estimate(y[k], [20], weights=weights[k], survey=SurveyDesign())["estimate"] for k in ~np.eye(n, dtype=bool)
        ]
        full = estimate(y, [20], weights=weights, survey=SurveyDesign())["estimate"].to_numpy()
        by_hand = np.sqrt((n - 1) / n * ((np.array([one.to_numpy() for one in deleted]) - full) ** 2).sum(axis=0))
        replicated = estimate(y, [20], weights=weights, survey=jackknife)["standard_error"]
        np.testing.assert_allclose(replicated.to_numpy(), by_hand, atol=1e-9)
