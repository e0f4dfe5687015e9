"""A fitted model as a folder, and back: condition, estimator without code, summary, card and what belongs together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from riskstrat.artefacts import trusted
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.declare import Condition
from riskstrat.errors import Problem, RiskstratError, TrustError, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.files import restored, staged_folder
from riskstrat.publication import Published, publish
from riskstrat.publication.noise import noise_of
from riskstrat.recalibration.storing import from_plain, to_plain
from riskstrat.records.cohort import KEYS
from riskstrat.records.model import FittedModel, Provenance, RiskModel
from riskstrat.records.study import Study
from riskstrat.reports import card
from riskstrat.validation.input_drift import SUMMARY_SCHEMA

MODEL, CONDITION, ESTIMATOR, SUMMARY, CARD = (
    "model.json",
    "condition.json",
    "estimator.skops",
    "summary.json",
    "card.md",
)
SUMMARIES: Final = ("summary", "target_summary")
_SAME: Final = 1e-6
"""How far, relatively, risks of the recorded rows may move between libraries."""


@dataclass(frozen=True, kw_only=True)
class FolderKind:
    """A kind of folder: its only format that is read, what writes it, and how its content is made anew."""

    format: int
    needed: tuple[str, ...]
    written_by: str
    remedy: str

    def not_as_saved(self, found: str) -> Problem:
        """Say that a folder is none of this kind, or is damaged."""
        return Problem(
            found,
            f"the folder as {self.written_by} wrote it",
            f"get it again from where it was saved, or {self.remedy}",
        )

    def refuse_changed(self, said: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Refuse a folder of an older or newer format, or of files that do not belong together."""
        TrustError.refuse(self._format_problems(said.get("format")))
        expected = said.get("sha256", {})
        TrustError.refuse(
            self.not_as_saved(f"{name} that is not as it was saved")
            for name in sorted({*self.needed, *expected})
            if name not in files or digest_of(files[name]) != expected.get(name)
        )

    def _format_problems(self, found: object) -> Iterator[Problem]:
        if type(found) is not int:  # true is an int to Python, and no format
            yield self.not_as_saved("a folder that does not say its format")
        elif found != self.format:
            newer = found > self.format
            remedy = "install the newer riskstrat" if newer else "read it with the older riskstrat"
            yield Problem(
                f"a folder of format {found}, {'newer' if newer else 'older'} than this riskstrat reads",
                f"format {self.format}",
                f"{remedy} that wrote it, or {self.remedy} with this one",
            )


MODEL_KIND: Final = FolderKind(
    format=1,
    needed=(CONDITION, ESTIMATOR, SUMMARY),
    written_by="riskstrat.save_model",
    remedy="fit the model again",
)


@checked
def save_model(model: Study | RiskModel | StoredModel, folder: Path | str) -> Path:
    """Write a fitted model to a folder: a release, in which no number is of fewer persons than may be told of.

    Parameters
    ----------
    model
        What `riskstrat.run` or `riskstrat.fit` returned; or what `riskstrat.load_model` gave. Of a study a card is
        written too.
    folder
        The folder to write. It must not exist, be empty, or be an earlier model, which is replaced.

    Returns
    -------
    pathlib.Path
        The folder, with ``model.json`` (kind, columns, recalibration, where it came from, SHA-256 of the other files),
        ``condition.json``, ``estimator.skops``, ``summary.json`` and of a study ``card.md``.

    Raises
    ------
    UsageError
        If the estimator is of a kind that does not save, or the folder holds anything else.
    MissingExtraError
        If skops is not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> with TemporaryDirectory() as folder:
    ...     path = rs.save_model(model, Path(folder, "frailty"))
    ...     rs.load_model(path).kind
    'Logistic'
    """
    if isinstance(model, Study):
        return write_model(model.model, publish(model), folder)
    return write_model(model, None, folder)


def write_model(model: RiskModel | StoredModel, published: Published | None, folder: Path | str) -> Path:
    """Write the folder of a model whose study has been published."""
    with staged_folder(folder, command="save_model") as staging:
        for name, each in model_files(model, published).items():
            (staging.result / name).write_bytes(each)
    return Path(folder)


