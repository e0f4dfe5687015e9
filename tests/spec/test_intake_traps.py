"""What intake makes of the traps of Swedish registers: texts as delivered in, rows of the contract out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from small_extracts import counts_by_outcome, rejected, rows, run_intake

STAY = "LOPNR;INDATUMA;UTDATUMA;HDIA;DIA1;DIA2;EKOD1;OP;PVARD\n"
DRUG = "LopNr;ATC;EDATUM;ANTAL;forpddd\n"


def codes_of(folder: Path, stay: str, table: str = "diagnoses") -> list[tuple[object, ...]]:
    found = run_intake(folder, {"PAR_SV_2011.csv": STAY + stay + "\n"})
    return rows(found, table, "code", "position") if found.registers.has(table) else []


STAYS = {
    "as it should be": ("1;20110301;20110305;I219;E119;;;;", [("E119", "other"), ("I219", "main")]),
    "dots": ("1;20110301;20110305;I21.9;;;;;", [("I219", "main")]),
    "a letter in the fifth place stays": ("1;20110301;20110305;N950B;;;;;", [("N950B", "main")]),
    "primary care's own version": ("1;20110301;20110305;J45-P;;;;;", [("J45", "main")]),
    "dagger, star and hash": (
        "1;20110301;20110305;A170+;G01*;I219#;;;",
        [("A170", "main"), ("G01", "other"), ("I219", "other")],
    ),
    "small letters and blanks": ("1;20110301;20110305; i21 9 ;;;;;", [("I219", "main")]),
    "the main diagnosis again": ("1;20110301;20110305;I219;I219;E119;;;", [("E119", "other"), ("I219", "main")]),
    "a code that was blanked": ("1;20110301;20110305;BLANKED;E119;;;;", [("E119", "other")]),
    "an external cause": ("1;20110301;20110305;S720;;;W01;;", [("S720", "main"), ("W01", "external")]),
    "no diagnosis at all": ("1;20110301;20110305;;;;;;", []),
}


@pytest.mark.parametrize(("stay", "expected"), STAYS.values(), ids=STAYS.keys())
def test_diagnoses_of_a_stay(tmp_path: Path, stay: str, expected: list[tuple[str, str]]):
    assert codes_of(tmp_path, stay) == expected


def test_a_stay_without_diagnosis_is_still_a_contact(tmp_path: Path):
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": STAY + "1;20110301;20110305;;;;;;1\n"})
    assert rows(found, "contacts", "code", "date", "end_date") == [
        ("admission_planned", date(2011, 3, 1), date(2011, 3, 5))
    ]


def test_procedures_stand_in_one_cell(tmp_path: Path):
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": STAY + "1;20110301;20110305;I219;;;;FNG05 AF037;\n"})
    assert rows(found, "procedures", "code") == [("AF037",), ("FNG05",)]


VERSIONS = {
    "ICD-8 keeps its comma": ("19850301", "464,01", "diagnoses_icd8", "464,01"),
    "ICD-9 has a letter in the fourth place": ("19920301", "410A", "diagnoses_icd9", "410A"),
    "ICD-9 in 1997": ("19970301", "410A", "diagnoses_icd9", "410A"),
    "ICD-10 in 1997": ("19970301", "I219", "diagnoses", "I219"),
    "an external cause of ICD-9 is no E code of ICD-10": ("19920301", "E850", "diagnoses_icd9", "E850"),
}


@pytest.mark.parametrize(("day", "code", "table", "expected"), VERSIONS.values(), ids=VERSIONS.keys())
def test_the_date_tells_the_version(tmp_path: Path, day: str, code: str, table: str, expected: str):
    found = run_intake(tmp_path, {"PAR_SV_1997.csv": f"{STAY}1;{day};{day};{code};;;;;\n"})
    assert rows(found, table, "code") == [(expected,)]
    others = {"diagnoses", "diagnoses_icd8", "diagnoses_icd9"} - {table}
    assert not others & set(found.registers.tables)


def test_codes_without_a_known_shape_are_kept_and_told(tmp_path: Path):
    stays = "".join(f"1;201103{day:02d};201103{day:02d};?7;;;;;\n" for day in range(1, 7))
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": STAY + stays + "1;20110401;20110401;a whole sentence;;;;;\n"})
    assert len(rows(found, "diagnoses", "code")) == 7
    assert dict(found.account.codes.select("code", "rows").rows()) == {"(a text that is no code)": 7}


DATES = {
    "day unknown": ("20110300", date(2011, 3, 15), "month"),
    "month unknown": ("20110000", date(2011, 7, 1), "year"),
    "six figures": ("201103", date(2011, 3, 15), "month"),
    "four figures": ("2011", date(2011, 7, 1), "year"),
    "99 for unknown": ("20119999", date(2011, 7, 1), "year"),
    "hyphens": ("2011-03-09", date(2011, 3, 9), "day"),
    "a time of day": ("2011-03-09 00:00:00", date(2011, 3, 9), "day"),
}


@pytest.mark.parametrize(("text", "day", "precision"), DATES.values(), ids=DATES.keys())
def test_incomplete_dates_stand_in_the_middle_and_say_so(tmp_path: Path, text: str, day: date, precision: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{DRUG}1;N02BE01;{text};1;10\n"})
    assert rows(found, "prescriptions", "date") == [(day,)]
    assert found.registers.sources["prescriptions"].scan().collect().height == 1
    table = __import__("polars").read_parquet(found.folder / "prescriptions.parquet")
    assert table["date_precision"].to_list() == [precision]


SENTINELS = ["18000101", "19000101", "99991231", "9999", "99999999"]


@pytest.mark.parametrize("text", SENTINELS)
def test_dates_that_stand_for_unknown_are_missing(tmp_path: Path, text: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{DRUG}1;N02BE01;{text};1;10\n1;N02BE01;20110501;1;10\n"})
    assert rows(found, "prescriptions", "date") == [(date(2011, 5, 1),)]
    assert counts_by_outcome(found, "lmed.dispensings", "a date that stands for unknown") == {"set_to_null": 1}
    assert rejected(found, "lmed.dispensings")["EDATUM"].to_list() == [text]


@pytest.mark.parametrize("text", ["20110230", "20111301", "yesterday", "201103011", "0"])
def test_what_is_no_date_is_refused(tmp_path: Path, text: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{DRUG}1;N02BE01;{text};1;10\n1;N02BE01;20110501;1;10\n"})
    assert counts_by_outcome(found, "lmed.dispensings", "not a date") == {"set_to_null": 1}
    assert counts_by_outcome(found, "lmed.dispensings", "no usable dispensed") == {"rejected": 1}


def test_a_return_cancels_the_dispensing_that_it_undoes(tmp_path: Path):
    drugs = "1;C07AB02;20110101;1;98\n1;C07AB02;20110301;1;98\n1;C07AB02;20110305;-1;98\n2;C07AB02;20110305;-1;98\n"
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + drugs})
    assert rows(found, "prescriptions", "person_id", "date", "value") == [(1, date(2011, 1, 1), 98.0)]
    assert counts_by_outcome(found, "prescriptions", "return and the dispensing that it cancels") == {"merged": 2}
    assert counts_by_outcome(found, "prescriptions", "return without its dispensing") == {"rejected": 1}


def test_decimal_commas_and_doses(tmp_path: Path):
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + "1;C07AB02;20110101;0,25;98,5\n1;C07AB02;20110102;2;\n"})
    assert rows(found, "prescriptions", "date", "value") == [
        (date(2011, 1, 1), 24.625),
        (date(2011, 1, 2), None),
    ]


def test_a_transfer_is_one_stay_and_a_readmission_the_day_after_is_another(tmp_path: Path):
    stays = "1;20110301;20110305;I219;;;;;\n1;20110305;20110309;I219;;;;;1\n1;20110310;20110311;I219;;;;;\n"
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": STAY + stays})
    assert rows(found, "contacts", "code", "date", "end_date") == [
        ("admission_unplanned", date(2011, 3, 1), date(2011, 3, 9)),
        ("admission_unplanned", date(2011, 3, 10), date(2011, 3, 11)),
    ]
    assert counts_by_outcome(found, "contacts", "joined to the spell that it continues") == {"merged": 1}
    assert len(rows(found, "diagnoses", "code", "date")) == 3


def test_one_series_with_its_break(tmp_path: Path):
    lisa = {
        "LISA_2010.csv": "LopNr;DispInk;Sun2000niva_old;SyssStat11\n1;2100;*;1\n2;1 500;3;5\n",
        "Individ_2011.csv": "lopnr;DISPINK04;Sun2000Niva_Old;SyssStat11\n1;2200;5;1\n",
    }
    found = run_intake(tmp_path, lisa)
    income = found.registers.scan("circumstances").filter(code="disposable_income_sek").collect()
    assert sorted(income.select("person_id", "date", "value", "setting").rows()) == [
        (1, date(2010, 12, 31), 210_000.0, "DispInk"),
        (1, date(2011, 12, 31), 220_000.0, "DispInk04"),
        (2, date(2010, 12, 31), 150_000.0, "DispInk"),
    ]
    assert rows(found, "circumstances", "code", "value").count(("education_level", 3.0)) == 1
    assert set(found.account.definitions["definition"]) >= {"DispInk", "DispInk04"}


def test_the_majority_decides_birth_year_and_sex(tmp_path: Path):
    population = "LopNr;fodelseman;Kon\n1;195003;1\n1;195003;1\n1;195103;2\n2;1980;2\n2;198011;2\n"
    found = run_intake(tmp_path, {}, population=population)
    assert rows(found, "persons", "person_id", "birth_date", "birth_date_precision", "sex") == [
        (1, date(1950, 3, 15), "month", "male"),
        (2, date(1980, 11, 15), "month", "female"),
    ]
    assert counts_by_outcome(found, "persons", "conflicting values, the majority counts") == {"repaired": 2}


def test_a_reused_number_is_left_out_everywhere_and_counted(tmp_path: Path):
    population = "LopNr;fodelseman;Kon;AterPnr\n1;195003;1;0\n2;198011;2;1\n"
    found = run_intake(
        tmp_path, {"LMED_2011.csv": DRUG + "2;N02BE01;20110101;1;10\n1;N02BE01;20110101;1;10\n"}, population=population
    )
    assert rows(found, "persons", "person_id") == [(1,)]
    for table in ("persons", "prescriptions"):
        assert counts_by_outcome(found, table, "reused personal number") == {"rejected": 1}
    assert rejected(found, "prescriptions")["__file"].to_list() == ["LMED_2011.csv"]
    assert rejected(found, "prescriptions")["__line"].to_list() == [1]


def test_an_agency_with_numbers_of_its_own(tmp_path: Path):
    key = "LopNr_SoS;LopNr\n501;1\n502;2\n503;1\n503;2\n"
    drugs = "501;N02BE01;20110101;1;10\n503;N02BE01;20110101;1;10\n999;N02BE01;20110101;1;10\n"
    found = run_intake(tmp_path, {"Nyckel_SoS.csv": key, "LMED_2011.csv": DRUG + drugs})
    assert rows(found, "prescriptions", "person_id") == [(1,)]
    assert counts_by_outcome(found, "lmed.dispensings", "not in the key file") == {"set_to_null": 2}


GROWTH = "LopNr;besoksdatum;vikt;langd\n"
CHILD = "LopNr;fodelseman;Kon\n1;201003;1\n2;198011;2\n"
MEASURED = {
    "as it should be": ("16,5;102", (16.5, 102.0), None),
    "in each other's place": ("102;16,5", (16.5, 102.0), "weight and height exchanged"),
    "height in metres": ("16,5;1,02", (16.5, 102.0), "height in metres"),
    "weight in grams": ("16500;102", (16.5, 102.0), "weight in grams"),
    "a slipped decimal point": ("165;102", (16.5, 102.0), "weight with a slipped decimal point"),
    "nothing that can be": ("300;40", None, None),
}


@pytest.mark.parametrize(("cells", "expected", "rule"), MEASURED.values(), ids=MEASURED.keys())
def test_growth_is_repaired_only_where_one_reading_can_be(
    tmp_path: Path, cells: str, expected: tuple[float, float] | None, rule: str | None
):
    found = run_intake(tmp_path, {"BHV.csv": f"{GROWTH}1;20130310;{cells}\n"}, population=CHILD)
    values = dict(rows(found, "child_health", "code", "value"))
    assert (values.get("weight_kg"), values.get("height_cm")) == (expected or (None, None))
    if rule:
        assert counts_by_outcome(found, "child_health", rule) == {"repaired": 1}
    if not expected:
        assert counts_by_outcome(found, "child_health", "implausible weight or height, several readings or none") == {
            "rejected": 2
        }


def test_visits_that_came_twice_are_still_read_as_pairs(tmp_path: Path):
    visits = "".join(f"1;201303{day};102;16,5\n" * 2 for day in range(10, 30))
    found = run_intake(tmp_path, {"BHV.csv": GROWTH + visits}, population=CHILD)
    assert {value for _, value in rows(found, "child_health", "code", "value")} == {16.5, 102.0}
    assert counts_by_outcome(found, "child_health", "weight and height exchanged") == {"repaired": 20}
    assert counts_by_outcome(found, "child_health", "exact duplicate") == {"merged": 40}


def test_a_birth_weight_that_cannot_be_goes_with_its_gestation(tmp_path: Path):
    births = "lpnr_BARN;lpnr_mor;BFODDAT;GRDBS;BVIKTBS;KON;PARITET\n1;2;20100309;200;4500;1;1\n"
    found = run_intake(tmp_path, {"MFR.csv": births}, population=CHILD)
    assert rows(found, "births", "code", "value") == [("parity", 1.0)]
    assert counts_by_outcome(found, "births", "implausible birth weight for gestation") == {"rejected": 2}
    assert rows(found, "persons", "person_id", "birth_date", "mother_id")[0] == (1, date(2010, 3, 9), 2)


def test_months_of_a_service_become_spells(tmp_path: Path):
    months = "LopNr;PERIOD;HTJ;BOFORM\n1;201101;1;1\n1;201102;1;1\n1;201104;1;1\n1;201312;0;2\n1;201313;1;1\n"
    found = run_intake(tmp_path, {"SoL_2011.csv": months})
    assert rows(found, "services", "code", "date", "end_date") == [
        ("home_care", date(2011, 1, 1), date(2011, 2, 28)),
        ("home_care", date(2011, 4, 1), date(2011, 4, 30)),
        ("special_housing", date(2013, 12, 1), None),
    ]


def test_duplicates_strangers_and_rows_before_birth(tmp_path: Path):
    visits = "LopNr;INDATUMA;HDIA\n1;20110301;I10\n1;20110301;I10\n77;20110301;I10\n2;19790101;I10\n"
    found = run_intake(tmp_path, {"PAR_OV.csv": visits})
    assert rows(found, "diagnoses", "person_id") == [(1,)]
    assert counts_by_outcome(found, "diagnoses", "exact duplicate") == {"merged": 1}
    assert counts_by_outcome(found, "diagnoses", "person is not in persons") == {"rejected": 1}
    assert set(rejected(found, "diagnoses_icd8")["__rule"]) == {"before birth"}


def test_a_date_that_is_incomplete_does_not_contradict(tmp_path: Path):
    stays = "1;20110300;20110305;I219;;;;;\n2;19801102;19801105;I219;;;;;\n"
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": STAY + stays})
    assert rows(found, "diagnoses", "date", "end_date") == [(date(2011, 3, 5), date(2011, 3, 5))]
    assert rows(found, "contacts", "person_id", "date") == [(1, date(2011, 3, 5)), (2, date(1980, 11, 15))]
    assert counts_by_outcome(found, "contacts", "incomplete birth date: moved to it") == {"repaired": 1}
