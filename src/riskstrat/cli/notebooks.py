"""``riskstrat notebooks``: copies of the notebooks to work in, whose outputs no commit keeps."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.terminal import answer

FILTER = "riskstrat-notebooks"
ATTRIBUTE = f"*.ipynb filter={FILTER}"
SAMPLE = Path("data_samples", "modellstad")
"""Where the notebooks look for the sample, from the folder above theirs."""


def notebooks(
    folder: Annotated[Path, typer.Argument(help="Folder for the copies; what is in it already is left alone.")],
) -> None:
    """Copy the notebooks out to work in, and keep what they show of your registers out of git."""
    from riskstrat.files import guard_shared_folder

    guard_shared_folder(folder, sources=(_shipped(),))
    folder.mkdir(parents=True, exist_ok=True)
    copied = {each.name: _copy(each, folder / each.name) for each in sorted(_shipped().glob("*.ipynb"))}
    installed, sample = _install_filter(folder), folder.resolve().parent / SAMPLE
    lacks = f"no sample at {sample}; make it with: riskstrat synthesise --seed 18 --thin --out {sample}"
    lines = [
        *(f"{name}: {done}" for name, done in copied.items()),
        installed,
        *(() if sample.exists() else (lacks,)),
        f"open them with: jupyter lab {folder}",
    ]
    answer({"folder": folder, "notebooks": copied, "filter": installed}, lines)


def _shipped() -> Path:
    """Find the notebooks: in the package where it was installed from a wheel, else in the repository."""
    package = Path(__file__).parents[1]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parents[1] / "notebooks"


def _copy(notebook: Path, copy: Path) -> str:
    if not copy.exists():
        shutil.copyfile(notebook, copy)
        return "copied"
    same = copy.read_bytes() == notebook.read_bytes()
    return "there already" if same else "left as it is: yours differs (move it away to get ours)"


def _install_filter(folder: Path) -> str:
    """Let git strip outputs when a notebook of the folder is staged; a filter that cannot run stops the commit."""
    if not _git(folder, "rev-parse", "--git-dir"):
        return "outputs: the folder is in no git repository; run this again after git init, before the first commit"
    settings = {"clean": f'"{sys.executable}" -m riskstrat.files.notebooks', "smudge": "cat", "required": "true"}
    if not all(_git(folder, "config", f"filter.{FILTER}.{name}", value) for name, value in settings.items()):
        return "outputs: git refused the filter, so that they would be committed"
    attributes = folder / ".gitattributes"
    lines = attributes.read_text(encoding="utf-8").splitlines() if attributes.exists() else []
    if ATTRIBUTE not in lines:
        attributes.write_text("\n".join([*lines, ATTRIBUTE]) + "\n", encoding="utf-8")
    return (
        "outputs: git strips them from what is committed (.gitattributes, git config); whoever clones the repository "
        "runs this command again, for git copies no filters"
    )


def _git(folder: Path, *arguments: str) -> bool:
    """Say whether a git command succeeded; not where there is no git."""
    git = shutil.which("git")
    if git is None:
        return False
    done = subprocess.run([git, *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S603 - git itself
    return done.returncode == 0
