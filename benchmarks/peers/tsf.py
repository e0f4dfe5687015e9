"""riskstrat beside timeseriesflattener 2.5.2: 301 features of the same registers, what they cost and who is right.

Run, in benchmarks/: python -m peers.tsf FOLDER [--repetitions 3]. Makes in FOLDER the registers (M of features.py, with
no delay, since the peer knows none), an environment of peers/requirements.txt, and the answers; every run is a fresh
process, interleaved. Prints CPU seconds (writing included, without and with start and imports; opening the registers
is part of the start) and peak memory, then which answers differ and why. Answers are checked by loops over the rows of
a sample of people; FOLDER/columns.csv has every column.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

import features
from features import INDEX, PEOPLE, wide
from make_events import make_folder
from peers.truth import ODDITIES, cause, oddities, rows_of, true_answer
from riskstrat.declare import EventFeature, Feature
from riskstrat.declare.durations import window_days

HERE = Path(__file__).parent
OURS, PLAIN, CAREFUL = "riskstrat", "timeseriesflattener", "timeseriesflattener, with care"
EVER = 36_525
SAMPLE, SHOWN = 200, 2
NEAR = 1e-5
NUMBERS = ("cpu", "process", "peak")
Job = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """How many times as much a peer takes at least."""

    number: str
    least: float


BARS = (Bar("cpu", 8), Bar("peak", 3))


def registers_without_delay(place: Path, size: str) -> Path:
    """Make the registers of features.py, everything known on its day."""
    folder = place / f"{size}_no_delay"
    if not folder.is_dir():
        make_folder(folder, PEOPLE[size])
        manifest = folder / "registers.toml"
        manifest.write_text(re.sub(r"delay_days = \d+", "delay_days = 0", manifest.read_text()))
    return folder


def environment(place: Path) -> Path:
    """Make the peer's own environment, once; give its Python."""
    home = place / "tsf_environment"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    return python


def described(feature: Feature) -> dict[str, Any]:
    """Put a feature in words that need no riskstrat."""
    said: dict[str, Any] = {"column": feature.column, "kind": type(feature).__name__, "register": ""}
    if not isinstance(feature, EventFeature):
        return said
    ranges = [part.split("-") * 2 for part in feature.codes.split(", ")]
    window = {"ranges": [[both[0], both[1]] for both in ranges], "days": window_days(feature.window) or EVER}
    return said | {"register": feature.register} | window


def measured(command: list[str | Path]) -> dict[str, float]:
    """Run a process; give the CPU seconds of its job and of all of it, and its peak of resident memory in GiB."""
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        said.seek(0)
        lines = said.read().splitlines()
    if status:
        message = f"a run failed: {' '.join(map(str, command))}"
        raise SystemExit(message)
    job = json.loads(lines[-1])["cpu"]
    return {"cpu": job, "process": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 2**20}


def costs(place: Path, folder: Path, repetitions: int) -> dict[str, dict[str, float]]:
    """Run each way in turn, several times; give the medians."""
    peer = [environment(place), HERE / "tsf_job.py", place / "job.json"]
    ways: dict[str, list[str | Path]] = {
        OURS: [sys.executable, features.__file__, folder, "--job", "301 dataset"],
        PLAIN: [*peer, answers_of(place, PLAIN)],
        CAREFUL: [*peer, answers_of(place, CAREFUL), "--careful"],
    }
    runs = [(way, measured(command)) for _ in range(repetitions) for way, command in ways.items()]
    return {way: {key: median(run[key] for of, run in runs if of == way) for key in NUMBERS} for way in ways}


def answers_of(place: Path, way: str) -> Path:
    return place / f"{way.replace(', ', '_').replace(' ', '_')}.parquet"


def differing(column: str) -> pl.Expr:
    """Say whether two answers differ by more than single precision."""
    ours, theirs = pl.col(column), pl.col(f"{column}_theirs")
    apart = (ours - theirs).abs() > NEAR * pl.max_horizontal(1.0, ours.abs())
    return apart.fill_null(ours.is_null() != theirs.is_null())


def differences(job: Job, folder: Path, both: pl.DataFrame) -> pl.DataFrame:
    """Give each differing answer: column, kind, person and cause."""
    seen: dict[str, pl.DataFrame] = {}
    found = []
    for feature in job["features"]:
        column = feature["column"]
        cells = both.filter(differing(column)).select("person_id", theirs=f"{column}_theirs")
        known = pl.DataFrame(schema={"person_id": pl.Int64} | dict.fromkeys(ODDITIES, pl.Boolean))
        if cells.height and feature["register"]:
            group = f"{feature['register']} {feature['ranges']}"
            known = seen[group] = seen[group] if group in seen else oddities(folder, feature, INDEX)
        why = cells.join(known, on="person_id", how="left").select("person_id", cause=cause(feature))
        found.append(why.select(pl.lit(column).alias("column"), pl.lit(feature["kind"]).alias("kind"), pl.all()))
    return pl.concat(found)


