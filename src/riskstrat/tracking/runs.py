"""What one MLflow run keeps of a published study, as plain values: no client, no server, no file.

In: a `Published`, its model, reports and cards. Out: a `TrackedRun`.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from riskstrat.artefacts.model_folder import model_files
from riskstrat.artefacts.pyfunc import DESCRIPTION
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.artefacts.study_folder import MODEL_FOLDER
from riskstrat.disclosure import to_csv
from riskstrat.estimators.released import can_leave
from riskstrat.publication import Published, publish
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study

CANDIDATE_METRICS: Final = ("brier", "prediction_accuracy")
KEY: Final = "riskstrat.key"
"""Tag by which a run is found again: it is random, and says nothing."""
_METRICS = "metrics_"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-./ ]+")


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """The run's model as a version of the condition's registered model."""

    name: str
    title: str
    tags: Mapping[str, str]
    champion: bool


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """All that is sent of one study. Sending it twice under the same key gives one run."""

    key: str
    name: str
    logged_at: int
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    candidates: Mapping[str, Mapping[str, float]]
    """Metrics of each candidate that was compared, as a run below the study's: mean errors only."""
    version: ModelVersion | None
    files: Mapping[str, bytes]
    """Contents by path."""


def tracked_run(
    study: Study | Published,
    *,
    files: Sequence[Path | str] = (),
    model: RiskModel | StoredModel | None = None,
    champion: bool = False,
) -> TrackedRun:
    """Collect what a run keeps of a study; the arguments are those of `riskstrat.track`."""
    published = study if isinstance(study, Published) else publish(study)
    fitted = study.model if isinstance(study, Study) else model
    saved = fitted if fitted is not None and can_leave(fitted.estimator) else None
    named = {"digest": published.digest, "data_fingerprint": published.source.fingerprint}
    draft = {"arbetsmaterial": "true"} if published.disclosure.is_working_material else {}
    reports = {f"report/{path.name}": path.read_bytes() for path in map(Path, files)}
    return TrackedRun(
        key=uuid.uuid4().hex,
        name=f"{published.condition.name} {published.as_of.isoformat()}",
        logged_at=int(time.time() * 1000),
        tags=named | draft,
        parameters=_parameters(published),
        metrics=_metrics(published),
        candidates=_candidates(published),
        version=None if saved is None else _version(published, champion=champion),
        files=_released(published) | reports | ({} if saved is None else _model(saved, published)),
    )


def _released(published: Published) -> dict[str, bytes]:
    tables = {
        f"tables/{published.disclosure.mark}{name}.csv": to_csv(table.frame).encode()
        for name, table in published.tables.items()
    }
    return {"condition.json": published.condition.to_json().encode(), **tables}


def _model(model: RiskModel | StoredModel, published: Published) -> dict[str, bytes]:
    """Give the files of the model's folder, and what MLflow reads beside them."""
    files = {**model_files(model, published), "MLmodel": DESCRIPTION.encode()}
    return {f"{MODEL_FOLDER}/{name}": content for name, content in files.items()}


def _version(published: Published, *, champion: bool) -> ModelVersion:
    tags = {"digest": published.model_digest, "data_fingerprint": published.source.fingerprint}
    title = published.condition.title.en
    return ModelVersion(name=published.condition.name, title=title, tags=tags, champion=champion)


def _parameters(published: Published) -> dict[str, str]:
    return {
        "condition": published.condition.name,
        "as_of": published.as_of.isoformat(),
        "registers": published.source.name,
        "version": published.version,
        "estimator": published.chosen,
        "disclosure": str(published.disclosure),
        "budget_sek": f"{published.budget_sek:g}",
        "strata": ", ".join(published.strata),
    }


def _metrics(published: Published) -> dict[str, float]:
    """Metrics of everybody, as they were released."""
    found = {}
    for name, table in published.tables.items():
        if name.startswith(_METRICS):
            shown = table.frame.filter(pl.col("group") == "all", pl.col("estimate").is_finite())
            for metric, estimate in shown.select("metric", "estimate").iter_rows():
                found[_NOT_IN_NAMES.sub("_", f"{name.removeprefix(_METRICS)}.{metric}")] = estimate
    return found


def _candidates(published: Published) -> dict[str, dict[str, float]]:
    scores = published.frame("choice")
    rows = [] if scores is None else scores.select("name", *CANDIDATE_METRICS).to_dicts()
    return {row["name"]: {name: row[name] for name in CANDIDATE_METRICS if row[name] is not None} for row in rows}
