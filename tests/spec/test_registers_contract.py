"""What the data contract means: types at the door, days on which rows were known, ranges, one row for equal rows."""

from __future__ import annotations

import pickle
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
from riskstrat.registers.manifest import read_manifest
from small_registers import BuildRegisters, write_register_folder

PERSON = {"person_id": 1, "birth_date": date(1950, 1, 1)}
EVENT = {"person_id": 1, "date": date(2015, 5, 5), "code": "I639"}


def rewrite(folder: Path, table: str, **columns: pl.Expr) -> None:
    path = folder / f"{table}.parquet"
    pl.read_parquet(path).with_columns(**columns).write_parquet(path)


def test_optional_columns_are_there_as_nulls_in_the_order_of_the_contract(tmp_path: Path):
    write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[EVENT])
    path = tmp_path / "registers" / "diagnoses.parquet"
    pl.read_parquet(path).select("code", "date", "person_id", extra=pl.lit(1)).write_parquet(path)
    rows = open_registers(tmp_path / "registers").scan("diagnoses").collect()
    assert rows.columns == ["person_id", "date", "code", "value", "end_date", "known_on", "setting", "position"]
    assert rows.row(0) == (1, date(2015, 5, 5), "I639", None, None, None, None, None)


def test_types_that_lose_nothing_are_cast_at_the_door(tmp_path: Path):
    write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[{**EVENT, "value": 3.0}])
    rewrite(
        tmp_path / "registers",
        "diagnoses",
        person_id=pl.col("person_id").cast(pl.UInt64),
        date=pl.col("date").cast(pl.Datetime("us")),
        code=pl.col("code").cast(pl.Categorical),
        value=pl.col("value").cast(pl.Int16),
        setting=pl.lit("primary").cast(pl.Enum(["primary"])),
        end_date=pl.lit(None),
    )
    rewrite(tmp_path / "registers", "persons", person_id=pl.col("person_id").cast(pl.Int32))
    registers = open_registers(tmp_path / "registers")
    rows = registers.scan("diagnoses").collect()
    assert list(rows.schema.values()) == [
        pl.Int64, pl.Date, pl.String, pl.Float64, pl.Date, pl.Date, pl.String, pl.String
    ]  # fmt: skip
    assert rows.select("person_id", "date", "code", "value", "setting").row(0) == (
        1, date(2015, 5, 5), "I639", 3.0, "primary"
    )  # fmt: skip
    assert registers.scan("persons").collect().schema["person_id"] == pl.Int64


def test_a_range_of_people_includes_both_ends(build_registers: BuildRegisters):
    people = [{**PERSON, "person_id": number} for number in (1, 3, 5, 7)]
    registers = build_registers(
        persons=people, diagnoses=[{**EVENT, "person_id": person["person_id"]} for person in people]
    )
    for table in ("persons", "residences", "diagnoses"):
        found = registers.scan(table, people=(3, 6)).collect()["person_id"].sort().to_list()
        assert found == [3, 5]


KNOWN = {
    "its own day": ({"known_on": date(2015, 8, 1), "setting": "inpatient"}, date(2015, 8, 1)),
    "the delay of its setting": ({"setting": "primary"}, date(2015, 6, 4)),
    "another setting": ({"setting": "death"}, date(2015, 11, 1)),
    "from the end of an inpatient stay": (
        {"setting": "inpatient", "end_date": date(2015, 5, 20)},
        date(2015, 5, 20) + timedelta(days=90),
    ),
    "an inpatient stay without an end": ({"setting": "inpatient"}, date(2015, 5, 5) + timedelta(days=90)),
    "the end of other spells does not matter": (
        {"setting": "primary", "end_date": date(2015, 5, 20)},
        date(2015, 6, 4),
    ),
    "a setting without a delay waits for the longest": ({"setting": "school"}, date(2015, 11, 1)),
    "no setting waits for the longest": ({}, date(2015, 11, 1)),
}


@pytest.mark.parametrize(("fields", "known"), KNOWN.values(), ids=KNOWN.keys())
def test_a_row_is_known_on(build_registers: BuildRegisters, fields: dict[str, object], known: date):
    registers = build_registers(
        persons=[PERSON],
        manifest={"diagnoses": {"delay_days": {"inpatient": 90, "primary": 30, "death": 180}}},
        diagnoses=[{**EVENT, **fields}],
    )
    days = registers.scan("diagnoses").select(registers.known_on("diagnoses")).collect()
    assert days.to_series().to_list() == [known]
    assert days.to_series().dtype == pl.Date


