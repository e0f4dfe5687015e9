"""Pieces of a table, one a range of persons, joined at the end into one file; what is refused goes beside.

In: frames in the order of the ranges. Out: a sorted Parquet file in the register folder, files of refused rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.intake.raw_extracts.mapping import TableRules
from riskstrat.intake.raw_extracts.parsing import ORIGIN
from riskstrat.intake.raw_extracts.parts import Part
from riskstrat.registers.contract import PERSON, columns_of
from riskstrat.registers.writing import ROWS_PER_GROUP

REFUSED_FOLDER = "refused"
_ORDER = (PERSON, "area_id", "start_date", "date", "code", "value")


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where tables are made.

    Attributes
    ----------
    folder
        The register folder to be.
    work
        Where sorted pieces and refused rows lie until they are joined.
    parts
        Stored rows by table.
    rules
        What the mappings say of the event tables.
    last_day
        The last day that can have been seen.
    files
        What the files are called, by the number in a row's origin.
    """

    folder: Path
    work: Path
    parts: Mapping[str, Sequence[Part]]
    rules: Mapping[str, TableRules]
    last_day: date
    files: Sequence[str]


def keep(workshop: Workshop, table: str, rows: pl.DataFrame) -> None:
    """Write the next piece of a table, sorted."""
    keys = [name for name in _ORDER if name in rows.columns]
    rows.sort(keys).write_parquet(_next(workshop.work / "sorted" / table), compression="lz4")


def refuse(workshop: Workshop, table: str, rows: pl.DataFrame) -> None:
    """Set rows of a table aside, with the file and line in which they stood."""
    if rows.height:
        set_down(workshop.work, table, _with_file(rows, workshop.files))


def set_down(work: Path, place: str, rows: pl.DataFrame) -> None:
    """Write refused rows of a table or of a kind of file."""
    if rows.height:
        rows.write_parquet(_next(work / REFUSED_FOLDER / place))


def join(workshop: Workshop, table: str) -> None:
    """Make one file of a table's pieces; without any, an empty table."""
    pieces = sorted((workshop.work / "sorted" / table).glob("*.parquet"))
    target = workshop.folder / f"{table}.parquet"
    if not pieces:
        pl.DataFrame(schema={column.name: column.dtype for column in columns_of(table)}).write_parquet(target)
        return
    rows = pl.scan_parquet(pieces, glob=False)
    rows.sink_parquet(target, compression="zstd", row_group_size=ROWS_PER_GROUP, maintain_order=True)


def join_refused(work: Path, folder: Path) -> None:
    """Make one file of the refused rows of each place."""
    if not (work / REFUSED_FOLDER).is_dir():
        return
    (folder / REFUSED_FOLDER).mkdir()
    for place in sorted((work / REFUSED_FOLDER).iterdir()):
        pieces = [pl.scan_parquet(path, glob=False) for path in sorted(place.iterdir())]
        target = folder / REFUSED_FOLDER / f"{place.name}.parquet"
        pl.concat(pieces, how="diagonal_relaxed").sink_parquet(target, compression="zstd")


def _next(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{sum(1 for _ in folder.iterdir()):06d}.parquet"


def _with_file(rows: pl.DataFrame, files: Sequence[str]) -> pl.DataFrame:
    """Say in which file and line a refused row stood; persons are put together from many."""
    if ORIGIN not in rows.columns:
        return rows
    place = (pl.col(ORIGIN) // 2**32).cast(pl.UInt32)
    file = pl.lit(pl.Series(files, dtype=pl.String)).gather(place)
    return rows.with_columns(file.alias("__file"), (pl.col(ORIGIN) % 2**32).cast(pl.UInt32).alias("__line")).drop(
        ORIGIN
    )
