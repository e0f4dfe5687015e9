"""The spatial structure of areas: a scaled intrinsic autoregression, its constraints, and the prior of its share.

In: neighbours. Out: sparse matrices in the order of the areas. Each connected part of the map is scaled on its own, so
that the geometric mean of its marginal variances is 1; an island has no spatial term.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import SuperLU, splu

from riskstrat.areas.geography import Neighbours

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Structure:
    """A scaled intrinsic autoregression of n areas.

    Attributes
    ----------
    difference
        One row a border, (m, n): the scaled differences whose sum of squares is u'Qu.
    part
        Number of each area's connected part, (n,), from 0; -1 for an island.
    scale
        Of each part, (parts,): geometric mean of the marginal variances of its unscaled autoregression.
    variance
        Marginal variances of the scaled one, (n,); 0 for islands.
    """

    difference: csc_array
    part: NDArray[np.intp]
    scale: Floats
    variance: Floats

    @cached_property
    def precision(self) -> csc_array:
        """Q, (n, n), with one zero eigenvalue a part and a row of zeros an island; the whole diagonal is stored."""
        squares, at = coo_array(self.difference.T @ self.difference), np.arange(len(self.part))
        ends = np.r_[squares.row, at], np.r_[squares.col, at]
        return csc_array(coo_array((np.r_[squares.data, np.zeros(len(at))], ends), shape=squares.shape))

    @cached_property
    def _on_diagonal(self) -> NDArray[np.intp]:
        return np.flatnonzero(
            self.precision.indices == np.repeat(np.arange(len(self.part)), np.diff(self.precision.indptr))
        )

    def precision_plus(self, diagonal: Floats) -> csc_array:
        """Q with more on its diagonal, (n,); sparse arithmetic would cost more than to factorise a map of 50 areas."""
        found = self.precision.copy()
        found.data[self._on_diagonal] += diagonal
        return found

    @cached_property
    def constraints(self) -> Floats:
        """One row a part, (parts, n): the spatial terms of a part sum to 0."""
        return np.asarray(np.arange(len(self.scale))[:, None] == self.part, dtype=np.float64)

    @cached_property
    def islands(self) -> NDArray[np.bool_]:
        """Whether each area has no neighbour, (n,)."""
        return self.part < 0


def structure_of(neighbours: Neighbours) -> Structure:
    """Build the autoregression of these areas and scale each connected part (Sørbye and Rue 2014).

    References
    ----------
    Freni-Sterrantino, Ventrucci and Rue, A note on intrinsic conditional autoregressive models for disconnected graphs
    (Spatial and Spatio-temporal Epidemiology 2018).
    """
    n, pairs = len(neighbours.areas), neighbours.pairs
    part, sizes = _parts(neighbours)
    rows = np.arange(len(pairs))
    ends = (np.r_[rows, rows], pairs.T.ravel())
    signs = np.r_[np.ones(len(pairs)), -np.ones(len(pairs))]
    difference = csc_array(coo_array((signs, ends), shape=(len(pairs), n)))
    variance = _variances(csc_array(difference.T @ difference), part, sizes)
    scale = np.array([np.exp(np.log(variance[part == number]).mean()) for number in range(len(sizes))])
    of_row = scale[part[pairs[:, 0]]] if len(pairs) else np.empty(0)
    inside = part >= 0
    variance[inside] /= scale[part[inside]]
    return Structure(
        difference=csc_array(diags_array(of_row**0.5) @ difference), part=part, scale=scale, variance=variance
    )


def factorised(matrix: csc_array) -> SuperLU:
    """Factorise a sparse symmetric positive definite matrix; fill is kept small by the order of elimination."""
    return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def log_determinant(factor: SuperLU) -> float:
    """Log determinant of a factorised positive definite matrix."""
    return float(np.log(np.abs(factor.U.diagonal())).sum())


def _parts(neighbours: Neighbours) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give each area the number of its connected part, (n,), -1 for islands, and each part its size."""
    number = {area: at for at, area in enumerate(neighbours.areas)}
    part = np.full(len(number), -1)
    several = [members for members in neighbours.parts if len(members) > 1]
    for at, members in enumerate(several):
        part[[number[area] for area in members]] = at
    return part, np.array([len(members) for members in several], dtype=np.intp)


def grounded(part: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the areas but the first of each connected part, without islands: their precision is of full rank."""
    _, first = np.unique(part, return_index=True)
    return np.setdiff1d(np.flatnonzero(part >= 0), first)


def inverse_diagonal(matrix: csc_array) -> Floats:
    """Diagonal of the inverse of a sparse symmetric positive definite matrix, (n,), without the inverse.

    Takahashi's equations (Rue and Held 2005, section 2.4): with L D L' the factorisation, the entries of the inverse at
    the entries of L follow from the last column to the first, Z_Ij = -Z_II l and Z_jj = 1 / d_j - l' Z_Ij, with l the
    column j of L below its diagonal and I its rows.
    """
    factor = factorised(matrix)
    lower, pivots, n = factor.L.tocsc().sorted_indices(), factor.U.diagonal(), matrix.shape[0]
    rows = np.split(lower.indices, lower.indptr[1:-1])
    values = np.split(lower.data, lower.indptr[1:-1])
    diagonal, below = np.zeros(n), [np.empty(0)] * n
    for j in range(n - 1, -1, -1):
        inside, column = rows[j][1:], values[j][1:]
        found = diagonal[inside] * column
        for at, i in enumerate(inside[:-1]):
            after = inside[at + 1 :]
            of_pair = below[i][np.searchsorted(rows[i][1:], after)]
            found[at] += of_pair @ column[at + 1 :]
            found[at + 1 :] += of_pair * column[at]
        below[j], diagonal[j] = -found, 1 / pivots[j] + column @ found
    return np.asarray(diagonal[factor.perm_c], dtype=np.float64)


def _variances(precision: csc_array, part: NDArray[np.intp], sizes: NDArray[np.intp]) -> Floats:
    """Diagonal of the inverse of Q where every part sums to 0, (n,); 0 for islands.

    With M the inverse of Q without the first area of each part, and zeros there, it is C M C with C = I - 11' / n_c.
    """
    found, inside = np.zeros(len(part)), part >= 0
    if not len(sizes):
        return found
    kept = grounded(part)
    reduced = csc_array(precision[kept][:, kept])
    found[kept] = inverse_diagonal(reduced)
    row_sum = np.zeros(len(part))
    row_sum[kept] = factorised(reduced).solve(np.ones(len(kept)))
    size, numbers = sizes[part[inside]], part[inside]
    total = np.bincount(numbers, row_sum[inside])[numbers]
    found[inside] += -2 * row_sum[inside] / size + total / size**2
    return found
