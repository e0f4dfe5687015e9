"""Intake of the shipped extracts: every planted fault is found and counted, and nothing is lost but what must be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from data_errors import FAULTS, carried
from register_comparison import (
    DATA_END,
    FIRST_EVENT,
    NOT_A_CODE,
    assert_same_rows,
    people_who_lost,
    table_after_intake,
    without,
)
from riskstrat.intake import extracts
from riskstrat.intake.raw_extracts.reporting import IntakeResult
from riskstrat.registers import Registers, open_registers
from riskstrat.synthetic.extracts import choose_people, clean_tables, write_extracts

SAMPLES = Path(__file__).parents[2] / "data_samples"
PEOPLE, SEED = 2_000, 1
RAGNAR = 9_000_001


@dataclass(frozen=True)
class Evidence:
    """Where the account shows a fault: so many rows for each planted one."""

    place: str
    column: str
    rule: str
    outcome: str
    faults: Mapping[str, float]

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.place, self.column, self.rule, self.outcome


def counted(place: str, column: str, rule: str, outcome: str, *faults: str, **times: float) -> Evidence:
    return Evidence(place, column, rule, outcome, {**dict.fromkeys(faults, 1), **times})


UNKNOWN_DAY, UNKNOWN_MONTH = "incomplete date, day unknown", "incomplete date, month unknown"
SENTINEL, DUPLICATE = "a date that stands for unknown", "exact duplicate"
DOTS, MARKS = "dots or blanks stripped from code", "dagger or star stripped from code"
MAJORITY = "conflicting values, the majority counts"
FACTS, JOINED = "facts about one person", "joined to the spell that it continues"
EVIDENCE = (
    counted("persons", "", "reused personal number", "rejected", "reused_number"),
    counted("persons", "birth_date", MAJORITY, "repaired", "conflicting_birth_year"),
    counted("persons", "sex", MAJORITY, "repaired", "conflicting_sex"),
    counted("persons", "", FACTS, "merged", "person_twice", "second_row_without_country", "conflicting_birth_year",
            "conflicting_sex", "parents_twice", "birth_twice", "death_twice"),
    counted("rtb.demography", "", "no usable person", "rejected", "person_without_number"),
    counted("rtb.demography", "died", UNKNOWN_DAY, "repaired", "death_day_unknown"),
    counted("rtb.demography", "died", UNKNOWN_MONTH, "repaired", "death_month_unknown"),
    counted("rtb.demography", "died", SENTINEL, "set_to_null", "death_never", "death_1900", "death_1800", "death_9999"),
    counted("rtb.demography", "born", UNKNOWN_MONTH, "repaired", "birth_month_missing", "birth_month_unknown"),
    counted("rtb.moves", "day", UNKNOWN_DAY, "repaired", "move_day_unknown"),
    counted("rtb.residence", "", "", "read", "home_twice"),
    counted("rtb.residence", "area", "version stripped from area code", "repaired", "area_with_version"),
    counted("rtb.moves", "", "", "read", "move_twice"),
    counted("migrations", "", DUPLICATE, "merged", "migration_twice"),
    counted("rtb.migrations", "", "no usable day", "rejected", "migration_without_day"),
    counted("rtb.migrations", "day", SENTINEL, "set_to_null", "migration_without_day"),
    counted("rtb.migrations", "", "no usable what", "rejected", "migration_of_no_kind"),
    counted("rtb.migrations", "what", "value not recognised", "set_to_null", "migration_of_no_kind"),
    counted("rtb.migrations", "day", UNKNOWN_DAY, "repaired", "migration_day_unknown"),
    counted("lisa.individuals", "", "", "read", "lisa_twice", "lisa_second_row", "old_definitions"),
    counted("lisa.individuals", "education", "value not recognised", "set_to_null", "education_not_on_the_list"),
    counted("lisa.individuals", "income", "not a number", "set_to_null", "income_not_a_number"),
    counted("diagnoses", "main", MARKS, "repaired", "code_with_dagger", "code_with_star", "code_with_hash"),
    counted("diagnoses", "main", DOTS, "repaired", "code_with_dot", "code_with_blank", "visit_code_with_dot",
            "primary_care_dot"),
    counted("diagnoses", "main", "-P stripped from code", "repaired", "primary_care_suffix"),
    counted("diagnoses", "underlying", DOTS, "repaired", "cause_with_dot"),
    counted("contacts", "", JOINED, "merged", transfer=0.5),
    counted("contacts", "", "person is not in persons", "rejected", "stay_of_a_stranger"),
    counted("contacts", "", "after the last day of data", "rejected", "admission_after_the_end"),
    counted("contacts", "", "ends before it starts", "rejected", "ends_before_it_starts"),
    counted("contacts", "", "before birth", "rejected", "visit_before_birth"),
    counted("par.inpatient", "", "no usable person", "rejected", "stay_without_number"),
    counted("par.inpatient", "", "no usable admitted", "rejected", "admission_not_a_date"),
    counted("par.inpatient", "admitted", "not a date", "set_to_null", "admission_not_a_date"),
    counted("par.inpatient", "admitted", UNKNOWN_DAY, "repaired", "admission_day_unknown", "admission_day_99"),
    counted("par.inpatient", "discharged", SENTINEL, "set_to_null", "discharge_never"),
    counted("par.inpatient", "discharged", "value of a fallback column", "repaired", "discharge_missing"),
    counted("prescriptions", "", DUPLICATE, "merged", "drug_twice"),
    counted("prescriptions", "", "return and the dispensing that it cancels", "merged", "drug_returned"),
    counted("prescriptions", "", "return without its dispensing", "rejected", "return_of_nothing"),
    counted("lmed.dispensings", "", "no usable dispensed", "rejected", "drug_without_day"),
    counted("lmed.dispensings", "", "no row of any table results from it", "rejected", "drug_without_code"),
    counted("dors.deaths", "day", UNKNOWN_DAY, "repaired", "cause_day_unknown"),
    counted("births", "", DUPLICATE, "merged", birth_twice=5),
    counted("births", "", "implausible birth weight for gestation", "rejected", birth_weight_impossible=2),
    counted("mfr.births", "", "no usable child", "rejected", "stillbirth"),
    counted("mfr.births", "born", UNKNOWN_DAY, "repaired", "birth_day_unknown"),
    counted("mfr.births", "mother_height", "outside the plausible range", "set_to_null", "height_without_a_digit"),
    counted("primary_care.contacts", "person", "not in the key file", "set_to_null", "contact_without_key"),
    counted("primary_care.contacts", "", "no usable person", "rejected", "contact_without_key"),
    counted("primary_care.contacts", "", "", "read", "contact_without_key", "contact_twice"),
    counted("primary_care.measured", "systolic", "outside the plausible range", "set_to_null", "pressure_impossible"),
    counted("primary_care.measured", "cholesterol", "not a number", "set_to_null", "measured_below_the_limit"),
    counted("child_health", "value", "weight and height exchanged", "repaired", "weight_and_height_swapped",
            "school_weight_and_height_swapped"),
    counted("child_health", "value", "weight in grams", "repaired", "weight_in_grams", "school_weight_in_grams"),
    counted("child_health", "value", "height in metres", "repaired", "height_in_metres"),
    counted("child_health", "", "implausible weight or height, several readings or none", "rejected",
            weight_impossible=3),
    counted("bhv.visits", "", "", "read", "growth_twice"),
    counted("services", "", DUPLICATE, "merged", "month_twice"),
    counted("sol.months", "", "no usable first", "rejected", "month_thirteen"),
    counted("sol.months", "first", "not a date", "set_to_null", "month_thirteen"),
)  # fmt: skip
MISSING_CELLS = {
    ("lisa.individuals", "education"): ("education_hidden", "education_not_on_the_list"),
    ("par.specialist", "main"): ("visit_without_diagnosis",),
    ("mfr.births", "mother_weight"): ("mother_not_weighed",),
}
"""What is simply not there shows in the missingness of its column."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (SAMPLES / "raw").is_dir():
        pytest.skip("data_samples/raw is not there")
    return tmp_path_factory.mktemp("registers")


