"""Rows of a cohort, or groups (persons, families), in; folds that never divide a group, as row numbers, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import Labels, number_groups

UNTESTED: Final = -1
"""Fold number of a row that no fold tests."""

MOST_BLOCKS: Final = 5_000
"""Above so many families, blocks of families are drawn: a standard error is then known to 1 % and costs the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Pairs of training rows and test rows.

    Attributes
    ----------
    name
        Kind of split: ``person``, ``area``, ``temporal``, or what the caller names it.
    train, test
        Row numbers, one array a fold, in rising order. Empty tuples where the split is not possible.
    note
        A sentence for the report: how the split was made and what it left out, or why it is not possible.

    Examples
    --------
    >>> split = Split.from_folds([0, 1, 0], groups=[7, 7, 8])
    >>> [(train.tolist(), test.tolist()) for train, test in zip(split.train, split.test)]
    [([], [0, 2]), ([2], [1])]
    """

    name: str
    train: tuple[NDArray[np.intp], ...]
    test: tuple[NDArray[np.intp], ...]
    note: str = ""

    @classmethod
    def from_folds(cls, folds: npt.ArrayLike, groups: Labels | None = None, name: str = "folds") -> Split:
        """Test each fold, a distinct number in rising order of `folds` (n,), by a model fitted to the other folds.

        Rows that share a group (person or family) with a test row are not in its training rows.
        """
        number = np.asarray(folds)
        tests = [number == fold for fold in np.unique(number)]
        group = np.arange(len(number)) if groups is None else number_groups(groups, len(number))[0]
        return cls(
            name=name,
            train=tuple(np.flatnonzero(~test & ~np.isin(group, group[test])) for test in tests),
            test=tuple(np.flatnonzero(test) for test in tests),
        )

    @property
    def possible(self) -> bool:
        """Whether there are folds."""
        return bool(self.train)

    def fold_of_rows(self, n: int) -> NDArray[np.intp]:
        """Find the fold that tests each of n rows, by its position; `UNTESTED` (-1) where none does.

        Examples
        --------
        >>> Split.from_folds([1, 1, 0]).fold_of_rows(4).tolist()
        [1, 1, 0, -1]
        """
        fold = np.full(n, UNTESTED, dtype=np.intp)
        for number, test in enumerate(self.test):
            fold[test] = number
        return fold


@checked
def group_folds(groups: Labels, folds: int, seed: int = 0) -> NDArray[np.intp]:
    """Assign whole groups to folds at random, equally many to each; a row's fold does not depend on the order of rows.

    Parameters
    ----------
    groups
        Label of the group of each row, shape (n,).
    folds
        Number of folds, at least 2.
    seed
        Seed of the shuffle.

    Returns
    -------
    numpy.ndarray
        Fold of each row, shape (n,), 0 to folds - 1.

    Raises
    ------
    DesignError
        There are fewer groups than folds, or fewer than two folds.

    Examples
    --------
    >>> folds = group_folds(np.array([7, 7, 8, 9, 9, 9]), 3)
    >>> bool(folds[0] == folds[1]), len(set(folds.tolist()))
    (True, 3)
    """
    numbers, labels = number_groups(groups, len(np.asarray(groups)))
    if not 2 <= folds <= labels.height:
        found = f"{number_of(folds, 'fold')} for {number_of(labels.height, 'group')}"
        raise DesignError(Problem(found, "2 folds to one a group", "change the number of folds"))
    assigned = np.arange(labels.height) % folds
    return np.asarray(np.random.default_rng(seed).permutation(assigned)[numbers], dtype=np.intp)


def family_blocks(family: NDArray[np.intp], blocks: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Assign families, numbered from 0, (n,), to so many random blocks; where there are no more, each is its own.

    Examples
    --------
    >>> family_blocks(np.array([1, 0, 1]), 2, np.random.default_rng(0)).tolist()
    [1, 0, 1]
    """
    families = int(family.max(initial=-1)) + 1
    return family if families <= blocks else (generator.permutation(families) % blocks)[family]


def family_of(people: pl.DataFrame) -> NDArray[np.int64]:
    """Family of each row, shape (n,); a person without a known family is one, numbered below every other.

    Examples
    --------
    >>> family_of(pl.DataFrame({"person_id": [1, 2], "family_id": [5, None]})).tolist()
    [5, -3]
    """
    alone = -pl.col("person_id").cast(pl.Int64) - 1
    family = pl.coalesce("family_id", alone) if "family_id" in people.columns else alone
    return people.select(family.cast(pl.Int64)).to_series().to_numpy()


def groups_shared(group: NDArray[np.intp], first: NDArray[np.intp], second: NDArray[np.intp]) -> int:
    """How many groups, numbered from 0, have rows among both of two sets of row numbers.

    Examples
    --------
    >>> groups_shared(np.array([0, 0, 1, 2]), np.array([0, 2]), np.array([1, 3]))
    1
    """
    there = np.zeros((2, int(group.max(initial=-1)) + 1), dtype=np.bool_)
    for side, rows in zip(there, (first, second), strict=True):
        side[group[rows]] = True
    return int(there.all(axis=0).sum())
