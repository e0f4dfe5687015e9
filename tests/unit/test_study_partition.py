"""A study's units: everything speaks of them, they come before outcomes, and later editions keep them."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import Condition
from riskstrat.errors import UsageError
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.partition import Partition
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.study import StudyData, prepare
from riskstrat.study.partition import inhabited_areas, partition_of


@pytest.fixture(scope="module")
def data(small_municipality: Registers, frailty: Condition) -> StudyData:
    return prepare(frailty, small_municipality, AS_OF, QUICK)


def test_units_stand_everywhere_in_the_place_of_areas(data: StudyData):
    units = set(data.partition.areas["unit"])
    assert 2 <= len(units) < data.partition.areas.height
    for people in (data.cohort.people, data.training.cohort.people, data.target.target.people):
        assert set(people["area_id"]) <= units
    named = data.partition.areas.select(pl.col("unit").alias("area_id"), "name").unique().sort("area_id")
    assert data.source.area_names is not None
    assert data.source.area_names.equals(named)
    assert data.target.care_need is not None
    assert set(data.target.care_need["area_id"]) == units
    assert all(f'"area_id": "{unit}"' in (data.source.geometry or "") for unit in units)


def test_every_unit_has_enough_people(data: StudyData):
    people = data.target.target.people.group_by("area_id").len()
    assert set(people["area_id"]) == set(data.partition.areas["unit"])
    assert people["len"].min() >= 20


def test_features_are_those_of_the_persons_own_area(data: StudyData):
    need = next(column for column in data.training.X.columns if "care_need" in column)
    same_day = data.target.X.with_columns(unit=data.target.target.people["area_id"]).group_by("unit")
    assert same_day.agg(pl.col(need).n_unique())[need].max() > 1


def test_the_care_need_of_a_unit_is_weighted_by_residents(data: StudyData, small_municipality: Registers):
    residents = inhabited_areas(small_municipality, AS_OF).select("area_id", "residents")
    facts = small_municipality.scan("area_facts").filter(pl.col("code") == "care_need_index").sort("date").collect()
    latest = facts.filter(pl.col("date") < date(2023, 6, 1)).group_by("area_id", maintain_order=True).last()
    parts = (
        latest.join(residents, on="area_id")
        .join(data.partition.areas, on="area_id")
        .filter(pl.col("unit") == data.partition.merged["unit"][0])
    )
    expected = (parts["value"] * parts["residents"]).sum() / parts["residents"].sum()
    found = data.target.care_need.filter(area_id=data.partition.merged["unit"][0])["care_need_index"].item()  # type: ignore[union-attr]
    assert found == pytest.approx(expected, abs=0.2)
    assert parts["value"].min() < found < parts["value"].max()


def test_a_later_edition_keeps_the_partition_that_it_is_given(
    data: StudyData, small_municipality: Registers, frailty: Condition
):
    kept = Partition.from_json(data.partition.to_json())
    later = prepare(frailty, small_municipality, date(2023, 10, 1), QUICK, partition=kept)
    assert later.partition is kept
    assert set(later.target.target.people["area_id"]) <= set(kept.areas["unit"])


def test_areas_that_are_new_or_gone_are_named(data: StudyData, small_municipality: Registers, frailty: Condition):
    first = data.partition.areas["area_id"][0]
    other = data.partition.areas.with_columns(pl.col("area_id").replace(first, f"{first}x"))
    with pytest.raises(UsageError) as raised:
        prepare(frailty, small_municipality, AS_OF, QUICK, partition=replace(data.partition, areas=other))
    message = str(raised.value)
    assert f"{first} is in no unit of the partition" in message
    assert f"no area '{first}x'" in message
    assert f"did you mean '{first}'" in message
    assert "later partition" in message


def test_a_table_whose_units_are_too_small_is_refused_without_a_count(
    data: StudyData, small_municipality: Registers, frailty: Condition
):
    areas = data.partition.areas.select("area_id", unit="area_id")
    with pytest.raises(UsageError) as raised:
        prepare(frailty, small_municipality, AS_OF, QUICK, partition=Partition.from_table(areas))
    told = [problem.found.split(":")[0] for problem in raised.value.problems]
    assert told == ["units with too few people of today", "units with too few expected cases"]
    assert {problem.expected for problem in raised.value.problems} == {
        "at least 20 in every unit",
        "at least 4 in every unit",
    }


def test_a_table_of_ones_own_is_used(data: StudyData, small_municipality: Registers, frailty: Condition):
    halves = pl.when(pl.int_range(pl.len()) < 25).then(pl.lit("west")).otherwise(pl.lit("east"))
    table = Partition.from_table(data.partition.areas.select("area_id", unit=halves, name=halves.str.to_uppercase()))
    found = prepare(frailty, small_municipality, AS_OF, QUICK, partition=table)
    assert set(found.training.cohort.people["area_id"]) == {"west", "east"}
    assert found.source.area_names is not None
    assert found.source.area_names.rows() == [("east", "EAST"), ("west", "WEST")]


def test_working_material_keeps_every_area(small_municipality: Registers, frailty: Condition):
    settings = replace(QUICK, protection="none")
    open_material = prepare(frailty, small_municipality, AS_OF, settings)
    assert open_material.partition.merged.is_empty()
    assert set(open_material.target.target.people["area_id"]) <= set(open_material.partition.areas["area_id"])


def made_up(outcome_in: str) -> tuple[Cohort, Target]:
    """Ninety people in three areas, of whom as many have the outcome wherever they live."""
    people = pl.DataFrame({"area_id": ["A"] * 30 + ["B"] * 50 + ["C"] * 10, "assessed": True, "landmark": 0})
    event = people.select((pl.col("area_id") == outcome_in) & (pl.int_range(pl.len()).over("area_id") < 10))
    cohort = Cohort(
        condition="made up",
        flow=pl.DataFrame(),
        as_of=AS_OF,
        horizon_days=365,
        people=people.with_columns(event=event.to_series().cast(pl.Int8)),
    )
    return cohort, Target(condition="made up", people=people, flow=pl.DataFrame(), as_of=AS_OF)


def test_where_outcomes_occurred_does_not_decide_who_is_merged():
    areas = pl.DataFrame({"area_id": ["A", "B", "C"], "residents": [300, 500, 400]})
    found = [partition_of(areas, *made_up(area), None) for area in "ABC"]
    assert {one.digest for one in found} == {found[0].digest}
    assert found[0].areas["unit"].to_list() == ["A+B+C"] * 3, "3.3 cases are expected in A"


def test_the_partition_is_published_and_areas_are_its_units(municipality_study: Study):
    published = rs.publish(municipality_study)
    table = published.tables["partition"].frame
    assert table.columns == ["area_id", "unit", "name", "across_parents"]
    assert table.height == 51
    assert set(published.tables["areas"].frame["area_id"]) == set(table["unit"])
    assert municipality_study.partition.condition == "frailty"


def test_another_partition_is_another_study(municipality_study: Study):
    alone = Partition.from_table(municipality_study.partition.areas.select("area_id", unit="area_id"))
    assert replace(municipality_study, partition=alone).digest != municipality_study.digest
