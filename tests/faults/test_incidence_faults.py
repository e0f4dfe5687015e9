"""Outcomes that cannot be used: one error that names every problem and no person's value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.incidence import (
    ReplicateWeights,
    SurveyDesign,
    brier,
    censoring_weights,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
)

Y = outcome_array([1, 0, 2, 0], [10, 20, 30, 40])


def test_all_problems_of_an_outcome_come_together():
    with pytest.raises(ContractError) as caught:
        outcome_array([0, 1, 7], [10.0, 0.0, np.nan])
    message = str(caught.value)
    assert "event: 1 other value" in message
    assert "duration_days: 1 missing or infinite values" in message
    assert "duration_days: 1 value of 0 or less" in message
    assert "7" not in message


@pytest.mark.parametrize(
    ("event", "days", "part"),
    [
        ([0, 1], [10.0], "2 events and 1 duration"),
        ([0, 1], [10.0, np.inf], "1 missing or infinite"),
        ([0, 0.5], [10.0, 20.0], "1 other value"),
        (pl.Series([0, None]), [10.0, 20.0], "1 other value"),
        (["yes", "no"], [10.0, 20.0], "not numbers"),
        ([[0, 1]], [10.0, 20.0], "2 dimensions"),
    ],
)
def test_events_and_durations_are_checked(event: object, days: object, part: str):
    with pytest.raises(ContractError, match=part):
        outcome_array(event, days)


@pytest.mark.parametrize(
    "y",
    [
        np.array([0.0, 1.0]),
        np.array([(1, 2.0)], dtype=[("event", "i1"), ("time", "f8")]),
        Y[:0],
        np.array([(1, np.nan)], dtype=Y.dtype),
        np.array([(3, 10.0)], dtype=Y.dtype),
    ],
    ids=["no fields", "other fields", "no rows", "NaN duration", "unknown event"],
)
def test_arrays_that_are_no_outcome_are_refused(y: np.ndarray):
    with pytest.raises(ContractError):
        cumulative_incidence(y, 10)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: kaplan_meier(Y, [np.nan]), "times"),
        (lambda: kaplan_meier(Y, [-1]), "times"),
        (lambda: kaplan_meier(Y, 10, by=["A", "B"]), "2 labels for 4 rows"),
        (lambda: kaplan_meier(Y, 10, weights=[1, 1]), "2 values; expected 4"),
        (lambda: kaplan_meier(Y, 10, weights=[1, 1, 1, -1]), "1 negative"),
        (lambda: kaplan_meier(Y, 10, weights=[0, 0, 0, 0]), "no weight above zero"),
        (lambda: kaplan_meier(Y, 10, weights=[1.5, 1, 1, 1]), "not whole numbers; expected frequencies, or survey"),
        (lambda: cumulative_incidence(Y, 10, entry=[10 - 1e-9, 0, 0, 0]), "1 other value; expected 0 or more, and"),
        (lambda: _replicated(np.ones((3, 2)), "brr"), r"shape \(3, 2\); expected \(4, replicates"),
        (lambda: _replicated(-np.ones((4, 2)), "brr"), "weights below 0"),
        (lambda: _replicated(np.ones((4, 2)), "sdr"), "kind 'sdr'; expected jackknife or"),
        (lambda: _replicated(np.ones((4, 2)), "fay"), "rho of None"),
        (lambda: _replicated(np.ones((4, 2)), "fay", rho=1.0), "rho of 1.0"),
        (lambda: _replicated(np.ones((4, 2)), "brr", rho=0.5), "one for 'fay' alone"),
        (lambda: _replicated(np.ones((4, 2)), "stratified_jackknife"), "scales of 'stratified_jackknife'"),
        (lambda: _replicated(np.ones((4, 2)), "stratified_jackknife", scales=[1]), "one a replicate"),
        (lambda: brier(Y, [0.5] * 3, 40), r"shape \(3,\)"),
        (lambda: brier(Y, [0.5, 0.5, 0.5, 1.5], 40), "1 value of risk missing or outside"),
        (lambda: brier(Y, [0.5, 0.5, 0.5, np.nan], 40), "1 value of risk missing or outside"),
    ],
)
def test_other_arguments_are_checked(call: Callable[[], object], part: str):
    with pytest.raises(ContractError, match=part):
        call()


@pytest.mark.parametrize("horizon", [0, np.nan])
def test_a_horizon_that_is_no_time_is_checked(horizon: float):
    with pytest.raises(UsageError, match=f"horizon_days = {horizon}"):
        censoring_weights(Y, horizon)


def _replicated(weights: np.ndarray, kind: str, **options: object) -> pl.DataFrame:
    return kaplan_meier(Y, 10, survey=ReplicateWeights(weights=weights, kind=kind, **options))


def test_a_stratum_with_a_single_cluster_has_no_variance():
    with pytest.raises(DesignError, match="1 of 2 strata with a single cluster"):
        kaplan_meier(Y, 10, survey=SurveyDesign(strata=["a", "a", "a", "b"]))


def test_a_horizon_that_nobody_reaches_is_an_error_not_a_bias():
    with pytest.raises(DesignError, match="nobody followed to the horizon of 365 days in 1 of 2 strata"):
        censoring_weights(outcome_array([1, 0, 0, 0], [10, 20, 365, 365]), 365, strata=["late", "late", "ok", "ok"])
