"""A released study and the language that it is told in; the few numbers that several sections share.

In: a `Published`. Out: texts, names and counts; nothing that was not released.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Released
from riskstrat.figures import CLASSES, Language, Numbers, Words, load_words, merge_words, spec, table_html, with_class
from riskstrat.publication import Published
from riskstrat.reports.blocks import Chart, Download, Grid, Picture

HIGHER, UNCERTAIN, LOWER, WITHHELD = CLASSES


ESTIMATE = ("estimate", "lower", "upper")


class Estimate(NamedTuple):
    """A number and its 90 % interval, without bounds where none is claimed."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Story:
    """What a section needs: the released study and the texts of a language."""

    released: Published
    words: Words

    @property
    def numbers(self) -> Numbers:
        """How numbers are written."""
        return self.words.numbers

    @property
    def language(self) -> Language:
        """The language of the page."""
        return self.words.language

    @property
    def tables(self) -> Mapping[str, Released]:
        """The released tables by name."""
        return self.released.tables

    def frame(self, name: str) -> pl.DataFrame | None:
        """Give a released table as a frame, None where the study has none."""
        return self.released.frame(name)

    def say(self, text: LocalisedText) -> str:
        """Give a declared text in the page's language."""
        return text.in_language(self.language)

    def date(self, day: date) -> str:
        """Write a date in words."""
        return self.words("date.form", day=day.day, month=self.words(f"month.{day.month}"), year=day.year)

    @property
    def title(self) -> str:
        """What the report is about, and where."""
        return self.words("page.title", title=self.say(self.released.condition.title), place=self.released.source.name)

    @cached_property
    def areas(self) -> pl.DataFrame | None:
        """Areas by name with their classes; None without areas."""
        return with_class(self.tables["areas"]) if "areas" in self.tables else None

    def names_of(self, kind: str) -> list[str]:
        """Names of the areas of a class, in alphabetical order."""
        return [] if self.areas is None else self.areas.filter(pl.col("class") == kind)["name"].to_list()

    def listed(self, names: list[str]) -> str:
        """Join names, or say that there is none."""
        return self.words.listed(names) if names else self.words("first.none")

    def class_words(self) -> dict[str, str]:
        """Give the areas of each class, written out."""
        kinds = {"higher": HIGHER, "uncertain": UNCERTAIN, "lower": LOWER, "withheld": WITHHELD}
        return {name: self.listed(self.names_of(kind)) for name, kind in kinds.items()}

    def classes_title(self) -> str:
        """State how many areas there are in each class; classes without areas are not mentioned, but the highest is."""
        kinds = {"higher": HIGHER, "lower": LOWER, "uncertain": UNCERTAIN, "withheld": WITHHELD}
        counts = {name: len(self.names_of(kind)) for name, kind in kinds.items()}
        told = [self.words.count(f"first.map_{name}", n) for name, n in counts.items() if n or name == "higher"]
        return self.words.listed(told)

    def estimate(self, name: str, columns: Sequence[str] = ESTIMATE, **where: str) -> Estimate | None:
        """Read a number and its interval from the row where columns have these values; None where it is withheld."""
        frame = self.frame(name)
        found = None if frame is None else frame.filter(**where).select(columns)
        if found is None or found.is_empty() or found.item(0, 0) is None:
            return None
        return Estimate(*found.row(0))

    def count(self, name: str, column: str, **where: str) -> int | None:
        """Read a count from the row where columns have these values; None where it is withheld."""
        frame = self.frame(name)
        found = None if frame is None else frame.filter(**where)[column]
        return None if found is None or found.is_empty() or found[0] is None else int(found[0])

    @cached_property
    def expected(self) -> Estimate | None:
        """Expected cases among everybody, with the interval of what is expected."""
        return self.estimate("total", ("expected_cases", "lower", "upper"), scope="all")

    @cached_property
    def expected_count(self) -> Estimate | None:
        """Expected cases among everybody, with the interval of the number that will be counted."""
        return self.estimate("total", ("expected_cases", "count_lower", "count_upper"), scope="all")

    def download(self, name: str) -> Download:
        """Give a released table as a file that a spreadsheet of this language opens."""
        return self.file(name, self.tables[name].frame)

    def file(self, name: str, frame: pl.DataFrame) -> Download:
        """Give a frame as such a file; only what was released, or declared, may be given."""
        frame = frame.with_columns(_without_formulas())
        swedish = self.language == "sv"
        text = frame.write_csv(separator=";" if swedish else ",", decimal_comma=swedish, include_bom=True)
        return Download(filename=f"{name}.csv", base64=base64.b64encode(text.encode()).decode())

    def picture(self, key: str, table: str, texts: Mapping[str, str], *charts: Chart, wide: bool = False) -> Picture:
        """Make a figure of charts; ``texts`` holds title, how and alternative."""
        return Picture(
            key=key,
            title=sentence(texts["title"]),
            how=self.words("page.how", text=texts["how"]),
            alternative=texts["alternative"],
            charts=charts,
            download=self.download(table),
            wide=wide,
        )

    def grid(
        self,
        key: str,
        table: str | None,
        title: str,
        frame: pl.DataFrame,
        *,
        words_first: int = 1,
        is_open: bool = True,
    ) -> Grid:
        """Make a table of a released one, or (None) of declarations; all columns but the first few hold numbers."""
        html = table_html(frame, f"table-{key}", frame.columns[words_first:])
        download = self.file(key, frame) if table is None else self.download(table)
        return Grid(key=key, title=title, html=html, download=download, is_open=is_open)


def story_of(released: Published, language: Language) -> Story:
    """Bring a released study together with the texts of a language."""
    return Story(released, merge_words(load_words(language), load_words(language, "riskstrat.reports")))


def chart(key: str, drawn: object, heading: str | None = None) -> Chart:
    """Give an altair chart as a specification."""
    return Chart(key=key, spec=spec(drawn), heading=heading)


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def _without_formulas() -> pl.Expr:
    """Quote what a spreadsheet would read as a formula."""
    return pl.col(pl.String).str.replace(r"^([=+\-@\t])", "'$1")
