"""A published study as an MLflow run: parameters, released metrics and tables, and the report."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.artefacts.model_folder import model_files
from riskstrat.artefacts.pyfunc import DESCRIPTION
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.artefacts.study_folder import MODEL_FOLDER
from riskstrat.disclosure import to_csv
from riskstrat.errors import Problem, TrackingError
from riskstrat.errors.arguments import checked
from riskstrat.estimators.released import can_leave
from riskstrat.extras import optional
from riskstrat.files import exclusive
from riskstrat.publication import Published, publish
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study

if TYPE_CHECKING:
    from types import ModuleType

    from mlflow import MlflowClient

EXPERIMENT = "riskstrat"
CHAMPION = "champion"
CANDIDATE_METRICS = ("brier", "prediction_accuracy")
DEFAULT_STORE = Path("mlflow.db")
_METRICS = "metrics_"
_SQLITE = "sqlite:///"
_TABLES = frozenset({"alembic_version", "experiments", "runs"})
"""Tables by which a store of MLflow is known."""
_LOCK_SECONDS = 20.0
"""How long another program may write to the store."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-./ ]+")


@dataclass(frozen=True)
class Parameter:
    """A setting of the run."""

    name: str
    value: str


@dataclass(frozen=True)
class Metric:
    """A number that the run arrived at."""

    name: str
    value: float


@dataclass(frozen=True)
class Artefact:
    """A file of the run."""

    path: str
    content: bytes


Item = Parameter | Metric | Artefact


@checked
def track(
    study: Study | Published,
    *,
    report: Path | str | None = None,
    model: RiskModel | StoredModel | None = None,
    champion: bool = False,
    store: Path | str = DEFAULT_STORE,
) -> str:
    """Log a study as one MLflow run: what was published of it, its model as it is saved, and nothing else.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    report
        A report file to keep with the run.
    model
        The study's model, where what was published is given. Where it is of a kind that saves, the run keeps it as
        `riskstrat.save_model` writes it, and it is a new version of the registered model with the condition's name;
        ``mlflow.pyfunc.load_model`` reads it, and scores folders of registers (`riskstrat.artefacts.pyfunc`).
    champion
        Whether the version gets the alias ``champion``: what scheduled scoring reads.
    store
        Path of a local SQLite file, or any tracking address that MLflow understands.

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
        whole, and no run stays unfinished.

    Notes
    -----
    Nobody's name and no path is among the tags, ``MLFLOW_RUN_ID`` and the like are not read, and runs are written to a
    local store one at a time. A run of ours that a killed process left ``RUNNING`` there is ended as ``KILLED``.
    """
    published = study if isinstance(study, Published) else publish(study)
    fitted = study.model if isinstance(study, Study) else model
    artefacts = [Artefact(f"report/{Path(report).name}", Path(report).read_bytes())] if report else []
    stored = [] if fitted is None or not can_leave(fitted.estimator) else list(_model(fitted, published))
    found = [*items(published), *artefacts, *stored]
    mlflow = _mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _alone_in(store) as alone:
            client = mlflow.MlflowClient(store_uri(store))
            experiment = _experiment(client, store)
            if alone:
                _end_abandoned(client, experiment)
            run_id = _logged(client, experiment, published, found)
            if stored:
                _register(client, run_id, published, champion=champion)
            return run_id
    except (mlflow.MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _refused(store, str(error).partition("\n")[0]) from error


def store_uri(store: Path | str) -> str:
    """Give the tracking address of a store: a path is that of a SQLite file."""
    file = _file_of(store)
    return str(store) if file is None else f"sqlite:///{file}"


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
    file.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(file.with_name(f".{file.name}.lock")) as alone:
        if file.exists():
            _refuse_file(store, file)
        yield alone


def _refuse_file(store: Path | str, file: Path) -> None:
    """Refuse what MLflow would try for an hour to open, or would add its tables to."""
    if file.is_dir():
        raise _refused(store, "it is a folder")
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
    name = str(store).rpartition("@")[2] if "://" in str(store) else Path(store).name
    return TrackingError(
        Problem(
            found=f"no MLflow run in {name}: {why}",
            expected="a store that MLflow can write",
            remedy="mend it or give another one; the study itself is kept",
        )
    )


def items(published: Published) -> Iterator[Item]:
    """Everything of a published study that a run keeps, as plain values."""
    yield from _parameters(published)
    yield from _metrics(published)
    yield Artefact("condition.json", published.condition.to_json().encode())
    for name, table in published.tables.items():
        yield Artefact(f"tables/{published.disclosure.mark}{name}.csv", to_csv(table.frame).encode())


def _model(model: RiskModel | StoredModel, published: Published) -> Iterator[Artefact]:
    """Give the files of the model's folder, and what MLflow reads beside them."""
    for name, content in {**model_files(model, published), "MLmodel": DESCRIPTION.encode()}.items():
        yield Artefact(f"{MODEL_FOLDER}/{name}", content)


def _register(client: MlflowClient, run_id: str, published: Published, *, champion: bool) -> None:
    """Make the run's model a version of the condition's registered model, with the names of model and data."""
    name = published.condition.name
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=published.condition.title.en)
    tags = {"digest": published.model_digest, "data_fingerprint": published.source.fingerprint}
    version = client.create_model_version(name, f"runs:/{run_id}/{MODEL_FOLDER}", run_id, tags=tags)
    if champion:
        client.set_registered_model_alias(name, CHAMPION, version.version)


