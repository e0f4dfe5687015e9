"""What holds for any counts: the posterior's mathematics, invariances, and how often intervals hold the truth."""

from random import Random

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.special import polygamma
from scipy.stats import nbinom

from riskstrat.areas import (
    funnel_limits,
    inequality,
    neighbours,
    smooth,
    standardised_rates,
    standardised_ratios,
)
from riskstrat.areas.gamma import Counts, integrated, log_marginal, mean_given_shape, plugged_in, shape_of
from riskstrat.areas.inequality_measures import mid_ranks
from riskstrat.areas.smoothing import binomial_moments
from riskstrat.areas.standardisation import FEWEST_FOR_DIRECT
from riskstrat.errors import UsageError
from riskstrat.numerics.intervals import byar_interval, exact_interval, wilson_interval
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link
from riskstrat.recalibration import InTheLarge
from riskstrat.recalibration.in_the_large import shift_to_total

counts = st.lists(st.integers(0, 60), min_size=3, max_size=20).filter(any)
seeds = st.integers(0, 2**32 - 1)
# No example is timed: the machine may be busy.
MATHEMATICS = settings(deadline=None, max_examples=50)


def exposures(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 30, n)


@MATHEMATICS
@given(st.floats(0.002, 5))
def test_shape_has_the_standard_deviation_asked_for(sd: float):
    assert np.sqrt(polygamma(1, shape_of(np.array([sd]))[0])) == pytest.approx(sd, rel=1e-9)


@MATHEMATICS
@given(counts, seeds, st.floats(0.2, 200), st.floats(0.2, 5))
def test_marginal_is_the_negative_binomial(observed: list[int], seed: int, nu: float, mu: float):
    o, e = np.array(observed, dtype=float), exposures(len(observed), seed)
    exact = nbinom.logpmf(o, nu, nu / (nu + mu * e)).sum() - nbinom.logpmf(o, nu, nu / (nu + e)).sum()
    ours = log_marginal(Counts.of(o, e, None), nu, np.array([mu, 1.0]))
    # Terms free of mu are left out of ours, so differences are compared.
    assert ours[0] - ours[1] == pytest.approx(exact, rel=1e-7, abs=1e-7)


@MATHEMATICS
@given(counts, seeds, st.floats(0.2, 1e5))
def test_mode_of_the_mean_is_a_maximum(observed: list[int], seed: int, nu: float):
    o, e = np.array(observed, dtype=float), exposures(len(observed), seed)
    mode, spread = mean_given_shape(Counts.of(o, e, None), np.array([nu]))
    at = log_marginal(Counts.of(o, e, None), nu, np.exp(mode[0] + np.array([-0.1, 0.0, 0.1]) * spread[0]))
    assert at[1] >= max(at[0], at[2]) - 1e-9


@settings(MATHEMATICS, max_examples=30)
@given(counts, seeds)
def test_smoothing_lies_between_the_raw_ratio_and_the_mean_and_sums_are_kept(observed: list[int], seed: int):
    o, e = np.array(observed, dtype=float), exposures(len(observed), seed)
    posterior = integrated(o, e)
    assert posterior.weight.sum() == pytest.approx(1)
    overall, ratio = posterior.weight @ posterior.mu, o / e
    slack = 0.1 * overall
    assert (posterior.mean >= np.minimum(ratio, overall) - slack).all()
    assert (posterior.mean <= np.maximum(ratio, overall) + slack).all()


@settings(MATHEMATICS, max_examples=20)
@given(counts, seeds, st.floats(0.1, 10))
def test_scaling_what_is_expected_scales_the_ratio(observed: list[int], seed: int, factor: float):
    o, e = np.array(observed, dtype=float), exposures(len(observed), seed)
    np.testing.assert_allclose(integrated(o, factor * e).mean * factor, integrated(o, e).mean, rtol=1e-8)


@settings(MATHEMATICS, max_examples=20)
@given(counts, seeds)
def test_the_order_of_groups_does_not_matter(observed: list[int], seed: int):
    o, e = np.array(observed, dtype=float), exposures(len(observed), seed)
    order = np.random.default_rng(seed).permutation(len(o))
    np.testing.assert_allclose(integrated(o[order], e[order]).mean, integrated(o, e).mean[order], rtol=1e-9)


@settings(MATHEMATICS, max_examples=10)
@given(counts, seeds)
def test_draws_agree_with_the_exact_posterior(observed: list[int], seed: int):
    smoothed = smooth(np.array(observed), exposures(len(observed), seed))
    draws = smoothed.draws(20_000)
    np.testing.assert_allclose((draws > 1).mean(axis=0), smoothed.exceedance(1), atol=0.02)
    np.testing.assert_allclose(draws.mean(axis=0), smoothed.estimate, atol=6 * draws.std(axis=0).max() / 140)


