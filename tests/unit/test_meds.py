"""A tiny MEDS dataset, made by the published schema, as a register folder: what becomes of each row."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.intake.conversion import ConversionResult
from riskstrat.intake.meds import from_meds
from riskstrat.registers.opening import open_registers

SCHEMA = {
    "subject_id": pl.Int64,
    "time": pl.Datetime("us"),
    "code": pl.String,
    "numeric_value": pl.Float32,
}
Row = tuple[int | None, datetime | None, str | None, float | None]
Made = Callable[..., ConversionResult]


def at(year: int, month: int = 1, day: int = 1, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour)  # noqa: DTZ001 - MEDS has no time zones


def born(subject: int, year: int = 1950, sex: str = "GENDER//F") -> list[Row]:
    return [(subject, None, sex, None), (subject, at(year, 5, 6, 7), "MEDS_BIRTH", None)]


USUAL: list[Row] = [
    *born(1),
    (1, at(2012, 1, 1, 8), "ICD10CM/I21.9", None),
    (1, at(2012, 1, 1, 9), "ICD10CM//E11", None),
    (1, at(2013, 1, 1), "LOINC/8480-6", 141.5),
    (1, at(2014, 1, 1), "MEDS_DEATH", None),
    *born(2, 1960, "Gender/8507"),
    (2, at(2011, 1, 1), "ATC/C10AA05", 98.0),
    (2, at(2015, 1, 1), "visit", None),
]


def write(folder: Path, shards: dict[str, list[Row]], **metadata: object) -> Path:
    for name, rows in shards.items():
        path = folder / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path)
    (folder / "metadata").mkdir(parents=True, exist_ok=True)
    said = {"dataset_name": "tiny", "dataset_version": "1", "meds_version": "0.4.0", **metadata}
    (folder / "metadata" / "dataset.json").write_text(json.dumps(said))
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(rows: list[Row] = USUAL, **given: object) -> ConversionResult:
        write(tmp_path / "meds", {"train/0": rows})
        converted = from_meds(tmp_path / "meds", tmp_path / "registers", **{"max_rejected_share": 1, **given})
        for place in converted.account.counts["dataset"].unique():
            ended = sum(converted.account.rows_of(place, outcome) for outcome in ("kept", "rejected", "merged"))
            assert converted.account.rows_of(place, "read") == ended, place
        read = converted.account.counts.filter(pl.col("dataset") != "subject", outcome="read")["rows"].sum()
        assert read == len(rows)
        assert open_registers(converted.folder).rejected().is_empty()
        return converted

    return make


def rows(converted: ConversionResult, table: str, *columns: str) -> list[tuple[object, ...]]:
    return open_registers(converted.folder).scan(table).sort(columns).select(columns).collect().rows()


def rejected(converted: ConversionResult, place: str) -> dict[str, int]:
    found = converted.account.counts.filter(dataset=place, outcome="rejected")
    return dict(zip(found["rule"], found["rows"], strict=True))


def test_births_deaths_and_static_rows_make_persons(made: Made):
    found = rows(made(), "persons", "person_id", "birth_date", "birth_date_precision", "sex", "death_date")
    assert found == [
        (1, date(1950, 5, 6), "day", "female", date(2014, 1, 1)),
        (2, date(1960, 5, 6), "day", "male", None),
    ]


def test_each_vocabulary_is_a_table_with_its_code_system(made: Made):
    converted = made()
    registers = open_registers(converted.folder)
    assert registers.tables == ("persons", "residences", "atc", "events", "icd10cm", "loinc")
    assert rows(converted, "icd10cm", "person_id", "date", "code") == [
        (1, date(2012, 1, 1), "E11"),
        (1, date(2012, 1, 1), "I219"),
    ]
    assert rows(converted, "loinc", "code", "value") == [("8480-6", 141.5)]
    assert rows(converted, "atc", "code", "value") == [("C10AA05", 98.0)]
    assert rows(converted, "events", "code") == [("visit",)]
    assert registers.manifest.name == "tiny 1"
    assert registers.prefix_matching("icd10cm")
    assert not registers.prefix_matching("loinc")
    assert registers.manifest.covered("atc") == (date(2011, 1, 1), date(2015, 1, 1))


def test_vocabularies_may_become_other_tables(made: Made):
    converted = made(tables={"ICD10CM": "diagnoses", "ATC": "prescriptions"})
    assert open_registers(converted.folder).tables[2:] == ("diagnoses", "events", "loinc", "prescriptions")
    for taken in ("persons", "geometry", "birth", "death", "sex", "subject"):
        with pytest.raises(UsageError, match=f"the table '{taken}'"):
            made(tables={"ICD10CM": taken})
    with pytest.raises(UsageError, match=r"\.\./x"):
        made(tables={"ICD10CM": "../x"})


def test_vocabularies_named_like_tables_of_people_are_told_apart(made: Made):
    converted = made(
        [*USUAL, (2, at(2012), "Persons//x", None), (2, at(2012), "9/x", None), (2, at(2012), "SUBJECT/x", None)]
    )
    assert {"meds_persons", "meds_9", "meds_subject"} <= set(open_registers(converted.folder).tables)


@pytest.mark.parametrize(
    ("follow_up", "ends"),
    [("events", [date(2014, 1, 1), date(2012, 1, 1)]), ("data_end", [date(2014, 1, 1), date(2016, 1, 1)])],
)
def test_observation_lasts_as_long_as_is_said(made: Made, follow_up: str, ends: list[date]):
    given: list[Row] = [*USUAL[:-1], (2, at(2012), "x", None), *born(3), (3, at(2016), "x", None)]
    converted = made(given, follow_up=follow_up)
    assert rows(converted, "residences", "person_id", "start_date", "end_date") == [
        (1, date(2012, 1, 1), ends[0]),
        (2, date(2011, 1, 1), ends[1]),
        (3, date(2016, 1, 1), date(2016, 1, 1)),
    ]


def test_subjects_who_are_not_taken_are_counted_and_so_are_their_rows(made: Made):
    given: list[Row] = [
        *born(1),
        (1, at(2015), "x", None),
        (2, at(1950), "MEDS_BIRTH", None),
        (2, at(2014), "x", None),
        (3, None, "GENDER/M", None),
        (3, at(2014), "MEDS_DEATH", None),
        *born(4, sex="GENDER/unknown"),
        *born(5),
        (5, None, "GENDER/M", None),
        *born(6, 2020),
        (None, at(2014), "x", None),
        *born(7)[:1],
        (7, at(1900), "MEDS_BIRTH", None),
    ]
    converted = made(given, data_end=date(2016, 1, 1))
    assert rejected(converted, "subject") == {
        "no birth": 1,
        "neither female nor male": 2,
        "both female and male": 1,
        "born after the last day of data": 1,
        "no person": 1,
        "date stands for unknown": 1,
    }
    assert rejected(converted, "events") == {"person is not in persons": 1, "no person": 1}
    assert rejected(converted, "death") == {"person is not in persons": 1}
    assert rejected(converted, "birth") == {"person is not in persons": 5}
    assert rejected(converted, "sex") == {"person is not in persons": 5, "neither female nor male": 1}


def test_rows_that_break_a_rule_are_rejected_as_they_were(made: Made):
    given: list[Row] = [
        *USUAL,
        (1, None, "RACE/x", None),
        (1, at(2012), None, 3.0),
        (1, at(1940), "x", None),
        (1, at(1900), "x", None),
        (1, at(2016), "MEDS_DEATH", None),
        (1, at(1951), "MEDS_BIRTH", None),
        (1, None, "MEDS_BIRTH", None),
        (2, at(2030), "x", None),
    ]
    converted = made(given, data_end=date(2020, 1, 1))
    assert rejected(converted, "race") == {"no date": 1}
    assert rejected(converted, "death") == {"a later death of the same person": 1}
    assert rejected(converted, "birth") == {"a later birth of the same person": 1, "no date": 1}
    rejected_rows = pl.read_parquet(converted.folder / "rejected" / "events.parquet").sort("rule")
    assert rejected_rows.columns == ["rule", *SCHEMA]
    assert rejected_rows["rule"].to_list() == [
        "after the last day of data",
        "before birth",
        "date stands for unknown",
        "no code",
    ]
    assert rejected_rows.filter(rule="no code")["numeric_value"].to_list() == [3.0]


def test_codes_that_mean_birth_or_death_by_their_parents_are_known(tmp_path: Path):
    given: list[Row] = [(1, None, "SEX/f", None), (1, at(1950), "REG/born", None), (1, at(2014), "REG/died", None)]
    folder = write(tmp_path / "meds", {"0": given})
    parents = {"REG/born": ["MEDS_BIRTH"], "REG/died": ["X/y", "MEDS_DEATH"], "SEX/f": None}
    codes = pl.DataFrame({"code": list(parents), "description": "", "parent_codes": list(parents.values())})
    codes.write_parquet(folder / "metadata" / "codes.parquet")
    converted = from_meds(folder, tmp_path / "out")
    assert rows(converted, "persons", "birth_date", "death_date") == [(date(1950, 1, 1), date(2014, 1, 1))]


def test_shards_with_properties_of_their_own_are_one_dataset(tmp_path: Path):
    folder = write(tmp_path / "meds", {"train/0": USUAL[:6], "tuning/0": USUAL[6:]})
    path = folder / "data" / "tuning" / "0.parquet"
    wider = pl.read_parquet(path).with_columns(pl.col("numeric_value").cast(pl.Float64), text_value=pl.lit("x"))
    wider.write_parquet(path)
    assert from_meds(folder, tmp_path / "out").account.rows_of("subject", "kept") == 2


def test_what_cannot_be_read_is_told(tmp_path: Path):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="MEDS dataset"):
        from_meds(tmp_path / "nothing", out)
    folder = write(tmp_path / "meds", {"0": USUAL})
    (folder / "metadata" / "dataset.json").write_text("{")
    with pytest.raises(ContractError, match="JSON"):
        from_meds(folder, out)
    (folder / "metadata" / "dataset.json").unlink()
    (folder / "metadata" / "codes.parquet").write_bytes(b"no")
    with pytest.raises(ContractError, match="metadata"):
        from_meds(folder, out)
    (folder / "metadata" / "codes.parquet").unlink()
    pl.DataFrame({"patient_id": [1], "time": [at(2012)]}).write_parquet(folder / "data" / "0.parquet")
    with pytest.raises(ContractError) as refused_columns:
        from_meds(folder, out)
    assert {problem.column for problem in refused_columns.value.problems} == {"subject_id", "code", "numeric_value"}
    write(folder, {"0": born(1)})
    with pytest.raises(ContractError, match="no event with a date"):
        from_meds(folder, out)
    (folder / "data" / "1.parquet").write_bytes(b"PAR1")
    with pytest.raises(ContractError, match="cannot be read"):
        from_meds(folder, out)
    assert not out.exists()


def test_identity_numbers_stop_it(made: Made):
    with pytest.raises(ContractError, match="subject_id") as stopped:
        made([(201212121212, None, "GENDER/F", None), (201212121212, at(2012), "MEDS_BIRTH", None)])
    assert "201212121212" not in str(stopped.value)
