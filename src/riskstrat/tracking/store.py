"""Runs to MLflow: a local SQLite file, or a server; a run that is there already is not sent again."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.artefacts.study_folder import MODEL_FOLDER
from riskstrat.errors import Problem, TrackingError
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional
from riskstrat.files import exclusive
from riskstrat.publication import Published
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study
from riskstrat.tracking.runs import KEY, ModelVersion, TrackedRun, tracked_run

if TYPE_CHECKING:
    from types import ModuleType

    from mlflow import MlflowClient

EXPERIMENT = "riskstrat"
CHAMPION = "champion"
DEFAULT_STORE = Path("mlflow.db")
_SQLITE = "sqlite:///"
_TABLES = frozenset({"alembic_version", "experiments", "runs"})
"""Tables by which a store of MLflow is known."""
_LOCK_SECONDS = 20.0
"""How long another program may write to the store."""
_ENVIRONMENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
"""MLflow would try for minutes to reach a server that is down; a user's own values stand."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


@checked
def track(
    study: Study | Published,
    *,
    files: Sequence[Path | str] = (),
    model: RiskModel | StoredModel | None = None,
    champion: bool = False,
    store: Path | str = DEFAULT_STORE,
) -> str:
    """Log a study as one MLflow run: what was published of it, its model as it is saved, and nothing else.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    files
        Reports and reporting cards to keep with the run.
    model
        The study's model, where what was published is given. Where it is of a kind that saves, the run keeps it as
        `riskstrat.save_model` writes it, and it is a new version of the registered model with the condition's name;
        ``mlflow.pyfunc.load_model`` reads it, and scores folders of registers (`riskstrat.artefacts.pyfunc`).
    champion
        Whether the version gets the alias ``champion``: what scheduled scoring reads.
    store
        Path of a local SQLite file, the address of a tracking server (``http://host:5000``), or any that MLflow
        understands.

    Returns
    -------
    str
        The run's id. Open the store with ``mlflow ui --backend-store-uri sqlite:///mlflow.db``.

    Raises
    ------
    MissingExtraError
        If mlflow is not installed.
    DisclosureError
        If a table of the study cannot be judged.
    TrackingError
        If the store is locked, damaged, of another program, a folder, or cannot be reached or written; the study is
        whole, and no run stays unfinished. `riskstrat.tracking.keep` and `resume` send it later.

    Notes
    -----
    Nobody's name and no path is among the tags, ``MLFLOW_RUN_ID`` and the like are not read, and runs are written to a
    local store one at a time. A run of ours that a killed process left ``RUNNING`` there is ended as ``KILLED``.

    Examples
    --------
    >>> from riskstrat.errors import TrackingError
    >>> try:
    ...     track(study, store="src")
    ... except TrackingError as refused:
    ...     "it is a folder" in str(refused)
    True
    """
    return send(tracked_run(study, files=files, model=model, champion=champion), store)


