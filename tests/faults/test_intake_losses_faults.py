"""No green light on nothing: lost persons, lost tables, too many rejected rows, and options that name nothing."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.disclosure import Disclosure
from riskstrat.errors import ContractError, UsageError
from riskstrat.intake import extracts, from_meds, from_omop
from riskstrat.intake.losses import MAX_REJECTED_SHARE, refuse_losses
from small_extracts import homes, run_intake, write

DRUGS = "LopNr;ATC;EDATUM;ANTAL;forpddd\n"
USUAL = {"max_rejected_share": MAX_REJECTED_SHARE}
BAD, GOOD = "1;N02BE01;?;1;10\n", "1;N02BE01;20120304;1;10\n"


def test_three_hundred_of_three_hundred_persons(tmp_path: Path):
    people = "LopNr;fodelseman;Kon;DodDatum;AterPnr\n" + "".join(f"{n};195003;{n % 5 + 3};;0\n" for n in range(1, 301))
    write(tmp_path / "raw", {"RTB_demografi.csv": people, **homes(people=tuple(range(1, 301)))})
    with pytest.raises(ContractError) as caught:
        extracts(tmp_path / "raw", tmp_path / "registers", max_rejected_share=1)
    assert caught.value.exit_code == 3
    assert "persons: no person in the end" in str(caught.value)
    with pytest.raises(ContractError, match=r"persons: every row rejected: no usable sex \(100 %\)"):
        extracts(tmp_path / "raw", tmp_path / "registers")
    assert not (tmp_path / "registers").exists()


def test_a_file_that_lost_every_row_and_one_that_lost_more_than_allowed(tmp_path: Path):
    with pytest.raises(ContractError, match=r"lmed\.dispensings: every row rejected: no usable dispensed \(100 %\)"):
        run_intake(tmp_path / "all", {"LMED_2012.csv": DRUGS + 4 * BAD}, **USUAL)
    with pytest.raises(ContractError, match=r"60\.0% of the rows rejected.*expected at most 50 % of the rows"):
        run_intake(tmp_path / "most", {"LMED_2012.csv": DRUGS + 3 * BAD + 2 * GOOD}, **USUAL)
    with pytest.raises(ContractError, match=r"40\.0% of the rows rejected.*expected at most 20 % of the rows"):
        run_intake(tmp_path / "some", {"LMED_2012.csv": DRUGS + 2 * BAD + 3 * GOOD}, max_rejected_share=0.2)
    half = run_intake(tmp_path / "half", {"LMED_2012.csv": DRUGS + 2 * BAD + 2 * GOOD}, **USUAL)
    assert half.account.rows_of("lmed.dispensings", "rejected") == 2
    assert run_intake(tmp_path / "told", {"LMED_2012.csv": DRUGS + 4 * BAD}, max_rejected_share=1).folder.is_dir()


def test_the_three_commonest_reasons_are_told():
    rules = {"a": 50, "b": 30, "c": 15, "d": 5}
    rows = [("visits", "read", "", 100), *(("visits", "rejected", rule, number) for rule, number in rules.items())]
    counts = pl.DataFrame(rows, schema=["dataset", "outcome", "rule", "rows"], orient="row")
    with pytest.raises(ContractError, match=r"a \(50 %\), b \(30 %\), c \(15 %\); expected"):
        refuse_losses(counts, 1, MAX_REJECTED_SHARE)


def test_the_command_ends_with_3_and_without_a_folder(tmp_path: Path):
    write(tmp_path / "raw", {"RTB_demografi.csv": "LopNr;fodelseman;Kon\n1;195003;9\n", **homes()})
    command = ["intake", str(tmp_path / "raw"), "--out", str(tmp_path / "registers")]
    found = CliRunner().invoke(app, command)
    assert isinstance(found.exception, ContractError)
    assert found.exception.exit_code == 3
    assert not (tmp_path / "registers").exists()


def test_what_is_printed_adds_up_for_files_and_tables(tmp_path: Path):
    population = "LopNr;fodelseman;Kon\n" + "".join(f"{n};195003;1\n" for n in range(1, 41))
    write(tmp_path / "raw", {"RTB_demografi.csv": population, **homes(people=tuple(range(1, 41)))})
    done = CliRunner().invoke(app, ["intake", str(tmp_path / "raw"), "--out", str(tmp_path / "registers")])
    assert done.exit_code == 0
    for told in (
        r"read (\d+), rejected few or none, kept (\d+)",
        r"made (\d+), rejected few or none, kept (\d+), merged few",
    ):
        counts = [int(count) for count in re.search(told, done.output).groups()]
        assert max(abs(count - 40) for count in counts) <= Disclosure().noise
    swedish = ["intake", str(tmp_path / "raw"), "--out", str(tmp_path / "registers"), "--language", "sv"]
    said = CliRunner().invoke(app, swedish).output
    assert re.search(r"lästa \d+, avvisade få eller inga, behållna \d+", said)
    assert "vad som gjordes med dem står i" in said
    page = (tmp_path / "registers" / "intake.html").read_text(encoding="utf-8")
    assert '<html lang="sv">' in page
    assert "Filernas rader" in page


def cdm(**days: object) -> dict[str, pl.DataFrame]:
    person = pl.DataFrame({"person_id": [1, 2], "gender_concept_id": [8532, 8507], "year_of_birth": 1950})
    span = {"observation_period_start_date": date(2010, 1, 1), "observation_period_end_date": date(2020, 12, 31)}
    period = pl.DataFrame({"person_id": [1, 2]}).with_columns(**{name: pl.lit(day) for name, day in span.items()})
    return {"person": person, "observation_period": period, **days}


def conditions(*days: date | None) -> pl.DataFrame:
    schema = {"condition_start_date": pl.Date}
    return pl.DataFrame({"condition_start_date": days}, schema=schema).with_columns(
        person_id=pl.lit(1), condition_concept_id=pl.lit(1), condition_source_value=pl.lit("I21")
    )


def test_omop_that_lost_everybody_or_a_table(tmp_path: Path):
    nobody = cdm()
    nobody["person"] = nobody["person"].with_columns(gender_concept_id=pl.lit(0))
    with pytest.raises(ContractError, match=r"person: every row rejected: sex is neither.*\(100 %\)"):
        from_omop(nobody, tmp_path / "out")
    with pytest.raises(ContractError, match=r"persons: no person in the end"):
        from_omop(nobody, tmp_path / "out", max_rejected_share=1)
    lost = cdm(condition_occurrence=conditions(None, None))
    with pytest.raises(ContractError, match=r"condition_occurrence: every row rejected: no date \(100 %\)"):
        from_omop(lost, tmp_path / "out")
    some = cdm(condition_occurrence=conditions(date(2015, 1, 1), None, date(2016, 1, 1)))
    with pytest.raises(ContractError, match=r"condition_occurrence: 33\.3% of the rows rejected"):
        from_omop(some, tmp_path / "out", max_rejected_share=0.3)
    assert not (tmp_path / "out").exists()
    assert from_omop(some, tmp_path / "out").account.rows_of("condition_occurrence", "kept") == 2


def test_options_of_omop_that_name_nothing(tmp_path: Path):
    tables = cdm(condition_occurrence=conditions(date(2015, 1, 1)), location=pl.DataFrame({"location_id": [1]}))
    for option, meant in (
        ({"code_systems": {"diagnosis": "icd10"}}, "no table 'diagnosis'.*did you mean 'diagnoses'"),
        ({"code_systems": {"diagnoses": "ICD-10"}}, "no code system 'ICD-10'.*did you mean 'icd10'"),
        ({"prefer": "sources"}, "'sources'"),
        ({"area_column": "location"}, "no column of location 'location'.*did you mean 'location_id'"),
        ({"max_rejected_share": 20}, "max_rejected_share = 20"),
    ):
        with pytest.raises(UsageError, match=meant):
            from_omop(tables, tmp_path / "out", **option)
    with pytest.raises(ContractError, match=r"no table of the CDM 'conditions_occurrence'.*'condition_occurrence'"):
        from_omop(cdm(conditions_occurrence=conditions(date(2015, 1, 1))), tmp_path / "out")
    assert from_omop(cdm(note=pl.DataFrame({"x": [1]})), tmp_path / "out").account.ignored == ("note",)


def test_options_of_meds_that_name_nothing(tmp_path: Path):
    rows = {"subject_id": 1, "time": [None, date(1950, 1, 1), date(2015, 1, 1)], "numeric_value": 1.0}
    data = pl.DataFrame({**rows, "code": ["GENDER//F", "MEDS_BIRTH", "ICD10CM/I21"]})
    (tmp_path / "meds" / "data").mkdir(parents=True)
    data.write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    with pytest.raises(UsageError, match=r"no vocabulary 'ICD10'.*did you mean 'ICD10CM'"):
        from_meds(tmp_path / "meds", tmp_path / "out", tables={"ICD10": "diagnoses"})
    with pytest.raises(UsageError, match=r"'event'"):
        from_meds(tmp_path / "meds", tmp_path / "out", follow_up="event")
    data.with_columns(numeric_value=pl.lit(None, dtype=pl.Float64), time=pl.lit(date(2015, 1, 1))).filter(
        pl.col("code") != "MEDS_BIRTH"
    ).write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    with pytest.raises(ContractError, match=r"subject: every row rejected: no birth \(100 %\)"):
        from_meds(tmp_path / "meds", tmp_path / "out")


def test_files_can_be_ignored_by_name_and_are_told_otherwise(tmp_path: Path):
    extra = {"notes_2012.csv": "a;b\n1;2\n", "old/LMED_2012.csv": DRUGS + 2 * GOOD}
    with pytest.raises(ContractError, match=r"notes_2012\.csv: a file that no mapping knows.*or name it with ignore"):
        run_intake(tmp_path, extra)
    found = run_intake(tmp_path, extra, ignore=["notes*.csv", "old/*"])
    assert not found.registers.has("prescriptions")
    left_alone = found.account.files.filter(pl.col("dataset").str.starts_with("("))["file"].sort().to_list()
    assert left_alone == ["notes_2012.csv", "old/LMED_2012.csv"]
    with pytest.raises(ContractError, match=r"no file 'note\*\.txt'"):
        run_intake(tmp_path, extra, ignore=["notes*.csv", "old/*", "note*.txt"])


def test_a_mapping_of_your_own_that_fits_no_file_is_an_error(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('extends = "lmed"\nname = "uttag"\n[inputs.dispensings]\nfiles = ["uttag_{year}"]\n')
    with pytest.raises(ContractError, match=r"uttag: a mapping that fits no file"):
        run_intake(tmp_path, {}, mapping=[own])
    for text, says in (
        ('extends = "lmde"', r"no mapping 'lmde'.*did you mean 'lmed'"),
        ('extends = ["lmde"]', r"no mapping .*'lmde'.*expected one of bhv, dors"),
        ('extends = "lmed"\n[inputs.dispensings]\nfile = ["x"]', r"no key 'file'.*did you mean 'files'"),
        ('extends = "lmed"\n[tables.prescriptions]\ncode_system = "atcs"', r"no code system 'atcs'.*mean 'atc'"),
    ):
        own.write_text(text)
        with pytest.raises(UsageError, match=says):
            run_intake(tmp_path, {}, mapping=[own])
