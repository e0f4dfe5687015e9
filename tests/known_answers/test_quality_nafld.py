"""Faults of real data that were counted by others appear in the quality check (R survival, nafld; kept beside)."""

from datetime import date

import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat.disclosure import Disclosure
from riskstrat.publication.findings import PublishedFindings
from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
from small_registers import published_check

DATA = BESIDE / "realdata" / "nafld"
pytestmark = needs_beside("realdata/nafld", "LGPL")


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> PublishedFindings:
    people, born = pl.read_parquet(DATA / "persons.parquet"), pl.date("birth_year", 1, 1)
    sex = pl.col("sex").replace_strict({"F": "female", "M": "male"})
    tables = {
        "persons": people.select("person_id", "death_date", birth_date=born, sex=sex),
        "residences": people.select("person_id", start_date=born, end_date="end_of_followup_date"),
        "diagnoses": pl.read_parquet(DATA / "diagnoses.parquet"),
        "measurements": pl.read_parquet(DATA / "measurements.parquet"),
    }
    entry = TableManifest(coverage_start=date(1950, 1, 1), delay_days=0)
    manifest = Manifest(name="olmsted", data_end=date(2020, 12, 31), tables=dict.fromkeys(tables, entry))
    return published_check(
        open_registers(write_registers(tmp_path_factory.mktemp("quality") / "olmsted", tables, manifest)),
        Disclosure(rounding=1, protection="none"),
    )


def rows(quality: PublishedFindings, table: str, rule: str) -> int:
    return quality.table.filter(table=table, rule=rule)["rows"].item()


def test_duplicate_measurements_are_counted(quality: PublishedFindings):
    assert rows(quality, "measurements", "exact copy") == 3817


def test_diagnoses_after_the_end_of_follow_up_are_counted(quality: PublishedFindings):
    assert rows(quality, "diagnoses", "after the last residence") == 13


def test_birth_dates_known_to_the_year_pile_on_the_first_of_january(quality: PublishedFindings):
    pile = quality.table.filter(table="persons", rule="dates pile on a day")
    assert pile.select("about", "rows", "share").rows() == [("1 January", 17549, 1.0)]


def test_they_can_be_read(quality: PublishedFindings):
    assert "3,817 rows (0.9 %) are exact copies of another row" in " ".join(str(quality).split())
