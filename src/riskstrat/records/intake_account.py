"""What became of every row of an intake: exact counts, which `riskstrat.publication` releases before they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.disclosure import Disclosure

READ, KEPT, REJECTED, MERGED, MADE = "read", "kept", "rejected", "merged", "made"
REPAIRED, SET_TO_NULL = "repaired", "set_to_null"
"""Outcomes. Of a file: read = kept + rejected. Of a table: made = kept + rejected + merged. Values that a rule changed
are repaired or set to null; their rows are counted as kept or rejected all the same."""

CONVERSION_COUNTS = {"dataset": pl.String(), "outcome": pl.String(), "rule": pl.String(), "rows": pl.Int64()}


@dataclass(frozen=True, kw_only=True, eq=False)
class IntakeAccount:
    """The exact account of an intake of raw extracts.

    Attributes
    ----------
    files
        file, dataset (``<mapping>.<input>``), format, unverified and unused (names of columns, joined by commas).
    counts
        dataset (an input, or a table of the contract), column (empty: the row as a whole), rule, outcome, rows.
    coverage
        table, coverage_start, coverage_end of every table that was made.
    years, cells
        table, year, rows, hole (whether a covered year has hardly any rows); dataset, column, year, rows read, missing.
    links
        link, persons, linked: how many of the persons of a table `persons` knows.
    codes
        table, code, rows, persons (at least so many): codes that have the shape of none of their system.
    definitions
        table, code, definition, year, rows: series whose definition changed.
    """

    name: str
    data_end: date
    files: pl.DataFrame = field(repr=False)
    counts: pl.DataFrame = field(repr=False)
    coverage: pl.DataFrame = field(repr=False)
    years: pl.DataFrame = field(repr=False)
    cells: pl.DataFrame = field(repr=False)
    links: pl.DataFrame = field(repr=False)
    codes: pl.DataFrame = field(repr=False)
    definitions: pl.DataFrame = field(repr=False)
    disclosure: Disclosure = field(default_factory=Disclosure)

    def rows_of(self, dataset: str, outcome: str) -> int:
        """Count the rows of an input or a table that ended so."""
        return int(self.counts.filter(dataset=dataset, outcome=outcome)["rows"].sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class ConversionAccount:
    """The exact account of a conversion from another standard (OMOP, MEDS), columns as in `CONVERSION_COUNTS`.

    Of each table of the source: read = kept + rejected + merged. ``ignored`` tables were not read.
    """

    counts: pl.DataFrame = field(repr=False)
    ignored: tuple[str, ...] = ()
    disclosure: Disclosure = field(default_factory=Disclosure)

    def rows_of(self, dataset: str, outcome: str) -> int:
        """Count the rows of a table of the source that ended so."""
        return int(self.counts.filter(dataset=dataset, outcome=outcome)["rows"].sum())


@dataclass(frozen=True, kw_only=True)
class Pseudonymised:
    """What pseudonymising did, in exact counts.

    Attributes
    ----------
    columns
        File name -> columns that were pseudonymised in it.
    rows, left_out
        Rows written, and rows left out because they could not be read (too many or too few fields).
    people, new_people
        Different persons in the files, and those who got their running number now.
    unusual
        Different keys that are not written like identity numbers (reserve numbers, slips); they got numbers too.
    """

    files: tuple[Path, ...]
    columns: Mapping[str, tuple[str, ...]]
    rows: int
    left_out: int
    people: int
    new_people: int
    unusual: int
    disclosure: Disclosure = field(default_factory=Disclosure)
