"""Make register folders for the benchmarks: people, and their events in three tables, sorted by person and date.

Run: python benchmarks/make_events.py FOLDER --people 200000. The events are uniform in time and hold no truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.registers import Manifest, TableManifest, write_registers

EVENTS_A_PERSON = {"diagnoses": 20, "prescriptions": 22.5, "measurements": 7.5}
FIRST, LAST = date(2009, 1, 1), date(2023, 12, 31)
ICD = [f"{chapter}{number:02d}{digit}" for chapter in "ABCDEFGHIJKLMNRSTZ" for number in range(100) for digit in "019"]
ATC = [f"{group}{number:02d}A{letter}" for group in "ABCDGHJLMNPRSV" for number in range(1, 11) for letter in "ABCD"]
MEASURES = ("bmi_kg_m2", "systolic_mmhg", "cholesterol_non_hdl_mmol_l")


def make_folder(folder: Path, people: int, seed: int = 0, times: float = 1) -> Path:
    """Write a register folder of so many people with fifty events each, or `times` as many; keep one that is there."""
    if folder.is_dir():
        return folder
    rng = np.random.default_rng(seed)
    ids = pl.DataFrame({"person_id": np.arange(1, people + 1)})
    tables = {
        "persons": _persons(rng, ids),
        "residences": ids.with_columns(start_date=pl.lit(date(1999, 1, 1)), area_id=pl.lit("a")),
        "diagnoses": _events(rng, people, times, "diagnoses", ICD).with_columns(
            setting=pl.lit("specialist"), position=pl.lit("main")
        ),
        "prescriptions": _events(rng, people, times, "prescriptions", ATC).with_columns(value=_values(rng, 90.0)),
        "measurements": _events(rng, people, times, "measurements", MEASURES).with_columns(value=_values(rng, 25.0)),
    }
    return write_registers(folder, tables, _manifest())


def _persons(rng: np.random.Generator, ids: pl.DataFrame) -> pl.DataFrame:
    born = pl.Series(rng.integers(-14_000, 10_000, ids.height).astype(np.int32)).cast(pl.Date)
    sex = pl.Series(np.array(["female", "male"])[rng.integers(0, 2, ids.height)])
    return ids.with_columns(birth_date=born, sex=sex)


def _events(rng: np.random.Generator, people: int, times: float, table: str, codes: Sequence[str]) -> pl.DataFrame:
    rows = round(people * times * EVENTS_A_PERSON[table])
    first, last = ((day - date(1970, 1, 1)).days for day in (FIRST, LAST))
    days = pl.Series(rng.integers(first, last + 1, rows).astype(np.int32)).cast(pl.Date)
    names = pl.Series(codes)[rng.integers(0, len(codes), rows)]
    return pl.DataFrame({"person_id": rng.integers(1, people + 1, rows), "date": days, "code": names})


def _values(rng: np.random.Generator, mean: float) -> pl.Expr:
    return pl.lit(pl.Series(rng.normal(mean, mean / 5, 100_003).round(1))).gather(pl.int_range(pl.len()) % 100_003)


def _manifest() -> Manifest:
    def table(code_system: str) -> TableManifest:
        return TableManifest(code_system=code_system, coverage_start=FIRST, coverage_end=LAST, delay_days=30)

    return Manifest(
        name="benchmark",
        data_end=LAST,
        tables={
            "persons": TableManifest(),
            "residences": TableManifest(),
            "diagnoses": table("icd10_se"),
            "prescriptions": table("atc"),
            "measurements": table("exact"),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(make_folder(asked.folder, asked.people, asked.seed))
