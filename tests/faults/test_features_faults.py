"""What the feature engine refuses, with every problem named at once."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pydantic.dataclasses import dataclass

from riskstrat.declare import Age, Count, Ever, Feature, Latest, SinceFirst
from riskstrat.declare.base import CONFIG
from riskstrat.errors import ContractError, UsageError
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters

INDEX = date(2019, 6, 1)


def ask(registers: Registers, *features: Feature, shard_people: int = 10) -> pl.DataFrame:
    people = pl.DataFrame({"person_id": [1], "index_date": [INDEX], "area_id": ["A"]})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=INDEX)
    return build_features(features, cohort, registers, shard_people=shard_people)


@pytest.fixture(scope="module")
def registers(build_registers: BuildRegisters) -> Registers:
    return build_registers([{"person_id": 1, "birth_date": date(1950, 1, 1)}], diagnoses=[], contacts=[])


def test_registers_that_are_not_there_are_all_named(registers: Registers):
    with pytest.raises(ContractError) as refused:
        ask(registers, Ever(register="services", codes="x"), Count(register="wishes", codes="x"), Age())
    assert [problem.table for problem in refused.value.problems] == ["services", "wishes"]


def test_two_features_of_one_column_are_refused(registers: Registers):
    twice = [Ever(register="diagnoses", codes="I21", family=family) for family in ("health_care", "growth_family")]
    with pytest.raises(UsageError, match="ever_diagnoses_I21_ever"):
        ask(registers, *twice)


def test_features_that_the_engine_cannot_ask_are_refused(registers: Registers):
    @dataclass(frozen=True, kw_only=True, config=CONFIG)
    class Mood(Feature):
        @property
        def column(self) -> str:
            return "mood"

    with pytest.raises(UsageError, match="Mood"):
        ask(registers, Mood())


def test_codes_that_cannot_be_read_are_refused_together(registers: Registers):
    with pytest.raises(UsageError) as refused:
        ask(registers, Ever(register="diagnoses", codes="I22-I21"), Latest(register="contacts", codes="a b"))
    assert len(refused.value.problems) == 2


def test_events_that_date_windows_are_refused_as_features_are(registers: Registers):
    nowhere, unreadable = (
        Ever(register="contacts", codes="x", within=SinceFirst(register=register, codes=codes))
        for register, codes in (("wishes", "x"), ("diagnoses", "I22-I21"))
    )
    with pytest.raises(ContractError, match="wishes"):
        ask(registers, nowhere)
    with pytest.raises(UsageError, match="I22"):
        ask(registers, unreadable)


def test_a_feature_of_several_windows_has_no_column_of_its_own():
    with pytest.raises(UsageError, match="2 windows"):
        str(Ever(register="diagnoses", codes="x", within=("1y", "5y")).column)


@pytest.mark.parametrize("shard_people", [0, -1])
def test_shards_hold_somebody(registers: Registers, shard_people: int):
    with pytest.raises(UsageError, match="shard"):
        ask(registers, Age(), shard_people=shard_people)


def test_a_cohort_without_its_columns_is_refused(registers: Registers):
    people = pl.DataFrame({"person_id": [1]})
    nameless = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=INDEX)
    with pytest.raises(UsageError, match="area_id"):
        build_features([Age()], nameless, registers)
