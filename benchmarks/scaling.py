"""How the cost of features grows with events, people, features, windows, landmarks and workers.

Run: python benchmarks/scaling.py FOLDER [--chart docs/scaling.png] [--workers], with POLARS_MAX_THREADS=1. Makes its
registers in FOLDER, varies one thing at a time around 20 thousand people with a million events, and prints CPU seconds
and the slope of each line on log-log axes: 1 is "twice as much costs twice as much", 0 is "costs nothing more". With
--workers only two processes are held against one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from features import ICD_GROUPS, INDEX, everybody, wide
from make_events import make_folder
from riskstrat.declare import Count, DaysSince, Ever, Feature
from riskstrat.features import feature_parts, write_features
from riskstrat.registers import Registers, open_registers

PEOPLE = 20_000
WINDOWS = ("90d", "180d", "1y", "2y", "3y", "5y", "10y", "ever")
Run = Callable[[], None]


def several(windows: Sequence[str]) -> list[Feature]:
    kinds = (Count, Ever, DaysSince)
    return [kind(register="diagnoses", codes=c, within=w) for kind in kinds for w in windows for c in ICD_GROUPS]


def answered(registers: Registers, features: list[Feature], dates: Sequence[date] = (INDEX,)) -> None:
    for _ in feature_parts(features, everybody(registers, dates), registers, shard_people=PEOPLE // 4):
        pass


def grid(place: Path) -> dict[str, dict[int, Run]]:
    """Give for each thing that varies what is run at each of its sizes."""

    def opened(people: int = PEOPLE, times: int = 1) -> Registers:
        return open_registers(make_folder(place / f"{people}_{times}", people, times=times))

    usual, asked = opened(), wide()
    larger = {times: opened(times=times) for times in (1, 2, 4, 8)}
    more = {people: opened(people) for people in (PEOPLE, 2 * PEOPLE, 4 * PEOPLE, 8 * PEOPLE)}
    dates = [INDEX.replace(year=2022 - back) for back in range(8)]
    return {
        "events a person": {50 * times: lambda r=r: answered(r, asked) for times, r in larger.items()},
        "people": {people: lambda r=r: answered(r, asked) for people, r in more.items()},
        "features": {n: lambda n=n: answered(usual, asked[:: 301 // n][:n]) for n in (37, 75, 150, 301)},
        "windows": {n: lambda n=n: answered(usual, several(WINDOWS[:n])) for n in (1, 2, 4, 8)},
        "landmarks": {n: lambda n=n: answered(usual, asked, dates[:n]) for n in (1, 2, 4, 8)},
    }


def cpu_of(run: Run) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def measured(place: Path, repetitions: int) -> pl.DataFrame:
    """Run everything in turn, again and again, so that a busy machine slows all of it alike."""
    runs = grid(place)
    answered(open_registers(place / f"{PEOPLE}_1"), wide())  # what is loaded and made once is no part of a slope
    rows = [
        {"varies": varies, "size": size, "cpu": cpu_of(run)}
        for _ in range(repetitions)
        for varies, sizes in runs.items()
        for size, run in sizes.items()
    ]
    return pl.DataFrame(rows).group_by("varies", "size", maintain_order=True).agg(pl.col("cpu").median())


def slope(sizes: pl.Series, cpu: pl.Series) -> float:
    return float(np.polyfit(np.log(sizes.to_numpy()), np.log(cpu.to_numpy()), 1)[0])


def two_against_one(place: Path, repetitions: int) -> None:
    """Compare two processes with one, one thread each: how much sooner they end, the start of the second included."""
    registers = open_registers(make_folder(place / "workers", 1_000_000))
    years = (2022, 2021, 2020)

    def clock(workers: int, dates: int) -> float:
        asked = everybody(registers, [INDEX.replace(year=year) for year in years[:dates]])
        with TemporaryDirectory(dir=place) as folder:
            start = time.perf_counter()
            write_features(wide(), asked, registers, folder, workers=workers)
            return time.perf_counter() - start

    for dates in (1, len(years)):
        times = [(clock(1, dates), clock(2, dates)) for _ in range(repetitions)]
        one, two = (median(each) for each in zip(*times, strict=True))
        ratios = sorted(alone / together for alone, together in times)
        each, times_as_fast = ", ".join(f"{ratio:.2f}" for ratio in ratios), median(ratios)
        print(f"{dates} dates: {one:.1f} s alone, {two:.1f} s by two: {times_as_fast:.2f} times as fast ({each})")
        print(f"slope of seconds on processes {-np.log2(times_as_fast):.2f}")


def chart(found: pl.DataFrame, path: Path) -> None:
    import altair as alt

    base = alt.Chart(found.with_columns(times=pl.col("size") / pl.col("size").first().over("varies")))
    lines = base.mark_line(point=True).encode(
        x=alt.X("times:Q", scale=alt.Scale(type="log", base=2), title="times as much"),
        y=alt.Y("cpu:Q", scale=alt.Scale(type="log"), title="CPU seconds"),
        color=alt.Color("varies:N", title=None),
    )
    lines.properties(width=420, height=300).save(str(path), scale_factor=2)


def main(place: Path, picture: Path | None, repetitions: int) -> None:
    found = measured(place, repetitions)
    print("| varies | sizes | CPU s | slope |\n|---|---|---|---|")
    for (varies,), rows in found.group_by("varies", maintain_order=True):
        sizes, cpu = (", ".join(f"{x:g}" for x in rows[name].round(2)) for name in ("size", "cpu"))
        print(f"| {varies} | {sizes} | {cpu} | {slope(rows['size'], rows['cpu']):.2f} |")
    if picture is not None:
        chart(found, picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--workers", action="store_true")
    asked_for = parser.parse_args()
    if asked_for.workers:
        two_against_one(asked_for.folder, asked_for.repetitions)
    else:
        main(asked_for.folder, asked_for.chart, asked_for.repetitions)
