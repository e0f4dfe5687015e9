"""Words of a register folder that name nothing: each is an error that says what was meant, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.quality import check
from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
from small_registers import write_register_folder

PERSON = {"person_id": 1, "birth_date": date(1950, 1, 1)}
EVENT = {"person_id": 1, "date": date(2015, 5, 5), "code": "I639"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a small folder without faults."""
    write_register_folder(tmp_path / "registers", persons=[PERSON], diagnoses=[EVENT])
    return tmp_path / "registers"


def rename(table: str, **names: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        pl.read_parquet(path).rename(names).write_parquet(path)

    return change


def say(old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "registers.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return change


MISSPELT = {
    "deathdate": (rename("persons", death_date="deathdate"), "persons.deathdate", "death_date"),
    "Death_Date": (rename("persons", death_date="Death_Date"), "persons.Death_Date", "death_date"),
    "date_of_death": (rename("persons", death_date="date_of_death"), "persons.date_of_death", "death_date"),
    "mother": (rename("persons", mother_id="mother"), "persons.mother", "mother_id"),
    "end": (rename("residences", end_date="end"), "residences.end", "end_date"),
    "care_center_id": (rename("residences", care_centre_id="care_center_id"), "residences.care_cent", "care_centre_id"),
    "knownon": (rename("diagnoses", known_on="knownon"), "diagnoses.knownon", "known_on"),
    "settings": (rename("diagnoses", setting="settings"), "diagnoses.settings", "setting"),
    "ICD-10": (say('"icd10_se"', '"ICD-10"'), "code_system: no code system 'ICD-10'", "icd10"),
    "icd10se": (say('"icd10_se"', '"icd10se"'), "no code system 'icd10se'", "icd10_se"),
    "code_sytem": (say("code_system", "code_sytem"), "no key 'code_sytem'", "code_system"),
    "dataend": (say("data_end", "dataend"), "no key 'dataend'", "data_end"),
    "inpat": (say("delay_days = 0", "delay_days = { inpat = 90 }"), "no setting 'inpat'", "inpatient"),
    "zone": (say("data_end", 'time_zone = "Europe/Stokholm"\ndata_end'), "no time zone", "Europe/Stockholm"),
    "area": (say("[tables.diagnoses]", "[tables.area]"), "no table 'area'", "areas"),
}


@pytest.mark.parametrize(("how", "where", "meant"), MISSPELT.values(), ids=MISSPELT.keys())
def test_a_misspelt_word_is_an_error_that_says_what_was_meant(
    folder: Path, how: Callable[[Path], object], where: str, meant: str
):
    how(folder)
    with pytest.raises(ContractError) as caught:
        open_registers(folder)
    found = [str(problem) for problem in caught.value.problems if where in str(problem)]
    assert len(found) == 1
    assert f"did you mean '{meant}'?" in found[0]


def test_a_code_system_of_another_name_is_told_to_be_exact(folder: Path):
    say('"icd10_se"', '"snomed"')(folder)
    with pytest.raises(ContractError, match=r"no code system 'snomed'.*write exact for codes of any other system"):
        open_registers(folder)


def test_harmless_columns_and_files_without_an_entry_are_listed(folder: Path):
    path = folder / "persons.parquet"
    pl.read_parquet(path).with_columns(shoe_size=38).write_parquet(path)
    events = folder / "diagnoses.parquet"
    pl.read_parquet(events).with_columns(date_precision=pl.lit("day")).write_parquet(events)
    pl.DataFrame({"person_id": [1]}).write_parquet(folder / "measurements.parquet")
    registers = open_registers(folder)
    assert registers.not_read == ("persons.shoe_size", "measurements.parquet")
    assert "persons.shoe_size" in repr(registers)
    notes = check(registers).findings.filter(rule="not read")
    assert notes.select("severity", "about").rows() == [
        ("note", "persons.shoe_size"),
        ("note", "measurements.parquet"),
    ]


def test_numbers_in_the_place_of_dates_are_named(folder: Path):
    path = folder / "diagnoses.parquet"
    seconds = int(datetime(2015, 5, 5, tzinfo=UTC).timestamp())
    for number, unit in ((seconds, "seconds"), (seconds * 1000, "milliseconds"), (16560, "days since 1970")):
        pl.read_parquet(path).with_columns(date=pl.lit(number)).write_parquet(path)
        with pytest.raises(ContractError, match=f"numbers that look like {unit}"):
            open_registers(folder)


@pytest.mark.parametrize(
    ("born", "unit", "precision"),
    [
        (1950, "years", "year"),
        (195007, "months written", "month"),
        ("1950", "years", "year"),
        (" 195007", "months written", "month"),
    ],
)
def test_a_year_of_birth_is_told_as_one_and_the_remedy_works(folder: Path, born: int | str, unit: str, precision: str):
    path = folder / "persons.parquet"
    persons = pl.read_parquet(path)
    persons.with_columns(birth_date=pl.lit(born)).write_parquet(path)
    wanted = (
        f"look like {unit}.*; write a day within each {precision}, such as .*; say '{precision}' in birth_date_prec"
    )
    with pytest.raises(ContractError, match=wanted):
        open_registers(folder)
    persons.with_columns(birth_date=date(1950, 7, 1), birth_date_precision=pl.lit(precision)).write_parquet(path)
    assert open_registers(folder).has("persons")


def test_no_person_is_an_error(folder: Path):
    for table in ("persons", "residences"):
        path = folder / f"{table}.parquet"
        pl.read_parquet(path).clear().write_parquet(path)
    with pytest.raises(ContractError, match=r"persons: no row; expected at least one person"):
        open_registers(folder)


def test_a_table_that_is_asked_for_by_another_name(folder: Path):
    with pytest.raises(UsageError, match=r"no table 'diagnosis'.*did you mean 'diagnoses'?"):
        open_registers(folder).scan("diagnosis")


def test_a_table_without_an_entry_is_not_written(tmp_path: Path):
    manifest = Manifest(name="x", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})
    with pytest.raises(UsageError, match=r"no table of the manifest 'person'.*did you mean 'persons'?"):
        write_registers(tmp_path / "out", {"person": pl.DataFrame({"person_id": [1]})}, manifest)
    assert not (tmp_path / "out").exists()
