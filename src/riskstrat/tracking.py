"""A published study as an MLflow run: parameters, released metrics and tables, and the report."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.extras import optional
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study

if TYPE_CHECKING:
    from types import ModuleType

EXPERIMENT = "riskstrat"
DEFAULT_STORE = Path("mlflow.db")
_METRICS = "metrics_"
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


def track(study: Study | Published, *, report: Path | None = None, store: Path | str = DEFAULT_STORE) -> str:
    """Log a study as one MLflow run: what was published of it, and nothing else.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
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
    DisclosureError
        If a table of the study cannot be judged.
    """
    published = study if isinstance(study, Published) else publish(study)
    mlflow = _mlflow()
    mlflow.set_tracking_uri(store_uri(store))
    mlflow.set_experiment(experiment_id=_experiment(mlflow, store))
    artefacts = [Artefact(f"report/{report.name}", report.read_bytes())] if report else []
    with mlflow.start_run(run_name=f"{published.condition.name} {published.as_of.isoformat()}") as run:
        mlflow.set_tags({"digest": published.digest, "data_fingerprint": published.source.fingerprint})
        _log(mlflow, [*items(published), *artefacts])
        run_id: str = run.info.run_id
        return run_id


def store_uri(store: Path | str) -> str:
    """Give the tracking address of a store: a path is that of a SQLite file."""
    return store if isinstance(store, str) and "://" in store else f"sqlite:///{Path(store).resolve()}"


def items(published: Published) -> Iterator[Item]:
    """Everything of a published study that a run keeps, as plain values."""
    yield from _parameters(published)
    yield from _metrics(published)
    yield Artefact("condition.json", published.condition.to_json().encode())
    yield Artefact("settings.json", published.settings.to_json().encode())
    for name, table in published.tables.items():
        yield Artefact(f"tables/{name}.csv", table.frame.write_csv().encode())


def _parameters(published: Published) -> Iterator[Parameter]:
    yield Parameter("condition", published.condition.name)
    yield Parameter("as_of", published.as_of.isoformat())
    yield Parameter("registers", published.source.name)
    yield Parameter("version", published.version)
    yield Parameter("estimator", published.chosen)
    yield Parameter("disclosure", str(published.disclosure))
    for name, value in published.settings.to_plain().items():
        yield Parameter(f"settings.{name}", str(value))


def _metrics(published: Published) -> Iterator[Metric]:
    """Metrics of everybody, as they were released."""
    for name, table in published.tables.items():
        if not name.startswith(_METRICS):
            continue
        shown = table.frame.filter(pl.col("group") == "all", pl.col("estimate").is_finite())
        for metric, estimate in shown.select("metric", "estimate").iter_rows():
            yield Metric(_NOT_IN_NAMES.sub("_", f"{name.removeprefix(_METRICS)}.{metric}"), estimate)


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
