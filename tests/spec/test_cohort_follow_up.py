"""What follow-up means, one person at a time: the index date is 1 June 2019 and the horizon two years (731 days)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from riskstrat.cohort import build_cohort
from riskstrat.declare import AnyOf, Condition, FirstEvent, NthEvent
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
HORIZON = 731
AS_OF = date(2024, 1, 1)


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


def stroke(number: int, **fields: object) -> dict[str, object]:
    return {"person_id": 1, "date": day(number), "code": "I639", **fields}


def stay(first: int, last: int | None) -> dict[str, object]:
    end = None if last is None else day(last)
    return {"person_id": 1, "date": day(first), "code": "admission_unplanned", "end_date": end}


def ends(registers: Registers, what: Condition, as_of: date = AS_OF) -> tuple[int, float]:
    people = build_cohort(what, registers, as_of, min_outcomes=0).people
    return people["event"].item(), people["duration_days"].item()


ONE_OF_THESE = {
    "nothing happens": (None, None, None, (0, HORIZON)),
    "outcome the day after the index": (1, None, None, (1, 1)),
    "outcome on the index day is not counted": (0, None, None, (0, HORIZON)),
    "outcome on the last day of the horizon": (HORIZON, None, None, (1, HORIZON)),
    "outcome the day after the horizon": (HORIZON + 1, None, None, (0, HORIZON)),
    "death competes": (None, 100, None, (2, 100)),
    "death on the last day of the horizon": (None, HORIZON, None, (2, HORIZON)),
    "death after the horizon": (None, HORIZON + 1, None, (0, HORIZON)),
    "outcome on the day of death: the outcome wins": (100, 100, None, (1, 100)),
    "a row dated after death does not count": (101, 100, None, (2, 100)),
    "moving away censors": (None, None, 50, (0, 50)),
    "outcome on the last day of residence": (50, None, 50, (1, 50)),
    "outcome after moving away": (51, None, 50, (0, 50)),
    "death on the last day of residence": (None, 50, 50, (2, 50)),
    "death after moving away is not seen": (None, 51, 50, (0, 50)),
}


@pytest.mark.parametrize(
    ("outcome", "death", "last_resident", "expected"), ONE_OF_THESE.values(), ids=ONE_OF_THESE.keys()
)
def test_follow_up_ends_at_the_first_of(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    *,
    outcome: int | None,
    death: int | None,
    last_resident: int | None,
    expected: tuple[int, float],
):
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1), "death_date": None if death is None else day(death)}],
        residences=[
            {
                "person_id": 1,
                "start_date": date(1999, 1, 1),
                "end_date": None if last_resident is None else day(last_resident),
            }
        ],
        diagnoses=[] if outcome is None else [stroke(outcome)],
    )
    assert ends(registers, made_up()) == expected


def test_a_break_of_one_day_in_residence_censors_and_a_move_within_does_not(
    build_registers: BuildRegisters, made_up: MadeUp
):
    def spells(gap: int) -> list[dict[str, object]]:
        return [
            {"person_id": 1, "start_date": date(1999, 1, 1), "end_date": day(50)},
            {"person_id": 1, "start_date": day(51 + gap), "end_date": None},
        ]

    born = [{"person_id": 1, "birth_date": date(1950, 1, 1)}]
    moved = build_registers(persons=born, residences=spells(0), diagnoses=[stroke(60)])
    gone = build_registers(persons=born, residences=spells(1), diagnoses=[stroke(60)])
    assert ends(moved, made_up()) == (1, 60)
    assert ends(gone, made_up()) == (0, 50)


@pytest.mark.parametrize(
    ("manifest", "data_end", "as_of", "last"),
    [
        ({}, date(2020, 12, 31), date(2021, 12, 31), date(2020, 12, 31)),
        ({"diagnoses": {"coverage_end": date(2020, 6, 30)}}, date(2023, 12, 31), AS_OF, date(2020, 6, 30)),
        ({}, date(2023, 12, 31), date(2020, 9, 1), date(2020, 8, 31)),
        ({"diagnoses": {"delay_days": 90}}, date(2023, 12, 31), date(2020, 9, 1), date(2020, 6, 2)),
        ({"persons": {"delay_days": 10}}, date(2023, 12, 31), date(2020, 9, 1), date(2020, 8, 21)),
    ],
    ids=["data_end", "coverage_end", "as_of", "as_of and the register's delay", "as_of and the delay of deaths"],
)
def test_nobody_is_followed_beyond_what_was_known(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    *,
    manifest: dict[str, dict[str, object]],
    data_end: date,
    as_of: date,
    last: date,
):
    born = [{"person_id": 1, "birth_date": date(1950, 1, 1)}]
    quiet = build_registers(persons=born, manifest=manifest, data_end=data_end, diagnoses=[])
    assert ends(quiet, made_up(), as_of) == (0, (last - INDEX).days)
    with_outcome = build_registers(
        persons=born,
        manifest=manifest,
        data_end=data_end,
        diagnoses=[stroke((last - INDEX).days)],
    )
    assert ends(with_outcome, made_up(), as_of) == (1, (last - INDEX).days)


def test_rows_known_at_as_of_or_later_do_not_exist(build_registers: BuildRegisters, made_up: MadeUp):
    born = [{"person_id": 1, "birth_date": date(1950, 1, 1)}]
    late = build_registers(persons=born, diagnoses=[stroke(10, known_on=AS_OF)])
    just_known = build_registers(persons=born, diagnoses=[stroke(10, known_on=AS_OF - timedelta(days=1))])
    assert ends(late, made_up()) == (0, HORIZON)
    assert ends(just_known, made_up()) == (1, 10)


def test_an_inpatient_diagnosis_counts_from_admission_and_is_known_after_discharge(
    build_registers: BuildRegisters, made_up: MadeUp
):
    born = [{"person_id": 1, "birth_date": date(1950, 1, 1)}]
    long_stay = build_registers(persons=born, diagnoses=[stroke(10, setting="inpatient", end_date=day(200))])
    assert ends(long_stay, made_up()) == (1, 10)
    assert ends(long_stay, made_up(), as_of=day(201)) == (1, 10)
    assert ends(long_stay, made_up(), as_of=day(200)) == (0, 199)


def test_a_death_known_later_than_as_of_has_not_happened(build_registers: BuildRegisters, made_up: MadeUp):
    dead = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1), "death_date": day(100)}], diagnoses=[]
    )
    assert ends(dead, made_up(), as_of=day(101)) == (2, 100)
    assert ends(dead, made_up(), as_of=day(100)) == (0, 99)


WASHOUT = {
    "no washout leaves out nobody": (None, 0, True),
    "on the index day": ("1y", 0, False),
    "on the first day of the washout": ("1y", -365, False),
    "the day before the washout": ("1y", -366, True),
    "ever": ("ever", -3000, False),
    "ever reaches no further than what is covered": ("ever", -4000, True),
    "the day after the index is the outcome": ("ever", 1, True),
}


@pytest.mark.parametrize(("washout", "when", "included"), WASHOUT.values(), ids=WASHOUT.keys())
def test_washout(build_registers: BuildRegisters, made_up: MadeUp, washout: str | None, when: int, included: bool):
    outcome = FirstEvent(register="diagnoses", codes="I63", washout=washout)
    other = {"person_id": 2, "birth_date": date(1950, 1, 1)}
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1)}, other], diagnoses=[stroke(when)]
    )
    people = build_cohort(made_up(outcome=outcome), registers, AS_OF, min_outcomes=0).people
    assert (1 in people["person_id"]) is included


def test_each_outcome_of_any_keeps_its_own_washout_and_the_first_counts(
    build_registers: BuildRegisters, made_up: MadeUp
):
    either = AnyOf(
        FirstEvent(register="diagnoses", codes="I63", washout="1y"), FirstEvent(register="diagnoses", codes="I21")
    )
    infarction = {"person_id": 1, "code": "I219"}
    born = [{"person_id": 1, "birth_date": date(1950, 1, 1)}]
    registers = build_registers(
        persons=born,
        diagnoses=[
            {**infarction, "date": day(-10)},
            {**infarction, "date": day(20)},
            stroke(30),
        ],
    )
    assert ends(registers, made_up(outcome=either)) == (1, 20)


def test_only_rows_of_the_settings_and_positions_count(build_registers: BuildRegisters, made_up: MadeUp):
    strict = FirstEvent(register="diagnoses", codes="I63", settings=("inpatient",), positions=("main",))
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1)}],
        diagnoses=[
            stroke(5, setting="primary", position="main"),
            stroke(6, setting="inpatient", position="other"),
            stroke(7),
            stroke(8, setting="inpatient", position="main"),
        ],
    )
    assert ends(registers, made_up(outcome=strict)) == (1, 8)


SECOND = NthEvent(register="contacts", codes="admission_unplanned", n=2, span="1y")
STAYS = {
    "one stay": ([(10, 20)], (0, HORIZON)),
    "two stays": ([(10, 20), (100, 110)], (1, 100)),
    "a transfer on the day of discharge is one stay": ([(10, 20), (20, 30)], (0, HORIZON)),
    "a stay within another is one": ([(10, 40), (15, 16), (39, 50)], (0, HORIZON)),
    "a new admission the day after is another stay": ([(10, 20), (21, 30)], (1, 21)),
    "the same row twice is one": ([(10, 20), (10, 20)], (0, HORIZON)),
    "the last day of the span": ([(10, 20), (375, 380)], (1, 375)),
    "the day after the span": ([(10, 20), (376, 380)], (0, HORIZON)),
    "the second of another pair": ([(10, 20), (376, 380), (400, 410)], (1, 400)),
    "both must start after the index": ([(0, 5), (100, 110)], (0, HORIZON)),
    "a transfer from a stay that began before the index": ([(-5, 3), (3, 9), (100, 110)], (0, HORIZON)),
    "a row without an end lasts its day": ([(10, None), (10, None), (11, None)], (1, 11)),
}


@pytest.mark.parametrize(("stays", "expected"), STAYS.values(), ids=STAYS.keys())
def test_the_second_admission_within_a_year(
    build_registers: BuildRegisters, made_up: MadeUp, stays: list[tuple[int, int | None]], expected: tuple[int, float]
):
    others = [{"person_id": 2, "date": day(10), "code": "admission_unplanned"}]
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1)}, {"person_id": 2, "birth_date": date(1950, 1, 1)}],
        contacts=[*(stay(first, last) for first, last in stays), *others],
    )
    people = build_cohort(made_up(outcome=SECOND), registers, AS_OF, min_outcomes=0).people.filter(person_id=1)
    assert (people["event"].item(), people["duration_days"].item()) == expected


def test_the_third_of_three(build_registers: BuildRegisters, made_up: MadeUp):
    third = NthEvent(register="contacts", codes="admission_unplanned", n=3, span="90d")
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": date(1950, 1, 1)}],
        contacts=[stay(10, 11), stay(50, 51), stay(101, 102), stay(130, 131)],
    )
    assert ends(registers, made_up(outcome=third)) == (1, 130)


def test_stays_are_merged_person_by_person_however_many_there_are(build_registers: BuildRegisters, made_up: MadeUp):
    people = range(2000)
    transferred = [(10, 20), (20, 30)]
    readmitted = [(10, 20), (40, 50)]
    registers = build_registers(
        persons=[{"person_id": number, "birth_date": date(1950, 1, 1)} for number in people],
        contacts=[
            {**stay(*days), "person_id": number}
            for number in people
            for days in (readmitted if number % 3 == 0 else transferred)
        ],
    )
    built = build_cohort(made_up(outcome=SECOND), registers, AS_OF).people
    with_outcome = built.filter(event=1)
    assert with_outcome["person_id"].to_list() == [number for number in people if number % 3 == 0]
    assert with_outcome["duration_days"].unique().to_list() == [40]
