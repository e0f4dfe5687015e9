"""Extracts say what the clean registers say, in many forms; every fault is where the list says that it is."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from typer.testing import CliRunner

from data_errors import FAULTS, carried, write_faulty_extracts
from riskstrat.cli import app
from riskstrat.files import RESULT_FILE, guard_folder
from riskstrat.registers import Registers, open_registers
from riskstrat.synthetic import write_municipality
from riskstrat.synthetic.extracts import choose_people, clean_tables, write_extracts

SAMPLES = Path(__file__).parents[2] / "data_samples"
PEOPLE, SEED = 2_000, 1
Row = Mapping[str, str]


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    return open_registers(write_municipality(1_500, 5, tmp_path_factory.mktemp("clean") / "modellstad"))


@pytest.fixture(scope="module")
def tables(registers: Registers) -> dict[str, pl.DataFrame]:
    return clean_tables(registers, choose_people(registers, 10_000, seed=0))


@pytest.fixture(scope="module")
def clean(registers: Registers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_extracts(registers.folder, tmp_path_factory.mktemp("raw") / "clean", 10_000)


@pytest.fixture(scope="module")
def faulty(registers: Registers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faulty_extracts(registers.folder, tmp_path_factory.mktemp("raw") / "faulty", 10_000)


def read_text(path: Path) -> list[Row]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    separator = "\t" if "\t" in text.partition("\n")[0] else ";"
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def read_typed(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    else:
        read = pyreadstat.read_sav if path.suffix == ".sav" else pyreadstat.read_dta
        frame = read(str(path), output_format="polars")[0]
    texts = frame.with_columns(pl.selectors.date().dt.strftime("%Y%m%d")).with_columns(pl.all().cast(pl.String))
    bare = texts.with_columns(pl.all().str.replace(r"\.0$", "").fill_null(""))
    return bare.to_dicts()


def rows_of(path: Path) -> list[Row]:
    return read_text(path) if path.suffix in {".csv", ".txt"} else read_typed(path)


def planted(folder: Path) -> pl.DataFrame:
    return pl.read_ndjson(folder / "truth" / "planted_rows.ndjson")


def faulty_rows(folder: Path, fault: str) -> list[Row]:
    places = planted(folder).filter(fault=fault)
    files = {name: rows_of(folder / name) for name in places["file"].unique()}
    return [files[file][row - 1] for file, row in places.select("file", "row").iter_rows()]


def is_a_day(text: str) -> bool:
    return re.fullmatch(r"\d{6}(0[1-9]|[12]\d|3[01])", text) is not None


def small(row: Row) -> dict[str, str]:
    return {name.lower(): value for name, value in row.items()}


IS_FAULTY: Mapping[str, Callable[[dict[str, str]], bool]] = {
    "reused_number": lambda row: row["aterpnr"] == "1",
    "person_without_number": lambda row: not row["lopnr"],
    "death_day_unknown": lambda row: re.search(r"[1-9]00$|[^0]000$", row["doddatum"]) is not None,
    "death_never": lambda row: row["doddatum"] == "99991231",
    "birth_month_missing": lambda row: len(row["fodelsear"]) == 4,
    "area_with_version": lambda row: any(value.endswith("_DeSO2025") for value in row.values()),
    "migration_of_no_kind": lambda row: row["posttyp"] == "Rättelse",
    "education_not_on_the_list": lambda row: any(row[name] == "9" for name in row if name.startswith("sun")),
    "income_not_a_number": lambda row: row.get("dispink04") == "saknas",
    "code_with_dot": lambda row: "." in row["hdia"],
    "code_with_letter": lambda row: re.fullmatch(r"[A-Z]\d{3}B", row["hdia"]) is not None,
    "code_blanked": lambda row: row["dia4"] == "BLANKED",
    "icd9": lambda row: row["hdia"] == "410A",
    "stay_of_a_stranger": lambda row: row["lopnr"] == "812345",
    "ends_before_it_starts": lambda row: is_a_day(row["indatuma"]) and "" < row["utdatuma"] < row["indatuma"],
    "visit_without_diagnosis": lambda row: not row["hdia"],
    "return_of_nothing": lambda row: row["antal"] in {"-7", "-7.0", "-14", "-14.0"},
    "drug_without_day": lambda row: not row["edatum"],
    "cause_day_unknown": lambda row: row["dodsdat"].endswith("00"),
    "stillbirth": lambda row: not row["lpnr_barn"],
    "birth_day_unknown": lambda row: len(row["bfoddat"]) == 6,
    "primary_care_suffix": lambda row: row["diagnos1"].endswith("-P"),
    "contact_without_key": lambda row: row["lopnr"] == "499999",
    "weight_in_grams": lambda row: float(row["vikt"].replace(",", ".")) > 1_000,
    "month_thirteen": lambda row: row["period"].endswith("13"),
}


@pytest.mark.parametrize("fault", IS_FAULTY)
def test_listed_rows_carry_their_fault_and_no_others_do(faulty: Path, fault: str):
    is_faulty = IS_FAULTY[fault]
    listed = faulty_rows(faulty, fault)
    assert listed
    assert all(is_faulty(small(row)) for row in listed)
    stem = next(each.file for each in FAULTS if each.name == fault)
    series = [path for path in faulty.iterdir() if re.fullmatch(rf"{stem}(_\d{{4}})?", path.stem)]
    assert sum(is_faulty(small(row)) for path in series for row in rows_of(path)) == len(listed)


def test_list_counts_the_listed_rows(faulty: Path):
    rows = planted(faulty)
    said = json.loads((faulty / "planted.json").read_text(encoding="utf-8"))["faults"]
    counted = dict(rows["fault"].value_counts().iter_rows())
    assert {each["name"]: each["rows"] for each in said} == counted
    assert {each["name"]: sum(each["files"].values()) for each in said} == counted


@pytest.mark.parametrize("fault", IS_FAULTY)
def test_the_package_writes_no_faults(clean: Path, fault: str):
    stem = next(each.file for each in FAULTS if each.name == fault)
    series = [path for path in clean.iterdir() if re.fullmatch(rf"{stem}(_\d{{4}})?", path.stem)]
    assert series
    assert not any(IS_FAULTY[fault](small(row)) for path in series for row in rows_of(path))


def test_clean_extracts_say_what_no_delivery_carries(clean: Path):
    page = (clean / "README.md").read_text(encoding="utf-8")
    assert "**Invented.**" in page
    assert "Municipal services are known by the month." in page
    assert not (clean / "planted.json").exists()


def test_lisa_holds_incomes_in_hundreds_of_kronor_and_stars_for_education(clean: Path, tables: dict[str, pl.DataFrame]):
    rows = [small(row) for row in rows_of(clean / "LISA_2020.csv")]
    incomes = {int(row["p1105_lopnr_personnr"]): float(row["dispink04"]) * 100 for row in rows if row["dispink04"]}
    level = {int(row["p1105_lopnr_personnr"]) for row in rows if row["sun2020niva_old"] != "*"}
    told = tables["circumstances"].filter(pl.col("date").dt.year() == 2020)
    truth = told.filter(code="disposable_income_sek")
    assert incomes == dict(truth.select("person_id", "value").iter_rows())
    assert level == set(told.filter(code="education_level")["person_id"])


def test_names_change_their_capitals_over_the_years(clean: Path):
    keys = {
        next(iter(rows_of(clean / f"LISA_{year}.csv")[0]))
        for year in (2009, 2012, 2016, 2020)
        if (clean / f"LISA_{year}.csv").exists()
    }
    assert keys == {"LopNr", "LOPNR", "P1105_LopNr_PersonNr"}


def test_forms_vary(clean: Path):
    texts = {path.name: path.read_bytes() for path in clean.iterdir() if path.suffix in {".csv", ".txt"}}
    assert any(content.startswith(b"\xef\xbb\xbf") for content in texts.values())
    assert b"\xc4" in texts["LISA_2010.csv"]
    with pytest.raises(UnicodeDecodeError):
        texts["LISA_2010.csv"].decode("utf-8")
    assert b"\t" in texts["LISA_2020.csv"]
    assert b";" in texts["LISA_2010.csv"]
    assert re.search(rb";\d+,\d+;", texts["BHV.csv"])
    assert {path.suffix for path in clean.iterdir()} >= {".csv", ".txt", ".sav", ".dta", ".parquet"}


def test_region_has_its_own_numbers_and_a_key(clean: Path, tables: dict[str, pl.DataFrame]):
    key = {row["LopNr_Region"]: row["LopNr_SCB"] for row in rows_of(clean / "Nyckel_region.csv")}
    contacts = [row for path in clean.glob("Primarvard_*.csv") for row in map(small, rows_of(path))]
    people = {int(key[row["lopnr"]]) for row in contacts}
    visits = tables["contacts"].filter(code="primary_care_visit")
    assert people == set(visits["person_id"]) | set(tables["diagnoses"].filter(setting="primary")["person_id"])
    assert sum(row["kontakttyp"] == "Besök" for row in contacts) == visits.height


def test_births_give_the_mothers_body_mass_index_to_a_decimal(clean: Path, tables: dict[str, pl.DataFrame]):
    rows = [row for row in rows_of(clean / "MFR.sav") if row["MVIKT"]]
    found = {int(row["lpnr_BARN"]): float(row["MVIKT"]) / (float(row["MLANGD"]) / 100) ** 2 for row in rows}
    truth = tables["births"].filter(code="mother_bmi_kg_m2")
    assert truth.height
    for person, value in truth.select("person_id", "value").iter_rows():
        assert found[person] == pytest.approx(value, abs=0.06)


def test_services_are_carried_by_the_month(tables: dict[str, pl.DataFrame], registers: Registers):
    services = carried(tables, registers.manifest.data_end)["services"]
    assert services["date"].dt.day().unique().to_list() == [1]
    ends = services["end_date"].drop_nulls()
    assert ends.equals(ends.dt.month_end())


def test_families_stay_whole_and_personas_come_along(registers: Registers):
    chosen = choose_people(registers, 300, seed=4)
    families = registers.families.filter(pl.col("person_id").is_in(chosen.implode()))
    whole = registers.families.filter(pl.col("family_id").is_in(families["family_id"].unique().implode()))
    assert set(whole["person_id"]) == set(chosen)
    assert 300 <= chosen.len() < 400
    assert set(range(9_000_001, 9_000_008)) <= set(chosen)


def test_personas_carry_no_fault(faulty: Path):
    assert planted(faulty).filter(pl.col("person_id") > 9_000_000).is_empty()


def test_same_seed_same_extracts(faulty: Path, registers: Registers, tmp_path: Path):
    assert_same_folder(write_faulty_extracts(registers.folder, tmp_path / "again", 10_000), faulty)


@pytest.mark.slow
def test_command_writes_extracts_beside_the_registers(tmp_path: Path):
    registers, raw = tmp_path / "registers", tmp_path / "raw"
    command = ["synthesise", "--people", "1000", "--out", str(registers), "--extracts", str(raw)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert open_registers(registers).rejected().is_empty()
    assert (raw / "RTB_demografi.csv").is_file()


def test_sample_is_what_the_writer_makes_today(tmp_path: Path):
    if not (SAMPLES / "modellstad").is_dir():
        pytest.skip("data_samples/modellstad is not there")
    made = write_faulty_extracts(SAMPLES / "modellstad", tmp_path / "raw", PEOPLE, SEED)
    assert_same_folder(made, SAMPLES / "raw")
    guard_folder(SAMPLES / "raw", command="data_errors")


def test_sample_has_every_fault_and_is_small():
    said = json.loads((SAMPLES / "raw" / "planted.json").read_text(encoding="utf-8"))["faults"]
    assert {each["name"] for each in said} == {fault.name for fault in FAULTS}
    size = sum(path.stat().st_size for path in (SAMPLES / "raw").rglob("*") if path.is_file())
    assert size < 3 << 20
    assert "**Invented.**" in (SAMPLES / "raw" / "README.md").read_text(encoding="utf-8")


def assert_same_folder(made: Path, kept: Path) -> None:
    names = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    assert names == {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()}
    for name in names - {Path(RESULT_FILE)}:  # digests of those headers too
        if name.suffix in {".sav", ".dta", ".parquet"}:  # their headers hold the time or the library's version
            assert rows_of(made / name) == rows_of(kept / name), name
        else:
            assert (made / name).read_bytes() == (kept / name).read_bytes(), name
