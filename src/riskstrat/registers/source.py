"""One table on disk, read in the contract's columns and types.

In: a Parquet file and an expression for each column. Out: lazy rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Source:
    """A Parquet table on disk and how its columns become those of the contract.

    Attributes
    ----------
    path
        The file.
    columns
        One expression for each column of the contract.
    broken
        For event tables: row rules, each true where it is broken.
    """

    path: Path
    columns: tuple[pl.Expr, ...]
    broken: Mapping[str, pl.Expr]

    def scan(self) -> pl.LazyFrame:
        """Return every row, in the contract's columns and types."""
        return pl.scan_parquet(self.path, glob=False).select(self.columns)


def unreadable(table: str, path: Path) -> Problem:
    """Say that a table's file is not whole."""
    return Problem(
        table=table,
        found=f"{path.name} cannot be read as Parquet",
        expected="a whole Parquet file",
        remedy="write it again; it may have been cut off",
    )
