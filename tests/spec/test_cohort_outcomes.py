"""Death from a cause and a score that reaches a level: the index date is 1 June 2019 and the horizon two years."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.cohort import build_cohort
from riskstrat.declare import (
    AnyOf,
    Condition,
    DeathFrom,
    Declaration,
    FirstEvent,
    NthEvent,
    OutcomeKind,
    ScoreReaches,
)
from riskstrat.errors import UsageError
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
HORIZON = 731
AS_OF = date(2024, 1, 1)
BORN = {"person_id": 1, "birth_date": date(1940, 1, 1)}
KEEPER = {"person_id": 2, "birth_date": date(1940, 1, 1)}


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


def diagnosed(number: int, code: str, **fields: object) -> dict[str, object]:
    return {"person_id": 1, "date": day(number), "code": code, "setting": "inpatient", **fields}


def status(registers: Registers, what: Condition) -> tuple[int, float] | None:
    person = build_cohort(what, registers, AS_OF, min_outcomes=0).people.filter(person_id=1)
    return None if person.is_empty() else (person["event"].item(), person["duration_days"].item())


def certificate(number: int, *causes: tuple[str, str]) -> list[dict[str, object]]:
    return [diagnosed(number, code, setting="death", position=position) for code, position in causes]


DEATHS = {
    "from the cause": (100, [("I219", "underlying")], (1, 100)),
    "on the day after the index": (1, [("I219", "underlying")], (1, 1)),
    "on the last day of the horizon": (HORIZON, [("I219", "underlying")], (1, HORIZON)),
    "the day after the horizon": (HORIZON + 1, [("I219", "underlying")], (0, HORIZON)),
    "from another cause competes": (100, [("C349", "underlying")], (2, 100)),
    "a cause that only contributed": (100, [("C349", "underlying"), ("I219", "other")], (2, 100)),
    "without a certificate competes": (100, [], (2, 100)),
}


@pytest.mark.parametrize(("when", "causes", "expected"), DEATHS.values(), ids=DEATHS.keys())
def test_death_from(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    when: int,
    causes: list[tuple[str, str]],
    expected: tuple[int, float],
):
    registers = build_registers(persons=[{**BORN, "death_date": day(when)}], diagnoses=certificate(when, *causes))
    assert status(registers, made_up(outcome=DeathFrom(codes="I20-I25"))) == expected


def test_any_mention_on_the_certificate_is_asked_with_no_positions(build_registers: BuildRegisters, made_up: MadeUp):
    causes = certificate(100, ("C349", "underlying"), ("I219", "other"))
    registers = build_registers(persons=[{**BORN, "death_date": day(100)}], diagnoses=causes)
    assert status(registers, made_up(outcome=DeathFrom(codes="I20-I25", positions=()))) == (1, 100)


def test_an_infarction_in_hospital_is_not_a_death_from_it(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[BORN], diagnoses=[diagnosed(100, "I219", position="underlying")])
    assert status(registers, made_up(outcome=DeathFrom(codes="I20-I25"))) == (0, HORIZON)


def stay(first: int, last: int, **fields: object) -> dict[str, object]:
    usual = {"setting": "inpatient", "position": "main", "code": "I500"}
    return {"person_id": 1, "date": day(first), "end_date": day(last), **usual, **fields}


REPEATED = {
    "two before the index, the second within the washout: left out": ("1y", [stay(-500, -490), stay(-200, -190)], None),
    "the second on the index day: left out": ("1y", [stay(-100, -90), stay(0, 5)], None),
    "the second on the first day of the washout: left out": ("1y", [stay(-700, -690), stay(-365, -360)], None),
    "the second the day before the washout": ("1y", [stay(-700, -690), stay(-366, -360)], (0, HORIZON)),
    "one before and one after are not two after": ("1y", [stay(-100, -90), stay(100, 110)], (0, HORIZON)),
    "a transfer before the index is one stay": ("1y", [stay(-100, -90), stay(-90, -80)], (0, HORIZON)),
    "two after": ("1y", [stay(100, 110), stay(200, 210)], (1, 200)),
    "another setting does not count": (None, [stay(100, 110), stay(200, 210, setting="primary")], (0, HORIZON)),
    "another position does not count": (None, [stay(100, 110), stay(200, 210, position="other")], (0, HORIZON)),
    "other codes do not count": (None, [stay(100, 110), stay(200, 210, code="I48")], (0, HORIZON)),
    "another setting is no transfer": (
        None,
        [stay(100, 110), stay(105, 120, setting="primary"), stay(115, 130)],
        (1, 115),
    ),
    "the second on the last day of the horizon": (None, [stay(700, 705), stay(HORIZON, 740)], (1, HORIZON)),
    "the second on the day of death": (None, [stay(100, 110), stay(300, 300)], (1, 300)),
}


@pytest.mark.parametrize(("washout", "rows", "expected"), REPEATED.values(), ids=REPEATED.keys())
def test_the_second_stay_with_its_washout_setting_and_position(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    washout: str | None,
    rows: list[dict[str, object]],
    expected: tuple[int, float] | None,
):
    again = NthEvent(
        register="diagnoses",
        codes="I50",
        settings=("inpatient",),
        positions=("main",),
        n=2,
        span="2y",
        washout=washout,
    )
    died = day(300) if expected == (1, 300) else None
    registers = build_registers(persons=[{**BORN, "death_date": died}, KEEPER], diagnoses=rows)
    assert status(registers, made_up(outcome=again)) == expected


def test_outcomes_on_one_day_are_one(build_registers: BuildRegisters, made_up: MadeUp):
    either = AnyOf(FirstEvent(register="diagnoses", codes="I21"), FirstEvent(register="diagnoses", codes="I63"))
    rows = [diagnosed(40, "I639"), diagnosed(40, "I219"), diagnosed(40, "I219", setting="primary")]
    registers = build_registers(persons=[BORN], diagnoses=rows)
    people = build_cohort(made_up(outcome=either), registers, AS_OF, min_outcomes=0).people
    assert people.select("event", "duration_days").rows() == [(1, 40.0)]


def test_the_washout_of_one_outcome_does_not_reach_the_other(build_registers: BuildRegisters, made_up: MadeUp):
    either = AnyOf(DeathFrom(codes="I20-I25"), FirstEvent(register="diagnoses", codes="I63", washout="1y"))
    registers = build_registers(persons=[BORN, KEEPER], diagnoses=[diagnosed(-10, "I219"), diagnosed(90, "I639")])
    assert status(registers, made_up(outcome=either)) == (1, 90)


FALL, URINE, DEMENTIA = "W199", "N390", "F009"  # 3.2, 3.2 and 7.1 points
SCORES = {
    "nothing recorded": ([], (0, HORIZON)),
    "one item below the level": ([(10, FALL)], (0, HORIZON)),
    "reached on the day of the second item": ([(10, FALL), (200, URINE)], (1, 200)),
    "an item counts once": ([(10, FALL), (200, "W190"), (300, FALL)], (0, HORIZON)),
    "an item of many points reaches it alone": ([(10, DEMENTIA)], (1, 10)),
    "two items on one day": ([(10, FALL), (10, URINE)], (1, 10)),
    "what was recorded before the index adds": ([(-30, FALL), (200, URINE)], (1, 200)),
    "the last day of the look-back": ([(-30, FALL), (-30 + 364, URINE)], (1, 334)),
    "the day after the look-back": ([(-30, FALL), (-30 + 365, URINE)], (0, HORIZON)),
    "an item that recurs stays": ([(-30, FALL), (100, FALL), (-30 + 400, URINE)], (1, 370)),
    "an item that recurs as it leaves stays": ([(0, FALL), (365, FALL), (366, URINE)], (1, 366)),
    "an item that has left comes back": ([(-400, FALL), (100, FALL), (110, URINE)], (1, 110)),
    "on the index day is not after it": ([(-10, FALL), (0, URINE)], (0, HORIZON)),
    "on the last day of the horizon": ([(600, FALL), (HORIZON, URINE)], (1, HORIZON)),
    "the day after the horizon": ([(600, FALL), (HORIZON + 1, URINE)], (0, HORIZON)),
    "other diagnoses have no points": ([(10, FALL), (20, "I109"), (30, "E119")], (0, HORIZON)),
}


@pytest.mark.parametrize(("rows", "expected"), SCORES.values(), ids=SCORES.keys())
def test_a_score_reaches_a_level(
    build_registers: BuildRegisters, made_up: MadeUp, rows: list[tuple[int, str]], expected: tuple[int, float]
):
    frail = ScoreReaches(register="diagnoses", settings=("inpatient",), level=5, within="1y")
    registers = build_registers(persons=[BORN], diagnoses=[diagnosed(*row) for row in rows])
    assert status(registers, made_up(outcome=frail)) == expected


def test_a_level_just_missed_by_binary_tenths_is_reached(build_registers: BuildRegisters, made_up: MadeUp):
    level = ScoreReaches(register="diagnoses", level=10.3)  # 7.1 + 3.2 in tenths
    registers = build_registers(persons=[BORN], diagnoses=[diagnosed(10, DEMENTIA), diagnosed(20, FALL)])
    assert status(registers, made_up(outcome=level)) == (1, 20)


def test_only_the_settings_and_codes_asked_for_score(build_registers: BuildRegisters, made_up: MadeUp):
    rows = [diagnosed(10, FALL), diagnosed(20, URINE, setting="primary"), diagnosed(30, DEMENTIA)]
    registers = build_registers(persons=[BORN], diagnoses=rows)
    anywhere = ScoreReaches(register="diagnoses", level=5)
    inpatient = ScoreReaches(register="diagnoses", level=5, settings=("inpatient",))
    injuries = ScoreReaches(register="diagnoses", level=3, codes="W19, N39")
    assert status(registers, made_up(outcome=anywhere)) == (1, 20)
    assert status(registers, made_up(outcome=inpatient)) == (1, 30)
    assert status(registers, made_up(outcome=injuries)) == (1, 10)


AT_THE_LEVEL = {
    "reached before, within the washout: left out": ("1y", [(-100, FALL), (-50, URINE)], None),
    "reached on the index day: left out": ("1y", [(-100, FALL), (0, URINE)], None),
    "reached on the first day of the washout: left out": ("1y", [(-400, FALL), (-365, URINE)], None),
    "reached the day before the washout": ("1y", [(-400, FALL), (-366, URINE)], (0, HORIZON)),
    "below the level before": ("1y", [(-100, FALL)], (0, HORIZON)),
    "no washout: the next row at the level": (None, [(-100, FALL), (-50, URINE), (40, FALL)], (1, 40)),
}


@pytest.mark.parametrize(("washout", "rows", "expected"), AT_THE_LEVEL.values(), ids=AT_THE_LEVEL.keys())
def test_who_is_at_the_level_already(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    washout: str | None,
    rows: list[tuple[int, str]],
    expected: tuple[int, float] | None,
):
    frail = ScoreReaches(register="diagnoses", level=5, within="1y", washout=washout)
    registers = build_registers(persons=[BORN, KEEPER], diagnoses=[diagnosed(*row) for row in rows])
    assert status(registers, made_up(outcome=frail)) == expected


def test_an_ever_growing_score_never_falls(build_registers: BuildRegisters, made_up: MadeUp):
    ever = ScoreReaches(register="diagnoses", level=5, within="ever")
    registers = build_registers(
        persons=[BORN], diagnoses=[diagnosed(-3000, FALL), diagnosed(700, URINE), diagnosed(710, FALL)]
    )
    assert status(registers, made_up(outcome=ever)) == (1, 700)


def test_death_on_the_day_of_the_outcome_leaves_the_outcome(build_registers: BuildRegisters, made_up: MadeUp):
    frail = ScoreReaches(register="diagnoses", level=5)
    registers = build_registers(persons=[{**BORN, "death_date": day(50)}], diagnoses=[diagnosed(50, DEMENTIA)])
    assert status(registers, made_up(outcome=frail)) == (1, 50)


def test_the_first_of_a_score_and_an_event(build_registers: BuildRegisters, made_up: MadeUp):
    either = AnyOf(ScoreReaches(register="diagnoses", level=5), FirstEvent(register="diagnoses", codes="S72"))
    registers = build_registers(persons=[BORN], diagnoses=[diagnosed(40, "S720"), diagnosed(90, DEMENTIA)])
    assert status(registers, made_up(outcome=either)) == (1, 40)


def test_levels_of_no_points_are_refused():
    with pytest.raises(UsageError, match="greater than 0"):
        ScoreReaches(register="diagnoses", level=0)


@pytest.mark.parametrize("kind", [DeathFrom(codes="I21"), ScoreReaches(register="diagnoses", level=5)])
def test_outcomes_come_back_from_json(kind: OutcomeKind):
    assert Declaration.from_json(kind.to_json()) == kind


def test_the_score_of_every_day_is_that_of_a_slow_count(build_registers: BuildRegisters, made_up: MadeUp):
    """Compare with adding the distinct items of the look-back day by day, for people with many rows."""
    points = {"W19": 3.2, "N39": 3.2, "F00": 7.1, "R29": 3.6, "G81": 4.4}
    rows = [
        diagnosed((37 * step * step + 11 * person) % 900 - 300, list(points)[(step + person) % 5], person_id=person)
        for person in range(1, 40)
        for step in range(9)
    ]
    registers = build_registers(persons=[{**BORN, "person_id": person} for person in range(1, 40)], diagnoses=rows)
    frail = ScoreReaches(register="diagnoses", level=12, within="200d")
    built = build_cohort(made_up(outcome=frail), registers, AS_OF, min_outcomes=0).people
    found = dict(built.filter(event=1).select("person_id", pl.col("duration_days").cast(pl.Int64)).iter_rows())
    assert found == _slowly(rows, points, level=12, look_back=200)
    assert len(found) > 5


def _slowly(rows: list[dict[str, object]], points: dict[str, float], level: float, look_back: int) -> dict[int, int]:
    reached: dict[int, int] = {}
    for row in sorted(rows, key=lambda row: row["date"]):
        person, on = row["person_id"], (row["date"] - INDEX).days
        if person in reached or not 0 < on <= HORIZON:
            continue
        recorded = {
            other["code"]
            for other in rows
            if other["person_id"] == person and on - look_back < (other["date"] - INDEX).days <= on
        }
        if round(sum(points[code] for code in recorded), 6) >= level:
            reached[person] = on
    return reached
