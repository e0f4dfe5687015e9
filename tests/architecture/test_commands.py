"""People, hooks and CI run the same commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path

import pytest
from typer.main import get_command

from riskstrat.cli import app
from riskstrat.cli.intake import intake
from riskstrat.cli.standards import from_meds as convert_meds
from riskstrat.cli.standards import from_omop as convert_omop
from riskstrat.intake import extracts, from_meds, from_omop

ROOT = Path(__file__).parents[2]
STATIC = re.compile(r"^\.venv/bin/(?:ruff|mypy|lint-imports)\b.*$")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def recipe(name: str) -> list[str]:
    """Return the commands of a recipe of the justfile."""
    found = re.search(rf"^{name}(?: \*\w+)?:\n((?:    .*\n)+)", read("justfile"), re.MULTILINE)
    assert found, name
    return [line.strip() for line in found[1].splitlines()]


def test_the_recipe_of_static_checks_is_that_of_ci():
    assert recipe("check") == [line for line in read(".ci/run").splitlines() if STATIC.match(line)]


def test_the_recipe_of_tests_is_that_of_the_readme():
    (command,) = recipe("test")
    assert command.removesuffix(" {{ arguments }}") in read("README.md")


@pytest.mark.parametrize("name", ["run", "versions", "full"])
def test_every_script_of_ci_is_a_recipe(name: str):
    assert f"bash .ci/{name}" in read("justfile")


@pytest.mark.parametrize(
    "name", ["test", "check", "fix", "snapshot", "notebooks", "site", "lines", "ci", "versions", "full"]
)
def test_contributing_says_what_a_recipe_runs(name: str):
    row = next(line for line in read("CONTRIBUTING.md").splitlines() if line.startswith(f"| `just {name}`"))
    assert all(f"`{command.partition(' {{ ')[0]}`" in row for command in recipe(name))


def test_the_justfile_holds_comments_settings_and_recipes_and_no_other_line():
    known = re.compile(r"|# .*|export \w+ := \".*\"|\w+(?: \*\w+)?:|    .*")
    assert [line for line in read("justfile").splitlines() if not known.fullmatch(line)] == []


def test_hooks_run_from_the_own_environment():
    entries = re.findall(r"entry: (.*)", read(".pre-commit-config.yaml"))
    assert entries
    assert all(entry.startswith(".venv/bin/") for entry in entries)


@pytest.mark.parametrize(
    ("command", "function"),
    [(intake, extracts), (convert_omop, from_omop), (convert_meds, from_meds)],
)
def test_a_command_has_the_defaults_of_its_function(command: Callable[..., object], function: Callable[..., object]):
    said = {name: each.default for name, each in signature(command).parameters.items()}
    spoken = {"language"}  # of the command's own sentences: the function says none
    given = {name: said[name] for name in said if said[name] not in (None, Parameter.empty) and name not in spoken}
    own = {name: each.default for name, each in signature(function).parameters.items()}
    assert "max_rejected_share" in given
    assert given == {name: own[name] for name in given}


def test_every_command_can_be_called():
    assert set(get_command(app).commands) == {command.name for command in app.registered_commands}
