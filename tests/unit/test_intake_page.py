"""The page that accounts for an intake, in the reader's language: no sentence of another is left in it."""

import ast
import re
from datetime import date
from html import unescape
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from riskstrat.disclosure import Disclosure
from riskstrat.figures import Language, load_messages
from riskstrat.publication.intake_account import write_intake_account
from riskstrat.records.intake_account import IntakeAccount

INTAKE = files("riskstrat.intake").joinpath("raw_extracts")
MODULES = ("batches", "cleaning", "growth", "parsing", "persons", "residence", "shaping", "tables", "validation")
NO_RULES = {"no usable ", "reading ", "writing "}
SWEDISH = load_messages("sv", "riskstrat.publication").texts
ENGLISH_WORDS = {"the", "of", "and", "rows", "with", "is", "are", "not", "a", "which", "that", "years", "to", "from"}


def rules_of_the_code() -> list[str]:
    """Sentences that modules of the intake give names, or put into tables of slips and faults."""
    found: set[str] = set()
    for module in MODULES:
        tree = ast.parse(INTAKE.joinpath(f"{module}.py").read_text(encoding="utf-8"))
        named = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
        for part in [*named, *filter(None, keys)]:
            found |= {node.value for node in ast.walk(part) if isinstance(node, ast.Constant) and is_rule(node.value)}
    return sorted(found - NO_RULES)


def is_rule(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[-a-z(][^{}\[\]<>=]* [^{}\[\]<>=]*", value))


def account() -> IntakeAccount:
    rules = [*rules_of_the_code(), "too few fields", "no usable admitted"]
    counts = [
        ("par.inpatient", "", each, ("rejected", "repaired", "set_to_null")[n % 3], 120) for n, each in enumerate(rules)
    ]
    counts += [("par.inpatient", "", "", name, 1230) for name in ("read", "kept")]
    counts += [("diagnoses", "", "", name, 1230) for name in ("made", "kept")]
    schema = ("dataset", "column", "rule", "outcome", "rows")
    return IntakeAccount(
        name="Modellköping",
        data_end=date(2023, 12, 31),
        files=pl.DataFrame(
            [("PAR_2011.csv", "par.inpatient", "csv", "HDIA", "EXTRA"), ("n.csv", "(no table, not read)", "", "", "")],
            schema=("file", "dataset", "format", "unverified", "unused"),
            orient="row",
        ),
        counts=pl.DataFrame(counts, schema=schema, orient="row"),
        coverage=pl.DataFrame({"table": ["diagnoses"], "coverage_start": [date(2009, 1, 1)], "coverage_end": [None]}),
        years=pl.DataFrame({"table": ["diagnoses"] * 2, "year": [2011, 2010], "rows": [0, 900], "hole": [True, False]}),
        cells=pl.DataFrame(
            {"dataset": ["par.inpatient"], "column": ["admitted"], "year": [2011], "rows": [1000], "missing": [125]}
        ),
        links=pl.DataFrame({"link": ["diagnoses to persons"], "persons": [500], "linked": [490]}),
        codes=pl.DataFrame({"table": ["diagnoses"] * 2, "code": ["ZZ9", "YY1"], "rows": [90, 40], "persons": [80, 1]}),
        definitions=pl.DataFrame(
            {"table": ["services"], "code": ["home_care"], "definition": ["before"], "year": [2011], "rows": [400]}
        ),
    )  # fmt: skip


def page(folder: Path, language: Language) -> str:
    write_intake_account(account(), folder, language, disclosure=Disclosure(protection="none"))
    html = (folder / "intake.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    return html


def words_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "\n", html.partition("</style>")[2]))


def test_every_rule_of_the_intake_has_a_swedish_sentence():
    rules = rules_of_the_code()
    assert "exact duplicate" in rules
    assert "height in metres" in rules
    assert [rule for rule in rules if f"intake_word.{rule}" not in SWEDISH] == []


def test_no_english_sentence_is_left_in_the_swedish_page(tmp_path: Path):
    told = words_of(page(tmp_path, "sv"))
    english = load_messages("en", "riskstrat.publication").texts
    groups = ("intake.", "intake_page.", "intake_column.")
    left = [
        key
        for key, text in english.items()
        if key.startswith(groups) and SWEDISH[key] != text and f"\n{text}\n" in told
    ]
    assert left == []
    assert set(re.findall(r"[a-zåäö]+", told.lower())) & ENGLISH_WORDS == set()
    assert "användbart värde saknas: admitted" in told
    assert "diagnoses till persons" in told
    assert "\n13\N{NO-BREAK SPACE}%\n" in told


@pytest.mark.parametrize("language", ["sv", "en"])
def test_both_pages_hold_the_same_tables_and_numbers(tmp_path: Path, language: Language):
    html = page(tmp_path, language)
    assert html.count("<table>") == 9
    assert html.count('role="region"') == html.count('tabindex="0"') == 9
    headings = re.findall(r'<h2 id="(\w+)">([^<]+)</h2>', html)
    assert [key for key, _ in headings] == [
        "inputs",
        "made",
        "rules",
        "years",
        "missing",
        "links",
        "codes",
        "breaks",
        "files",
    ]
    assert re.search(r"<th scope=\"col\" class=\"number\">2010</th><th scope=\"col\" class=\"number\">2011</th>", html)
    written = {"sv": "1\N{NO-BREAK SPACE}230", "en": "1,230"}[language]
    assert f'<td>diagnoses</td><td>2009-01-01</td><td></td><td class="number">{written}</td>' in html


def test_the_english_page_says_the_rules_as_they_are_named(tmp_path: Path):
    told = words_of(page(tmp_path, "en"))
    assert [rule for rule in rules_of_the_code() if rule not in told] == []
    assert "no usable admitted" in told
    assert "set to null" in told
