"""Which index dates are counted, and what changes if people left without saying so; last known day 31 December 2023."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.cohort import assume_departures, build_cohort
from riskstrat.declare import AtAge, Every
from riskstrat.errors import DesignError, UsageError
from riskstrat.records.cohort import Cohort, Target
from small_registers import BuildRegisters, MadeUp

AS_OF = date(2024, 1, 1)
OLD = date(1950, 1, 1)
LAST = date(2021, 12, 30)


def born(*births: date) -> list[dict[str, object]]:
    return [{"person_id": number, "birth_date": birth} for number, birth in enumerate(births, 1)]


def on_dates(*dates: date, horizon_days: int = 731, **columns: object) -> Cohort:
    """Two persons at each of these landmarks."""
    rows = [(person, day, number) for person in (1, 2) for number, day in enumerate(dates)]
    people = pl.DataFrame(rows, schema=["person_id", "index_date", "landmark"], orient="row").with_columns(
        event=pl.lit(0, pl.Int8), duration_days=pl.lit(float(horizon_days)), assessed=pl.lit(value=True), **columns
    )
    return Cohort(condition="made up", people=people, flow=pl.DataFrame(), as_of=AS_OF, horizon_days=horizon_days)


def counted_dates(cohort: Cohort) -> list[date]:
    return cohort.counted.people["index_date"].unique().sort().to_list()


def test_landmarks_closer_than_the_horizon_are_learnt_from_and_not_counted(
    build_registers: BuildRegisters, made_up: MadeUp
):
    cohort = build_cohort(
        made_up(index=Every(years=1)), build_registers(born(OLD), diagnoses=[]), AS_OF, min_outcomes=0
    )
    dates, counted = cohort.people["index_date"].to_list(), counted_dates(cohort)
    assert dates[-1] == counted[-1] == LAST
    # Two years of 365 days are a day less than the horizon of 731.
    assert counted == sorted(sorted(dates, reverse=True)[::3])
    assert all((later - earlier).days >= 731 for earlier, later in pairwise(counted))
    assert cohort.covered.people.height == len(dates) > len(counted) > 2


def test_landmarks_a_horizon_apart_are_all_counted(build_registers: BuildRegisters, made_up: MadeUp):
    cohort = build_cohort(
        made_up(index=Every(years=2)), build_registers(born(OLD), diagnoses=[]), AS_OF, min_outcomes=0
    )
    assert cohort.is_counted.all()
    assert cohort.landmark_sets == []


def test_one_outcome_at_five_landmarks_is_one_outcome_for_the_fewest_that_a_study_needs(
    build_registers: BuildRegisters, made_up: MadeUp
):
    stroke = [{"person_id": 1, "date": date(2022, 6, 1), "code": "I639"}]
    registers = build_registers(born(OLD, OLD), diagnoses=stroke)
    condition = made_up(index=Every(years=1), horizon="5y")
    assert build_cohort(condition, registers, AS_OF, min_outcomes=1).people["event"].sum() == 2
    with pytest.raises(DesignError, match="fewer than 2 outcomes"):
        build_cohort(condition, registers, AS_OF, min_outcomes=2)


def test_persons_with_index_dates_of_their_own_are_all_counted(build_registers: BuildRegisters, made_up: MadeUp):
    births = [date(2015 + number % 5, 1 + number, 3) for number in range(8)]
    cohort = build_cohort(
        made_up(index=AtAge(months=12)), build_registers(born(*births), diagnoses=[]), AS_OF, min_outcomes=0
    )
    assert cohort.people.height == 8
    assert cohort.is_counted.all()
    assert cohort.landmark_dates == {}


def test_the_sets_begin_at_each_landmark_within_one_horizon_of_the_latest():
    dates = [date(year, 1, 1) for year in range(2012, 2020)]
    cohort = on_dates(*dates, horizon_days=730)
    assert [[dates[landmark].year for landmark in one] for one in cohort.landmark_sets] == [
        [2019, 2017, 2015, 2013],
        [2018, 2016, 2014, 2012],
    ]
    assert [day.year for day in counted_dates(cohort)] == [2013, 2015, 2017, 2019]


def test_every_index_of_a_person_is_counted_where_persons_have_their_own():
    """Discharges: a person's index dates overlap, and a year holds several of them."""
    dates = [date(2019, 1, 1), date(2019, 2, 1), date(2020, 1, 1)]
    cohort = on_dates(*dates)
    own = replace(cohort, people=cohort.people.with_columns(landmark=pl.col("index_date").dt.year()))
    assert own.is_counted.all()


def test_recurring_persons_without_dates_are_refused_where_they_would_be_counted():
    cohort = on_dates(date(2018, 1, 1), date(2019, 1, 1), area_id=pl.lit("A"), sex=pl.lit("female"), age_years=70)
    undated = replace(cohort, people=cohort.people.drop("index_date"))
    target = Target(condition="x", people=undated.people.head(1), flow=pl.DataFrame(), as_of=AS_OF)
    risk = np.full(4, 0.1)
    for count in (lambda: recalibrate(undated, risk), lambda: estimate_areas(undated, risk, target, risk[:1])):
        with pytest.raises(UsageError, match="persons at several landmarks, without the date of each"):
            count()


def test_who_was_silent_so_long_is_followed_to_the_last_contact(build_registers: BuildRegisters, made_up: MadeUp):
    """Index 1 June 2019, horizon two years: silent from the start, silent from the autumn, in contact, and a stroke."""
    index = date(2019, 6, 1)
    diagnoses = [
        {"person_id": 1, "date": index - timedelta(days=9), "code": "J069"},
        {"person_id": 2, "date": index + timedelta(days=100), "code": "J069"},
        {"person_id": 3, "date": index + timedelta(days=600), "code": "J069"},
        {"person_id": 4, "date": index + timedelta(days=90), "code": "I639"},
        {"person_id": 4, "date": index + timedelta(days=900), "code": "J069"},
    ]
    yearly = [{"person_id": 1, "date": date(2020, 12, 31), "code": "employed", "value": 0.0}]
    registers = build_registers(born(OLD, OLD, OLD, OLD), diagnoses=diagnoses, circumstances=yearly)
    cohort = build_cohort(made_up(), registers, AS_OF, min_outcomes=0)
    assumed = assume_departures(cohort, registers, silent="1y")
    assert cohort.people["duration_days"].to_list() == [731, 731, 731, 90]
    assert assumed.people["duration_days"].to_list() == [1, 100, 731, 90]
    assert assumed.people["event"].to_list() == [0, 0, 0, 1]
    assert assume_departures(cohort, registers, silent="1y", share=0.0).people.equals(cohort.people)
    half = assume_departures(cohort, registers, silent="1y", share=0.5, seed=1).people["duration_days"].to_list()
    assert half[0] in (1, 731)
    assert half[2:] == [731, 90]
    with pytest.raises(UsageError, match="no table 'visits'"):
        assume_departures(cohort, registers, tables=["visits"])
    with pytest.raises(UsageError, match=r"a share of 1\.5"):
        assume_departures(cohort, registers, share=1.5)
