"""The Cox pair: known truth, both events, times, strata, missing values, explanations, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.estimators import Cox
from riskstrat.explanation import explain
from riskstrat.incidence import OutcomeArray, cumulative_incidence, outcome_array

N = 2_000


def simulated(n: int = N, seed: int = 0) -> tuple[pl.DataFrame, OutcomeArray]:
    """Hazards of outcome and death with known coefficients, whole days, censored at random, values missing."""
    rng = np.random.default_rng(seed)
    x, a = rng.normal(size=n), rng.integers(0, 2, n)
    outcome = np.ceil(rng.exponential(3000 * np.exp(-0.5 * x - 0.7 * a)))
    death = np.ceil(rng.exponential(5000 * np.exp(-0.8 * x)))
    duration = np.minimum.reduce([outcome, death, np.ceil(rng.uniform(300, 2500, n))])
    event = np.where(duration == outcome, 1, np.where(duration == death, 2, 0))
    lost = rng.random(n) < 0.2
    X = pl.DataFrame({"x": x, "a": a, "lab": np.where(lost, np.nan, x + rng.normal(size=n))})
    return X, outcome_array(event, duration)


X, Y = simulated()
MODEL = Cox(horizon_days=1000).fit(X, Y)


def test_known_coefficients_are_recovered():
    features, y = simulated(40_000, seed=1)
    found = Cox(horizon_days=1000).fit(features.select("x", "a"), y).coefficients_
    distance = (found["coefficient"] - pl.Series([0.5, 0.7, 0.8, 0.0])) / found["standard_error"]
    assert distance.abs().max() < 3
    assert found["event"].to_list() == [1, 1, 2, 2]


def test_without_effects_the_pair_is_the_aalen_johansen_estimate():
    noise = pl.DataFrame({"z": np.random.default_rng(5).normal(size=N)})
    model = Cox(horizon_days=1000, penalty=1e9).fit(noise, Y)
    times = [100, 500, 1000]
    for event in (1, 2):
        theirs = cumulative_incidence(Y, times).filter(event=event)["estimate"].to_numpy()
        np.testing.assert_allclose(model.predict_cumulative_incidence(noise[:1], times, event)[0], theirs, atol=1e-3)


def test_both_events_rise_and_never_add_up_above_one():
    times = np.linspace(0, 2000, 30)
    outcome, death = (MODEL.predict_cumulative_incidence(X, times, event) for event in (1, 2))
    assert (np.diff(outcome, axis=1) >= 0).all()
    assert (outcome[:, 0] == 0).all()
    assert (outcome + death <= 1).all()
    np.testing.assert_array_equal(MODEL.predict_risk(X), MODEL.predict_cumulative_incidence(X, 1000)[:, 0])


def test_times_in_any_order_and_times_that_differ_by_rounding():
    found = MODEL.predict_cumulative_incidence(X[:5], [900, 100, 900 + 1e-10])
    np.testing.assert_array_equal(found[:, 0], found[:, 2])
    np.testing.assert_array_equal(found[:, 1], MODEL.predict_cumulative_incidence(X[:5], 100)[:, 0])


def test_durations_that_differ_by_rounding_are_tied():
    months = np.ceil(Y["duration_days"] / 30)
    tied = outcome_array(Y["event"], months * 0.1)
    rounded = outcome_array(Y["event"], months * 0.1 * (1 + 1e-15 * np.random.default_rng(0).integers(-3, 4, N)))
    expected, found = (Cox(horizon_days=2.0).fit(X, y).predict_risk(X) for y in (tied, rounded))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_contributions_add_up_on_ten_thousand_rows_with_missing_values(seed: int):
    many, _ = simulated(10_000, seed=seed + 10)
    values, baseline = MODEL.contributions(many)
    predicted = MODEL.link.link(MODEL.predict_risk(many))
    assert (np.abs(baseline + values.sum(axis=1) - predicted) <= 1e-6 * np.maximum(1, np.abs(predicted))).all()
    assert explain(MODEL, many).values.shape == (10_000, 3)


def test_contributions_of_one_hazard_are_those_of_a_linear_model():
    alone = outcome_array(np.where(Y["event"] == 1, 1, 0), Y["duration_days"])
    model = Cox(horizon_days=1000).fit(X.select("x", "a"), alone)
    values, _ = model.contributions(X.select("x", "a")[:100])
    expected = (X.select("x", "a")[:100].to_numpy().astype(np.float32) - model.mean_) * model.coef_[0]
    np.testing.assert_allclose(values, expected, atol=1e-7)


def test_a_feature_of_the_death_alone_lowers_the_risk():
    rng = np.random.default_rng(2)
    frail = rng.integers(0, 2, 5_000)
    outcome, death = rng.exponential(2000, 5_000), rng.exponential(2000 * np.exp(-1.5 * frail))
    duration = np.minimum(np.minimum(outcome, death), 1500)
    event = np.where(duration == outcome, 1, np.where(duration == death, 2, 0))
    features = pl.DataFrame({"frail": frail})
    model = Cox(horizon_days=1500).fit(features, outcome_array(event, duration))
    values, _ = model.contributions(pl.DataFrame({"frail": [0, 1]}))
    assert values[0, 0] > 0.1
    assert values[1, 0] < -0.1


def test_columns_missing_together_share_an_indicator_and_its_contribution():
    features = X.with_columns(other=pl.when(pl.col("lab").is_nan()).then(None).otherwise(pl.col("a") * pl.col("x")))
    model = Cox(horizon_days=1000).fit(features, Y)
    assert model.coefficients_.filter(event=1)["feature"].to_list() == [
        "x",
        "a",
        "lab",
        "lab, other: not observed",
        "other",
    ]
    values, baseline = model.contributions(features)
    np.testing.assert_allclose(baseline + values.sum(axis=1), model.link.link(model.predict_risk(features)), atol=1e-6)


def test_curved_terms_are_those_of_logistic():
    rng = np.random.default_rng(0)
    features = pl.DataFrame({"age_years": rng.integers(40, 90, N), "visits": rng.poisson(0.5, N)})
    plain, curved = (Cox(horizon_days=1000, curved=curved).fit(features, Y) for curved in (False, True))
    assert [term.label for term in plain.terms_] == ["age_years", "visits"]
    labels = ["age_years", "age_years: spline 2", "age_years: spline 3", "log(1 + visits)"]
    assert [term.label for term in curved.terms_] == labels


def test_frames_and_arrays_give_the_same():
    expected = MODEL.predict_risk(X)
    for kind in (X.to_pandas(), X.lazy(), X.to_numpy()):
        model = Cox(horizon_days=1000).fit(kind, Y)
        np.testing.assert_array_equal(model.predict_risk(kind), expected)


def test_the_order_of_rows_and_columns_changes_nothing():
    order = np.random.default_rng(0).permutation(N)
    shuffled = Cox(horizon_days=1000).fit(X[order].select("lab", "a", "x"), Y[order])
    np.testing.assert_allclose(shuffled.predict_risk(X), MODEL.predict_risk(X), rtol=1e-6)
    np.testing.assert_array_equal(clone(MODEL).fit(X, Y).predict_risk(X), MODEL.predict_risk(X))


def test_pipelines_and_searches_take_it():
    search = GridSearchCV(Cox(horizon_days=1000), {"penalty": [0.0, 1e6]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"penalty": 0.0}
    piped = make_pipeline(FunctionTransformer(), Cox(horizon_days=1000)).fit(X.to_pandas(), Y)
    np.testing.assert_array_equal(piped.predict(X.to_pandas()), MODEL.predict_risk(X))


def test_weights_count_by_their_ratios_and_zero_leaves_out():
    weight = np.where(np.arange(N) < 1_500, 1.0, 0.0)
    weighted = Cox(horizon_days=1000).fit(X, Y, sample_weight=7 * weight)
    alone = Cox(horizon_days=1000).fit(X[:1_500], Y[:1_500])
    np.testing.assert_allclose(weighted.predict_risk(X), alone.predict_risk(X), rtol=1e-9)


def test_late_entry_counts_only_from_the_entry():
    """Every follow-up cut in two: the first half is censored, the second enters where the first ends."""
    middle = np.floor(Y["duration_days"] / 2)
    cut = middle > 0
    event = np.concatenate([np.where(cut, 0, Y["event"]), Y["event"][cut]])
    duration = np.concatenate([np.where(cut, middle, Y["duration_days"]), Y["duration_days"][cut]])
    entry = np.concatenate([np.zeros(N), middle[cut]])
    halves = Cox(horizon_days=1000).fit(pl.concat([X, X.filter(cut)]), outcome_array(event, duration), entry=entry)
    times = [200, 1000, 2000]
    np.testing.assert_allclose(
        halves.predict_cumulative_incidence(X, times), MODEL.predict_cumulative_incidence(X, times), rtol=1e-3
    )


def test_fewer_than_ten_competing_events_carry_no_covariates():
    few = Y.copy()
    deaths = np.flatnonzero(few["event"] == 2)
    few["event"][deaths[9:]] = 0
    model = Cox(horizon_days=1000).fit(X, few)
    assert model.coefficients_["event"].unique().to_list() == [1]
    assert 0 < model.predict_cumulative_incidence(X[:2], 1000, event=2).max() < 0.05
    few["event"][deaths] = 0
    assert (Cox(horizon_days=1000).fit(X, few).predict_cumulative_incidence(X[:2], 1000, event=2) == 0).all()


def test_strata_have_their_own_hazards_which_predictions_may_ask_for():
    group = np.where(X["a"].to_numpy() == 1, "b", "a")
    features = X.select("x", "lab")
    model = Cox(horizon_days=1000).fit(features, Y, strata=group)
    same = features[:1]
    low, high = (model.predict_cumulative_incidence(same, 1000, strata=[label])[0, 0] for label in "ab")
    assert low < model.predict_risk(same)[0] < high
    with pytest.raises(UsageError, match="1 of 1 strata that the fit has not"):
        model.predict_cumulative_incidence(same, 1000, strata=["c"])


def test_a_stratum_without_outcomes_is_no_part_of_the_likelihood_and_gives_no_prediction():
    silent = np.arange(N) < 300
    y = Y.copy()
    y["event"][silent] = 0
    model = Cox(horizon_days=1000).fit(X, y, strata=silent)
    without = Cox(horizon_days=1000).fit(X.filter(~silent), y[~silent])
    np.testing.assert_allclose(model.coef_[0, :2], without.coef_[0, :2], rtol=1e-3)
    with pytest.raises(UsageError, match="no outcome"):
        model.predict_cumulative_incidence(X[:1], 1000, strata=[True])


EVENT = Y["event"] == 1
ARM = X["a"].to_numpy()
RARE = np.zeros(N)
RARE[np.flatnonzero(Y["event"] == 0)[:8]] = 1
EARLY = outcome_array(np.ones(N), np.where(ARM == 1, 1.0 + np.arange(N) % 50, 100.0 + np.arange(N)))


@pytest.mark.parametrize(
    ("column", "y"),
    [
        pytest.param(RARE, Y, id="a level without events"),
        pytest.param(ARM, outcome_array(EVENT & (ARM == 1), Y["duration_days"]), id="an arm without events"),
        pytest.param(1 - ARM, EARLY, id="all events of one arm before the other's"),
        pytest.param(
            -Y["duration_days"], outcome_array(EVENT, Y["duration_days"]), id="a column that orders the events"
        ),
    ],
)
def test_separation_is_refused_by_name_unless_penalised(column: np.ndarray, y: OutcomeArray):
    features = X.select("x", suspect=pl.Series(column))
    with pytest.raises(DesignError, match=r"coefficients without an end: .*suspect \(the outcome\)"):
        Cox(horizon_days=50).fit(features, y)
    assert np.isfinite(Cox(horizon_days=50, penalty=1.0).fit(features, y).coef_).all()


def test_separation_of_a_combination_is_refused():
    b = np.random.default_rng(0).integers(0, 2, N)
    y = Y.copy()
    y["event"][(ARM == 1) & (b == 1)] = 0
    with pytest.raises(DesignError, match="without an end: both"):
        Cox(horizon_days=1000).fit(pl.DataFrame({"a": ARM, "b": b, "both": ARM * b}), y)


def test_separation_of_the_competing_event_says_so():
    y = Y.copy()
    y["event"][(y["event"] == 2) & (ARM == 1)] = 0
    with pytest.raises(DesignError, match=r"a \(the competing event\)"):
        Cox(horizon_days=1000).fit(X.select("x", "a"), y)


@pytest.mark.parametrize(
    ("extra", "named", "strata"),
    [
        (lambda: pl.col("a") * -2.0 + 1, r"a \(the outcome\), extra", None),
        (lambda: pl.col("x") + pl.col("a"), r"x \(the outcome\), a \(the outcome\), extra", None),
        (lambda: pl.Series(np.arange(N) % 2), r"extra \(the outcome\)", np.arange(N) % 2),
    ],
    ids=["a mirror image", "a sum", "the stratum itself"],
)
def test_columns_that_no_data_tell_apart_are_refused(
    extra: Callable[[], pl.Expr], named: str, strata: np.ndarray | None
):
    features = X.select("x", "a").with_columns(extra=extra())
    with pytest.raises(DesignError, match=f"no data tell apart: {named}"):
        Cox(horizon_days=1000).fit(features, Y, strata=strata)
    assert np.isfinite(Cox(horizon_days=1000, penalty=1.0).fit(features, Y, strata=strata).coef_).all()


def test_a_horizon_beyond_the_follow_up_is_refused_without_its_length():
    with pytest.raises(DesignError, match="nobody followed to the horizon"):
        Cox(horizon_days=9999).fit(X, Y)


@pytest.mark.parametrize("time", [-1, 1e6, np.nan])
def test_times_outside_the_follow_up_are_refused(time: float):
    with pytest.raises(UsageError, match="days from 0 to the last day that was followed"):
        MODEL.predict_cumulative_incidence(X, [10, time])


def test_another_event_and_a_negative_penalty_are_refused():
    with pytest.raises(UsageError, match="event 3"):
        MODEL.predict_cumulative_incidence(X, 10, event=3)
    with pytest.raises(ContractError, match="penalty of -1"):
        Cox(horizon_days=10, penalty=-1).fit(X, Y)


def test_pandas_booleans_and_nulls_are_read_as_elsewhere():
    frame = pd.DataFrame({"a": ARM == 1, "lab": pd.array(np.where(RARE, None, ARM), dtype="Int64")})
    assert Cox(horizon_days=1000, penalty=1.0).fit(frame, Y).predict_risk(frame).shape == (N,)
