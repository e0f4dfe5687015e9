"""Mappings as declarations: what ships is sound, what a user gives comes first, and contradictions are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskstrat.errors import UsageError
from riskstrat.intake.raw_extracts.coverage import rules_of
from riskstrat.intake.raw_extracts.delivery import spelled
from riskstrat.intake.raw_extracts.mapping import RegisterMapping, TableRules
from riskstrat.intake.raw_extracts.shipped import mappings, shipped_names
from small_extracts import rows, run_intake

NEW_REGISTER = """
name = "ndr"
title = "Diabetes register"
source = "A quality register"
[inputs.visits]
files = ["NDR_{year}"]
[inputs.visits.columns]
person = { names = ["LopNr"], kind = "key", required = true, status = "verified" }
day = { names = ["R_ContactDate"], kind = "date", required = true, status = "verified" }
hba1c = { names = ["R_HbA1c"], kind = "number", between = [15, 200], status = "verified" }
[[inputs.visits.rows]]
table = "diabetes_visits"
take = { person_id = "person", date = "day", value = "hba1c" }
set = { code = "hba1c_mmol_mol" }
[tables.diabetes_visits]
delay_days = 180
units = { hba1c_mmol_mol = "mmol/mol" }
"""


def test_every_shipped_mapping_is_sound_and_says_how_sure_it_is():
    found = mappings()
    assert {mapping.name for mapping in found} == set(shipped_names())
    statuses = {column.status for each in found for kind in each.inputs.values() for column in kind.columns.values()}
    assert statuses == {"verified", "memory"}


def test_no_file_name_is_claimed_by_two_inputs():
    patterns = [
        pattern.casefold() for mapping in mappings() for each in mapping.inputs.values() for pattern in each.files
    ]
    assert len(patterns) == len(set(patterns))


def test_a_mapping_is_a_value_that_comes_back_from_its_print():
    for mapping in mappings():
        assert RegisterMapping.model_validate_json(mapping.model_dump_json()) == mapping


def test_a_new_register_is_a_mapping_and_no_code(tmp_path: Path):
    own = tmp_path / "ndr.toml"
    own.write_text(NEW_REGISTER)
    files = {"NDR_2011.csv": "LopNr,R_ContactDate,R_HbA1c\n1,2011-03-01,52\n1,2011-09-01,520\n"}
    found = run_intake(tmp_path, files, mapping=[own])
    assert rows(found, "diabetes_visits", "code", "value") == [("hba1c_mmol_mol", 52.0)]
    entry = found.registers.manifest.tables["diabetes_visits"]
    assert (entry.delay_days, entry.units) == (180, {"hba1c_mmol_mol": "mmol/mol"})


def test_a_users_file_says_only_what_is_different(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text(
        'extends = "lmed"\n[inputs.dispensings]\nfiles = ["uttag_{year}"]\n'
        '[inputs.dispensings.columns.person]\nnames = ["Pseudonym"]\n'
    )
    found = run_intake(tmp_path, {"uttag_2011.csv": "Pseudonym;ATC;EDATUM\n1;N02BE01;20110101\n"}, mapping=[own])
    assert rows(found, "prescriptions", "person_id", "code") == [(1, "N02BE01")]


CONTRADICTIONS = {
    "a column that is not there": (
        'take = { person_id = "person", date = "day", value = "colour" }',
        "no column colour",
    ),
    "a table's column that is not there": (
        'take = { person_id = "person", date = "day", dose = "hba1c" }',
        "no column dose",
    ),
    "a number as a code": ('take = { person_id = "person", date = "day", code = "hba1c" }', "holds none"),
    "no date": ('take = { person_id = "person", value = "hba1c" }', "no date"),
}


@pytest.mark.parametrize(("take", "says"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_contradictions_are_told(tmp_path: Path, take: str, says: str):
    own = tmp_path / "own.toml"
    own.write_text(NEW_REGISTER.replace('take = { person_id = "person", date = "day", value = "hba1c" }', take))
    with pytest.raises(UsageError, match=says):
        mappings([own])


FIELDS = {
    "a code without its system": ('kind = "number", between = [15, 200]', 'kind = "code"', "without its system"),
    "limits of a text": ('kind = "number", between', 'kind = "text", between', "cannot have scale or between"),
    "a delay that is missing": ("[tables.diabetes_visits]", "[tables.other]", r"no \[tables.diabetes_visits\]"),
    "a table without its delay": ("delay_days = 180\n", "", r"no \[tables.diabetes_visits\] with its delay_days"),
    "an input's name with a blank": ("inputs.visits", "inputs.'v s'", "names of inputs are letters"),
    "a table that nothing goes to": (
        "[tables.",
        "[tables.visits]\ndelay_days = 1\n[tables.",
        r"\[tables.visits\], which no rows go to",
    ),
    "rows of outlines": ("diabetes_visits", "geometry", "outlines are no table"),
    "a field that is unknown": ("files =", "colour = 1\nfiles =", "colour"),
    "a fallback of another kind": ("between = [15, 200]", 'fallback = "day"', "the fallback of hba1c is no number"),
}


@pytest.mark.parametrize(("old", "new", "says"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_that_do_not_fit_are_told(tmp_path: Path, old: str, new: str, says: str):
    own = tmp_path / "own.toml"
    own.write_text(NEW_REGISTER.replace(old, new))
    with pytest.raises(UsageError, match=says):
        mappings([own])


def test_of_several_mappings_of_a_table_the_longer_delays_count_and_a_classification_stays_one():
    (mapping,) = (each for each in mappings() if each.name == "par")

    def joined(*tables: dict[str, object]) -> tuple[object, str]:
        rules = [TableRules.model_validate(said) for said in tables]
        told = rules_of(mapping.model_copy(update={"tables": {"diagnoses": each}}) for each in rules)["diagnoses"]
        return told.delay_days, told.code_system

    by_setting, own = {"delay_days": {"inpatient": 90, "specialist": 30}, "code_system": "icd10_se"}, {"delay_days": 60}
    assert joined({"delay_days": 30}, {"delay_days": 90}) == (90, "exact")
    for tables in ((by_setting, own), (own, by_setting)):
        assert joined(*tables) == ({"inpatient": 90, "specialist": 60}, "icd10_se")
    assert joined(by_setting, {"delay_days": {"inpatient": 30}})[0] == {"inpatient": 90, "specialist": 30}


def test_numbered_families_are_written_out():
    assert spelled(["MORSAK{2..3}", "ICD"]) == ("morsak2", "morsak02", "morsak3", "morsak03", "icd")
