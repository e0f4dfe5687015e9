"""Errors: all problems at once, and what words that name nothing may have meant."""

from __future__ import annotations

import pytest

from riskstrat.errors import Problem, UsageError, nearest, unknown

COLUMNS = ("person_id", "birth_date", "sex", "death_date", "mother_id", "end_date", "care_centre_id", "setting")
SYSTEMS = ("icd10_se", "icd10", "atc", "kva", "exact")
ALIKE = [
    *(("DeathDate", "death_date"), ("deathdate", "death_date"), ("date_of_death", "death_date"), ("end", "end_date")),
    *(
        ("deth_date", "death_date"),
        ("motherid", "mother_id"),
        ("care_center_id", "care_centre_id"),
        ("deaht_date", "death_date"),
    ),
]
CODED = [("ICD-10", "icd10"), ("icd10se", "icd10_se"), ("ICD-10-SE", "icd10_se"), ("KVÅ", "kva"), ("ATC", "atc")]


@pytest.mark.parametrize(("word", "meant"), ALIKE)
def test_a_misspelt_column_is_near_the_one_that_was_meant(word: str, meant: str):
    assert nearest(word, COLUMNS) == meant


@pytest.mark.parametrize(("word", "meant"), CODED)
def test_a_misspelt_code_system_is_near_the_one_that_was_meant(word: str, meant: str):
    assert nearest(word, SYSTEMS) == meant


@pytest.mark.parametrize("word", ["shoe_size", "hospital", "", "x", "setting_code_list"])
def test_other_words_are_near_nothing(word: str):
    assert nearest(word, COLUMNS) is None
    assert nearest(word, ()) is None


def test_what_is_unknown_lists_what_is_known():
    assert str(unknown("table", "x", ["persons"])) == "no table 'x'; expected one of persons; correct the name"
    assert "did you mean 'persons'?" in str(unknown("table", "person", ["persons"]))
    assert str(unknown("option", "x", [])) == "no option 'x'; expected no option, for there is none; correct the name"


def test_all_problems_are_raised_at_once_and_nothing_where_there_is_none():
    wrong = [Problem(found=found, expected="another", remedy="correct it") for found in ("this", "that")]
    UsageError.refuse([])
    with pytest.raises(UsageError, match="2 problems") as raised:
        UsageError.refuse(each for each in wrong)
    assert raised.value.problems == tuple(wrong)
