"""What was published as files: every released table as CSV, and a list of them for machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

from riskstrat.disclosure import Released, to_csv
from riskstrat.errors.arguments import checked
from riskstrat.files import staged_folder
from riskstrat.publication.composition import publish
from riskstrat.publication.published import Published
from riskstrat.publication.release_record import ReleaseRecord
from riskstrat.records.study import Study

CONTENTS, RECORD = "tables.json", "release.json"


@checked
def export(study: Study | Published, folder: Path | str, *, allow_new: Collection[str] = ()) -> Path:
    """Write every released table as CSV, beside ``tables.json`` that says what each column is.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    folder
        The folder to write. It must not exist, be empty, or be an earlier export, which is replaced.
    allow_new
        What may differ from the last edition in the folder although both together tell more than either: ``"rule"``,
        ``"secret"``, ``"partition"``; or ``"edition"``, a second one within a year.

    Returns
    -------
    pathlib.Path
        The folder. ``tables.json`` holds the facts of the study, the rule (settings and sentences) and for every table
        its name, file, SHA-256, columns with their roles and how many cells were withheld; ``release.json`` the
        editions that were written to this folder, without working material.

    Raises
    ------
    UsageError
        If the folder holds anything else, or is a file or a link; or if the last edition in it had another rule,
        secret or partition, or there are too many of nearly the same persons.
    DisclosureError
        If a table of the study cannot be judged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> with TemporaryDirectory() as folder:
    ...     "tables.json" in {path.name for path in rs.export(study, Path(folder, "tables")).iterdir()}
    True
    """
    published = study if isinstance(study, Published) else publish(study)
    target = Path(folder)
    record = ReleaseRecord.read(target / RECORD)
    record.refuse_changes(
        published.disclosure,
        published.secret,
        published.partition,
        allow_new,
        as_of=published.as_of,
        source=published.source.fingerprint,
    )
    with staged_folder(target, command="export") as staging:
        files = {name: to_csv(table.frame).encode() for name, table in published.tables.items()}
        for name, content in files.items():
            (staging.result / f"{published.disclosure.mark}{name}.csv").write_bytes(content)
        text = json.dumps(_contents(published, files), ensure_ascii=False, indent=1)
        record.add(published, staging.result / RECORD)
        (staging.result / CONTENTS).write_text(text + "\n", encoding="utf-8")
    return target


def _contents(published: Published, files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "condition": published.condition.name,
        "as_of": published.as_of.isoformat(),
        "registers": published.source.name,
        "data_fingerprint": published.source.fingerprint,
        "version": published.version,
        "digest": published.digest,
        "working_material": published.disclosure.is_working_material,
        "rule": {"settings": asdict(published.disclosure), **published.disclosure.rule},
        "tables": [
            _table(name, published.tables[name], content, published.disclosure.mark) for name, content in files.items()
        ],
    }


def _table(name: str, table: Released, content: bytes, mark: str) -> dict[str, object]:
    return {
        "name": name,
        "file": f"{mark}{name}.csv",
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": table.frame.height,
        "columns": [
            {"name": column, "type": str(dtype), "role": table.roles[column]}
            for column, dtype in table.frame.schema.items()
        ],
        "withheld": dict(table.suppressed),
    }
