"""How far building cohorts is from just reading their tables: CPU seconds and peak memory beside the scan floor.

Run: python benchmarks/cohort.py SAMPLE FOLDER [--copies 8]. Writes so many copies of the sample municipality's people
into FOLDER (8 are about 1 million), builds each condition's cohort in a fresh process, interleaved with reading the
columns and tables that it needs, and prints medians beside the bar: all conditions together <= 3 x the floor.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

import numpy.ma  # noqa: F401 - polars loads it with the first array, which is no work on people
import polars as pl

from peak import peak_gib
from riskstrat.cohort import build_cohort
from riskstrat.conditions import available, load
from riskstrat.registers import Registers, open_registers
from riskstrat.registers.manifest import FILE_NAME
from riskstrat.registers.writing import ROWS_PER_GROUP

IDENTIFIERS = ("person_id", "mother_id", "father_id")


def make_copies(sample: Path, folder: Path, copies: int, *, own_areas: bool = False) -> Path:
    """Write a register folder with each person so many times, as unrelated families; keep one that is there.

    With `own_areas` each copy is a municipality of its own, with its areas, their facts and their outlines.
    """
    if folder.is_dir():
        return folder
    registers = open_registers(sample)
    apart = int(registers.births["person_id"].max()) + 1
    folder.mkdir(parents=True)
    shutil.copy(sample / FILE_NAME, folder)
    for table in registers.tables:
        file = registers.manifest.file_of(table)
        copied = _copied(pl.read_parquet(sample / file), apart, copies, own_areas=own_areas)
        copied.write_parquet(folder / file, compression="zstd", row_group_size=ROWS_PER_GROUP)
    if own_areas and registers.geometry is not None:
        (folder / registers.geometry.name).write_text(json.dumps(_outlines(registers.geometry, copies)))
    return folder


def _copied(rows: pl.DataFrame, apart: int, copies: int, *, own_areas: bool) -> pl.DataFrame:
    shifted = [name for name in IDENTIFIERS if name in rows.columns]
    in_areas = own_areas and "area_id" in rows.columns
    if not shifted and not in_areas:
        return rows
    area = pl.col("area_id").str.slice(4)
    return pl.concat(
        rows.with_columns(
            pl.col(shifted) + copy * apart, *([(pl.lit(str(9981 - copy)) + area).alias("area_id")] if in_areas else [])
        )
        for copy in range(copies)
    )


def _outlines(file: Path, copies: int) -> dict[str, object]:
    """Put the copies of a municipality beside each other from west to east."""
    outlines = json.loads(file.read_text())

    def moved(point: object, copy: int) -> object:
        if isinstance(point, list) and not isinstance(point[0], list):
            return [point[0] + copy, *point[1:]]
        return [moved(each, copy) for each in point]

    features = [
        {
            **feature,
            "properties": {**said, "area_id": f"{9981 - copy}{said['area_id'][4:]}"},
            "geometry": {**shape, "coordinates": moved(shape["coordinates"], copy)},
        }
        for copy in range(copies)
        for feature in outlines["features"]
        for said, shape in [(feature["properties"], feature["geometry"])]
    ]
    return {**outlines, "features": features}


def tables_of(name: str) -> tuple[str, ...]:
    condition = load(name)
    excluding = (rule.having.register for rule in condition.population.excluding)
    asked = (*condition.index.registers, *excluding, *condition.outcome.registers)
    return tuple(dict.fromkeys(("persons", "residences", *asked)))


def scan_floor(name: str, registers: Registers) -> None:
    for table in tables_of(name):
        path = registers.folder / registers.manifest.file_of(table)
        pl.scan_parquet(path).select(pl.all().max()).collect()


def build(name: str, registers: Registers) -> None:
    build_cohort(load(name), registers, registers.manifest.data_end + timedelta(days=1))


def run_job(job: str, folder: Path) -> None:
    """Run ``floor:NAME`` or ``build:NAME`` and print its CPU seconds and the peak of the process in GiB."""
    what, name = job.split(":")
    load(name)
    registers = open_registers(folder)
    cpu = time.process_time()
    {"floor": scan_floor, "build": build}[what](name, registers)
    print(json.dumps({"cpu": time.process_time() - cpu, "peak": peak_gib()}))


def measured(job: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(folder), str(folder), "--job", job]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def main(folder: Path, repetitions: int) -> None:
    jobs = [f"{what}:{name}" for name in available() for what in ("floor", "build")]
    runs = [(job, measured(job, folder)) for _ in range(repetitions) for job in jobs]
    cpu = {job: median(run["cpu"] for of, run in runs if of == job) for job in jobs}
    peak = {job: median(run["peak"] for of, run in runs if of == job) for job in jobs}
    for name in available():
        floor, built = f"floor:{name}", f"build:{name}"
        print(f"{name:20s} cpu {cpu[built]:6.2f} s  {cpu[built] / cpu[floor]:5.1f} x floor  peak {peak[built]:.2f} GiB")
    totals = {what: sum(cpu[f"{what}:{name}"] for name in available()) for what in ("floor", "build")}
    print(f"{'together':20s} cpu {totals['build']:6.2f} s  {totals['build'] / totals['floor']:5.1f} x floor")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--job", help="run one job of an existing folder in this process")
    asked = parser.parse_args()
    if asked.job:
        run_job(asked.job, asked.folder)
    else:
        main(make_copies(asked.sample, asked.folder, asked.copies), asked.repetitions)
