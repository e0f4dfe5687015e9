"""People who come under observation after their index date; 1 June 2019 and a horizon of two years."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import AtBirth, Condition, Ever, Excluding, FirstEvent, LocalisedText, OnDate, Population
from riskstrat.errors import DesignError
from riskstrat.incidence import cumulative_incidence
from riskstrat.records.cohort import Cohort
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
HORIZON = 731
AS_OF = date(2024, 1, 1)
BORN = {"person_id": 1, "birth_date": date(1950, 1, 1)}
OVER = "time at risk over before they could enter"


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


def lives(start: int, end: int | None = None, area: str = "A") -> dict[str, object]:
    return {"person_id": 1, "start_date": day(start), "end_date": None if end is None else day(end), "area_id": area}


def stroke(number: int, code: str = "I639") -> dict[str, object]:
    return {"person_id": 1, "date": day(number), "code": code}


def built(build_registers: BuildRegisters, condition: Condition, *homes: dict[str, object], **given: object) -> Cohort:
    keeper = {"person_id": 99, "birth_date": date(1950, 1, 1)}
    registers = build_registers(
        persons=[{**BORN, "death_date": given.pop("died", None)}, keeper],
        residences=[*homes, {"person_id": 99, "start_date": date(1999, 1, 1), "end_date": None}],
        diagnoses=given.pop("diagnoses", []),
        **given,
    )
    return build_cohort(condition, registers, AS_OF, min_outcomes=0)


def answer(cohort: Cohort) -> tuple[float, int, float] | str:
    """Entry, event and duration of the person, or why they were left out."""
    row = cohort.people.filter(person_id=1)
    if row.is_empty():
        return str(cohort.flow.filter(part="left_out")["reason"].item())
    return row.select("entry_days", "event", "duration_days").row(0)


HOMES = {
    "resident the day before the index": ([lives(-1)], (0, 0, HORIZON)),
    "moving in on the index day": ([lives(0)], (1, 0, HORIZON)),
    "moving in later": ([lives(100)], (101, 0, HORIZON)),
    "moving in and away": ([lives(100, 300)], (101, 0, 300)),
    "a day is not enough to be at risk": ([lives(100, 101)], OVER),
    "the shortest time at risk": ([lives(100, 102)], (101, 0, 102)),
    "on the last day before the horizon": ([lives(HORIZON - 2)], (HORIZON - 1, 0, HORIZON)),
    "at the horizon": ([lives(HORIZON - 1)], OVER),
    "of several stays the first": ([lives(100, 200), lives(400)], (101, 0, 200)),
    "a move within is no new stay": ([lives(100, 200), lives(201)], (101, 0, HORIZON)),
    "a stay before the index does not count": ([lives(-100, -50), lives(30)], (31, 0, HORIZON)),
    "never": ([lives(-100, -50)], "not resident"),
}


@pytest.mark.parametrize(("homes", "expected"), HOMES.values(), ids=HOMES.keys())
def test_entry_is_the_day_after_moving_in(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    homes: list[dict[str, object]],
    expected: tuple[float, int, float] | str,
):
    assert answer(built(build_registers, made_up(population=Population(late_entry=True)), *homes)) == expected


def test_without_late_entry_they_are_left_out(build_registers: BuildRegisters, made_up: MadeUp):
    cohort = built(build_registers, made_up(), lives(100))
    assert cohort.flow.filter(part="left_out")["reason"].to_list() == ["not resident"]
    assert "entry_days" not in cohort.people.columns
    assert cohort.entry_days.tolist() == [0.0]
    assert len(cohort.outcome) == 1


EVENTS = {
    "an outcome after the entry": ({"diagnoses": [stroke(200)]}, (101, 1, 200)),
    "on the day after the entry": ({"diagnoses": [stroke(102)]}, (101, 1, 102)),
    "on the day of entry: had it before": ({"diagnoses": [stroke(101)]}, "had the outcome before the index date"),
    "between index and entry: had it before": ({"diagnoses": [stroke(50)]}, "had the outcome before the index date"),
    "on the first day of the washout before the entry": (
        {"diagnoses": [stroke(101 - 365)]},
        "had the outcome before the index date",
    ),
    "before that washout": ({"diagnoses": [stroke(100 - 365)]}, (101, 0, HORIZON)),
    "death after the entry": ({"died": day(150)}, (101, 2, 150)),
    "death on the day of entry": ({"died": day(101)}, OVER),
}


@pytest.mark.parametrize(("given", "expected"), EVENTS.values(), ids=EVENTS.keys())
def test_washout_and_time_at_risk_count_from_the_entry(
    build_registers: BuildRegisters, made_up: MadeUp, given: dict[str, object], expected: tuple[float, int, float] | str
):
    outcome = FirstEvent(register="diagnoses", codes="I63", washout="1y")
    condition = made_up(population=Population(late_entry=True), outcome=outcome)
    assert answer(built(build_registers, condition, lives(100), **given)) == expected


def test_residence_that_is_asked_for_puts_off_the_entry(build_registers: BuildRegisters, made_up: MadeUp):
    condition = made_up(population=Population(resident_days=365, late_entry=True))
    assert answer(built(build_registers, condition, lives(-365))) == (0, 0, HORIZON)
    assert answer(built(build_registers, condition, lives(-364))) == (1, 0, HORIZON)
    assert answer(built(build_registers, condition, lives(100))) == (465, 0, HORIZON)


def test_an_index_before_what_is_covered_enters_when_it_begins(build_registers: BuildRegisters, made_up: MadeUp):
    manifest = {"diagnoses": {"coverage_start": day(200)}}
    late, strict = (made_up(population=Population(late_entry=late)) for late in (True, False))
    assert answer(built(build_registers, late, lives(-500), manifest=manifest)) == (200, 0, HORIZON)
    with pytest.raises(DesignError, match="index date outside the time studied"):
        built(build_registers, strict, lives(-500), manifest=manifest)


def test_who_is_excluded_is_asked_at_the_entry(build_registers: BuildRegisters, made_up: MadeUp):
    rule = Excluding(
        having=Ever(register="diagnoses", codes="F00", within="1y"), reason=LocalisedText(en="dementia", sv="demens")
    )
    condition = made_up(population=Population(late_entry=True, excluding=(rule,)))
    assert answer(built(build_registers, condition, lives(100), diagnoses=[stroke(50, "F001")])) == "dementia"
    assert answer(built(build_registers, condition, lives(100), diagnoses=[stroke(-270, "F001")])) == (101, 0, HORIZON)


def test_at_birth_entry_is_the_day_of_moving_in(build_registers: BuildRegisters, made_up: MadeUp):
    born = date(2015, 5, 1)
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": born}, {"person_id": 2, "birth_date": born}],
        residences=[
            {"person_id": 1, "start_date": born, "area_id": "A"},
            {"person_id": 2, "start_date": born + timedelta(days=30), "area_id": "B"},
        ],
        diagnoses=[],
    )
    condition = made_up(index=AtBirth(), population=Population(late_entry=True))
    people = build_cohort(condition, registers, AS_OF, min_outcomes=0).people
    assert people.select("person_id", "area_id", "entry_days").rows() == [(1, "A", 0.0), (2, "B", 30.0)]


def test_direct_models_are_refused_and_incidence_takes_the_entry(build_registers: BuildRegisters, made_up: MadeUp):
    cohort = built(
        build_registers, made_up(population=Population(late_entry=True)), lives(100), diagnoses=[stroke(200)]
    )
    with pytest.raises(DesignError, match="entered late"):
        _ = cohort.outcome
    both = cumulative_incidence(cohort.followed_outcome, [HORIZON], entry=cohort.entry_days)
    assert both.filter(event=1)["estimate"].to_list() == [0.5]


def test_a_cohort_in_which_nobody_entered_late_is_like_any_other(build_registers: BuildRegisters, made_up: MadeUp):
    late = built(build_registers, made_up(population=Population(late_entry=True)), lives(-500))
    usual = built(build_registers, made_up(), lives(-500))
    assert late.people.drop("entry_days").equals(usual.people)
    assert late.flow.equals(usual.flow)
    assert (late.outcome == usual.outcome).all()


def test_the_target_population_is_who_lives_here_now(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[BORN, {**BORN, "person_id": 2}],
        residences=[lives(-500), {"person_id": 2, "start_date": AS_OF, "end_date": None}],
        diagnoses=[],
        data_end=AS_OF,
    )
    condition = made_up(index=OnDate(date=INDEX), population=Population(late_entry=True))
    people = target_population(condition, registers, AS_OF).people
    assert people["person_id"].to_list() == [1]
    assert isinstance(people, pl.DataFrame)
