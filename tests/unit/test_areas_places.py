"""Trends, hot spots, pooled years, noise in rates and inequality over time, on examples that a hand can check."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import poisson

from riskstrat.areas import (
    CountNoise,
    Neighbours,
    concentration_curve,
    funnel_limits,
    hot_spots,
    inequality,
    inequality_change,
    life_expectancy,
    on_stable_areas,
    overdispersion,
    pool_years,
    rates,
    standard_population,
    trends,
)
from riskstrat.errors import UsageError
from riskstrat.records.trends import Trends

UNIFORM = np.full(5, 0.2)
PEOPLE = 1000


def yearly(cases: dict[str, list[int]], **columns: object) -> pl.DataFrame:
    rows = [(area, 2018 + t, count) for area, counts in cases.items() for t, count in enumerate(counts)]
    frame = pl.DataFrame(rows, schema=["area_id", "year", "cases"], orient="row")
    return frame.with_columns(pl.lit(PEOPLE).alias("people")).with_columns(**columns)


STEADY = {f"steady {number}": [50, 52, 49, 51, 50, 48] for number in range(8)}


def row_of(found: Trends, area: str) -> dict[str, float]:
    return found.table.filter(area_id=area).row(0, named=True)


def test_an_area_that_is_high_and_rising_is_flagged_and_others_are_not():
    counts = yearly({**STEADY, "rising": [70, 80, 91, 104, 120, 140], "high": [110, 105, 112, 108, 109, 110]})
    found = trends(counts, "area_id", seed=1)
    assert found.table.filter("high_and_rising")["area_id"].to_list() == ["rising"]
    rising, high = row_of(found, "rising"), row_of(found, "high")
    assert 1.05 < rising["yearly_ratio_lower"] < (140 / 70) ** (1 / 5) < rising["yearly_ratio_upper"]
    assert high["probability_high"] > 0.99
    assert 0.97 < high["yearly_ratio"] < 1.03
    assert found.ratios.shape == (2000, 6, 10)
    assert trends(counts, "area_id", seed=1).table.equals(found.table)


def test_many_areas_without_any_trend_are_not_flagged():
    random, flagged = np.random.default_rng(2), 0
    for _ in range(4):
        counts = yearly({f"{area:02}": random.poisson(20, 6).tolist() for area in range(40)})
        flagged += int(trends(counts, "area_id", draws=400).table["high_and_rising"].sum())
    assert flagged <= 1


def test_noise_of_protected_counts_widens_trends_and_moves_none():
    slopes = np.linspace(-0.3, 0.3, 12)
    counts = yearly(
        {f"{at:02}": (40 * np.exp(slope * np.arange(6))).round().tolist() for at, slope in enumerate(slopes)}
    )
    noise = CountNoise(probability=np.full(11, 1 / 11), rows=np.full(counts.height, PEOPLE))
    exact, protected = (trends(counts, "area_id", noise=of, draws=8_000).table for of in (None, noise))
    widths = [(table["yearly_ratio_upper"] - table["yearly_ratio_lower"]).mean() for table in (exact, protected)]
    assert widths[0] < widths[1] < 1.3 * widths[0]
    np.testing.assert_allclose(protected["yearly_ratio"], exact["yearly_ratio"], atol=0.02)


def test_a_year_without_people_says_nothing():
    counts = yearly({**STEADY, "new": [0, 0, 50, 50, 51, 49]})
    counts = counts.with_columns(
        people=pl.when((pl.col("area_id") == "new") & (pl.col("year") < 2020)).then(0).otherwise(PEOPLE)
    )
    assert 0.96 < row_of(trends(counts, "area_id"), "new")["yearly_ratio"] < 1.04


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ({"a": [1], "b": [2]}, "1 year; expected at least two"),
        ({"a": [1, 2]}, "1 group; expected at least two"),
        ({"a": [0, 0], "b": [0, 0]}, "no case in any year"),
        ({"a": [-1, 2], "b": [1, 1]}, "cases below 0"),
    ],
)
def test_trends_that_cannot_be(cases: dict[str, list[int]], message: str):
    with pytest.raises(UsageError, match=message):
        trends(yearly(cases), "area_id")


def test_trends_refuse_doubled_rows_and_noise_of_other_rows():
    counts = yearly(STEADY)
    with pytest.raises(UsageError, match="strata given more than once: steady 0 / 2018"):
        trends(pl.concat([counts, counts.head(1)]), "area_id")
    with pytest.raises(UsageError, match="noise of other rows"):
        trends(counts, "area_id", noise=CountNoise(probability=UNIFORM, rows=np.ones(2)))


def test_rates_of_protected_counts_hold_the_noise_exactly():
    noise = CountNoise(probability=UNIFORM, rows=np.array([500.0, 500.0]))
    found = rates([30, 2], [1000, 1000], level=0.9, noise=noise)
    lower, upper = found.select("lower", "upper").row(0)
    tail = [np.mean([poisson.sf(29 - e, mean * 1000) for e in range(-2, 3)]) for mean in (lower, upper)]
    assert tail[0] == pytest.approx(0.05, abs=1e-9)
    assert np.mean([poisson.cdf(30 - e, upper * 1000) for e in range(-2, 3)]) == pytest.approx(0.05, abs=1e-9)
    assert found["lower"][1] == 0
    none = CountNoise(probability=np.ones(1), rows=np.array([500.0]))
    assert rates([5], [10], noise=none)["upper"].item() == pytest.approx(rates([5], [10])["upper"].item())


def test_proportions_of_protected_counts_are_wider_and_wilsons_without_noise():
    noisy, none = (CountNoise(probability=p, rows=np.array([100.0])) for p in (UNIFORM, np.ones(1)))
    exact = rates([65], [100], "proportion").row(0)
    assert rates([65], [100], "proportion", noise=none).row(0) == pytest.approx(exact)
    wider = rates([65], [100], "proportion", noise=noisy).row(0)
    assert wider[3] < exact[3] < exact[4] < wider[4]


def test_overdispersion_is_found_and_widens_the_funnel():
    random = np.random.default_rng(0)
    expected = random.uniform(20, 200, 3000)
    theta = random.gamma(25, 1 / 25, 3000)
    assert overdispersion(random.poisson(expected * theta), expected, winsorised=0) == pytest.approx(0.2, abs=0.02)
    assert overdispersion(random.poisson(expected), expected) < 0.05
    narrow, wide = (funnel_limits([100.0], between_sd=sd).row(0, named=True) for sd in (0.0, 0.2))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]
    same = funnel_limits([100.0], between_sd=1e-4).row(0, named=True)
    assert same["upper"] == pytest.approx(narrow["upper"], rel=1e-4)
    with pytest.raises(UsageError, match="a between_sd of -1"):
        funnel_limits([1.0], between_sd=-1.0)
    with pytest.raises(UsageError, match="fewer than two groups"):
        overdispersion([1], [1])


def grid(side: int) -> Neighbours:
    right = [[i * side + j, i * side + j + 1] for i in range(side) for j in range(side - 1)]
    down = [[i * side + j, (i + 1) * side + j] for i in range(side - 1) for j in range(side)]
    areas = (*(f"{number:02}" for number in range(side * side)), "island")
    return Neighbours(areas=areas, pairs=np.array(right + down))


def test_hot_spots_are_found_and_islands_are_told():
    value = np.random.default_rng(3).normal(1, 0.1, 50)
    corner = [i * 7 + j for i in range(3) for j in range(3)]
    value[corner] += 1
    found = hot_spots(value, grid(7), seed=1)
    assert found.equals(hot_spots(value, grid(7), seed=1))
    high = found.filter(cluster="high among high")["area_id"].cast(pl.Int64).to_list()
    assert {8} <= set(high) <= set(corner)
    assert found.row(-1)[1:] == (None, None, "no neighbours", None)
    chance = hot_spots(np.random.default_rng(4).normal(size=50), grid(7), permutations=999)
    assert chance.filter(pl.col("cluster").str.contains("among")).is_empty()


def test_what_is_not_known_of_the_values_is_in_the_share_of_draws():
    random = np.random.default_rng(3)
    value = np.ones(50)
    value[[0, 1, 2, 7, 8, 9, 14, 15, 16]] += 1
    sure, unsure = (
        hot_spots(random.normal(value, sd, (12, 50)), grid(7), permutations=999, false_discovery=0.2)
        .filter(area_id="08")["share_significant"]
        .item()
        for sd in (0.05, 1.5)
    )
    assert sure > 0.9
    assert unsure < 0.7


def test_p_values_are_those_of_all_orders():
    """Seven areas in a ring: of each area's 15 pairs of others, how many have so extreme a mean."""
    ring = Neighbours(areas=tuple("abcdefg"), pairs=np.array([*([i, i + 1] for i in range(6)), [0, 6]]))
    value = np.array([9.0, 7.5, 8.2, 1.1, 0.3, 2.2, 4.0])
    found = hot_spots(value, ring, permutations=40_000)["p_value"]
    for area in range(7):
        others = np.delete(value, area)
        means = np.array([(others[i] + others[j]) / 2 for i in range(6) for j in range(i)])
        here = (value[(area - 1) % 7] + value[(area + 1) % 7]) / 2
        exact = 2 * min((means >= here - 1e-9).mean(), (means <= here + 1e-9).mean())
        assert found[area] == pytest.approx(min(exact, 1), abs=0.015)


