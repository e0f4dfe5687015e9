"""Every notebook runs from top to bottom, reads like a user's, and is committed with outputs that show no person."""

import ast
import importlib
import json
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import riskstrat as rs
from commands import riskstrat as command
from riskstrat.files.notebooks import strip_outputs

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
LONGEST_TOGETHER_SECONDS = 15 * 60
OWN_PATH = re.compile(r"(?<![\w.])/(?:home|root|tmp|var|Users|work)/")


def all_cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def cells(path: Path) -> list[dict]:
    return [cell for cell in all_cells(path) if cell["cell_type"] == "code"]


def source(cell: dict) -> str:
    """Return the code of a cell without lines that are IPython's; a cell that only writes a file has none."""
    lines = "".join(cell["source"]).splitlines()
    if lines and lines[0].startswith("%%"):
        return ""
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


def code(path: Path) -> str:
    return "\n".join(source(cell) for cell in cells(path))


def outputs(path: Path) -> list[dict]:
    return [output for cell in cells(path) for output in cell["outputs"]]


def private_names(text: str) -> Iterator[str]:
    """Name what code takes from riskstrat that is not public, and every attribute that begins with an underscore.

    Public are the names of the package and of its sub-packages; modules within these are not.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "riskstrat":
            module = importlib.import_module(node.module)
            public = getattr(module, "__all__", dir(module)) if node.module.count(".") < 2 else ()
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name not in public)
        if isinstance(node, ast.Attribute) and (node.attr.startswith("_") or not is_public(ast.unparse(node))):
            yield ast.unparse(node)


def is_public(name: str) -> bool:
    """Look names such as rs.areas.trends up; what is no name of the package is taken as public."""
    parts = re.fullmatch(r"rs\.(\w+)(?:\.(\w+))?", name)
    if parts is None:
        return True
    module = getattr(rs, parts[1], None) if parts[1] in dir(rs) else None
    return module is not None and (parts[2] is None or parts[2] in getattr(module, "__all__", dir(module)))


def test_what_is_not_public_is_found():
    assert list(private_names("import riskstrat as rs\nrs.run(rs.areas.trends, rs.conditions.load)")) == []
    found = private_names("from riskstrat.study.whole import run\nrs.areas.gamma.fit(study._x, rs.nothing)")
    assert set(found) == {"riskstrat.study.whole.run", "rs.areas.gamma", "study._x", "rs.nothing"}


@each_notebook
def test_it_is_short_and_uses_public_names_only(path: Path):
    assert len(all_cells(path)) < 40
    assert list(private_names(code(path))) == []


@each_notebook
def test_it_begins_with_its_question_and_says_what_is_not_meant(path: Path):
    texts = ["".join(cell["source"]) for cell in all_cells(path) if cell["cell_type"] == "markdown"]
    assert texts[0].startswith("# ")
    assert "?" in texts[0]
    assert "does not" in " ".join(texts)


@each_notebook
def test_it_needs_no_network_and_no_place_of_its_own(path: Path):
    assert "://" not in code(path).replace("sqlite://", "")
    shown = json.dumps([*outputs(path), code(path)])
    assert not OWN_PATH.search(shown), OWN_PATH.search(shown)
    assert "cdn." not in shown


@each_notebook
def test_it_is_committed_with_its_outputs(path: Path):
    counts = [cell["execution_count"] for cell in cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    assert all(output["output_type"] != "error" and output.get("name") != "stderr" for output in outputs(path))
    kinds = {kind for output in outputs(path) for kind in output.get("data", {})}
    assert kinds & {"text/html", "image/png"}
    assert "image/svg+xml" not in kinds


@each_notebook
def test_it_shows_no_person(path: Path):
    assert "person_id" not in json.dumps(outputs(path))


@each_notebook
def test_it_is_small(path: Path):
    assert path.stat().st_size < 1_000_000


@cache
def executed(path: Path) -> tuple[list[str], float]:
    """Run a notebook once: what it wrote to the error stream, and how many seconds it took."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "notebooks"))
        execute = importlib.import_module("execute")
    begun = time.monotonic()
    notebook = execute.execute(path)
    return execute.warnings(notebook), time.monotonic() - begun


