"""A moment that has a zone or an offset is its local day, at every door; the clock's changes are in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.intake import from_meds, from_omop
from riskstrat.registers import Registers, open_registers
from riskstrat.registers.days import STOCKHOLM, counted, local_text
from riskstrat.registers.manifest import Manifest, TableManifest, to_toml
from small_extracts import rows as rows_of
from small_extracts import run_intake
from small_registers import write_register_folder

PERSON = {"person_id": 1, "birth_date": date(1950, 1, 1)}
MOMENTS = {
    "2015-06-30T22:30:00Z": date(2015, 7, 1),
    "2015-06-30T21:30:00Z": date(2015, 6, 30),
    "2015-12-31T23:00:00Z": date(2016, 1, 1),
    "2015-12-31T22:59:59Z": date(2015, 12, 31),
    "2015-03-28T23:00:00Z": date(2015, 3, 29),  # the clock goes forward in this night
    "2015-03-29T21:59:59Z": date(2015, 3, 29),
    "2015-03-29T22:00:00Z": date(2015, 3, 30),
    "2015-10-24T22:00:00Z": date(2015, 10, 25),  # and back in this one
    "2015-10-25T22:59:59Z": date(2015, 10, 25),
    "2015-10-25T23:00:00Z": date(2015, 10, 26),
}
UTC_MOMENTS = [datetime.fromisoformat(text) for text in MOMENTS]
WRITTEN = {
    "2015-06-30 22:30+00": "2015-07-01",
    "2015-06-30T23:30:00.123+02:00": "2015-06-30",
    "20150630T223000Z": "2015-07-01",
    "2015-07-01T01:30:00+0530": "2015-06-30",
    "2015-06-30T19:30:00-0500[America/Lima]": "2015-07-01",
    "2015-06-30Z": "2015-06-30",
    "2015-06-30+02:00": "2015-06-30",
    "9999-12-31T23:59:59Z": "9999-12-31",
}
OTHERS = ["2015-06-30", "20150630-0123", "2015-06-30 22:30", "20150600", "2015-13-01T10:00Z", "?", ""]


def test_texts_with_an_offset_are_local_days_and_others_stay():
    texts = pl.DataFrame({"text": [*MOMENTS, *WRITTEN, *OTHERS]})
    found = texts.select(local_text(pl.col("text"), STOCKHOLM)).to_series().to_list()
    assert found == [*map(str, MOMENTS.values()), *WRITTEN.values(), *OTHERS]


def zoned(zone: str) -> pl.Series:
    return pl.Series(UTC_MOMENTS, dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)


def days_in(registers: Registers) -> list[date]:
    return registers.scan("diagnoses").sort("value").collect()["date"].to_list()


def events(day: pl.Series | list[str]) -> pl.DataFrame:
    return pl.DataFrame({"person_id": 1, "date": day, "code": "I21", "value": range(len(MOMENTS))})


@pytest.mark.parametrize("zone", ["UTC", "Europe/Stockholm", "Asia/Tokyo"])
def test_parquet_and_frames(tmp_path: Path, zone: str):
    tables = write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[])
    events(zoned(zone)).write_parquet(tmp_path / "registers" / "diagnoses.parquet")
    folder = open_registers(tmp_path / "registers")
    frames = open_registers({**tables, "diagnoses": events(zoned(zone))}, manifest=folder.manifest)
    assert days_in(folder) == days_in(frames) == list(MOMENTS.values())


def test_the_zone_is_one_of_the_manifest(tmp_path: Path):
    tables = write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[])
    manifest = open_registers(tmp_path / "registers").manifest.model_copy(update={"time_zone": "UTC"})
    registers = open_registers({**tables, "diagnoses": events(zoned("Asia/Tokyo"))}, manifest=manifest)
    assert days_in(registers) == [moment.date() for moment in UTC_MOMENTS]
    assert 'time_zone = "UTC"' in to_toml(manifest)


def test_databases(tmp_path: Path):
    tables = write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[])
    said = (tmp_path / "registers" / "registers.toml").read_text()
    given = {**tables, "diagnoses": events(zoned("UTC")), "riskstrat_manifest": pl.DataFrame({"toml": [said]})}
    with duckdb.connect(str(tmp_path / "registers.duckdb")) as connection:
        for name, frame in given.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')  # noqa: S608
            connection.unregister("given")
    assert days_in(open_registers(f"duckdb:///{tmp_path / 'registers.duckdb'}")) == list(MOMENTS.values())


def cdm(day: object) -> dict[str, pl.DataFrame]:
    person = pl.DataFrame({"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]})
    span = {"observation_period_start_date": [date(2010, 1, 1)], "observation_period_end_date": [date(2020, 12, 31)]}
    conditions = pl.DataFrame(
        {
            "person_id": 1,
            "condition_start_date": day,
            "condition_concept_id": 1,
            "condition_source_value": [f"{number:02d}" for number in range(len(MOMENTS))],
        }
    )
    period = pl.DataFrame({"person_id": [1], **span})
    return {"person": person, "observation_period": period, "condition_occurrence": conditions}


def days_of_codes(folder: Path, table: str) -> list[date]:
    return open_registers(folder).scan(table).sort("code").collect()["date"].to_list()


SECONDS = [moment.timestamp() for moment in UTC_MOMENTS]
KEPT_AS = {
    "moments with a zone": zoned("Asia/Tokyo"),
    "texts": list(MOMENTS),
    "seconds since 1970": SECONDS,
    "milliseconds since 1970": [int(second * 1000) for second in SECONDS],
    "days since 1970": [(day - date(1970, 1, 1)).days for day in MOMENTS.values()],
    "Julian days": [(day - date(1970, 1, 1)).days + 2_440_587.5 for day in MOMENTS.values()],
    "YYYYMMDD": [int(f"{day:%Y%m%d}") for day in MOMENTS.values()],
}


@pytest.mark.parametrize("day", KEPT_AS.values(), ids=KEPT_AS.keys())
def test_omop(tmp_path: Path, day: object):
    result = from_omop(cdm(day), tmp_path / "out")
    assert days_of_codes(result.folder, "diagnoses") == list(MOMENTS.values())


def test_omop_in_another_zone(tmp_path: Path):
    result = from_omop(cdm(zoned("Asia/Tokyo")), tmp_path / "out", time_zone="UTC")
    assert days_of_codes(result.folder, "diagnoses") == [moment.date() for moment in UTC_MOMENTS]


def test_omop_in_sqlite_keeps_dates_as_numbers(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "cdm.sqlite")) as connection:
        for name, frame in cdm(SECONDS).items():
            epoch = frame.with_columns(pl.col(pl.Date).dt.epoch("s").cast(pl.Float64))
            connection.execute(f'CREATE TABLE "{name}" ({", ".join(frame.columns)})')
            marks = ", ".join("?" * frame.width)
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', epoch.iter_rows())  # noqa: S608
        connection.commit()
    result = from_omop(f"sqlite:///{tmp_path / 'cdm.sqlite'}", tmp_path / "out")
    assert days_of_codes(result.folder, "diagnoses") == list(MOMENTS.values())
    spell = open_registers(result.folder).scan("residences").collect()
    assert spell.select("start_date", "end_date").row(0) == (date(2010, 1, 1), date(2020, 12, 31))


@pytest.mark.parametrize("first", [300_000, 1_990, 201_501])
def test_numbers_that_may_be_anything_are_refused(tmp_path: Path, first: int):
    with pytest.raises(ContractError, match=r"condition_occurrence\.condition_start_date: numbers that count no days"):
        from_omop(cdm([first + number for number in range(len(MOMENTS))]), tmp_path / "out")


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [
        ((-25_567, 47_482), "days since 1970"),
        ((-2_208_988_800, 1_700_000_000), "seconds since 1970"),
        ((-2_208_988_800_000, 1_700_000_000_000), "milliseconds since 1970"),
        ((2_415_020.5, 2_460_309.5), "Julian days"),
        ((19000101, 20231231), "days written YYYYMMDD"),
        ((1801, 2100), "years"),
        ((1801, 2101), "days since 1970"),
        ((195_001, 202_312), "months written YYYYMM"),
        ((0, 300_000), None),
    ],
)
def test_what_numbers_count(numbers: tuple[float, float], unit: str | None):
    assert counted(*numbers) == unit


def write_meds(folder: Path, time: pl.Series) -> Path:
    born = pl.Series([None, datetime(1950, 5, 6, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC"))
    rows = pl.DataFrame(
        {
            "subject_id": 1,
            "time": pl.concat([born.dt.convert_time_zone(time.dtype.time_zone), time]),
            "code": ["GENDER//F", "MEDS_BIRTH", *(f"ATC/{number:02d}" for number in range(len(time)))],
            "numeric_value": 1.0,
        }
    )
    (folder / "data").mkdir(parents=True)
    rows.write_parquet(folder / "data" / "0.parquet")
    return folder


def test_meds(tmp_path: Path):
    result = from_meds(write_meds(tmp_path / "meds", zoned("Asia/Tokyo")), tmp_path / "out")
    assert days_of_codes(result.folder, "atc") == list(MOMENTS.values())
    in_utc = from_meds(tmp_path / "meds", tmp_path / "utc", time_zone="UTC")
    assert days_of_codes(in_utc.folder, "atc") == [moment.date() for moment in UTC_MOMENTS]


def test_meds_without_times_is_refused(tmp_path: Path):
    path = write_meds(tmp_path / "meds", zoned("UTC")) / "data" / "0.parquet"
    pl.read_parquet(path).with_columns(pl.col("time").dt.epoch("s")).write_parquet(path)
    with pytest.raises(ContractError, match=r"time of type Int64"):
        from_meds(tmp_path / "meds", tmp_path / "out")


def test_an_unknown_zone_is_refused(tmp_path: Path):
    for convert in (from_omop, from_meds):
        with pytest.raises(UsageError, match=r"did you mean 'Europe/Stockholm'?"):
            convert(tmp_path / "in", tmp_path / "out", time_zone="Europe/Stokholm")
    with pytest.raises(UsageError, match=r"no time zone 'Sweden'"):
        Manifest(name="x", data_end=date(2023, 12, 31), tables={"persons": TableManifest()}, time_zone="Sweden")


def test_raw_extracts_in_text_and_parquet(tmp_path: Path):
    drugs = "LopNr;ATC;EDATUM;ANTAL;forpddd\n" + "".join(
        f"1;N02BE{number:02d};{text};1;10\n" for number, text in enumerate(MOMENTS)
    )
    found = run_intake(tmp_path / "text", {"LMED_2015.csv": drugs})
    assert [row[1] for row in rows_of(found, "prescriptions", "code", "date")] == list(MOMENTS.values())
    in_parquet = pl.DataFrame(
        {
            "LopNr": 1,
            "ATC": [f"N02BE{number:02d}" for number in range(len(MOMENTS))],
            "EDATUM": zoned("Asia/Tokyo"),
            "ANTAL": 1,
            "forpddd": 10,
        }
    )
    (tmp_path / "parquet" / "raw").mkdir(parents=True)
    in_parquet.write_parquet(tmp_path / "parquet" / "raw" / "LMED_2015.parquet")
    found = run_intake(tmp_path / "parquet", {})
    assert [row[1] for row in rows_of(found, "prescriptions", "code", "date")] == list(MOMENTS.values())
