"""A file has one encoding, decided on all its bytes; what does not fit costs a cell and is counted."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError
from riskstrat.intake import from_omop
from riskstrat.intake.raw_extracts import text
from small_extracts import counts_by_outcome, rejected, rows, run_intake

HEADER = "LopNr;BesDatum;Diagnos1;Kontakttyp\n"
KINDS = ["Besök", "Hembesök", "Telefon"]
UNFIT = "bytes that do not fit the file's encoding"
INPUT = "primary_care.contacts"


def visits(*kinds: str) -> str:
    return HEADER + "".join(f"1;2011{1 + n // 28:02d}{1 + n % 28:02d};J45;{kind}\n" for n, kind in enumerate(kinds))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "mac_roman", "utf-16"])
def test_every_encoding_gives_the_same_rows(tmp_path: Path, encoding: str):
    population = "LopNr;fodelseman;Kön\n1;195003;kvinna\n2;198011;man\n".encode(encoding)
    found = run_intake(tmp_path, {"Primarvard.csv": visits(*KINDS).encode(encoding)}, population=population)
    assert rows(found, "persons", "sex") == [("female",), ("male",)]
    assert len(rows(found, "contacts", "date")) == 2
    assert not counts_by_outcome(found, INPUT, UNFIT)


def test_the_names_that_a_mapping_knows_decide_where_letters_do_not(tmp_path: Path):
    population = "LopNr;fodelseman;Kön\n1;195003;1\n2;198011;2\n".encode("cp850")
    assert rows(run_intake(tmp_path, {}, population=population), "persons", "sex") == [("female",), ("male",)]


def test_quotation_marks_and_dashes_are_no_letters_of_another_encoding(tmp_path: Path):
    content = HEADER + "1;20110301;J45;Besök\n" + "1;20110302;J45;”Telefon” – ring†\n" * 3
    found = run_intake(tmp_path, {"Primarvard.csv": content.encode("cp1252")})
    assert len(rows(found, "contacts", "date")) == 1


def test_one_bad_byte_costs_one_cell_far_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 400)
    monkeypatch.setattr(text, "_SAMPLE_BYTES", 256)
    content = visits(*["Besök"] * 40).encode() + b"2;20120301;J\xe545;Telefon\n2;20120302;J45;Bes\xf6k\n"
    found = run_intake(tmp_path, {"Primarvard.csv": content})
    assert len(rows(found, "contacts", "date")) == 40
    assert len(rows(found, "diagnoses", "code")) == 41
    counted = found.account.counts.filter(dataset=INPUT, rule=UNFIT).select("column", "rows").rows()
    assert sorted(counted) == [("", 2), ("main", 1)]
    assert counts_by_outcome(found, INPUT, "value not recognised") == {"set_to_null": 1}


def test_a_line_of_utf_8_in_a_file_of_latin_1_is_not_read_as_other_letters(tmp_path: Path):
    content = visits(*["Besök"] * 9).encode("latin-1") + "1;20120302;J45;Besök\n".encode()
    found = run_intake(tmp_path, {"Primarvard.csv": content})
    assert len(rows(found, "contacts", "date")) == 9
    assert counts_by_outcome(found, INPUT, UNFIT) == {"set_to_null": 1}


def test_a_bad_byte_in_a_key_or_a_date_loses_the_row_and_is_counted(tmp_path: Path):
    content = visits("Besök").encode() + b"\xff2;20120301;J45;Telefon\n2;2012\xff0302;J45;Telefon\n"
    found = run_intake(tmp_path, {"Primarvard.csv": content})
    assert set(rejected(found, INPUT)["__rule"]) == {"no usable person", "no usable day"}


def test_letters_of_two_characters(tmp_path: Path):
    """As macOS writes names of files and some systems their contents: a, and a diaeresis."""
    apart = {name: unicodedata.normalize("NFD", name) for name in ("mätvärden.csv", "Kön", "Besök")}
    files = {
        apart["mätvärden.csv"]: "LopNr;Datum;BMI\n1;20110301;25\n",
        "Primarvard.csv": visits("Besök").replace("Besök", apart["Besök"]),
    }
    population = f"LopNr;fodelseman;{apart['Kön']}\n1;195003;1\n2;198011;2\n"
    found = run_intake(tmp_path, files, population=population)
    assert rows(found, "persons", "sex") == [("female",), ("male",)]
    assert rows(found, "measurements", "value") == [(25.0,)]
    assert len(rows(found, "contacts", "date")) == 1


def test_a_missing_column_says_how_the_file_was_read(tmp_path: Path):
    population = "LopNr;fodelseman;Kön\n1;195003;1\n".encode("cp1252")
    with pytest.raises(ContractError, match="read as cp1252, ;"):
        run_intake(tmp_path, {"BHV.csv": "LopNr;bés;vikt\n1;20110301;16\n".encode("cp1252")}, population=population)


@pytest.mark.parametrize("encoding", ["cp850", "cp1252", "utf-16"])
def test_delimited_text_of_omop_is_refused_by_the_name_of_its_encoding(tmp_path: Path, encoding: str):
    (tmp_path / "cdm").mkdir()
    person = "person_id,gender_concept_id,year_of_birth,ethnicity_source_value\n1,8532,1950,sörmländsk\n"
    (tmp_path / "cdm" / "person.csv").write_bytes(person.encode(encoding))
    with pytest.raises(ContractError, match=f"text in {encoding}"):
        from_omop(tmp_path / "cdm", tmp_path / "out")


def test_a_bad_byte_in_omop_costs_a_cell(tmp_path: Path):
    (tmp_path / "cdm").mkdir()
    files = {
        "person.csv": b"person_id,gender_concept_id,year_of_birth\n1,8532,1950\n",
        "observation_period.csv": b"person_id,observation_period_start_date,observation_period_end_date\n"
        b"1,2010-01-01,2020-12-31\n",
        "condition_occurrence.csv": "person_id,condition_start_date,condition_source_value,condition_concept_id,note\n"
        "1,2012-01-01,I21,0,å\n1,2012-01-02,I22,0,ä\n".encode()
        + b"1,2012-01-03,I\xe523,0,\n",
    }
    for name, content in files.items():
        (tmp_path / "cdm" / name).write_bytes(content)
    from_omop(tmp_path / "cdm", tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "diagnoses.parquet")["code"].to_list() == ["I21", "I22"]
