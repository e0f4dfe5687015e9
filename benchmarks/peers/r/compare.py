"""riskstrat beside R: the same Cox pair, Fine-Gray model and scores, what each costs and how far apart the answers are.

    python benchmarks/peers/r/compare.py FOLDER [--people 200000] [--repetitions 1]

Debian's r-cran-survival, r-cran-cmprsk, r-cran-riskregression and r-cran-mets are needed, else nothing is compared.
Data are `nafld` and `flchain` from beside the repository, where they are, and invented people. Every job is a process
of its own; CPU seconds are those of the job (reading and imports left out), peak memory that of the process. Ends with
1 where an answer that should be the same differs by more than 1e-4. What R cannot do in 8 GiB or 15 minutes is said.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

REALDATA = Path(__file__).resolve().parents[4] / "shared" / "realdata"
SCRIPT = Path(__file__).with_name("job.R")
PACKAGES = ("survival", "cmprsk", "riskRegression", "mets")
TEN_YEARS, FIVE_YEARS = 3652.5, 1826.0
SHOWN = 1000
BAR = 1e-4
MOST_SECONDS, MOST_GIB = 900, 8
TWINS = {
    "cox_pair": ("cox_pair", "csc"),
    "fine_gray": ("fine_gray", "crr", "mets"),
    "score": ("score",),
}
"""Our jobs, and R's ways to the same answers; the first is held to the bar."""

LARGE = 50_000
NOT_FOR_LARGE = {"crr": "takes rows x events"}
"""What is not tried with more rows than LARGE, and why."""

MOST_FOR_ERRORS = 16_000
"""With more rows riskRegression's standard error of the AUC is missing or far too small: it is shown, not held to."""

Answer = dict[str, float]


@dataclass(frozen=True)
class DataSet:
    """Rows on disk: time, event, covariates, and risks to be scored."""

    name: str
    path: Path
    horizon: float


def nafld() -> pl.DataFrame:
    people = pl.read_parquet(REALDATA / "nafld" / "nafld_cvd_derived.parquet")
    event = pl.col("ev").replace_strict({"censor": 0, "cvd": 1, "death": 2})
    return people.select("age", "male", "htn", "diabetes", "dyslip", "nafld", time="t", event=event)


def flchain() -> pl.DataFrame:
    people = pl.read_parquet(REALDATA / "flchain" / "flchain.parquet")
    cause = pl.when(pl.col("death") == 0).then(0).when(pl.col("chapter") == "Circulatory").then(1).otherwise(2)
    return people.select(
        "age",
        male=(pl.col("sex") == "M").cast(pl.Int8),
        logflc=(pl.col("kappa") + pl.col("lambda")).log().cast(pl.Float32).cast(pl.Float64),
        time=pl.when(pl.col("futime") == 0).then(0.5).otherwise(pl.col("futime")),
        event=cause,
    )


def invented(people: int) -> pl.DataFrame:
    """Eight covariates, whole days, losses of 3 % a year; to the day after five years (on that day R knows nobody)."""
    rng = np.random.default_rng(0)
    X = np.round(rng.standard_normal((people, 8)), 2).astype(np.float32)
    X[:, ::3] = X[:, ::3] > 1
    effect = np.linspace(-0.4, 0.4, 8)
    outcome = np.ceil(rng.exponential(30_000 * np.exp(-(X @ effect))))
    death = np.ceil(rng.exponential(40_000 * np.exp(-(X @ effect[::-1]))))
    end = np.minimum(FIVE_YEARS + 1, np.ceil(rng.exponential(12_000, people)))
    time = np.minimum(np.minimum(outcome, death), end)
    event = np.select([time == outcome, time == death], [1, 2], 0)
    columns = {f"x{number}": X[:, number] for number in range(8)}
    return pl.DataFrame(columns | {"time": time, "event": event})


def data_sets(place: Path, people: int) -> Iterator[DataSet]:
    """Write the data sets that there are, each with a risk for scoring that nobody has fitted."""
    for name, read in (("nafld", nafld), ("flchain", flchain)):
        if (REALDATA / name).is_dir():
            yield written(place / f"{name}.csv", read(), TEN_YEARS)
        else:
            print(f"{name} is not beside the repository: left out")
    yield written(place / f"invented_{people}.csv", invented(people), FIVE_YEARS)


def written(path: Path, rows: pl.DataFrame, horizon: float) -> DataSet:
    first = rows.columns[0]
    risk = 1 / (1 + (-(pl.col(first) - pl.col(first).mean()) / pl.col(first).std() + 2).exp())
    # Every tenth row a risk of its own, so that scores meet both ties and distinct values.
    rows.with_columns(risk=(risk + pl.int_range(pl.len()) % 10 * 0.01).round(6)).write_csv(path)
    return DataSet(path.stem, path, horizon)


