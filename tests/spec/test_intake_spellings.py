"""One number in many spellings is one number, and what stands outside a vocabulary is refused and counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.intake import extracts, from_meds, from_omop
from riskstrat.intake.raw_extracts.shipped import mappings
from small_extracts import counts_by_outcome, homes, rows, run_intake, write

ONES = ["1", "01", "1.0", "1,0", "+1", "1.000"]
UNKNOWN = "value not recognised"
STAY = "LOPNR;INDATUMA;UTDATUMA;HDIA;PVARD\n"


@pytest.mark.parametrize("one", ONES)
def test_sex_and_the_flag_of_reused_numbers(tmp_path: Path, one: str):
    population = f"LopNr;fodelseman;Kon;AterPnr\n{one};195003;{one};0,0\n2;198011;02;{one}\n"
    found = run_intake(tmp_path, {}, population=population)
    assert rows(found, "persons", "person_id", "sex") == [(1, "male")]
    assert counts_by_outcome(found, "persons", "reused personal number") == {"rejected": 1}


@pytest.mark.parametrize("one", ONES)
def test_planned_stays_services_and_circumstances(tmp_path: Path, one: str):
    files = {
        "PAR_SV_2011.csv": f"{STAY}1;20110301;20110305;I219;{one}\n",
        "SoL_2011.csv": f"LopNr;PERIOD;HTJ;BOFORM\n1;201101;{one};2,0\n",
        "LISA_2011.csv": f"LopNr;SyssStat11;FamTypF;Sun2000niva_old\n1;{one};50,0;03\n2;6.0;0,0;*\n",
    }
    found = run_intake(tmp_path, files)
    assert rows(found, "contacts", "code") == [("admission_planned",)]
    assert rows(found, "services", "code") == [("home_care",), ("special_housing",)]
    assert rows(found, "circumstances", "person_id", "code", "value") == [
        (1, "education_level", 3.0),
        (1, "employed", 1.0),
        (1, "lives_alone", 1.0),
        (1, "single_parent", 0.0),
        (2, "employed", 0.0),
    ]


@pytest.mark.parametrize("text", ["3", "J", "1.5", "11"])
def test_what_is_outside_a_vocabulary_is_counted_and_becomes_nothing_else(tmp_path: Path, text: str):
    files = {
        "PAR_SV_2011.csv": f"{STAY}1;20110301;20110305;I219;{text}\n2;20110301;20110305;I219;\n",
        "SoL_2011.csv": f"LopNr;PERIOD;HTJ;BOFORM\n1;201101;{text};1\n1;201102;1;1\n",
    }
    found = run_intake(tmp_path, files)
    assert rows(found, "contacts", "person_id", "code") == [(2, "admission_unplanned")]
    assert counts_by_outcome(found, "par.inpatient", UNKNOWN) == {"set_to_null": 1}
    assert counts_by_outcome(found, "sol.months", UNKNOWN) == {"set_to_null": 1}


def test_every_vocabulary_that_ships_counts_what_it_does_not_know():
    """No column sends unknown texts to a word, and the words of persons are those of the contract."""
    recoded = [column for each in mappings() for one in each.inputs.values() for column in one.columns.values()]
    assert not any(hasattr(column, "otherwise") for column in recoded)
    assert sum(bool(column.recode) for column in recoded) > 10


def test_a_vocabulary_of_persons_must_be_that_of_the_contract(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('extends = "rtb"\n[inputs.demography.columns.sex.recode]\n"3" = "other"\n"1.0" = "female"\n')
    with pytest.raises(UsageError) as refused:
        mappings([own])
    found = " ".join(problem.found for problem in refused.value.problems)
    assert "recode gives '1.0' two meanings" in found


def test_unknown_words_of_sex_are_refused_in_the_mapping(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('extends = "rtb"\n[inputs.demography.columns.sex.recode]\n"3" = "other"\n')
    with pytest.raises(UsageError, match="needs recode to female or male"):
        mappings([own])


CODES = {
    "a zero lost": ("38", "19850301", "diagnoses_icd8", "038"),
    "a zero lost before a point": ("38.9", "19920301", "diagnoses_icd9", "0389"),
    "two zeros lost, and decimals": ("1,0", "19850301", "diagnoses_icd8", "001"),
    "decimals": ("410.0", "19920301", "diagnoses_icd9", "410"),
}


@pytest.mark.parametrize(("text", "day", "table", "code"), CODES.values(), ids=CODES.keys())
def test_codes_that_a_column_of_numbers_has_changed(tmp_path: Path, text: str, day: str, table: str, code: str):
    found = run_intake(tmp_path, {"PAR_SV_1985.csv": f"{STAY}1;{day};{day};{text};1\n"})
    assert rows(found, table, "code") == [(code,)]


def test_codes_and_places_that_are_plain_texts_lose_their_decimals_and_keep_their_zeros(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\ntitle = "own"\nsource = "own"\n[inputs.visits]\nfiles = ["own*"]\n[inputs.visits.columns]\n'
        'person = { names = ["LopNr"], kind = "key", required = true, status = "memory" }\n'
        'day = { names = ["dag"], kind = "date", required = true, status = "memory" }\n'
        'what = { names = ["kod"], status = "memory" }\n'
        '[[inputs.visits.rows]]\ntable = "visits"\ntake = { person_id = "person", date = "day", code = "what" }\n'
        "[tables.visits]\ndelay_days = 1\n"
    )
    files = {"own.csv": "LopNr;dag;kod\n1;20110301;12.0\n1;20110302;12\n1;20110303;012\n1;20110304;12,5\n"}
    found = run_intake(tmp_path, files, mapping=[own])
    assert rows(found, "visits", "code") == [("012",), ("12",), ("12",), ("12,5",)]


KEYS = {"12.7": None, "1e5": None, "1E+05": None, "-7": None, "9007199254740993": 2**53 + 1, "007": 7, "7,0": 7}


@pytest.mark.parametrize(("text", "key"), KEYS.items())
def test_keys_are_whole_numbers_to_the_last_figure(tmp_path: Path, text: str, key: int | None):
    population = f"LopNr;fodelseman;Kon\n1;195003;1\n{text};198011;2\n"
    found = run_intake(tmp_path, {}, population=population)
    assert rows(found, "persons", "person_id") == [(1,)] + ([] if key is None else [(key,)])
    refused = counts_by_outcome(found, "rtb.demography", "not a running number")
    assert refused == ({"set_to_null": 1} if key is None else {})


def test_keys_of_statistical_programs_are_refused_where_two_are_one_float(tmp_path: Path):
    write(tmp_path / "raw", homes())
    people = {"LopNr": [1.0, 2.7, 2.0**53], "fodelseman": [195003] * 3, "Kon": [1.0] * 3}
    pl.DataFrame(people).write_parquet(tmp_path / "raw" / "RTB_demografi.parquet")
    found = extracts(tmp_path / "raw", tmp_path / "registers", max_rejected_share=1)
    assert rows(found, "persons", "person_id") == [(1,)]
    assert counts_by_outcome(found, "rtb.demography", "not a running number") == {"set_to_null": 2}


UUIDS = ["1b4e28ba-2fa1-11d2-883f-0016d3cca427", "6fa459ea-ee8a-3ca4-894e-db77e160355e", "a", "7"]
COMMAND = "riskstrat pseudonymise DELIVERY OUT KEY_FILE --column"


def test_keys_that_are_texts_name_the_command_in_an_extract_and_its_key_file(tmp_path: Path):
    drugs = "LopNr;ATC;EDATUM\n" + "".join(f"{key};N02BE01;20110101\n" for key in UUIDS)
    with pytest.raises(ContractError, match=f"{COMMAND} 'LopNr'") as refused:
        run_intake(tmp_path, {"LMED_2011.csv": drugs})
    assert not any(key in str(refused.value) for key in UUIDS[:2])
    keys = "LopNr_SoS;LopNr\n" + "".join(f"{key};1\n" for key in UUIDS)
    with pytest.raises(ContractError, match=COMMAND):
        run_intake(tmp_path, {"LMED_2011.csv": "LopNr;ATC;EDATUM\n1;N02BE01;20110101\n", "nyckel_sos.csv": keys})


def cdm(keys: pl.Series, **person: object) -> dict[str, pl.DataFrame]:
    days = {"observation_period_start_date": date(2010, 1, 1), "observation_period_end_date": date(2020, 12, 31)}
    return {
        "person": pl.DataFrame({"person_id": keys}).with_columns(
            **{"gender_concept_id": pl.lit(8532), "year_of_birth": pl.lit(1950), **person}
        ),
        "observation_period": pl.DataFrame({"person_id": keys}).with_columns(**{k: pl.lit(v) for k, v in days.items()}),
    }


def persons_of(folder: Path) -> list[int]:
    return pl.read_parquet(folder / "persons.parquet")["person_id"].sort().to_list()


@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        (pl.Series([12.7, 12.2, 3.0]), [3]),
        (pl.Series([2.0**53, 5.0]), [5]),
        (pl.Series(["9007199254740993", "9007199254740992.0", "1e5", "4,0"]), [4, 2**53, 2**53 + 1]),
    ],
)
def test_keys_of_omop(tmp_path: Path, keys: pl.Series, kept: list[int]):
    result = from_omop(cdm(keys), tmp_path / "out", max_rejected_share=1)
    assert persons_of(tmp_path / "out") == kept
    assert result.account.rows_of("person", "rejected") == len(keys) - len(kept)


def test_numbers_as_texts_in_omop(tmp_path: Path):
    tables = cdm(pl.Series(["1"]), gender_concept_id=pl.lit("8507,0"), year_of_birth=pl.lit("1950.0"))
    codes = {"person_id": ["1,0", "01"], "condition_start_date": ["2012-01-01"] * 2, "condition_concept_id": ["0"] * 2}
    tables["condition_occurrence"] = pl.DataFrame({**codes, "condition_source_value": ["44054006.0", "410.0"]})
    from_omop(tables, tmp_path / "out", max_rejected_share=1)
    assert pl.read_parquet(tmp_path / "out" / "persons.parquet")["sex"].to_list() == ["male"]
    assert pl.read_parquet(tmp_path / "out" / "diagnoses.parquet")["code"].sort().to_list() == ["410.0", "44054006"]


def test_keys_that_are_texts_name_the_command_in_omop_and_meds(tmp_path: Path):
    with pytest.raises(ContractError, match=f"{COMMAND} 'person_id'"):
        from_omop(cdm(pl.Series(UUIDS)), tmp_path / "out")
    meds(tmp_path, pl.Series(UUIDS))
    with pytest.raises(ContractError, match=f"{COMMAND} 'subject_id'"):
        from_meds(tmp_path / "meds", tmp_path / "out", max_rejected_share=1)


def meds(folder: Path, keys: pl.Series) -> None:
    (folder / "meds" / "data").mkdir(parents=True)
    events = [("GENDER//F", None), ("MEDS_BIRTH", date(1950, 5, 6)), ("ICD10CM/I21", date(2012, 3, 4))]
    rows = [(key, time, code, None) for key in keys for code, time in events]
    schema = {"subject_id": keys.dtype, "time": pl.Date, "code": pl.String, "numeric_value": pl.Float32}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("time").cast(pl.Datetime))
    frame.write_parquet(folder / "meds" / "data" / "0.parquet")


def test_keys_of_meds(tmp_path: Path):
    meds(tmp_path, pl.Series([12.7, 12.2, 3.0]))
    result = from_meds(tmp_path / "meds", tmp_path / "out", max_rejected_share=1)
    assert persons_of(tmp_path / "out") == [3]
    assert result.account.rows_of("subject", "rejected") == 2
