"""Index dates whose horizon is not covered stay and are counted; E is 31 December 2023, the horizon 731 days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.cohort import build_cohort
from riskstrat.declare import AtAge, AtBirth, AtEvent, Every, FirstEvent, MeasuredAbove, OnDate, Population
from riskstrat.errors import DesignError
from riskstrat.records.cohort import Cohort
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

E = date(2023, 12, 31)
AS_OF = date(2024, 1, 1)
LAST_COVERED = E - timedelta(days=731)
OLD = date(1950, 1, 1)


def stroke(person: int, on: date) -> dict[str, object]:
    return {"person_id": person, "date": on, "code": "I639"}


def born(*births: date, **fields: object) -> list[dict[str, object]]:
    return [{"person_id": number, "birth_date": birth, **fields} for number, birth in enumerate(births, 1)]


def row_of(cohort: Cohort, person: int = 1) -> tuple[date, int, float, bool]:
    columns = ("index_date", "event", "duration_days", "horizon_covered")
    return cohort.people.filter(person_id=person).select(columns).row(0)


INDEX_KINDS = {
    "at birth": (AtBirth(), lambda index: (index, [])),
    "at an age": (AtAge(months=12), lambda index: (index - timedelta(days=365), [])),
    "at an event": (
        AtEvent(register="diagnoses", codes="E11"),
        lambda index: (OLD, [{"person_id": 1, "date": index, "code": "E119"}]),
    ),
}
LATER = {
    "the last day": (0, True, 731),
    "a day later": (1, False, 730),
    "a day left": (730, False, 1),
}


@pytest.mark.parametrize(("later", "covered", "days"), LATER.values(), ids=LATER.keys())
@pytest.mark.parametrize("kind", INDEX_KINDS)
def test_a_horizon_is_covered_where_its_last_day_is(
    build_registers: BuildRegisters, made_up: MadeUp, *, kind: str, later: int, covered: bool, days: int
):
    index, life = INDEX_KINDS[kind]
    birth, events = life(LAST_COVERED + timedelta(days=later))
    registers = build_registers(born(birth), diagnoses=events)
    cohort = build_cohort(made_up(index=index), registers, AS_OF, min_outcomes=0)
    assert row_of(cohort)[1:] == (0, days, covered)


def test_an_index_date_without_a_day_to_follow_is_left_out(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(born(E - timedelta(days=1), E), diagnoses=[])
    cohort = build_cohort(made_up(index=AtBirth()), registers, AS_OF, min_outcomes=0)
    assert cohort.people["person_id"].to_list() == [1]
    assert cohort.flow.filter(part="left_out").select("reason", "rows").rows() == [
        ("index date outside the time studied", 1)
    ]


@pytest.mark.parametrize(
    ("on", "covered"), [(LAST_COVERED, True), (LAST_COVERED + timedelta(days=1), False)], ids=["covered", "not covered"]
)
def test_everybody_on_one_date(build_registers: BuildRegisters, made_up: MadeUp, *, on: date, covered: bool):
    registers = build_registers(born(OLD), diagnoses=[])
    cohort = build_cohort(made_up(index=OnDate(date=on)), registers, AS_OF, min_outcomes=0)
    assert row_of(cohort) == (on, 0, (E - on).days, covered)
    assert cohort.covered.people.height == covered


def test_all_landmarks_are_covered(build_registers: BuildRegisters, made_up: MadeUp):
    cohort = build_cohort(
        made_up(index=Every(years=1)), build_registers(born(OLD), diagnoses=[]), AS_OF, min_outcomes=0
    )
    assert cohort.people["horizon_covered"].all()
    assert cohort.people["index_date"].max() == LAST_COVERED
    assert set(cohort.flow["part"]) == {"start", "included", "end"}


@pytest.fixture(scope="module")
def half_covered(build_registers: BuildRegisters) -> Registers:
    """Persons 1 and 2 have covered horizons; 3 has an outcome, 4 dies and 5 moves before E; 6 is followed to E."""
    births = [LAST_COVERED - timedelta(days=200)] * 2 + [LAST_COVERED + timedelta(days=200)] * 4
    persons = born(*births)
    persons[3]["death_date"] = births[3] + timedelta(days=20)
    homes = [
        {"person_id": number, "start_date": birth, "end_date": None, "area_id": "A"}
        for number, birth in enumerate(births, 1)
    ]
    homes[3]["end_date"] = persons[3]["death_date"]
    homes[4]["end_date"] = births[4] + timedelta(days=30)
    strokes = [stroke(1, births[0] + timedelta(days=5)), stroke(3, births[2] + timedelta(days=10))]
    return build_registers(persons, residences=homes, diagnoses=strokes)


def test_they_are_followed_as_far_as_is_known(half_covered: Registers, made_up: MadeUp):
    cohort = build_cohort(made_up(index=AtBirth()), half_covered, AS_OF, min_outcomes=0)
    columns = ("person_id", "event", "duration_days", "assessed", "horizon_covered")
    assert cohort.people.select(columns).rows() == [
        (1, 1, 5.0, True, True),
        (2, 0, 731.0, True, True),
        (3, 1, 10.0, True, False),
        (4, 2, 20.0, True, False),
        (5, 0, 30.0, True, False),
        (6, 0, 531.0, True, False),
    ]
    assert cohort.covered.people.equals(cohort.people.head(2))


def test_the_flow_counts_them_in_both_languages(half_covered: Registers, made_up: MadeUp):
    cohort = build_cohort(made_up(index=AtBirth()), half_covered, AS_OF, min_outcomes=0)
    told = cohort.flow.select("part", "reason", "reason_sv", "people", "rows").rows()
    assert told == [
        ("start", "everybody in the registers, at each index date", "alla i registren, vid varje indexdatum", 6, 6),
        ("included", "included", "inkluderade", 6, 6),
        ("covered", "horizon covered: used by models", "uppföljningstiden täckt: ingår i modeller", 2, 2),
        (
            "not_covered",
            "horizon not covered: left out by models",
            "uppföljningstiden ej täckt: utanför modeller",
            4,
            4,
        ),
        ("end", "outcome", "utfall", 2, 2),
        ("end", "died without the outcome", "avlidna utan utfallet", 1, 1),
        ("end", "without the outcome to the horizon", "utan utfallet till horisontens slut", 1, 1),
        ("end", "followed to the last day that is known", "följda till den sista kända dagen", 1, 1),
        ("end", "moved away", "flyttade", 1, 1),
    ]
    assert cohort.covered.flow.equals(cohort.flow)


def test_only_outcomes_with_a_covered_horizon_count_towards_the_least(half_covered: Registers, made_up: MadeUp):
    asked = made_up(index=AtBirth())
    assert build_cohort(asked, half_covered, AS_OF, min_outcomes=1).people.height == 6
    with pytest.raises(DesignError, match="fewer than 2 outcomes among index dates whose horizon is covered"):
        build_cohort(asked, half_covered, AS_OF, min_outcomes=2)


def test_models_of_the_status_at_the_horizon_are_refused_what_is_not_covered(half_covered: Registers, made_up: MadeUp):
    cohort = build_cohort(made_up(index=AtBirth()), half_covered, AS_OF, min_outcomes=0)
    with pytest.raises(DesignError, match=r"horizon is not covered.*use cohort\.covered"):
        _ = cohort.outcome
    assert len(cohort.covered.outcome) == 2
    assert len(cohort.followed_outcome) == 6


def test_what_is_covered_does_not_depend_on_what_is_not(
    build_registers: BuildRegisters, half_covered: Registers, made_up: MadeUp
):
    births = [LAST_COVERED - timedelta(days=200)] * 2
    alone = build_registers(born(*births), diagnoses=[stroke(1, births[0] + timedelta(days=5))])
    asked = made_up(index=AtBirth())
    both = [build_cohort(asked, registers, AS_OF, min_outcomes=0).covered for registers in (half_covered, alone)]
    assert both[0].people.drop("care_centre_id").equals(both[1].people.drop("care_centre_id"))


def test_late_entry_is_covered_by_the_index_not_the_entry(build_registers: BuildRegisters, made_up: MadeUp):
    index = LAST_COVERED - timedelta(days=10)
    home = {"person_id": 1, "start_date": LAST_COVERED + timedelta(days=10), "area_id": "A"}
    registers = build_registers(born(index), residences=[home], diagnoses=[])
    asked = made_up(index=AtBirth(), population=Population(late_entry=True))
    cohort = build_cohort(asked, registers, AS_OF, min_outcomes=0)
    assert row_of(cohort) == (index, 0, 731, True)
    assert cohort.covered.entry_days.tolist() == [20]


MEASURED = MeasuredAbove(register="child_health", codes="bmi_kg_m2", level=20.0, age_years=(1, 2), nearest_years=1.5)
LEAN, OBESE = 16.0, 30.0
AGE_AT_E = {
    "before the window": (300, None, (0, 300, False)),
    "in the window, measured: a later measurement may be nearer": (600, (500, OBESE), (0, 600, False)),
    "in the window, not measured yet": (600, None, (0, 600, False)),
    "the last day of the window, measured": (729, (500, LEAN), (0, 729, True)),
    "the day before the last of the window, measured": (728, (500, LEAN), (0, 728, False)),
    "after the window, measured": (800, (500, LEAN), (0, 800, True)),
    "after the window, with the outcome": (800, (500, OBESE), (1, 500, True)),
    "after the window, never measured": (800, None, (0, 800, False)),
}


@pytest.mark.parametrize(("age_days", "measured", "expected"), AGE_AT_E.values(), ids=AGE_AT_E.keys())
def test_who_may_still_be_measured_is_not_assessed(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    *,
    age_days: int,
    measured: tuple[int, float] | None,
    expected: tuple[int, float, bool],
):
    birth = E - timedelta(days=age_days)
    rows = [] if measured is None else [_bmi(birth + timedelta(days=measured[0]), measured[1])]
    registers = build_registers(born(birth, sex="male"), child_health=rows)
    cohort = build_cohort(made_up(index=AtBirth(), outcome=MEASURED, horizon="1000d"), registers, AS_OF, min_outcomes=0)
    assert cohort.people.select("event", "duration_days", "assessed").row(0) == expected
    assert not cohort.people["horizon_covered"].item()
    assert cohort.flow.filter(part="end")["reason"].to_list() == [
        "outcome" if expected[0] else _END_OF_ASSESSMENT[expected[2]]
    ]


_END_OF_ASSESSMENT = {True: "followed to the last day that is known", False: "not assessed: horizon not covered"}


def _bmi(on: date, value: float) -> dict[str, object]:
    return {"person_id": 1, "date": on, "code": "bmi_kg_m2", "value": value}


def test_who_moved_away_is_assessed_by_the_measurements_until_then(build_registers: BuildRegisters, made_up: MadeUp):
    birth = E - timedelta(days=600)
    home = {"person_id": 1, "start_date": birth, "end_date": birth + timedelta(days=550), "area_id": "A"}
    registers = build_registers(
        born(birth, sex="male"), residences=[home], child_health=[_bmi(birth + timedelta(days=500), LEAN)]
    )
    asked = made_up(index=AtBirth(), outcome=MEASURED, horizon="1000d")
    people = build_cohort(asked, registers, AS_OF, min_outcomes=0).people
    assert people.select("event", "duration_days", "assessed").row(0) == (0, 600, True)


def test_a_horizon_of_the_whole_window_is_assessed_as_before(build_registers: BuildRegisters, made_up: MadeUp):
    """The measurement window is cut by the horizon, and the horizon is covered to its last day."""
    birth = E - timedelta(days=600)
    registers = build_registers(born(birth, sex="male"), child_health=[_bmi(birth + timedelta(days=500), LEAN)])
    asked = made_up(index=AtBirth(), outcome=MEASURED, horizon="600d")
    people = build_cohort(asked, registers, AS_OF, min_outcomes=0).people
    assert people.select("event", "duration_days", "assessed", "horizon_covered").row(0) == (0, 600, True, True)


def test_outcomes_that_are_seen_when_they_happen_need_no_assessment(half_covered: Registers, made_up: MadeUp):
    asked = made_up(index=AtBirth(), outcome=FirstEvent(register="diagnoses", codes="I63"))
    people = build_cohort(asked, half_covered, AS_OF, min_outcomes=0).people
    assert people["assessed"].all()
    assert people.schema["horizon_covered"] == pl.Boolean