@pytest.fixture(scope="module")
def truth() -> dict[str, pl.DataFrame]:
    registers = open_registers(SAMPLES / "modellstad")
    return clean_tables(registers, choose_people(registers, PEOPLE, SEED))


@pytest.fixture(scope="module")
def expected(truth: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return carried(truth, DATA_END)


@pytest.fixture(scope="module")
def from_clean(folders: Path) -> IntakeResult:
    raw = write_extracts(SAMPLES / "modellstad", folders / "clean_raw", PEOPLE, SEED)
    return extracts(raw, folders / "clean", data_end=DATA_END)


@pytest.fixture(scope="module")
def from_faulty(folders: Path) -> IntakeResult:
    return extracts(SAMPLES / "raw", folders / "faulty", data_end=DATA_END)


@pytest.fixture(scope="module")
def planted() -> dict[str, int]:
    said = json.loads((SAMPLES / "raw" / "planted.json").read_text(encoding="utf-8"))
    return {each["name"]: each["rows"] for each in said["faults"]}


@pytest.fixture(scope="module")
def planted_rows() -> pl.DataFrame:
    return pl.read_ndjson(SAMPLES / "raw" / "truth" / "planted_rows.ndjson")


TABLES = (
    "persons", "residences", "diagnoses", "prescriptions", "births", "child_health", "measurements", "circumstances",
    "contacts", "services", "migrations",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_clean_extracts_give_the_clean_table(from_clean: IntakeResult, expected: dict[str, pl.DataFrame], table: str):
    wanted = expected[table]
    assert_same_rows(table, table_after_intake(from_clean, table, wanted), wanted)


@pytest.mark.parametrize("table", TABLES)
def test_faulty_extracts_give_the_clean_table_but_for_what_is_lost(
    from_faulty: IntakeResult, expected: dict[str, pl.DataFrame], planted_rows: pl.DataFrame, table: str
):
    lost, wanted = people_who_lost(planted_rows, table), expected[table]
    assert lost.len() < wanted["person_id"].n_unique() / 4
    assert_same_rows(table, without(table_after_intake(from_faulty, table, wanted), lost), without(wanted, lost))


def test_clean_extracts_have_nothing_rejected_or_set_to_null(from_clean: IntakeResult):
    outcomes = set(from_clean.account.counts["outcome"].unique())
    assert not outcomes & {"rejected", "set_to_null"}
    assert not from_clean.account.codes.height


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda each: " ".join(filter(None, each.key)))
def test_rule_counts_what_was_planted(
    from_clean: IntakeResult, from_faulty: IntakeResult, planted: dict[str, int], evidence: Evidence
):
    more = rows_of(from_faulty, evidence) - rows_of(from_clean, evidence)
    assert more == sum(planted[fault] * times for fault, times in evidence.faults.items())


def rows_of(result: IntakeResult, evidence: Evidence) -> int:
    place, column, rule, outcome = evidence.key
    return int(result.account.counts.filter(dataset=place, column=column, rule=rule, outcome=outcome)["rows"].sum())


@pytest.mark.parametrize("cell", MISSING_CELLS, ids=".".join)
def test_missing_cells_are_told(
    from_clean: IntakeResult, from_faulty: IntakeResult, planted: dict[str, int], cell: tuple[str, str]
):
    more = missing(from_faulty, cell) - missing(from_clean, cell)
    assert more == sum(planted[fault] for fault in MISSING_CELLS[cell])


REFUSED_LINES = (
    "person_without_number", "migration_without_day", "migration_of_no_kind", "stay_without_number",
    "admission_not_a_date", "drug_without_day", "drug_without_code", "stillbirth", "contact_without_key",
    "month_thirteen",
)  # fmt: skip


def test_refused_lines_are_the_planted_ones(from_faulty: IntakeResult, planted_rows: pl.DataFrame):
    rejected = [path for path in (from_faulty.folder / "rejected").glob("*.parquet") if "." in path.stem]
    lines = pl.concat([pl.read_parquet(path).select(file="__file", row="__line") for path in rejected])
    planted = planted_rows.filter(pl.col("fault").is_in(REFUSED_LINES)).select("file", "row")
    assert sorted(lines.rows()) == sorted(planted.rows())


def test_clean_intake_rejects_no_row(from_clean: IntakeResult):
    assert not list((from_clean.folder / "rejected").glob("*.parquet"))


def people_with(planted_rows: pl.DataFrame, *faults: str) -> set[int]:
    return set(planted_rows.filter(pl.col("fault").is_in(faults))["person_id"])


def test_reused_numbers_are_gone_from_every_table(from_faulty: IntakeResult, planted_rows: pl.DataFrame):
    reused = people_with(planted_rows, "reused_number")
    assert reused
    for table in TABLES:
        assert not reused & set(from_faulty.registers.scan(table).collect()["person_id"]), table


def test_precision_is_kept_of_dates_that_were_incomplete(from_faulty: IntakeResult, planted_rows: pl.DataFrame):
    persons = from_faulty.registers.scan("persons").collect()
    no_month = people_with(planted_rows, "birth_month_missing", "birth_month_unknown")
    precision = dict(persons.select("person_id", "birth_date_precision").iter_rows())
    assert {precision[person] for person in no_month} == {"year"}
    births = persons.filter(pl.col("person_id").is_in(list(no_month)))["birth_date"]
    assert births.dt.strftime("%m%d").unique().to_list() == ["0701"]


def test_older_versions_of_icd_go_to_tables_of_their_own(from_faulty: IntakeResult, planted_rows: pl.DataFrame):
    eight = from_faulty.registers.scan("diagnoses_icd8").collect()
    nine = from_faulty.registers.scan("diagnoses_icd9").collect()
    ten = from_faulty.registers.scan("diagnoses").filter(pl.col("date") < FIRST_EVENT).collect()
    assert set(eight["person_id"]) == people_with(planted_rows, "icd8")
    assert set(nine["person_id"]) == people_with(planted_rows, "icd9", "icd9_in_1997")
    assert set(ten["person_id"]) == people_with(planted_rows, "icd10_in_1997")
    assert set(eight["code"]) == {"412,01"}
    assert set(nine["code"]) == {"410A", "427D"}


def test_breaks_in_definitions_are_flagged(from_faulty: IntakeResult):
    incomes = from_faulty.registers.scan("circumstances").filter(pl.col("code") == "disposable_income_sek").collect()
    named = {year: set(part["setting"]) for (year,), part in incomes.group_by(pl.col("date").dt.year())}
    assert named.pop(2003) == {"DispInk"}
    assert set().union(*named.values()) == {"DispInk04"}
    series = from_faulty.account.definitions.filter(code="employed")
    assert set(series["definition"]) == {"SyssStat", "SyssStatG", "SyssStat11", "SyssStat19"}


def test_texts_that_are_no_codes_are_counted_and_not_shown(from_faulty: IntakeResult, planted: dict[str, int]):
    codes = from_faulty.account.codes
    assert codes["rows"].sum() == planted["code_not_a_code"]
    assert NOT_A_CODE not in set(codes["code"])


def test_hidden_codes_do_not_come_in(from_faulty: IntakeResult):
    assert "BLANKED" not in from_faulty.registers.codes("diagnoses")


def test_letters_in_the_fifth_place_stay(from_faulty: IntakeResult, planted_rows: pl.DataFrame):
    lettered = from_faulty.registers.scan("diagnoses").collect().filter(pl.col("code").str.contains(r"^[A-Z]\d{3}B$"))
    assert people_with(planted_rows, "code_with_letter") <= set(lettered["person_id"])


def features_of(registers: Registers, person: int) -> dict[str, object]:
    """Answer every feature of `frailty` for one of the target population."""
    condition = rs.conditions.load("frailty")
    target = rs.target_population(condition, registers, date(2024, 1, 1))
    alone = replace(target, people=target.people.filter(person_id=person))
    return rs.build_features(condition.features, alone, registers).row(0, named=True)


def test_ragnar_is_the_same_to_the_model_after_the_way_through_the_agencies(from_faulty: IntakeResult):
    before = features_of(open_registers(SAMPLES / "modellstad"), RAGNAR)
    after = features_of(from_faulty.registers, RAGNAR)
    assert after.pop("age_years") == pytest.approx(before.pop("age_years"), abs=16 / 365)
    assert (after.pop("area_care_need_index"), before.pop("area_care_need_index")) == (None, 1.625)
    assert after == before


EXPLAINED_ELSEWHERE = {
    "death_na", "code_with_letter", "main_diagnosis_repeated", "code_blanked", "code_not_a_code",
    "icd8", "icd9", "icd9_in_1997", "icd10_in_1997", "stay_twice", "kind_of_admission_missing", "visit_twice",
    "drug_in_doses", "drug_before_the_register", "cause_repeated", "hours_missing", "income_full_stop", "key_twice",
}  # fmt: skip
"""Faults that leave no count of their own: the tables equal the clean ones, or a test of their own looks at them."""


def test_every_fault_has_its_evidence(planted: dict[str, int]):
    shown = {fault for evidence in EVIDENCE for fault in evidence.faults}
    shown |= {fault for faults in MISSING_CELLS.values() for fault in faults}
    assert shown | EXPLAINED_ELSEWHERE == set(planted) == {fault.name for fault in FAULTS}


def missing(result: IntakeResult, cell: tuple[str, str]) -> int:
    return int(result.account.cells.filter(dataset=cell[0], column=cell[1])["missing"].sum())
