"""Aalen-Johansen, Kaplan-Meier and censoring weights on tables small enough to do by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from riskstrat.incidence import (
    OUTCOME_DTYPE,
    ReplicateWeights,
    SurveyDesign,
    brier,
    censoring_weights,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
    outcome_within,
    prediction_accuracy,
    status_known,
)


def test_outcome_array_holds_event_and_days():
    y = outcome_array(pl.Series([1, 0, 2]), pl.Series([30, 731, 100]))
    assert y.dtype == OUTCOME_DTYPE
    assert y["event"].tolist() == [1, 0, 2]
    assert y["duration_days"].tolist() == [30.0, 731.0, 100.0]


def test_an_outcome_on_the_horizon_counts_and_a_day_later_does_not():
    y = outcome_array([1, 1], [365, 366])
    assert outcome_within(y, 365).tolist() == [True, False]


def test_followed_to_the_horizon_is_known_and_a_day_less_is_not():
    y = outcome_array([0, 0, 2, 1], [365, 364, 10, 10])
    assert status_known(y, 365).tolist() == [True, False, True, True]


def test_competing_deaths_leave_the_risk_set_but_never_become_outcomes():
    # Day 10: 1 of 4 has the outcome. Day 20: 1 of 3 dies. Day 30: 1 of 2 has the outcome, event-free before it: 1/2.
    y = outcome_array([1, 2, 1, 0], [10, 20, 30, 40])
    table = cumulative_incidence(y, [10, 20, 30])
    assert table.filter(event=1)["estimate"].to_list() == pytest.approx([0.25, 0.25, 0.5])
    assert table.filter(event=2)["estimate"].to_list() == pytest.approx([0.0, 0.25, 0.25])
    assert kaplan_meier(y, [10, 20, 30])["estimate"].to_list() == pytest.approx([0.75, 0.5, 0.25])


def test_a_censoring_on_the_day_of_an_outcome_is_still_at_risk():
    y = outcome_array([1, 0, 0, 0], [10, 10, 20, 20])
    assert cumulative_incidence(y, 10)["estimate"][0] == pytest.approx(1 / 4)


def test_groups_are_computed_apart_and_come_sorted():
    y = outcome_array([1, 0, 0, 0], [10, 20, 10, 20])
    table = kaplan_meier(y, 15, by=pl.Series("area_id", ["B", "B", "A", "A"]))
    assert table.select("area_id", "estimate").rows() == [("A", 1.0), ("B", 0.5)]


def test_groups_may_cross_several_columns_and_unknown_is_a_group():
    y = outcome_array([1, 0, 0, 0], [10, 20, 10, 20])
    by = pl.DataFrame({"sex": ["female", "male", "male", "male"], "area_id": ["A", "A", None, None]})
    table = kaplan_meier(y, 15, by=by)
    assert table.select("sex", "area_id", "estimate").rows() == [
        ("female", "A", 0.0),
        ("male", None, 1.0),
        ("male", "A", 1.0),
    ]


def test_no_answer_beyond_the_last_day_that_anybody_was_followed():
    y = outcome_array([1, 0], [10, 20])
    assert kaplan_meier(y, [20, 21])["estimate"].to_list() == [0.5, None]
    assert cumulative_incidence(y, 21)["estimate"].to_list() == [None, None]


def test_the_curve_stays_known_once_everybody_has_had_an_event():
    y = outcome_array([1, 2], [10, 20])
    assert cumulative_incidence(y, 400)["estimate"].to_list() == [0.5, 0.5]


def test_with_no_outcome_the_upper_limit_is_the_exact_binomial_one():
    row = cumulative_incidence(outcome_array([0] * 30, [100] * 30), 50).row(0, named=True)
    assert (row["estimate"], row["lower"]) == (0.0, 0.0)
    assert row["upper"] == pytest.approx(1 - 0.025 ** (1 / 30))


def test_a_group_without_weight_has_no_estimate():
    y = outcome_array([1, 0], [10, 20])
    assert kaplan_meier(y, 15, by=["A", "B"], weights=[0, 1])["estimate"].to_list() == [None, 1.0]


def test_estimates_without_censoring_are_plain_shares_with_binomial_errors():
    rng = np.random.default_rng(1)
    y = outcome_array(rng.choice([1, 2], 500), rng.integers(1, 1000, 500))
    share = outcome_within(y, 400).mean()
    row = cumulative_incidence(y, 400).row(0, named=True)
    assert row["estimate"] == pytest.approx(share)
    assert row["standard_error"] == pytest.approx(np.sqrt(share * (1 - share) / 500))


def test_the_lost_are_replaced_by_those_still_followed():
    # One of the three followed past day 20 is lost on it; the two that remain stand for three.
    y = outcome_array([1, 0, 0, 0], [10, 20, 30, 30])
    assert censoring_weights(y, 30, truncate=1).tolist() == [1.0, 0.0, 1.5, 1.5]


def test_an_outcome_on_the_day_of_a_censoring_comes_first():
    # The outcome of day 20 precedes the censoring of day 20, so it keeps weight 1 and is not exposed to that censoring.
    y = outcome_array([1, 0, 0, 0], [20, 20, 30, 30])
    assert censoring_weights(y, 30, truncate=1).tolist() == [1.0, 0.0, 1.5, 1.5]


def test_strata_have_their_own_censoring():
    y = outcome_array([0, 0, 0, 0], [20, 30, 30, 30])
    assert censoring_weights(y, 30, strata=["a", "a", "b", "b"], truncate=1).tolist() == [0.0, 2.0, 1.0, 1.0]


def test_rows_without_weight_are_outside_the_censoring_distribution():
    y = outcome_array([0, 0, 0], [20, 30, 30])
    assert censoring_weights(y, 30, weights=[0, 1, 1]).tolist() == [0.0, 1.0, 1.0]


def test_large_weights_are_cut_at_the_quantile():
    y = outcome_array([0, 1] * 100, range(1, 201))
    free, cut = censoring_weights(y, 200, truncate=1), censoring_weights(y, 200, truncate=0.5)
    assert cut.max() == np.median(free[free > 0])
    assert free.max() > cut.max()


def test_brier_score_counts_only_known_status():
    y = outcome_array([1, 0, 0], [10, 20, 30])
    # Weights 1, 0, 2: the row censored on day 20 cannot be right or wrong.
    assert brier(y, [0.5, 0.99, 0.5], 30, weights=[1, 0, 2]) == pytest.approx(0.25)


def test_prediction_accuracy_of_the_mean_risk_is_nought_and_of_the_truth_one():
    y = outcome_array([1, 0, 0, 2], [10, 30, 30, 5])
    assert prediction_accuracy(y, [0.25] * 4, 30) == pytest.approx(0.0)
    assert prediction_accuracy(y, [1, 0, 0, 0], 30) == pytest.approx(1.0)


def test_prediction_accuracy_is_undefined_where_nobody_had_the_outcome():
    assert np.isnan(prediction_accuracy(outcome_array([0, 0], [30, 30]), [0.1, 0.1], 30))


def test_a_survey_of_clusters_in_strata_is_a_linearised_ratio():
    # Nobody is censored: the incidence is a weighted share, and its linearised variance a textbook sum.
    event, stratum = np.array([1, 0, 1, 0, 0, 1, 0, 2]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    cluster, weights = np.array([0, 0, 1, 1, 0, 0, 1, 2]), np.array([3.5, 1, 2, 2, 10, 20, 30, 5])
    design = SurveyDesign(strata=stratum, clusters=cluster)
    found = cumulative_incidence(outcome_array(event, [10] * 8), 10, weights=weights, survey=design).filter(event=1)
    share = weights[event == 1].sum() / weights.sum()
    assert found["estimate"].item() == pytest.approx(share)
    residual = weights * ((event == 1) - share) / weights.sum()
    totals = {(s, c): residual[(stratum == s) & (cluster == c)].sum() for s, c in zip(stratum, cluster, strict=True)}
    variance = sum(
        (m := len(parts := [total for (s, _), total in totals.items() if s == one])) / (m - 1) * m * np.var(parts)
        for one in (0, 1)
    )
    assert found["standard_error"].item() == pytest.approx(np.sqrt(variance))
    assert kaplan_meier(outcome_array(event, [10] * 8), 5, weights=weights, survey=design)["at_risk"].item() == 8


@pytest.mark.parametrize(
    ("kind", "options", "scale"),
    [
        ("brr", {}, 1 / 4),
        ("bootstrap", {}, 1 / 4),
        ("jackknife", {}, 3 / 4),
        ("fay", {"rho": 0.5}, 1),
        ("stratified_jackknife", {"scales": [0.5] * 4}, 0.5),
    ],
)
def test_replicates_of_a_stated_kind_scale_their_squared_deviations(kind: str, options: dict[str, Any], scale: float):
    y, full = outcome_array([1, 0, 1, 0], [10, 20, 30, 40]), np.array([1.5, 1, 2, 1])
    replicates = np.random.default_rng(1).uniform(0, 3, (4, 4))
    survey = ReplicateWeights(weights=replicates, kind=kind, **options)
    error = kaplan_meier(y, 15, weights=full, survey=survey)["standard_error"].item()
    shares = replicates[0] / replicates.sum(axis=0)
    assert error == pytest.approx(np.sqrt(scale * ((shares - 1.5 / 5.5) ** 2).sum()))


def test_cumulative_incidence_has_the_numbers_at_risk_of_the_kaplan_meier_curve():
    y, groups = outcome_array([1, 2, 0, 1], [10, 20, 30, 40]), ["a", "a", "b", "b"]
    found = cumulative_incidence(y, [10, 20, 35], by=groups)
    for event in (1, 2):
        assert (
            found.filter(event=event)["at_risk"].to_list()
            == kaplan_meier(y, [10, 20, 35], by=groups)["at_risk"].to_list()
        )
