"""Which rows an index date sees: one row at a time, the index date is 1 June 2019 and rows are known 30 days late."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.declare import Count, Duration, EventFeature, Latest
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from town import Rows, Town

INDEX = date(2019, 6, 1)
AS_OF = date(2024, 1, 1)
BORN = date(1950, 1, 1)
DELAY = 30


def day(number: int) -> date:
    """So many days before the index."""
    return INDEX - timedelta(days=number)


def target(*people: int, index: date = INDEX) -> Target:
    rows = {"person_id": people, "index_date": [index] * len(people), "area_id": ["A"] * len(people)}
    frame = pl.DataFrame(rows, schema_overrides={"person_id": pl.Int64})
    return Target(condition="made_up", people=frame, flow=pl.DataFrame(), as_of=AS_OF)


def answer(town: Town, rows: Rows, feature: EventFeature, **given: object) -> float | None:
    registers = diagnosed(town, rows, **given)
    return build_features([feature], target(1), registers)[feature.column].item()


def diagnosed(town: Town, rows: Rows, delay_days: object = DELAY, **given: object) -> Registers:
    entry = {"delay_days": delay_days, "coverage_start": date(2000, 1, 1)}
    rows = [{"person_id": 1, "code": "I219", **row} for row in rows]
    return town([{"person_id": 1, "birth_date": BORN}], diagnoses=rows, manifest={"diagnoses": entry}, **given)


COUNTED = {
    "on the index day": ("1y", "0d", {"date": day(0), "known_on": day(400)}, 0),
    "after the index": ("1y", "0d", {"date": day(-1), "known_on": day(400)}, 0),
    "the day before, known in time": ("1y", "0d", {"date": day(1), "known_on": day(1)}, 1),
    "the day before, known on the index day": ("1y", "0d", {"date": day(1), "known_on": day(0)}, 0),
    "first day of the window": ("1y", "0d", {"date": day(365)}, 1),
    "the day before the window": ("1y", "0d", {"date": day(366)}, 0),
    "known the day before by its delay": ("1y", "0d", {"date": day(DELAY + 1)}, 1),
    "known on the index day by its delay": ("1y", "0d", {"date": day(DELAY)}, 0),
    "two years are 731 days": ("2y", "0d", {"date": day(731)}, 1),
    "and not more": ("2y", "0d", {"date": day(732)}, 0),
    "last day before the gap": ("100d", "90d", {"date": day(91)}, 1),
    "in the gap": ("100d", "90d", {"date": day(90)}, 0),
    "first day of a window with a gap": ("100d", "90d", {"date": day(190)}, 1),
    "before a window with a gap": ("100d", "90d", {"date": day(191)}, 0),
    "long ago, ever": ("ever", "0d", {"date": day(7000)}, 1),
    "long ago, known late": ("ever", "0d", {"date": day(7000), "known_on": day(-5)}, 0),
}


@pytest.mark.parametrize(("within", "gap", "row", "expected"), COUNTED.values(), ids=COUNTED)
def test_a_row_counts_if_it_is_in_the_window_and_was_known(
    town: Town, within: str, gap: str, row: dict[str, object], expected: int
):
    assert answer(town, [row], Count(register="diagnoses", codes="I21", within=within, gap=gap)) == expected


def test_what_was_recorded_in_hospital_is_known_from_the_end_of_the_stay(town: Town):
    stays = [
        {"date": day(200), "end_date": day(91), "setting": "inpatient"},
        {"date": day(200), "end_date": day(90), "setting": "inpatient", "code": "I211"},
        {"date": day(200), "end_date": day(90), "setting": "specialist", "code": "I212"},
    ]
    late = {"inpatient": 90, "specialist": 90}
    feature = Count(register="diagnoses", codes="I21", within="1y")
    assert answer(town, stays, feature, delay_days=late) == 2


def test_rows_of_other_settings_and_positions_do_not_count(town: Town):
    rows = [
        {"date": day(100), "setting": setting, "position": position}
        for setting in ("inpatient", "specialist", None)
        for position in ("main", "other", None)
    ]
    feature = Count(register="diagnoses", codes="I21", settings=("inpatient",), positions=("main", "other"))
    assert answer(town, rows, feature) == 2


COPIES = {
    "equal rows are one": ([{}, {}], 1),
    "known on different days, still one": ([{}, {"known_on": day(50)}], 1),
    "known from the earliest": ([{"known_on": day(-9)}, {"known_on": day(50)}], 1),
    "another value": ([{"value": 1.0}, {"value": 2.0}], 2),
    "one without a value": ([{"value": 1.0}, {}], 2),
    "another setting, and a copy that is not its neighbour": ([{"setting": s} for s in ("primary", "x", "primary")], 2),
    "another position": ([{"position": "main"}, {"position": "other"}], 2),
    "another code": ([{"code": "I210"}, {"code": "I211"}], 2),
    "ends that cannot be seen yet": ([{"end_date": day(0)}, {"end_date": day(-7)}, {}], 1),
    "ended yesterday is not open": ([{"end_date": day(1)}, {}], 2),
    "ends that can": ([{"end_date": day(50)}, {"end_date": day(40)}], 2),
}


@pytest.mark.parametrize(("rows", "expected"), COPIES.values(), ids=COPIES)
def test_rows_equal_in_all_that_can_be_seen_are_one_row(town: Town, rows: Rows, expected: int):
    rows = [{"date": day(100), **row} for row in rows]
    assert answer(town, rows, Count(register="diagnoses", codes="I21", within="1y")) == expected


SPELLS = {
    "inside": ([(50, 41)], 10),
    "one day": ([(50, 50)], 1),
    "reaches into the window": ([(120, 90)], 11),
    "ended the day before the window": ([(120, 101)], 0),
    "began on the first day": ([(100, 99)], 2),
    "open": ([(50, None)], 50),
    "ends on the index day": ([(50, 0)], 50),
    "ends after the index": ([(50, -300)], 50),
    "began before and still open": ([(500, None)], 100),
    "begins on the index day": ([(0, None)], 0),
    "overlapping days once": ([(50, 41), (45, 36)], 15),
    "one inside another": ([(60, 31), (50, 41)], 30),
    "one inside another, and a third beyond": ([(60, 31), (50, 41), (35, 26)], 35),
    "touching": ([(60, 51), (50, 41)], 20),
    "apart": ([(60, 56), (10, 6)], 10),
    "the same start": ([(60, 51), (60, 41)], 20),
}


@pytest.mark.parametrize(("spells", "expected"), SPELLS.values(), ids=SPELLS)
def test_a_spell_shows_its_days_inside_the_window(town: Town, spells: list[tuple[int, int | None]], expected: int):
    rows = [{"date": day(first), "end_date": None if last is None else day(last)} for first, last in spells]
    known = [{**row, "known_on": day(2000)} for row in rows]
    assert answer(town, known, Duration(register="diagnoses", codes="I21", within="100d")) == expected


def test_a_gap_cuts_the_end_of_a_spell(town: Town):
    rows = [{"date": day(120), "end_date": None, "known_on": day(119)}]
    assert answer(town, rows, Duration(register="diagnoses", codes="I21", within="50d", gap="30d")) == 50


TIES = {
    "the later date": ([(20, "I219", 1.0), (10, "I210", 2.0)], 2.0),
    "the later code of one date": ([(10, "I219", 1.0), (10, "I210", 2.0)], 1.0),
    "the higher value of one code and date": ([(10, "I219", 1.0), (10, "I219", 3.0), (10, "I219", 2.0)], 3.0),
    "null values are skipped": ([(20, "I219", 1.0), (10, "I219", None)], 1.0),
    "NaN values are skipped": ([(20, "I219", 1.0), (10, "I219", float("nan"))], 1.0),
    "only null values": ([(10, "I219", None)], None),
    "no rows": ([], None),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("rows", "expected"), TIES.values(), ids=TIES)
def test_latest_is_last_by_date_code_and_value(town: Town, rows: list, expected: float | None, reverse: bool):
    given = [{"date": day(n), "code": code, "value": value, "known_on": day(n)} for n, code, value in rows]
    given = given[::-1] if reverse else given
    assert answer(town, given, Latest(register="diagnoses", codes="I21", within="1y"), sort=False) == expected
