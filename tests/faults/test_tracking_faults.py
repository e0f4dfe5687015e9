"""What goes wrong with a store of MLflow is one sentence; no run stays unfinished, and nobody's name is kept."""

import getpass
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from riskstrat.cli.run import _track
from riskstrat.errors import TrackingError
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.tracking import keep, store_uri, track
from riskstrat.tracking import store as tracking

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    return publish(municipality_study)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "_LOCK_SECONDS", 0.2)


@pytest.fixture(scope="module")
def used_store(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one run, to be copied."""
    store = tmp_path_factory.mktemp("used") / "runs.db"
    track(published, store=store)
    return store


@pytest.fixture
def store(used_store: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "runs.db"
    copy.write_bytes(used_store.read_bytes())
    return copy


def client_of(store: Path):
    import mlflow

    return mlflow.MlflowClient(store_uri(store))


def statuses(store: Path) -> list[str]:
    with sqlite3.connect(store) as database:
        runs = (
            "SELECT status FROM runs WHERE run_uuid NOT IN (SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId')"
        )
        return [status for (status,) in database.execute(f"{runs} ORDER BY start_time")]


def make_folder(store: Path) -> None:
    store.unlink()
    store.mkdir()


def make_text(store: Path) -> None:
    store.write_text("not a database, but long enough to be taken for one\n" * 100, encoding="utf-8")


def damage(store: Path) -> None:
    content = bytearray(store.read_bytes())
    content[4096:60_000] = b"\xff" * (60_000 - 4096)
    store.write_bytes(content)


def make_foreign(store: Path) -> None:
    store.unlink()
    with sqlite3.connect(store) as database:
        database.execute("CREATE TABLE patients (name TEXT)")


def delete_experiment(store: Path) -> None:
    client = client_of(store)
    client.delete_experiment(client.get_experiment_by_name(tracking.EXPERIMENT).experiment_id)


def age(store: Path) -> None:
    with sqlite3.connect(store) as database:
        database.execute("UPDATE alembic_version SET version_num = '000000000000'")


FAULTS = {
    "it is a folder": make_folder,
    "file is not a database": make_text,
    "malformed": damage,
    "another program": make_foreign,
    "experiments restore": delete_experiment,
    "schema": age,
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_store_that_cannot_be_used_is_one_sentence(said: str, store: Path, published: Published):
    FAULTS[said](store)
    with pytest.raises(TrackingError, match="the study itself is kept") as refused:
        track(published, store=store)
    assert said in str(refused.value) or "damaged" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 1


def test_a_foreign_database_stays_as_it_was(store: Path, published: Published):
    make_foreign(store)
    before = store.read_bytes()
    with pytest.raises(TrackingError):
        track(published, store=store)
    assert store.read_bytes() == before


def test_a_folder_is_refused_without_a_trace(published: Published, tmp_path: Path):
    (tmp_path / "runs.db").mkdir()
    with pytest.raises(TrackingError, match="it is a folder"):
        track(published, store=tmp_path / "runs.db")
    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]


def test_a_locked_store_is_one_sentence(store: Path, published: Published):
    with sqlite3.connect(store) as database:
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match="locked"):
            track(published, store=store)


def test_the_command_warns_and_keeps_a_copy(published: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    keep(published, tmp_path)
    (tmp_path / "mlflow.db").mkdir()
    assert _track(tmp_path, None) is None
    said = capsys.readouterr().err
    assert "mlflow.db: it is a folder" in said
    assert "riskstrat track --resume --out" in said
    assert list((tmp_path / "untracked").glob("*/run.json"))


def test_no_name_no_path_and_no_other_run_is_in_a_run(
    store: Path, published: Published, monkeypatch: pytest.MonkeyPatch
):
    client = client_of(store)
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    other = client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", other)
    run = client.get_run(track(published, store=store))
    assert run.info.run_id != other
    assert set(run.data.tags) == {"digest", "data_fingerprint", "mlflow.runName", "riskstrat.key"}
    assert getpass.getuser() not in {run.info.user_id, *run.data.tags.values()}
    assert client.get_run(other).info.status == "RUNNING"


def test_a_run_that_fails_is_ended(store: Path, published: Published, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tracking, "_log", full)
    with pytest.raises(TrackingError, match="No space left"):
        track(published, store=store)
    assert statuses(store) == ["FINISHED", "FAILED"]


def test_a_run_that_a_killed_process_left_is_ended_by_the_next(store: Path, published: Published):
    client = client_of(store)
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    client.create_run(experiment, tags={"data_fingerprint": "x"})
    track(published, store=store)
    assert statuses(store) == ["FINISHED", "KILLED", "FINISHED"]


@pytest.mark.slow
def test_three_first_runs_at_once_all_land(published: Published, tmp_path: Path):
    store = tmp_path / "runs.db"
    threads = [threading.Thread(target=track, args=(published,), kwargs={"store": store}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses(store) == ["FINISHED"] * 3


def test_a_lock_is_waited_for_and_given_up_with_its_process(tmp_path: Path):
    from riskstrat.files import exclusive

    code = (
        "import pathlib, sys, time\nfrom riskstrat.files import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])):\n    print(flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with pytest.raises(TimeoutError), exclusive(tmp_path / "lock", seconds=0.2):
        pass
    holder.kill()
    holder.communicate()
    with exclusive(tmp_path / "lock", seconds=5) as alone:
        assert alone
