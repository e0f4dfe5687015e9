"""Outcomes that must be measured: a boy born on 10 March 2014, at risk for four years from 18 months of age."""

from __future__ import annotations

from datetime import date

import pytest

from riskstrat.cohort import build_cohort
from riskstrat.declare import AnyOf, AtAge, FirstEvent, MeasuredAbove, Population
from riskstrat.errors import UsageError
from riskstrat.incidence import censoring_weights, cumulative_incidence
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

BORN = date(2014, 3, 10)
INDEX = date(2015, 9, 10)
FOUR = date(2018, 3, 10)
OBESITY = MeasuredAbove(
    register="child_health",
    codes="bmi_kg_m2",
    reference="iotf",
    level="obesity",
    age_years=(3.5, 5.5),
    nearest_years=4.0,
)
HORIZON = 1461
LEAN, OBESE = 16.0, 21.0


def bmi(on: date, value: float | None) -> dict[str, object]:
    return {"person_id": 1, "date": on, "code": "bmi_kg_m2", "value": value}


def child(
    build_registers: BuildRegisters, *measured: dict[str, object], died: date | None = None, until: date | None = None
) -> Registers:
    return build_registers(
        persons=[{"person_id": 1, "birth_date": BORN, "sex": "male", "death_date": died}],
        residences=[{"person_id": 1, "start_date": BORN, "end_date": until, "area_id": "A"}],
        child_health=measured,
    )


def status(registers: Registers, made_up: MadeUp) -> tuple[int, float, bool]:
    condition = made_up(index=AtAge(months=18), outcome=OBESITY, horizon="4y")
    people = build_cohort(condition, registers, date(2024, 1, 1), min_outcomes=0).people
    return people["event"].item(), people["duration_days"].item(), people["assessed"].item()


def after(day: date) -> int:
    return (day - INDEX).days


CASES = {
    "at or above the curve: event on that date": ([(FOUR, OBESE)], (1, after(FOUR), True)),
    "below the curve: the status at the horizon is known": ([(FOUR, LEAN)], (0, HORIZON, True)),
    "never measured: not assessed": ([], (0, HORIZON, False)),
    "measured without a value: not assessed": ([(FOUR, None)], (0, HORIZON, False)),
    "the nearest to the fourth birthday counts": (
        [(date(2018, 3, 1), OBESE), (date(2018, 3, 20), LEAN)],
        (1, after(date(2018, 3, 1)), True),
    ),
    "of two equally near the earlier counts": (
        [(date(2018, 3, 9), LEAN), (date(2018, 3, 11), OBESE)],
        (0, HORIZON, True),
    ),
    "the first day of the window": ([(date(2017, 9, 10), OBESE)], (1, after(date(2017, 9, 10)), True)),
    "the day before the window": ([(date(2017, 9, 9), OBESE)], (0, HORIZON, False)),
    "the window ends before five and a half": ([(date(2019, 9, 10), OBESE)], (0, HORIZON, False)),
    "the last day of the window": ([(date(2019, 9, 9), OBESE)], (1, after(date(2019, 9, 9)), True)),
    "an implausible value is passed over": ([(FOUR, 1600.0), (date(2018, 6, 1), LEAN)], (0, HORIZON, True)),
    "only implausible values: not assessed": ([(FOUR, 0.0016)], (0, HORIZON, False)),
}


@pytest.mark.parametrize(("measured", "expected"), CASES.values(), ids=CASES.keys())
def test_the_measurement_nearest_four_years(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    measured: list[tuple[date, float | None]],
    expected: tuple[int, float, bool],
):
    assert status(child(build_registers, *(bmi(on, value) for on, value in measured)), made_up) == expected


def test_the_curve_is_that_of_the_exact_age_and_sex(build_registers: BuildRegisters, made_up: MadeUp):
    assert status(child(build_registers, bmi(FOUR, 19.24)), made_up)[0] == 1
    assert status(child(build_registers, bmi(FOUR, 19.22)), made_up)[0] == 0


