"""Two editions of a report in one folder: the second has the units of the first, and another rule must be asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands import Finished, riskstrat
from riskstrat.registers import Registers


@pytest.fixture(scope="module")
def registers_folder(small_municipality: Registers) -> Path:
    return small_municipality.folder


def run(registers: Path, out: Path, *more: str) -> Finished:
    usual = ("--candidates", "Logistic", "--language", "sv", "--no-track", "--min-count", "6", "--max-share", "0.85")
    return riskstrat("run", "frailty", "--registers", registers, "--out", out, *usual, *more)


def editions(out: Path) -> list[dict[str, Any]]:
    return json.loads((out / "frailty_release.json").read_text(encoding="utf-8"))["editions"]


def test_a_later_edition_has_the_units_of_the_first_and_another_rule_must_be_asked_for(
    registers_folder: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert run(registers_folder, out).returncode == 0
    first = editions(out)
    assert len(first) == 1
    assert (first[0]["rule"]["min_count"], first[0]["rule"]["max_share"]) == (6, 0.85)
    again = run(registers_folder, out, "--as-of", "2023-12-31")
    assert again.returncode == 0, again.stderr
    assert "edition 2 of frailty within a year" in again.stderr
    assert "38%" in again.stderr
    assert [edition["number"] for edition in editions(out)] == [1, 2]
    assert editions(out)[1]["partition"] == first[0]["partition"]

    third = run(registers_folder, out, "--as-of", "2023-12-30")
    assert third.returncode == 2
    assert "46% instead of 38%" in third.stderr
    assert "2023-12-31, 2024-01-01" in third.stderr

    refused = run(registers_folder, out, "--protection", "suppression")
    assert refused.returncode == 2
    assert "more exactly than either" in refused.stderr
    report = (out / "frailty_sv.html").read_bytes()
    inside = run(registers_folder, out, "--protection", "none")
    assert inside.returncode == 0, inside.stderr
    assert (out / "frailty_sv.html").read_bytes() == report
    assert "Arbetsmaterial" in (out / "arbetsmaterial_frailty_sv.html").read_text(encoding="utf-8")
    assert len(editions(out)) == 2