def send(run: TrackedRun, store: Path | str) -> str:
    """Log a run, or the rest of one that was begun; one that is there whole stays as it is."""
    mlflow = _mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _alone_in(store) as alone:
            client = mlflow.MlflowClient(store_uri(store))
            experiment = _experiment(client, store)
            if alone:
                _end_abandoned(client, experiment)
            run_id = _logged(client, experiment, run)
            if run.version is not None:
                _register(client, run_id, run.version)
            return run_id
    except (mlflow.MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _refused(store, _reason(error)) from error


def store_uri(store: Path | str) -> str:
    """Give the tracking address of a store: a path is that of a SQLite file.

    Parameters
    ----------
    store
        As for `track`.

    Returns
    -------
    str
        The address.

    Examples
    --------
    >>> store_uri("http://localhost:5000")
    'http://localhost:5000'
    """
    file = _file_of(store)
    return str(store) if file is None else sqlite_address(file)


def sqlite_address(file: PurePath) -> str:
    r"""Give the address of a SQLite file, with the slashes that addresses have on every system.

    Examples
    --------
    >>> from pathlib import PurePosixPath, PureWindowsPath
    >>> sqlite_address(PureWindowsPath(r"C:\runs\mlflow.db")), sqlite_address(PurePosixPath("/runs/mlflow.db"))
    ('sqlite:///C:/runs/mlflow.db', 'sqlite:////runs/mlflow.db')
    """
    return f"{_SQLITE}{file.as_posix()}"


def _file_of(store: Path | str) -> Path | None:
    """Find the SQLite file of a store; None for a store on a server or of another kind."""
    text = str(store)
    if "://" not in text:
        return Path(store).resolve()
    return Path(text.removeprefix(_SQLITE)).resolve() if text.startswith(_SQLITE) else None


@contextmanager
def _alone_in(store: Path | str) -> Iterator[bool]:
    """Wait until nobody else writes runs to a local store, and see that it is one that MLflow can use."""
    file = _file_of(store)
    if file is None:
        yield False
        return
    if "?" in file.as_posix():
        raise _refused(store, "a path with '?', which addresses of SQLite cannot hold")
    if file.is_dir():
        raise _refused(store, "it is a folder")
    file.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(file.with_name(f".{file.name}.lock")) as alone:
        if file.exists():
            _refuse_file(store, file)
        yield alone


def _refuse_file(store: Path | str, file: Path) -> None:
    """Refuse what MLflow would try for an hour to open, or would add its tables to."""
    with closing(sqlite3.connect(file, timeout=_LOCK_SECONDS)) as database:
        damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        database.execute("BEGIN IMMEDIATE")
        database.rollback()
    if damage != "ok":
        raise _refused(store, "the file is damaged")
    if tables and not tables >= _TABLES:
        raise _refused(store, "it is a database of another program")


def _refused(store: Path | str, why: str) -> TrackingError:
    name = _CREDENTIALS.sub("", str(store)) if "://" in str(store) else Path(store).name
    return TrackingError(
        Problem(
            f"no MLflow run in {name}: {why}",
            "a store that MLflow can write",
            "mend it or give another one; the study itself is kept",
        )
    )


def _reason(error: BaseException) -> str:
    """Give the first line of what a library said, without names and passwords; a server that is away in plain words."""
    said = _CREDENTIALS.sub("", str(error).partition("\n")[0])
    return "the server does not answer" if "failed with exception" in said else said


def _register(client: MlflowClient, run_id: str, version: ModelVersion) -> None:
    """Make the run's model a version of the condition's registered model, with the names of model and data."""
    if not client.search_registered_models(f"name = '{version.name}'"):
        client.create_registered_model(version.name, description=version.title)
    there = client.search_model_versions(f"name = '{version.name}' AND run_id = '{run_id}'")
    source = f"runs:/{run_id}/{MODEL_FOLDER}"
    made = there[0] if there else client.create_model_version(version.name, source, run_id, tags={**version.tags})
    if version.champion:
        client.set_registered_model_alias(version.name, CHAMPION, made.version)


def _logged(client: MlflowClient, experiment: str, run: TrackedRun) -> str:
    run_id, whole = _begun(client, experiment, run.name, {**run.tags, KEY: run.key})
    if whole:
        return run_id
    try:
        _log(client, run_id, run.metrics, run.parameters, run.logged_at)
        _upload(client, run_id, run.files)
        for number, (name, metrics) in enumerate(run.candidates.items()):
            fingerprint = run.tags["data_fingerprint"]
            tags = {"mlflow.parentRunId": run_id, "data_fingerprint": fingerprint, KEY: f"{run.key}-{number}"}
            child, _ = _begun(client, experiment, name, tags)
            _log(client, child, metrics, {}, run.logged_at)
            client.set_terminated(child)
    except BaseException:
        with suppress(Exception):  # the store is out of order; the next run ends this one
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
    return run_id


def _begun(client: MlflowClient, experiment: str, name: str, tags: dict[str, str]) -> tuple[str, bool]:
    """Find the run that an earlier attempt began, and whether it is there whole; begin it if there is none."""
    found = client.search_runs([experiment], f"tags.`{KEY}` = '{tags[KEY]}'", max_results=1)
    if found:
        return found[0].info.run_id, found[0].info.status == "FINISHED"
    return client.create_run(experiment, tags=tags, run_name=name).info.run_id, False


def _log(
    client: MlflowClient, run_id: str, metrics: Mapping[str, float], parameters: Mapping[str, str], now: int
) -> None:
    from mlflow import entities

    client.log_batch(
        run_id,
        metrics=[entities.Metric(name, value, now, 0) for name, value in metrics.items()],
        params=[entities.Param(name, value) for name, value in parameters.items()],
    )


def _upload(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        write_files(files, Path(folder))
        client.log_artifacts(run_id, folder)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write contents by path below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _experiment(client: MlflowClient, store: Path | str) -> str:
    """Keep the files of local runs beside their database, wherever the command was started."""
    known = client.get_experiment_by_name(EXPERIMENT)
    if known is None:
        file = _file_of(store)
        location = None if file is None else file.with_name("mlartifacts").as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))
    if known.lifecycle_stage != "active":
        raise _refused(
            store,
            f"the experiment '{EXPERIMENT}' was deleted"
            f" (it comes back with: mlflow experiments restore --experiment-id {known.experiment_id})",
        )
    return str(known.experiment_id)


def _end_abandoned(client: MlflowClient, experiment: str) -> None:
    """End runs of ours that a killed process left behind: who holds the lock is the only one who writes any."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        if "data_fingerprint" in run.data.tags:
            client.set_terminated(run.info.run_id, "KILLED")


def _mlflow() -> ModuleType:
    # MLflow reports its use to its makers unless this is set before it is imported.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    mlflow = optional("mlflow")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow
