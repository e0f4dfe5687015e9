"""What is counted: no outcome twice, variance by person, and no bias by how many move away; also where it is known."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.areas.observed_expected import count_weights
from riskstrat.incidence import cumulative_incidence
from riskstrat.recalibration.in_the_large import divisor_by_person
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target, landmark_sets

HORIZON = 1826
YEAR = 365.25
AREAS = 51
LAST = date(2019, 1, 1)
MATHEMATICS = settings(deadline=None, max_examples=50)
FEW = settings(deadline=None, max_examples=15)


def cohort_of(people: pl.DataFrame, horizon_days: int = HORIZON) -> Cohort:
    known = {"condition": "made up", "flow": pl.DataFrame(), "as_of": date(2024, 6, 1)}
    assessed = people.with_columns(assessed=pl.lit(value=True))
    return Cohort(people=assessed, horizon_days=horizon_days, **known)


def estimates(cohort: Cohort, risk: np.ndarray, **options: int) -> AreaEstimates:
    now = cohort.people.unique("person_id", maintain_order=True)
    target = Target(people=now, flow=pl.DataFrame(), as_of=cohort.as_of, condition=cohort.condition)
    return estimate_areas(cohort, risk, target, np.full(now.height, risk.mean()), **{"draws": 500} | options)


def yearly(seed: int, *, people: int, landmarks: int = 11, risk: float = 0.06, spread: float = 0.0) -> Cohort:
    """Persons whose first event has a constant hazard, read at yearly landmarks until it; areas differ by `spread`."""
    random = np.random.default_rng(seed)
    area = random.integers(0, AREAS, people)
    theta = np.exp(random.normal(0, spread, AREAS) if spread else np.zeros(AREAS))
    hazard = -np.log1p(-risk) / HORIZON * theta[area]
    first = LAST - timedelta(days=round((landmarks - 1) * YEAR))
    event = random.exponential(1 / hazard)
    rows = []
    for landmark in range(landmarks):
        day = round(landmark * YEAR)
        free = event > day
        wait = (event - day)[free]
        rows.append(
            pl.DataFrame(
                {
                    "person_id": np.flatnonzero(free),
                    "area": area[free],
                    "true_risk": -np.expm1(-hazard[free] * HORIZON),
                    "event": (wait <= HORIZON).astype(np.int8),
                    "duration_days": np.minimum(np.ceil(wait), HORIZON),
                }
            ).with_columns(landmark=pl.lit(landmark, pl.Int32), index_date=pl.lit(first + timedelta(days=day)))
        )
    described = {"area_id": pl.format("a{}", pl.col("area") + 100), "sex": pl.lit("female"), "age_years": pl.lit(50)}
    return cohort_of(pl.concat(rows).with_columns(**described))


def emigrating(seed: int, *, people: int, yearly_share: dict[str, float]) -> Cohort:
    """Persons of equal risk, a tenth within five years, in areas that different shares leave every year."""
    random = np.random.default_rng(seed)
    area = random.choice(list(yearly_share), people)
    leaving = -np.log1p(-np.array([yearly_share[one] for one in area])) / YEAR
    event, left = random.exponential(-HORIZON / np.log(0.9), people), random.exponential(1 / leaving)
    end = np.minimum(left, HORIZON)
    rows = {
        "person_id": np.arange(people),
        "index_date": [LAST] * people,
        "area_id": area,
        "event": (event <= end).astype(np.int8),
        "duration_days": np.ceil(np.minimum(event, end)),
    }
    described = {"sex": pl.lit("female"), "age_years": pl.lit(50), "landmark": pl.lit(0, pl.Int32)}
    return cohort_of(pl.DataFrame(rows).with_columns(**described))


def clearly_and_covered(seed: int, spread: float, **size: float) -> tuple[float, float]:
    """How many areas are called clearly higher or lower, and in what share 90 % intervals hold the true ratio."""
    cohort = yearly(seed, spread=spread, **size)
    risk = np.full(cohort.people.height, float(cohort.people["true_risk"].mean()))
    found = estimates(cohort, risk, seed=seed)
    truth = cohort.counted.people.group_by("area_id").agg(pl.col("true_risk").mean()).sort("area_id")["true_risk"]
    ratio = (truth / cohort.counted.people["true_risk"].mean()).to_numpy()
    table = found.table.sort("area_id")
    held = (table["unexplained_lower"].to_numpy() <= ratio) & (ratio <= table["unexplained_upper"].to_numpy())
    return float((table["class"] != "uncertain").sum()), float(held.mean())


gaps = st.lists(st.integers(20, 900), min_size=0, max_size=12)


@MATHEMATICS
@given(gaps, st.integers(1, 2000))
def test_landmarks_of_a_set_lie_a_horizon_apart_and_the_latest_is_counted(steps: list[int], horizon: int):
    dates = [LAST - timedelta(days=int(days)) for days in np.cumsum([0, *steps])][::-1]
    people = pl.DataFrame({"person_id": [1] * len(dates), "index_date": dates, "landmark": range(len(dates))})
    sets = landmark_sets(people, horizon)
    close = any(step < horizon for step in steps)
    assert bool(sets) == close
    for one in sets:
        chosen = [dates[landmark] for landmark in one]
        assert all((late - early).days >= horizon for late, early in pairwise(chosen))
    if sets:
        assert sets[0][0] == len(dates) - 1
        assert {one[0] for one in sets} == {number for number, day in enumerate(dates) if (LAST - day).days < horizon}


@settings(FEW, max_examples=8)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_no_outcome_is_counted_twice(seed: int, landmarks: int):
    cohort = yearly(seed, people=200, landmarks=landmarks, risk=0.3)
    assert landmarks == 2 or cohort.people.filter(event=1)["person_id"].is_duplicated().any()
    counted = cohort.counted.people
    happened = counted.filter(event=1).with_columns(pl.col("duration_days") + pl.col("index_date").cast(pl.Int32))
    assert not happened["person_id"].is_duplicated().any()
    assert counted["index_date"].max() == LAST


@MATHEMATICS
@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 5), st.floats(0, 0.9)), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_divisor_is_the_sum_over_persons_of_squares_and_knows_no_order(rows: list, random: object):
    person, weighted, risk = (np.array(column) for column in zip(*rows, strict=True))
    weighted = weighted + 0.01
    by_hand = sum(((weighted - risk)[person == one].sum()) ** 2 for one in set(person.tolist())) / weighted.sum()
    assert divisor_by_person(weighted, risk, person) == pytest.approx(by_hand)
    order = list(range(len(rows)))
    random.shuffle(order)
    assert divisor_by_person(weighted[order], risk[order], person[order]) == pytest.approx(by_hand)
    alone = np.arange(len(rows))
    assert divisor_by_person(np.ones(len(rows)), np.zeros(len(rows)), alone) == 1
    twice = divisor_by_person(np.tile(weighted, 2), np.tile(risk, 2), np.tile(person, 2))
    assert twice == pytest.approx(2 * by_hand)


@FEW
@given(st.integers(0, 10_000), st.floats(0.0, 0.3), st.floats(0.0, 0.3))
def test_weighted_cases_are_index_dates_times_the_areas_own_cumulative_incidence(seed: int, few: float, many: float):
    cohort = emigrating(seed, people=600, yearly_share={"few": few + 1e-4, "many": many + 1e-4})
    included, weight = count_weights(cohort)
    people = cohort.people.with_columns(pl.Series("weighted", weight * (cohort.people["event"].to_numpy() == 1)))
    incidence = cumulative_incidence(cohort.outcome, HORIZON, by=people["area_id"]).filter(event=1)
    own = people.group_by("area_id").agg(pl.len().alias("n"), pl.col("weighted").sum()).sort("area_id")
    assert included.all()
    np.testing.assert_allclose(own["weighted"], own["n"] * incidence["estimate"], rtol=1e-9)


def test_emigration_does_not_make_an_area_look_healthy():
    """Equal risks, 2 against 12 % leaving a year: with weights by landmark alone O/E is 1.12 and 0.88."""
    cohort = emigrating(1, people=60_000, yearly_share={"few leave": 0.02, "many leave": 0.12})
    table = estimates(cohort, np.full(60_000, 0.1)).table
    ratio = table["weighted_cases"] / table["expected"]
    np.testing.assert_allclose(ratio, 1, atol=0.035)
    assert table["cases"][0] > 1.15 * table["cases"][1]
    assert (table["weighted_cases"] > table["cases"]).all()


def test_small_areas_borrow_the_share_that_is_lost_of_everybody():
    """With fewer than 20 followed to the horizon, an area's own estimate would be a few persons' fate."""
    cohort = emigrating(3, people=3000, yearly_share={"large": 0.05, "other": 0.05})
    small = pl.when(pl.int_range(pl.len()) < 22).then(pl.lit("small")).otherwise(pl.col("area_id"))
    cohort = cohort_of(cohort.people.with_columns(area_id=small))
    _, weight = count_weights(cohort)
    _, everybody = count_weights(cohort_of(cohort.people.drop("area_id")))
    is_small = (cohort.people["area_id"] == "small").to_numpy()
    assert cohort.people.filter(pl.Series(is_small), duration_days=HORIZON).height < 20
    np.testing.assert_array_equal(weight[is_small], everybody[is_small])
    assert (weight[~is_small] != everybody[~is_small]).any()


def test_yearly_landmarks_of_equal_areas_point_nobody_out():
    """51 areas of equal risk; with every landmark counted 15.8 would be clearly different."""
    found = np.array([clearly_and_covered(seed, 0.0, people=8_000) for seed in range(3)])
    assert found[:, 0].mean() <= 3
    assert found[:, 1].mean() >= 0.87


def test_results_of_the_other_landmarks_stand_beside_those_that_are_counted():
    cohort = yearly(2, people=6_000)
    found = estimates(cohort, np.full(cohort.people.height, 0.06))
    counted = cohort.counted.people
    assert found.landmarks["landmarks"].to_list()[0] == "2019-01-01, 2014-01-01, 2009-01-01"
    assert "counted at 2019-01-01, 2014-01-01, 2009-01-01" in repr(found)
    assert found.landmarks.height == 5
    row = found.landmarks.row(0, named=True)
    assert (row["index_dates"], row["persons"]) == (counted.height, counted["person_id"].n_unique())
    assert row["cases"] == counted.filter(event=1).height == found.table["cases"].sum()
    assert row["observed_expected"] == pytest.approx(1)
    assert row["largest_change"] == 1
    assert (found.landmarks["largest_change"][1:] > 1).all()
    recalibration = recalibrate(cohort, np.full(cohort.people.height, 0.06))
    assert recalibration.account["index_dates"].sum() == counted.height


@pytest.mark.slow
def test_intervals_hold_the_truth_with_yearly_landmarks_and_a_five_year_horizon():
    """Twenty municipalities of 51 areas: equal risks, and risks that differ with sd 0.25."""
    equal = np.array([clearly_and_covered(seed, 0.0, people=12_000) for seed in range(20)])
    assert equal[:, 0].mean() <= 51 * 0.05
    assert equal[:, 1].mean() >= 0.90
    differing = np.array([clearly_and_covered(seed, 0.25, people=12_000) for seed in range(20)])
    assert 0.82 <= differing[:, 1].mean() <= 0.95


def discharges(seed: int, persons: int = 6_000) -> Cohort:
    """Discharges and whether a readmission follows within 30 days; some persons come back again and again."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(persons), 1 + random.poisson(random.gamma(0.7, 2.0, persons)))
    tendency = np.clip(random.gamma(0.25, 0.1 / 0.25, persons), 0, 0.9)[person]
    event = random.random(len(person)) < tendency
    people = pl.DataFrame(
        {
            "person_id": person,
            "index_date": [LAST - timedelta(days=int(day)) for day in random.integers(0, 3000, len(person))],
            "area_id": random.integers(100, 100 + AREAS, persons)[person].astype(str),
            "event": event.astype(np.int8),
            "duration_days": np.where(event, random.integers(1, 31, len(person)), 30).astype(float),
        }
    )
    described = {"sex": pl.lit("female"), "age_years": pl.lit(70), "landmark": pl.col("index_date").dt.year()}
    return cohort_of(people.with_columns(**described), 30)


def test_every_event_of_a_person_is_counted_and_persons_widen_the_variance():
    cohort = discharges(1)
    found = estimates(cohort, np.full(cohort.people.height, 0.1))
    assert found.table["index_dates"].sum() == cohort.people.height
    assert found.landmarks.select("index_dates", "persons").row(0) == (cohort.people.height, 6_000)
    assert found.divisor > 1.15
    rows = cohort_of(cohort.people.drop("person_id").with_row_index("person_id"), 30)
    assert estimates(rows, np.full(rows.people.height, 0.1)).divisor < 1


@pytest.mark.slow
def test_areas_of_equal_risk_are_not_pointed_out_by_persons_who_come_back():
    called = []
    for seed in range(20):
        cohort = discharges(seed)
        found = estimates(cohort, np.full(cohort.people.height, 0.1), seed=seed)
        called.append(int((found.table["class"] != "uncertain").sum()))
    assert np.mean(called) <= 51 * 0.05
