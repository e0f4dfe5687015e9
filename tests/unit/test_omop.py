"""A tiny database of the OMOP Common Data Model as a register folder: what becomes of each row."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from riskstrat.intake.conversion import ConversionResult
from riskstrat.intake.omop import from_omop
from riskstrat.registers.opening import open_registers

Tables = dict[str, pl.DataFrame]
Made = Callable[..., ConversionResult]
DAY = date(2015, 3, 1)


def cdm(**tables: list[dict[str, object]]) -> Tables:
    """Two women and a man who were observed in 2010-2019, and what else is given."""
    usual = {
        "person": [
            {
                "person_id": person,
                "gender_concept_id": sex,
                "year_of_birth": 1950,
                "month_of_birth": 4,
                "day_of_birth": 30,
            }
            for person, sex in ((1, 8532), (2, 8507), (3, 8532))
        ],
        "observation_period": [period(person, date(2010, 1, 1), date(2019, 12, 31)) for person in (1, 2, 3)],
    }
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in {**usual, **tables}.items()}


def period(person: int, start: date | None, end: date | None) -> dict[str, object]:
    return {"person_id": person, "observation_period_start_date": start, "observation_period_end_date": end}


def condition(
    person: int | None, day: date | None, code: str | None, concept: int, **more: object
) -> dict[str, object]:
    return {
        "person_id": person,
        "condition_start_date": day,
        "condition_source_value": code,
        "condition_concept_id": concept,
        **more,
    }


def visit(number: int, person: int, concept: int, start: date, end: date | None) -> dict[str, object]:
    return {
        "visit_occurrence_id": number,
        "person_id": person,
        "visit_concept_id": concept,
        "visit_start_date": start,
        "visit_end_date": end,
    }


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(tables: Tables, **given: object) -> ConversionResult:
        converted = from_omop(tables, tmp_path / "registers", **{"max_rejected_share": 1, **given})
        places = converted.account.counts["dataset"].unique()
        for place in places:
            ended = sum(converted.account.rows_of(place, outcome) for outcome in ("kept", "rejected", "merged"))
            assert converted.account.rows_of(place, "read") == ended, place
        assert open_registers(converted.folder).rejected().is_empty()
        return converted

    return make


def rows(converted: ConversionResult, table: str, *columns: str) -> list[tuple[object, ...]]:
    return open_registers(converted.folder).scan(table).sort("person_id").select(columns).collect().rows()


def rejected(converted: ConversionResult, place: str) -> dict[str, int]:
    found = converted.account.counts.filter(dataset=place, outcome="rejected")
    return dict(zip(found["rule"], found["rows"], strict=True))


def test_births_say_how_exactly_they_are_known(made: Made):
    born = [
        (1, 1980, 2, 29, None, date(1980, 2, 29), "day"),
        (2, 1980, 2, None, None, date(1980, 2, 15), "month"),
        (3, 1980, None, None, None, date(1980, 7, 1), "year"),
        (4, 1980, None, None, datetime(1980, 5, 6), date(1980, 5, 6), "day"),  # noqa: DTZ001
        (5, 1980, None, None, datetime(1980, 1, 1), date(1980, 7, 1), "year"),  # noqa: DTZ001
        (6, 1980, 2, 30, None, date(1980, 2, 15), "month"),
    ]
    names = ("person_id", "year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime")
    people = [{**dict(zip(names, each[:5], strict=True)), "gender_concept_id": 8507} for each in born]
    converted = made(cdm(person=people))
    found = rows(converted, "persons", "person_id", "birth_date", "birth_date_precision")
    assert found == [(each[0], each[5], each[6]) for each in born]


def test_people_who_are_not_taken_are_counted_and_so_are_their_rows(made: Made):
    person = {"gender_concept_id": 8532, "year_of_birth": 1950}
    people = [
        {"person_id": 1, **person},
        {"person_id": 1, **person},
        {"person_id": 2, **person, "gender_concept_id": 8551},
        {"person_id": 3, **person, "gender_concept_id": None},
        {"person_id": 4, **person, "year_of_birth": None},
        {"person_id": 5, **person, "year_of_birth": 2020},
        {"person_id": None, **person},
    ]
    converted = made(
        cdm(person=people, condition_occurrence=[condition(2, DAY, "I21", 1), condition(1, DAY, "I21", 1)])
    )
    assert rejected(converted, "person") == {
        "another row of the same person": 1,
        "sex is neither female (8532) nor male (8507)": 2,
        "no year of birth": 1,
        "born after the last day of data": 1,
        "no person": 1,
    }
    assert rejected(converted, "observation_period") == {"person is not in persons": 2}
    assert rejected(converted, "condition_occurrence") == {"person is not in persons": 1}
    rejected_rows = pl.read_parquet(converted.folder / "rejected" / "person.parquet")
    assert rejected_rows.columns == ["rule", *people[0]]
    assert rejected_rows.filter(rule="no year of birth")["person_id"].to_list() == [4]


def test_deaths_become_dates_of_death_and_their_causes_diagnoses(made: Made):
    def death(person: int | None, day: date | None, cause: str | None = None, concept: int = 0) -> dict[str, object]:
        return {"person_id": person, "death_date": day, "cause_source_value": cause, "cause_concept_id": concept}

    given = [
        death(1, date(2018, 1, 1), "I21.9"),
        death(1, date(2017, 1, 1)),
        death(2, date(1949, 1, 1)),
        death(3, None),
        death(9, DAY),
        death(3, date(2017, 5, 5), None, 312327),
        death(None, DAY),
        death(2, date(2030, 1, 1)),
    ]
    converted = made(cdm(death=given), code_systems={"diagnoses": "icd10"})
    assert rows(converted, "persons", "death_date") == [(date(2017, 1, 1),), (None,), (date(2017, 5, 5),)]
    assert rejected(converted, "death") == {
        "a later death of the same person": 1,
        "before birth": 1,
        "no date": 1,
        "person is not in persons": 1,
        "no person": 1,
        "after the last day of data": 1,
    }
    found = rows(converted, "diagnoses", "person_id", "date", "code", "setting", "position")
    assert found == [
        (1, date(2018, 1, 1), "I219", "death", "underlying"),
        (3, date(2017, 5, 5), "312327", "death", "underlying"),
    ]


def test_periods_of_observation_are_residence(made: Made):
    periods = [
        period(1, date(2010, 1, 1), date(2012, 6, 30)),
        period(1, date(2012, 1, 1), date(2012, 3, 1)),
        period(1, date(2012, 6, 30), date(2013, 1, 1)),
        period(1, date(2013, 1, 2), date(9999, 12, 31)),
        period(2, date(2011, 1, 1), date(2019, 12, 31)),
        period(2, date(2015, 1, 1), date(2014, 1, 1)),
        period(3, None, date(2014, 1, 1)),
        period(3, date(2020, 1, 1), None),
    ]
    converted = made(cdm(observation_period=periods))
    assert rows(converted, "residences", "person_id", "start_date", "end_date") == [
        (1, date(2010, 1, 1), date(2013, 1, 1)),
        (1, date(2013, 1, 2), None),
        (2, date(2011, 1, 1), date(2019, 12, 31)),
    ]
    assert converted.account.rows_of("observation_period", "merged") == 2
    assert rejected(converted, "observation_period") == {
        "ends before it starts": 1,
        "no date": 1,
        "after the last day of data": 1,
    }
    manifest = open_registers(converted.folder).manifest
    assert manifest.data_end == date(2019, 12, 31)


def test_places_of_care_and_areas_come_from_the_person(made: Made):
    person = {"gender_concept_id": 8532, "year_of_birth": 1950}
    people = [
        {"person_id": 1, **person, "location_id": 7, "care_site_id": 70.0},
        {"person_id": 2, **person, "location_id": 8, "care_site_id": None},
        {"person_id": 3, **person, "location_id": None, "care_site_id": None},
    ]
    location = [
        {"location_id": 7, "city": "Modellstad", "county": "9981C1010", "zip": "123"},
        {"location_id": 8, "city": None, "county": "9981C1020", "zip": "124"},
        {"location_id": 9, "city": None, "county": "nobody lives here", "zip": "125"},
    ]
    converted = made(cdm(person=people, location=location))
    assert rows(converted, "residences", "area_id", "care_centre_id") == [
        ("9981C1010", "70"),
        ("9981C1020", None),
        (None, None),
    ]
    areas = open_registers(converted.folder).scan("areas").sort("area_id")
    assert areas.select("area_id", "name", "municipality").collect().rows() == [
        ("9981C1010", "9981C1010", "Modellstad"),
        ("9981C1020", "9981C1020", None),
    ]
    again = made(cdm(person=people, location=location), area_column="zip")
    assert [area for (area,) in rows(again, "residences", "area_id")] == ["123", "124", None]


def test_settings_come_from_visits_and_stays_end_with_the_visit(made: Made):
    left = date(2015, 3, 9)
    visits = [
        visit(10, 1, 9201, DAY, left),
        visit(11, 1, 262, DAY, left),
        visit(12, 1, 9202, DAY, DAY),
        visit(13, 1, 9203, DAY, DAY),
        visit(14, 1, 581476, DAY, DAY),
        visit(15, 2, 9201, DAY, left),
    ]
    resolved = {"condition_end_date": date(2016, 1, 1)}
    conditions = [
        condition(1, DAY, f"C{number}", 1, visit_occurrence_id=number, **resolved) for number in range(10, 17)
    ]
    conditions.append(condition(1, DAY, "C0", 1, visit_occurrence_id=None, **resolved))
    converted = made(cdm(visit_occurrence=visits, condition_occurrence=conditions))
    found = {code: (setting, end) for code, setting, end in rows(converted, "diagnoses", "code", "setting", "end_date")}
    open_end = date(2016, 1, 1)
    assert found == {
        "C10": ("inpatient", left),
        "C11": ("inpatient", left),
        "C12": ("outpatient", open_end),
        "C13": ("emergency", open_end),
        "C14": (None, open_end),
        "C15": (None, open_end),  # somebody else's visit
        "C16": (None, open_end),
        "C0": (None, open_end),
    }
    contacts = rows(converted, "contacts", "person_id", "code", "setting", "end_date")
    assert sorted(contacts, key=str)[:3] == [
        (1, "581476", None, DAY),
        (1, "admission", "inpatient", left),
        (1, "admission_unplanned", "inpatient", left),
    ]


def test_codes_are_those_recorded_or_else_concepts(made: Made):
    conditions = [
        condition(1, DAY, " I21.9 ", 312327),
        condition(1, DAY, "", 312328),
        condition(1, DAY, None, 312329),
        condition(1, DAY, None, 0, condition_source_concept_id=45),
        condition(1, DAY, None, 0),
        condition(1, DAY, "J45.9", 0),
    ]
    assert {code for (code,) in rows(made(cdm(condition_occurrence=conditions)), "diagnoses", "code")} == {
        "I21.9", "312328", "312329", "45", "J45.9",
    }  # fmt: skip
    converted = made(cdm(condition_occurrence=conditions), prefer="concept", code_systems={"diagnoses": "icd10"})
    assert {code for (code,) in rows(converted, "diagnoses", "code")} == {"312327", "312328", "312329", "45", "J459"}
    assert rejected(converted, "condition_occurrence") == {"no code": 1}


def test_a_primary_diagnosis_is_the_main_one(made: Made):
    status = [32902, 32901, 32903, 32908, 0, None]
    conditions = [condition(1, DAY, f"C{i}", 1, condition_status_concept_id=each) for i, each in enumerate(status)]
    found = rows(made(cdm(condition_occurrence=conditions)), "diagnoses", "code", "position")
    assert sorted(found) == list(
        zip([f"C{i}" for i in range(6)], ["main", "main", "main", "other", None, None], strict=True)
    )


def test_rows_that_break_a_rule_are_rejected_as_they_were(made: Made):
    conditions = [
        condition(1, DAY, "I21", 1, note="fine"),
        condition(None, DAY, "I21", 1, note="a"),
        condition(1, None, "I21", 1, note="b"),
        condition(1, date(1900, 1, 1), "I21", 1, note="c"),
        condition(1, date(2030, 1, 1), "I21", 1, note="d"),
        condition(1, date(1950, 4, 29), "I21", 1, note="e"),
        condition(77, DAY, "I21", 1, note="f"),
    ]
    converted = made(cdm(condition_occurrence=conditions))
    rejected_rows = pl.read_parquet(converted.folder / "rejected" / "condition_occurrence.parquet").sort("note")
    assert rejected_rows["rule"].to_list() == [
        "no person",
        "no date",
        "date stands for unknown",
        "after the last day of data",
        "before birth",
        "person is not in persons",
    ]
    assert rejected_rows.columns == ["rule", *conditions[0]]


def test_eras_are_read_only_without_occurrences(made: Made):
    era = [{"person_id": 1, "condition_concept_id": 5, "condition_era_start_date": DAY, "condition_era_end_date": DAY}]
    nothing = pl.DataFrame(
        schema={"person_id": pl.Int64, "condition_start_date": pl.Date, "condition_concept_id": pl.Int64}
    )
    with_both = made(cdm(condition_era=era, condition_occurrence=[condition(1, DAY, "I21", 1)]))
    assert rows(with_both, "diagnoses", "code") == [("I21",)]
    assert with_both.account.ignored == ("condition_era",)
    for tables in (cdm(condition_era=era), {**cdm(condition_era=era), "condition_occurrence": nothing}):
        converted = made(tables)
        assert rows(converted, "diagnoses", "code", "end_date", "value") == [("5", DAY, None)]
        assert converted.account.ignored == ()


def test_a_code_in_several_units_becomes_several_codes(made: Made):
    def measured(code: str, value: float, unit: str | None, concept: int | None) -> dict[str, object]:
        return {
            "person_id": 1,
            "measurement_date": DAY,
            "measurement_source_value": code,
            "measurement_concept_id": 0,
            "value_as_number": value,
            "unit_source_value": unit,
            "unit_concept_id": concept,
        }

    given = [
        measured("hdl", 1.5, "mmol/L", 8753),
        measured("hdl", 58, None, 8840),
        measured("hdl", 2, None, None),
        measured("weight", 70, "kg", None),
        measured("weight", 71, None, None),
        measured("odd", 1, None, 99),
        measured("bare", 1, None, 0),
    ]
    converted = made(cdm(measurement=given))
    found = sorted(rows(converted, "measurements", "code", "value"))
    assert found == [
        ("bare", 1.0),
        ("hdl_mg_dl", 58.0),
        ("hdl_mmol_l", 1.5),
        ("hdl_no_unit", 2.0),
        ("odd", 1.0),
        ("weight", 70.0),
        ("weight_no_unit", 71.0),
    ]
    units = open_registers(converted.folder).manifest.tables["measurements"].units
    assert units == {"hdl_mg_dl": "mg/dL", "hdl_mmol_l": "mmol/L", "odd": "concept 99", "weight": "kg"}


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_folder_of_text_in_capitals_is_read_too(made: Made, tmp_path: Path, separator: str):
    folder = tmp_path / "cdm"
    folder.mkdir()
    given = cdm(condition_occurrence=[condition(1, DAY, "I21", 1, visit_occurrence_id=None)], cdm_source=[
        {"cdm_source_name": "A long name", "cdm_source_abbreviation": "SHORT"}
    ])  # fmt: skip
    for name, frame in given.items():
        frame.rename(str.upper).write_csv(folder / f"{name.upper()}.csv", separator=separator)
    (folder / "readme.md").write_text("not a table")
    converted = made(folder)
    assert rows(converted, "diagnoses", "person_id", "date", "code") == [(1, DAY, "I21")]
    assert open_registers(converted.folder).manifest.name == "SHORT"


def test_days_are_read_however_they_are_written(made: Made):
    days = ["2015-03-01", "20150301", "2015-03-01 10:00:00", " 2015-03-01T10:00:00Z"]
    texts = pl.DataFrame([condition(1, None, "I21", 1)] * 4).with_columns(condition_start_date=pl.Series(days))
    assert rows(made({**cdm(), "condition_occurrence": texts}), "diagnoses", "date") == [(DAY,)] * 4
    moments = pl.DataFrame([{**condition(1, None, "I21", 1), "condition_start_datetime": datetime(2015, 3, 1, 10)}])  # noqa: DTZ001
    assert rows(made({**cdm(), "condition_occurrence": moments}), "diagnoses", "date") == [(DAY,)]


def test_parts_of_a_table_in_a_folder_are_one_table(made: Made, tmp_path: Path):
    folder = tmp_path / "cdm"
    for name, frame in cdm().items():
        (folder / f"{name}.parquet").mkdir(parents=True)
        frame.head(1).write_parquet(folder / f"{name}.parquet" / "part-0.parquet")
        frame.tail(-1).write_parquet(folder / f"{name}.parquet" / "part-1.parquet")
    assert made(folder).account.rows_of("person", "kept") == 3


def test_a_database_is_read_in_the_same_way(made: Made, tmp_path: Path):
    given = cdm(
        condition_occurrence=[condition(1, DAY, "I21", 1, visit_occurrence_id=10)],
        visit_occurrence=[visit(10, 1, 9201, DAY, DAY)],
    )
    url = f"sqlite:///{tmp_path / 'cdm.sqlite'}"
    for name, frame in given.items():
        frame.write_database(name, url, engine="adbc")
    converted = made(url)
    assert rows(converted, "diagnoses", "person_id", "date", "code", "setting") == [(1, DAY, "I21", "inpatient")]
