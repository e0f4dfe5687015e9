"""Registers in a folder: a manifest and a Parquet file for each table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import Problem
from riskstrat.files import RESULT_FILE, changed_since_written
from riskstrat.registers.manifest import FILE_NAME, Manifest, ManifestRead, read_manifest
from riskstrat.registers.source import PersonRange, loses, unreadable


@dataclass(frozen=True)
class Folder:
    """A directory of registers."""

    path: Path

    def manifest(self) -> ManifestRead:
        """Read `registers.toml`."""
        return read_manifest(self.path / FILE_NAME)

    def unnamed(self, manifest: Manifest) -> tuple[str, ...]:
        """Name the Parquet files that no entry of the manifest names; outlines of areas are found by their name."""
        named = {*(manifest.file_of(table) for table in manifest.tables), "geometry.parquet"}
        return tuple(path.name for path in sorted(self.path.glob("*.parquet")) if path.name not in named)

    def store(self, table: str, file: str) -> ParquetFile | Problem:
        """Find a table's file and read its footer."""
        path = self.path / file
        if not path.is_file():
            return Problem(f"no file {path.name}", "a Parquet file", "add it", table=table)
        command = changed_since_written(path)
        if command is not None:
            return Problem(
                f"{path.name} is not as {command} wrote it: damaged or changed",
                "the file as it was written",
                f"write the folder again; if the change is meant, remove {RESULT_FILE} from it",
                table=table,
            )
        try:
            return ParquetFile(path=path, schema=pl.Schema(pl.read_parquet_schema(path)))
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
            return unreadable(table, path.name)


@dataclass(frozen=True, kw_only=True)
class ParquetFile:
    """A Parquet file as a store of rows, with its columns and types."""

    path: Path
    schema: pl.Schema

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return its rows; the statistics of row groups leave out most of what lies outside the range."""
        rows = pl.scan_parquet(self.path, glob=False)
        return rows if people is None else rows.filter(pl.col("person_id").is_between(*people))

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column would change a value."""
        return loses(self.scan(), column, self.schema[column], dtype)

    def digest(self) -> bytes:
        """Digest every byte."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