def test_hot_spots_say_what_they_need():
    with pytest.raises(UsageError) as caught:
        hot_spots(np.ones(3), Neighbours(areas=tuple("abc"), pairs=np.array([[0, 1]])), false_discovery=2.0)
    assert len(caught.value.problems) == 3


def test_years_before_and_after_a_split_are_one_series():
    stable = pl.DataFrame(
        {"version": ["old", "old", "new", "new", "new"], "area_id": ["A", "B", "A1", "A2", "B"]}
        | {"stable_id": ["A1+A2", "B", "A1+A2", "A1+A2", "B"]}
    )
    counts = pl.DataFrame(
        {"area_id": ["A", "B", "A1", "A2", "B"], "year": [2024, 2024, 2025, 2025, 2025]}
        | {"cases": [9, 3, 4, 6, 2], "people": [90, 50, 40, 55, 50]}
    )
    found = on_stable_areas(counts, stable, changed=2025)
    assert found.rows() == [("A1+A2", 2024, 9, 90), ("A1+A2", 2025, 10, 95), ("B", 2024, 3, 50), ("B", 2025, 2, 50)]
    with pytest.raises(UsageError, match=r"2 codes outside the version: A1 \(old\), A2 \(old\)"):
        on_stable_areas(counts, stable, changed=2026)


