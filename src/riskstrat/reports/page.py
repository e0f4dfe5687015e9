"""Sections to one page: template, styles and drawn charts, all inside it; the only script is its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from riskstrat.errors import printable
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional
from riskstrat.figures import PATTERNS, Language
from riskstrat.figures.theme import unchecked_parts
from riskstrat.publication import Published
from riskstrat.reports.across import across_parts
from riskstrat.reports.blocks import FirstScreen, Grid, Section, Slider, unfolded
from riskstrat.reports.context import ReportContext, report_context
from riskstrat.reports.first_screen import first_screen
from riskstrat.reports.focus import focus
from riskstrat.reports.method import method
from riskstrat.reports.next_steps import next_steps
from riskstrat.reports.reasons import map_links
from riskstrat.reports.resources import resources
from riskstrat.reports.sheets import sheets
from riskstrat.reports.situation import situation

_DASH_BETWEEN_DIGITS = re.compile(r"(?<=\d)–(?=\d)")
_TEMPLATES = files("riskstrat.reports").joinpath("templates")


@checked
def page_of(
    released: Published, language: Language = "sv", *, sender: str | None = None, contact: str | None = None
) -> str:
    """Write a released study as HTML.

    Parameters
    ----------
    released
        What `riskstrat.publish` returned.
    language
        ``"sv"`` or ``"en"``.
    sender, contact
        Who publishes the report, and whom to ask about it; told as not stated where left out.

    Returns
    -------
    str
        One page, whole without JavaScript.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> import riskstrat as rs
    >>> "What matters most" in page_of(rs.publish(study), "en")
    True
    """
    context = report_context(released, language)
    with unchecked_parts():
        first, told, sections = first_screen(context), sheets(context), sections_of(context)
    of_sheets = {"sheets": told, "title": first.title, "covered": first.covered, "invented": first.invented}
    sheet_part = _template("sheets.html").render(messages=context.messages, **of_sheets) if told else ""
    links = map_links(context)
    return _page(context, first, sections, of_sheets=sheet_part, links=links, sender=sender, contact=contact)


@checked
def page_across(
    released: Sequence[Published],
    language: Language = "sv",
    weights: Mapping[str, float] | None = None,
    *,
    sender: str | None = None,
    contact: str | None = None,
) -> str:
    """Write the published studies of several conditions in one place as one HTML page."""
    return _page(*across_parts(released, language, weights), sender=sender, contact=contact)


def sections_of(context: ReportContext) -> list[Section]:
    """Give the parts of a report, each of which answers one question."""
    parts = {part.__name__: part(context) for part in (situation, focus, resources, next_steps, method)}
    return [
        Section(key=name.replace("_", "-"), title=context.messages(f"section.{name}"), blocks=tuple(blocks))
        for name, blocks in parts.items()
    ]


def _page(
    context: ReportContext,
    first: FirstScreen,
    sections: Sequence[Section],
    *,
    of_sheets: str = "",
    links: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    sender: str | None,
    contact: str | None,
) -> str:
    named = {"sender": printable(sender or ""), "contact": printable(contact or "")}
    blocks = [block for section in sections for block in unfolded(section.blocks)]
    used = {"map.js": bool(links), "slider.js": any(isinstance(block, Slider) for block in blocks)}
    script = "".join(_source(name) for name, is_used in used.items() if is_used)
    html: str = _template("page.html").render(
        language=context.language,
        messages=context.messages,
        first=first,
        sender=context.messages(
            "page.sender", **{name: said or context.messages("page.not_stated") for name, said in named.items()}
        ),
        sections=sections,
        sheets=of_sheets,
        sheet_of=context.sheets if of_sheets else {},
        map_links=links,
        version=context.released.version,
        digest=context.released.digest,
        style=f"{_source('style.css')}{_source('sheets.css')}",
        patterns=PATTERNS,
        script=script,
        # The page allows this one script, by its digest, and no other.
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        appendix=[block for block in blocks if isinstance(block, Grid) and block.location != "text"],
    )
    return html


@cache
def _template(name: str) -> Any:  # noqa: ANN401 -- jinja2 is loaded when it is used
    environment = optional("jinja2").Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["unbroken"] = unbroken
    return environment.from_string(_source(name))


def unbroken(text: str) -> str:
    """Keep an interval on one line."""
    return _DASH_BETWEEN_DIGITS.sub("\N{WORD JOINER}–\N{WORD JOINER}", text)


def _source(name: str) -> str:
    return _TEMPLATES.joinpath(name).read_text(encoding="utf-8")
