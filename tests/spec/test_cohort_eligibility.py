"""Who is eligible, when index dates are, and what the flow says of the others."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import (
    AtAge,
    AtBirth,
    AtEvent,
    Condition,
    Count,
    Duration,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    LocalisedText,
    OnDate,
    Population,
)
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp

INDEX = date(2019, 6, 1)
AS_OF = date(2024, 1, 1)
E = date(2023, 12, 31)


OLD = {"birth_date": date(1940, 1, 1)}
KEEPER = {"person_id": 99, **OLD}
REASON = LocalisedText(en="in special housing", sv="i särskilt boende")


def day(number: int) -> date:
    return INDEX + timedelta(days=number)


def cohort(registers: Registers, condition: Condition, as_of: date = AS_OF) -> pl.DataFrame:
    return build_cohort(condition, registers, as_of, min_outcomes=0).people


def left_out(flow: pl.DataFrame) -> dict[str, int]:
    return dict(flow.filter(part="left_out").select("reason", "rows").iter_rows())


PEOPLE = {
    "alive and resident": ({}, {}, None),
    "dead on the index day": ({"death_date": INDEX}, {}, "dead by the index date"),
    "dead the day after": ({"death_date": day(1)}, {}, None),
    "born on the index day": ({"birth_date": INDEX}, {"start_date": INDEX}, "not resident"),
    "born the day after": ({"birth_date": day(1)}, {}, "not born yet"),
    "resident until the day before: no time at risk": ({}, {"end_date": day(-1)}, "moved away by the index date"),
    "resident until the index day: no time at risk": ({}, {"end_date": INDEX}, "moved away by the index date"),
    "resident one day longer": ({}, {"end_date": day(1)}, None),
    "moved away two days before": ({}, {"end_date": day(-2)}, "not resident"),
    "moved in on the index day": ({}, {"start_date": INDEX}, "not resident"),
    "moved in the day before": ({}, {"start_date": day(-1)}, None),
}


@pytest.mark.parametrize(("person", "spell", "reason"), PEOPLE.values(), ids=PEOPLE.keys())
def test_alive_and_resident_the_day_before(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    *,
    person: dict[str, date],
    spell: dict[str, date],
    reason: str | None,
):
    registers = build_registers(
        persons=[{"person_id": 1, **OLD, **person}, KEEPER],
        residences=[
            {"person_id": 1, "start_date": date(1999, 1, 1), "end_date": None, **spell},
            {"person_id": 99, "start_date": date(1999, 1, 1), "end_date": None},
        ],
        diagnoses=[],
    )
    built = build_cohort(made_up(), registers, AS_OF, min_outcomes=0)
    assert (1 in built.people["person_id"]) is (reason is None)
    assert left_out(built.flow) == ({} if reason is None else {reason: 1})


AGES = {
    "69 until the day before the birthday": (date(1949, 6, 2), 69),
    "70 on the birthday": (date(1949, 6, 1), 70),
}


@pytest.mark.parametrize(("born", "years"), AGES.values(), ids=AGES.keys())
def test_age_is_whole_elapsed_years(build_registers: BuildRegisters, made_up: MadeUp, born: date, years: int):
    registers = build_registers(persons=[{"person_id": 1, "birth_date": born}], diagnoses=[])
    assert cohort(registers, made_up())["age_years"].to_list() == [years]


def test_the_29th_of_february_has_its_birthday_on_the_first_of_march(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[{"person_id": 1, "birth_date": date(1948, 2, 29)}], diagnoses=[])
    ages = [
        cohort(registers, made_up(index=OnDate(date=on)))["age_years"].item()
        for on in (date(2019, 2, 28), date(2019, 3, 1), date(2020, 2, 28), date(2020, 2, 29))
    ]
    assert ages == [70, 71, 71, 72]


def test_the_bounds_of_age_are_included_and_the_sex_is_asked(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[
            {"person_id": 1, "birth_date": date(1979, 6, 2)},
            {"person_id": 2, "birth_date": date(1979, 6, 1)},
            {"person_id": 3, "birth_date": date(1958, 6, 2)},
            {"person_id": 4, "birth_date": date(1958, 6, 1)},
            {"person_id": 5, "birth_date": date(1970, 1, 1), "sex": "male"},
        ],
        diagnoses=[],
    )
    built = build_cohort(
        made_up(population=Population(age_years=(40, 60), sex="female")), registers, AS_OF, min_outcomes=0
    )
    assert built.people["person_id"].to_list() == [2, 3]
    assert left_out(built.flow) == {"younger than 40 years": 1, "older than 60 years": 1, "of the other sex": 1}


def test_residence_must_be_unbroken_for_the_days_asked(build_registers: BuildRegisters, made_up: MadeUp):
    def lives(person: int, start: date, end: date | None = None) -> dict[str, object]:
        return {"person_id": person, "start_date": start, "end_date": end}

    registers = build_registers(
        persons=[{"person_id": person, **OLD} for person in (1, 2, 3, 4)],
        residences=[
            lives(1, day(-365)),
            lives(2, day(-364)),
            lives(3, day(-900), day(-100)),
            lives(3, day(-99)),
            lives(4, day(-900), day(-100)),
            lives(4, day(-98)),
        ],
        diagnoses=[],
    )
    built = build_cohort(made_up(population=Population(resident_days=365)), registers, AS_OF, min_outcomes=0)
    assert built.people["person_id"].to_list() == [1, 3]
    assert left_out(built.flow) == {"resident for less than 365 days": 2}


def test_area_and_care_centre_are_those_of_the_day_before(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[{"person_id": 1, **OLD}],
        residences=[
            {
                "person_id": 1,
                "start_date": date(1999, 1, 1),
                "end_date": day(-1),
                "area_id": "A",
                "care_centre_id": "C",
            },
            {"person_id": 1, "start_date": INDEX, "area_id": "B", "care_centre_id": "D"},
        ],
        diagnoses=[],
    )
    assert cohort(registers, made_up()).select("area_id", "care_centre_id").rows() == [("A", "C")]


SPELLS = {
    "open spell": (-100, None, None, True),
    "ends on the index day: still open": (-100, 0, None, True),
    "ended the day before: the last day is in the window": (-100, -1, None, True),
    "ended two days before": (-100, -2, None, False),
    "began the day before": (-1, None, None, True),
    "begins on the index day": (0, None, None, False),
    "known on the index day": (-100, None, 0, False),
    "known the day before": (-100, None, -1, True),
}


@pytest.mark.parametrize(("start", "end", "known", "excluded"), SPELLS.values(), ids=SPELLS.keys())
def test_excluding_a_spell_sees_what_a_feature_sees(
    build_registers: BuildRegisters, made_up: MadeUp, *, start: int, end: int | None, known: int | None, excluded: bool
):
    housing = Duration(register="services", codes="special_housing", within="1d")
    spell = {
        "person_id": 1,
        "date": day(start),
        "code": "special_housing",
        "end_date": None if end is None else day(end),
        "known_on": None if known is None else day(known),
    }
    registers = build_registers(persons=[{"person_id": 1, **OLD}, KEEPER], diagnoses=[], services=[spell])
    population = Population(excluding=(Excluding(having=housing, reason=REASON),))
    built = build_cohort(made_up(population=population), registers, AS_OF, min_outcomes=0)
    assert (1 not in built.people["person_id"]) is excluded
    assert left_out(built.flow) == ({"in special housing": 1} if excluded else {})


WINDOWS = {
    "first day of the window": (Ever, -365, "0d", True),
    "the day before the window": (Ever, -366, "0d", False),
    "last day of the window": (Count, -1, "0d", True),
    "the index day": (Count, 0, "0d", False),
    "a gap moves the window": (Ever, -90, "90d", False),
    "the day before the gap": (Ever, -91, "90d", True),
}


@pytest.mark.parametrize(("kind", "when", "gap", "excluded"), WINDOWS.values(), ids=WINDOWS.keys())
def test_excluding_by_rows_in_a_window(
    build_registers: BuildRegisters, made_up: MadeUp, *, kind: type[Ever | Count], when: int, gap: str, excluded: bool
):
    having = kind(register="diagnoses", codes="F00", within="1y", gap=gap)
    registers = build_registers(
        persons=[{"person_id": 1, **OLD}, KEEPER],
        diagnoses=[{"person_id": 1, "date": day(when), "code": "F001"}],
    )
    population = Population(excluding=(Excluding(having=having, reason=REASON),))
    assert (1 not in cohort(registers, made_up(population=population))["person_id"]) is excluded


def test_landmarks_step_back_from_one_horizon_before_the_end_while_a_year_is_covered(
    build_registers: BuildRegisters, made_up: MadeUp
):
    registers = build_registers(
        persons=[{"person_id": 1, **OLD}],
        manifest={"diagnoses": {"delay_days": {"inpatient": 90, "death": 180}}},
        diagnoses=[],
    )
    end = AS_OF - timedelta(days=181)
    people = cohort(registers, made_up(index=Every(years=5)))
    expected = [end - timedelta(days=731 + 1826 * back) for back in (2, 1, 0)]
    assert people["index_date"].to_list() == expected
    assert people["landmark"].to_list() == list(range(people.height))


def test_the_oldest_landmark_has_a_covered_year_before_it(build_registers: BuildRegisters, made_up: MadeUp):
    def landmarks(start: date) -> list[date]:
        registers = build_registers(
            persons=[{"person_id": 1, **OLD}], manifest={"diagnoses": {"coverage_start": start}}, diagnoses=[]
        )
        return cohort(registers, made_up(index=Every(years=2)))["index_date"].to_list()

    second = E - timedelta(days=731 + 731)
    assert landmarks(second - timedelta(days=365)) == [second, E - timedelta(days=731)]
    assert landmarks(second - timedelta(days=364)) == [E - timedelta(days=731)]


ANNIVERSARIES = {
    "18 months after 31 August": (date(2015, 8, 31), 18, date(2017, 3, 1)),
    "18 months after 31 August before a leap year": (date(2014, 8, 31), 18, date(2016, 3, 1)),
    "18 months after 29 August before a leap year": (date(2014, 8, 29), 18, date(2016, 2, 29)),
    "12 months after 29 February": (date(2016, 2, 29), 12, date(2017, 3, 1)),
    "an ordinary day": (date(2015, 5, 15), 18, date(2016, 11, 15)),
}


@pytest.mark.parametrize(("born", "months", "index"), ANNIVERSARIES.values(), ids=ANNIVERSARIES.keys())
def test_a_missing_anniversary_becomes_the_first_of_the_next_month(
    build_registers: BuildRegisters, made_up: MadeUp, *, born: date, months: int, index: date
):
    registers = build_registers(persons=[{"person_id": 1, "birth_date": born}], diagnoses=[])
    assert cohort(registers, made_up(index=AtAge(months=months)))["index_date"].to_list() == [index]


def test_at_birth_residence_is_that_of_the_birth_day(build_registers: BuildRegisters, made_up: MadeUp):
    born = date(2015, 5, 1)
    registers = build_registers(
        persons=[{"person_id": 1, "birth_date": born}, {"person_id": 2, "birth_date": born}],
        residences=[
            {"person_id": 1, "start_date": born, "area_id": "A"},
            {"person_id": 2, "start_date": born + timedelta(days=1), "area_id": "B"},
        ],
        diagnoses=[],
    )
    people = cohort(registers, made_up(index=AtBirth()))
    assert people.select("person_id", "area_id", "age_years").rows() == [(1, "A", 0)]


def test_at_event_starts_at_the_first_event_that_was_known(build_registers: BuildRegisters, made_up: MadeUp):
    index = AtEvent(register="diagnoses", codes="E11")
    registers = build_registers(
        persons=[{"person_id": person, **OLD} for person in (1, 2, 3)],
        diagnoses=[
            {"person_id": 1, "date": date(2015, 3, 1), "code": "E119"},
            {"person_id": 1, "date": date(2014, 3, 1), "code": "E119", "known_on": AS_OF},
            {"person_id": 1, "date": date(2016, 3, 1), "code": "E110"},
            {"person_id": 2, "date": date(2013, 1, 1), "code": "E109"},
            {"person_id": 3, "date": date(2012, 1, 1), "code": "E11"},
        ],
    )
    built = build_cohort(made_up(index=index), registers, AS_OF, min_outcomes=0)
    assert built.people.select("person_id", "index_date", "landmark").rows() == [
        (1, date(2015, 3, 1), 1),
        (3, date(2012, 1, 1), 0),
    ]
    assert left_out(built.flow) == {"without an event that starts the time at risk": 1}


def test_the_target_of_landmarks_is_who_is_eligible_now(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[
            {"person_id": 1, "birth_date": date(1953, 12, 31)},
            {"person_id": 2, "birth_date": date(1954, 1, 2)},
            {"person_id": 3, "birth_date": date(1940, 1, 1), "death_date": date(2023, 12, 30)},
            {"person_id": 4, "birth_date": date(1940, 1, 1)},
        ],
        diagnoses=[{"person_id": 4, "date": date(2023, 6, 1), "code": "I639"}],
    )
    stroke = FirstEvent(register="diagnoses", codes="I63", washout="1y")
    condition = made_up(index=Every(years=2), outcome=stroke, population=Population(age_years=(70, 130)))
    target = target_population(condition, registers, AS_OF)
    assert target.people.select("person_id", "index_date", "age_years").rows() == [(1, AS_OF, 70)]
    assert "event" not in target.people.columns
    assert left_out(target.flow) == {
        "younger than 70 years": 1,
        "dead by the index date": 1,
        "had the outcome before the index date": 1,
    }


def test_the_target_of_an_own_index_is_who_reached_it_within_a_year_and_lives_here_now(
    build_registers: BuildRegisters, made_up: MadeUp
):
    first, last = AS_OF - timedelta(days=364), AS_OF
    ages = AtAge(months=12)
    registers = build_registers(
        persons=[
            {"person_id": 1, "birth_date": date(2022, 1, 1)},
            {"person_id": 2, "birth_date": date(2022, 1, 2)},
            {"person_id": 3, "birth_date": date(2023, 1, 1)},
            {"person_id": 4, "birth_date": date(2023, 1, 2)},
            {"person_id": 5, "birth_date": date(2022, 6, 1)},
            {"person_id": 6, "birth_date": date(2022, 6, 1)},
        ],
        residences=[
            *({"person_id": person, "start_date": date(2022, 1, 1), "area_id": "A"} for person in (1, 2, 3, 4)),
            {"person_id": 5, "start_date": date(2022, 6, 1), "end_date": date(2023, 12, 30), "area_id": "A"},
            {"person_id": 6, "start_date": date(2022, 6, 1), "end_date": date(2023, 9, 30), "area_id": "A"},
            {"person_id": 6, "start_date": date(2023, 10, 1), "area_id": "B"},
        ],
        diagnoses=[],
    )
    target = target_population(made_up(index=ages), registers, AS_OF)
    assert target.people.select("person_id", "index_date", "area_id").rows() == [
        (2, first, "A"),
        (3, last, "A"),
        (6, date(2023, 6, 1), "B"),
    ]
    assert left_out(target.flow) == {"index date outside the time studied": 2, "not resident": 1}


def test_the_flow_accounts_for_everybody_at_every_landmark(build_registers: BuildRegisters, made_up: MadeUp):
    born = [date(1920 + 5 * number, 1, 1) for number in range(20)]
    registers = build_registers(
        persons=[
            {"person_id": number, "birth_date": birth, "death_date": date(2016, 1, 1) if number % 7 == 0 else None}
            for number, birth in enumerate(born)
        ],
        diagnoses=[
            {"person_id": number, "date": date(2013 + number // 2, 5, 1), "code": "I639"} for number in range(20)
        ],
    )
    stroke = FirstEvent(register="diagnoses", codes="I63", washout="ever")
    condition = made_up(index=Every(years=2), outcome=stroke, population=Population(age_years=(20, 80)))
    flow = build_cohort(condition, registers, AS_OF, min_outcomes=0).flow
    rows = dict(flow.group_by("part").agg(pl.col("rows").sum()).iter_rows())
    assert flow["step"].to_list() == list(range(1, flow.height + 1))
    assert rows["start"] == 20 * 6 == rows["left_out"] + rows["included"]
    assert rows["end"] == rows["included"]
    assert flow["reason_sv"].null_count() == 0


def test_a_family_shares_its_topmost_known_mother(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[
            {"person_id": 1, "birth_date": date(1940, 1, 1)},
            {"person_id": 2, "birth_date": date(1965, 1, 1), "mother_id": 1},
            {"person_id": 3, "birth_date": date(1990, 1, 1), "mother_id": 2},
            {"person_id": 4, "birth_date": date(1967, 1, 1), "mother_id": 1},
            {"person_id": 5, "birth_date": date(1967, 1, 1), "mother_id": 77},
            {"person_id": 6, "birth_date": date(1969, 1, 1), "mother_id": 77},
            {"person_id": 7, "birth_date": date(1960, 1, 1), "mother_id": 8},
            {"person_id": 8, "birth_date": date(1961, 1, 1), "mother_id": 7},
        ],
        diagnoses=[],
    )
    families = cohort(registers, made_up())["family_id"].to_list()
    assert families == [1, 1, 1, 1, 77, 77, 7, 7]
