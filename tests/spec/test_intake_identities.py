"""Identity numbers at their edges: the plus sign, co-ordination numbers without a day, regions' reserve numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.errors import ContractError, UsageError
from riskstrat.intake import from_meds, from_omop, identity_columns, pseudonymise
from small_extracts import run_intake

CONTENT = "a secret of more than sixteen bytes"
TF = r"\d{8}TF\d{2}"


def with_check_digit(nine: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(nine))
    return nine + str(-total % 10)


def pseudonyms(folder: Path, texts: list[str], **more: object) -> list[int]:
    (folder / "delivery").mkdir()
    (folder / "delivery" / "a.csv").write_text("pnr\n" + "\n".join(texts) + "\n")
    (folder / "secret").write_text(CONTENT)
    (folder / "secret").chmod(0o600)
    given = {"as_of": date(2024, 6, 1), "secret_file": folder / "secret", **more}
    pseudonymise(folder / "delivery", folder / "out", folder / "key.parquet", **given)
    return pl.read_parquet(folder / "out" / "a.parquet")["pnr"].to_list()


PLUS = {
    "a hundred this year, before the birthday": ("241231+", "19241231"),
    "a hundred this year, after the birthday": ("240102+", "19240102"),
    "a hundred and one": ("230601+", "19230601"),
    "of the century before": ("301231+", "18301231"),
    "without a plus, born this year": ("240102-", "20240102"),
    "without a sign, not yet born this year": ("241231", "19241231"),
    "a co-ordination number without a day": ("240060+", "19240060"),
}


@pytest.mark.parametrize(("written", "born"), PLUS.values(), ids=PLUS.keys())
def test_the_plus_sign_goes_by_the_year(tmp_path: Path, written: str, born: str):
    last = with_check_digit(born[2:] + "121")[-4:]
    other = ("19" if born[:2] != "19" else "20") + born[2:]
    short, right, wrong = pseudonyms(tmp_path, [written + last, born + last, other + last], columns=["pnr"])
    assert short == right != wrong


@pytest.mark.parametrize("day", ["60", "61", "75", "91"])
@pytest.mark.parametrize("month", ["00", "01", "12"])
@pytest.mark.parametrize("form", ["{0}", "19{0}", "{1}-{2}"])
def test_co_ordination_numbers_of_whom_no_day_or_month_is_known(month: str, day: str, form: str):
    ten = with_check_digit(f"85{month}{day}238")
    assert identity_columns(pl.DataFrame({"a": [form.format(ten, ten[:6], ten[6:])]})) == ("a",)


@pytest.mark.parametrize("six", ["850012", "850000", "851360", "850159", "850192"])
def test_no_day_or_month_of_anybody(six: str):
    assert identity_columns(pl.DataFrame({"a": [with_check_digit(six + "238")]})) == ()


@pytest.mark.parametrize("value", ["19800229TF12", "19800229-tf12", "1980 0229 TF 12"])
def test_one_reserve_number_of_a_declared_pattern_is_enough(value: str):
    frame = pl.DataFrame({"a": [*map(str, range(1_000)), value], "b": ["TF"] * 1_001})
    assert identity_columns(frame) == ()
    assert identity_columns(frame, [r"99\d{10}", TF]) == ("a",)


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(UsageError, match="no regular expression"):
        identity_columns(pl.DataFrame({"a": ["1"]}), ["("])


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(f"extends = \"primary_care\"\nreserve_numbers = ['{TF}']\n")
    return path


@pytest.mark.parametrize("file", ["LMED_2011.csv", "Primarvard.csv"])
def test_a_pattern_that_one_mapping_declares_holds_for_all_files_of_a_delivery(
    tmp_path: Path, declared: Path, file: str
):
    header = "LopNr;ATC;EDATUM;note\n" if file.startswith("LMED") else "LopNr;Diagnos1;BesDatum;note\n"
    content = header + "1;I10;20110301;\n" * 50 + "2;I10;20110301;19800229-TF12\n"
    care = {"Primarvard.csv": "LopNr;Diagnos1;BesDatum\n1;I10;20110301\n"}
    with pytest.raises(ContractError, match=rf"{file}\.note: Swedish personal identity, co-ordination or reserve"):
        run_intake(tmp_path, {**care, file: content}, mapping=[declared])


def test_reserve_numbers_stop_omop_and_meds(tmp_path: Path):
    person = {"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]}
    person["person_source_value"] = ["19800229-TF12"]
    days = {"observation_period_start_date": [date(2010, 1, 1)], "observation_period_end_date": [date(2020, 12, 31)]}
    cdm = {"person": pl.DataFrame(person), "observation_period": pl.DataFrame({"person_id": [1], **days})}
    from_omop(cdm, tmp_path / "out")
    with pytest.raises(ContractError, match=r"person\.person_source_value"):
        from_omop(cdm, tmp_path / "other", reserve_numbers=[TF])
    (tmp_path / "meds" / "data").mkdir(parents=True)
    events = {"subject_id": [1], "time": [date(2012, 3, 4)], "code": ["19800229-TF12"], "numeric_value": [1.0]}
    pl.DataFrame(events).write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    with pytest.raises(ContractError, match=r"data\.code"):
        from_meds(tmp_path / "meds", tmp_path / "other", reserve_numbers=[TF])
    command = ["from-meds", str(tmp_path / "meds"), "--out", str(tmp_path / "other"), "--reserve-number", TF]
    assert isinstance(CliRunner().invoke(app, command).exception, ContractError)


def test_pseudonymising_finds_columns_of_reserve_numbers_and_reads_all_spellings_as_one(tmp_path: Path):
    texts = ["19800229-TF12", "19800229TF12", "19800229 tf12", "19800229-TF13", "7"]
    first, second, third, other, seven = pseudonyms(tmp_path, texts, reserve_numbers=[TF])
    assert first == second == third
    assert len({first, other, seven}) == 3


def test_pseudonymising_keeps_keys_apart_that_are_not_whole(tmp_path: Path):
    texts = ["12.7", "12.2", "12.0", "12", "9007199254740993", "9007199254740992"]
    found = pseudonyms(tmp_path, texts, columns=["pnr"])
    assert found[2] == found[3]
    assert len(set(found)) == 5
