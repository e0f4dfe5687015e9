"""The engine answers what loops over days and rows answer: every kind, window, restriction, relative and delay."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import examples
from reference_implementation import Scenario, area_answer, each_answer, person_answer, share
from register_generators import RELATIVES, cohort_of, engine, facts, opened, scenarios
from riskstrat.declare import Age, AreaFact, BirthRegion, EventFeature, Sex
from riskstrat.features import build_features
from riskstrat.features.windows import Window, ever, longest
from small_registers import BuildRegisters

TOLERANCE = {"rel": 1e-6, "abs": 1e-9}
QUICK = settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=1_000)


def assert_same(build_registers: BuildRegisters, scenario: Scenario) -> None:
    X = engine(build_registers, scenario)
    for feature in scenario.features:
        assert_column(X, feature.column, list(each_answer(scenario, feature)))
    for feature, measure in features_with_shares(scenario):
        expected = [share(scenario, feature, person, index) for person, index in scenario.index_dates]
        prefix = f"{feature.subject}__" if feature.subject else ""
        assert_column(X, f"{prefix}{feature.register}__{measure}", expected)
    told = [column for column in X.columns if "__observed_" in column]
    assert len(told) == len(features_with_shares(scenario))


def assert_column(X: pl.DataFrame, column: str, expected: list[float | None]) -> None:
    near = [None if number is None else pytest.approx(number, **TOLERANCE) for number in expected]
    assert X[column].to_list() == near, column


def features_with_shares(scenario: Scenario) -> list[tuple[EventFeature, str]]:
    """For each subject and register, a feature of its longest window and one of "ever", and what is told of each."""
    asked = sorted(scenario.features, key=table_of)
    together = [list(features) for _, features in groupby(asked, table_of)]
    return [
        (next(one for one in features if Window.of(one) == window), measure)
        for features in together
        for measure, pick in (("observed_share", longest), ("observed_years", ever))
        if (window := pick(Window.of(one) for one in features))
    ]


def table_of(feature: EventFeature) -> tuple[str, str]:
    return feature.subject or "", feature.register


@QUICK
@given(scenario=scenarios())
def test_the_engine_answers_what_loops_answer(build_registers: BuildRegisters, scenario: Scenario):
    assert_same(build_registers, scenario)


PERSONS = [
    feature
    for relative in dict.fromkeys(RELATIVES)
    for feature in (Age(relative=relative), Sex(relative=relative), BirthRegion(regions=("asia",), relative=relative))
]
PLACES = [AreaFact("income"), AreaFact("care_need_index"), AreaFact("unheard_of")]


@QUICK
@given(scenario=scenarios(), said=st.lists(facts(), max_size=12))
def test_persons_and_places_are_answered_as_loops_answer(
    build_registers: BuildRegisters, scenario: Scenario, said: list[dict[str, object]]
):
    scenario = replace(scenario, facts=said)
    X = build_features([*PERSONS, *PLACES], cohort_of(scenario), opened(build_registers, scenario))
    for feature in PERSONS:
        expected = [person_answer(scenario, feature, person, index) for person, index in scenario.index_dates]
        assert_column(X, feature.column, expected)
    for feature in PLACES:
        assert_column(
            X, feature.column, [area_answer(scenario, feature, "A", index) for _, index in scenario.index_dates]
        )


@pytest.mark.slow
@THOROUGH
@given(scenario=scenarios())
def test_the_engine_answers_what_loops_answer_in_thousands_of_designs(
    build_registers: BuildRegisters, scenario: Scenario
):
    assert_same(build_registers, scenario)