@MATHEMATICS
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0.05, 0.95), st.sampled_from([LOGIT, CLOGLOG]))
def test_recalibrated_risks_sum_to_the_total_in_the_same_order(risks: list[float], share: float, link: Link):
    risk, total = np.array(risks), share * len(risks)
    moved = InTheLarge(shift=shift_to_total(risk, total, link), standard_error=0.1, link=link).apply(risk)
    assert moved.sum() == pytest.approx(total, rel=1e-6)
    assert (np.diff(moved[np.argsort(risk, kind="stable")]) >= 0).all()


@MATHEMATICS
@given(st.integers(0, 5000), st.floats(0.5, 0.999))
def test_limits_enclose_the_estimate_and_widen_with_the_level(count: int, level: float):
    for low, high in (byar_interval(count, level), exact_interval(count, level)):
        assert low <= count <= high
    low, high = wilson_interval(count / 5000, 5000, level)
    assert -1e-9 <= low <= count / 5000 + 1e-9
    assert count / 5000 - 1e-9 <= high <= 1 + 1e-9


@MATHEMATICS
@given(st.floats(0.1, 1e4), st.floats(0.5, 0.999))
def test_funnel_limits_enclose_what_is_expected(expected: float, level: float):
    row = funnel_limits([expected], level).row(0, named=True)
    assert 0 <= row["lower"] <= expected <= row["upper"]


@MATHEMATICS
@given(st.lists(st.integers(1, 500), min_size=2, max_size=20), seeds)
def test_mid_ranks_average_to_a_half(people: list[int], seed: int):
    n = np.array(people, dtype=float)
    rank = mid_ranks(n, np.random.default_rng(seed).integers(0, 5, len(n)))
    assert np.average(rank, weights=n) == pytest.approx(0.5)


@MATHEMATICS
@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=20), seeds)
def test_inequality_turns_its_sign_with_deprivation(values: list[float], seed: int):
    random = np.random.default_rng(seed)
    n, deprivation = random.integers(1, 100, len(values)), random.permutation(len(values))
    one = dict(inequality(values, n, deprivation).select("metric", "estimate").rows())
    other = dict(inequality(values, n, -deprivation).select("metric", "estimate").rows())
    for metric in ("slope_index", "gap", "concentration_index"):
        assert one[metric] == pytest.approx(-other[metric], abs=1e-9)
    assert one["ratio"] == pytest.approx(1 / other["ratio"])


def test_one_group_says_nothing_about_the_spread_among_groups():
    """With a flat prior on the level, a single group leaves the prior of the spread as it was: P(sd > 1) = 0.05."""
    posterior = integrated(np.array([3.0]), np.array([2.0]))
    sd = np.sqrt(polygamma(1, posterior.nu))
    for threshold in (0.2, 0.5, 1.0):
        assert posterior.weight[sd > threshold].sum() == pytest.approx(0.05**threshold, abs=0.03)


def test_integrated_intervals_hold_the_truth_where_plugged_in_ones_do_not():
    """Thirty municipalities of 51 areas with about 250 cases, areas' spread drawn from the prior."""
    held = {"integrated": [], "plugged in": []}
    for seed in range(30):
        random = np.random.default_rng(seed)
        expected = random.lognormal(0, 0.4, 51) * 5
        theta = np.exp(random.normal(0, random.exponential(1 / 3), 51))
        observed = random.poisson(expected * theta).astype(float)
        for name, fit in (("integrated", integrated), ("plugged in", plugged_in)):
            low, high = np.quantile(fit(observed, expected).draw(2000, seed), [0.05, 0.95], axis=0)
            held[name].append(np.mean((low <= theta) & (theta <= high)))
    assert 0.85 <= np.mean(held["integrated"]) <= 0.95
    assert np.mean(held["plugged in"]) < np.mean(held["integrated"]) - 0.08


@settings(MATHEMATICS, max_examples=30)
@given(st.lists(st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2), min_size=2, max_size=8), st.randoms())
def test_who_borders_whom_does_not_depend_on_the_order_of_the_areas(boxes: list[tuple[int, ...]], random: Random):
    """Boxes at random overlap, touch at corners, lie in each other or are the same."""
    features = [
        {"properties": {"area_id": i}, "geometry": shapely.geometry.mapping(shapely.box(x, y, x + width, y + height))}
        for i, (x, y, width, height) in enumerate(boxes)
    ]
    shuffled = random.sample(features, len(features))
    found, again = (
        {frozenset((map_.areas[one], map_.areas[other])) for one, other in map_.pairs.tolist()}
        for map_ in (neighbours({"features": rows}) for rows in (features, shuffled))
    )
    assert found == again


strata = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), min_size=6, max_size=6)


def by_stratum(cells: list[tuple[int, int]]) -> pl.DataFrame:
    """Two areas by three strata, with at most as many cases as people."""
    labels = {"area": ["a", "b"] * 3, "band": ["young"] * 2 + ["middle"] * 2 + ["old"] * 2}
    people = [people for people, _ in cells]
    cases = [min(people, cases) for people, cases in cells]
    return pl.DataFrame({**labels, "cases": cases, "people": people})


