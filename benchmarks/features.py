"""How far the feature engine is from just reading its tables: CPU seconds and peak memory beside the scan floor.

Run: python benchmarks/features.py FOLDER [--large] [--wide]. Makes its registers in FOLDER (M: 200 thousand people
with 10 million events; --large adds L: 1 million with 50 million), runs every job in a fresh process, interleaved, and
prints medians beside the bars: 40 features, M <= 4 x the floor; peak memory L / M <= 1.25 (parts written as they come).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import polars as pl

from make_events import make_folder
from riskstrat.declare import Age, BirthRegion, Count, DaysSince, Ever, Feature, Latest, Mean, Sex
from riskstrat.features import build_features, feature_parts
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


def parts(registers: Registers, features: list[Feature]) -> None:
    out = registers.folder.parent / "parts"
    out.mkdir(exist_ok=True)
    for number, part in enumerate(feature_parts(features, everybody(registers), registers)):
        part.write_parquet(out / f"{number}.parquet", compression="lz4", statistics=False)


def whole(registers: Registers, features: list[Feature]) -> None:
    build_features(features, everybody(registers), registers)


def everybody(registers: Registers) -> Target:
    people = registers.births.select("person_id", index_date=pl.lit(INDEX), area_id=pl.lit("a"))
    return Target(condition="benchmark", people=people, flow=pl.DataFrame(), as_of=INDEX)


JOBS: dict[str, Callable[[Registers], None]] = {
    "floor": scan_floor,
    "40 whole": lambda registers: whole(registers, forty()),
    "40 parts": lambda registers: parts(registers, forty()),
    "301 parts": lambda registers: parts(registers, wide()),
}


def run_job(job: str, folder: Path) -> None:
    """Run one job and print its CPU seconds, seconds on the clock, and the peak of the process in GiB."""
    registers = open_registers(folder)
    cpu, clock = time.process_time(), time.perf_counter()
    JOBS[job](registers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"cpu": time.process_time() - cpu, "clock": time.perf_counter() - clock, "peak": peak}))


def measured(job: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(folder), "--job", job]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def main(place: Path, sizes: list[str], jobs: list[str], repetitions: int) -> None:
    folders = {size: make_folder(place / size, PEOPLE[size]) for size in sizes}
    runs = [(size, job, measured(job, folders[size])) for _ in range(repetitions) for size in sizes for job in jobs]
    found = {
        (size, job): {
            key: median(run[key] for of, what, run in runs if (of, what) == (size, job)) for key in runs[0][2]
        }
        for size in sizes
        for job in jobs
    }
    for (size, job), numbers in found.items():
        ratio = numbers["cpu"] / found[size, "floor"]["cpu"]
        print(
            f"{size} {job:10s} cpu {numbers['cpu']:6.2f} s  clock {numbers['clock']:6.2f} s  {ratio:5.1f} x floor",
            end="",
        )
        print(f"  peak {numbers['peak']:.2f} GiB")
    if len(sizes) > 1:
        for job in jobs[1:]:
            print(f"peak L / M, {job}: {found['L', job]['peak'] / found['M', job]['peak']:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--job", help="run one job of an existing folder in this process")
    asked = parser.parse_args()
    if asked.job:
        run_job(asked.job, asked.folder)
    else:
        chosen = [job for job in JOBS if asked.wide or not job.startswith("301")]
        main(asked.folder, ["M", "L"] if asked.large else ["M"], chosen, asked.repetitions)
