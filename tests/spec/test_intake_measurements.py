"""Measured values: body mass index against its own weight and height and by age, units, and bounds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError
from riskstrat.intake import from_meds, from_omop
from small_extracts import counts_by_outcome, rows, run_intake

CHILD = "LopNr;fodelseman;Kon\n1;200303;1\n2;198011;2\n"
IMPLAUSIBLE = "implausible weight or height, several readings or none"
FROM_PAIR = "body mass index from its weight and height"
CONTRADICTED = "body mass index that is not that of its weight and height"
BOUND = "a bound (< or >), not a value"

RECORDED = {
    "its own": ("25,6;128;15,6", 15.6, {}),
    "its own, of rounded numbers": ("26;128;15,6", 15.6, {}),
    "impossible at that age, beside a pair that can be": ("25,6;128;59", 15.625, {FROM_PAIR: "repaired"}),
    "possible, but of another weight or height": ("25,6;128;19", None, {CONTRADICTED: "rejected"}),
    "impossible at that age, alone": (";;59", None, {IMPLAUSIBLE: "rejected"}),
    "impossible at that age, with a weight": ("25,6;;59", None, {IMPLAUSIBLE: "rejected"}),
    "follows a weight that was in grams": ("25600;128;59", 15.625, {"weight in grams": "repaired"}),
    "alone and possible": (";;15,6", 15.6, {}),
}


@pytest.mark.parametrize("file", ["BHV.csv", "EMI_2011.csv"])
@pytest.mark.parametrize(("cells", "bmi", "told"), RECORDED.values(), ids=RECORDED.keys())
def test_a_recorded_body_mass_index(tmp_path: Path, file: str, cells: str, bmi: float | None, told: dict[str, str]):
    content = f"LopNr;datum;vikt;langd;BMI\n1;20110310;{cells}\n"
    found = run_intake(tmp_path, {file: content}, population=CHILD)
    values = dict(rows(found, "child_health", "code", "value"))
    assert values.get("bmi_kg_m2") == bmi
    if CONTRADICTED in told:
        assert (values["weight_kg"], values["height_cm"]) == (25.6, 128.0)
    for rule, outcome in told.items():
        assert list(counts_by_outcome(found, "child_health", rule)) == [outcome]


def test_a_mapping_of_ones_own_judges_by_age_too(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('extends = "primary_care"\n[tables.measurements]\nchecks = ["growth"]\n')
    content = "LopNr;Datum;BMI\n1;20110310;59\n2;20110310;59\n"
    found = run_intake(tmp_path, {"Matvarden.csv": content}, population=CHILD, mapping=[own])
    assert rows(found, "measurements", "person_id", "value") == [(2, 59.0)]
    assert counts_by_outcome(found, "measurements", IMPLAUSIBLE) == {"rejected": 1}


@pytest.mark.parametrize("text", ["<5", "> 5", "≥5", "<=5,0"])
def test_a_bound_is_no_number_and_counted(tmp_path: Path, text: str):
    content = f"LopNr;Datum;NONHDL\n1;20110310;{text}\n1;20110311;5,0\n1;20110312;fem\n"
    found = run_intake(tmp_path, {"Matvarden.csv": content})
    assert rows(found, "measurements", "value") == [(5.0,)]
    assert counts_by_outcome(found, "primary_care.measured", "not a number") == {"set_to_null": 2}


def measured(code: str, value: float | str | None, unit: str | None = None, **more: object) -> dict[str, object]:
    return {
        "person_id": 1,
        "measurement_date": date(2015, 1, 1),
        "measurement_source_value": code,
        "measurement_concept_id": 0,
        "value_as_number": value,
        "unit_source_value": unit,
        "operator_concept_id": None,
        "value_source_value": None,
        **more,
    }


def measurements(folder: Path, given: list[dict[str, object]]) -> tuple[list[tuple[str, float]], dict[str, int], str]:
    """The codes and values, the rules of rows refused, and the manifest's line of units."""
    person = {"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]}
    days = {"observation_period_start_date": [date(2010, 1, 1)], "observation_period_end_date": [date(2020, 12, 31)]}
    cdm = {"person": pl.DataFrame(person), "observation_period": pl.DataFrame({"person_id": [1], **days})}
    result = from_omop({**cdm, "measurement": pl.DataFrame(given, infer_schema_length=None)}, folder / "out")
    kept = pl.read_parquet(folder / "out" / "measurements.parquet").select("code", "value").rows()
    refused = result.account.counts.filter(dataset="measurement", outcome="rejected").select("rule", "rows")
    return sorted(kept, key=str), dict(refused.iter_rows()), (folder / "out" / "registers.toml").read_text()


SPELLINGS = {
    "capitals": ["mmol/L", "mmol/l", "MMOL/L"],
    "blanks": ["mmol/l", " mmol/l ", "mmol / l"],
    "the micro sign, the Greek letter and u": ["\u00b5mol/l", "\u03bcmol/L", "umol/l"],
    "brackets": ["mm[Hg]", "mmHg", "mm Hg"],
    "powers": ["kg/m²", "kg/m2", "kg/m^2"],
    "per cent": ["%", "percent", "procent"],
}


@pytest.mark.parametrize("units", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_spellings_of_one_unit_change_no_code(tmp_path: Path, units: list[str]):
    found, _, manifest = measurements(tmp_path, [measured("x", float(n), unit) for n, unit in enumerate(units)])
    assert found == [("x", 0.0), ("x", 1.0), ("x", 2.0)]
    assert 'units = { "x" = ' in manifest


def test_a_missing_unit_is_not_assumed_and_changes_no_other_code(tmp_path: Path):
    given = [measured("crp", 6.0, "mg/L"), measured("crp", 7.0), measured("crp", None), measured("bare", 1.0)]
    found, _, _ = measurements(tmp_path, given)
    assert found == [("bare", 1.0), ("crp", 6.0), ("crp", None), ("crp_no_unit", 7.0)]


def test_two_units_become_part_of_the_code_by_name(tmp_path: Path):
    given = [measured("hba1c", 6.0, "%"), measured("hba1c", 42.0, "mmol/mol"), measured("hba1c", 43.0, "mmol/Mol")]
    found, _, manifest = measurements(tmp_path, [*given, measured("hba1c", 44.0)])
    assert found == [
        ("hba1c_mmol_mol", 42.0), ("hba1c_mmol_mol", 43.0), ("hba1c_no_unit", 44.0), ("hba1c_percent", 6.0)
    ]  # fmt: skip
    assert 'units = { "hba1c_mmol_mol" = "mmol/Mol", "hba1c_percent" = "%" }' in manifest


@pytest.mark.parametrize("operator", [4171756, 4172704, 4171754, 4171755])
def test_bounds_of_omop_are_refused_by_their_operator(tmp_path: Path, operator: int):
    given = [measured("crp", 5.0, operator_concept_id=operator), measured("crp", 6.0, operator_concept_id=4172703)]
    assert measurements(tmp_path, given)[:2] == ([("crp", 6.0)], {BOUND: 1})


def test_bounds_of_omop_are_refused_by_how_they_were_recorded(tmp_path: Path):
    given = [measured("crp", 5.0, value_source_value="<5"), measured("crp", 6.0, value_source_value="6")]
    assert measurements(tmp_path, given)[:2] == ([("crp", 6.0)], {BOUND: 1})


def test_values_as_texts_in_omop(tmp_path: Path):
    given = [measured("crp", text) for text in ("<5", "6,5", "7.5", "neg", "1,234", None)]
    found, refused, _ = measurements(tmp_path, given)
    assert found == [("crp", 6.5), ("crp", 7.5), ("crp", None)]
    assert refused == {BOUND: 1, "value is not a number": 2}


def test_bounds_of_meds(tmp_path: Path):
    (tmp_path / "meds" / "data").mkdir(parents=True)
    rows = [("GENDER//F", None, None, None), ("MEDS_BIRTH", date(1950, 1, 1), None, None)]
    rows += [("LAB//CRP", date(2015, 1, day), 5.0, text) for day, text in ((1, "<5"), (2, "5"), (3, None))]
    schema = {"code": pl.String, "time": pl.Date, "numeric_value": pl.Float32, "text_value": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(subject_id=1)
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime))
    frame.write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    result = from_meds(tmp_path / "meds", tmp_path / "out")
    assert result.account.counts.filter(outcome="rejected").select("rule", "rows").rows() == [(BOUND, 1)]
    frame.with_columns(pl.col("numeric_value").cast(pl.String)).write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    with pytest.raises(ContractError, match="numeric_value of type String"):
        from_meds(tmp_path / "meds", tmp_path / "out")
