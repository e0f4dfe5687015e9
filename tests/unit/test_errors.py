"""Errors: all problems at once, and what words that name nothing may have meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from riskstrat.errors import Problem, UsageError, nearest, number_of, unknown
from source_names import source_files

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


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 studies"),
        (1, "1 study"),
        (1.0, "1 study"),
        (1.5, "1.5 studies"),
        (2, "2 studies"),
        (9876, "9,876 studies"),
    ],
)
def test_a_count_of_one_is_written_with_the_noun_alone(count: float, told: str):
    assert number_of(count, "study", "studies") == told


def test_no_sentence_writes_a_count_and_its_noun_by_itself():
    # "features as input" ends a sentence that scikit-learn's checks look for.
    noun = re.compile(r" (?!is |has |was |features as input)(?:[a-z-]+ )?(?:[a-z]+s|people)\b")
    assert [f"{name}: {text}" for name, text in counted_texts() if noun.match(text)] == []


def counted_texts() -> Iterator[tuple[str, str]]:
    """Give what follows a length, a height or another count in the f-strings of the package."""
    count = re.compile(r"len\(.*\)|int\(.*\)|.*\.(height|ndim|size)|.*\.(count|null_count|n_unique)\(.*\)|n")
    for path in source_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for value, text in pairwise(node.values if isinstance(node, ast.JoinedStr) else ()):
                if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                    yield from [(path.name, str(text.value))] if count.fullmatch(ast.unparse(value.value)) else []
