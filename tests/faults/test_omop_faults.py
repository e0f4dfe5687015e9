"""OMOP data that cannot become registers: what is said, and that nothing is left behind."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.intake.omop import from_omop


def cdm(start: date | None = date(2010, 1, 1), end: date | None = date(2019, 12, 31)) -> dict[str, pl.DataFrame]:
    """One woman, observed from start to end."""
    days = {"observation_period_start_date": [start], "observation_period_end_date": [end]}
    return {
        "person": pl.DataFrame({"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]}),
        "observation_period": pl.DataFrame({"person_id": [1], **days}),
    }


def test_what_is_missing_is_told_all_at_once(tmp_path: Path):
    with pytest.raises(ContractError) as refused_tables:
        from_omop({"person": pl.DataFrame({"person_id": [1]})}, tmp_path / "out")
    locations = [problem.location for problem in refused_tables.value.problems]
    assert locations.count("observation_period") == 1
    assert len(locations) == 3
    bad = {**cdm(), "measurement": pl.DataFrame({"a": [1]}), "condition_era": pl.DataFrame({"person_id": [1]})}
    with pytest.raises(ContractError) as refused_columns:
        from_omop(bad, tmp_path / "out")
    assert {problem.location for problem in refused_columns.value.problems} >= {
        "measurement.person_id",
        "measurement.measurement_date",
        "condition_era.condition_concept_id",
    }
    assert not (tmp_path / "out").exists()


def test_places_that_are_none_are_told_of(tmp_path: Path):
    with pytest.raises(UsageError, match="no folder"):
        from_omop(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "cdm").mkdir()
    (tmp_path / "cdm" / "person.csv").write_text("a,b\n1,2\n")
    (tmp_path / "cdm" / "person.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ContractError, match="two files"):
        from_omop(tmp_path / "cdm", tmp_path / "out")
    (tmp_path / "cdm" / "person.csv").unlink()
    with pytest.raises(ContractError, match="person"):
        from_omop(tmp_path / "cdm", tmp_path / "out")


def test_identity_numbers_stop_it_and_leave_what_was_there(tmp_path: Path):
    number = "20121212-1212"
    tables = cdm()
    tables["person"] = tables["person"].with_columns(person_source_value=pl.lit(number))
    earlier = from_omop(cdm(), tmp_path / "out").folder
    written = {path.name: path.read_bytes() for path in earlier.glob("*.*")}
    with pytest.raises(ContractError, match="person_source_value") as stopped:
        from_omop(tables, tmp_path / "out")
    assert number not in str(stopped.value)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in earlier.glob("*.*")} == written


def test_identity_numbers_that_are_numbers_stop_it_and_concepts_do_not(tmp_path: Path):
    tables = cdm()
    concept = pl.lit(1234566)  # a concept that would be right as a number of somebody born in 2000
    from_omop({**tables, "person": tables["person"].with_columns(race_concept_id=concept)}, tmp_path / "out")
    number = tables["person"].with_columns(person_source_value=pl.lit(201212121212))
    with pytest.raises(ContractError, match="person_source_value"):
        from_omop({**tables, "person": number}, tmp_path / "out")
    with pytest.raises(ContractError, match="person_id"):
        from_omop({**tables, "person": tables["person"].with_columns(person_id=pl.lit(201212121212))}, tmp_path / "out")


def test_nobody_observed_is_told(tmp_path: Path):
    with pytest.raises(ContractError, match="no period"):
        from_omop(cdm(None, None), tmp_path / "out")


def test_a_file_that_breaks_off_is_told_and_leaves_nothing(tmp_path: Path):
    folder = tmp_path / "cdm"
    folder.mkdir()
    for name, rows in cdm().items():
        rows.write_parquet(folder / f"{name}.parquet")
    whole = pl.DataFrame({"person_id": range(10_000), "condition_concept_id": range(10_000)})
    whole.with_columns(condition_start_date=date(2015, 1, 1)).write_parquet(folder / "condition_occurrence.parquet")
    content = (folder / "condition_occurrence.parquet").read_bytes()
    holed = content[:100] + bytes(len(content) // 2) + content[100 + len(content) // 2 :]
    (folder / "condition_occurrence.parquet").write_bytes(holed)
    with pytest.raises(ContractError, match="condition_occurrence"):
        from_omop(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["cdm"]


@pytest.mark.parametrize(
    "text", ["", "\n", "person_id\n", "a,a\n1,2\n", "\x00\x01\x02\n", "person_id,year_of_birth\n1,1950,3\n1\n"]
)
def test_texts_that_are_no_tables_are_told(tmp_path: Path, text: str):
    (tmp_path / "cdm").mkdir()
    cdm()["observation_period"].write_csv(tmp_path / "cdm" / "observation_period.csv")
    (tmp_path / "cdm" / "person.csv").write_text(text)
    with pytest.raises(ContractError, match="person"):
        from_omop(tmp_path / "cdm", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_hostile_codes_stay_codes(tmp_path: Path):
    hostile = ["=cmd()", "<script>", "../../etc/passwd", "a" * 10_000, "I21\n9", "'; DROP TABLE person"]
    rows = pl.DataFrame({"person_id": [1] * 6, "condition_start_date": [date(2015, 1, 1)] * 6}).with_columns(
        condition_source_value=pl.Series(hostile), condition_concept_id=0
    )
    converted = from_omop({**cdm(), "condition_occurrence": rows}, tmp_path / "out")
    assert sorted(pl.read_parquet(tmp_path / "out" / "diagnoses.parquet")["code"]) == sorted(hostile)
    assert converted.account.rows_of("condition_occurrence", "kept") == 6


def test_a_source_that_changes_while_it_is_read_is_told(tmp_path: Path):
    """A table of a database that grows: each reading finds a row more."""
    from polars.io.plugins import register_io_source

    readings = []

    def batches(
        names: list[str] | None, predicate: pl.Expr | None, _: int | None, __: int | None
    ) -> Iterator[pl.DataFrame]:
        readings.append(1)
        rows = pl.DataFrame(
            {
                "person_id": 1,
                "condition_start_date": date(2015, 1, 1),
                "condition_concept_id": range(1, 1 + len(readings)),
            }
        )
        asked = rows if names is None else rows.select(names)
        yield asked if predicate is None else asked.filter(predicate)

    schema = {"person_id": pl.Int32, "condition_start_date": pl.Date, "condition_concept_id": pl.Int64}
    growing = register_io_source(batches, schema=schema)
    with pytest.raises(ContractError, match="while it is read"):
        from_omop({**cdm(), "condition_occurrence": growing}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
