"""Small register folders: persons and rows in, open registers out; and a condition to evaluate on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from riskstrat.declare import Age, Condition, FirstEvent, LocalisedText, OnDate, Population, Wording
from riskstrat.disclosure import Disclosure
from riskstrat.files import RESULT_FILE
from riskstrat.publication.findings import PublishedFindings, publish_findings
from riskstrat.quality import check
from riskstrat.registers import Manifest, Registers, TableManifest, open_registers, write_registers

Rows = Sequence[Mapping[str, object]]
BuildRegisters = Callable[..., Registers]
MadeUp = Callable[..., Condition]

PERSONS = {
    "person_id": pl.Int64,
    "birth_date": pl.Date,
    "birth_date_precision": pl.String,
    "sex": pl.String,
    "death_date": pl.Date,
    "mother_id": pl.Int64,
    "father_id": pl.Int64,
    "birth_region": pl.String,
}
RESIDENCES = {
    "person_id": pl.Int64,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "area_id": pl.String,
    "care_centre_id": pl.String,
}
EVENTS = {
    "person_id": pl.Int64,
    "date": pl.Date,
    "code": pl.String,
    "value": pl.Float64,
    "end_date": pl.Date,
    "known_on": pl.Date,
    "setting": pl.String,
    "position": pl.String,
}
AREAS = {"area_id": pl.String, "name": pl.String, "municipality": pl.String}
AREA_FACTS = {"area_id": pl.String, "date": pl.Date, "code": pl.String, "value": pl.Float64, "known_on": pl.Date}
SCHEMAS = {"persons": PERSONS, "residences": RESIDENCES, "areas": AREAS, "area_facts": AREA_FACTS}
SYSTEMS = {"diagnoses": "icd10_se", "prescriptions": "atc"}


def write_register_folder(
    folder: Path,
    persons: Rows,
    residences: Rows | None = None,
    manifest: Mapping[str, Mapping[str, object]] | None = None,
    data_end: date = date(2023, 12, 31),
    **others: Rows,
) -> dict[str, pl.DataFrame]:
    """Write a register folder and return its tables in the order in which the rows were given.

    Everybody has lived in area A since 1999 or birth unless `residences` says otherwise; tables are covered from 2009
    to the end of 2023 and known the same day unless `manifest` says otherwise.
    """
    rows = {
        "persons": [{"sex": "female", **row} for row in persons],
        "residences": _at_home(persons) if residences is None else residences,
        **others,
    }
    tables = {name: pl.DataFrame(given, schema=SCHEMAS.get(name, EVENTS)) for name, given in rows.items()}
    said = {name: TableManifest(**_entry(name, (manifest or {}).get(name, {}))) for name in tables}
    write_registers(folder, tables, Manifest(name="registers", data_end=data_end, tables=said))
    (Path(folder) / RESULT_FILE).unlink()  # a folder of one's own, whose tables tests may change
    return tables


@pytest.fixture(scope="session")
def build_registers(tmp_path_factory: pytest.TempPathFactory) -> BuildRegisters:
    """Give a function that writes and opens a small register folder; `sort=False` leaves rows as they were given."""
    numbers = count()

    def build(persons: Rows, *, sort: bool = True, **given: object) -> Registers:
        folder = tmp_path_factory.mktemp("registers") / str(next(numbers))
        tables = write_register_folder(folder, persons, **given)
        if not sort:
            for name, frame in tables.items():
                frame.write_parquet(folder / f"{name}.parquet")
        return open_registers(folder)

    return build


@pytest.fixture(scope="session")
def made_up() -> MadeUp:
    """Give a function that declares a condition: stroke within two years of 1 June 2019, unless told otherwise."""
    text = LocalisedText(en="x", sv="x")

    def declare(**fields: object) -> Condition:
        usual = {
            "population": Population(),
            "index": OnDate(date=date(2019, 6, 1)),
            "outcome": FirstEvent(register="diagnoses", codes="I63"),
            "horizon": "2y",
        }
        wording = Wording(people=text, outcome=text, cases=text)
        return Condition(name="made_up", title=text, wording=wording, features=(Age(),), **{**usual, **fields})

    return declare


def _at_home(persons: Rows) -> Rows:
    return [
        {
            "person_id": row["person_id"],
            "start_date": max(row["birth_date"], date(1999, 1, 1)),
            "end_date": row.get("death_date"),
            "area_id": "A",
            "care_centre_id": "C1",
        }
        for row in persons
    ]


def _entry(table: str, said: Mapping[str, object]) -> dict[str, object]:
    if table in SCHEMAS:
        return dict(said)
    usual = {"code_system": SYSTEMS.get(table, "exact"), "coverage_start": date(2009, 1, 1), "delay_days": 0}
    return {**usual, **said}


def published_check(
    registers: Registers, disclosure: Disclosure | None = None, *, rows_at_a_time: int = 1_000_000
) -> PublishedFindings:
    """Check registers and release what was found."""
    return publish_findings(check(registers, rows_at_a_time=rows_at_a_time), disclosure)
