"""What must hold of features whatever the registers hold: what changes nothing, and what changes only names."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from examples import examples
from reference_implementation import Scenario, Table
from register_generators import (
    ANCHORED,
    END,
    LENGTHS,
    MANIFEST,
    PEOPLE,
    START,
    cohort_of,
    engine,
    events,
    opened,
    scenarios,
)
from riskstrat.declare import Age, Latest, Score, Since, Total
from riskstrat.features import build_features, feature_parts
from riskstrat.features.engine import plan_job
from riskstrat.features.shard import compute_shard
from small_registers import BuildRegisters, Rows

SLOW = settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))


def with_rows(scenario: Scenario, **rows: Rows) -> Scenario:
    """The same scenario with other rows in some tables."""
    return replace(
        scenario,
        tables={name: replace(table, rows=rows.get(name, table.rows)) for name, table in scenario.tables.items()},
    )


@SLOW
@given(scenario=scenarios(), shard_people=st.integers(1, 7))
def test_shards_of_any_size_give_the_same_frame_bit_for_bit(
    build_registers: BuildRegisters, scenario: Scenario, shard_people: int
):
    assert_frame_equal(
        engine(build_registers, scenario, shard_people), engine(build_registers, scenario), check_exact=True
    )


@SLOW
@given(scenario=scenarios(), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(build_registers: BuildRegisters, scenario: Scenario, random: Random):
    persons, homes = shuffled(scenario.persons, random), shuffled(scenario.residences, random)
    mixed = with_rows(scenario, **{name: shuffled(table.rows, random) for name, table in scenario.tables.items()})
    mixed = replace(mixed, residences=homes, persons=persons)
    assert_frame_equal(engine(build_registers, mixed, sort=False), engine(build_registers, scenario), check_exact=True)


@SLOW
@given(scenario=scenarios(), random=st.randoms(use_true_random=False))
def test_the_order_of_features_is_that_of_the_columns_and_nothing_else(
    build_registers: BuildRegisters, scenario: Scenario, random: Random
):
    X = engine(build_registers, scenario)
    mixed = engine(
        build_registers, replace(scenario, features=tuple(random.sample(scenario.features, len(scenario.features))))
    )
    assert_frame_equal(mixed.select(X.columns), X, check_exact=True)


@SLOW
@given(scenario=scenarios())
def test_each_feature_is_answered_as_if_it_were_the_only_one(build_registers: BuildRegisters, scenario: Scenario):
    X, registers = engine(build_registers, scenario), opened(build_registers, scenario)
    for feature in scenario.features:
        alone = build_features([feature], cohort_of(scenario), registers)
        assert_frame_equal(alone.select(feature.column), X.select(feature.column), check_exact=True)


def shuffled(rows: Rows, random: Random) -> Rows:
    return random.sample(list(rows), len(rows))


@SLOW
@given(scenario=scenarios(), data=st.data())
def test_what_happens_or_becomes_known_from_the_index_on_changes_nothing(
    build_registers: BuildRegisters, scenario: Scenario, data: st.DataObject
):
    index = max(index for _, index in scenario.index_dates)
    scenario = replace(scenario, index_dates=tuple((person, index) for person, _ in scenario.index_dates))
    later = st.integers(0, 200).map(lambda number: index + timedelta(days=number))
    rows = {name: later_rows(table, name, index, later, data) for name, table in scenario.tables.items()}
    died_later = [{**row, "death_date": later_death(row, index, data.draw(later))} for row in scenario.persons]
    changed = replace(with_rows(scenario, **rows), persons=[*died_later, *born_later(later, data)])
    assert_frame_equal(engine(build_registers, changed), engine(build_registers, scenario), check_exact=True)


def later_rows(
    table: Table, register: str, index: date, later: st.SearchStrategy[date], data: st.DataObject
) -> list[dict[str, object]]:
    """The rows of a table, with ends and rows that nobody has seen at the index."""
    anybody = st.integers(1, PEOPLE)
    happened = data.draw(st.lists(events(register, anybody, later.filter(lambda day: day <= END)), max_size=10))
    known = [
        {**row, "known_on": data.draw(later)} for row in data.draw(st.lists(events(register, anybody), max_size=9))
    ]
    return [*(seen_to_end_later(row, index, data.draw(later)) for row in table.rows), *happened, *known]


def seen_to_end_later(row: dict[str, object], index: date, end: date) -> dict[str, object]:
    """Move an end that lies on or after the index; where the end says when the row was known, it stays."""
    unseen = row["end_date"] is not None and row["end_date"] >= index
    return {**row, "end_date": end} if unseen and (row["known_on"] or row["setting"] != "inpatient") else row


def later_death(person: dict[str, object], index: date, day: date) -> date | None:
    """A death that is not seen at the index may be on any later day, or not be."""
    died = person["death_date"]
    return died if (died is not None and died < index) or day < person["birth_date"] else day


def born_later(later: st.SearchStrategy[date], data: st.DataObject) -> Rows:
    """Siblings of everybody, born on or after the index."""
    return [
        {"person_id": 100 + mother, "birth_date": data.draw(later), "mother_id": mother, "father_id": mother}
        for mother in range(1, PEOPLE)
    ]


@SLOW
@given(scenario=scenarios(), data=st.data())
def test_unrelated_people_change_nothing(build_registers: BuildRegisters, scenario: Scenario, data: st.DataObject):
    numbers = (-1, 8, 100)
    strangers = [{"person_id": number, "birth_date": date(1960, 1, 1), "mother_id": 100} for number in numbers]
    theirs = {name: data.draw(st.lists(events(name, st.sampled_from(numbers)), max_size=9)) for name in scenario.tables}
    larger = replace(
        with_rows(scenario, **{name: [*theirs[name], *table.rows] for name, table in scenario.tables.items()}),
        persons=[*strangers, *scenario.persons],
        residences=[{"person_id": 8, "start_date": START, "area_id": "A"}, *scenario.residences],
    )
    assert_frame_equal(engine(build_registers, larger), engine(build_registers, scenario), check_exact=True)


@SLOW
@given(scenario=scenarios(), numbers=st.permutations(range(1, PEOPLE + 1)), step=st.sampled_from((1, 7, 10**12)))
def test_the_numbers_of_people_mean_nothing(
    build_registers: BuildRegisters, scenario: Scenario, numbers: list[int], step: int
):
    called = {person: number * step for person, number in enumerate(numbers, start=1)}
    renamed = engine(build_registers, relabelled(scenario, called))
    back = {number: person for person, number in called.items()}
    assert_frame_equal(
        renamed.with_columns(pl.col("person_id").replace_strict(back)),
        engine(build_registers, scenario),
        check_exact=True,
    )


def relabelled(scenario: Scenario, called: dict[int, int]) -> Scenario:
    """The same people under other running numbers, in whatever order these put them."""
    rows = {name: renamed(table.rows, called) for name, table in scenario.tables.items()}
    return replace(
        with_rows(scenario, **rows),
        persons=renamed(scenario.persons, called),
        residences=renamed(scenario.residences, called),
        index_dates=tuple((called[person], index) for person, index in scenario.index_dates),
    )


def renamed(rows: Rows, called: dict[int, int]) -> Rows:
    return [
        {name: called.get(value, value) if name in PEOPLE_IN else value for name, value in row.items()} for row in rows
    ]


PEOPLE_IN = ("person_id", "mother_id", "father_id")


@SLOW
@given(scenario=scenarios(LENGTHS), shift=st.integers(-3_000, 3_000))
def test_a_shifted_calendar_changes_nothing(build_registers: BuildRegisters, scenario: Scenario, shift: int):
    """Windows are days: moved by any number of them, through leap years or not, all answers stay as they are."""
    assert_shifted(build_registers, scenario, timedelta(days=shift))


@SLOW
@given(scenario=scenarios((*LENGTHS, *(window for window in ANCHORED if not isinstance(window, Since)))))
def test_birthdays_fall_alike_in_a_calendar_shifted_by_400_years(build_registers: BuildRegisters, scenario: Scenario):
    """Ages are counted in birthdays: leap years come back as they were after 400 years, and no sooner."""
    assert_shifted(build_registers, scenario, -timedelta(days=146_097))


def assert_shifted(build_registers: BuildRegisters, scenario: Scenario, by: timedelta) -> None:
    moved = engine(build_registers, shifted(scenario, by), data_end=date(2023, 12, 31) + max(by, timedelta(0)))
    assert_frame_equal(
        moved.with_columns(pl.col("index_date") - by), engine(build_registers, scenario), check_exact=True
    )


def shifted(scenario: Scenario, by: timedelta) -> Scenario:
    tables = {
        name: replace(table, rows=moved(table.rows, by), coverage=tuple(day + by for day in table.coverage))
        for name, table in scenario.tables.items()
    }
    return replace(
        scenario,
        persons=moved(scenario.persons, by),
        residences=moved(scenario.residences, by),
        tables=tables,
        index_dates=tuple((person, index + by) for person, index in scenario.index_dates),
    )


def moved(rows: Rows, by: timedelta) -> Rows:
    return [{name: value + by if isinstance(value, date) else value for name, value in row.items()} for row in rows]


@SLOW
@given(scenario=scenarios(), late=st.integers(0, 400))
def test_registers_delivered_twice_are_as_once(build_registers: BuildRegisters, scenario: Scenario, late: int):
    """A second delivery in which everything became known later, or at the same time, brings nothing."""
    twice = {
        name: [*table.rows, *(known_later(row, late) for row in table.rows)] for name, table in scenario.tables.items()
    }
    assert_frame_equal(
        engine(build_registers, with_rows(scenario, **twice)), engine(build_registers, scenario), check_exact=True
    )


def known_later(row: dict[str, object], days_late: int) -> dict[str, object]:
    return {**row, "known_on": row["known_on"] and row["known_on"] + timedelta(days=days_late)}


@SLOW
@given(scenario=scenarios(), shard_people=st.integers(1, 4))
def test_the_parts_together_are_the_whole(build_registers: BuildRegisters, scenario: Scenario, shard_people: int):
    registers = opened(build_registers, scenario)
    parts = list(feature_parts(scenario.features, cohort_of(scenario), registers, shard_people=shard_people))
    whole = build_features(scenario.features, cohort_of(scenario), registers)
    assert_frame_equal(pl.concat(parts).sort("row_number").drop("row_number"), whole, check_exact=True)


@SLOW
@given(scenario=scenarios())
def test_nothing_is_ever_nan_and_shares_are_shares(build_registers: BuildRegisters, scenario: Scenario):
    X = engine(build_registers, scenario)
    values, shares = X.select(pl.selectors.float()), X.select(pl.selectors.ends_with("observed_share"))
    assert not any(column.is_nan().any() for column in values)
    assert all(column.is_between(0, 1).all() for column in shares)


def test_a_shard_answers_the_same_in_another_process(build_registers: BuildRegisters):
    rows = [
        {"person_id": n, "date": START + timedelta(days=90 * n), "code": "F001", "value": 0.1 * n} for n in (1, 2, 3)
    ]
    persons = [{"person_id": n, "birth_date": date(1950, 1, 1), "mother_id": None} for n in (1, 2, 3)]
    homes = [{"person_id": n, "start_date": START, "area_id": "A"} for n in (1, 2, 3)]
    asked = (
        Age(),
        Latest(register="diagnoses", codes="F00"),
        Score(register="diagnoses", score="hfrs"),
        *(Total(register="diagnoses", codes="*", within=window) for window in ANCHORED[:6]),
    )
    tables = {"diagnoses": Table(rows, *MANIFEST["diagnoses"])}
    scenario = Scenario(persons, homes, tables, tuple((n, END) for n in (3, 1, 2)), asked)
    (shard,) = plan_job(asked, cohort_of(scenario), opened(build_registers, scenario), shard_people=10).own
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(compute_shard, shard).result()
    assert_frame_equal(elsewhere, compute_shard(shard), check_exact=True)
    assert elsewhere[asked[1].column].to_list() == [pytest.approx(0.1 * n) for n in (1, 2, 3)]
