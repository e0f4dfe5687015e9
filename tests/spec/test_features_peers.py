"""Mistakes seen in other feature engines (docs: peers), with the answer that is right; the index is 1 June 2019."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.declare import (
    Age,
    Count,
    DaysSince,
    DistinctCodes,
    Duration,
    Earliest,
    EventFeature,
    Feature,
    Latest,
    Maximum,
    Mean,
    Minimum,
    Slope,
    Total,
    expanded,
)
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from small_registers import BuildRegisters, Rows

INDEX = date(2019, 6, 1)
BORN = {"person_id": 1, "birth_date": date(1950, 1, 1)}


def day(number: int) -> date:
    return INDEX - timedelta(days=number)


def measured(*values: tuple[int, float | None], code: str = "systolic_mmhg") -> Rows:
    return [{"person_id": 1, "date": day(number), "code": code, "value": value} for number, value in values]


def ask(
    build_registers: BuildRegisters, rows: Rows, *features: Feature, indices: tuple[date, ...] = (INDEX,)
) -> pl.DataFrame:
    n = len(indices)
    people = pl.DataFrame({"person_id": [1] * n, "index_date": indices, "area_id": ["A"] * n})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    return build_features(features, cohort, build_registers([BORN], measurements=rows))


def asked(kind: type[EventFeature], **fields: str) -> EventFeature:
    return kind(register="measurements", codes="systolic_mmhg", **fields)


def test_tsf_an_event_at_the_index_is_no_predictor(build_registers: BuildRegisters):
    assert ask(build_registers, measured((0, 120.0)), asked(Count))[:, 2].to_list() == [0]


def test_tsf_the_border_of_two_windows_belongs_to_one(build_registers: BuildRegisters):
    near, far = asked(Count, within="30d"), asked(Count, within="30d", gap="30d")
    X = ask(build_registers, measured((30, 120.0), (31, 120.0), (60, 120.0), (61, 120.0)), near, far)
    assert X[near.column].to_list() + X[far.column].to_list() == [1, 2]


def test_tsf_events_outside_the_window_do_not_hide_those_inside(build_registers: BuildRegisters):
    features = [asked(kind, within="30d", gap="60d") for kind in (Latest, Earliest, DaysSince)]
    rows = measured((-5, 200.0), (10, 190.0), (70, 120.0), (80, 125.0), (400, 110.0))
    assert ask(build_registers, rows, *features).row(0)[2:5] == (120.0, 125.0, 70.0)


def test_tsf_a_slope_is_that_of_the_window(build_registers: BuildRegisters):
    inside = measured((70, 120.0), (80, 125.0))
    outside = measured((-5, 200.0), (10, 190.0), (400, 110.0))
    slope = asked(Slope, within="30d", gap="60d")
    assert ask(build_registers, inside + outside, slope).row(0)[2] == pytest.approx(-5 / 10 * 365.25)


def test_tsf_what_is_outside_the_window_is_no_code_of_its_own(build_registers: BuildRegisters):
    rows = (
        measured((10, 120.0), (11, None)) + measured((12, 1.0), code="smoking") + measured((200, 2.0), code="bmi_kg_m2")
    )
    distinct = DistinctCodes(register="measurements", codes="*", within="30d")
    assert ask(build_registers, rows, distinct)[:, 2].to_list() == [2]


def test_tsf_the_same_index_twice_is_answered_twice(build_registers: BuildRegisters):
    assert ask(build_registers, measured((10, 120.0)), asked(Count), indices=(INDEX, INDEX))[:, 2].to_list() == [1, 1]


def test_tsf_windows_have_names_of_their_own():
    windows = [asked(Count, within=within, gap=gap) for within in ("6d", "12d", "1y", "365d") for gap in ("0d", "1d")]
    together = expanded([asked(Count, within=("6d", "12d", "1y"), gap=gap) for gap in ("0d", "1d")])
    assert len({feature.column for feature in windows}) == len(windows)
    assert {feature.column for feature in together} < {feature.column for feature in windows}


def test_tsf_shards_lose_no_event_of_a_window_with_a_gap(build_registers: BuildRegisters):
    persons = [{"person_id": number, "birth_date": date(1950, 1, 1)} for number in range(1, 8)]
    rows = [{**row, "person_id": number} for number in range(1, 8) for row in measured((10, 1.0), (70 + number, 2.0))]
    people = pl.DataFrame({"person_id": range(1, 8), "index_date": [INDEX] * 7, "area_id": ["A"] * 7})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    gapped = asked(Total, within="30d", gap="60d")
    registers = build_registers(persons, measurements=rows)
    for shard_people in (1, 2, 3, 7):
        assert build_features([gapped], cohort, registers, shard_people=shard_people)[:, 2].to_list() == [2.0] * 7


def test_meds_tab_no_row_of_a_day_is_lost(build_registers: BuildRegisters):
    rows = measured((10, 120.0), (10, 130.0)) + measured((10, 1.0), code="smoking")
    X = ask(build_registers, rows, asked(Count), asked(Mean))
    assert X.row(0)[2:4] == (2, 125)


def test_meds_tab_extremes_are_of_values_that_were_measured(build_registers: BuildRegisters):
    rows = measured((10, 120.0), (10, 130.0), (20, None)) + measured((5, 0.5), code="smoking")
    assert ask(build_registers, rows, asked(Minimum), asked(Maximum)).row(0)[2:4] == (120, 130)


def test_meds_tab_a_window_ends_at_the_index_and_not_at_the_last_event(build_registers: BuildRegisters):
    assert ask(build_registers, measured((400, 120.0)), asked(Count, within="1y"))[:, 2].to_list() == [0]


def test_feature_extraction_age_is_more_than_a_difference_of_years(build_registers: BuildRegisters):
    ages = ask(build_registers, [], Age(), indices=(date(1951, 1, 1), date(1951, 12, 31)))["age_years"]
    assert [round(age, 3) for age in ages] == [0.999, 1.996]


def test_feature_extraction_rows_without_a_value_do_not_vanish(build_registers: BuildRegisters):
    X = ask(build_registers, measured((10, None), (20, 120.0)), asked(Count), asked(Latest))
    assert X.row(0)[2:4] == (2, 120)


def test_feature_extraction_numbers_of_people_may_be_large(build_registers: BuildRegisters):
    numbers = [1, 2**31 - 1, 2**31 + 1, 2**53 + 1]
    persons = [{"person_id": number, "birth_date": date(1950, 1, 1)} for number in numbers]
    rows = [{**row, "person_id": number} for number in numbers[1:] for row in measured((10, 120.0))]
    people = pl.DataFrame({"person_id": numbers, "index_date": [INDEX] * 4, "area_id": ["A"] * 4})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    X = build_features([asked(Count)], cohort, build_registers(persons, measurements=rows))
    assert X["person_id"].to_list() == numbers
    assert X[:, 2].to_list() == [0, 1, 1, 1]


def test_dates_that_stand_for_unknown_are_no_dates_and_an_end_that_never_comes_is_none(build_registers: BuildRegisters):
    rows = measured((10, 120.0))
    unknown = [{**rows[0], "date": date(1800, 1, 1)}, {**rows[0], "date": date(1900, 1, 1)}]
    forever = [{**rows[0], "end_date": date(9999, 12, 31)}]
    assert ask(build_registers, rows + unknown, asked(Count)).row(0)[2] == 1
    assert ask(build_registers, forever, asked(Duration)).row(0)[2] == 10
