"""What cannot be used is refused with everything that is wrong, and without a person's value."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import (
    Neighbours,
    area_inequality,
    estimate_areas,
    estimate_strata,
    funnel_limits,
    indirectly_standardised_rates,
    inequality,
    neighbours,
    rates,
    recalibrate,
    smooth,
    standardised_rates,
    standardised_ratios,
)
from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target

FLOW = pl.DataFrame({"step": [], "reason": [], "people": [], "rows": []})
N = 400
RISK = np.full(N, 0.1)
CHAIN = Neighbours(areas=("a", "b"), pairs=np.array([[0, 1]]))


def target_of(**columns: object) -> Target:
    people = pl.DataFrame(
        {"area_id": ["a", "b"] * (N // 2), "sex": ["female"] * N, "age_years": np.full(N, 75, dtype=np.int32)}
    )
    return Target(condition="made up", flow=FLOW, as_of=date(2024, 1, 1), people=people.with_columns(**columns))


def cohort_of(**columns: object) -> Cohort:
    people = target_of().people.with_columns(
        event=(pl.int_range(pl.len()) % 7 == 0).cast(pl.Int8),
        duration_days=pl.lit(730.0),
        assessed=pl.lit(value=True),
        landmark=pl.lit(0, dtype=pl.Int32),
    )
    return Cohort(
        condition="made up",
        flow=FLOW,
        as_of=date(2024, 1, 1),
        people=people.with_columns(**columns),
        horizon_days=730,
    )


def estimated() -> AreaEstimates:
    return estimate_areas(cohort_of(), RISK, target_of(), RISK, draws=10)


def test_all_problems_of_a_call_come_at_once():
    with pytest.raises(UsageError) as caught:
        estimate_areas(
            cohort_of(), RISK[1:], target_of(), RISK * 20, by="centre", smoothing="car", neighbours=CHAIN, draws=0
        )
    assert len(caught.value.problems) == 7
    assert "cohort.centre" in str(caught.value)
    assert "gamma" in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
def test_risks_that_are_no_risks(bad: float):
    with pytest.raises(UsageError, match="1 value of target_risk missing or outside"):
        estimate_areas(cohort_of(), RISK, target_of(), np.where(np.arange(N) == 3, bad, RISK))


def test_nobody_has_a_group():
    with pytest.raises(DesignError, match="nobody with a group"):
        estimate_areas(cohort_of(), RISK, target_of(area_id=pl.lit(None, dtype=pl.String)), RISK)


def test_index_dates_whose_horizon_is_not_covered_are_not_counted():
    cohort = cohort_of(horizon_covered=pl.int_range(pl.len()) < N - 3)
    for count in (lambda: estimate_areas(cohort, RISK, target_of(), RISK), lambda: recalibrate(cohort, RISK)):
        with pytest.raises(UsageError, match="index dates whose horizon is not covered"):
            count()
    covered = cohort.covered
    assert recalibrate(covered, RISK[:-3]).account["index_dates"].item() == N - 3


@pytest.mark.parametrize("event", [0, 1, 2])
def test_a_cohort_without_outcomes_or_with_nothing_else(event: int):
    with pytest.raises(DesignError, match="no outcome"):
        estimate_areas(cohort_of(event=pl.lit(event, dtype=pl.Int8)), RISK, target_of(), RISK)


@pytest.mark.parametrize("top", [0, 3])
def test_a_top_that_does_not_exist(top: int):
    with pytest.raises(UsageError, match=f"the top {top} of 2 groups"):
        estimated().ranks(top=top)


def test_a_quantity_that_does_not_exist():
    with pytest.raises(UsageError, match="risk or relative_risk or unexplained"):
        estimated().exceedance(1.2, of="odds")


def test_strata_need_the_columns_of_the_groups_and_people():
    with pytest.raises(UsageError, match="without area_id"):
        estimate_strata(estimated(), target_of(), RISK, by=("sex",))
    with pytest.raises(DesignError, match="no stratum of 1000 people"):
        estimate_strata(estimated(), target_of(), recalibrate(cohort_of(), RISK).latest.apply(RISK), min_people=1000)


@pytest.mark.parametrize(
    ("observed", "expected", "message"),
    [
        ([1, 2], [1, 0], "expected counts of 0"),
        ([1, 2], [1, -1], "expected counts of 0"),
        ([1, 2], [1, np.nan], "not finite"),
        ([1, -2], [1, 1], "observed counts below 0"),
        ([1, np.inf], [1, 1], "not finite"),
        ([0, 0], [1, 1], "no observed outcome"),
        ([1, 2], [1], "shape"),
        ([], [], "shape"),
    ],
)
def test_counts_that_cannot_be_smoothed(observed: list[float], expected: list[float], message: str):
    with pytest.raises(UsageError, match=message):
        smooth(np.array(observed), np.array(expected))


def test_methods_say_what_they_need_and_which_there_are():
    one = np.ones(2)
    with pytest.raises(UsageError, match="gamma or gamma_plugin or bym2 or marshall or marshall_local"):
        smooth(one, one, "car")
    with pytest.raises(UsageError, match="no neighbours"):
        smooth(one, one, "marshall_local")
    with pytest.raises(UsageError, match="no neighbours"):
        smooth(one, one, "bym2")
    with pytest.raises(UsageError, match="does not use them"):
        smooth(one, one, "gamma", CHAIN, covariates=one)
    with pytest.raises(UsageError, match="no posterior"):
        smooth(one, one, "marshall").draws()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [0]), "denominators of 0"),
        (([-1], [1]), "counts below 0"),
        (([1], [1, 2]), "different lengths"),
        (([5], [4], "proportion"), "more cases than people"),
        (([5], [4], "odds"), "no kind"),
        (([5], [4], "rate", 95), "a level of 95"),
    ],
)
def test_rates_that_cannot_be_computed(arguments: tuple[object, ...], message: str):
    with pytest.raises(UsageError, match=message):
        rates(*arguments)


def test_a_stratum_outside_the_standard():
    counts = pl.DataFrame({"area": ["a"], "sex": ["f"], "cases": [1], "people": [10]})
    with pytest.raises(UsageError, match="strata that the standard does not have"):
        standardised_rates(counts, pl.DataFrame({"sex": ["m"], "people": [1]}), by="area", strata="sex")
    with pytest.raises(UsageError, match=r"counts\.age_band"):
        standardised_rates(counts, counts, by="area")


STANDARD = pl.DataFrame({"sex": ["f", "m"], "cases": [5, 5], "people": [50, 50]})


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("cases", [float("inf"), 1, 1, 1], "cases that are no number: a / f"),
        ("cases", [1, -1, 1, -2], "cases below 0: a / m, b / m"),
        ("people", [0, 9, 9, 9], "cases without people: a / f"),
        ("people", [9.0, float("nan"), 9, 9], "people that are no number: a / m"),
        ("sex", ["f", "f", "f", "m"], "strata given more than once: a / f"),
        ("sex", ["f", None, "f", "m"], "rows without a label: a / None"),
        ("sex", ["f", "x", "f", "m"], "strata that the standard does not have: x"),
        ("cases", ["1", "1", "1", "1"], "expected numbers"),
    ],
)
def test_strata_that_cannot_be_standardised_are_named(column: str, values: list[object], message: str):
    columns = {"area": ["a", "a", "b", "b"], "sex": ["f", "m"] * 2, "cases": [1] * 4, "people": [9] * 4}
    counts = pl.DataFrame({**columns, column: values})
    for call in (
        lambda: standardised_rates(counts, STANDARD, "area", strata="sex"),
        lambda: standardised_ratios(counts, "area", "sex", standard=STANDARD),
        lambda: indirectly_standardised_rates(counts, "area", "sex", standard=STANDARD),
    ):
        with pytest.raises(UsageError, match=message):
            call()


def test_everything_wrong_with_counts_and_standard_comes_at_once():
    counts = pl.DataFrame({"area": ["a", "a"], "sex": ["f", "m"], "cases": [12, -1], "people": [9, 9]})
    standard = pl.DataFrame({"sex": ["f", "f"], "people": [1, None]})
    with pytest.raises(UsageError) as caught:
        standardised_rates(counts, standard, "area", strata="sex", kind="proportion")
    assert len(caught.value.problems) == 4
    with pytest.raises(UsageError) as caught:
        standardised_rates(counts, standard, "sex", strata="sex", kind="odds", per=0)
    assert len(caught.value.problems) == 3
    banded = STANDARD.with_columns(pl.Series("sex", [0, 1]))
    with pytest.raises(UsageError, match="Int64 in the standard; expected String"):
        standardised_rates(counts.with_columns(cases=1), banded, "area", strata="sex")


def test_more_cases_than_people_are_no_proportion_to_smooth():
    with pytest.raises(UsageError, match="more observed cases than people"):
        smooth([3, 1], [2, 4], "marshall_binomial")


@pytest.mark.parametrize("bad", [[0.0], [-1.0], [np.nan], []])
def test_funnels_need_expected_counts(bad: list[float]):
    with pytest.raises(UsageError, match="expected counts of 0"):
        funnel_limits(bad)


def test_inequality_lists_what_is_wrong():
    with pytest.raises(UsageError) as caught:
        inequality([0.1, 2.0], [1, 0], [1, 1])
    assert len(caught.value.problems) == 3


def test_areas_are_ranked_once_each_and_by_something_that_differs():
    need = pl.DataFrame({"area_id": ["a", "b", "b"], "need": [1.0, 2.0, 3.0], "same": [1.0, 1.0, 1.0]})
    with pytest.raises(UsageError, match="2 rows of areas that come twice"):
        area_inequality(estimated(), need, "need")
    with pytest.raises(UsageError, match=r"deprivation\.needs: no such column"):
        area_inequality(estimated(), need.head(2), "needs")
    with pytest.raises(DesignError, match="1 level of same among 2 areas"):
        area_inequality(estimated(), need.head(2), "same")
    by_need, by_wealth = (
        area_inequality(estimated(), need.head(2).with_columns(need=sign * pl.col("need")), "need", **options)
        for sign, options in ((1, {}), (-1, {"higher_is_deprived": False}))
    )
    assert by_need.equals(by_wealth)


def test_shapes_that_are_no_areas():
    point = {"properties": {}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    with pytest.raises(ContractError) as caught:
        neighbours({"features": [point, point]})
    assert len(caught.value.problems) == 3
    with pytest.raises(ContractError, match="no features"):
        neighbours({})
