"""How far the feature engine is from just reading its tables: CPU seconds and peak memory beside the scan floor.

Run: python benchmarks/features.py FOLDER [--large]. Makes its registers in FOLDER (M: 200 thousand people
with 10 million events; --large adds L: 1 million with 50 million), runs every job in a fresh process, interleaved, and
prints medians, then the ratios beside their bars. Parts are written to Parquet as they come.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import numpy.ma  # noqa: F401 - polars loads it with the first array, which is no work on people
import polars as pl

from make_events import make_folder
from peak import peak_gib
from riskstrat.declare import Age, BirthRegion, Count, DaysSince, Ever, Feature, Latest, Mean, Sex
from riskstrat.features import build_features, feature_parts, write_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers, open_registers

PEOPLE = {"M": 200_000, "L": 1_000_000}
INDEX = date(2022, 1, 1)
TABLES = ("diagnoses", "prescriptions", "measurements")
ICD_GROUPS = [f"{chapter}00-{chapter}99" for chapter in "ABCDEFGHIJKLMNRSTZ"] + ["A00-A99, B00-B99", "I20-I25, E10-E14"]
ATC_GROUPS = [*"ABCDGHJLMNPRSV", "C, A10"]
MEASURES = ("bmi_kg_m2", "systolic_mmhg", "cholesterol_non_hdl_mmol_l")
WINDOWS = ("1y", "5y", "ever")


def forty() -> list[Feature]:
    since = [DaysSince(register="diagnoses", codes=codes) for codes in ICD_GROUPS[:10]]
    ever = [Ever(register="diagnoses", codes=codes, within="5y") for codes in ICD_GROUPS[10:]]
    count = [Count(register="prescriptions", codes=codes, within="1y") for codes in ATC_GROUPS]
    latest = [Latest(register="measurements", codes=code, within="3y") for code in MEASURES]
    return [Age(), Sex(), *since, *ever, *count, *latest]


def wide() -> list[Feature]:
    asked: list[Feature] = [Age(), Sex(), BirthRegion(regions=("asia",)), BirthRegion(regions=("europe",))]
    for within in WINDOWS:
        for kind in (Count, Ever, DaysSince):
            asked += [kind(register="diagnoses", codes=codes, within=within) for codes in ICD_GROUPS]
        for kind in (Count, DaysSince):
            asked += [kind(register="prescriptions", codes=codes, within=within) for codes in ATC_GROUPS]
        for kind in (Count, Latest, Mean):
            asked += [kind(register="measurements", codes=code, within=within) for code in MEASURES]
    return asked


def scan_floor(registers: Registers) -> None:
    for table in TABLES:
        path = registers.folder / registers.manifest.file_of(table)
        pl.scan_parquet(path).select(pl.all().max()).collect()


def counts(groups: Sequence[str]) -> list[Feature]:
    kinds = (Count, Ever, DaysSince)
    return [kind(register="diagnoses", codes=c, within=w) for kind in kinds for w in WINDOWS for c in groups]


def parts(registers: Registers, features: list[Feature], dates: Sequence[date] = (INDEX,)) -> None:
    out = registers.folder.parent / f"{registers.folder.name}_parts"
    out.mkdir(exist_ok=True)
    for number, part in enumerate(feature_parts(features, everybody(registers, dates), registers)):
        part.write_parquet(out / f"{number}.parquet", compression="lz4", statistics=False)


def dataset(registers: Registers, features: list[Feature]) -> None:
    out = registers.folder.parent / f"{registers.folder.name}_dataset"
    shutil.rmtree(out, ignore_errors=True)  # or it would be found finished
    write_features(features, everybody(registers), registers, out)


def whole(registers: Registers, features: list[Feature]) -> None:
    build_features(features, everybody(registers), registers)


def everybody(registers: Registers, dates: Sequence[date] = (INDEX,)) -> Target:
    people = registers.births.select("person_id", area_id=pl.lit("a")).join(
        pl.DataFrame({"index_date": dates}), how="cross"
    )
    return Target(condition="benchmark", people=people, flow=pl.DataFrame(), as_of=INDEX)


JOBS: dict[str, Callable[[Registers], None]] = {
    "floor": scan_floor,
    "40 whole": lambda registers: whole(registers, forty()),
    "40 parts": lambda registers: parts(registers, forty()),
    "5 dates": lambda registers: parts(registers, forty(), [INDEX.replace(year=year) for year in range(2018, 2023)]),
    "1 group": lambda registers: parts(registers, counts(["*"])),
    "1 chapter": lambda registers: parts(registers, counts(ICD_GROUPS[:1])),
    "20 groups": lambda registers: parts(registers, counts(ICD_GROUPS)),
    "301 parts": lambda registers: parts(registers, wide()),
    "301 dataset": lambda registers: dataset(registers, wide()),
}


@dataclass(frozen=True)
class Bar:
    """A ratio of one number of two runs, each a size and a job, and the most that it may be."""

    what: str
    run: tuple[str, str]
    against: tuple[str, str]
    most: float
    number: str = "cpu"


BARS = (
    Bar("40 features, M, beside the scan floor", ("M", "40 whole"), ("M", "floor"), 4),
    Bar("40 features, M, in parts, beside the scan floor", ("M", "40 parts"), ("M", "floor"), 4),
    Bar("301 features, L, in parts, beside the scan floor", ("L", "301 parts"), ("L", "floor"), 10),
    Bar("peak memory, 40 features in parts, L beside M", ("L", "40 parts"), ("M", "40 parts"), 1.25, "peak"),
    Bar("peak memory, 301 features in parts, L beside M", ("L", "301 parts"), ("M", "301 parts"), 1.25, "peak"),
    Bar("20 code groups beside 1 that holds the same rows, M", ("M", "20 groups"), ("M", "1 group"), 2.5),
    Bar("five landmarks beside one date, M", ("M", "5 dates"), ("M", "40 parts"), 5),
)


def run_job(job: str, folder: Path) -> None:
    """Run one job and print its CPU seconds, seconds on the clock, and the peak of the process in GiB."""
    registers = open_registers(folder)
    cpu, clock = time.process_time(), time.perf_counter()
    JOBS[job](registers)
    print(json.dumps({"cpu": time.process_time() - cpu, "clock": time.perf_counter() - clock, "peak": peak_gib()}))


def measured(job: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(folder), "--job", job]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def main(place: Path, sizes: list[str], repetitions: int) -> None:
    folders = {size: make_folder(place / size, PEOPLE[size]) for size in sizes}
    asked_for = [run for bar in BARS for run in (bar.against, bar.run)]
    wanted = [run for run in dict.fromkeys([("L", "floor"), *asked_for]) if run[0] in sizes]
    runs = [(wish, measured(wish[1], folders[wish[0]])) for _ in range(repetitions) for wish in wanted]
    found = {
        wish: {key: median(run[key] for of, run in runs if of == wish) for key in ("cpu", "clock", "peak")}
        for wish in wanted
    }
    print("| job | CPU s | s | times the floor | peak GiB |\n|---|---|---|---|---|")
    for (size, job), run in found.items():
        floor = run["cpu"] / found[size, "floor"]["cpu"]
        print(f"| {size}, {job} | {run['cpu']:.2f} | {run['clock']:.2f} | {floor:.1f} | {run['peak']:.2f} |")
    print("\n| bar | found | asked |\n|---|---|---|")
    for bar in BARS:
        if bar.run in found and bar.against in found:
            ratio = found[bar.run][bar.number] / found[bar.against][bar.number]
            print(f"| {bar.what} | {ratio:.2f} | <= {bar.most}{'' if ratio <= bar.most else ': missed'} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--job", help="run one job of an existing folder in this process")
    asked = parser.parse_args()
    if asked.job:
        run_job(asked.job, asked.folder)
    else:
        main(asked.folder, ["M", "L"] if asked.large else ["M"], asked.repetitions)
