"""Sections to one page: template, styles, charts and the one bundle of scripts, all inside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files

from riskstrat.errors.arguments import checked
from riskstrat.extras import optional
from riskstrat.figures import FORMATS, Language, script
from riskstrat.publication import Published
from riskstrat.reports.blocks import Block, Picture, Section
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
def page_of(released: Published, language: Language = "sv") -> str:
    """Write a released study as HTML.

    Parameters
    ----------
    released
        What `riskstrat.publish` returned.
    language
        ``"sv"`` or ``"en"``.

    Returns
    -------
    str
        One page; its texts and tables can be read without JavaScript.

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
    first = first_screen(context)
    sections = [part(context) for part in (situation, focus, resources, next_steps, method)]
    environment = optional("jinja2").Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["unbroken"] = unbroken
    template = environment.from_string(_source("page.html"))
    html: str = template.render(
        language=language,
        messages=context.messages,
        first=first,
        sections=sections,
        version=released.version,
        digest=released.digest,
        style=_source("style.css"),
        charts=_charts(first.blocks, sections, language),
        library=script().replace("</script", "<\\/script"),
        drawing=_source("charts.js"),
    )
    return html


def unbroken(text: str) -> str:
    """Keep an interval on one line."""
    return _DASH_BETWEEN_DIGITS.sub("\N{WORD JOINER}–\N{WORD JOINER}", text)


def _source(name: str) -> str:
    return _TEMPLATES.joinpath(name).read_text(encoding="utf-8")


def _charts(first: Iterable[Block], sections: Iterable[Section], language: Language) -> str:
    """All charts as JSON that cannot close its script element."""
    blocks = [*first, *(block for section in sections for block in section.blocks)]
    specs = {
        chart.key: chart.figure.specification
        for block in blocks
        if isinstance(block, Picture)
        for chart in block.charts
    }
    text = json.dumps({"format": dict(FORMATS[language]), "charts": specs}, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
