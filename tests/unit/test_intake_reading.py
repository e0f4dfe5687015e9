"""Files of every format give the same rows."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.intake import extracts
from small_extracts import POPULATION, homes, rows, write

DRUGS = pl.DataFrame(
    {
        "LopNr": [1, 2, 2],
        "ATC": ["N02BE01", "C07AB02", "C07AB02"],
        "EDATUM": [date(2011, 1, 5), date(2011, 2, 5), date(2011, 3, 5)],
        "ANTAL": [1.0, 0.5, 2.0],
        "forpddd": [98.5, 10.0, None],
    }
)
WANTED = [
    (1, date(2011, 1, 5), "N02BE01", 98.5),
    (2, date(2011, 2, 5), "C07AB02", 5.0),
    (2, date(2011, 3, 5), "C07AB02", None),
]


def write_drugs(path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    if path.suffix == ".parquet":
        DRUGS.with_columns(note=pl.lit([1, 2])).write_parquet(path)
    elif path.suffix == ".csv":
        DRUGS.write_csv(path, separator=";")
    elif path.suffix == ".tsv":
        DRUGS.write_csv(path, separator="\t")
    else:
        getattr(pyreadstat, {".dta": "write_dta", ".sav": "write_sav"}[path.suffix])(DRUGS, str(path))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".dta", ".sav"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str):
    raw = tmp_path / "raw"
    write(raw, {"RTB_demografi.csv": POPULATION, **homes()})
    write_drugs(raw / f"LMED_2011{ending}")
    found = extracts(raw, tmp_path / "registers")
    assert rows(found, "prescriptions", "person_id", "date", "code", "value") == WANTED


@pytest.mark.parametrize("ending", ["dta", "sav"])
def test_whole_numbers_of_statistical_programs_are_whole(tmp_path: Path, ending: str):
    pyreadstat = pytest.importorskip("pyreadstat")
    people = pl.DataFrame({"LopNr": [1.0, 2.0, 3.0], "fodelseman": [195003.0, 198011.0, None], "Kon": [1.0, 2.0, 1.0]})
    write(tmp_path / "raw", homes())
    getattr(pyreadstat, f"write_{ending}")(
        people.with_columns(AterPnr=pl.lit(0.0)), str(tmp_path / f"raw/demografi.{ending}")
    )
    found = extracts(tmp_path / "raw", tmp_path / "registers")
    assert rows(found, "persons", "person_id", "birth_date", "sex") == [
        (1, date(1950, 3, 15), "male"),
        (2, date(1980, 11, 15), "female"),
    ]


def test_folders_of_yearly_files(tmp_path: Path):
    drugs = {f"lmed/{year}/LMED_{year}.csv": f"LopNr;ATC;EDATUM\n1;N02BE01;{year}0301\n" for year in (2010, 2012, 2013)}
    write(tmp_path / "raw", {"RTB_demografi.csv": POPULATION, **homes(), **drugs, "readme.md": "hello"})
    found = extracts(tmp_path / "raw", tmp_path / "registers")
    years = found.account.years.filter(table="prescriptions")
    assert years.select("year", "rows", "hole").rows() == [
        (2010, 1, False),
        (2011, 0, True),
        (2012, 1, False),
        (2013, 1, False),
    ]


def test_many_rows_come_in_batches_and_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    people = range(1, 101)
    population = "LopNr;fodelseman;Kon\n" + "".join(f"{person};195003;1\n" for person in people)
    drugs = "".join(f"{person};N02BE01;2011{month:02d}01\n" for month in range(1, 13) for person in people)
    files = {
        "RTB_demografi.csv": population,
        **homes(people=tuple(people)),
        "LMED_2011.csv": "LopNr;ATC;EDATUM\n" + drugs,
    }
    write(tmp_path / "raw", files)
    whole = extracts(tmp_path / "raw", tmp_path / "whole")
    for name, value in {
        "storage.ROWS_IN_A_PART": 170,
        "storage.ROWS_IN_A_RANGE": 230,
        "text.BLOCK_BYTES": 1_000,
    }.items():
        module, _, constant = name.partition(".")
        monkeypatch.setattr(sys.modules[f"riskstrat.intake.raw_extracts.{module}"], constant, value)
    cut = extracts(tmp_path / "raw", tmp_path / "cut")
    for table in whole.registers.tables:
        left, right = (pl.read_parquet(each.folder / f"{table}.parquet") for each in (whole, cut))
        assert left.equals(right), table
    assert cut.account.counts.filter(outcome="kept").equals(whole.account.counts.filter(outcome="kept"))
