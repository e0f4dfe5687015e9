"""A study as an MLflow run: parameters, metrics, released tables and the report; nothing about single persons.

In: a `Study`. Out: the id of a run in a local SQLite store, or in the store that is named.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from riskstrat.extras import optional
from riskstrat.records.released import release_study
from riskstrat.records.study import Study

if TYPE_CHECKING:
    from types import ModuleType

EXPERIMENT = "riskstrat"
DEFAULT_STORE = Path("mlflow.db")
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


def track(study: Study, *, report: Path | None = None, store: Path | str = DEFAULT_STORE) -> str:
    """Log a study as one MLflow run.

    Parameters
    ----------
    study
        What `riskstrat.run` returned.
    report
        A report file to keep with the run.
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
    """
    mlflow = _mlflow()
    mlflow.set_tracking_uri(store_uri(store))
    mlflow.set_experiment(experiment_id=_experiment(mlflow, store))
    with mlflow.start_run(run_name=f"{study.condition.name} {study.as_of.isoformat()}") as run:
        mlflow.set_tags({"digest": study.digest, "data_fingerprint": study.source.fingerprint})
        _log(mlflow, [*items(study), *_files(report)])
        run_id: str = run.info.run_id
        return run_id


def store_uri(store: Path | str) -> str:
    """Give the tracking address of a store.

    Examples
    --------
    >>> store_uri("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    >>> store_uri(Path("/tmp/runs.db"))
    'sqlite:////tmp/runs.db'
    """
    return store if isinstance(store, str) and "://" in store else f"sqlite:///{Path(store).resolve()}"


def items(study: Study) -> Iterator[Item]:
    """Everything of a study that a run keeps, as plain values."""
    yield from _parameters(study)
    yield from _metrics(study)
    yield Artefact("condition.json", study.condition.to_json().encode())
    yield Artefact("settings.json", study.settings.to_json().encode())
    for name, table in release_study(study).tables.items():
        yield Artefact(f"tables/{name}.csv", table.frame.write_csv().encode())


def _parameters(study: Study) -> Iterator[Parameter]:
    yield Parameter("condition", study.condition.name)
    yield Parameter("as_of", study.as_of.isoformat())
    yield Parameter("registers", study.source.name)
    yield Parameter("version", study.version)
    yield Parameter("estimator", study.choice.chosen)
    for name, value in study.settings.to_plain().items():
        yield Parameter(f"settings.{name}", str(value))


def _metrics(study: Study) -> Iterator[Metric]:
    for check, validation in study.checks.items():
        for row in validation.table.iter_rows(named=True):
            if row["group"] == "all" and row["estimate"] is not None and math.isfinite(row["estimate"]):
                yield Metric(_NOT_IN_NAMES.sub("_", f"{check}.{row['metric']}"), row["estimate"])


def _files(report: Path | None) -> list[Artefact]:
    return [Artefact(f"report/{report.name}", report.read_bytes())] if report else []


def _log(mlflow: ModuleType, found: list[Item]) -> None:
    mlflow.log_params({item.name: item.value for item in found if isinstance(item, Parameter)})
    mlflow.log_metrics({item.name: item.value for item in found if isinstance(item, Metric)})
    with TemporaryDirectory() as folder:
        for item in found:
            if isinstance(item, Artefact):
                path = Path(folder, item.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(item.content)
        mlflow.log_artifacts(folder)


def _experiment(mlflow: ModuleType, store: Path | str) -> str:
    """Keep the files of local runs beside their database, wherever the command was started."""
    known = mlflow.get_experiment_by_name(EXPERIMENT)
    if known is not None:
        return str(known.experiment_id)
    local = store_uri(store).startswith("sqlite:")
    location = Path(store).resolve().with_name("mlartifacts").as_uri() if local else None
    return str(mlflow.create_experiment(EXPERIMENT, artifact_location=location))


def _mlflow() -> ModuleType:
    # MLflow reports its use to its makers unless this is set before it is imported.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    mlflow = optional("mlflow")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return mlflow
