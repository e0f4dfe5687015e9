"""Counts with the noise of their cells.

In: a `Table` and `CellNoise`. Out: its frame, in which every count that did not carry noise already does.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskstrat.disclosure.cell_keys import CellNoise, Keys
from riskstrat.disclosure.table import Table


def with_noise(table: Table, noise: CellNoise) -> pl.DataFrame:
    """Add to each count the noise of its cell: of the persons behind it, else of its labels and value.

    A protected count is at least the width of the noise: 0 and what the noise makes as small are one class, behind
    which as many true counts are possible as behind any other.

    Parameters
    ----------
    table
        Counts that are named in ``protected`` stay as they are; missing ones stay missing.
    noise
        Of the counts.

    Returns
    -------
    polars.DataFrame
        ``table.frame`` with other counts (Int64).

    Examples
    --------
    >>> frame = pl.DataFrame({"area": ["A", "B", "C"], "cases": [0, 1, 120]})
    >>> exact = Table(frame, dimensions=("area",), counts=("cases",))
    >>> noisy = with_noise(exact, CellNoise(b"sixteen bytes or more", width=2))
    >>> noisy["cases"].is_between(2, 122).all(), noisy["cases"][0]
    (True, 2)
    """
    exact = [count for count in table.whole_counts if count not in table.protected]
    return table.frame.with_columns(_noisy(table, count, noise) for count in exact)


def _noisy(table: Table, count: str, noise: CellNoise) -> pl.Series:
    values = table.frame[count].cast(pl.Int64)
    drawn = pl.Series(noise.of(_keys(table, count, noise)), dtype=pl.Int64)
    return (values + drawn).clip(lower_bound=noise.width).alias(count)


def _keys(table: Table, count: str, noise: CellNoise) -> Keys:
    known = table.frame[table.keys[count]].to_list() if count in table.keys else [None] * table.frame.height
    cells = table.frame.select(*table.dimensions, pl.col(count).alias("__value__")).rows()
    found = [noise.key_of(*cell, count) if key is None else key for key, cell in zip(known, cells, strict=True)]
    return np.array(found, dtype=np.uint64)
