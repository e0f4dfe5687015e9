"""Mistakes seen in other feature engines (docs: peers), with the answer that is right; the index is 1 June 2019."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.declare import Age, Count, DaysSince, EventFeature, Feature, Latest, Mean
from riskstrat.declare.base import CONFIG
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from town import Rows, Town

INDEX = date(2019, 6, 1)
BORN = {"person_id": 1, "birth_date": date(1950, 1, 1)}


def day(number: int) -> date:
    return INDEX - timedelta(days=number)


def measured(*values: tuple[int, float | None], code: str = "systolic_mmhg") -> Rows:
    return [{"person_id": 1, "date": day(number), "code": code, "value": value} for number, value in values]


def ask(town: Town, rows: Rows, *features: Feature, indices: tuple[date, ...] = (INDEX,)) -> pl.DataFrame:
    n = len(indices)
    people = pl.DataFrame({"person_id": [1] * n, "index_date": indices, "area_id": ["A"] * n})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    return build_features(features, cohort, town([BORN], measurements=rows))


def asked(kind: type[EventFeature], **fields: str) -> EventFeature:
    return kind(register="measurements", codes="systolic_mmhg", **fields)


def test_tsf_an_event_at_the_index_is_no_predictor(town: Town):
    assert ask(town, measured((0, 120.0)), asked(Count))[:, 2].to_list() == [0]


def test_tsf_the_border_of_two_windows_belongs_to_one(town: Town):
    near, far = asked(Count, within="30d"), asked(Count, within="30d", gap="30d")
    X = ask(town, measured((30, 120.0), (31, 120.0), (60, 120.0), (61, 120.0)), near, far)
    assert X[near.column].to_list() + X[far.column].to_list() == [1, 2]


def test_tsf_newer_events_outside_the_window_do_not_hide_those_inside(town: Town):
    features = [asked(kind, within="30d", gap="60d") for kind in (Latest, DaysSince)]
    rows = measured((-5, 200.0), (10, 190.0), (70, 120.0), (400, 110.0))
    assert ask(town, rows, *features).row(0)[2:4] == (120.0, 70.0)


def test_tsf_what_is_outside_the_window_is_no_value_of_its_own(town: Town):
    @dataclass(frozen=True, kw_only=True, config=CONFIG)
    class DistinctValues(EventFeature):
        empty: ClassVar[float | None] = 0.0

        def aggregate(self, numbers: pl.Expr) -> pl.Expr:
            return numbers.n_unique()

    rows = measured((10, 120.0), (11, 120.0), (12, 130.0), (200, 140.0))
    assert ask(town, rows, asked(DistinctValues, within="30d"))[:, 2].to_list() == [2]


def test_tsf_the_same_index_twice_is_answered_twice(town: Town):
    assert ask(town, measured((10, 120.0)), asked(Count), indices=(INDEX, INDEX))[:, 2].to_list() == [1, 1]


def test_tsf_windows_have_names_of_their_own():
    windows = [asked(Count, within=within, gap=gap) for within in ("6d", "12d", "1y", "365d") for gap in ("0d", "1d")]
    assert len({feature.column for feature in windows}) == len(windows)


def test_meds_tab_no_row_of_a_day_is_lost(town: Town):
    rows = measured((10, 120.0), (10, 130.0)) + measured((10, 1.0), code="smoking")
    X = ask(town, rows, asked(Count), asked(Mean))
    assert X.row(0)[2:4] == (2, 125)


def test_meds_tab_extremes_are_of_values_that_were_measured(town: Town):
    @dataclass(frozen=True, kw_only=True, config=CONFIG)
    class Lowest(EventFeature):
        def aggregate(self, numbers: pl.Expr) -> pl.Expr:
            return numbers.min()

    @dataclass(frozen=True, kw_only=True, config=CONFIG)
    class Highest(EventFeature):
        def aggregate(self, numbers: pl.Expr) -> pl.Expr:
            return numbers.max()

    rows = measured((10, 120.0), (10, 130.0), (20, None)) + measured((5, 0.5), code="smoking")
    assert ask(town, rows, asked(Lowest), asked(Highest)).row(0)[2:4] == (120, 130)


def test_meds_tab_a_window_ends_at_the_index_and_not_at_the_last_event(town: Town):
    assert ask(town, measured((400, 120.0)), asked(Count, within="1y"))[:, 2].to_list() == [0]


def test_feature_extraction_age_is_more_than_a_difference_of_years(town: Town):
    ages = ask(town, [], Age(), indices=(date(1951, 1, 1), date(1951, 12, 31)))["age_years"]
    assert [round(age, 3) for age in ages] == [0.999, 1.996]


def test_feature_extraction_rows_without_a_value_do_not_vanish(town: Town):
    X = ask(town, measured((10, None), (20, 120.0)), asked(Count), asked(Latest))
    assert X.row(0)[2:4] == (2, 120)
