"""One table, wherever it is kept, read in the contract's columns and types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import polars as pl

from riskstrat.errors import Problem
from riskstrat.registers.manifest import Manifest

PersonRange = tuple[int, int]
LOWEST, HIGHEST = -(2**63), 2**63 - 1


def equal_ranges(ordered: pl.Series, number: int) -> list[PersonRange]:
    """Cut all person_id there can be into ranges, both ends included, with as many of the ordered ones in each."""
    bounds = [int(ordered[ordered.len() * part // number]) for part in range(1, number)] if ordered.len() else []
    edges = [LOWEST, *dict.fromkeys(bounds), HIGHEST + 1]
    return [(low, high - 1) for low, high in pairwise(edges)]


class Store(Protocol):
    """Rows as they are kept: a Parquet file, or a table of a database."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def schema(self) -> pl.Schema:
        """Its columns and their types."""

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return its rows, or those of the people from first to last, both included."""

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column to another type would change a value."""

    def digest(self) -> bytes:
        """Digest everything in it."""


class Location(Protocol):
    """Where registers are: a folder, or a database."""

    def manifest(self) -> Manifest:
        """Read what the registers say of themselves."""

    def store(self, table: str, file: str) -> Store | Problem:
        """Find the rows of a table, or say what is wrong with them."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table, one expression for each column of the contract, and for event tables row rules, true where broken."""

    store: Store
    columns: tuple[pl.Expr, ...]
    broken: Mapping[str, pl.Expr]

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return every row, or those of the people from first to last, in the contract's columns and types."""
        return self.store.scan(people).select(self.columns)


def unreadable(table: str, store: str) -> Problem:
    """Say that a table's rows cannot be read."""
    return Problem(
        table=table,
        found=f"{store} cannot be read",
        expected="a whole Parquet file, or a table that may be read",
        remedy="write it again; it may have been cut off",
    )
