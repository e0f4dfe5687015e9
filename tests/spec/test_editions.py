"""Editions of a report in one folder: a second within a year, or under another rule, must be asked for by name."""

from __future__ import annotations

import json
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from commands import Finished, riskstrat
from fixture_municipality import QUICK
from riskstrat.declare import Settings
from riskstrat.registers import Registers


@pytest.fixture(scope="module")
def registers_folder(small_municipality: Registers) -> Path:
    return small_municipality.folder


def run(registers: Path, out: Path, *more: str) -> Finished:
    usual = ("--candidates", "Logistic", "--language", "sv", "--no-track", "--min-count", "6", "--max-share", "0.85")
    return riskstrat("run", "frailty", "--registers", registers, "--out", out, *usual, *more)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command run with as few folds and draws as settings allow: editions are not about them."""
    few = {name: getattr(QUICK, name) for name in ("folds", "area_folds", "bootstrap_draws", "posterior_draws")}
    monkeypatch.setattr(import_module("riskstrat.cli.run"), "Settings", partial(Settings, **few))


def editions(out: Path) -> list[dict[str, Any]]:
    return json.loads((out / "frailty_release.json").read_text(encoding="utf-8"))["editions"]


def test_a_later_edition_has_the_units_of_the_first_and_another_rule_must_be_asked_for(
    registers_folder: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert run(registers_folder, out).returncode == 0
    card = (out / "frailty_card_sv.md").read_text(encoding="utf-8")
    assert "TRIPOD+AI" in card
    assert not (out / "frailty_card_en.md").exists()
    first = editions(out)
    assert len(first) == 1
    assert (first[0]["rule"]["min_count"], first[0]["rule"]["max_share"]) == (6, 0.85)
    refused = run(registers_folder, out, "--as-of", "2023-12-31")
    assert refused.returncode == 2
    assert "tell that person's outcome" in refused.stderr
    assert "38% of counts are guessed right instead of 28%" in refused.stderr
    assert [edition["number"] for edition in editions(out)] == [1]
    again = run(registers_folder, out, "--as-of", "2023-12-31", "--allow-new", "edition")
    assert again.returncode == 0, again.stderr
    assert "edition 2 of frailty within a year" in again.stderr
    assert "38%" in again.stderr
    assert [edition["number"] for edition in editions(out)] == [1, 2]
    assert (out / "frailty_card_sv.md").read_text(encoding="utf-8") != card
    assert editions(out)[1]["partition"] == first[0]["partition"]

    refused = run(registers_folder, out, "--protection", "suppression")
    assert refused.returncode == 2
    assert "more exactly than either" in refused.stderr
    report = (out / "frailty_sv.html").read_bytes()
    inside = run(registers_folder, out, "--protection", "none")
    assert inside.returncode == 0, inside.stderr
    assert (out / "frailty_sv.html").read_bytes() == report
    for name in ("arbetsmaterial_frailty_sv.html", "arbetsmaterial_frailty_card_sv.md"):
        assert "arbetsmaterial" in (out / name).read_text(encoding="utf-8").lower()
    assert len(editions(out)) == 2
