"""Why a feature has its answer: each reason for which a row counts or does not; the index is 1 June 2019."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.declare import Age, AreaFact, Count, Duration, Ever, Feature, Latest, Since, SinceFirst
from riskstrat.errors import UsageError
from riskstrat.features import build_features, explain_design
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters

INDEX = date(2019, 6, 1)
FAMILY = (
    {"person_id": 1, "birth_date": date(2010, 1, 1), "mother_id": 2},
    {"person_id": 2, "birth_date": date(1980, 1, 1)},
    {"person_id": 3, "birth_date": date(2012, 1, 1), "mother_id": 2},
    {"person_id": 4, "birth_date": date(2014, 1, 1), "mother_id": 2},
)


def day(number: int) -> date:
    return INDEX - timedelta(days=number)


def registers_of(build_registers: BuildRegisters, *rows: dict[str, object], **given: object) -> Registers:
    diagnoses = [{"person_id": 1, "code": "I219", **row} for row in rows]
    return build_registers(given.pop("persons", FAMILY), diagnoses=diagnoses, **given)


def cohort(person: int = 1) -> Target:
    people = pl.DataFrame({"person_id": [person], "index_date": [INDEX], "area_id": ["A"]})
    return Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))


def explained(registers: Registers, *features: Feature) -> pl.DataFrame:
    return explain_design(features, cohort(), registers, person_id=1, index_date=INDEX)


def count(**more: object) -> Count:
    return Count(register="diagnoses", codes="I21", **{"within": "100d", **more})


SINCE_DIABETES = SinceFirst(register="diagnoses", codes="E10-E14")
MAIN = {"setting": "inpatient", "position": "main"}
REASONS = {
    "counted": ({"date": day(50)}, count()),
    "before birth, or no birth on record": ({"date": date(2009, 12, 31)}, count(within="ever")),
    "another code": ({"date": day(50), "code": "I22"}, count()),
    "another setting": ({"date": day(50), "setting": "primary"}, count(settings=("inpatient",))),
    "another position": ({"date": day(50), **MAIN, "position": "other"}, count(positions=("main",))),
    "on or after the index": ({"date": day(0)}, count()),
    "not known before the index": ({"date": day(50), "known_on": day(0)}, count()),
    "after the window": ({"date": day(20)}, count(gap="30d")),
    "before the window": ({"date": day(101)}, count()),
    "no day of the window is covered and lived here": ({"date": day(50)}, count(within=SINCE_DIABETES)),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "row", "feature"), [(why, *asked) for why, asked in REASONS.items()], ids=REASONS)
def test_each_row_has_its_reason(
    build_registers: BuildRegisters, reason: str, row: dict[str, object], feature: Feature
):
    (line,) = (
        explained(registers_of(build_registers, row), feature)
        .filter(pl.col("date").is_not_null())
        .iter_rows(named=True)
    )
    assert (line["reason"], line["used"]) == (reason, reason == "counted")
    assert (line["subject_id"], line["date"], line["feature"]) == (1, row["date"], feature.column)


def test_of_equal_rows_one_counts(build_registers: BuildRegisters):
    lines = explained(registers_of(build_registers, {"date": day(50)}, {"date": day(50), "known_on": day(40)}), count())
    assert lines["reason"].to_list() == ["counted", "a duplicate of a row that counted"]


def test_a_row_is_known_by_its_delay(build_registers: BuildRegisters):
    delayed = {"diagnoses": {"coverage_start": date(2000, 1, 1), "delay_days": 60}}
    told = explained(registers_of(build_registers, {"date": day(50)}, manifest=delayed), count())
    assert told.select("reason", "known_on").rows() == [
        ("not known before the index", day(-10)),
        ("no row counts", None),
    ]


def test_a_spell_counts_by_the_days_that_reach_into_the_window(build_registers: BuildRegisters):
    registers = registers_of(
        build_registers, {"date": day(300), "end_date": day(90)}, {"date": day(300), "end_date": day(200)}
    )
    lines = explained(registers, Duration(register="diagnoses", codes="I21", within="100d"))
    assert dict(lines.select("end_date", "reason").iter_rows()) == {day(90): "counted", day(200): "before the window"}


def test_a_feature_without_rows_still_has_a_line(build_registers: BuildRegisters):
    told = explained(
        registers_of(build_registers), count(), count(within=Since(day(-1))), count(relative="father"), Age()
    )
    assert told["reason"].to_list() == [
        "no row counts",
        "no day of the window is covered and lived here",
        "relative not known",
        "from the register of persons",
    ]
    assert told["value"][3] == pytest.approx(3438 / 365.25)


def test_each_sibling_has_lines(build_registers: BuildRegisters):
    registers = registers_of(build_registers, {"date": day(9), "person_id": 3}, {"date": day(9), "person_id": 2})
    told = explained(registers, Ever(register="diagnoses", codes="I21", relative="sibling"))
    assert told.select("subject_id", "reason").rows() == [(3, "counted"), (4, "no row counts")]


def test_several_windows_are_told_one_by_one(build_registers: BuildRegisters):
    told = explained(registers_of(build_registers, {"date": day(200)}), count(within=("100d", "1y")))
    assert dict(told.drop_nulls("date").select("feature", "used").iter_rows()) == {
        "count_diagnoses_I21_100d": False,
        "count_diagnoses_I21_1y": True,
    }


def test_the_last_known_fact_of_the_area_counts(build_registers: BuildRegisters):
    rows = ((700, 1.0), (400, 2.0), (390, None), (365, 3.0), (0, 4.0))
    facts = [{"area_id": "A", "date": day(n), "code": "income", "value": value} for n, value in rows]
    delay = {"area_facts": {"coverage_start": date(2009, 1, 1), "delay_days": 365}}
    registers = registers_of(build_registers, area_facts=facts, manifest=delay)
    told = explained(registers, AreaFact("income"))
    assert told["reason"].to_list() == [
        "a later fact is known",
        "counted",
        "without a value",
        "not known before the index",
        "on or after the index",
    ]
    assert (
        told.filter("used")["value"].to_list()
        == build_features([AreaFact("income")], cohort(), registers)[:, 2].to_list()
    )


def test_somebody_who_is_not_in_the_cohort_is_refused_without_being_named(build_registers: BuildRegisters):
    with pytest.raises(UsageError, match="no such person") as refused:
        explain_design([count()], cohort(), registers_of(build_registers), person_id=4711, index_date=INDEX)
    assert "4711" not in str(refused.value)


def test_values_without_meaning_are_none(build_registers: BuildRegisters):
    told = explained(
        registers_of(build_registers, {"date": day(9), "value": float("nan")}),
        Latest(register="diagnoses", codes="I21"),
    )
    assert told["value"].to_list() == [None]
