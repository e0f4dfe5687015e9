"""Index dates at events: the first, every one, the first after a washout, and the day on which a stay ends.

Stays lie in 2018 and 2019; the registers are covered from 2009; rows are days of contacts of person 1.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import AtEvent, FirstEvent, Population
from riskstrat.validation import overlap, person_folds
from small_registers import BuildRegisters, MadeUp

AS_OF = date(2024, 1, 1)
START = date(2018, 1, 1)
BORN = {"person_id": 1, "birth_date": date(1940, 1, 1)}
KEEPER = {"person_id": 2, "birth_date": date(1940, 1, 1)}
ADMITTED = "admission_unplanned, admission_planned"


def day(number: int) -> date:
    return START + timedelta(days=number)


def stay(start: int, end: int | None, code: str = "admission_unplanned") -> dict[str, object]:
    return {"person_id": 1, "date": day(start), "end_date": None if end is None else day(end), "code": code}


def at(which: str = "every", when: str = "start", **more: object) -> AtEvent:
    return AtEvent(register="contacts", codes=ADMITTED, which=which, day=when, **more)


def found(build_registers: BuildRegisters, made_up: MadeUp, index: AtEvent, *stays: dict[str, object]) -> list[int]:
    registers = build_registers(persons=[BORN, KEEPER], diagnoses=[], contacts=[stay(0, 0) | {"person_id": 2}, *stays])
    condition = made_up(index=index, outcome=FirstEvent(register="contacts", codes="death_cause"), horizon="30d")
    people = build_cohort(condition, registers, AS_OF, min_outcomes=0).people.filter(person_id=1)
    return [(index_date - START).days for index_date in people["index_date"]]


STAYS = {
    "the first": (at("first"), [stay(10, 12), stay(50, 52)], [10]),
    "every one": (at(), [stay(10, 12), stay(50, 52)], [10, 50]),
    "the end of the first": (at("first", "end"), [stay(10, 12), stay(50, 52)], [12]),
    "every discharge": (at("every", "end"), [stay(10, 12), stay(50, 52)], [12, 52]),
    "a transfer on the same day is one stay": (at("every", "end"), [stay(10, 12), stay(12, 20)], [20]),
    "one within another is one stay": (at("every", "end"), [stay(10, 30), stay(12, 20), stay(25, 27)], [30]),
    "the day after is another stay": (at("every", "end"), [stay(10, 12), stay(13, 20)], [12, 20]),
    "other codes of the list are merged too": (
        at("every", "end"),
        [stay(10, 12), stay(12, 20, "admission_planned")],
        [20],
    ),
    "a stay that has not ended has no discharge": (at("every", "end"), [stay(10, None), stay(50, 52)], [52]),
    "but it has a start": (at(), [stay(10, None), stay(50, 52)], [10, 50]),
    "the same row twice is one": (at(), [stay(10, 12), stay(10, 12)], [10]),
    "a washout before every one": (at(washout="90d"), [stay(10, 12), stay(50, 52), stay(150, 152)], [10, 150]),
    "the washout counts from the end of the one before": (at(washout="90d"), [stay(10, 50), stay(139, 140)], [10]),
    "on the first day of the washout": (at(washout="90d"), [stay(10, 12), stay(102, 103)], [10]),
    "the day before the washout": (at(washout="90d"), [stay(10, 12), stay(103, 104)], [10, 103]),
    "the washout of a discharge is before the admission": (
        at("every", "end", washout="90d"),
        [stay(10, 12), stay(80, 180)],
        [12],
    ),
}


@pytest.mark.parametrize(("index", "stays", "expected"), STAYS.values(), ids=STAYS.keys())
def test_index_dates_of_stays(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    *,
    index: AtEvent,
    stays: list[dict[str, object]],
    expected: list[int],
):
    assert found(build_registers, made_up, index, *stays) == expected


def test_the_first_after_a_washout_is_not_the_first_on_record(build_registers: BuildRegisters, made_up: MadeUp):
    covered = (date(2009, 1, 1) - START).days
    early, later = stay(covered + 100, covered + 101), stay(covered + 2000, covered + 2001)
    assert found(build_registers, made_up, at("first"), early, later) == [covered + 100]
    assert found(build_registers, made_up, at("first", washout="1y"), early, later) == [covered + 2000]
    just_covered = stay(covered + 365, covered + 366)
    assert found(build_registers, made_up, at("first", washout="1y"), just_covered) == [covered + 365]


def test_a_death_in_hospital_is_no_discharge(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[BORN | {"death_date": day(52)}, KEEPER],
        contacts=[stay(10, 12), stay(50, 52), stay(0, 3) | {"person_id": 2}],
    )
    condition = made_up(index=at("every", "end"), outcome=FirstEvent(register="contacts", codes="admission_unplanned"))
    cohort = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    person = cohort.people.filter(person_id=1)
    assert person.select("index_date", "event", "duration_days").rows() == [(day(12), 1, 38.0)]
    assert cohort.flow.filter(reason="dead by the index date").select("people", "rows").rows() == [(1, 1)]


def test_a_stay_that_ends_on_the_as_of_date_has_not_ended(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[BORN, KEEPER], contacts=[stay(0, 9), stay(50, 60)])
    condition = made_up(
        index=at("every", "end"), outcome=FirstEvent(register="contacts", codes="admission_unplanned"), horizon="30d"
    )
    assert target_population(condition, registers, day(60)).people["index_date"].to_list() == [day(9)]
    assert target_population(condition, registers, day(61)).people["index_date"].to_list() == [day(60)]


def test_the_target_has_each_person_once_and_the_flow_says_which_dates_are_left(
    build_registers: BuildRegisters, made_up: MadeUp
):
    stays = [stay(10, 12), stay(50, 52), stay(90, 91), stay(20, 30) | {"person_id": 2}]
    registers = build_registers(persons=[BORN, KEEPER], contacts=stays)
    condition = made_up(
        index=at("every", "end"), outcome=FirstEvent(register="contacts", codes="admission_unplanned"), horizon="30d"
    )
    target = target_population(condition, registers, day(200))
    assert target.people.select("person_id", "index_date").rows() == [(1, day(91)), (2, day(30))]
    counted = target.flow.select("part", "reason", "people", "rows").rows()
    assert counted == [
        ("start", "everybody in the registers, at each index date", 2, 4),
        ("left_out", "earlier index date of somebody who has a later one", 1, 2),
        ("included", "included", 2, 2),
    ]


def test_the_last_date_at_which_a_person_is_eligible_counts(build_registers: BuildRegisters, made_up: MadeUp):
    """Who is too old at the later date is there with the earlier one."""
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1952, 3, 1)}], contacts=[stay(10, 12), stay(90, 91)]
    )
    condition = made_up(
        population=Population(age_years=(60, 65)),
        index=at("every", "end"),
        outcome=FirstEvent(register="contacts", codes="admission_unplanned"),
        horizon="30d",
    )
    assert target_population(condition, registers, day(200)).people["index_date"].to_list() == [day(12)]


def test_all_index_dates_of_a_person_stay_in_one_fold(build_registers: BuildRegisters, made_up: MadeUp):
    persons = [{"person_id": number, "birth_date": date(1940, 1, 1)} for number in range(30)]
    stays = [stay(day_, day_ + 2) | {"person_id": number} for number in range(30) for day_ in (10, 20, 30, 400)]
    registers = build_registers(persons=persons, contacts=stays)
    condition = made_up(
        index=at("every", "end"), outcome=FirstEvent(register="contacts", codes="admission_unplanned"), horizon="30d"
    )
    people = build_cohort(condition, registers, AS_OF).people
    assert people.height == 120
    assert people.select("person_id", "index_date").is_unique().all()
    assert overlap(person_folds(people, 5), people)["shared_persons"].sum() == 0
