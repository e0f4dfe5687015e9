"""The texts of the two languages are the same texts."""

from string import Formatter

import pytest

from riskstrat.figures import load_messages

PACKAGES = ("riskstrat.figures", "riskstrat.reports", "riskstrat.reports.checklist")


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_keys(package: str):
    assert set(load_messages("sv", package).texts) == set(load_messages("en", package).texts)


def test_swedish_adds_nothing_to_the_texts_of_checks_and_intakes_but_its_names_of_rules():
    swedish, english = (load_messages(language, "riskstrat.publication").texts for language in ("sv", "en"))
    assert set(english) <= set(swedish)
    assert {key.partition(".")[0] for key in set(swedish) - set(english)} == {"check_part", "check_rule", "intake_word"}
    assert [key for key, text in english.items() if values_of(text) != values_of(swedish[key])] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_fill_in_the_same_values(package: str):
    swedish, english = load_messages("sv", package).texts, load_messages("en", package).texts
    for key, text in swedish.items():
        assert values_of(text) == values_of(english[key]), key


@pytest.mark.parametrize("package", PACKAGES)
def test_swedish_is_written_with_swedish_marks(package: str):
    for key, text in load_messages("sv", package).texts.items():
        assert '"' not in text, key
        assert " - " not in text, key


def values_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_small_numbers_are_words_and_large_ones_are_not():
    messages = load_messages("sv")
    assert [messages.cardinal(n) for n in (1, 7, 12, 13, 1200)] == [
        "ett",
        "sju",
        "tolv",
        "13",
        "1\N{NO-BREAK SPACE}200",
    ]
    assert messages.count("areas", 0) == "inget område"
    assert messages.count("areas", 1) == "ett område"


def test_names_are_joined_as_in_a_sentence():
    messages = load_messages("sv")
    assert messages.listed([]) == ""
    assert messages.listed(["Norr"]) == "Norr"
    assert messages.listed(["Norr", "Söder", "Öster"]) == "Norr, Söder och Öster"
