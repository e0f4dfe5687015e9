"""Rows on their way: frames in as they come, files sorted by person out, read again a range of persons at a time.

The memory that intake needs is that of a few frames, whatever the registers hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from riskstrat.registers.contract import PERSON

ROWS_IN_A_PART = 400_000
ROWS_IN_A_RANGE = 1_500_000
_ROWS_IN_A_GROUP = 16_384
_SAMPLED_EVERY = 500
Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file of rows of one table, sorted by person.

    Attributes
    ----------
    table, path, rows
        What it holds, where, and how many.
    sample
        Every 500th person, from which the ranges are cut.
    """

    table: str
    path: Path
    rows: int
    sample: pl.Series


def stored(frames: Iterable[tuple[str, pl.DataFrame]], folder: Path) -> Iterator[Part]:
    """Write frames of many tables as parts, when enough rows of a table have come in.

    Parameters
    ----------
    frames
        Table and rows, in the order in which they come.
    folder
        Where the parts are written.
    """
    waiting: dict[str, list[pl.DataFrame]] = {}
    for table, frame in frames:
        held = waiting.setdefault(table, [])
        held.append(frame)
        if sum(each.height for each in held) >= ROWS_IN_A_PART:
            yield _written(table, waiting.pop(table), folder)
    for table in tuple(waiting):
        yield _written(table, waiting.pop(table), folder)


def by_table(parts: Iterable[Part]) -> dict[str, list[Part]]:
    """Sort parts by their table."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.table, []).append(part)
    return found


def ranges(parts: Sequence[Part]) -> list[Range]:
    """Cut the persons into ranges of about as many rows; first and last are included.

    Examples
    --------
    >>> ranges([])
    []
    """
    rows = sum(part.rows for part in parts)
    if not rows:
        return []
    sample = pl.concat(part.sample for part in parts).sort()
    cuts = -(-rows // ROWS_IN_A_RANGE)
    bounds = [int(sample[place * sample.len() // cuts]) for place in range(1, cuts)]
    edges = [-(2**63), *dict.fromkeys(bounds), 2**63 - 1]
    return [(low, high - 1) for low, high in pairwise(edges)]


def rows_of(parts: Sequence[Part], people: Range, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Read the rows of a range of persons; rows without a person belong to the first range."""
    if not parts:
        return pl.DataFrame(schema=schema)
    within = pl.col(PERSON).is_between(*people)
    if people[0] == -(2**63):
        within |= pl.col(PERSON).is_null()
    return pl.scan_parquet([part.path for part in parts], glob=False).filter(within).collect()


def _written(table: str, frames: Sequence[pl.DataFrame], folder: Path) -> Part:
    rows = pl.concat(frames).sort(PERSON) if PERSON in frames[0].columns else pl.concat(frames)
    place = folder / table
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{sum(1 for _ in place.iterdir()):06d}.parquet"
    rows.write_parquet(path, compression="lz4", row_group_size=_ROWS_IN_A_GROUP)
    sample = (
        rows[PERSON].drop_nulls().gather_every(_SAMPLED_EVERY)
        if PERSON in rows.columns
        else pl.Series([], dtype=pl.Int64)
    )
    return Part(table=table, path=path, rows=rows.height, sample=sample)
