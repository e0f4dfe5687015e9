"""Where people live, from 31 December to 31 December: homes, moves and migrations in, spells out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.intake import extracts
from riskstrat.intake.raw_extracts.reporting import IntakeResult
from riskstrat.intake.raw_extracts.tables import name_areas
from small_extracts import POPULATION, YEARS, counts_by_outcome, write

A, B = "0181C1010", "0181A0010"
ANCHOR = 2
"""Somebody who never moves, so that every year has a file."""


def lived(
    folder: Path,
    homes: dict[int, str],
    *,
    moves: str = "",
    migrations: str = "",
    population: str = POPULATION,
    years: range | tuple[int, ...] = YEARS,
) -> tuple[list[tuple[object, ...]], IntakeResult]:
    files = {"RTB_demografi.csv": population}
    for year in years:
        mine = f"1;{homes[year]}\n" if year in homes else ""
        files[f"RTB_{year}.csv"] = f"LopNr;DeSO\n{ANCHOR};{A}\n{mine}"
    if moves:
        files["RTB_flyttningar.csv"] = "LopNr;FlyttDatum;DeSO\n" + moves
    if migrations:
        files["RTB_migrationer.csv"] = "LopNr;Posttyp;Datum\n" + migrations
    write(folder / "raw", files)
    found = extracts(folder / "raw", folder / "registers")
    spells = found.registers.scan("residences").filter(person_id=1).sort("start_date").collect()
    return spells.select("start_date", "end_date", "area_id").rows(), found


def everywhere(*areas: str) -> dict[int, str]:
    return {year: area for year, area in zip(YEARS, areas, strict=False) if area}


SPELLS = {
    "stays": (everywhere(A, A, A, A), "", [(date(2010, 1, 1), None, A)]),
    "a move without its day": (
        everywhere(A, A, B, B),
        "",
        [(date(2010, 1, 1), date(2012, 6, 30), A), (date(2012, 7, 1), None, B)],
    ),
    "a move with its day": (
        everywhere(A, A, B, B),
        "1;20120309;" + B,
        [(date(2010, 1, 1), date(2012, 3, 8), A), (date(2012, 3, 9), None, B)],
    ),
    "two moves within a year": (
        everywhere(A, A, A, A),
        f"1;20120309;{B}\n1;20120910;{A}",
        [
            (date(2010, 1, 1), date(2012, 3, 8), A),
            (date(2012, 3, 9), date(2012, 9, 9), B),
            (date(2012, 9, 10), None, A),
        ],
    ),
    "comes on an unknown day": (everywhere("", A, A, A), "", [(date(2011, 7, 1), None, A)]),
    "leaves on an unknown day": (everywhere(A, A), "", [(date(2010, 1, 1), date(2012, 6, 30), A)]),
    "leaves on a known day for a place outside": (
        everywhere(A, A),
        "1;20120309;" + B,
        [(date(2010, 1, 1), date(2012, 3, 8), A)],
    ),
    "away for a year": (
        everywhere(A, "", A, A),
        "",
        [(date(2010, 1, 1), date(2011, 6, 30), A), (date(2012, 7, 1), None, A)],
    ),
}


@pytest.mark.parametrize(("homes", "moves", "expected"), SPELLS.values(), ids=SPELLS.keys())
def test_spells(tmp_path: Path, homes: dict[int, str], moves: str, expected: list[tuple[object, ...]]):
    assert lived(tmp_path, homes, moves=moves)[0] == expected


def test_emigration_ends_a_spell_and_immigration_begins_one(tmp_path: Path):
    found, _ = lived(tmp_path, everywhere(A, "", B, B), migrations="1;Utv;20110309\n1;Inv;20120910\n")
    assert found == [(date(2010, 1, 1), date(2011, 3, 9), A), (date(2012, 9, 10), None, B)]


def test_death_ends_a_spell(tmp_path: Path):
    population = f"LopNr;fodelseman;Kon;DodDatum\n1;195003;1;20120309\n{ANCHOR};198011;2;\n"
    assert lived(tmp_path, everywhere(A, A), population=population)[0] == [(date(2010, 1, 1), date(2012, 3, 9), A)]


def test_a_child_lives_here_from_birth(tmp_path: Path):
    population = f"LopNr;fodelseman;Kon\n1;201203;1\n{ANCHOR};198011;2\n"
    assert lived(tmp_path, everywhere("", "", B, B), population=population)[0] == [(date(2012, 3, 15), None, B)]


def test_a_move_in_the_month_of_birth_is_not_before_it(tmp_path: Path):
    population = f"LopNr;fodelseman;Kon\n1;201203;1\n{ANCHOR};198011;2\n"
    found, result = lived(tmp_path, everywhere("", "", B, B), population=population, moves=f"1;20120309;{B}")
    assert found == [(date(2012, 3, 15), None, B)]
    assert result.account.rows_of("residences", "rejected") == 0


def test_a_year_whose_file_is_missing_is_bridged(tmp_path: Path):
    homes = {2010: A, 2012: A, 2013: A}
    assert lived(tmp_path, homes, years=(2010, 2012, 2013))[0] == [(date(2010, 1, 1), None, A)]


def test_assumed_days_are_counted_and_rows_add_up(tmp_path: Path):
    _, found = lived(tmp_path, everywhere(A, B, B))
    assert counts_by_outcome(found, "residences", "moved on an unknown day, 1 July") == {"repaired": 1}
    assert counts_by_outcome(found, "residences", "moved out on an unknown day, 30 June") == {"repaired": 1}
    account = found.account
    assert account.rows_of("residences", "made") == sum(
        account.rows_of("residences", end) for end in ("kept", "rejected", "merged")
    )
    assert account.rows_of("residences", "made") == 7


def test_a_municipality_comes_from_a_code_and_never_from_the_letters_of_a_name(tmp_path: Path):
    named = {A: "0181", "0181R003": "0181", "Hovsjö": None, "1234": None, "0181-Geneta": None, "Södertälje": None}
    pl.DataFrame({"area_id": [*named, "0192A0010"]}).write_parquet(tmp_path / "residences.parquet")
    known = pl.DataFrame({"area_id": ["0192A0010"], "name": ["Ösmo"], "municipality": ["Nynäshamn"]})
    known.write_parquet(tmp_path / "areas.parquet")
    name_areas(tmp_path)
    found = pl.read_parquet(tmp_path / "areas.parquet").select("area_id", "municipality")
    assert dict(found.rows()) == {**named, "0192A0010": "Nynäshamn"}
