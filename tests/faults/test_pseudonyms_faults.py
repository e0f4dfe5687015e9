"""The command that pseudonymises: what it says, what it ends with, and what it never says."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl

NUMBER, OTHER = "20121212-1212", "811228-9874"


def pseudonymise(place: Path, *options: str, secret: str = "a long enough secret") -> subprocess.CompletedProcess[str]:  # noqa: S107
    paths = [str(place / name) for name in ("raw.csv", "out", "keys/key.parquet")]
    command = [sys.executable, "-m", "riskstrat", "pseudonymise", *paths, *options]
    environment = {**os.environ, "RISKSTRAT_PSEUDONYM_SECRET": secret}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_it_says_what_it_did_in_counts(tmp_path: Path):
    (tmp_path / "raw.csv").write_text(f"pnr;x\n{NUMBER};1\n{OTHER};2\n")
    done = pseudonymise(tmp_path, "--column", "pnr=LopNr")
    assert done.returncode == 0, done.stderr
    assert "2 rows of 2 people" in done.stdout
    assert pl.read_parquet(tmp_path / "out" / "raw.parquet").columns == ["LopNr", "x"]


def test_failures_end_with_their_exit_codes_and_tell_no_value(tmp_path: Path):
    (tmp_path / "raw.csv").write_text(f"pnr;mor\n{NUMBER};{OTHER}\n")
    told = [pseudonymise(tmp_path, "--column", "pnr"), pseudonymise(tmp_path, secret="short")]  # noqa: S106
    assert [each.returncode for each in told] == [3, 2]
    said = "".join(each.stdout + each.stderr for each in told)
    assert "Traceback" not in said
    assert not any(value in said for value in (NUMBER, OTHER))
    assert not (tmp_path / "out").exists()
