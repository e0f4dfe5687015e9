"""Runs on disk until they have arrived: a server that is down, or a killed program, loses none.

In: a study and an output folder. Out: a folder ``untracked/KEY`` with all that the run keeps, removed when it is sent.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.files import exclusive, read_document, staged_folder, write_document
from riskstrat.publication import Published
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study
from riskstrat.tracking.runs import TrackedRun, tracked_run
from riskstrat.tracking.store import DEFAULT_STORE, send, write_files

COPIES: Final = "untracked"
"""Folder of the copies, in the output folder."""
_RUN, _FILES = "run.json", "files"
_KIND, _SCHEMA = "riskstrat tracked run", 2


@checked
def keep(
    study: Study | Published,
    out: Path | str,
    *,
    files: Sequence[Path | str] = (),
    model: RiskModel | StoredModel | None = None,
    champion: bool = False,
) -> Path:
    """Write what `riskstrat.track` would send to a folder below ``out``, for `resume` to send.

    Parameters
    ----------
    study, files, model, champion
        As for `riskstrat.track`.
    out
        The output folder.

    Returns
    -------
    pathlib.Path
        The folder of the copy.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     copy = keep(study, out)
    ...     copy.parent.name, (copy / "files" / "condition.json").is_file()
    ('untracked', True)
    """
    run = tracked_run(study, files=files, model=model, champion=champion)
    copy = Path(out) / COPIES / run.key
    with staged_folder(copy, command="track") as staging:
        write_document(staging.result / _RUN, _KIND, _SCHEMA, asdict(replace(run, files={})))
        write_files(run.files, staging.result / _FILES)
    return copy


@checked
def resume(out: Path | str, *, store: Path | str = DEFAULT_STORE) -> tuple[str, ...]:
    """Send the copies below a folder, oldest first, and remove each when the store has it whole.

    A run that was begun before, here or elsewhere, goes on under its id, so calling it twice, or again after it was
    killed, gives one run for each copy.

    Parameters
    ----------
    out
        The output folder of `keep`, or of ``riskstrat run``.
    store
        As for `riskstrat.track`.

    Returns
    -------
    tuple of str
        Ids of the runs that have arrived; empty where no copy waits.

    Raises
    ------
    TrackingError
        If the store cannot be used; the copies that have not arrived stay.
    ContractError
        If a folder there is no copy of a run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     resume(out)
    ()
    """
    folder = Path(out) / COPIES
    if not folder.is_dir():
        return ()
    with exclusive(folder / ".lock"):
        copies = [(copy, _read(copy)) for copy in sorted(folder.iterdir()) if (copy / _RUN).is_file()]
        return tuple(_sent(copy, run, store) for copy, run in sorted(copies, key=lambda pair: pair[1].logged_at))


def _sent(copy: Path, run: TrackedRun, store: Path | str) -> str:
    run_id = send(run, store)
    shutil.rmtree(copy)
    return run_id


def _read(copy: Path) -> TrackedRun:
    said = read_document(copy / _RUN, _KIND, _SCHEMA, "riskstrat run")
    folder = copy / _FILES
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    try:
        return TypeAdapter(TrackedRun).validate_python(said | {"files": files})
    except ValidationError as broken:
        found = f"a copy of a run that is not as it was written in '{copy.name}'"
        remedy = "remove the folder, and track the study again"
        raise ContractError(Problem(found, "the folder as it was written", remedy)) from broken
