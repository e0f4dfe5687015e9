"""Counts with the noise of their cells.

In: a `Table` and `CellNoise`. Out: its frame, in which every count that did not carry noise already does.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskstrat.disclosure.cell_keys import CellNoise, Keys, within
from riskstrat.disclosure.table import Table


def with_noise(table: Table, noise: CellNoise) -> pl.DataFrame:
    """Add to each count the noise of its cell: of the persons behind it, else of its labels and value.

    A count that is part of another has a key within it. Of index dates or rows whose persons are given, the noise is as
    many times larger as a person has of them, or a person with many would be seen. Protected counts are at least
    `CellNoise.lowest`: behind this class as many true counts are possible as behind any other.

    Examples
    --------
    >>> frame = pl.DataFrame({"area": ["A", "B", "C"], "cases": [0, 1, 120]})
    >>> exact = Table(frame, dimensions=("area",), counts=("cases",))
    >>> noisy = with_noise(exact, CellNoise(b"sixteen bytes or more"))
    >>> noisy["cases"].is_between(0, 126).all(), noisy["cases"][0] <= 6
    (True, True)
    """
    exact = [count for count in table.whole_counts if count not in table.protected]
    return table.frame.with_columns(_noisy(table, count, noise) for count in exact)


def _noisy(table: Table, count: str, noise: CellNoise) -> pl.Expr:
    drawn = pl.lit(pl.Series(noise.of(_keys(table, count, noise)), dtype=pl.Int64))
    rows = rows_of_a_person(count, table.persons.get(count, count))
    return (pl.col(count).cast(pl.Int64) + drawn * rows).clip(lower_bound=noise.lowest).alias(count)


def rows_of_a_person(count: str, behind: str) -> pl.Expr:
    """Rows behind one person of each cell, whole and at least 1, from the columns of rows and of persons.

    Examples
    --------
    >>> frame = pl.DataFrame({"rows": [0, 10, 40], "persons": [0, 9, 11]})
    >>> frame.select(rows_of_a_person("rows", "persons")).to_series().to_list()
    [1, 1, 4]
    """
    counts, persons = pl.col(count), pl.col(behind)
    return (counts / persons.clip(lower_bound=1)).round().cast(pl.Int64).clip(lower_bound=1)


def _keys(table: Table, count: str, noise: CellNoise) -> Keys:
    known = _known_keys(table, count)
    if None not in known:
        return np.array(known, dtype=np.uint64)
    cells = table.frame.select(*table.dimensions, pl.col(count).alias("__value__")).rows()
    found = [noise.key_of(*cell, count) if key is None else key for key, cell in zip(known, cells, strict=True)]
    return np.array(found, dtype=np.uint64)


def _known_keys(table: Table, count: str) -> list[int | None]:
    """Keys of a count's cells, within those of the first count that it is part of; None where persons are not known."""
    if count not in table.keys:
        return [None] * table.frame.height
    keys = table.frame[table.keys[count]]
    wholes = [whole for part, whole in table.parts if part == count and whole != count and whole in table.keys]
    if not wholes:
        return keys.to_list()
    whole = table.frame[table.keys[wholes[0]]]
    joined = pl.Series(within(keys.fill_null(0).to_numpy(), whole.fill_null(0).to_numpy()))
    return joined.set(whole.is_null(), None).to_list()
