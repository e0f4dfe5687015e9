"""A run that writes features is killed at random points and started again: the bytes of an undisturbed run."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from riskstrat.features.dataset import MANIFEST
from small_registers import BuildRegisters

PEOPLE, SHARD = 200, 5
SCRIPT = """
import sys
from datetime import date
import polars as pl
from riskstrat.declare import Age, Count, Latest, Mean
from riskstrat.features import write_features
from riskstrat.records.cohort import Target
from riskstrat.registers import open_registers

if __name__ == "__main__":
    source, folder, workers, shard = sys.argv[1:]
    registers = open_registers(source)
    people = registers.births.select("person_id", index_date=pl.lit(date(2020, 1, 1)), area_id=pl.lit("A"))
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2020, 1, 1))
    asked = [
        Age(),
        Count(register="diagnoses", codes="F"),
        Latest(register="diagnoses", codes="*", within="1y"),
        Mean(register="diagnoses", codes="*", relative="mother"),
    ]
    write_features(asked, cohort, registers, folder, shard_people=int(shard), workers=int(workers))
"""


@pytest.fixture(scope="module")
def source(build_registers: BuildRegisters) -> Path:
    """Two hundred people with rows enough for forty shards of their own and some of their mothers."""
    random = Random(1)  # noqa: S311
    persons = [
        {"person_id": n, "birth_date": date(1900, 1, 1) + timedelta(days=100 * n), "mother_id": n // 3 or None}
        for n in range(1, PEOPLE + 1)
    ]
    rows = [
        {
            "person_id": random.randint(1, PEOPLE),
            "date": date(2015, 1, 1) + timedelta(days=random.randint(0, 2000)),
            "code": random.choice(("F001", "F03", "I219")),
            "value": random.gauss(0, 1),
        }
        for _ in range(10 * PEOPLE)
    ]
    folder = build_registers(persons, diagnoses=rows).folder
    assert folder is not None
    return folder


def started(script: Path, source: Path, folder: Path, workers: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, script, source, folder, str(workers), str(SHARD)])


def killed(run: subprocess.Popen[bytes], folder: Path, files: int) -> None:
    """Kill the run when it has made so many files, finished or not, or let it end before."""
    while run.poll() is None and len(list(folder.glob("*/*"))) < files:
        time.sleep(0.001)
    run.kill()
    run.wait()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_runs_end_with_the_same_bytes(tmp_path: Path, source: Path, workers: int):
    script = tmp_path / "write.py"
    script.write_text(SCRIPT)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert started(script, source, undisturbed, workers=1).wait() == 0
    disturbed.mkdir()
    for files in sorted(Random(workers).sample(range(1, 45), 3)):  # noqa: S311
        killed(started(script, source, disturbed, workers), disturbed, files)
        assert not list(disturbed.glob(f"*/{MANIFEST}"))
    assert started(script, source, disturbed, workers).wait() == 0
    assert bytes_of(disturbed) == bytes_of(undisturbed)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")}