def test_pooled_years_end_in_the_last_one_and_need_every_year():
    counts = yearly({"a": [1, 2, 3, 4, 5], "b": [0, 0, 1, 0, 0]})
    found = pool_years(counts, "area_id", years=2)
    assert found.filter(area_id="a").select("first_year", "last_year", "cases", "people").rows() == [
        (2019, 2020, 5, 2000), (2021, 2022, 9, 2000),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="1 group without a row for each of the 5 years"):
        pool_years(counts.head(9), "area_id")
    with pytest.raises(UsageError, match="5 years; expected at least 6"):
        pool_years(counts, "area_id", years=6)


def test_attributable_fraction_is_what_the_least_deprived_fifth_would_spare():
    found = inequality([0.1, 0.1, 0.2, 0.2, 0.4], [100] * 5, range(5)).rows_by_key("metric", unique=True)
    assert found["attributable_fraction"][0] == pytest.approx(1 - 0.1 / 0.2)
    assert found["ratio"][0] == pytest.approx(4)
    life = inequality([80, 75], [1, 1], [0, 1], higher_is_worse=False, proportion=False)
    assert life.filter(metric="attributable_fraction")["estimate"].item() is None
    assert life.filter(metric="gap")["estimate"].item() == pytest.approx(5)


def test_income_ranks_the_other_way():
    value, need = [0.1, 0.2, 0.4], np.array([1, 2, 3])
    by_need = inequality(value, [10, 20, 30], need)
    assert by_need.equals(inequality(value, [10, 20, 30], 500 - need, higher_is_deprived=False))


def test_levels_of_intervals_are_asked_for():
    draws = np.random.default_rng(0).normal(0.2, 0.01, (4000, 6)) + 0.01 * np.arange(6)
    wide, narrow = (inequality(draws, [1] * 6, range(6), level=level).row(0)[1:] for level in (0.99, 0.5))
    assert wide[0] == narrow[0]
    assert wide[1] < narrow[1] < narrow[2] < wide[2]
    with pytest.raises(UsageError, match="a level of 95"):
        inequality(draws, [1] * 6, range(6), level=95.0)