def _parameters(published: Published) -> Iterator[Parameter]:
    yield Parameter("condition", published.condition.name)
    yield Parameter("as_of", published.as_of.isoformat())
    yield Parameter("registers", published.source.name)
    yield Parameter("version", published.version)
    yield Parameter("estimator", published.chosen)
    yield Parameter("disclosure", str(published.disclosure))
    yield Parameter("budget_sek", f"{published.budget_sek:g}")
    yield Parameter("strata", ", ".join(published.strata))


def _metrics(published: Published) -> Iterator[Metric]:
    """Metrics of everybody, as they were released."""
    for name, table in published.tables.items():
        if not name.startswith(_METRICS):
            continue
        shown = table.frame.filter(pl.col("group") == "all", pl.col("estimate").is_finite())
        for metric, estimate in shown.select("metric", "estimate").iter_rows():
            yield Metric(_NOT_IN_NAMES.sub("_", f"{name.removeprefix(_METRICS)}.{metric}"), estimate)


def _logged(client: MlflowClient, experiment: str, published: Published, found: list[Item]) -> str:
    tags = {"digest": published.digest, "data_fingerprint": published.source.fingerprint}
    tags |= {"arbetsmaterial": "true"} if published.disclosure.is_working_material else {}
    name = f"{published.condition.name} {published.as_of.isoformat()}"
    run_id: str = client.create_run(experiment, tags=tags, run_name=name).info.run_id
    try:
        _log(client, run_id, found)
        _log_candidates(client, experiment, run_id, published)
    except BaseException:
        with suppress(Exception):  # the store is out of order; the next run ends this one
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
    return run_id


def _log_candidates(client: MlflowClient, experiment: str, parent: str, published: Published) -> None:
    """Log each candidate that was compared as a run below the study's: mean errors only."""
    scores = published.frame("choice")
    for row in () if scores is None else scores.select("name", *CANDIDATE_METRICS).iter_rows(named=True):
        tags = {"mlflow.parentRunId": parent, "data_fingerprint": published.source.fingerprint}
        child = client.create_run(experiment, tags=tags, run_name=row["name"]).info.run_id
        _log(client, child, [Metric(name, row[name]) for name in CANDIDATE_METRICS if row[name] is not None])
        client.set_terminated(child)


def _log(client: MlflowClient, run_id: str, found: list[Item]) -> None:
    from mlflow import entities

    now = int(time.time() * 1000)
    parameters = [entities.Param(item.name, item.value) for item in found if isinstance(item, Parameter)]
    metrics = [entities.Metric(item.name, item.value, now, 0) for item in found if isinstance(item, Metric)]
    client.log_batch(run_id, metrics=metrics, params=parameters)
    with TemporaryDirectory() as folder:
        for item in found:
            if isinstance(item, Artefact):
                path = Path(folder, item.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(item.content)
        client.log_artifacts(run_id, folder)


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
    mlflow = optional("mlflow")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow
