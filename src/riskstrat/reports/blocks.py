"""What a page is made of: sections of paragraphs, lists, pictures and tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from riskstrat.figures import Figure

Location = Literal["text", "appendix", "screen", "paper"]
"""Where a table stands: in the text; in the appendix, in that of the screen only, in that of the print edition only."""

PRINTED_ROWS = 30
"""The print edition has charts and tables inside the text up to so many rows."""

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
    """One drawing, and a heading where a picture has several; a wide one is drawn anew for narrow screens.

    The areas of a map lead to their sheets; on one map of a page the keyboard reaches them.
    """

    key: str
    figure: Figure
    heading: str | None = None
    wide: bool = False
    by_keyboard: bool = False

    def drawings(self, links: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
        """SVG by the screens that it is for: ``any``, or ``broad`` and ``narrow``; marks lead where `links` say."""
        widths = {"broad": BROAD_PX, "narrow": NARROW_PX} if self.wide else {"any": ANY_PX}
        return {
            screen: self.figure.drawing(width, links, by_keyboard=self.by_keyboard) for screen, width in widths.items()
        }


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
    """A table with its caption, and its place: in the text; or in the appendix, on screen and paper or on one of them.

    Where it is in the appendix on screen, a link leads to it.
    """

    key: str
    title: str
    html: str
    download: Download
    location: Location = "text"
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True)
class Beside:
    """Blocks that are read together, side by side where there is room."""

    left: tuple[Paragraph, ...]
    right: tuple[Grid | Paragraph, ...]
    kind: ClassVar[str] = "beside"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a budget does: its name, a cell for each heading, a sentence, the map's title, and what each area gets."""

    written: str
    cells: tuple[str, ...]
    sentence: str
    title: str
    offered: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A control that chooses among budgets; areas are known on the map by what is told of them."""

    title: str
    how: str
    label: str
    headings: tuple[str, ...]
    budgets: tuple[Budget, ...]
    start: int
    area_names: tuple[str, ...]
    colours: Mapping[str, str]
    kind: ClassVar[str] = "slider"

    @property
    def first(self) -> Budget:
        """The budget that the report was written for."""
        return self.budgets[self.start]

    @property
    def data(self) -> str:
        """All of it as JSON that may stand inside a page."""
        told = {"areas": self.area_names, "colours": dict(self.colours), "budgets": [vars(one) for one in self.budgets]}
        return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")


@dataclass(frozen=True)
class OnScreen:
    """Blocks for those who read on a screen: the print edition leaves them out."""

    blocks: tuple[Block, ...]
    kind: ClassVar[str] = "on_screen"


Block = Paragraph | Heading | Bullets | Picture | Grid | Beside | Slider | OnScreen


def unfolded(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give all blocks, those for the screen among them."""
    for block in blocks:
        yield from unfolded(block.blocks) if isinstance(block, OnScreen) else (block,)


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


@dataclass(frozen=True)
class Decision:
    """What there is to decide: what to expect without action, and what the programme asks for and gives."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FirstScreen:
    """What matters most, on one page."""

    title: str
    covered: str
    invented: str | None
    working: str | None
    sentences: tuple[str, ...]
    decision: Decision | None
    grade: Grade | None
    blocks: tuple[Block, ...]
