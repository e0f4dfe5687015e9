"""What must never change who is in a cohort and what became of them, whatever the registers hold."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from examples import examples
from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import (
    AnyOf,
    AtAge,
    AtEvent,
    Condition,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    LocalisedText,
    NthEvent,
    Population,
)
from riskstrat.registers import Registers
from small_registers import BuildRegisters, MadeUp, Rows

AS_OF = date(2020, 1, 1)
FIRST = date(2010, 1, 1)
PEOPLE = 12
MANIFEST = {"diagnoses": {"delay_days": 30}, "contacts": {"delay_days": 60}}
CODES = {"diagnoses": ("I639", "I219", "F001"), "contacts": ("admission_unplanned",)}
STAY = {
    "person_id": PEOPLE + 1,
    "date": date(2015, 1, 1),
    "code": "admission_unplanned",
    "end_date": date(2015, 1, 5),
}
"""Of one more person, so that there is always a discharge."""
SLOW = settings(max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.integers(0, (AS_OF - FIRST).days - 1).map(lambda number: FIRST + timedelta(days=number))


def rows(table: str, people: st.SearchStrategy[int], dates: st.SearchStrategy[date]) -> st.SearchStrategy[Rows]:
    def row(person: int, day: date, code: str, length: int | None) -> dict[str, object]:
        end = None if length is None else day + timedelta(days=length)
        return {"person_id": person, "date": day, "code": code, "end_date": end}

    lengths = st.none() | st.integers(0, 30)
    return st.lists(st.builds(row, people, dates, st.sampled_from(CODES[table]), lengths), max_size=40)


def history(dates: st.SearchStrategy[date] = days) -> st.SearchStrategy[dict[str, Rows]]:
    people = st.integers(1, PEOPLE)
    drawn = {table: rows(table, people, dates) for table in CODES}
    return st.fixed_dictionaries({**drawn, "contacts": drawn["contacts"].map(lambda some: [STAY, *some])})


def persons(numbers: range = range(1, PEOPLE + 2)) -> Rows:
    return [
        {
            "person_id": number,
            "birth_date": date(1955 + number % 14, 1 + number % 12, 28),
            "sex": "female" if number % 2 else "male",
            "death_date": date(2016, 5, 1) if number % 5 == 0 else None,
            "mother_id": number - 6 if number % 14 > 6 else None,
        }
        for number in numbers
    ]


DESIGNS = {
    "landmarks": (Every(years=2), False),
    "own index": (AtAge(months=600), False),
    "own index, late entry": (AtAge(months=600), True),
    "every discharge": (AtEvent(register="contacts", codes="*", which="every", day="end"), False),
}


@pytest.fixture(scope="module", params=DESIGNS.values(), ids=DESIGNS.keys())
def condition(made_up: MadeUp, request: pytest.FixtureRequest) -> Condition:
    index, late_entry = request.param
    demented = Ever(register="diagnoses", codes="F00", within="5y")
    return made_up(
        index=index,
        population=Population(
            resident_days=365,
            late_entry=late_entry,
            excluding=(Excluding(having=demented, reason=LocalisedText(en="dementia", sv="demens")),),
        ),
        outcome=AnyOf(
            FirstEvent(register="diagnoses", codes="I63", washout="1y"),
            FirstEvent(register="diagnoses", codes="I21", washout="ever"),
            NthEvent(register="contacts", codes="admission_unplanned", n=2, span="1y"),
        ),
    )


def everything(condition: Condition, registers: Registers) -> list[pl.DataFrame]:
    built = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    own = condition.index.own_date  # the made-up people who turned fifty lately may be none
    target = None if own else target_population(condition, registers, AS_OF)
    return [built.people, built.flow, *([] if target is None else [target.people, target.flow])]


def open_town(build_registers: BuildRegisters, tables: dict[str, Rows], **given: object) -> Registers:
    return build_registers(persons(), manifest=MANIFEST, data_end=date(2022, 12, 31), **{**tables, **given})


@SLOW
@given(tables=history(), data=st.data())
def test_the_order_of_rows_changes_nothing(
    build_registers: BuildRegisters, condition: Condition, tables: dict[str, Rows], data: st.DataObject
):
    shuffled = {name: data.draw(st.permutations(list(rows))) for name, rows in tables.items()}
    once = everything(condition, open_town(build_registers, tables))
    again = everything(condition, open_town(build_registers, shuffled, sort=False))
    for before, after in zip(once, again, strict=True):
        assert_frame_equal(before, after)


@SLOW
@given(tables=history(), late=history(st.dates(AS_OF, date(2022, 12, 1))), known=history())
def test_rows_dated_or_known_at_as_of_or_later_change_nothing(
    build_registers: BuildRegisters,
    condition: Condition,
    tables: dict[str, Rows],
    late: dict[str, Rows],
    known: dict[str, Rows],
):
    not_yet = {name: [{**row, "known_on": AS_OF} for row in rows] for name, rows in known.items()}
    more = {name: [*rows, *late[name], *not_yet[name]] for name, rows in tables.items()}
    once = everything(condition, open_town(build_registers, tables))
    again = everything(condition, open_town(build_registers, more))
    for before, after in zip(once, again, strict=True):
        assert_frame_equal(before, after)


@SLOW
@given(tables=history(), others=history())
def test_other_people_change_nothing(
    build_registers: BuildRegisters, condition: Condition, tables: dict[str, Rows], others: dict[str, Rows]
):
    shift = 1000
    more = {
        name: [*rows, *({**row, "person_id": shift + row["person_id"]} for row in others[name])]
        for name, rows in tables.items()
    }
    strangers = persons(range(shift + 1, shift + PEOPLE + 2))
    crowded = build_registers([*persons(), *strangers], manifest=MANIFEST, data_end=date(2022, 12, 31), **more)
    before = build_cohort(condition, open_town(build_registers, tables), AS_OF, min_outcomes=0).people
    after = build_cohort(condition, crowded, AS_OF, min_outcomes=0).people
    assert_frame_equal(before.drop("landmark"), after.filter(pl.col("person_id") <= shift).drop("landmark"))


@SLOW
@given(tables=history())
def test_rows_written_twice_change_nothing(
    build_registers: BuildRegisters, condition: Condition, tables: dict[str, Rows]
):
    twice = {name: [*rows, *rows] for name, rows in tables.items()}
    once = everything(condition, open_town(build_registers, tables))
    again = everything(condition, open_town(build_registers, twice))
    for before, after in zip(once, again, strict=True):
        assert_frame_equal(before, after)


@SLOW
@given(tables=history())
def test_everybody_is_accounted_for_and_followed_within_the_horizon(
    build_registers: BuildRegisters, condition: Condition, tables: dict[str, Rows]
):
    built = build_cohort(condition, open_town(build_registers, tables), AS_OF, min_outcomes=0)
    counted = dict(built.flow.group_by("part").agg(pl.col("rows").sum()).iter_rows())
    assert counted["start"] == counted["included"] + counted.get("left_out", 0)
    assert counted["end"] == counted["included"] == built.people.height
    assert built.people["duration_days"].is_between(1, built.horizon_days).all()
    assert (built.entry_days < built.people["duration_days"].to_numpy()).all()
    assert built.people.select("person_id", "index_date").is_unique().all()
    assert built.people.select("person_id", "index_date").equals(
        built.people.select("person_id", "index_date").sort("person_id", "index_date")
    )