def checked(job: Job, folder: Path, both: pl.DataFrame, differ: pl.DataFrame) -> pl.DataFrame:
    """Count each column's wrong answers, to people drawn at random and the first who differ in each column."""
    drawn = random.Random(0).sample(both["person_id"].to_list(), SAMPLE)  # noqa: S311
    shown = differ.sort("person_id").group_by("column", maintain_order=True).head(SHOWN)["person_id"]
    people = sorted({*drawn, *shown})
    rows = rows_of(folder, people)
    of_people = both.filter(pl.col("person_id").is_in(people)).sort("person_id")
    found = []
    for feature in (each for each in job["features"] if each["register"]):
        truth = [true_answer(feature, INDEX, rows.get((feature["register"], person), [])) for person in people]
        column = feature["column"]
        right = of_people.select(column, f"{column}_theirs").with_columns(pl.Series("true", truth, dtype=pl.Float32))
        found.append({"column": column, "kind": feature["kind"], "people": len(people)} | wrong(right, column))
    return pl.DataFrame(found)


def wrong(answers: pl.DataFrame, column: str) -> dict[str, int]:
    ours = answers.select(column, pl.col("true").alias(f"{column}_theirs"))
    theirs = answers.select(pl.col(f"{column}_theirs"), pl.col("true").alias(column))
    return {name: frame.filter(differing(column)).height for name, frame in (("ours", ours), ("theirs", theirs))}


def compare(job: Job, place: Path, folder: Path, way: str) -> pl.DataFrame:
    """Print what differs between our answers and theirs; give the counts of every column."""
    ours = pl.read_parquet(place / f"{folder.name}_dataset" / "*" / "part-*.parquet")
    theirs = pl.read_parquet(answers_of(place, way))
    both = ours.join(theirs, on="person_id", suffix="_theirs", validate="1:1")
    differ = differences(job, folder, both)
    by_cause = differ.group_by("kind", "cause").agg(columns=pl.col("column").n_unique(), answers=pl.len())
    print(f"\n{way}: {differ['column'].n_unique()} of {len(job['features'])} columns differ, {both.height} people\n")
    print("| kind | columns | answers | why |\n|---|---|---|---|")
    for kind, why, columns, answers in by_cause.sort("kind", "cause").iter_rows():
        print(f"| {kind} | {columns} | {answers} | {why} |")
    truth = checked(job, folder, both, differ)
    bad = truth.select(ours=(pl.col("ours") > 0).sum(), theirs=(pl.col("theirs") > 0).sum()).row(0)
    print(
        f"\n{truth['people'][0]} people by plain loops: wrong columns ours {bad[0]}, theirs {bad[1]} of {truth.height}"
    )
    every = differ.group_by("column", "cause").agg(answers=pl.len())
    return truth.join(every, on="column", how="left", maintain_order="left").select(pl.lit(way).alias("way"), pl.all())


def main(place: Path, size: str, repetitions: int) -> None:
    folder = registers_without_delay(place, size)
    job = {"folder": str(folder), "index": INDEX.isoformat(), "features": [described(each) for each in wide()]}
    (place / "job.json").write_text(json.dumps(job))
    found = costs(place, folder, repetitions)
    print("| way | CPU s | with start and imports | peak GiB |\n|---|---|---|---|")
    for way, run in found.items():
        print(f"| {way} | {run['cpu']:.1f} | {run['process']:.1f} | {run['peak']:.2f} |")
    print("\n| bar | found | asked |\n|---|---|---|")
    for way, bar in product((PLAIN, CAREFUL), BARS):
        ratio = found[way][bar.number] / found[OURS][bar.number]
        print(f"| {way}, {bar.number} | {ratio:.1f} | >= {bar.least}{'' if ratio >= bar.least else ': missed'} |")
    columns = [compare(job, place, folder, way) for way in (PLAIN, CAREFUL)]
    pl.concat(columns).write_csv(place / "columns.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=PEOPLE, default="M")
    parser.add_argument("--repetitions", type=int, default=3)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    main(asked.folder.resolve(), asked.size, asked.repetitions)
