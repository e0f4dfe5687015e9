"""What each kind of feature answers: tiny tables in, one number out; the index date is 1 June 2019."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import polars as pl
import pytest
from pydantic.dataclasses import dataclass

from riskstrat.codes import growth_z
from riskstrat.declare import (
    Age,
    AnchoredWindow,
    AreaFact,
    Count,
    EventFeature,
    Ever,
    Feature,
    GrowthZ,
    Latest,
    LocalisedText,
    Sex,
)
from riskstrat.declare.base import CONFIG
from riskstrat.declare.features import PersonFeature
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters, Rows

INDEX = date(2019, 6, 1)
FAMILY = [
    {"person_id": 1, "birth_date": date(2018, 6, 1), "sex": "male", "mother_id": 2, "birth_region": "sweden"},
    {"person_id": 2, "birth_date": date(1990, 6, 1), "birth_region": "asia"},
    {"person_id": 3, "birth_date": date(1940, 2, 29)},
]


def day(number: int) -> date:
    return INDEX - timedelta(days=number)


def ask(registers: Registers, *features: Feature, people: tuple[int, ...] = (1, 2, 3)) -> pl.DataFrame:
    rows = {"person_id": people, "index_date": [INDEX] * len(people), "area_id": ["A"] * len(people)}
    frame = pl.DataFrame(rows, schema={"person_id": pl.Int64, "index_date": pl.Date, "area_id": pl.String})
    cohort = Target(condition="made_up", people=frame, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    return build_features(features, cohort, registers)


def answers(registers: Registers, feature: Feature) -> list[float | None]:
    return [None if x is None else round(x, 4) for x in ask(registers, feature)[feature.column].to_list()]


def with_rows(build_registers: BuildRegisters, rows: Rows, **manifest: object) -> Registers:
    return build_registers(FAMILY, diagnoses=[{"value": None, **row} for row in rows], manifest={"diagnoses": manifest})


ROWS = [
    {"person_id": 1, "date": day(10), "code": "F001", "value": 1.5},
    {"person_id": 1, "date": day(20), "code": "F009", "value": 2.5},
    {"person_id": 1, "date": day(20), "code": "W19", "value": None},
    {"person_id": 2, "date": day(400), "code": "F00", "value": 7.0},
]


def test_growth_by_who_is_that_of_the_age_on_the_day_of_measurement(build_registers: BuildRegisters):
    rows = [
        {"person_id": 1, "date": day(100), "code": "bmi_kg_m2", "value": 17.3},
        {"person_id": 1, "date": day(50), "code": "bmi_kg_m2", "value": None},
        {"person_id": 3, "date": day(100), "code": "bmi_kg_m2", "value": 17.3},
    ]
    registers = build_registers(FAMILY, child_health=rows)
    feature = GrowthZ(register="child_health", codes="bmi_kg_m2", reference="who")
    boy = {"sex": pl.lit("male"), "age_days": pl.lit(265), "value": pl.lit(17.3)}
    expected = pl.select(growth_z("who", **boy)).item()
    assert answers(registers, feature) == [round(expected, 4), None, None]  # no rows; older than the reference


def test_growth_that_cannot_be_is_skipped(build_registers: BuildRegisters):
    rows = [
        {"person_id": 1, "date": day(100), "code": "bmi_kg_m2", "value": 17.3},
        {"person_id": 1, "date": day(50), "code": "bmi_kg_m2", "value": 173.0},
    ]
    who = GrowthZ(register="child_health", codes="bmi_kg_m2", reference="who")
    assert answers(build_registers(FAMILY, child_health=rows), who) == answers(
        build_registers(FAMILY, child_health=rows[:1]), who
    )


def test_growth_by_marsal_takes_the_gestation_of_the_same_date(build_registers: BuildRegisters):
    rows = [
        {"person_id": 1, "date": day(365), "code": "birth_weight_g", "value": 3600.0},
        {"person_id": 1, "date": day(365), "code": "gestation_days", "value": 280.0},
        {"person_id": 1, "date": day(300), "code": "gestation_days", "value": 200.0},
        {"person_id": 2, "date": day(365), "code": "birth_weight_g", "value": 3600.0},
    ]
    feature = GrowthZ(register="births", codes="birth_weight_g", reference="marsal")
    z = answers(build_registers(FAMILY, births=rows), feature)
    boy = {"sex": pl.lit("male"), "age_days": pl.lit(280), "value": pl.lit(3600.0)}
    expected = pl.select(growth_z("marsal", **boy)).item()
    assert z == [round(expected, 4), None, None]  # a weight without gestation; no rows


def test_facts_of_the_area_are_the_latest_known_before_the_index(build_registers: BuildRegisters):
    facts = [
        {"area_id": "A", "date": day(700), "code": "care_need_index", "value": 1.0},
        {"area_id": "A", "date": day(400), "code": "care_need_index", "value": 2.0},
        {"area_id": "A", "date": day(365), "code": "care_need_index", "value": 3.0},  # known on the index day
        {"area_id": "A", "date": day(390), "code": "care_need_index", "value": None},
        {"area_id": "B", "date": day(390), "code": "care_need_index", "value": 9.0},
        {"area_id": "A", "date": day(390), "code": "income", "value": 9.0},
    ]
    delay = {"area_facts": {"coverage_start": date(2009, 1, 1), "delay_days": 365}}
    registers = build_registers(FAMILY, area_facts=facts, manifest=delay)
    assert answers(registers, AreaFact("care_need_index")) == [2, 2, 2]
    assert answers(registers, AreaFact("unheard_of")) == [None, None, None]
    assert answers(build_registers(FAMILY), AreaFact("care_need_index")) == [None, None, None]


def test_people_without_an_area_have_no_facts_of_it(build_registers: BuildRegisters):
    facts = [{"area_id": "A", "date": day(400), "code": "income", "value": 2.0}]
    delay = {"area_facts": {"coverage_start": date(2009, 1, 1), "delay_days": 0}}
    registers = build_registers(FAMILY, area_facts=facts, manifest=delay)
    people = pl.DataFrame(
        {"person_id": [1], "index_date": [INDEX], "area_id": [None]}, schema_overrides={"area_id": pl.String}
    )
    nowhere = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=INDEX)
    assert build_features([AreaFact("income")], nowhere, registers)["area_income"].to_list() == [None]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Spread(EventFeature):
    """A kind of somebody else: the highest less the lowest value."""

    empty: ClassVar[float | None] = -1.0

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        return values.max() - values.min()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class BornIn(PersonFeature):
    """A kind of somebody else: whether the year of birth is this."""

    year: int

    @property
    def column(self) -> str:
        return f"born_in_{self.year}"

    def person_value(self) -> pl.Expr:
        return pl.col("birth_date").dt.year() == self.year


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AgeAtLast(EventFeature):
    """A kind of somebody else: age in days at the last row of boys."""

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        return pl.when(pl.col("sex").last() == "male").then(pl.col("age_days").last())


def test_a_new_kind_may_use_age_and_sex(build_registers: BuildRegisters):
    assert answers(with_rows(build_registers, ROWS), AgeAtLast(register="diagnoses", codes="F00")) == [355, None, None]


def test_a_new_kind_is_one_class_with_one_method(build_registers: BuildRegisters):
    registers = with_rows(build_registers, ROWS)
    assert answers(registers, Spread(register="diagnoses", codes="F00, W19")) == [1, 0, -1]
    assert answers(registers, BornIn(year=1990)) == [0, 1, 0]
    assert Feature.from_json(BornIn(year=1990).to_json()) == BornIn(year=1990)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class ThisYear(AnchoredWindow):
    """A window of somebody else: since the first of January before the index."""

    @property
    def name(self) -> str:
        return "this_year"

    @property
    def description(self) -> LocalisedText:
        return LocalisedText(en="this year", sv="i år")

    def start(self) -> pl.Expr:
        return (pl.col("index_date") - pl.duration(days=1)).dt.truncate("1y")


def test_a_new_window_is_one_class(build_registers: BuildRegisters):
    rows = [{"person_id": 1, "date": date(year, month, 31), "code": "F00"} for year, month in ((2018, 12), (2019, 1))]
    feature = Count(register="diagnoses", codes="F00", within=("ever", ThisYear()))
    asked = ask(with_rows(build_registers, rows), feature).row(0)
    assert asked[2:4] == (2, 1)
    assert Feature.from_json(feature.to_json()) == feature


def test_the_answer_has_the_order_of_the_people_and_of_the_features(build_registers: BuildRegisters):
    features = (
        Sex(),
        Count(register="diagnoses", codes="F00"),
        Count(register="diagnoses", codes="F00", relative="mother"),
        Age(),
    )
    X = ask(with_rows(build_registers, ROWS), *features, people=(3, 1, 2, 1))
    assert X["person_id"].to_list() == [3, 1, 2, 1]
    assert X["sex_male"].to_list() == [0, 1, 0, 1]
    assert X.columns == [
        "person_id",
        "index_date",
        *(feature.column for feature in features),
        "diagnoses__observed_years",
        "mother__diagnoses__observed_years",
    ]
    assert set(X.dtypes[2:]) == {pl.Float32}


def test_ever_has_years_and_leaves_the_share_to_the_longest_length_of_time(build_registers: BuildRegisters):
    start = day(913)  # half of five years
    registers = with_rows(build_registers, ROWS, coverage_start=start)
    asked = {"register": "diagnoses", "codes": "F00"}
    lengths = (Count(**asked, within="1y"), Count(**asked, within="5y"))
    for features in (lengths, (*lengths, Count(**asked)), (Count(**asked, gap="30d"), Count(**asked), *lengths)):
        X = ask(registers, *features, people=(3,))
        assert X["diagnoses__observed_share"].item() == pytest.approx(0.5)
        assert ("diagnoses__observed_years" in X.columns) == (len(features) > 2)
        if len(features) > 2:
            assert X["diagnoses__observed_years"].item() == pytest.approx(913 / 365.25)
    assert "diagnoses__observed_share" not in ask(registers, Count(**asked), people=(3,)).columns


def test_several_index_dates_of_a_person_see_their_own_past(build_registers: BuildRegisters):
    registers = with_rows(build_registers, ROWS)
    dates = [day(-5), day(15), day(20), day(25), day(15)]
    people = pl.DataFrame({"person_id": [1] * 5, "index_date": dates, "area_id": ["A"] * 5})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=INDEX)
    X = build_features([Count(register="diagnoses", codes="F00, W19")], cohort, registers)
    assert X[:, 2].to_list() == [3, 2, 0, 0, 2]


def test_nobody_and_empty_tables_give_the_same_columns(build_registers: BuildRegisters):
    features = (
        Age(),
        Ever(register="diagnoses", codes="F00"),
        Latest(register="diagnoses", codes="F00", relative="mother"),
    )
    registers = build_registers(FAMILY, diagnoses=[])
    nobody, somebody = ask(registers, *features, people=()), ask(registers, *features)
    assert nobody.schema == somebody.schema
    assert nobody.is_empty()
    assert somebody[features[1].column].to_list() == [0, 0, 0]
