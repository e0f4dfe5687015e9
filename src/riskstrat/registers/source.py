"""One table, wherever it is kept, read in the contract's columns and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol

import polars as pl

from riskstrat.errors import Problem
from riskstrat.registers.manifest import Manifest, ManifestRead

PersonRange = tuple[int, int]
LOWEST, HIGHEST = -(2**63), 2**63 - 1
EXACT_BELOW: Mapping[pl.DataType, int] = MappingProxyType({pl.Float32(): 2**24, pl.Float64(): 2**53})
"""Type in which whole numbers were kept -> the size from which on two of them can be one."""


def equal_ranges(ordered: pl.Series, rows: int, at_a_time: int) -> list[PersonRange]:
    """Cut all person_id there can be into ranges, both ends included, with about `at_a_time` of the `rows` in each."""
    number = min(-(-rows // at_a_time), ordered.len())
    bounds = [int(ordered[ordered.len() * part // number]) for part in range(1, number)]
    edges = [LOWEST, *dict.fromkeys(bounds), HIGHEST + 1]
    return [(low, high - 1) for low, high in pairwise(edges)]


class Store(Protocol):
    """Rows as they are kept: a Parquet file, or a table of a database."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def schema(self) -> pl.Schema:
        """Its columns and their types; those that the contract does not know may be of any type."""

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return its rows, or those of the people from first to last, both included."""

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column to another type would change a value."""

    def digest(self) -> bytes:
        """Digest everything in it."""


class Location(Protocol):
    """Where registers are: a folder, a database, or frames."""

    def manifest(self) -> ManifestRead:
        """Read what the registers say of themselves."""

    def store(self, table: str, file: str) -> Store | Problem:
        """Find the rows of a table, or say what is wrong with them."""

    def unnamed(self, manifest: Manifest) -> tuple[str, ...]:
        """Name the tables that are there and in no entry of the manifest."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table, one expression for each column of the contract, and for event tables row rules, true where broken."""

    store: Store
    columns: tuple[pl.Expr, ...]
    broken: Mapping[str, pl.Expr]

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return every row, or those of the people from first to last, in the contract's columns and types."""
        return self.store.scan(people).select(self.columns)


def loses(rows: pl.LazyFrame, column: str, found: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether casting a column from the type that was found would change a value; only types that can lose are read."""
    value = pl.col(column)
    if isinstance(found, pl.Datetime):
        lost = pl.lit(value=False) if found.time_zone else value != value.dt.truncate("1d")
    elif found == pl.UInt64 and wanted == pl.Int64:
        lost = value > pl.Int64.max()
    elif found.is_float() and wanted == pl.Int64:
        lost = ~value.is_finite() | (value != value.round()) | (value.abs() >= EXACT_BELOW[found])
    else:
        return False
    try:
        return bool(rows.select(lost.any()).collect().item())
    except pl.exceptions.PolarsError:
        return True


def digest_of(frames: Iterable[pl.DataFrame]) -> bytes:
    """Digest rows, in whatever order they come; another version of polars may digest them differently."""
    return (sum(int(frame.hash_rows(seed=0).sum()) for frame in frames) % 2**64).to_bytes(8, "big")


def unreadable(table: str, store: str) -> Problem:
    """Say that a table's rows cannot be read."""
    return Problem(
        f"{store} cannot be read",
        "a whole Parquet file, or a table that may be read",
        "write it again; it may have been cut off",
        table=table,
    )
