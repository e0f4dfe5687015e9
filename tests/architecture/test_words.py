"""Names in the package use the field's words: none of those that the first version had invented for itself."""

from __future__ import annotations

import pytest

from source_names import Name, defined_names

REPLACED = {
    "house": "architecture",
    "floor": "layer",
    "door": "release gate",
    "seal": "token",
    "workshop": "staging directory, intake context",
    "taken": "parsed",
    "taking": "parsing",
    "mended": "repaired",
    "mending": "repair",
    "emptied": "set to null",
    "aside": "rejected, quarantined",
    "judged": "validated",
    "judging": "validation",
    "verdict": "validation result",
    "arriving": "conversion",
    "arrived": "conversion result",
    "look": "window aggregation",
    "question": "aggregation",
    "questions": "aggregations",
    "asked": "event query, requested",
    "turn": "nth match, pass",
    "turns": "nth match, pass",
    "told": "distinguishing, reported",
    "again": "duplicate, repeated",
    "place": "row number, area, location, factor family",
    "places": "areas, locations",
    "standing": "prediction weight",
    "spared": "event-free",
    "usefulness": "decision curve",
    "offer": "allocation problem",
    "offers": "allocation problems",
    "fifth": "quintile",
    "fifths": "quintiles",
    "rival": "comparator",
    "rivals": "comparators",
    "pyramid": "risk strata",
    "story": "report context",
    "citizen": "persona",
    "citizens": "personas",
    "dirt": "data errors",
    "roster": "population state",
    "town": "municipality",
    "towns": "municipalities",
    "world": "scenario",
    "worlds": "scenarios, generators",
    "learnt": "training",
    "learning": "training data",
}
"""Word of the first version: what the field says."""

WHOLE_NAMES = {
    ("line", "module"): "logistic recalibration",
    ("fill", "function"): "greedy allocation",
    ("words", "module"): "message catalogue",
    ("Words", "class"): "message catalogue, wording",
    ("Text", "class"): "LocalisedText",
    ("Known", "class"): "horizon label",
    ("counts", "module"): "observed and expected",
    ("agreement", "module"): "calibration",
    ("by_hand", "module"): "reference implementation",
    ("later", "field"): "at risk",
    ("block", "module"): "shard",
    ("Planned", "class"): "target data",
    ("planned", "parameter"): "target data",
    ("looks", "field"): "window aggregations",
}
"""Names that are wrong as a whole; as a part of a name the word keeps its ordinary meaning."""

ALLOWED = {
    "learning_rate": "scikit-learn's name of a parameter of boosting",
    "in_place_of_small": "in place of, for instead of",
}
"""Names that may hold such a word, and why."""

NAMES = sorted(defined_names(), key=str)


def wrong_word(name: Name) -> str | None:
    """Return what should be said instead, or None."""
    if name.name in ALLOWED:
        return None
    if (name.name, name.kind) in WHOLE_NAMES:
        return WHOLE_NAMES[name.name, name.kind]
    found = [word for word in name.words if word in REPLACED and not _look_back(name.words, word)]
    return REPLACED[found[0]] if found else None


def _look_back(words: tuple[str, ...], word: str) -> bool:
    return word == "look" and "back" in words


@pytest.mark.parametrize("name", ["look_back_days", "Lookback", "decimal_digits", "replaced", "learning_rate"])
def test_ordinary_names_pass(name: str):
    assert wrong_word(Name(name, "field", NAMES[0].path)) is None


@pytest.mark.parametrize("name", ["Verdict", "TakenRows", "set_aside", "asked", "place_of_row"])
def test_replaced_words_are_found(name: str):
    assert wrong_word(Name(name, "field", NAMES[0].path))


def test_no_name_uses_a_replaced_word():
    wrong = [f"{name}: say {say}" for name in NAMES if (say := wrong_word(name))]
    assert not wrong, "\n".join(wrong)
