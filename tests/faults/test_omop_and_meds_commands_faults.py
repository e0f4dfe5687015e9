"""The commands that take in common models: what they say, and what they end with."""

import re
from datetime import date, datetime
from pathlib import Path

import polars as pl

from commands import riskstrat


def test_an_omop_folder_becomes_registers(tmp_path: Path):
    people = pl.DataFrame({"person_id": range(10), "gender_concept_id": [8532] * 9 + [0], "year_of_birth": 1950})
    periods = pl.DataFrame({"person_id": range(10)}).with_columns(
        observation_period_start_date=date(2010, 1, 1), observation_period_end_date=date(2019, 12, 31)
    )
    for name, rows in {"person": people, "observation_period": periods, "note": people}.items():
        (tmp_path / "cdm").mkdir(exist_ok=True)
        rows.write_parquet(tmp_path / "cdm" / f"{name}.parquet")
    done = riskstrat("from-omop", tmp_path / "cdm", "--out", tmp_path / "out", "--code-system", "diagnoses=icd10")
    assert done.returncode == 0, done.stderr
    assert re.search(r"person +read \d+, rejected few or none", done.stdout)
    assert "not read: note" in done.stdout
    assert (tmp_path / "out" / "registers.toml").is_file()


def test_a_meds_dataset_becomes_registers(tmp_path: Path):
    rows = [
        (1, None, "GENDER/F", None),
        (1, datetime(1950, 1, 1), "MEDS_BIRTH", None),  # noqa: DTZ001
        (1, datetime(2015, 1, 1), "ICD10CM/I21", None),  # noqa: DTZ001
    ]
    schema = {"subject_id": pl.Int64, "time": pl.Datetime("us"), "code": pl.String, "numeric_value": pl.Float32}
    (tmp_path / "meds" / "data").mkdir(parents=True)
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    done = riskstrat("from-meds", tmp_path / "meds", "--out", tmp_path / "out", "--table", "ICD10CM=diagnoses")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "diagnoses.parquet").is_file()


def test_mistakes_end_with_their_exit_codes(tmp_path: Path):
    out = ("--out", tmp_path / "out")
    empty = tmp_path / "empty"
    empty.mkdir()
    told = [
        riskstrat("from-omop", tmp_path / "nowhere", *out),
        riskstrat("from-omop", empty, *out),
        riskstrat("from-omop", empty, *out, "--code-system", "diagnoses"),
        riskstrat("from-meds", empty, *out),
        riskstrat("from-omop", "mysql://somebody:secret@host/cdm", *out),
    ]
    assert [each.returncode for each in told] == [2, 3, 2, 2, 2]
    said = "".join(each.stdout + each.stderr for each in told)
    assert "Traceback" not in said
    assert "secret" not in said
