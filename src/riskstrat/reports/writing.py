"""A report, or a reporting card, on disk: written under another name and renamed when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.figures import Language
from riskstrat.figures.messages import LANGUAGES
from riskstrat.files import guard_file, whole_file
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports.checklist import card
from riskstrat.reports.page import page_across, page_of

REPORT_MARK = '<meta name="generator" content="riskstrat">'
"""Near the beginning of every report: a file without it is not replaced."""
CARD_MARK = "<!-- riskstrat card "
"""Begins the first line of every card, before a digest of the rest."""
_READABLE_BY_ALL = 0o644


@checked
def write_report(
    study: Study | Published | Sequence[Study | Published],
    path: Path | str,
    *,
    language: Language = "sv",
    weights: Mapping[str, float] | None = None,
    sender: str | None = None,
    contact: str | None = None,
) -> Path:
    """Write the report of a study as one HTML file that needs nothing outside itself.

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
        Several, of different conditions in the same place, make one report across conditions.
    path
        The file to write; its folder is made. An earlier report is replaced when the new one is whole.
    language
        ``"sv"`` or ``"en"``.
    weights
        Across conditions: what an averted case of each, by its name, counts for beside the others.
    sender, contact
        Who publishes the report, and whom to ask about it; told as not stated where left out.

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
    guard_file(path, mark=REPORT_MARK)
    if isinstance(study, Sequence):
        several = [_published(one) for one in study]
        return _written(path, language, lambda: page_across(several, language, weights, sender=sender, contact=contact))
    if weights is not None:
        found, expected = "weights for a single study", "weights across conditions"
        raise UsageError(Problem(found, expected, "give several studies, or no weights"))
    return _written(path, language, lambda: page_of(_published(study), language, sender=sender, contact=contact))


@checked
def write_card(study: Study | Published, path: Path | str, *, language: Language = "sv") -> Path:
    """Write the reporting card of a study (`card`) as one Markdown file.

    Parameters
    ----------
    study, path, language
        As for `write_report`. An earlier card is replaced unless somebody has completed or changed it.

    Returns
    -------
    pathlib.Path
        Where the card is. Its first line, a comment, names what was written.

    Raises
    ------
    UsageError
        If there are no texts in that language, or something else than an unchanged card is at `path`.
    DisclosureError
        If a table of the study cannot be released.
    OSError
        If it cannot be written; an earlier card is left as it was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_card(study, Path(folder, "card.md"), language="en").read_text().startswith("<!-- riskstrat card ")
    True
    """
    guard_card(path)
    return _written(path, language, lambda: _marked_card(_published(study), language))


@checked
def guard_card(path: Path | str) -> None:
    """Refuse to replace what is no card, or a card that somebody has completed or changed.

    Parameters
    ----------
    path
        The file to write.

    Raises
    ------
    UsageError
        If such a file, a link or a folder is there.

    Examples
    --------
    >>> guard_card("no such card.md")
    """
    guard_file(path, mark=CARD_MARK)
    file = Path(path)
    content = file.read_text(encoding="utf-8", errors="replace") if file.exists() else None
    if content is not None and content.partition("\n\n")[0] != _first_line(content.partition("\n\n")[2]):
        raise UsageError(
            Problem(
                f"'{file.name}' was completed or changed since it was written",
                "a new card, or an unchanged one, which is replaced",
                "move it, or give another path",
            )
        )


def _marked_card(published: Published, language: Language) -> str:
    text = card(published, language)
    return f"{_first_line(text)}\n\n{text}"


def _first_line(text: str) -> str:
    return f"{CARD_MARK}{hashlib.sha256(text.encode()).hexdigest()[:16]} -->"


def _published(study: Study | Published) -> Published:
    return study if isinstance(study, Published) else publish(study)


def _written(path: Path | str, language: Language, content: Callable[[], str]) -> Path:
    if language not in LANGUAGES:
        raise UsageError(Problem(f"language '{language}'", " or ".join(LANGUAGES), "choose one of them"))
    text, target = content(), Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target, mode=_READABLE_BY_ALL) as file:
        file.write(text.encode())
    return target
