"""What became of every row of an intake: exact counts, which `riskstrat.publication` releases before they are shown.

In: frames of counts. Out: the same, named; nothing here releases, draws or writes.
"""

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
    name
        What the registers are called.
    data_end
        The last day that can have been seen.
    files
        file, dataset (``<mapping>.<input>``), format, unverified and unused (names of columns, joined by commas).
    counts
        dataset (an input, or a table of the contract), column (empty: the row as a whole), rule, outcome, rows.
    coverage
        table, coverage_start, coverage_end of every table that was made.
    years
        table, year, rows, hole: whether a covered year has hardly any rows.
    cells
        dataset, column, year, rows, missing: rows read and empty cells.
    links
        link, persons, linked: how many of the persons of a table `persons` knows.
    codes
        table, code, rows: codes that have the shape of none of their system.
    definitions
        table, code, definition, year, rows: series whose definition changed.
    disclosure
        The rule under which the account is shown.

    Examples
    --------
    >>> rows = [("lmed.dispensings", "", "", "read", 7), ("lmed.dispensings", "", "too few fields", "rejected", 2)]
    >>> counts = pl.DataFrame(rows, schema=["dataset", "column", "rule", "outcome", "rows"], orient="row")
    >>> empty = dict.fromkeys(("files", "coverage", "years", "cells", "links", "codes", "definitions"), pl.DataFrame())
    >>> account = IntakeAccount(name="town", data_end=date(2023, 12, 31), counts=counts, **empty)
    >>> account.rows_of("lmed.dispensings", "rejected")
    2
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
    """The exact account of a conversion from another standard (OMOP, MEDS).

    Attributes
    ----------
    counts
        dataset (a table of the source), outcome (read, kept, rejected, merged), rule, rows; columns as in
        `CONVERSION_COUNTS`. Read = kept + rejected + merged.
    ignored
        Tables of the source that were not read.
    disclosure
        The rule under which the account is shown.

    Examples
    --------
    >>> counts = pl.DataFrame([("death", "read", "", 3)], schema=CONVERSION_COUNTS, orient="row")
    >>> ConversionAccount(counts=counts).rows_of("death", "read")
    3
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
    files
        What was written.
    columns
        File name -> columns that were pseudonymised in it.
    rows, left_out
        Rows written, and rows left out because they could not be read (too many or too few fields).
    people, new_people
        Different persons in the files, and those who got their running number now.
    unusual
        Different keys that are not written like identity numbers (reserve numbers, slips); they got numbers too.
    disclosure
        The rule under which the counts are shown.

    Examples
    --------
    >>> done = Pseudonymised(files=(), columns={}, rows=7, left_out=0, people=3, new_people=3, unusual=0)
    >>> done.people
    3
    """

    files: tuple[Path, ...]
    columns: Mapping[str, tuple[str, ...]]
    rows: int
    left_out: int
    people: int
    new_people: int
    unusual: int
    disclosure: Disclosure = field(default_factory=Disclosure)
