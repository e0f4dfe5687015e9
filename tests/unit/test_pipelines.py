"""The scripts of docs/pipelines.md, run as they are written there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from riskstrat.registers import Registers

PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"


def written(name: str) -> str:
    """Give the block of the page that is a file of this name."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, name
    return found[1]


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", str(folder / script)], cwd="/", env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(small_municipality: Registers, tmp_path: Path) -> Path:
    shutil.copytree(small_municipality.folder, tmp_path / "registers")  # type: ignore[attr-defined]
    for name in ("riskstrat.toml", "yearly.sh", "monthly.sh"):
        (tmp_path / name).write_text(written(name), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_a_year_of_the_pipeline(folder: Path):
    year = run(folder, "yearly.sh")
    assert year.returncode == 0, year.stderr
    assert (folder / "out" / "frailty_sv.html").is_file()
    assert (folder / "out" / "mlflow.db").is_file()
    assert not list((folder / "out" / "untracked").glob("*/run.json"))
    month = run(folder, "monthly.sh")
    assert month.returncode == 0, month.stderr
    assert (month.stdout, json.loads((folder / "monitor.json").read_text(encoding="utf-8"))["moved"]) == ("", [])
    assert pl.read_parquet(folder / "scores" / "groups.parquet").columns[:3] == ["area_id", "sex", "people"]

    contacts = folder / "registers" / "contacts.parquet"
    pl.read_parquet(contacts).clear().write_parquet(contacts)
    (folder / "registers" / ".riskstrat.json").unlink()  # the change is meant
    shutil.rmtree(folder / "scores")
    drifted = run(folder, "monthly.sh")
    assert drifted.returncode == 8, drifted.stderr
    assert "nothing was scored" in drifted.stderr
    assert not (folder / "scores").exists()
    assert json.loads((folder / "monitor.json").read_text(encoding="utf-8"))["moved"]


def test_the_page_names_every_exit_code():
    from riskstrat import errors

    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RiskstratError)
    ]
    told = re.search(r"Exit codes: (.*?)\.\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert told
    assert {int(code) for code in re.findall(r"\b\d\b", told[1])} == {0, *(kind.exit_code for kind in kinds)}


def test_the_package_says_that_it_is_typed():
    import riskstrat

    assert Path(riskstrat.__file__).with_name("py.typed").is_file()
