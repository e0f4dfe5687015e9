"""Registers in frames of polars or pandas, with a manifest: no file is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import from_pandas, is_of_pandas
from riskstrat.registers.manifest import Manifest, ManifestRead
from riskstrat.registers.source import PersonRange, digest_of, loses

Frame: TypeAlias = object
"""A frame of polars (lazy or not) or of pandas, which need not be installed."""


def as_polars(frame: Frame, table: str) -> pl.DataFrame:
    """Give a frame of polars or pandas as one of polars; the index of a pandas frame is left out."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if is_of_pandas(frame):
        return from_pandas(frame, table)
    raise UsageError(Problem(f"a {type(frame).__name__}", "a frame of polars or pandas", "make it one", table=table))


@dataclass(frozen=True)
class Frames:
    """Frames by the name of their table."""

    tables: Mapping[str, Frame]

    def manifest(self) -> ManifestRead:
        """Refuse: frames say nothing of themselves."""
        found, expected = "frames without a manifest", "open_registers(frames, manifest=Manifest(...))"
        raise UsageError(Problem(found, expected, "give a Manifest, or the path of one"))

    def store(self, table: str, file: str) -> FrameTable | Problem:  # noqa: ARG002
        """Find a table's frame."""
        if table not in self.tables:
            return Problem("no such frame", f"one named {table}", "add it", table=table)
        return FrameTable(name=table, rows=as_polars(self.tables[table], table))

    def unnamed(self, manifest: Manifest) -> tuple[str, ...]:
        """Name the frames that have no entry in the manifest."""
        return tuple(name for name in self.tables if name not in manifest.tables)


@dataclass(frozen=True, kw_only=True)
class FrameTable:
    """A frame as a store of rows."""

    name: str
    rows: pl.DataFrame = field(repr=False)

    @property
    def schema(self) -> pl.Schema:
        """Its columns and their types."""
        return self.rows.schema

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return its rows, or those of the people from first to last."""
        rows = self.rows.lazy()
        return rows if people is None else rows.filter(pl.col("person_id").is_between(*people))

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column would change a value."""
        return loses(self.scan(), column, self.schema[column], dtype)

    def digest(self) -> bytes:
        """Digest the rows, see `digest_of`."""
        return digest_of([self.rows])
