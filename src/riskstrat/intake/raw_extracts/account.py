"""Counts of what happened to rows: long frames that are added up, so that nothing is held but numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import polars as pl

COUNTS = {**dict.fromkeys(("dataset", "column", "rule", "outcome"), pl.String()), "rows": pl.Int64()}
_MONTH = {"year": pl.Int32(), "month": pl.Int32()}
YEARS = {"table": pl.String(), "dataset": pl.String(), **_MONTH, "rows": pl.Int64(), "last": pl.Date()}
CELLS = {"dataset": pl.String(), "column": pl.String(), "year": pl.Int32(), "rows": pl.Int64(), "missing": pl.Int64()}
CODES = {"table": pl.String(), "code": pl.String(), "rows": pl.Int64(), "persons": pl.Int64()}
SERIES = {"table": pl.String(), "code": pl.String(), "definition": pl.String(), "year": pl.Int32(), "rows": pl.Int64()}
_SUMMED, _LARGEST = ("rows", "missing"), ("last", "persons")
MOST_CODES = 5_000
"""Codes not recognised that are counted one by one; free texts in a column of codes would otherwise fill memory."""


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """Counts so far; `total` adds them up."""

    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS))
    """By dataset (``<mapping>.<input>`` or a table), column (empty: the row as a whole), rule and outcome."""
    years: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=YEARS))
    """Rows of each table by the dataset that they came from and by month, and the last day seen of the month."""
    cells: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CELLS))
    """Rows read and empty cells."""
    codes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CODES))
    """Codes that have the shape of none of their system, and the most persons who have one in the rows read at once."""
    series: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SERIES))
    """Rows by code, definition and year where a definition changed."""


def total(accounts: Sequence[RowCounts]) -> RowCounts:
    """Add accounts up."""
    names = [each.name for each in fields(RowCounts)]
    return RowCounts(**{name: _added([getattr(each, name) for each in accounts], name) for name in names})


def _added(frames: Sequence[pl.DataFrame], name: str) -> pl.DataFrame:
    schema = getattr(RowCounts(), name).schema
    keys = [column for column in schema if column not in (*_SUMMED, *_LARGEST)]
    both = [
        pl.col(column).sum() if column in _SUMMED else pl.col(column).max() for column in schema if column not in keys
    ]
    together = pl.concat([pl.DataFrame(schema=schema), *frames])
    added = together.group_by(keys).agg(both).sort(keys)
    if name != "codes":
        return added
    return added.sort("rows", "table", "code", descending=[True, False, False]).head(MOST_CODES)


def counts(entries: Iterable[tuple[str, str, str, str, int]]) -> pl.DataFrame:
    """Make a frame of (dataset, column, rule, outcome, rows), without those of no rows."""
    rows = [entry for entry in entries if entry[-1]]
    return pl.DataFrame(rows, schema=COUNTS, orient="row")


def by_rule(dataset: str, outcome: str, rules: pl.Series) -> pl.DataFrame:
    """Count rows by the rule that they broke; null is no rule."""
    found = rules.drop_nulls().value_counts()
    return counts((dataset, "", rule, outcome, number) for rule, number in found.iter_rows())


def typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Give a frame the columns and types of a schema."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


@dataclass(frozen=True, kw_only=True)
class ValidationResult:
    """Rows kept, rows rejected with their rule, and what was counted."""

    rows: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=pl.DataFrame)
    account: RowCounts = RowCounts()

    def then(self, later: ValidationResult) -> ValidationResult:
        """Add the result of a later check on the rows kept so far."""
        rejected = pl.concat([self.rejected, later.rejected], how="diagonal_relaxed")
        return ValidationResult(rows=later.rows, rejected=rejected, account=total([self.account, later.account]))
