"""Rows between reading and writing: stored sorted by person, read a range of persons at a time, written as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.intake.conversion import REJECTED_FOLDER, within
from riskstrat.intake.raw_extracts.mapping import TableRules
from riskstrat.intake.raw_extracts.parsing import ORIGIN
from riskstrat.intake.raw_extracts.shaping import schema_within
from riskstrat.registers.contract import PERSON, types_of
from riskstrat.registers.source import PersonRange, equal_ranges
from riskstrat.registers.writing import ROWS_PER_GROUP

ROWS_IN_A_PART = 400_000
ROWS_IN_A_RANGE = 1_500_000
_ROWS_IN_A_GROUP = 16_384
_SAMPLED_EVERY = 500
_ORDER = (PERSON, "area_id", "start_date", "date", "code", "value")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file of rows of one table, sorted by person; ranges are cut from `sample`, every 500th person."""

    path: Path
    rows: int
    sample: pl.Series


def stored(frames: Iterable[tuple[str, pl.DataFrame]], folder: Path) -> Mapping[str, Sequence[Part]]:
    """Write frames of many tables as parts, when enough rows of a table have come in; give the parts by table."""
    waiting: dict[str, list[pl.DataFrame]] = defaultdict(list)
    parts: dict[str, list[Part]] = defaultdict(list)
    for table, frame in frames:
        waiting[table].append(frame)
        if sum(each.height for each in waiting[table]) >= ROWS_IN_A_PART:
            parts[table].append(_written(waiting.pop(table), folder / table))
    for table, left in waiting.items():
        parts[table].append(_written(left, folder / table))
    return dict(parts)


def ranges(parts: Sequence[Part]) -> list[PersonRange]:
    """Cut the persons into ranges of about as many rows; first and last are included."""
    rows = sum(part.rows for part in parts)
    if not rows:
        return []
    return equal_ranges(pl.concat(part.sample for part in parts).sort(), rows, ROWS_IN_A_RANGE)


def _written(frames: Sequence[pl.DataFrame], folder: Path) -> Part:
    rows, path = pl.concat(frames), _next(folder)
    rows = rows.sort(PERSON) if PERSON in rows.columns else rows
    rows.write_parquet(path, compression="lz4", row_group_size=_ROWS_IN_A_GROUP)
    people = rows[PERSON] if PERSON in rows.columns else pl.Series([], dtype=pl.Int64)
    return Part(path=path, rows=rows.height, sample=people.drop_nulls().gather_every(_SAMPLED_EVERY))


@dataclass(frozen=True, kw_only=True)
class IntakeContext:
    """Where tables are made, and by which rules.

    In `scratch` sorted pieces and rejected rows lie until they are joined; `files` are named by the number in a row's
    origin; `last_day` is the last that can have been seen.
    """

    folder: Path
    scratch: Path
    parts: Mapping[str, Sequence[Part]]
    rules: Mapping[str, TableRules]
    last_day: date
    files: Sequence[str]


def rows_of(context: IntakeContext, table: str, people: PersonRange) -> pl.DataFrame:
    """Read the rows of a range of persons; rows without a person belong to the first range."""
    if table not in context.parts:
        return pl.DataFrame(schema=schema_within(table))
    rows = pl.scan_parquet([part.path for part in context.parts[table]], glob=False)
    return rows.filter(within(pl.col(PERSON), people)).collect()


def write_piece(context: IntakeContext, table: str, rows: pl.DataFrame) -> None:
    """Write the next piece of a table, sorted."""
    keys = [name for name in _ORDER if name in rows.columns]
    rows.sort(keys).write_parquet(_next(context.scratch / "sorted" / table), compression="lz4")


def reject(context: IntakeContext, table: str, rows: pl.DataFrame) -> None:
    """Set rows of a table aside, with the file and line in which they stood; persons are put together from many."""
    if ORIGIN in rows.columns:
        number, line = pl.col(ORIGIN) // 2**32, pl.col(ORIGIN) % 2**32
        file = pl.lit(pl.Series(context.files, dtype=pl.String)).gather(number.cast(pl.UInt32))
        rows = rows.with_columns(file.alias("__file"), line.cast(pl.UInt32).alias("__line")).drop(ORIGIN)
    write_rejected(context.scratch, table, rows)


def write_rejected(scratch: Path, dataset: str, rows: pl.DataFrame) -> None:
    """Write rejected rows of a table or of a kind of file."""
    if rows.height:
        rows.write_parquet(_next(scratch / REJECTED_FOLDER / dataset))


def join_pieces(context: IntakeContext, table: str) -> None:
    """Make one file of a table's pieces; without any, an empty table."""
    pieces = sorted((context.scratch / "sorted" / table).glob("*.parquet"))
    target = context.folder / f"{table}.parquet"
    if not pieces:
        pl.DataFrame(schema=types_of(table)).write_parquet(target)
        return
    rows = pl.scan_parquet(pieces, glob=False)
    rows.sink_parquet(target, compression="zstd", row_group_size=ROWS_PER_GROUP, maintain_order=True)


def join_rejected(scratch: Path, folder: Path) -> None:
    """Make one file of the rejected rows of each dataset."""
    if not (scratch / REJECTED_FOLDER).is_dir():
        return
    (folder / REJECTED_FOLDER).mkdir(mode=0o700)
    for dataset in sorted((scratch / REJECTED_FOLDER).iterdir()):
        pieces = [pl.scan_parquet(path, glob=False) for path in sorted(dataset.iterdir())]
        target = folder / REJECTED_FOLDER / f"{dataset.name}.parquet"
        pl.concat(pieces, how="diagonal_relaxed").sink_parquet(target, compression="zstd")


def _next(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{sum(1 for _ in folder.iterdir()):06d}.parquet"
