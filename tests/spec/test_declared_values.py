"""Conditions on a value, inclusion, and all-cause death: the index date is 1 June 2019 and the horizon two years."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.cohort import build_cohort
from riskstrat.declare import (
    AllCauseDeath,
    AnyOf,
    AtEvent,
    BirthRegion,
    Condition,
    Count,
    DaysSince,
    Duration,
    Ever,
    Every,
    Excluding,
    Feature,
    FirstEvent,
    Including,
    LocalisedText,
    MeasuredAbove,
    Population,
    SinceFirst,
    Subgroup,
)
from riskstrat.declare.description import describe
from riskstrat.errors import DesignError, UsageError
from riskstrat.features import build_features
from riskstrat.features.row_reasons import OTHER_VALUE, explain_design
from riskstrat.quality.declared_rows import count_by_component_and_year
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
AS_OF = date(2024, 1, 1)
BORN = {"person_id": 1, "birth_date": date(1940, 1, 1)}
KEEPER = {"person_id": 2, "birth_date": date(1940, 1, 1)}
REASON = LocalisedText(en="no sign of it", sv="inget tecken på det")
HBA1C = {"register": "measurements", "codes": "hba1c_mmol_mol"}
SMOKES = Ever(register="measurements", codes="smoking", equal_to=1, within="5y")


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


def measured(number: int, value: float | None, code: str = "hba1c_mmol_mol", person: int = 1) -> dict[str, object]:
    return {"person_id": person, "date": day(number), "code": code, "value": value}


@pytest.fixture(scope="module")
def registers(build_registers: BuildRegisters) -> Registers:
    """Person 1 has HbA1c of 41, 48, one without a value, 52.5 and, after the index, 60; and smoked once."""
    values = {-900: 41.0, -700: 48.0, -400: None, -100: 52.5, 100: 60.0}
    return build_registers(
        persons=[BORN, KEEPER],
        diagnoses=[{"person_id": 1, "date": day(-50), "code": "E119"}],
        measurements=[
            *(measured(number, value) for number, value in values.items()),
            measured(-300, 0.0, "smoking", person=2),
            measured(-300, 1.0, "smoking"),
            measured(-20, 0.0, "smoking"),
        ],
    )


FEATURES: dict[str, tuple[Feature, float | None]] = {
    "no condition": (Count(**HBA1C), 4),
    "at least, the bound included": (Count(**HBA1C, at_least=48), 2),
    "at least, just above": (Count(**HBA1C, at_least=48.1), 1),
    "at most, the bound included": (Count(**HBA1C, at_most=48), 2),
    "between": (Count(**HBA1C, at_least=45, at_most=50), 1),
    "equal": (Count(**HBA1C, equal_to=52.5), 1),
    "no such value": (Ever(**HBA1C, at_least=55), 0),
    "in a window": (Ever(**HBA1C, at_least=48, within="90d"), 0),
    "the last of those": (DaysSince(**HBA1C, at_most=48), 700),
    "since the first of those": (Count(register="measurements", codes="hba1c_mmol_mol, smoking",
                                       within=SinceFirst(**HBA1C, at_least=45)), 5),
}  # fmt: skip


@pytest.mark.parametrize(("feature", "expected"), FEATURES.values(), ids=FEATURES.keys())
def test_a_feature_sees_only_rows_with_such_a_value(
    registers: Registers, made_up: MadeUp, *, feature: Feature, expected: float | None
):
    people = build_cohort(made_up(), registers, AS_OF, min_outcomes=0)
    X = build_features((feature,), people, registers).filter(person_id=1)
    assert X[feature.column].item() == expected


def test_features_with_other_values_are_other_columns():
    asked = [Ever(**HBA1C, **bound) for bound in ({}, {"at_least": 48}, {"at_most": 48}, {"equal_to": 48})]
    assert len({feature.column for feature in asked}) == 4
    assert asked[1].column == "ever_measurements_hba1c_mmol_mol_at_least_48_ever"
    large = [Ever(**HBA1C, at_least=bound) for bound in (1_234_567, 1_234_568)]
    assert large[0].column != large[1].column


def test_values_in_single_precision_reach_the_bound_they_were_written_with(
    build_registers: BuildRegisters, made_up: MadeUp
):
    """31.7 in single precision is 31.70000076 in double, 31.9 is 31.89999962."""
    single = [float(pl.Series([value], dtype=pl.Float32).item()) for value in (31.7, 31.9)]
    registers = build_registers(
        persons=[BORN],
        diagnoses=[],
        measurements=[measured(-10, single[0]), measured(-9, single[1]), measured(-8, 31.8)],
    )
    people = build_cohort(made_up(), registers, AS_OF, min_outcomes=0)
    for bounds, expected in (({"at_most": 31.7}, 1), ({"at_least": 31.9}, 1), ({"equal_to": 31.9}, 1)):
        feature = Count(**HBA1C, **bounds)
        assert build_features((feature,), people, registers)[feature.column].item() == expected


def test_a_row_with_another_value_says_so(registers: Registers, made_up: MadeUp):
    people = build_cohort(made_up(), registers, AS_OF, min_outcomes=0)
    told = explain_design((Ever(**HBA1C, at_least=48),), people, registers, person_id=1, index_date=INDEX)
    assert told.filter(reason=OTHER_VALUE)["value"].to_list() == [41.0, None]
    assert told.filter("used")["value"].to_list() == [48.0, 52.5]


WRONG = {
    "equal and at least": {"equal_to": 1, "at_least": 1},
    "nothing lies between": {"at_least": 50, "at_most": 48},
    "not a number": {"at_least": float("nan")},
    "no bound at all": {"at_most": float("inf")},
}


@pytest.mark.parametrize("bounds", WRONG.values(), ids=WRONG.keys())
def test_bounds_that_contradict_each_other_are_refused(bounds: dict[str, float]):
    for kind in (Ever, FirstEvent, AtEvent):
        with pytest.raises(UsageError):
            kind(**HBA1C, **bounds)


def test_a_level_leaves_no_room_for_bounds():
    with pytest.raises(UsageError, match="level says which values count"):
        MeasuredAbove(**HBA1C, level=48.0, age_years=(3, 5), nearest_years=4, at_least=40)


MEASURED = {**HBA1C, "level": 48.0, "age_years": (3, 5), "nearest_years": 4}
NOBODY: dict[str, tuple[type, dict[str, object]]] = {
    "no region": (BirthRegion, {"regions": ()}),
    "no level": (MeasuredAbove, {**MEASURED, "level": float("nan")}),
    "an age that nobody reaches": (MeasuredAbove, {**MEASURED, "age_years": (3, float("inf"))}),
    "a cut that no value reaches": (Subgroup, {"name": "a", "column": "a", "label": REASON, "cuts": (float("nan"),)}),
}


@pytest.mark.parametrize(("kind", "fields"), NOBODY.values(), ids=NOBODY.keys())
def test_a_declaration_that_can_be_true_of_nobody_is_refused(kind: type, fields: dict[str, object]):
    with pytest.raises(UsageError, match=kind.__name__):
        kind(**fields)


def test_an_outcome_and_its_washout_are_of_rows_with_such_a_value(registers: Registers, made_up: MadeUp):
    def of(**fields: object) -> list[tuple[int, float]]:
        condition = made_up(outcome=FirstEvent(**HBA1C, **fields))
        people = build_cohort(condition, registers, AS_OF, min_outcomes=0).people.filter(person_id=1)
        return people.select("event", "duration_days").rows()

    assert of(at_least=60) == [(1, 100.0)]
    assert of(at_least=60.5) == [(0, 731.0)]
    assert of(at_least=60, washout="ever") == [(1, 100.0)]
    assert of(at_least=52.5, washout="ever") == []
    assert of(at_least=52.5, washout="90d") == [(1, 100.0)]


def test_an_index_is_at_the_first_such_value(registers: Registers, made_up: MadeUp):
    condition = made_up(index=AtEvent(**HBA1C, at_least=48), horizon="90d")
    assert build_cohort(condition, registers, AS_OF, min_outcomes=0).people["index_date"].to_list() == [day(-700)]


RULES = {
    "smoked once": ((SMOKES,), {1}),
    "not in so short a time": ((replace(SMOKES, within="30d"),), set()),
    "either": ((Ever(register="diagnoses", codes="E10"), SMOKES), {1}),
    "never smoked": ((replace(SMOKES, equal_to=0),), {1, 2}),
    "one row of any kind": ((Count(register="diagnoses", codes="E11", within="90d"),), {1}),
    "known only after the index": ((Ever(**HBA1C, at_least=55),), set()),
}


@pytest.mark.parametrize(("having", "expected"), RULES.values(), ids=RULES.keys())
def test_including_and_excluding_are_each_others_opposite(
    registers: Registers, made_up: MadeUp, *, having: tuple[Ever | Count, ...], expected: set[int]
):
    def found(rule: str, kind: type[Including | Excluding]) -> set[int]:
        condition = made_up(population=Population(**{rule: (kind(having=having, reason=REASON),)}))
        with suppress(DesignError):
            return set(build_cohort(condition, registers, AS_OF, min_outcomes=0).people["person_id"])
        return set()

    assert found("including", Including) == expected
    assert found("excluding", Excluding) == {1, 2} - expected


def test_the_flow_names_who_is_not_included_first(registers: Registers, made_up: MadeUp):
    population = Population(
        including=(Including(having=SMOKES, reason=REASON),),
        excluding=(Excluding(having=SMOKES, reason=LocalisedText(en="both", sv="båda")),),
    )
    with pytest.raises(Exception, match="nobody is eligible") as nobody:
        build_cohort(made_up(population=population), registers, AS_OF, min_outcomes=0)
    assert "no sign of it; both" in str(nobody.value)


def test_all_rules_of_inclusion_must_hold(registers: Registers, made_up: MadeUp):
    diabetic = Including(having=Ever(register="diagnoses", codes="E11"), reason=REASON)
    smoker = Including(having=SMOKES, reason=REASON)
    quit_ = Including(having=replace(SMOKES, equal_to=0), reason=REASON)
    people = build_cohort(
        made_up(population=Population(including=(diabetic, smoker, quit_))), registers, AS_OF, min_outcomes=0
    ).people
    assert people["person_id"].to_list() == [1]


def test_including_a_spell_is_of_its_days(build_registers: BuildRegisters, made_up: MadeUp):
    care = {"person_id": 1, "date": day(-400), "end_date": day(-2), "code": "home_care"}
    registers = build_registers(persons=[BORN, KEEPER], diagnoses=[], services=[care])
    for within, expected in (("1d", []), ("2d", [1])):
        having = Duration(register="services", codes="home_care", within=within)
        condition = made_up(population=Population(including=(Including(having=having, reason=REASON),)))
        if expected:
            assert build_cohort(condition, registers, AS_OF, min_outcomes=0).people["person_id"].to_list() == expected
        else:
            with pytest.raises(Exception, match="no sign of it"):
                build_cohort(condition, registers, AS_OF, min_outcomes=0)


def test_an_index_before_which_the_window_of_an_inclusion_is_not_covered_is_left_out(
    build_registers: BuildRegisters, made_up: MadeUp
):
    registers = build_registers(
        persons=[BORN, KEEPER],
        diagnoses=[],
        measurements=[measured(-300, 1.0, "smoking")],
        manifest={"measurements": {"coverage_start": date(2016, 5, 1)}},
    )
    for within, reason in (
        ("3y", None),
        ("5y", "no sign of it (5 years) not covered: measurements in care, covered from 2016-05-01"),
    ):
        condition = made_up(
            population=Population(including=(Including(having=replace(SMOKES, within=within), reason=REASON),))
        )
        if reason is None:
            assert build_cohort(condition, registers, AS_OF, min_outcomes=0).people["person_id"].to_list() == [1]
        else:
            with pytest.raises(DesignError) as nobody:
                build_cohort(condition, registers, AS_OF, min_outcomes=0)
            assert reason in str(nobody.value)


def test_inclusion_takes_only_what_is_present_or_not():
    for having in (DaysSince(**HBA1C), replace(SMOKES, relative="mother"), (), (SMOKES, DaysSince(**HBA1C))):
        with pytest.raises(UsageError, match="having"):
            Including(having=having, reason=REASON)


def test_they_are_told_and_counted(registers: Registers, made_up: MadeUp):
    condition = made_up(
        population=Population(including=(Including(having=SMOKES, reason=REASON),)),
        outcome=FirstEvent(**HBA1C, at_least=48),
    )
    told, counts = describe(condition, "en"), count_by_component_and_year(condition, registers)[0]
    assert "## Required\n\n- Ever(register measurements; codes smoking; equal_to 1.0; within 5y)" in told
    assert "## Left out\n\n- no sign of it" in told
    assert "first row of `hba1c_mmol_mol` ≥ 48 in measurements" in told
    assert counts.select("part", "codes", "rows", "persons").rows() == [
        ("population", "smoking = 1", 1, 1),
        ("outcome", "hba1c_mmol_mol ≥ 48", 3, 1),
    ]
    assert "| measurements | `smoking` = 1 |  | smoking = 1 |" in told
    assert Condition.from_json(condition.to_json()) == condition


DEATHS = {
    "in follow-up": (100, (1, 100.0)),
    "on the last day": (731, (1, 731.0)),
    "the day after": (732, (0, 731.0)),
    "the day after the index": (1, (1, 1.0)),
}


@pytest.mark.parametrize(("when", "expected"), DEATHS.values(), ids=DEATHS.keys())
def test_death_from_any_cause_is_an_outcome(
    build_registers: BuildRegisters, made_up: MadeUp, *, when: int, expected: tuple[int, float]
):
    registers = build_registers(persons=[BORN | {"death_date": day(when)}, KEEPER])
    people = build_cohort(made_up(outcome=AllCauseDeath()), registers, AS_OF, min_outcomes=0).people
    assert people.filter(person_id=1).select("event", "duration_days").rows() == [expected]
    assert people.filter(person_id=2).select("event", "duration_days").rows() == [(0, 731.0)]


def test_death_after_a_move_is_not_seen(build_registers: BuildRegisters, made_up: MadeUp):
    home = {"person_id": 1, "start_date": date(1999, 1, 1), "end_date": day(50), "area_id": "A"}
    registers = build_registers(persons=[BORN | {"death_date": day(100)}], residences=[home])
    people = build_cohort(made_up(outcome=AllCauseDeath()), registers, AS_OF, min_outcomes=0).people
    assert people.select("event", "duration_days").rows() == [(0, 50.0)]


def test_death_or_an_event_whichever_is_first(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[BORN | {"death_date": day(100)}, KEEPER],
        diagnoses=[{"person_id": 1, "date": day(90), "code": "I639"}],
    )
    either = AnyOf(AllCauseDeath(), FirstEvent(register="diagnoses", codes="I63"))
    people = build_cohort(made_up(outcome=either), registers, AS_OF, min_outcomes=0).people
    assert people.filter(person_id=1).select("event", "duration_days").rows() == [(1, 90.0)]
    assert "competes" not in describe(made_up(outcome=either))


def test_landmarks_of_death_begin_where_all_that_is_read_is_covered(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[BORN | {"death_date": date(2012, 6, 1)}, KEEPER], diagnoses=[])
    condition = made_up(index=Every(years=2), outcome=AllCauseDeath())
    read = replace(condition, features=(Ever(register="diagnoses", codes="I10", within="1y"),))
    first = {
        each: build_cohort(each, registers, AS_OF, min_outcomes=0).people["index_date"].min()
        for each in (read, condition)
    }
    assert first[read].year == 2011
    assert first[condition].year < 2009