def test_death_before_a_measurement_competes_and_is_assessed(build_registers: BuildRegisters, made_up: MadeUp):
    died = date(2017, 1, 1)
    assert status(child(build_registers, died=died, until=died), made_up) == (2, after(died), True)


def test_death_after_a_measurement_does_not_change_the_status(build_registers: BuildRegisters, made_up: MadeUp):
    died = date(2018, 8, 1)
    assert status(child(build_registers, bmi(FOUR, LEAN), died=died, until=died), made_up) == (0, HORIZON, True)


def test_who_moved_away_before_being_measured_is_not_assessed(build_registers: BuildRegisters, made_up: MadeUp):
    left = date(2017, 1, 1)
    assert status(child(build_registers, bmi(FOUR, OBESE), until=left), made_up) == (0, after(left), False)


def test_a_plain_level_and_an_untimely_measurement(build_registers: BuildRegisters, made_up: MadeUp):
    heavy = MeasuredAbove(
        register="child_health", codes="weight_kg", level=20.0, age_years=(3.5, 5.5), nearest_years=4.0
    )
    row = {"person_id": 1, "date": FOUR, "code": "weight_kg", "value": 20.0}
    condition = made_up(index=AtAge(months=18), outcome=heavy, horizon="4y")
    people = build_cohort(condition, child(build_registers, row), date(2024, 1, 1), min_outcomes=0).people
    assert people["event"].to_list() == [1]


def test_what_cannot_be_meant_is_refused():
    fields = {"register": "child_health", "codes": "bmi_kg_m2", "age_years": (3.5, 5.5), "nearest_years": 4.0}
    with pytest.raises(UsageError, match="reference"):
        MeasuredAbove(level="obesity", **fields)
    with pytest.raises(UsageError, match="nearest_years"):
        MeasuredAbove(level=20.0, **{**fields, "nearest_years": 6.0})
    with pytest.raises(UsageError, match="cannot be mixed"):
        AnyOf(OBESITY, FirstEvent(register="diagnoses", codes="I63"))


def test_who_was_not_measured_counts_neither_as_an_outcome_nor_as_free_of_it(
    build_registers: BuildRegisters, made_up: MadeUp
):
    children = range(1, 13)
    measured = {1: OBESE, 2: LEAN, 3: LEAN}
    registers = build_registers(
        persons=[{"person_id": child, "birth_date": BORN, "sex": "male"} for child in children],
        residences=[{"person_id": child, "start_date": BORN, "area_id": "A"} for child in children],
        child_health=[bmi(FOUR, value) | {"person_id": child} for child, value in measured.items()],
    )
    condition = made_up(index=AtAge(months=18), outcome=OBESITY, horizon="4y")
    cohort = build_cohort(condition, registers, date(2024, 1, 1), min_outcomes=0)
    assert cohort.people.height == len(children)
    curve = cumulative_incidence(cohort.outcome, times=[HORIZON]).filter(event=1)
    assert curve["estimate"].item() == pytest.approx(1 / 3)
    weight = censoring_weights(cohort.outcome, HORIZON, truncate=1)
    assert weight.tolist() == pytest.approx([4.0 if child in measured else 0.0 for child in children])


def test_who_came_late_and_was_not_measured_is_censored_after_coming(build_registers: BuildRegisters, made_up: MadeUp):
    came = date(INDEX.year + 1, INDEX.month, INDEX.day)
    registers = build_registers(
        persons=[{"person_id": child, "birth_date": BORN, "sex": "male"} for child in (1, 2)],
        residences=[
            {"person_id": 1, "start_date": BORN, "area_id": "A"},
            {"person_id": 2, "start_date": came, "area_id": "A"},
        ],
        child_health=[bmi(FOUR, OBESE)],
    )
    population = Population(late_entry=True)
    condition = made_up(index=AtAge(months=18), outcome=OBESITY, horizon="4y", population=population)
    cohort = build_cohort(condition, registers, date(2024, 1, 1), min_outcomes=0)
    assert cohort.entry_days.max() > 0
    curve = cumulative_incidence(cohort.followed_outcome, times=[HORIZON], entry=cohort.entry_days).filter(event=1)
    assert curve["estimate"].item() == 1.0
