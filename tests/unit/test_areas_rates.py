"""Rates, standardisation, inequality and neighbours on examples that a hand can check."""

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import (
    indirectly_standardised_rates,
    inequality,
    neighbours,
    rates,
    smooth,
    standardised_rates,
    standardised_ratios,
)
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.grouping import with_age_band
from riskstrat.numerics.intervals import byar_interval, exact_interval, wilson_interval


def ring(label: str, *corners: tuple[float, float]) -> dict[str, object]:
    closed = [list(corner) for corner in (*corners, corners[0])]
    return {"properties": {"area_id": label}, "geometry": {"type": "Polygon", "coordinates": [closed]}}


def test_rates_are_exact_below_ten_cases_and_byar_from_ten_on():
    found = rates([9, 10], [100, 100], per=100)
    assert found["lower"][0] == pytest.approx(float(exact_interval(9)[0]))
    assert found["lower"][1] == pytest.approx(float(byar_interval(10)[0]))
    assert found["estimate"].to_list() == [9, 10]


def test_no_case_has_a_lower_limit_of_zero_and_an_upper_limit():
    assert rates([0], [100]).select("lower", "upper").row(0) == (0.0, pytest.approx(0.0368888, rel=1e-5))


def test_direct_standardisation_to_its_own_population_is_the_crude_rate():
    counts = pl.DataFrame({"area": ["a"] * 2, "sex": ["f", "m"], "cases": [8, 12], "people": [150, 50]})
    standard = counts.select("sex", "people")
    assert standardised_rates(counts, standard, by="area", strata="sex", per=1)["estimate"].item() == pytest.approx(0.1)


def test_indirect_ratios_average_to_one():
    counts = pl.DataFrame(
        {"area": ["a", "a", "b", "b"], "sex": ["f", "m"] * 2, "cases": [8, 12, 5, 40], "people": [150, 50, 90, 110]}
    )
    found = standardised_ratios(counts, by="area", strata="sex")
    assert found["expected"].to_list() == pytest.approx(
        [150 * 13 / 240 + 50 * 52 / 160, 90 * 13 / 240 + 110 * 52 / 160]
    )
    assert found["observed"].sum() == pytest.approx(found["expected"].sum())


def test_an_empty_stratum_makes_that_area_null_alone():
    counts = pl.DataFrame(
        {"area": ["a", "a", "b", "b"], "sex": ["f", "m"] * 2, "cases": [8, 0, 8, 12], "people": [100, 0, 100, 100]}
    )
    standard = pl.DataFrame({"sex": ["f", "m"], "people": [60, 40]})
    alone = {"area": "b", "cases": 20, "people": 200, "missing_strata": 0, "estimate": pytest.approx(9.6)}
    for rows in (counts.with_columns(cases=pl.col("cases") * 1), counts.filter(pl.col("people") > 0)):
        found = standardised_rates(rows, standard, by="area", strata="sex", per=100)
        assert found.drop("lower", "upper").row(1, named=True) == alone
        assert found.filter(area="a").select("missing_strata", "estimate", "lower", "upper").row(0) == (1, *[None] * 3)


def test_people_without_a_known_count_are_not_in_the_crude_rate():
    known = pl.DataFrame({"area": ["a", "b"], "sex": ["f", "f"], "cases": [8, 12], "people": [100, 100]})
    unknown = pl.DataFrame({"area": ["c"], "sex": ["f"], "cases": [None], "people": [1000]})
    found = indirectly_standardised_rates(pl.concat([known, unknown], how="vertical_relaxed"), "area", "sex", per=100)
    assert found["estimate"].to_list() == [pytest.approx(8), pytest.approx(12), None]


def test_ratios_and_rates_indirectly_standardised_to_a_given_standard():
    counts = pl.DataFrame({"area": ["a", "a", "b"], "sex": ["f", "m", "f"], "cases": [6, 9, 0], "people": [100, 50, 0]})
    standard = pl.DataFrame({"sex": ["f", "m"], "cases": [200, 800], "people": [10_000, 10_000]})
    found = standardised_ratios(counts, by="area", strata="sex", standard=standard)
    assert found.row(0)[:4] == ("a", 15.0, pytest.approx(6.0), pytest.approx(2.5))
    assert found.row(1) == ("b", 0.0, 0.0, None, None, None)
    rates_ = indirectly_standardised_rates(counts, by="area", strata="sex", standard=standard, per=100)
    assert rates_["estimate"].to_list() == [pytest.approx(2.5 * 5), None]
    assert rates_["upper"][0] == pytest.approx(float(byar_interval(15)[1]) / 6 * 5)


def test_a_count_that_is_not_known_makes_that_ratio_null_alone():
    counts = pl.DataFrame(
        {"area": ["a", "a", "b", "b"], "sex": ["f", "m"] * 2, "cases": [8, None, 8, 12], "people": [100] * 4}
    )
    found = standardised_ratios(counts, by="area", strata="sex")
    assert found.row(0) == ("a", None, pytest.approx(20), None, None, None)
    # The reference of men is b's alone.
    assert found.row(1)[:4] == ("b", 20.0, pytest.approx(8 + 12), pytest.approx(1.0))


