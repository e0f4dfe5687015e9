"""What is explained is what was answered: from the rows that are used each answer can be made again by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from examples import examples
from reference_implementation import Scenario, VisibleRow, answer_from_rows, days_covered, reduced, subjects, window_of
from register_generators import cohort_of, opened, scenarios
from riskstrat.declare import Duration, EventFeature
from riskstrat.features import build_features, explain_design
from riskstrat.features.row_reasons import NO_ROWS, NOT_OBSERVED
from small_registers import BuildRegisters

SLOW = settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(scenario=scenarios())
def test_the_rows_that_are_used_give_the_answer(build_registers: BuildRegisters, scenario: Scenario):
    registers, cohort = opened(build_registers, scenario), cohort_of(scenario)
    X = build_features(scenario.features, cohort, registers)
    person, index = scenario.index_dates[0]
    told = explain_design(scenario.features, cohort, registers, person_id=person, index_date=index)
    for feature in scenario.features:
        lines = told.filter(pl.col("feature") == feature.column)
        expected = again(scenario, feature, person, index, lines)
        near = None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert X[feature.column][0] == near


def again(scenario: Scenario, feature: EventFeature, person: int, index: date, lines: pl.DataFrame) -> float | None:
    """Answer from the lines alone."""
    answers = [
        of_subject(scenario, feature, subject, index, lines.filter(pl.col("subject_id") == subject["person_id"]))
        for subject in subjects(scenario, feature, person, index)
    ]
    return reduced(feature, answers)


def of_subject(
    scenario: Scenario, feature: EventFeature, subject: dict[str, object], index: date, lines: pl.DataFrame
) -> float | None:
    used = [seen(row, index) for row in lines.filter("used").iter_rows(named=True)]
    if not used:
        (reason,) = lines.filter(pl.col("date").is_null())["reason"]
        assert reason in (NO_ROWS, NOT_OBSERVED)
        if reason == NOT_OBSERVED:
            return None
    if isinstance(feature, Duration):
        return days_covered(used, window_of(scenario, feature, subject, index), index)
    return answer_from_rows(feature, used, index, subject)


def seen(row: dict[str, object], index: date) -> VisibleRow:
    end = row["end_date"] if row["end_date"] is not None and row["end_date"] < index else None
    return VisibleRow(row["date"], row["code"], row["value"], end, row["setting"], row["position"])


@SLOW
@given(scenario=scenarios())
def test_every_row_of_every_subject_is_told_once_a_feature(build_registers: BuildRegisters, scenario: Scenario):
    person, index = scenario.index_dates[0]
    told = explain_design(
        scenario.features, cohort_of(scenario), opened(build_registers, scenario), person_id=person, index_date=index
    )
    for feature in scenario.features:
        whose = [subject["person_id"] for subject in subjects(scenario, feature, person, index)]
        rows = [row for row in scenario.tables[feature.register].rows if row["person_id"] in whose]
        dated = told.filter(pl.col("feature") == feature.column, pl.col("date").is_not_null())
        assert dated.height == len(rows)
        assert not dated["reason"].has_nulls()