def model_files(model: RiskModel | StoredModel, published: Published | None) -> dict[str, bytes]:
    """Give the files of a model's folder by name, with the names of model and data as they were published."""
    stored = replace(model, recalibration=from_plain(to_plain(model.recalibration)))
    files = {
        CONDITION: stored.condition.to_json().encode(),
        ESTIMATOR: trusted.dump(stored.estimator),
        SUMMARY: json.dumps({name: _shown(getattr(stored, name)).to_dicts() for name in SUMMARIES}, indent=1).encode(),
        **({} if published is None else {CARD: card(published, "en").encode()}),
    }
    said = _description(stored, published) | {"sha256": {name: digest_of(each) for name, each in files.items()}}
    return files | {MODEL: (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()}


@checked
def load_model(folder: Path | str, *, sha256: str | None = None) -> StoredModel:
    """Read a model that `save_model` wrote; nothing in the folder is run.

    Parameters
    ----------
    folder
        The folder.
    sha256
        SHA-256 of its ``model.json``, from a place that you trust: it covers all other files. Without it the files are
        only known to belong together.

    Returns
    -------
    StoredModel
        With `predict_risk` and `score`.

    Raises
    ------
    TrustError
        If the folder is none of a model, or is of an older or newer format, a file is not as it was saved, the
        estimator holds types that are not on the list of `riskstrat.artefacts.trusted`, or the libraries here give
        other risks for the rows that were recorded with it. The message says which, and how to fit it again.
    MissingExtraError
        If skops is not installed.

    Examples
    --------
    >>> import riskstrat as rs
    >>> rs.load_model("no such folder")
    Traceback (most recent call last):
    ...
    riskstrat.errors.TrustError: no model.json in no such folder; expected ...
    """
    files = _read(restored(folder))
    if sha256 is not None and digest_of(files[MODEL]) != sha256.lower():
        raise TrustError(MODEL_KIND.not_as_saved("model.json with another SHA-256 than the one given"))
    try:
        said = json.loads(files[MODEL])
        MODEL_KIND.refuse_changed(said, files)
        model = _model(said, files)
        _check_risks(model, said)
    except (AttributeError, KeyError, TypeError, ValueError, PolarsError) as broken:
        raise TrustError(MODEL_KIND.not_as_saved("a folder whose files do not describe a model")) from broken
    return model


def _model(said: Mapping[str, Any], files: Mapping[str, bytes]) -> StoredModel:
    summaries = json.loads(files[SUMMARY])
    return StoredModel(
        condition=_condition(files[CONDITION].decode()),
        estimator=trusted.load(files[ESTIMATOR]),
        columns=tuple(said["columns"]),
        families=said["families"],
        recalibration=from_plain(said["recalibration"]),
        **{name: pl.DataFrame(summaries[name], SUMMARY_SCHEMA) for name in SUMMARIES},
        provenance=_provenance(said["provenance"]),
        moved_to=tuple(_provenance(each) for each in said["moved_to"]),
        kind=said["kind"],
        digest=said["digest"],
    )


def _description(model: RiskModel | StoredModel, published: Published | None) -> dict[str, object]:
    """Say of a model what is in none of the other files."""
    named = _named(model, published)
    origin = replace(model.provenance, fingerprint=named["fingerprint"])
    return {
        "format": MODEL_KIND.format,
        "written_with": {name: version(name) for name in ("riskstrat", "scikit-learn", "skops")},
        "kind": type(model.estimator).__name__,
        "digest": named["digest"],
        "columns": list(model.columns),
        "families": dict(model.families),
        "recalibration": to_plain(model.recalibration),
        "provenance": _plain(origin),
        "moved_to": [_plain(each) for each in model.moved_to],
        "risks": _risks(model),
    }


def _named(model: RiskModel | StoredModel, published: Published | None) -> dict[str, str]:
    """Digests of model and data under the controller's secret, which confirm no guess of what the data were."""
    if published is not None:
        return {"digest": published.model_digest, "fingerprint": published.source.fingerprint}
    if isinstance(model, StoredModel):
        return {"digest": model.digest, "fingerprint": model.provenance.fingerprint}
    noise = noise_of(model.settings.disclosure)
    named = {"digest": model.digest, "fingerprint": model.provenance.fingerprint}
    return named if noise is None else {name: noise.digest(digest) for name, digest in named.items()}


def _shown(summary: pl.DataFrame) -> pl.DataFrame:
    """Give persons in two figures; the rest is rounded already."""
    return summary.with_columns(pl.col("persons").cast(pl.Float64).round_sig_figs(2).cast(pl.Int64))


def _plain(origin: Provenance) -> dict[str, str]:
    return asdict(origin) | {"as_of": origin.as_of.isoformat()}


def _provenance(plain: Mapping[str, str]) -> Provenance:
    names = {name: plain[name] for name in ("registers", "fingerprint", "version")}
    return Provenance(as_of=date.fromisoformat(plain["as_of"]), **names)


def _risks(model: FittedModel) -> list[float]:
    """Risks of rows that nobody is: every column at its 1 % quantile, median and 99 % quantile, and not observed."""
    known = {row["column"]: row for row in model.summary.iter_rows(named=True)}
    at = ("lower", "median", "upper", "nothing")
    rows = {name: [known.get(name, {}).get(which) for which in at] for name in model.columns if name not in KEYS}
    risk = model.predict_risk(pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.Float32)))
    return [float(f"{each:.9g}") for each in risk]


def _read(folder: Path) -> dict[str, bytes]:
    if not (folder / MODEL).is_file():
        raise TrustError(MODEL_KIND.not_as_saved(f"no {MODEL} in {folder}"))
    names = [name for name in (MODEL, CONDITION, ESTIMATOR, SUMMARY, CARD) if (folder / name).is_file()]
    return {name: (folder / name).read_bytes() for name in names}


def _check_risks(model: StoredModel, said: Mapping[str, Any]) -> None:
    """Refuse a model to which the libraries here give other risks than those that saved it."""
    found, expected = np.array(_risks(model)), np.array(said["risks"])
    if found.shape == expected.shape and np.allclose(found, expected, rtol=_SAME, atol=0):
        return
    written = ", ".join(f"{name} {number}" for name, number in said["written_with"].items())
    here = ", ".join(f"{name} {version(name)}" for name in said["written_with"])
    raise TrustError(
        Problem(
            f"other risks than were recorded, here with {here}",
            f"those of {written}",
            "install these versions, or fit the model again with riskstrat run",
        )
    )


def _condition(text: str) -> Condition:
    try:
        return Condition.from_json(text)
    except RiskstratError as unknown:
        raise UsageError(
            *unknown.problems,
            Problem(
                "a condition that cannot be read here",
                "kinds that are known, in the file of the condition that needs them",
                "load that file first: riskstrat.conditions.load('my_condition.py')",
            ),
        ) from unknown


def digest_of(content: bytes) -> str:
    """Give the SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()
