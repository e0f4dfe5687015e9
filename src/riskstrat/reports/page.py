"""Sections to one page: template, styles and drawn charts, all inside it; the only script is that of the slider."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from riskstrat.errors.arguments import checked
from riskstrat.extras import optional
from riskstrat.figures import PATTERNS, Language
from riskstrat.publication import Published
from riskstrat.reports.blocks import Grid, Slider, unfolded
from riskstrat.reports.context import report_context
from riskstrat.reports.first_screen import first_screen
from riskstrat.reports.focus import focus
from riskstrat.reports.method import method
from riskstrat.reports.next_steps import next_steps
from riskstrat.reports.resources import resources
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
    first, named = first_screen(context), {"sender": sender, "contact": contact}
    sections = [part(context) for part in (situation, focus, resources, next_steps, method)]
    blocks = [block for section in sections for block in unfolded(section.blocks)]
    script = _source("slider.js") if any(isinstance(block, Slider) for block in blocks) else ""
    environment = optional("jinja2").Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["unbroken"] = unbroken
    template = environment.from_string(_source("page.html"))
    html: str = template.render(
        language=language,
        messages=context.messages,
        first=first,
        sender=context.messages(
            "page.sender", **{name: said or context.messages("page.not_stated") for name, said in named.items()}
        ),
        sections=sections,
        version=released.version,
        digest=released.digest,
        style=_source("style.css"),
        patterns=PATTERNS,
        script=script,
        # The page allows this one script, by its digest, and no other.
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        appendix=[block for block in blocks if isinstance(block, Grid) and not block.is_open],
    )
    return html


def unbroken(text: str) -> str:
    """Keep an interval on one line."""
    return _DASH_BETWEEN_DIGITS.sub("\N{WORD JOINER}–\N{WORD JOINER}", text)


def _source(name: str) -> str:
    return _TEMPLATES.joinpath(name).read_text(encoding="utf-8")