@each_notebook
@pytest.mark.slow
def test_it_runs_without_warnings(path: Path):
    assert executed(path)[0] == []


@pytest.mark.slow
def test_together_they_take_less_than_a_quarter_of_an_hour():
    seconds = {path.stem: round(executed(path)[1]) for path in NOTEBOOKS}
    assert sum(seconds.values()) < LONGEST_TOGETHER_SECONDS, seconds


def test_the_numbers_of_the_notebooks_follow_each_other():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02}" for n in range(1, len(NOTEBOOKS) + 1)]


def test_a_wheel_holds_them_where_the_command_looks():
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert packed["wheel"]["force-include"] == {"notebooks": "riskstrat/notebooks"}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_they_are_copied_out_and_none_that_was_changed_is_replaced(tmp_path: Path):
    mine = tmp_path / "mine"
    assert command("notebooks", mine).returncode == 0
    assert {path.name for path in mine.glob("*.ipynb")} == {path.name for path in NOTEBOOKS}
    changed = mine / NOTEBOOKS[0].name
    changed.write_text("my own", encoding="utf-8")
    again = command("notebooks", mine)
    assert changed.read_text(encoding="utf-8") == "my own"
    assert f"{changed.name}: left as it is" in again.stdout
    assert again.stdout.count("left as it is") == 1


def test_the_sample_is_asked_for_where_the_copies_look_for_it(tmp_path: Path):
    said = command("notebooks", tmp_path / "mine").stdout
    assert f"riskstrat synthesise --seed 18 --thin --out {tmp_path / 'data_samples' / 'modellstad'}" in said
    (tmp_path / "data_samples" / "modellstad").mkdir(parents=True)
    assert "synthesise" not in command("notebooks", tmp_path / "mine").stdout


def test_the_shipped_ones_are_not_copied_onto_themselves():
    found = command("notebooks", ROOT / "notebooks")
    assert found.returncode == 2
    assert "is the source" in found.stderr


def test_outside_a_repository_it_says_that_outputs_are_not_stripped(tmp_path: Path):
    said = command("notebooks", tmp_path / "mine").stdout
    assert "in no git repository" in said
    assert not (tmp_path / "mine" / ".gitattributes").exists()


def test_in_a_repository_no_output_is_committed(tmp_path: Path):
    git(tmp_path, "init", "-q")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / ".gitattributes").write_text("*.csv binary\n", encoding="utf-8")
    for _ in range(2):
        assert "git strips them" in command("notebooks", mine).stdout
    assert (mine / ".gitattributes").read_text(encoding="utf-8").splitlines() == [
        "*.csv binary",
        "*.ipynb filter=riskstrat-notebooks",
    ]
    name = NOTEBOOKS[0].name
    git(tmp_path, "add", f"mine/{name}")
    staged = git(tmp_path, "show", f":mine/{name}")
    assert staged == strip_outputs((mine / name).read_text(encoding="utf-8"))
    assert '"image/png"' in (mine / name).read_text(encoding="utf-8")
    assert all(cell["outputs"] == [] for cell in json.loads(staged)["cells"] if cell["cell_type"] == "code")


def test_a_filter_that_cannot_run_stops_the_commit(tmp_path: Path):
    git(tmp_path, "init", "-q")
    command("notebooks", tmp_path / "mine")
    git(tmp_path, "config", "filter.riskstrat-notebooks.clean", f'"{tmp_path / "gone"}" -m riskstrat.files.notebooks')
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "add", f"mine/{NOTEBOOKS[0].name}")


def test_stripping_keeps_all_that_was_typed():
    path = NOTEBOOKS[0]
    stripped = json.loads(strip_outputs(path.read_text(encoding="utf-8")))
    assert [cell["source"] for cell in stripped["cells"]] == [cell["source"] for cell in all_cells(path)]
    text = json.dumps(stripped)
    assert strip_outputs(strip_outputs(text)) == strip_outputs(text)
    assert "image/png" not in text


def test_the_filter_is_a_program_that_loads_nothing_heavy():
    code = "import sys, riskstrat.files.notebooks; print([m for m in ('polars', 'numpy', 'typer') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
