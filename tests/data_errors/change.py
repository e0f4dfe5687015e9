"""What a fault does to rows: rewriting, swapping, scaling, splitting. Declarations of data, so that they can be listed.

In: rows that are well. Out: the same rows, faulty; a split stay is two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

DATE = "%Y%m%d"


class Change(Protocol):
    """Something that makes rows faulty."""

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        ...


@dataclass(frozen=True)
class Nothing:
    """Leave the rows as they are: delivered twice they are duplicates."""

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return rows


@dataclass(frozen=True)
class Write:
    """Write the same text (or nothing) into columns; ``_year`` says which year's file the row moves to."""

    values: Mapping[str, str | int | None] = field(hash=False)

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return rows.with_columns(pl.lit(value, rows.schema[name]).alias(name) for name, value in self.values.items())


@dataclass(frozen=True)
class Rewrite:
    """Replace what matches a pattern in a column; `${1}` is its first group."""

    column: str
    pattern: str
    replacement: str

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return rows.with_columns(pl.col(self.column).str.replace(self.pattern, self.replacement))


@dataclass(frozen=True)
class Copy:
    """Write a column's value into another."""

    source: str
    target: str

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return rows.with_columns(pl.col(self.source).alias(self.target))


@dataclass(frozen=True)
class Swap:
    """Exchange the values of two columns."""

    first: str
    second: str

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return rows.with_columns(pl.col(self.second).alias(self.first), pl.col(self.first).alias(self.second))


@dataclass(frozen=True)
class Times:
    """Multiply the numbers in a column."""

    column: str
    factor: float

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        number = (pl.col(self.column).cast(pl.Float64) * self.factor).round(6).cast(pl.String)
        return rows.with_columns(number.str.replace(r"\.0+$", "").alias(self.column))


@dataclass(frozen=True)
class Shift:
    """Move a date by days."""

    column: str
    days: int

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        moved = pl.col(self.column).str.to_date(DATE) + pl.duration(days=self.days)
        return rows.with_columns(moved.dt.strftime(DATE).alias(self.column))


@dataclass(frozen=True)
class SplitStay:
    """Make two rows of a stay, as a transfer to another clinic does: the second begins when the first ends."""

    admitted: str
    discharged: str
    clinic: str

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        change_day = (pl.col(self.admitted).str.to_date(DATE) + pl.duration(days=1)).dt.strftime(DATE)
        first = rows.with_columns(change_day.alias(self.discharged))
        second = rows.with_columns(change_day.alias(self.admitted), pl.lit("211").alias(self.clinic))
        return pl.concat([first, second])


@dataclass(frozen=True)
class Both:
    """One change after another."""

    changes: tuple[Change, ...]

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        for change in self.changes:
            rows = change.apply(rows)
        return rows


@dataclass(frozen=True)
class Pair:
    """Two rows out of one, each with a change of its own."""

    first: Change
    second: Change

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows as they are delivered."""
        return pl.concat([self.first.apply(rows), self.second.apply(rows)])