def test_no_limit_of_a_proportion_is_above_one():
    counts = pl.DataFrame({"area": ["a", "a"], "sex": ["f", "m"], "cases": [19, 20], "people": [20, 20]})
    standard = pl.DataFrame({"sex": ["f", "m"], "cases": [30, 30], "people": [60, 40]})
    asked = {"by": "area", "strata": "sex", "kind": "proportion", "per": 1}
    direct = standardised_rates(counts, standard, **asked).row(0, named=True)
    assert direct["estimate"] == pytest.approx(0.97)
    assert 0.8 < direct["lower"] < 0.97 < direct["upper"] <= 1
    assert standardised_rates(counts, standard, **{**asked, "kind": "rate"})["upper"].item() > 1
    ratio = standardised_ratios(counts, "area", "sex", standard=standard, kind="proportion").row(0, named=True)
    assert ratio["upper"] <= 40 / ratio["expected"]
    indirect = indirectly_standardised_rates(counts, standard=standard, **asked).row(0, named=True)
    assert indirect["estimate"] == pytest.approx(39 / 25 * 0.6)
    assert indirect["upper"] <= 1
    assert rates([20], [20], kind="proportion")["upper"].item() <= 1


def test_one_stratum_standardised_as_a_proportion_is_wilsons_interval():
    counts = pl.DataFrame({"area": ["a"], "sex": ["f"], "cases": [65], "people": [100]})
    found = standardised_rates(counts, counts, "area", strata="sex", kind="proportion", per=1).row(0, named=True)
    assert (found["lower"], found["upper"]) == pytest.approx(tuple(map(float, wilson_interval(0.65, 100))))


@pytest.mark.parametrize("higher_is_worse", [True, False])
def test_a_positive_number_means_that_the_deprived_do_worse(higher_is_worse: bool):
    deprivation = np.arange(10)
    worse_with_deprivation = 0.1 + 0.02 * deprivation
    value = worse_with_deprivation if higher_is_worse else 1 - worse_with_deprivation
    found = dict(
        inequality(value, np.ones(10), deprivation, higher_is_worse=higher_is_worse).select("metric", "estimate").rows()
    )
    assert found["gap"] == pytest.approx(0.02 * 8)
    assert found["slope_index"] == pytest.approx(0.2)
    assert min(found["ratio"], found["relative_index"]) > 1
    assert found["concentration_index"] > 0
    assert found["erreygers_index"] == pytest.approx(4 * value.mean() * found["concentration_index"])


def test_intervals_of_inequality_come_from_the_draws():
    draws = np.random.default_rng(0).normal(0.2, 0.01, (500, 8)) + 0.01 * np.arange(8)
    found = inequality(draws, np.ones(8), np.arange(8)).rows_by_key("metric", unique=True)
    slopes = [inequality(one, np.ones(8), np.arange(8))["estimate"][0] for one in draws[:500]]
    assert found["slope_index"] == pytest.approx((np.mean(slopes), *np.quantile(slopes, (0.05, 0.95))))


def test_a_group_counts_with_its_share_in_the_quintiles_it_lies_in():
    found = inequality([0.1, 0.4], [30, 70], [0, 1]).rows_by_key("metric", unique=True)
    assert found["ratio"][0] == pytest.approx(4)
    assert inequality([0.1, 0.4], [10, 90], [0, 1]).filter(metric="gap")["estimate"].item() == pytest.approx(0.4 - 0.25)


def test_ages_fall_into_bands():
    ages = pl.DataFrame({"age_years": [0, 19, 20, 44, 89, 90, 104]})
    assert with_age_band(ages)["age_band"].to_list() == ["0", "19", "20-24", "40-44", "85-89", "90+", "90+"]


def test_borders_need_not_share_their_corners_but_a_corner_is_no_border():
    wide = ring("wide", (0, 0), (2, 0), (2, 1), (0, 1))
    left, right = ring("left", (0, 1), (1, 1), (1, 2), (0, 2)), ring("right", (1, 1), (2, 1), (2, 2), (1, 2))
    corner = ring("corner", (2, 2), (3, 2), (3, 3), (2, 3))
    found = neighbours({"features": [wide, left, right, corner]})
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.islands == ("corner",)


def test_slanting_borders_are_found():
    one, other = ring("one", (0, 0), (3, 1), (0, 4)), ring("other", (0, 0), (1.5, 0.5), (3, -3))
    assert neighbours({"features": [one, other]}).pairs.tolist() == [[0, 1]]


def test_local_smoothing_with_everybody_a_neighbour_is_global_and_an_island_keeps_its_own():
    observed, expected = np.array([2.0, 8.0, 30.0, 5.0]), np.array([5.0, 10.0, 12.0, 4.0])
    everybody = Neighbours(areas=tuple("abcd"), pairs=np.array([[i, j] for i in range(4) for j in range(i + 1, 4)]))
    local = smooth(observed, expected, "marshall_local", everybody).estimate
    np.testing.assert_allclose(local, smooth(observed, expected, "marshall").estimate)
    apart = Neighbours(areas=tuple("abcd"), pairs=np.array([[0, 1], [1, 2]]))
    assert smooth(observed, expected, "marshall_local", apart).estimate[3] == 5 / 4


def test_a_negative_variance_is_clamped_so_that_nothing_shrinks_past_the_mean():
    alike = smooth(np.array([10.0, 10.0, 11.0]), np.array([10.0, 10.0, 10.0]), "marshall").estimate
    np.testing.assert_allclose(alike, 31 / 30)