def test_one_delay_for_a_whole_table(build_registers: BuildRegisters):
    registers = build_registers(persons=[PERSON], manifest={"contacts": {"delay_days": 30}}, contacts=[EVENT])
    assert registers.scan("contacts").select(registers.known_on("contacts")).collect().item() == date(2015, 6, 4)


def test_codes_and_how_they_match(build_registers: BuildRegisters):
    registers = build_registers(persons=[PERSON], diagnoses=[EVENT, {**EVENT, "code": "A00"}, EVENT], contacts=[])
    assert registers.codes("diagnoses") == ("A00", "I639")
    assert registers.codes("contacts") == ()
    assert registers.prefix_matching("diagnoses")
    assert not registers.prefix_matching("contacts")


def test_a_folder_without_areas_opens(build_registers: BuildRegisters):
    registers = build_registers(persons=[PERSON], diagnoses=[])
    assert not registers.has("areas")
    assert registers.geometry is None
    assert registers.tables == ("persons", "residences", "diagnoses")


def test_the_fingerprint_follows_the_data_and_the_manifest_but_not_the_place(tmp_path: Path):
    def fingerprint(name: str, code: str = "I639", delay: int = 0) -> str:
        write_register_folder(
            tmp_path / name,
            persons=[PERSON],
            manifest={"diagnoses": {"delay_days": delay}},
            diagnoses=[{**EVENT, "code": code}],
        )
        return open_registers(tmp_path / name).fingerprint

    first = fingerprint("first")
    assert first == fingerprint("second")
    assert len({first, fingerprint("third", code="I638"), fingerprint("fourth", delay=1)}) == 3


def test_registers_travel_to_other_processes(build_registers: BuildRegisters):
    registers = build_registers(persons=[PERSON], diagnoses=[EVENT])
    there = pickle.loads(pickle.dumps(registers))  # noqa: S301 - made here
    assert_frame_equal(there.scan("diagnoses").collect(), registers.scan("diagnoses").collect())
    assert there.fingerprint == registers.fingerprint


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path):
    manifest = Manifest(
        name='Modell"stad" \\ 1',
        data_end=date(2023, 12, 31),
        tables={
            "persons": TableManifest(),
            "residences": TableManifest(coverage_start=date(1999, 1, 1)),
            "diagnoses": TableManifest(
                file="par.parquet",
                code_system="icd10_se",
                coverage_start=date(2009, 1, 1),
                coverage_end=date(2022, 12, 31),
                delay_days={"inpatient": 90, "in between": 3},
                units={"weight kg": "kg"},
                source="åäö",
            ),
        },
    )
    write_registers(tmp_path / "folder", {}, manifest)
    assert read_manifest(tmp_path / "folder" / "registers.toml") == (manifest, ())
    assert manifest.covered("diagnoses") == (date(2009, 1, 1), date(2022, 12, 31))
    assert manifest.covered("persons") == (date.min, date(2023, 12, 31))
    assert manifest.tables["diagnoses"].longest_delay_days == 90


def test_tables_are_written_in_order_and_replace_what_was_there(tmp_path: Path):
    folder = tmp_path / "deep" / "folder"
    manifest = Manifest(name="x", data_end=date(2023, 12, 31), tables={"residences": TableManifest(file="r.parquet")})
    rows = pl.DataFrame({"person_id": [2, 1, 1], "start_date": [date(2015, 1, 1), date(2016, 1, 1), date(2015, 1, 1)]})
    write_registers(folder, {}, manifest, files={"old.txt": "old"})
    write_registers(folder, {"residences": rows}, manifest, files={"geometry.geojson": "{}"})
    assert sorted(path.name for path in folder.iterdir()) == [
        ".riskstrat.json", "geometry.geojson", "r.parquet", "registers.toml",
    ]  # fmt: skip
    assert_frame_equal(pl.read_parquet(folder / "r.parquet"), rows.sort("person_id", "start_date"))
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]


def test_geometry_is_found_and_is_no_table(tmp_path: Path):
    write_register_folder(tmp_path / "registers", persons=[PERSON])
    (tmp_path / "registers" / "geometry.geojson").write_text("{}")
    with (tmp_path / "registers" / "registers.toml").open("a") as manifest:
        manifest.write('\n[tables.geometry]\nfile = "geometry.geojson"\n')
    registers = open_registers(tmp_path / "registers")
    assert registers.geometry == tmp_path / "registers" / "geometry.geojson"
    assert not registers.has("geometry")
