"""What a page is made of: sections of paragraphs, lists, pictures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from riskstrat.figures import Figure

BROAD_PX, ANY_PX, NARROW_PX = 820, 440, 330
"""Widths at which charts are drawn: alone on a screen or page, beside another, and on a telephone."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file inside the page: its name and its content in base64."""

    filename: str
    base64: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a note is set apart, a lead is large."""

    text: str
    style: Literal["plain", "lead", "note", "quiet"] = "plain"
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Bullets:
    """A list; of each item the first text, where there is one, is set in bold."""

    items: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One drawing, and a heading where a picture has several; a wide one is drawn anew for narrow screens."""

    key: str
    figure: Figure
    heading: str | None = None
    wide: bool = False

    @property
    def drawings(self) -> Mapping[str, str]:
        """SVG by the screens that it is for: ``any``, or ``broad`` and ``narrow``."""
        widths = {"broad": BROAD_PX, "narrow": NARROW_PX} if self.wide else {"any": ANY_PX}
        return {screen: self.figure.drawing(width) for screen, width in widths.items()}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Drawings under a title that states their message, how to read them, and the same in words and as data."""

    key: str
    title: str
    how: str
    charts: tuple[Chart, ...]
    download: Download
    wide: bool = False
    kind: ClassVar[str] = "picture"

    @property
    def is_many(self) -> bool:
        """Whether there are several drawings that fit side by side."""
        return len(self.charts) > 1 and not self.wide

    @property
    def alternative(self) -> str:
        """The sentences of all drawings."""
        return " ".join(chart.figure.sentence for chart in self.charts)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table with its caption; one that is not open stands in the appendix, and a link leads to it."""

    key: str
    title: str
    html: str
    download: Download
    is_open: bool = True
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True)
class Beside:
    """Blocks that are read together, side by side where there is room."""

    left: tuple[Paragraph, ...]
    right: tuple[Grid | Paragraph, ...]
    kind: ClassVar[str] = "beside"


Block = Paragraph | Heading | Bullets | Picture | Grid | Beside


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report that answers one question."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Grade:
    """How sure it is: the grade in words, and its reasons."""

    title: str
    grade: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FirstScreen:
    """What matters most, on one page."""

    title: str
    covered: str
    use: str
    invented: str | None
    working: str | None
    sentences: tuple[str, ...]
    note: str
    grade: Grade | None
    blocks: tuple[Block, ...]
