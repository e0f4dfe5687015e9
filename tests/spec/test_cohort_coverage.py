"""What registers do not cover: time before the index that decides who is eligible, and settings that nobody reads.

Diagnoses are covered from 2009 on and known the same day unless a test says otherwise; E is 31 December 2023.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import (
    Age,
    AnyOf,
    AtAge,
    AtEvent,
    Count,
    DeathFrom,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    IndexKind,
    LocalisedText,
    OnDate,
    OutcomeKind,
    Population,
)
from riskstrat.declare.durations import duration_days
from riskstrat.errors import DesignError
from small_registers import BuildRegisters, MadeUp

AS_OF = date(2024, 1, 1)
E = date(2023, 12, 31)
LAST = E - timedelta(days=731)
OLD = {"person_id": 1, "birth_date": date(1950, 1, 1)}
DELAYS = {"diagnoses": {"delay_days": {"inpatient": 90, "specialist": 30, "death": 500}}}


def stroke(**fields: object) -> FirstEvent:
    return FirstEvent(register="diagnoses", codes="I63", **fields)


def excluding(**fields: object) -> Population:
    reason = LocalisedText(en="with dementia", sv="med demens")
    return Population(excluding=(Excluding(having=Ever(register="diagnoses", codes="F00", **fields), reason=reason),))


ASKED = {
    "washout": ({"outcome": stroke(washout="5y")}, "washout (5 years) not covered: diagnoses, covered from {start}"),
    "washout of one of several": (
        {"outcome": AnyOf(DeathFrom(codes="I63"), stroke(washout="5y"))},
        "washout (5 years) not covered: diagnoses, covered from {start}",
    ),
    "window of an exclusion": (
        {"population": excluding(within="5y")},
        "with dementia (5 years) not covered: diagnoses, covered from {start}",
    ),
}


@pytest.mark.parametrize(("fields", "reason"), ASKED.values(), ids=ASKED.keys())
def test_landmarks_before_which_it_is_not_covered_are_left_out_and_told(
    build_registers: BuildRegisters, made_up: MadeUp, *, fields: dict[str, object], reason: str
):
    landmarks = [LAST - timedelta(days=731), LAST]
    for start, kept in ((landmarks[0], 2), (landmarks[0] + timedelta(days=1), 1)):
        first = start - timedelta(days=duration_days("5y"))
        registers = build_registers([OLD], manifest={"diagnoses": {"coverage_start": first}}, diagnoses=[])
        cohort = build_cohort(made_up(index=Every(years=2), **fields), registers, AS_OF, min_outcomes=0)
        assert cohort.people["index_date"].to_list() == landmarks[-kept:]
        told = cohort.flow.filter(reason=reason.format(start=first))
        assert told["rows"].sum() == cohort.flow["rows"][0] - kept


def test_a_gap_of_an_exclusion_reaches_further_back(build_registers: BuildRegisters, made_up: MadeUp):
    start = LAST - timedelta(days=365 + 90)
    for first, kept in ((start, 1), (start + timedelta(days=1), 0)):
        registers = build_registers([OLD], manifest={"diagnoses": {"coverage_start": first}}, diagnoses=[])
        condition = made_up(index=OnDate(date=LAST), population=excluding(within="1y", gap="90d"))
        if kept:
            assert build_cohort(condition, registers, AS_OF, min_outcomes=0).people.height == kept
        else:
            with pytest.raises(DesignError, match=r"with dementia \(1 year\) not covered"):
                build_cohort(condition, registers, AS_OF, min_outcomes=0)


def test_a_washout_that_no_landmark_can_have_ends_it_with_the_reason(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers([OLD], manifest={"diagnoses": {"coverage_start": date(2021, 1, 1)}}, diagnoses=[])
    for index in (Every(years=1), OnDate(date=LAST)):
        condition = made_up(outcome=stroke(washout="14y"), index=index, horizon="1y")
        for ask in (build_cohort, target_population):
            with pytest.raises(
                DesignError, match=r"washout \(14 years\) not covered: diagnoses, covered from 2021-01-01"
            ):
                ask(condition, registers, AS_OF)


@pytest.mark.parametrize(
    "index",
    [OnDate(date=LAST), AtAge(months=18), AtEvent(register="contacts", codes="visit")],
    ids=["date", "age", "event"],
)
def test_a_person_born_since_the_coverage_began_needs_no_earlier_time(
    build_registers: BuildRegisters, made_up: MadeUp, index: IndexKind
):
    born = {"before": date(2019, 12, 31), "on": date(2020, 1, 1)}
    registers = build_registers(
        [{"person_id": number, "birth_date": day} for number, day in enumerate(born.values(), 1)],
        manifest={"diagnoses": {"coverage_start": date(2020, 1, 1)}},
        diagnoses=[],
        contacts=[{"person_id": number, "date": date(2021, 9, 1), "code": "visit"} for number in (1, 2)],
    )
    cohort = build_cohort(made_up(outcome=stroke(washout="10y"), index=index), registers, AS_OF, min_outcomes=0)
    assert cohort.people["person_id"].to_list() == [2]


def test_who_enters_late_enters_once_the_washout_is_covered(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers([OLD], diagnoses=[])
    condition = made_up(
        outcome=stroke(washout="10y"),
        index=OnDate(date=date(2018, 12, 1)),
        population=Population(late_entry=True),
    )
    cohort = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    entered = date(2018, 12, 1) + timedelta(days=cohort.entry_days[0])
    assert entered == date(2009, 1, 1) + timedelta(days=duration_days("10y"))


def test_a_required_look_back_is_asked_of_the_registers_of_outcome_and_features(
    build_registers: BuildRegisters, made_up: MadeUp
):
    services = {"services": {"coverage_start": date(2018, 1, 1)}}
    registers = build_registers([OLD], manifest=services, diagnoses=[], services=[])
    asked = Count(register="services", codes="*", within="1y")

    def landmarks(index: IndexKind, *features: Count) -> int:
        return build_cohort(
            replace(made_up(index=index), features=(Age(), *features)), registers, AS_OF, min_outcomes=0
        ).people.height

    assert [landmarks(Every(years=2)), landmarks(Every(years=2), asked)] == [6, 6]
    assert [landmarks(Every(years=2, lookback="3y")), landmarks(Every(years=2, lookback="3y"), asked)] == [5, 1]


def test_ever_says_how_much_was_covered(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers([OLD], diagnoses=[])
    condition = made_up(index=Every(years=2), outcome=stroke(washout="ever"), population=excluding(within="ever"))
    cohort = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    told = [note for note in cohort.notes if "ever" in note.en]
    assert [note.en for note in told] == [
        'washout: "ever" in diagnoses is the 3.0 to 13.0 years covered before the index dates',
        'with dementia: "ever" in diagnoses is the 3.0 to 13.0 years covered before the index dates',
    ]
    assert "3,0 till 13,0 år" in told[0].sv
    target = target_population(condition, registers, AS_OF)
    assert told[0].sv == "utsköljningsperiod: ”någonsin” i diagnoser är de 3,0 till 13,0 år som täcks före indexdatumen"
    assert target.notes[-2].en == 'washout: "ever" in diagnoses is the 15.0 years covered before the index dates'
    never = build_cohort(made_up(outcome=stroke(washout="1y")), registers, AS_OF, min_outcomes=0)
    assert not any("ever" in note.en for note in never.notes)


READ = {
    "inpatient alone": (stroke(settings=("inpatient",)), 90),
    "the slower of two": (stroke(settings=("specialist", "inpatient")), 90),
    "death": (DeathFrom(codes="I63"), 500),
    "any setting": (stroke(), 500),
    "a setting without a delay of its own": (stroke(settings=("primary",)), 500),
    "one of several reads death": (AnyOf(stroke(settings=("inpatient",)), DeathFrom(codes="I63")), 500),
    "one of several reads any": (AnyOf(stroke(settings=("inpatient",)), stroke()), 500),
}


@pytest.mark.parametrize(("outcome", "delay"), READ.values(), ids=READ.keys())
def test_only_settings_that_the_outcome_reads_end_the_follow_up(
    build_registers: BuildRegisters, made_up: MadeUp, *, outcome: OutcomeKind, delay: int
):
    registers = build_registers([OLD], manifest=DELAYS, diagnoses=[])
    end = AS_OF - timedelta(days=1 + delay)
    every = build_cohort(made_up(outcome=outcome, index=Every(years=20)), registers, AS_OF, min_outcomes=0)
    assert every.people["index_date"].to_list() == [end - timedelta(days=731)]
    once = build_cohort(made_up(outcome=outcome, index=OnDate(date=date(2022, 6, 1))), registers, AS_OF, min_outcomes=0)
    assert once.people["duration_days"].to_list() == [(end - date(2022, 6, 1)).days]


def test_deaths_that_compete_are_read_from_persons_and_their_delay_counts(
    build_registers: BuildRegisters, made_up: MadeUp
):
    registers = build_registers([OLD], manifest={**DELAYS, "persons": {"delay_days": 120}}, diagnoses=[])
    condition = made_up(outcome=stroke(settings=("inpatient",)), index=Every(years=20))
    cohort = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    assert cohort.people["index_date"].to_list() == [AS_OF - timedelta(days=121 + 731)]


def test_a_kind_that_does_not_say_what_it_reads_waits_for_the_slowest(build_registers: BuildRegisters, made_up: MadeUp):
    class Silent(FirstEvent):
        @property
        def rows(self) -> tuple[()]:
            return ()

    registers = build_registers([OLD], manifest=DELAYS, diagnoses=[])
    silent = Silent(register="diagnoses", codes="I63", settings=("inpatient",))
    for outcome in (silent, AnyOf(stroke(settings=("inpatient",)), silent)):
        cohort = build_cohort(made_up(outcome=outcome, index=Every(years=20)), registers, AS_OF, min_outcomes=0)
        assert cohort.people["index_date"].to_list() == [AS_OF - timedelta(days=501 + 731)]
