"""Frailty and deprivation scores reproduce their published and worked examples."""

import polars as pl
import pytest

from reference_files import REFERENCE
from riskstrat.codes import CARE_NEED_WEIGHTS, care_need_index, codelist, codelists, hfrs, score


def test_hfrs_worked_cases():
    cases = pl.read_csv(REFERENCE / "worked_cases" / "hfrs.csv").with_row_index("person_id")
    rows = cases.select("person_id", pl.col("codes").str.split(";").alias("code")).explode("code")
    found = hfrs(rows)
    assert found["hfrs"].to_list() == cases["expected_points"].to_list()


def test_hfrs_has_the_published_points():
    published = pl.read_csv(REFERENCE / "codes" / "hfrs_gilbert2018.csv").select("icd10_3char", "points")
    assert {(str(item.codes), item.points) for item in score("hfrs").items} == set(published.iter_rows())


def test_care_need_index_of_statistics_swedens_example():
    unit = pl.DataFrame(
        {
            "under_five": [595],
            "foreign_born": [1391],
            "elderly_living_alone": [484],
            "single_parent": [167],
            "moved_in": [385],
            "unemployed": [981],
            "low_education": [632],
            "population": [5912],
        }
    )
    found = care_need_index(unit)
    assert round(found["care_need_points"].item()) == 22709
    assert found["care_need_index"].item() == pytest.approx(1.5513, abs=1e-4)


def test_care_need_index_worked_cases():
    cases = pl.read_csv(REFERENCE / "worked_cases" / "care_need_index.csv")
    found = care_need_index(cases)
    assert found["care_need_points"].to_list() == pytest.approx(cases["index_recomputed"].to_list(), abs=0.005)
    # the national mean is known to four digits, so the index is too
    assert found["care_need_index"].to_list() == pytest.approx(cases["cni_published"].to_list(), abs=1.5e-4)


def test_care_need_weights_are_those_published():
    published = pl.read_csv(REFERENCE / "scores" / "care_need_weights.csv").select("variable", "weight")
    assert dict(published.iter_rows()) == dict(CARE_NEED_WEIGHTS)


LISTED_AS = {
    "acute_myocardial_infarction": "myocardial_infarction",
    "diabetes_any": "diabetes",
    "fall": "falls",
    "fragility_fracture_other": "fragility_fracture",
    "mace_incident": "cvd_first_event",
    "obesity_bariatric_procedure": "obesity_surgery",
    "old_mi": "old_myocardial_infarction",
}


def test_named_lists_hold_the_codes_of_their_definitions():
    rows = pl.read_csv(REFERENCE / "codes" / "condition_definitions.csv")
    ours = {found.name: found for found in codelists()}
    compared = 0
    for (condition,), defined in rows.group_by("condition"):
        found = ours.get(LISTED_AS.get(str(condition), str(condition)))
        if found is None:
            continue
        codes = defined["code_prefix"].to_list()
        assert found.codes.matching(codes, prefix=True) == sorted(codes), condition
        assert found.status == "memory" or set(defined["status"]) == {"verified"}, condition
        compared += 1
    assert compared >= 30


def test_lists_checked_by_headings_hold_the_categories_whose_headings_were_read():
    rows = pl.read_csv(REFERENCE / "codes" / "category_headings.csv")
    ours = {found.name: found for found in codelists()}
    every = [f"{letter}{n:02d}" for letter in "FHM" for n in range(100)]
    assert rows.height
    for (name,), read in rows.group_by("list"):
        assert ours[str(name)].codes.matching(every, prefix=True) == read["category"].sort().to_list()
        assert ours[str(name)].status == "verified"


def test_cancer_is_the_cancer_of_the_swedish_charlson():
    rows = pl.read_csv(REFERENCE / "codes" / "charlson_ludvigsson2021.csv", infer_schema=False)
    published = set(rows.filter(pl.col("condition").is_in(["canc", "metacanc"]), icd_version="10")["code_prefix"])
    without_heading = {"C42", "C59", "C87"}
    every = [f"C{n:02d}" for n in range(98)]
    assert set(codelist("cancer").matching(every, prefix=True)) - without_heading == published


def test_every_drug_group_of_the_reference_has_a_list():
    prefixes = pl.read_csv(REFERENCE / "codes" / "atc_groups.csv")["atc_prefix"].to_list()
    listed = {str(span) for found in codelists() if found.code_system == "atc" for span in found.codes.included}
    covered = {p for found in codelists() if found.code_system == "atc" for p in found.codes.matching(prefixes, True)}
    assert covered == set(prefixes)
    assert "C10AA" in listed
