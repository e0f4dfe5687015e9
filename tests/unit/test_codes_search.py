"""Finding lists, scores and items, from Python and from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.codes import codelists, scores, search
from riskstrat.errors import UsageError

WIDTH = 100


def names(text: str, kind: str) -> set[str]:
    return set(search(text).filter(kind=kind)["name"])


def page(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["codes", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_nothing_asked_finds_everything():
    assert names("", "list") == {found.name for found in codelists()}
    assert names("", "score") == set(scores())


@pytest.mark.parametrize("text", ["diabet", "DIABETES", "graviditetsdiabetes", "gestational diabetes", "O24.4", "o244"])
def test_words_in_either_language_and_codes_find_a_list(text: str):
    assert "gestational_diabetes" in names(text, "list")


@pytest.mark.parametrize(
    ("code", "found", "not_found"),
    [("I21", "myocardial_infarction", "stroke"), ("I219", "cvd_major", "angina"), ("C10AA05", "statins", "nitrates")],
)
def test_a_code_finds_what_it_belongs_to_and_what_lies_below_it(code: str, found: str, not_found: str):
    assert found in names(code, "list")
    assert not_found not in names(code, "list")


def test_codes_of_earlier_versions_find_items():
    assert "charlson_se.mi" in names("410A", "item")


def test_what_is_not_there_is_said():
    assert search("xyzzy").is_empty()
    assert "nothing is about 'xyzzy'" in page("--search", "xyzzy")


@pytest.mark.parametrize("arguments", [(), ("hfrs",), ("charlson_se",), ("diabetes",), ("--search", "diabet")])
def test_every_page_fits_the_width(arguments: tuple[str, ...]):
    assert max(map(len, page(*arguments).splitlines())) <= WIDTH


def test_a_score_shows_items_points_and_source():
    shown = page("hfrs")
    assert "Gilbert" in shown
    assert "F00" in shown
    assert "7.1" in shown
    assert "not counted beside msld" in page("charlson_se")
    assert "also where there are mld and ascites" in page("charlson_se")


def test_lists_from_memory_are_marked():
    assert "(m)" in page("angina")
    assert "(m)" not in page("heart_failure")


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match="--search"):
        CliRunner().invoke(app, ["codes", "no_such_list"], catch_exceptions=False)


def test_the_page_names_every_score():
    text = (Path(__file__).parents[2] / "docs" / "codes.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in scores())
