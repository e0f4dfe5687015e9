"""What one MLflow run keeps of a published study, as plain values: no client, no server, no file.

In: a `Published`, its model, reports and cards. Out: a `TrackedRun`.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A candidate that was compared, as a run below the study's: mean errors only."""

    name: str
    metrics: tuple[Metric, ...]


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

    name: str
    tags: Mapping[str, str]
    items: tuple[Item, ...]
    candidates: tuple[Candidate, ...]
    version: ModelVersion | None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    logged_at: int = field(default_factory=lambda: int(time.time() * 1000))


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
    named = {"digest": published.digest, "data_fingerprint": published.source.fingerprint}
    draft = {"arbetsmaterial": "true"} if published.disclosure.is_working_material else {}
    saves = fitted is not None and can_leave(fitted.estimator)
    stored = _model(fitted, published) if saves and fitted is not None else ()
    reports = (Artefact(f"report/{path.name}", path.read_bytes()) for path in map(Path, files))
    return TrackedRun(
        name=f"{published.condition.name} {published.as_of.isoformat()}",
        tags=named | draft,
        items=(*items(published), *reports, *stored),
        candidates=tuple(_candidates(published)),
        version=_version(published, champion=champion) if saves else None,
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


def _version(published: Published, *, champion: bool) -> ModelVersion:
    tags = {"digest": published.model_digest, "data_fingerprint": published.source.fingerprint}
    title = published.condition.title.en
    return ModelVersion(name=published.condition.name, title=title, tags=tags, champion=champion)


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


def _candidates(published: Published) -> Iterator[Candidate]:
    scores = published.frame("choice")
    for row in () if scores is None else scores.select("name", *CANDIDATE_METRICS).iter_rows(named=True):
        metrics = tuple(Metric(name, row[name]) for name in CANDIDATE_METRICS if row[name] is not None)
        yield Candidate(name=row["name"], metrics=metrics)
