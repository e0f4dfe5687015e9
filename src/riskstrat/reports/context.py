"""A released study and the language that it is told in; the few numbers that several sections share.

Nothing is read that was not released.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from riskstrat.declare import AtAge, AtBirth, LocalisedText
from riskstrat.disclosure import Released, to_csv
from riskstrat.figures import CLASSES, NUMBER, Figure, Language, MessageCatalogue, Numbers, load_messages, with_class
from riskstrat.figures.classes import names_of
from riskstrat.figures.messages import capitalised, merge_messages
from riskstrat.figures.tables import table_html
from riskstrat.publication import Published
from riskstrat.reports.blocks import Chart, Download, Grid, Location, Picture

HIGHER, UNCERTAIN, LOWER, WITHHELD = CLASSES
ESTIMATE = ("estimate", "lower", "upper")
_ADULT = 18
BOUNDS = ("", "_lower", "_upper")
"""What follows the name of a number in the columns of it and its interval."""


def sheet_key(number: int) -> str:
    """Name the sheet of the area that has this number on maps and in tables."""
    return f"sheet-area-{number}"


class Estimate(NamedTuple):
    """A number and its 90 % interval, without bounds where none is claimed."""

    value: float
    lower: float | None
    upper: float | None

    @property
    def is_bounded(self) -> bool:
        """Whether all three are there and finite."""
        return all(number is not None and math.isfinite(number) for number in self)

    def mapped(self, change: Callable[[float], float]) -> Estimate:
        """Change the number and what bounds it has."""
        lower, upper = (None if bound is None else change(bound) for bound in self[1:])
        return Estimate(change(self.value), lower, upper)


@dataclass(frozen=True)
class ReportContext:
    """What a section needs: the released study and the texts of a language."""

    released: Published
    messages: MessageCatalogue

    @property
    def numbers(self) -> Numbers:
        """How numbers are written."""
        return self.messages.numbers

    @property
    def language(self) -> Language:
        """The language of the page."""
        return self.messages.language

    @property
    def tables(self) -> Mapping[str, Released]:
        """The released tables by name."""
        return self.released.tables

    def frame(self, name: str) -> pl.DataFrame | None:
        """Give a released table as a frame, None where the study has none."""
        return self.released.frame(name)

    def rows(self, name: str, **where: object) -> Sequence[Mapping[str, Any]]:
        """Give the rows of a released table where columns have these values; none where the study has no such table."""
        return self.tables[name].rows(**where) if name in self.tables else ()

    def say(self, text: LocalisedText) -> str:
        """Give a declared text in the page's language."""
        return text.in_language(self.language)

    def date(self, day: date) -> str:
        """Write a date in words."""
        return self.messages("date.form", day=day.day, month=self.messages(f"month.{day.month}"), year=day.year)

    @property
    def title(self) -> str:
        """What the report is about, and where."""
        return self.messages(
            "page.title", title=self.say(self.released.condition.title), municipality=self.released.source.name
        )

    @property
    def invented(self) -> bool:
        """Whether the registers say that their people are invented."""
        return self.released.source.invented

    @cached_property
    def areas(self) -> pl.DataFrame | None:
        """Areas by name with their classes; None without areas."""
        return with_class(self.tables["areas"]) if "areas" in self.tables else None

    def names_of(self, kind: str) -> list[str]:
        """Names of the areas of a class, in alphabetical order."""
        return [] if self.areas is None else names_of(self.areas, kind)

    @cached_property
    def sheets(self) -> dict[str, str]:
        """Where the sheet of each area is on the page, by the area's name; of areas of one name, none."""
        if self.areas is None:
            return {}
        named = self.areas.filter(pl.col("name").is_unique()).select("name", NUMBER)
        return {name: f"#{sheet_key(number)}" for name, number in named.iter_rows()}

    def listed(self, names: list[str]) -> str:
        """Join names, or say that there is none."""
        return self.messages.listed(names) or self.messages("areas.zero")

    def estimate(self, name: str, columns: Sequence[str] = ESTIMATE, **where: str | float) -> Estimate | None:
        """Read a number and its interval from the row where columns have these values; None where it is withheld."""
        values = [row[column] for row in self.rows(name, **where)[:1] for column in columns]
        return Estimate(*values) if values and values[0] is not None else None

    def count(self, name: str, column: str, **where: str) -> int | None:
        """Read a count from the row where columns have these values; None where it is withheld."""
        return next((row[column] for row in self.rows(name, **where)), None)

    @cached_property
    def expected(self) -> Estimate | None:
        """Expected cases among everybody, with the one interval of the report: that of the number to be counted."""
        return self.estimate("total", ("expected_cases", "count_lower", "count_upper"), scope="all")

    def download(self, name: str) -> Download:
        """Give a released table as a file that a spreadsheet of this language opens."""
        return self.file(name, self.tables[name].frame)

    def omission(self, part: str) -> str | None:
        """Say why a part of the results is missing; None where it is not."""
        return next((self.say(one.reason) for one in self.released.omissions if one.part == part), None)

    @property
    def feature_names(self) -> dict[str, str]:
        """What the features are called, by column."""
        return {feature.column: self.say(feature.called) for feature in self.released.condition.features}

    def group_value(self, column: str, value: str) -> str | None:
        """Name a value of a grouping column, of children or adults alone by the word for these; None without text."""
        youngest, oldest = self._ages
        ages = "adults" if youngest >= _ADULT else "children" if oldest < _ADULT else "anybody"
        key = f"group_value.{ages}.{column}_{value}"
        return self.messages(key) if key in self.messages.texts else None

    @property
    def _ages(self) -> tuple[int, int]:
        """Age in years of the youngest and the oldest at the index date."""
        index, population = self.released.condition.index, self.released.condition.population
        if isinstance(index, (AtAge, AtBirth)):
            age = index.months // 12 if isinstance(index, AtAge) else 0
            return age, age
        return population.age_years

    def file(self, name: str, frame: pl.DataFrame) -> Download:
        """Give a frame as such a file; only what was released, or declared, may be given."""
        swedish = self.language == "sv"
        text = to_csv(frame, separator=";" if swedish else ",", decimal_comma=swedish, include_bom=True)
        return Download(
            filename=f"{self.released.disclosure.mark}{name}.csv", base64=base64.b64encode(text.encode()).decode()
        )

    def picture(
        self,
        key: str,
        table: str,
        how: str,
        *figures: Figure,
        title: str | None = None,
        wide: bool = False,
        by_keyboard: bool = False,
    ) -> Picture:
        """Show figures of a released table; ``how`` names the text that says how to read them.

        On a page whose areas have sheets every area of a map leads there; the keyboard reaches them on one map.
        """
        one = len(figures) == 1
        charts = (
            Chart(
                key=key if one else f"{key}-{n}",
                figure=figure,
                heading=None if one else figure.title,
                wide=wide,
                by_keyboard=by_keyboard,
            )
            for n, figure in enumerate(figures, 1)
        )
        return Picture(
            key=key,
            title=capitalised(title or figures[0].title),
            how=self.messages("page.how", text=self.messages(how)),
            charts=tuple(charts),
            download=self.download(table),
            wide=wide,
        )

    def grid(
        self,
        key: str,
        table: str | None,
        title: str,
        columns: Sequence[str],
        rows: Sequence[tuple[str | None, ...]],
        *,
        text_columns: int = 1,
        location: Location = "text",
        has_sheets: bool = False,
        has_headings: bool = False,
    ) -> Grid:
        """Make a table of a released one, or (None) of declarations, from written cells.

        All columns but the first few hold numbers. Headings are those of the columns, or stand in their place.

        Where its rows are areas that have sheets, their names lead there.
        """
        headings = columns if has_headings else [self.messages(f"column.{name}") for name in columns]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(headings, pl.String), orient="row")
        html = table_html(frame, f"table-{key}", frame.columns[text_columns:], title, self.sheets if has_sheets else {})
        download = self.file(key, frame) if table is None else self.download(table)
        return Grid(key=key, title=title, html=html, download=download, location=location)


def report_context(released: Published, language: Language) -> ReportContext:
    """Bring a released study together with the texts of a language."""
    messages = merge_messages(load_messages(language), load_messages(language, "riskstrat.reports"))
    wording = released.condition.wording
    nouns = {"event": wording.one, "events": wording.several, "the_events": wording.definite}
    called = {f"noun.{name}": noun.in_language(language) for name, noun in nouns.items()}
    return ReportContext(released, merge_messages(messages, MessageCatalogue(language, called)))
