"""No intake writes over, into or around what it reads, nor over anything that it did not write itself."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from riskstrat.errors import UsageError
from riskstrat.intake import extracts, from_meds, from_omop, pseudonymise

Intake = Callable[[Path, Path], object]


def pseudonymised(source: Path, out: Path) -> object:
    secret = source.parent / "secret"
    secret.write_text("x" * 32)
    secret.chmod(0o600)
    return pseudonymise(source, out, source.parent / "key.parquet", as_of=date(2024, 1, 1), secret_file=secret)


INTAKES: dict[str, Intake] = {
    "extracts": extracts,
    "from-omop": from_omop,
    "from-meds": from_meds,
    "pseudonymise": pseudonymised,
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "source"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "0.csv").write_text("pnr;x\n1;2\n")
    (tmp_path / "project" / "work.txt").write_text("a day of work")
    return folder


def everything(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != "secret"}


@pytest.mark.parametrize("intake", INTAKES.values(), ids=INTAKES.keys())
@pytest.mark.parametrize("target", ["source", ".", "source/out", "source/data", "work.txt", "link", "full"])
def test_what_is_read_and_what_is_not_ours_stays(source: Path, intake: Intake, target: str):
    project = source.parent
    (project / "full").mkdir()
    (project / "full" / "notes.txt").write_text("notes")
    (project / "empty").mkdir()
    (project / "link").symlink_to(project / "empty")
    before = everything(project)
    with pytest.raises(UsageError):
        intake(source, project / target)
    assert everything(project) == before
    assert (project / "link").is_symlink()
