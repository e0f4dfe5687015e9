"""The engine answers what loops over days and rows answer: every kind, window, restriction, relative and delay."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from by_hand import World, area_answer, each_answer, person_answer, share
from random_worlds import RELATIVES, cohort_of, engine, facts, opened, worlds
from riskstrat.declare import Age, AreaFact, BirthRegion, EventFeature, Sex
from riskstrat.features import build_features
from riskstrat.features.windows import Window, longest
from town import Town

TOLERANCE = {"rel": 1e-6, "abs": 1e-9}
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=1_000)


def assert_same(town: Town, world: World) -> None:
    X = engine(town, world)
    for feature in world.features:
        assert_column(X, feature.column, list(each_answer(world, feature)))
    for feature in asked_for_shares(world):
        expected = [share(world, feature, person, index) for person, index in world.index_dates]
        prefix = f"{feature.subject}__" if feature.subject else ""
        assert_column(X, f"{prefix}{feature.register}__observed_share", expected)


def assert_column(X: pl.DataFrame, column: str, expected: list[float | None]) -> None:
    near = [None if number is None else pytest.approx(number, **TOLERANCE) for number in expected]
    assert X[column].to_list() == near, column


def asked_for_shares(world: World) -> list[EventFeature]:
    """For each subject and register, a feature of its longest window."""
    asked = sorted(world.features, key=table_of)
    together = [list(features) for _, features in groupby(asked, table_of)]
    return [next(f for f in fs if Window.of(f) == longest(Window.of(f) for f in fs)) for fs in together]


def table_of(feature: EventFeature) -> tuple[str, str]:
    return feature.subject or "", feature.register


@QUICK
@given(world=worlds())
def test_the_engine_answers_what_loops_answer(town: Town, world: World):
    assert_same(town, world)


PERSONS = [
    feature
    for relative in dict.fromkeys(RELATIVES)
    for feature in (Age(relative=relative), Sex(relative=relative), BirthRegion(regions=("asia",), relative=relative))
]
PLACES = [AreaFact("income"), AreaFact("need"), AreaFact("unheard_of")]


@QUICK
@given(world=worlds(), said=st.lists(facts(), max_size=12))
def test_persons_and_places_are_answered_as_loops_answer(town: Town, world: World, said: list[dict[str, object]]):
    world = replace(world, facts=said)
    X = build_features([*PERSONS, *PLACES], cohort_of(world), opened(town, world))
    for feature in PERSONS:
        expected = [person_answer(world, feature, person, index) for person, index in world.index_dates]
        assert_column(X, feature.column, expected)
    for feature in PLACES:
        assert_column(X, feature.column, [area_answer(world, feature, "A", index) for _, index in world.index_dates])


@pytest.mark.slow
@THOROUGH
@given(world=worlds())
def test_the_engine_answers_what_loops_answer_in_thousands_of_designs(town: Town, world: World):
    assert_same(town, world)
