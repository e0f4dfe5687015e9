"""Follow-up as peers get it wrong: people who are not followed to the horizon, and people who die.

8,192 people with constant hazards of stroke, of death and of moving away within two years, spread evenly over what can
happen to them. The truth is 8.9 %; the ways in which it is missed are those of PatientLevelPrediction's settings.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from scipy.stats import qmc

from riskstrat.cohort import build_cohort
from riskstrat.incidence import censoring_weights, cumulative_incidence, kaplan_meier, outcome_array
from riskstrat.records.cohort import Cohort
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
HORIZON = 731
STROKE, DEATH, MOVE = 0.0998, 0.1337, 0.262  # hazards over the horizon
PEOPLE = 2**13
NEAR = 0.0015


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


@pytest.fixture(scope="module")
def followed(build_registers: BuildRegisters, made_up: MadeUp) -> Cohort:
    evenly = qmc.Sobol(3, seed=1).random(PEOPLE)
    days = np.ceil(-np.log1p(-evenly) / [STROKE, DEATH, MOVE] * HORIZON).clip(1, 3 * HORIZON).astype(int)
    registers = build_registers(
        persons=[
            {"person_id": person, "birth_date": date(1950, 1, 1), "death_date": day(int(death))}
            for person, (_, death, _) in enumerate(days)
        ],
        residences=[
            {"person_id": person, "start_date": date(1999, 1, 1), "end_date": day(int(move))}
            for person, (_, _, move) in enumerate(days)
        ],
        diagnoses=[
            {"person_id": person, "date": day(int(stroke)), "code": "I639"}
            for person, (stroke, _, _) in enumerate(days)
        ],
        data_end=date(2026, 12, 31),
    )
    return build_cohort(made_up(), registers, date(2027, 1, 1))


def test_the_truth_is_what_was_put_in():
    either = STROKE + DEATH
    assert STROKE / either * (1 - math.exp(-either)) == pytest.approx(0.089, abs=0.0002)


def test_people_with_short_follow_up_are_kept(followed: Cohort):
    assert followed.people.height == PEOPLE
    censored = followed.people.filter(event=0)["duration_days"] < HORIZON
    assert censored.mean() > 0.2


def test_incidence_with_death_competing_is_the_truth(followed: Cohort):
    found = cumulative_incidence(followed.outcome, HORIZON).filter(event=1)["estimate"].item()
    assert found == pytest.approx(0.089, abs=NEAR)


def test_weights_of_the_censored_give_the_truth(followed: Cohort):
    weights = censoring_weights(followed.outcome, HORIZON, truncate=1)
    found = float(weights @ (followed.outcome["event"] == 1)) / PEOPLE
    assert found == pytest.approx(0.089, abs=NEAR)


def test_mistake_dropping_non_cases_that_were_not_followed_to_the_end(followed: Cohort):
    y = followed.outcome
    complete = (y["event"] == 1) | (y["duration_days"] >= HORIZON)
    assert (y["event"][complete] == 1).mean() == pytest.approx(0.115, abs=NEAR)


def test_mistake_one_minus_kaplan_meier_with_death_censored(followed: Cohort):
    y = followed.outcome
    as_if_alive = outcome_array(np.where(y["event"] == 1, 1, 0), y["duration_days"])
    assert 1 - kaplan_meier(as_if_alive, HORIZON)["estimate"].item() == pytest.approx(0.095, abs=NEAR)


def test_mistake_unobserved_as_free_of_the_outcome(followed: Cohort):
    assert (followed.outcome["event"] == 1).mean() == pytest.approx(0.079, abs=NEAR)
