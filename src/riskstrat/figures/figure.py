"""A figure as a value: what is drawn, what it says and the same in a sentence; shown without a network."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from types import MappingProxyType
from typing import TYPE_CHECKING

from riskstrat.extras import optional
from riskstrat.figures.messages import MessageCatalogue, capitalised
from riskstrat.figures.numbers import Language
from riskstrat.figures.theme import FORMATS, INK, PATTERNS, TEXT_PX, spec

if TYPE_CHECKING:
    import altair as alt

WIDTH_PX = 640
SCALE = 2.0
TITLE_CHARACTERS = 78
"""A title is broken into lines of at most this many characters when it is drawn above the chart."""

_OPENING = re.compile(r"<svg\b[^>]*>")
_MARK = re.compile(r'<(path|line) aria-label="([^"]+)" role="graphics-symbol"([^>]*)/>')
_TITLED = re.compile(r"<(path|line)\b[^>]*><title>([^<]*)</title></\1>")
_ARIA = re.compile(r' (?:aria-\w+|role|pointer-events)="[^"]*"')
Specification = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    r"""A chart of released numbers with its alternative text; Jupyter displays it as a picture.

    Parameters
    ----------
    specification
        Vega-lite, with its data and without a title; its ``description`` is the alternative text.
    title
        States the message of the figure.
    sentence
        The alternative text: what the chart shows, made from the released numbers.
    language
        Of the texts, and of the numbers on the axes.

    Examples
    --------
    >>> from riskstrat.figures import plan_curve
    >>> figure = plan_curve(published.tables["plan_curve"], published.budget_sek, "en")
    >>> figure.sentence.partition(":")[0]
    'Averted cases at different budgets'
    >>> figure.png().startswith(b"\x89PNG")
    True
    """

    specification: Specification = field(repr=False)
    title: str
    sentence: str
    language: Language

    @property
    def alternative(self) -> str:
        """Title and sentence: what a screen reader says instead of the picture."""
        return f"{self.title}. {self.sentence}"

    def svg(self, width_px: int = WIDTH_PX) -> str:
        """Draw the chart under its title as SVG that a screen reader can read.

        Parameters
        ----------
        width_px
            Width of the plot; labels of the axes lie within it.

        Returns
        -------
        str
            One ``svg`` element with the role of an image, its alternative text as label and description.

        Raises
        ------
        MissingExtraError
            If the extra ``report`` is not installed.
        """
        label = escape(self.alternative)
        opening = f'role="img" aria-label="{label}"><title>{escape(self.title)}</title><desc>{label}</desc>{PATTERNS}'
        return _opened(self._picture(width_px, self._heading), opening)

    def drawing(
        self, width_px: int, links: Mapping[str, tuple[str, str]] = MappingProxyType({}), *, by_keyboard: bool = False
    ) -> str:
        """Draw the chart alone as SVG for a page that says its title and its sentence, and holds the patterns.

        Parameters
        ----------
        width_px
            Width of the plot; labels of the axes lie within it.
        links
            By what is told of a mark: where the mark leads, and what that link is called.
        by_keyboard
            Whether marks are links, which keyboard and screen readers reach, or ``data-href`` and ``data-told`` of each
            say it to a script, for the pointer alone.

        Returns
        -------
        str
            One ``svg`` element of which screen readers are told nothing but such links; what a mark shows is told when
            the pointer is over it.

        Raises
        ------
        MissingExtraError
            If the extra ``report`` is not installed.
        """
        picture = _TITLED.sub(lambda mark: _linked(mark, links, by_keyboard), self._picture(width_px, {}))
        if not by_keyboard:
            return _opened(picture, 'aria-hidden="true">')
        return _opened(picture.replace("<text ", '<text aria-hidden="true" '), ">")

    def png(self, width_px: int = WIDTH_PX) -> bytes:
        """Draw the chart under its title as PNG of twice the resolution.

        Parameters
        ----------
        width_px
            Width of the plot; labels of the axes lie within it.

        Raises
        ------
        MissingExtraError
            If the extra ``report`` is not installed.
        """
        image: bytes = optional("vl_convert").svg_to_png(self.svg(width_px), scale=SCALE)
        return image

    def __repr__(self) -> str:
        return f"Figure({self.title!r})"

    def _repr_mimebundle_(self, **_kinds: object) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        """Give Jupyter the picture with its alternative text.

        JupyterLab, nbconvert and GitHub take HTML first; neither of the first two writes an alternative text
        for an image of the types ``image/png`` and ``image/svg+xml``, so the HTML is an image that has one.
        """
        picture = base64.b64encode(self.png()).decode()
        image = f'<img src="data:image/png;base64,{picture}" alt="{escape(self.alternative)}" width="{WIDTH_PX}">'
        data = {
            "text/html": image,
            "image/svg+xml": self.svg(),
            "image/png": picture,
            "text/plain": self.alternative,
        }
        return data, {"image/png": {"alt": self.alternative, "width": WIDTH_PX}}

    @property
    def _heading(self) -> dict[str, object]:
        lines = textwrap.wrap(self.title, TITLE_CHARACTERS)
        return {"title": {"text": lines, "anchor": "start", "fontSize": TEXT_PX, "color": INK, "offset": 14}}

    def _picture(self, width_px: int, heading: Mapping[str, object]) -> str:
        return _picture(json.dumps({**self.specification, "width": width_px, **heading}), self.language)


@cache
def _picture(specification: str, language: Language) -> str:
    """Draw; what a mark is told as becomes its tooltip, and nothing is left for screen readers to read one by one."""
    picture: str = optional("vl_convert").vegalite_to_svg(specification, format_locale=dict(FORMATS[language]))
    return _ARIA.sub("", _MARK.sub(r"<\1\3><title>\2</title></\1>", picture))


def _linked(mark: re.Match[str], links: Mapping[str, tuple[str, str]], by_keyboard: bool) -> str:
    found = links.get(unescape(mark[2]))
    if found is None:
        return mark[0]
    where, called = map(escape, found)
    if by_keyboard:
        return f'<a href="{where}" aria-label="{called}">{mark[0]}</a>'
    return mark[0].replace(f"<{mark[1]}", f'<{mark[1]} data-href="{where}" data-told="{called}"', 1)


def _opened(picture: str, opening: str) -> str:
    return _OPENING.sub(lambda found: f"{found.group(0)[:-1]} {opening}", picture, count=1)


def drawn(layers: Sequence[alt.Chart], messages: MessageCatalogue, title: str, sentence: str, *, height: int) -> Figure:
    """Bring layers in the theme, of a height in pixels, together with their title and their alternative text."""
    specification = {**spec(layers, height=height), "description": sentence}
    return Figure(specification=specification, title=capitalised(title), sentence=sentence, language=messages.language)
