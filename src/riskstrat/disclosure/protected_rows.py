"""Counts and sums over the persons of cells, with the noise of each cell, or exact where there is no noise.

In: persons, the cell of each row, values. Out: protected counts; means and sums of values that hide any one person as a
count does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure.cell_keys import CellNoise, person_keys, sum_keys, within
from riskstrat.disclosure.whole import UnitCounts, Whole

Floats = NDArray[np.float64]
Numbers = NDArray[np.integer]
Mask = NDArray[np.bool_]

RISK_SHARE = 0.4
"""Of the mean risk: what one person is to sums of risks, because more would cost the plans for the smallest target
populations more than protected outcomes do."""
EDGES = (0.01, 0.99)
LEAST_RISK = 0.01
"""Of the mean risk: no cell's mean is below it on account of noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProtectedRows:
    """Rows about persons, whose counts and means carry the noise of their cells.

    Parameters
    ----------
    key
        Cell key of each row, (n,).
    noise
        None leaves everything exact.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": range(100)})
    >>> rows = ProtectedRows.of(people, CellNoise(b"sixteen bytes or more"))
    >>> counted = rows.count(np.repeat([0, 1], 50), 2)
    >>> bool((abs(counted - 50) <= 6).all()), ProtectedRows.of(people, None).count(np.repeat([0, 1], 50), 2).tolist()
    (True, [50, 50])
    """

    key: NDArray[np.uint64]
    noise: CellNoise | None

    @classmethod
    def of(cls, people: pl.DataFrame, noise: CellNoise | None) -> ProtectedRows:
        """Rows of a frame of people; without ``person_id`` each row is a person, named by its number."""
        known = "person_id" in people.columns
        person = people["person_id"] if known else pl.Series(np.arange(people.height))
        return cls(key=person_keys(person), noise=noise if noise is not None and noise.width > 0 else None)

    def keys(self, cell: Numbers, cells: int, rows: Mask | None = None) -> NDArray[np.uint64]:
        """Key of each cell, (cells,): of all rows, or of some `rows` as part of these; of its number if it has none."""
        whole = sum_keys(self.key, cell, cells)
        whole = np.where(whole == 0, person_keys(-1 - np.arange(cells)), whole)
        return whole if rows is None else within(sum_keys(self.key, np.where(rows, cell, -1), cells), whole)

    def count(self, cell: Numbers, cells: int, rows: Mask | None = None) -> NDArray[np.int64]:
        """Count rows by cell, (cells,): with noise at least 0, also where there is none, so that 0 tells nothing."""
        exact = _sums(cell, rows, cells).astype(np.int64)
        return exact if self.noise is None else np.maximum(exact + self.noise.of(self.keys(cell, cells, rows)), 0)

    def divided(self, whole: Whole, cell: Numbers, cells: int, rows: Mask) -> NDArray[np.int64]:
        """Noise of how many of some `rows` are in each cell, (cells,), where cells divide a whole."""
        return whole.parts(
            _sums(cell, rows, cells).astype(np.int64), sum_keys(self.key, np.where(rows, cell, -1), cells)
        )

    def parts(self, cell: Numbers, cells: int, rows: Mask, of: Numbers) -> NDArray[np.int64]:
        """Noise of how many of some `rows` are in each cell, (cells,), where cells divide groups `of` rows.

        In each group the noise of its cells adds up to its own (`riskstrat.disclosure.Whole`).
        """
        noise, groups = np.zeros(cells, dtype=np.int64), int(of.max()) + 1
        for group, whole in enumerate(self.wholes(of, groups, rows)):
            given = (of == group) & (cell >= 0)
            inside = np.unique(cell[given])
            numbered = np.where(given, np.searchsorted(inside, cell), -1)
            noise[inside] = self.divided(whole, numbered, len(inside), rows)
        return noise

    def wholes(self, cell: Numbers, cells: int, rows: Mask) -> list[Whole]:
        """How many of some `rows` there are in each cell, as counts that others divide; none where counts are exact."""
        if self.noise is None:
            return []
        counts, keys = _sums(cell, rows, cells).astype(int), sum_keys(self.key, np.where(rows, cell, -1), cells)
        added = np.maximum(self.noise.of(self.keys(cell, cells, rows)), -counts)
        among = self.keys(cell, cells)
        return [
            Whole(count=int(count), key=key, added=int(more), variance=self.noise.variance, among=of, noise=self.noise)
            for count, key, more, of in zip(counts, keys, added, among, strict=True)
        ]

    def units(self, cell: Numbers, cells: int, rows: Mask) -> UnitCounts:
        """Count some `rows` of each cell that has any, without noise, for what divides all of them."""
        present = _sums(cell, None, cells) > 0
        return UnitCounts(
            counts=_sums(cell, rows, cells).astype(np.int64)[present],
            keys=sum_keys(self.key, np.where(rows, cell, -1), cells)[present],
            noise_keys=self.keys(cell, cells, rows)[present],
            among=self.key[cell >= 0].sum(dtype=np.uint64),
        )

    def total(self, cell: Numbers, cells: int, rows: Mask | None = None) -> int:
        """Count the rows of all cells together: its noise is that of the cells added up.

        Noise of its own would be a second look at each cell, for whoever knows all the others.
        """
        exact, present = _sums(cell, rows, cells).astype(np.int64), _sums(cell, None, cells) > 0
        added = 0 if self.noise is None else np.maximum(self.noise.of(self.keys(cell, cells, rows)), -exact)[present]
        return int(exact.sum() + np.sum(added))

    def describes(self, people: NDArray[np.integer], fewest: int) -> Mask:
        """Which cells of so many people may be described, (cells,): those that may have the `fewest`, by their noise.

        Where counts are exact, all in which there is anybody.
        """
        return np.asarray(people >= (1 if self.noise is None else max(fewest - self.noise.width, 1)))

    def mean(
        self, values: Floats, cell: Numbers, cells: int, *, name: str, scale: float, rows: Mask | None = None
    ) -> Floats:
        """Mean of values by cell, (cells,), 0 where there is no row: with the noise of a count x scale / rows.

        The noise is unrelated for values of another `name`: one person moves the mean by as much as `scale` / rows,
        which is to it what one person is to a count.
        """
        inside = cell if rows is None else np.where(rows, cell, -1)
        people = np.maximum(_sums(inside, None, cells), 1)
        mean = _sums(inside, values, cells) / people
        if self.noise is None:
            return np.asarray(mean)
        added = self.noise.around_zero(self.keys(cell, cells, rows), f"mean of {name}")
        return np.asarray(mean + added * scale / people)

    def means(self, values: Floats, cell: Numbers, cells: int, *, name: str) -> tuple[Floats, Floats]:
        """Means of columns of values (n, k), (cells, k), and the range of each column that noise is scaled to, (k,).

        With noise, values are held within the 1st and the 99th percentile of the column, between which one person's
        value may lie: a column of 0 and 1 then hides how many have it as a count does.
        """
        if self.noise is None:
            held, reach = values, np.zeros(values.shape[1])
        else:
            low, high = np.quantile(values, EDGES, axis=0)
            held, reach = np.clip(values, low, high), high - low
        columns = [
            self.mean(held[:, k], cell, cells, name=f"{name} {k}", scale=float(reach[k])) for k in range(len(reach))
        ]
        return np.column_stack(columns) if columns else np.zeros((cells, 0)), reach

    def risk_sum(self, risk: Floats, cell: Numbers, cells: int, *, scale: float, rows: Mask | None = None) -> Floats:
        """Sum of risks by cell, (cells,): with noise it is the protected count times the protected mean."""
        if self.noise is None:
            return np.asarray(_sums(cell, risk if rows is None else rows * risk, cells))
        mean = self.mean(risk, cell, cells, name="risk", scale=RISK_SHARE * scale, rows=rows)
        return np.asarray(self.count(cell, cells, rows) * np.maximum(mean, LEAST_RISK * scale))


def _sums(cell: Numbers, values: NDArray[np.number | np.bool_] | None, cells: int) -> NDArray[np.number]:
    inside = cell >= 0
    return np.bincount(cell[inside], None if values is None else values[inside], minlength=cells)
