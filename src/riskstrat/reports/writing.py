"""A report on disk: written under another name and renamed when it is whole."""

from __future__ import annotations

from pathlib import Path

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.figures import Language
from riskstrat.figures.messages import LANGUAGES
from riskstrat.files import guard_file, whole_file
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports.page import page_of

REPORT_MARK = '<meta name="generator" content="riskstrat">'
"""Near the beginning of every report: a file without it is not replaced."""
_READABLE_BY_ALL = 0o644


@checked
def write_report(study: Study | Published, path: Path | str, *, language: Language = "sv") -> Path:
    """Write the report of a study as one HTML file that needs nothing outside itself.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    path
        The file to write; its folder is made. An earlier report is replaced when the new one is whole.
    language
        ``"sv"`` or ``"en"``.

    Returns
    -------
    pathlib.Path
        Where the report is.

    Raises
    ------
    UsageError
        If there are no texts in that language, or something else than a report is at `path`.
    DisclosureError
        If a table of the study cannot be released.
    OSError
        If it cannot be written; an earlier report is left as it was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> with TemporaryDirectory() as folder:
    ...     rs.report(study, Path(folder, "report.html"), language="en").name
    'report.html'
    """
    if language not in LANGUAGES:
        expected = " or ".join(LANGUAGES)
        raise UsageError(Problem(found=f"language '{language}'", expected=expected, remedy="choose one of them"))
    guard_file(path, mark=REPORT_MARK)
    published = study if isinstance(study, Published) else publish(study)
    html = page_of(published, language)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target, mode=_READABLE_BY_ALL) as file:
        file.write(html.encode())
    return target