def test_what_would_be_divided_by_nothing_is_null_and_all_zeros_are_refused():
    found = inequality([0.0, 0.1, 0.9], [1, 1, 1], [1, 2, 3]).rows_by_key("metric", unique=True)
    assert found["ratio"][0] is None
    assert found["relative_index"][0] is None
    assert found["gap"][0] == pytest.approx(0.9)
    with pytest.raises(UsageError, match="values that are all 0"):
        inequality([0.0, 0.0], [1, 1], [1, 2])
    with pytest.raises(UsageError, match="one level of deprivation"):
        inequality([0.1, 0.2], [1, 1], [2, 2])
    with pytest.raises(UsageError, match="values without a log"):
        inequality([0.0, 0.2], [1, 1], [1, 2], scale="log")
    with pytest.raises(UsageError, match="did you mean 'logit'"):
        inequality([0.1, 0.2], [1, 1], [1, 2], scale="logits")


def test_change_of_inequality_keeps_the_draws_together():
    random = np.random.default_rng(1)
    common = random.normal(0, 0.02, (3000, 1))
    draws = {year: np.array([0.2, 0.3 + rise]) + common * [0, 1] for year, rise in ((2015, 0.0), (2020, 0.05))}
    found = inequality_change(draws, [50, 50], [1, 2]).filter(metric="gap")
    assert found["year"].to_list() == [2015, 2020]
    assert found.row(0, named=True)["change"] is None
    change = found.row(1, named=True)
    assert (change["change_lower"], change["change_upper"]) == pytest.approx((0.05, 0.05))
    assert change["upper"] - change["lower"] > 0.05
    with pytest.raises(UsageError, match="1 year; expected at least two"):
        inequality_change({2015: [0.1, 0.2]}, [1, 1], [1, 2])


def test_twice_the_area_under_the_concentration_curve_is_the_index():
    value, people, need = np.array([0.1, 0.15, 0.2, 0.4]), np.full(4, 25), np.arange(4)
    curve = concentration_curve(value, people, need, points=4)
    area = np.trapezoid(curve["share_of_cases"], curve["share_of_people"])
    index = inequality(value, people, need).filter(metric="concentration_index")["estimate"].item()
    assert 2 * area - 1 == pytest.approx(index)
    assert curve["share_of_cases"].to_list() == pytest.approx([0, 0.4 / 0.85, 0.6 / 0.85, 0.75 / 0.85, 1])
    assert curve["lower"].null_count() == 5
    drawn = concentration_curve(np.stack([value, value[::-1]]), people, need)
    assert (drawn["lower"] <= drawn["upper"]).all()
    with pytest.raises(UsageError, match="values that are all 0"):
        concentration_curve([0.0, 0.0], [1, 1], [1, 2])


def test_a_standard_of_ones_own_is_divided_into_the_bands_of_the_counts():
    own = pl.DataFrame({"age_band": ["0-9", "10-64", "65+"], "people": [100, 550, 350]})
    found = standard_population(["0-4", "5-9", "10-19", "20-64", "65+"], own, sexes=("female", "male"))
    assert found.filter(sex="male")["people"].to_list() == pytest.approx([50, 50, 100, 450, 350])


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        (["0-4", "all"], "no age bands: all"),
        (["0-9", "5-14"], "1 age bands that begin within another"),
        (["95-99"], "bands outside the standard: 95-99"),
        ([], "no age band"),
        (["9-5"], "no age bands: 9-5"),
    ],
)
def test_bands_that_are_no_standard(bands: list[str], message: str):
    with pytest.raises(UsageError, match=message):
        standard_population(bands)


def test_a_standard_that_is_no_table():
    with pytest.raises(UsageError, match="no column people"):
        standard_population(["0-4"], pl.DataFrame({"age_band": ["0-4"]}))
    with pytest.raises(UsageError, match="people below 0"):
        standard_population(["0-4"], pl.DataFrame({"age_band": ["0-4"], "people": [-1]}))


def test_life_tables_that_are_none():
    bands = pl.DataFrame({"area": "a", "age_band": ["0-4", "10-64", "65-69"], "cases": 1, "people": 9000})
    with pytest.raises(UsageError) as caught:
        life_expectancy(bands, "area", at_ages=[0, 7])
    assert [problem.found.split()[0] for problem in caught.value.problems] == ["a", "a", "no"]
    with pytest.raises(UsageError, match="no age bands: old"):
        life_expectancy(bands.with_columns(age_band=pl.Series(["0-4", "5+", "old"])), "area")
    two = pl.concat([bands, bands.head(1).with_columns(area=pl.lit("b"))])
    with pytest.raises(UsageError, match="1 group without a row for every age band"):
        life_expectancy(two, "area")
