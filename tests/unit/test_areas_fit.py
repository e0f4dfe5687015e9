"""Whether areas fit their model: beside refits without the area, where the model is right, where some areas differ."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from area_cohorts import cohort_of, some_risk, target_of
from riskstrat.areas import CountNoise, Neighbours, estimate_areas
from riskstrat.areas.fit import check_fit, probability_below
from riskstrat.areas.observed_expected import GroupCounts
from riskstrat.areas.posterior import Posterior
from riskstrat.areas.smoothing import POSTERIORS
from riskstrat.publication.composition import release_record

N = 51
CHAIN = Neighbours(areas=tuple(map(str, range(N))), pairs=np.array([(i, i + 1) for i in range(N - 1)]))
LABELS = pl.DataFrame({"area_id": CHAIN.areas})
METHODS = pytest.mark.parametrize("method", ["gamma", "bym2"])
DRAWS = 40_000


def world(seed: int, *, noisy: bool = True, **theta: float) -> GroupCounts:
    """Areas whose ratios are log-normal, or all 1 but for those that are named."""
    random = np.random.default_rng(seed)
    expected, ratio = random.uniform(5, 40, N), np.exp(0.25 * random.standard_normal(N))
    if theta:
        ratio = np.array([theta.get(f"area_{i}", 1.0) for i in range(N)])
    counts = random.poisson(expected * ratio)
    noise = CountNoise(probability=np.full(5, 0.2), rows=10 * expected + 50) if noisy else None
    observed = counts if noise is None else noise.protect(counts, random.integers(-2, 3, N))
    return GroupCounts(table=frame_of(observed, expected), divisor=1.0, noise=noise)


def frame_of(observed: np.ndarray, expected: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"weighted_cases": observed.astype(float), "expected": expected})


def without(counts: GroupCounts, area: int) -> GroupCounts:
    """Of an area without expected outcomes nothing is learnt: its ratio is what the others lead to expect."""
    elsewhere = pl.int_range(N) != area
    return replace(counts, table=counts.table.select(pl.when(elsewhere).then(pl.all()).otherwise(0.0)))


def posterior_of(method: str, counts: GroupCounts) -> Posterior:
    near = CHAIN if method == "bym2" else None
    return POSTERIORS[method].fit(counts.observed, counts.expected, near, counts.noise, None)


@METHODS
@pytest.mark.parametrize("noisy", [False, True], ids=["exact", "protected"])
def test_each_area_is_held_against_a_fit_without_it(method: str, noisy: bool):
    counts = world(1, noisy=noisy)
    found = probability_below(posterior_of(method, counts), counts.observed, counts.noise)
    random = np.random.default_rng(2)
    for area in (0, 7, 20, 50):
        theta = posterior_of(method, without(counts, area)).draw(DRAWS, 3)[:, area]
        drawn = random.poisson(counts.expected[area] * theta)
        if counts.noise is not None:
            noise = counts.noise
            drawn = np.clip(drawn + random.integers(-2, 3, DRAWS), noise.lowest, noise.highest[area])
        seen = counts.observed[area]
        assert found[area] == pytest.approx((drawn < seen).mean() + (drawn == seen).mean() / 2, abs=0.02)


@METHODS
def test_where_the_model_is_right_counts_are_lower_with_uniform_probability(method: str):
    worlds = [world(seed) for seed in range(6)]
    found = np.concatenate([probability_below(posterior_of(method, one), one.observed, one.noise) for one in worlds])
    assert kstest(found, "uniform").pvalue > 0.05
    fits = [check_fit(LABELS, posterior_of(method, one), one) for one in worlds]
    assert sum(fit["stands_out"].sum() for fit in fits) <= 2


def test_areas_that_the_model_does_not_fit_stand_out():
    counts = world(5, area_3=3.0, area_30=3.0)
    fit = check_fit(LABELS, posterior_of("gamma", counts), counts)
    assert fit.filter("stands_out")["area_id"].to_list() == ["3", "30"]
    assert fit.filter("stands_out")["outside"].all()
    assert (fit.filter("stands_out")["probability_below"] > 0.99).all()


@METHODS
@pytest.mark.parametrize("seen", [0.0, 5_000.0, 1e6], ids=["nothing", "much more", "beyond belief"])
def test_an_area_that_is_altogether_different_stands_out(method: str, seen: float):
    table = frame_of(np.where(np.arange(N) == 9, seen, 200.0), np.full(N, 200.0))
    fit = check_fit(LABELS, posterior_of(method, counts := GroupCounts(table=table, divisor=1.0)), counts)
    assert fit["probability_below"].is_between(0, 1).all()
    assert fit.filter("stands_out")["area_id"].to_list() == ["9"]


def test_of_an_area_of_which_nothing_is_expected_nothing_is_said():
    unknown = without(world(5), 0)
    fit = check_fit(LABELS, posterior_of("gamma", unknown), unknown)
    assert fit.row(0) == ("0", None, None, None)
    assert fit["probability_below"].null_count() == 1


def test_the_fit_leaves_with_the_areas_that_are_there_now():
    new = pl.when(area_id="d").then(pl.lit("new")).otherwise(pl.col("area_id")).alias("area_id")
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(area_id=new), some_risk(3000))
    assert areas.fit["area_id"].to_list() == areas.table["area_id"].to_list() == ["a", "b", "c", "new"]
    assert areas.fit["probability_below"].is_null().to_list() == [False, False, False, True]
    released = release_record(areas)["fit"].frame
    assert released["area_id"].to_list() == ["a", "b", "c", "new"]
    assert released["probability_below"].drop_nulls().is_between(0.05, 0.95).all()
