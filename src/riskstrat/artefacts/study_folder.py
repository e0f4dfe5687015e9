"""What was published of a study, and its model, as a folder, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from riskstrat.artefacts.model_folder import FolderKind, digest_of, load_model, model_files
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.errors import TrustError
from riskstrat.errors.arguments import checked
from riskstrat.estimators.released import can_leave
from riskstrat.files import restored, staged_folder
from riskstrat.publication import Published, publish
from riskstrat.publication.storing import STUDY, published_files, read_published
from riskstrat.records.study import Study

CONTENTS: Final = "contents.json"
MODEL_FOLDER: Final = "model"
STUDY_KIND: Final = FolderKind(
    format=2, needed=(STUDY,), written_by="riskstrat.save", remedy="run and save the study again"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedStudy:
    """A study as it was saved: no persons are in it.

    Attributes
    ----------
    published
        What was published of it; reports, exports and tracking read it.
    model
        Its model; None where the estimator is of a kind that does not save.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     open_study(save(study, Path(folder, "frailty-2024"))).model is None
    False
    """

    published: Published
    model: StoredModel | None


@checked
def save(study: Study, folder: Path | str) -> Path:
    """Keep what may be shown of a study, and its model, for reports, for next year's comparison and for scoring.

    Parameters
    ----------
    study
        What `riskstrat.run` returned; it is published first under its own rule.
    folder
        The folder to write. It must not exist, be empty, or be an earlier study, which is replaced.

    Returns
    -------
    pathlib.Path
        The folder, with ``contents.json`` (format, SHA-256 of the other files), ``study.json``, ``tables`` and, where
        the estimator is of a kind that saves, ``model`` as `riskstrat.save_model` writes it.

    Raises
    ------
    UsageError
        If the folder holds anything else.
    DisclosureError
        If a table of the study cannot be released.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> with TemporaryDirectory() as folder:
    ...     rs.open_study(rs.save(study, Path(folder, "frailty-2024"))).published.as_of
    datetime.date(2024, 1, 1)
    """
    published = publish(study)
    files = published_files(published)
    if can_leave(study.model.estimator):
        model = model_files(study.model, published)
        files |= {f"{MODEL_FOLDER}/{name}": content for name, content in model.items()}
    contents = {"format": STUDY_KIND.format, "sha256": {name: digest_of(each) for name, each in files.items()}}
    with staged_folder(folder, command="save") as staging:
        for name, content in (*files.items(), (CONTENTS, json.dumps(contents, indent=1).encode())):
            path = staging.result / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return Path(folder)


@checked
def open_study(folder: Path | str) -> SavedStudy:
    """Read a study that `save` wrote; nothing in the folder is run.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    SavedStudy
        What was published, and the model.

    Raises
    ------
    TrustError
        If the folder is none of a study, or is of an older or newer format, a file is missing or not as it was saved,
        or its model cannot be trusted (`riskstrat.load_model`).

    Examples
    --------
    >>> import riskstrat as rs
    >>> rs.open_study("no such folder")
    Traceback (most recent call last):
    ...
    riskstrat.errors.TrustError: no contents.json in no such folder; expected ...
    """
    kept = restored(folder)
    if not (kept / CONTENTS).is_file():
        raise TrustError(STUDY_KIND.not_as_saved(f"no {CONTENTS} in {kept}"))
    contents = _contents(kept)
    files = {name: (kept / name).read_bytes() for name in contents.get("sha256", {}) if (kept / name).is_file()}
    STUDY_KIND.refuse_changed(contents, files)
    has_model = any(name.startswith(f"{MODEL_FOLDER}/") for name in files)
    return SavedStudy(published=read_published(files), model=load_model(kept / MODEL_FOLDER) if has_model else None)


def _contents(folder: Path) -> dict[str, Any]:
    try:
        contents = json.loads((folder / CONTENTS).read_bytes())
    except ValueError:
        contents = None
    if isinstance(contents, dict) and isinstance(contents.get("sha256", {}), dict):
        return contents
    raise TrustError(STUDY_KIND.not_as_saved(f"{CONTENTS} that is not as it was saved"))
