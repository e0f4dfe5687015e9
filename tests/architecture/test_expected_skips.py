"""A run fails when a test is skipped for a reason that nobody has written down."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = {
    "of a test": "import pytest\ndef test_one(): pytest.skip({reason!r})",
    "of a mark": "import pytest\n@pytest.mark.skipif(True, reason={reason!r})\ndef test_one(): ...",
    "of a module": "import pytest\npytest.skip({reason!r}, allow_module_level=True)",
}
EXPECTED = tomllib.loads((ROOT / "tests" / "expected_skips.toml").read_text(encoding="utf-8"))["skip"]


def run(folder: Path, reason: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a module of each kind, and a test that passes, under the rules of this repository."""
    (folder / "conftest.py").write_text(
        "from unexpected_skips import pytest_addoption, pytest_configure", encoding="utf-8"
    )
    for number, body in enumerate([*SKIPS.values(), "def test_one(): ..."]):
        (folder / f"test_{number}.py").write_text(body.format(reason=reason), encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'tests'}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    plain = {**os.environ, "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "worker"])
def test_unexpected_skips_of_every_kind_fail_the_run(tmp_path: Path, workers: tuple[str, ...]):
    found = run(tmp_path, "nobody knows why", "--fail-on-unexpected-skips", *workers)
    assert found.returncode == 1
    assert "unexpected skips" in found.stdout
    assert found.stdout.count(": nobody knows why") == len(SKIPS)


def test_expected_skips_do_not(tmp_path: Path):
    found = run(tmp_path, EXPECTED[0]["reason"], "--fail-on-unexpected-skips")
    assert found.returncode == 0, found.stdout


def test_without_the_option_skips_are_allowed(tmp_path: Path):
    assert run(tmp_path, "nobody knows why").returncode == 0
