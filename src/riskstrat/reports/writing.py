"""A report on disk: written beside its place and moved there when it is whole.

In: a study. Out: an HTML file.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from riskstrat.errors import Problem, UsageError
from riskstrat.figures import Language
from riskstrat.figures.words import LANGUAGES
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports.page import page_of

_READABLE_BY_ALL = 0o644


def write_report(study: Study | Published, path: Path | str, *, language: Language = "sv") -> Path:
    """Write the report of a study as one HTML file that needs nothing outside itself.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    path
        The file to write; its folder is made. A file that is there is replaced when the new one is whole.
    language
        ``"sv"`` or ``"en"``.

    Returns
    -------
    pathlib.Path
        Where the report is.

    Raises
    ------
    UsageError
        If there are no texts in that language.
    DisclosureError
        If a table of the study cannot be judged.
    OSError
        If it cannot be written; an earlier report is left as it was.
    """
    if language not in LANGUAGES:
        expected = " or ".join(LANGUAGES)
        raise UsageError(Problem(found=f"language '{language}'", expected=expected, remedy="choose one of them"))
    published = study if isinstance(study, Published) else publish(study)
    html = page_of(published, language)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, html)
    return target


def _replace(target: Path, text: str) -> None:
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
    ) as file:
        part = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    part.chmod(_READABLE_BY_ALL)
    part.replace(target)
