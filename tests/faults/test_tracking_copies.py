"""Runs that could not be sent wait on disk, and arrive once."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from riskstrat.errors import ContractError, TrackingError
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.tracking import keep, resume, store, track

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    return publish(municipality_study)


@pytest.fixture(scope="module")
def kept(published: Published, municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with one copy, to be copied."""
    out = tmp_path_factory.mktemp("kept")
    keep(published, out, model=municipality_study.model, champion=True)
    return out


@pytest.fixture
def out(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "out")


def content(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that a store says of finished runs but ids and times."""
    asked = {
        "runs": "SELECT name, status FROM runs ORDER BY name",
        "params": "SELECT key, value FROM params ORDER BY key",
        "metrics": "SELECT key, value FROM metrics ORDER BY key, value",
        "versions": "SELECT name, version FROM model_versions",
        "aliases": "SELECT name, alias, version FROM registered_model_aliases",
    }
    with sqlite3.connect(database) as connection:
        found = {name: connection.execute(query).fetchall() for name, query in asked.items()}
    files = sorted(path.name for path in (database.parent / "mlartifacts").rglob("*") if path.is_file())
    return {**found, "files": [(name,) for name in files]}


@pytest.fixture(scope="module")
def expected(published: Published, municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> object:
    """What a store holds to which the study was sent at once."""
    database = tmp_path_factory.mktemp("expected") / "runs.db"
    track(published, model=municipality_study.model, champion=True, store=database)
    return content(database)


def waiting(out: Path) -> int:
    return len(list((out / "untracked").glob("*/run.json")))


def test_a_server_that_is_down_is_one_sentence_soon_and_the_copy_stays(out: Path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://user:password@127.0.0.1:{closed.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(TrackingError, match="the server does not answer") as refused:
            resume(out, store=address)
    assert time.monotonic() - began < 60
    assert "password" not in str(refused.value)
    assert waiting(out) == 1


def test_a_copy_arrives_as_it_would_have_at_once_and_only_once(out: Path, tmp_path: Path, expected: object):
    database = tmp_path / "runs.db"
    sent = shutil.copytree(out, tmp_path / "sent")
    (run_id,) = resume(sent, store=database)
    assert content(database) == expected
    assert (waiting(sent), resume(sent, store=database)) == (0, ())
    assert resume(out, store=database) == (run_id,), "killed before the copy was removed: the same run"
    assert content(database) == expected


@pytest.mark.parametrize("at", ["candidate", "version"])
def test_what_was_killed_in_the_middle_goes_on(
    out: Path, tmp_path: Path, expected: object, monkeypatch: pytest.MonkeyPatch, at: str
):
    database = tmp_path / "runs.db"
    step = {"candidate": "_log", "version": "_register"}[at]
    whole, calls = getattr(store, step), []

    def killed(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        if at == "version" or len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(store, step, killed)
        with pytest.raises(KeyboardInterrupt):
            resume(out, store=database)
    assert waiting(out) == 1
    resume(out, store=database)
    assert content(database) == expected
    assert waiting(out) == 0


@pytest.mark.parametrize("text", ["{", "{}", '{"format": "riskstrat tracked run", "schema": 2, "key": "a"}'])
def test_a_damaged_copy_is_one_sentence(tmp_path: Path, text: str):
    copy = tmp_path / "untracked" / "a"
    copy.mkdir(parents=True)
    (copy / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"run\.json|copy of a run"):
        resume(tmp_path, store=tmp_path / "runs.db")
