"""What can be computed of cells that are not shown, by somebody who knows the sums, the rules and the zeros.

In: the cells of all tables that leave together, and which of them are hidden. Out: how many values each cell that must
stay uncertain can still have. Whole numbers are asked for, not bounds of a linear programme: two hidden cells of at
least 1 that total 2 are 1 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkedCells:
    """Cells of tables that leave together, and the sums between them.

    Attributes
    ----------
    values : numpy.ndarray
        The counts, (n,).
    sums : scipy.sparse.csr_array
        One row a sum, (m, n): 1 at its parts, -1 at its total; ``sums @ values`` is 0.
    lower, upper : numpy.ndarray
        What the rule says of a cell that is not shown, (n,): 1 and 4 of one that is withheld because it is below 5.
        `upper` may be infinite. A cell whose value is not between them can only be shown.
    sensitive : numpy.ndarray
        Whether a cell must stay uncertain, (n,).
    unshown : numpy.ndarray
        Whether a cell is in no table that is shown, (n,): a remainder, an atom of two tables that overlap.
    possible : numpy.ndarray
        How many values in a row, the true one among them, a sensitive cell must be able to have, (n,).
    """

    values: Ints
    sums: sparse.csr_array
    lower: Floats
    upper: Floats
    sensitive: Bools
    unshown: Bools
    possible: Ints

    def of(self, cells: Bools) -> LinkedCells:
        """Give these cells alone, with the sums that concern them."""
        among = self.sums[:, cells]
        return LinkedCells(
            values=self.values[cells],
            sums=among[np.diff(among.indptr) > 0],
            lower=self.lower[cells],
            upper=self.upper[cells],
            sensitive=self.sensitive[cells],
            unshown=self.unshown[cells],
            possible=self.possible[cells],
        )


def possible_values(cells: LinkedCells, hidden: Bools) -> Ints:
    """Count the values that each cell can have, in a row with the true one, when all others shown are known."""
    counted = np.ones(len(cells.values), dtype=np.int64)
    for part in parts_of(cells.sums, hidden):
        counted[part] = _counted(cells.of(part))
    return counted


def parts_of(sums: sparse.csr_array, cells: Bools) -> Iterator[Bools]:
    """Split cells into those that sums connect, whatever else is in these sums."""
    among = abs(sums[:, cells])
    _, part = connected_components(among.T @ among, directed=False)
    numbers = np.flatnonzero(cells)
    for each in range(part.max(initial=-1) + 1):
        chosen = np.zeros_like(cells)
        chosen[numbers[part == each]] = True
        yield chosen


def _counted(part: LinkedCells) -> Ints:
    """Walk up and down from each sensitive cell's value, as long as whole numbers fit; what fits is remembered."""
    seen = [{int(value)} for value in part.values]

    def fits(cell: int, value: int) -> bool:
        if value not in seen[cell] and (found := _fitting(part, cell, value)) is not None:
            for known, each in zip(seen, found, strict=True):
                known.add(int(each))
        return value in seen[cell]

    counted = np.ones(len(part.values), dtype=np.int64)
    for cell in np.flatnonzero(part.sensitive).tolist():
        for step in (1, -1):
            value = int(part.values[cell]) + step
            while counted[cell] < part.possible[cell] and fits(cell, value):
                counted[cell] += 1
                value += step
    return counted


def _fitting(part: LinkedCells, cell: int, value: int) -> Ints | None:
    """Find whole numbers for all cells with which this one has the value; None where there are none."""
    if not part.lower[cell] <= value <= part.upper[cell]:
        return None
    lower, upper = part.lower.copy(), part.upper.copy()
    lower[cell] = upper[cell] = value
    right = part.sums @ part.values
    sums = LinearConstraint(part.sums, right, right) if part.sums.shape[0] else ()
    free = np.zeros(len(lower))
    found = milp(free, constraints=sums, bounds=Bounds(lower, upper), integrality=np.ones_like(free))
    return None if found.x is None else np.rint(found.x).astype(np.int64)