def ours(job: str, path: Path, horizon: float, answer: Path) -> None:
    """Do one job in riskstrat, and write names and values as R does."""
    from riskstrat import estimators
    from riskstrat.incidence import outcome_array
    from riskstrat.validation import score

    rows = pl.read_csv(path)
    X, y = rows.drop("time", "event", "risk"), outcome_array(rows["event"], rows["time"])
    before = time.process_time()
    if job == "score":
        table = score(y, {"model": rows["risk"]}, horizon).filter(model="model")
        found = {row["metric"]: row["estimate"] for row in table.iter_rows(named=True)}
        found |= {f"{row['metric']} error": row["standard_error"] for row in table.iter_rows(named=True)}
    else:
        kind = getattr(estimators, {"cox_pair": "Cox", "fine_gray": "FineGray"}[job])
        model = kind(horizon_days=horizon).fit(X, y)
        found = {}
        for row in model.coefficients_.iter_rows(named=True):
            label = f"{row.get('event', 1)} {row['feature']}"
            found |= {f"coefficient {label}": row["coefficient"], f"error {label}": row["standard_error"]}
        found |= {f"risk {number}": risk for number, risk in enumerate(model.predict_risk(X[:SHOWN]), start=1)}
    found["cpu"] = time.process_time() - before
    with answer.open("w", newline="") as file:
        csv.writer(file).writerows([("name", "value"), *found.items()])


def run(command: list[str | Path], answer: Path) -> Answer | str:
    """Run a job; give its answer with the peak in GiB, or why there is none."""
    answer.unlink(missing_ok=True)
    said = answer.with_suffix(".log")
    with said.open("w") as log:
        child = subprocess.Popen([*map(str, command), str(answer)], stdout=log, stderr=log, preexec_fn=limited)  # noqa: PLW1509
        _, status, used = os.wait4(child.pid, 0)
    if status or not answer.is_file():
        last = said.read_text().strip().splitlines()[-1:] or [f"status {status}"]
        return f"failed: {last[0]}"
    with answer.open() as file:
        found = {row["name"]: float(row["value"]) for row in csv.DictReader(file) if row["value"] != "NA"}
    return found | {"peak": used.ru_maxrss / 2**20}


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_GIB * 2**30,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS,) * 2)


def repeated(command: list[str | Path], answer: Path, repetitions: int) -> Answer | str:
    """Run a job several times; give the answer with the medians of its costs."""
    found = [run(command, answer) for _ in range(repetitions)]
    good = [each for each in found if isinstance(each, dict)]
    if len(good) < len(found):
        return next(each for each in found if isinstance(each, str))
    return good[0] | {cost: median(each[cost] for each in good) for cost in ("cpu", "peak")}


def differences(mine: Answer, theirs: Answer) -> dict[str, float]:
    """Largest difference of each kind of number: coefficients, errors, risks, scores."""
    largest: dict[str, float] = {}
    for name in sorted(mine.keys() & theirs.keys() - {"cpu", "peak"}):
        kind = name if name.startswith(("auc", "brier")) else name.split()[0]
        largest[kind] = max(largest.get(kind, 0.0), abs(mine[name] - theirs[name]))
    return largest


def compare(data: DataSet, job: str, repetitions: int) -> bool:
    """Print one row a way; say whether the first of R's ways gives our answer."""
    answer = data.path.with_name(f"{data.name}_{job}.csv")
    mine = repeated([sys.executable, __file__, "--job", job, data.path, str(data.horizon)], answer, repetitions)
    if isinstance(mine, str):
        print(f"| {data.name} | {job} | riskstrat | {mine} | | |")
        return False
    print(f"| {data.name} | {job} | riskstrat | {mine['cpu']:.2f} | {mine['peak']:.2f} | |", flush=True)
    same, rows = True, pl.scan_csv(data.path).select(pl.len()).collect().item()
    for way in TWINS[job]:
        if rows > LARGE and way in NOT_FOR_LARGE:
            print(f"| {data.name} | {job} | R, {way} | not run: {NOT_FOR_LARGE[way]} | | |")
            continue
        command: list[str | Path] = ["Rscript", SCRIPT, way, data.path, str(data.horizon)]
        theirs = repeated(command, answer.with_name(f"{data.name}_{way}_r.csv"), repetitions)
        if isinstance(theirs, str):
            print(f"| {data.name} | {job} | R, {way} | {theirs} | | |")
            continue
        apart = differences(mine, theirs)
        said = ", ".join(f"{kind} {value:.1g}" for kind, value in apart.items())
        print(f"| {data.name} | {job} | R, {way} | {theirs['cpu']:.2f} | {theirs['peak']:.2f} | {said} |", flush=True)
        held = [value for kind, value in apart.items() if kind != "auc error" or rows <= MOST_FOR_ERRORS]
        same = same and (way != TWINS[job][0] or max(held) <= BAR)
    return same


def missing() -> str:
    """Say what of R is not installed, or nothing."""
    if shutil.which("Rscript") is None:
        return "R"
    asked = f"cat(setdiff(c({', '.join(map(repr, PACKAGES))}), rownames(installed.packages())))"
    return subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=True).stdout.strip()


def main(place: Path, people: int, repetitions: int) -> int:
    if lacking := missing():
        print(f"nothing is compared with R: {lacking} is not installed")
        return 0
    place.mkdir(parents=True, exist_ok=True)
    print("| data | job | way | CPU s | peak GiB | largest differences from ours |\n|---|---|---|---|---|---|")
    same = [compare(data, job, repetitions) for data in data_sets(place, people) for job in TWINS]
    return 0 if all(same) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        ours(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("folder", type=Path)
        parser.add_argument("--people", type=int, default=200_000)
        parser.add_argument("--repetitions", type=int, default=1)
        asked = parser.parse_args()
        raise SystemExit(main(asked.folder.resolve(), asked.people, asked.repetitions))
