"""A new user's way, as docs/first-steps.md has it: what it says to type is typed, and what it says appears."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from commands import riskstrat

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-steps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|python|text)\n(.*?)```", PAGE, flags=re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_COMMAND = re.findall(r"<!-- command -->\n```sh\n(.*)\n```", README)[0].split(" && ")[-1]
KEPT = ("PATH", "PYTHONPATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY")
"""All that a user with a new account has in the environment too."""
SAVED_AS = re.findall(r"`(my_\w+\.py)`", PAGE)
"""The Python files of the page, in the order of its blocks of Python."""


def typed(code: str) -> list[list[str]]:
    """Return the commands of a block that are riskstrat's, as arguments."""
    return [line.split()[1:] for line in code.splitlines() if line.startswith("riskstrat ")]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that looks as a clone does, to work in."""
    for name in ("data_samples", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(clone: Path, left_out: tuple[str, ...] = ()) -> None:
    """Do what the page says; commands that are left out show nothing, and what they would show is not asked for."""
    files, said = iter(SAVED_AS), ""
    for kind, code in BLOCKS:
        if kind == "python":
            path = clone / next(files)
            path.write_text(code, encoding="utf-8")
            if "write_registers(" in code:
                exec(compile(code, path.name, "exec"), {})  # noqa: S102 - the page itself
        elif kind == "sh":
            commands = [arguments for arguments in typed(code) if arguments[0] not in left_out]
            ended = [riskstrat(*arguments) for arguments in commands]
            assert [one.stderr for one in ended if one.returncode] == []
            said = "".join(one.stdout for one in ended) if commands else None
        elif said is not None:
            missing = [line for line in code.splitlines() if line.strip() not in said]
            assert not missing or left_out, (missing, said)


def test_every_command_of_the_page_is_one():
    assert {arguments[0] for kind, code in BLOCKS if kind == "sh" for arguments in typed(code)} == {
        "conditions", "run", "describe", "check", "notebooks",
    }  # fmt: skip
    assert len(SAVED_AS) == sum(kind == "python" for kind, _ in BLOCKS)


def test_it_can_be_followed_but_for_the_studies(clone: Path):
    follow(clone, left_out=("run",))
    assert (clone / "my_registers" / "registers.toml").is_file()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_it_can_be_followed(clone: Path):
    follow(clone)
    assert {path.name for path in (clone / "out").glob("*_en.html")} == {
        "frailty_en.html", "copd_smokers_en.html", "my_stroke_en.html",
    }  # fmt: skip


@pytest.mark.slow
def test_the_main_job_of_a_new_account_leaves_nothing_in_its_home_nor_among_temporary_files(
    clone: Path, tmp_path_factory: pytest.TempPathFactory
):
    home, temporary = (tmp_path_factory.mktemp(name) for name in ("home", "temporary"))
    given = {name: os.environ[name] for name in KEPT if name in os.environ}
    clean = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONPYCACHEPREFIX": str(clone / "bytecode")}
    program, *arguments = FIRST_COMMAND.split()
    assert program == ".venv/bin/riskstrat"
    command = [sys.executable, "-m", "riskstrat", *arguments]
    ended = subprocess.run(command, env=given | clean, cwd=clone, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len(list((clone / "out").glob("*.html"))) == 2 * (3 + 1)  # of each condition and across, in two languages
    assert list(home.rglob("*")) == list(temporary.rglob("*")) == []