@MATHEMATICS
@given(strata, st.sampled_from(["rate", "proportion"]), st.randoms())
def test_an_area_without_a_stratum_is_null_and_changes_no_other(
    cells: list[tuple[int, int]], kind: str, random: Random
):
    counts, standard = by_stratum(cells), pl.DataFrame({"band": ["young", "middle", "old"], "people": [2, 3, 5]})
    asked = {"by": "area", "strata": "band", "kind": kind, "per": 1}
    found = standardised_rates(counts, standard, **asked)
    people = dict(counts.group_by("area").agg(pl.col("people").min() == 0).rows())
    for row in found.iter_rows(named=True):
        assert (row["estimate"] is None) == (people[row["area"]] or row["cases"] < FEWEST_FOR_DIRECT)
        if row["estimate"] is not None:
            assert 0 <= row["lower"] <= row["estimate"] <= row["upper"]
            assert kind == "rate" or row["upper"] <= 1
    # A count that is not known makes its own area null, and no other.
    here = pl.int_range(pl.len()) == random.randrange(counts.height)
    hidden = counts.with_columns(pl.when(~here).then("cases").alias("cases"))
    area, other = hidden.filter(pl.col("cases").is_null())["area"].item(), pl.col("area")
    without = standardised_rates(hidden, standard, **asked)
    assert without.filter(area=area)["estimate"].item() is None
    assert_frame_equal(without.filter(other != area), found.filter(other != area))
    # A stratum without people is the same whether or not it has a row, and the order of rows says nothing.
    present = counts.filter(pl.col("people") > 0)
    again = standardised_rates(present.sample(fraction=1, shuffle=True, seed=random.randrange(99)), standard, **asked)
    assert_frame_equal(again, found.join(again.select("area"), on="area", how="semi"))


@MATHEMATICS
@given(strata, st.sampled_from(["rate", "proportion"]))
def test_ratios_to_a_standard_are_those_of_hand_written_sums(cells: list[tuple[int, int]], kind: str):
    counts = by_stratum(cells)
    standard = pl.DataFrame({"band": ["young", "middle", "old"], "cases": [1, 4, 30], "people": [100, 100, 100]})
    reference = {"young": 0.01, "middle": 0.04, "old": 0.3}
    found = standardised_ratios(counts, "area", "band", standard=standard, kind=kind)
    for row in found.iter_rows(named=True):
        rows = counts.filter(area=row["area"])
        expected = sum(people * reference[band] for band, people in rows.select("band", "people").rows())
        assert row["expected"] == pytest.approx(expected)
        if not expected:
            assert row["estimate"] is row["lower"] is row["upper"] is None
            continue
        assert row["estimate"] == pytest.approx(rows["cases"].sum() / expected)
        assert row["lower"] <= row["estimate"] <= row["upper"]
        assert kind == "rate" or row["upper"] <= rows["people"].sum() / expected * (1 + 1e-12)


@MATHEMATICS
@given(strata, st.integers(0, 5), st.sampled_from(["negative", "twice", "unknown"]))
def test_wrong_strata_are_named(cells: list[tuple[int, int]], at: int, fault: str):
    counts = by_stratum(cells)
    standard = pl.DataFrame({"band": ["young", "middle", "old"], "people": [2, 3, 5]})
    here = pl.int_range(pl.len()) == at
    faults = {
        "negative": counts.with_columns(pl.when(here).then(-1).otherwise("people").alias("people")),
        "twice": pl.concat([counts, counts[at : at + 1]]),
        "unknown": counts.with_columns(pl.when(here).then(pl.lit("oldest")).otherwise("band").alias("band")),
    }
    label = "oldest" if fault == "unknown" else " / ".join(counts.row(at)[:2])
    with pytest.raises(UsageError, match=label):
        standardised_rates(faults[fault], standard, by="area", strata="band")


@MATHEMATICS
@given(strata)
def test_binomial_smoothing_stays_between_the_proportion_and_the_mean(cells: list[tuple[int, int]]):
    counts = by_stratum(cells).filter(pl.col("people") > 0)
    cases, people = counts["cases"].to_numpy(), counts["people"].to_numpy()
    if not cases.any():
        return
    smoothed, mean = smooth(cases, people, "marshall_binomial").estimate, cases.sum() / people.sum()
    raw = cases / people
    assert (np.minimum(raw, mean) - 1e-12 <= smoothed).all()
    assert (smoothed <= np.maximum(raw, mean) + 1e-12).all()


def test_binomial_moments_are_unbiased():
    random = np.random.default_rng(4)
    people = random.integers(5, 60, 4000)
    truth = random.beta(6, 4, 4000)
    between, mean = binomial_moments(random.binomial(people, truth).astype(float), people.astype(float))
    assert mean == pytest.approx(0.6, abs=0.01)
    # Var of a Beta(6, 4); Poisson chance variance would leave less than nothing of it.
    assert between == pytest.approx(0.6 * 0.4 / 11, rel=0.1)
