"""Groups (persons, families) in, a fold number for each row out; a group is never split."""

from __future__ import annotations

import numpy as np

from riskstrat.errors import DesignError, Problem
from riskstrat.estimators.matrix import Numbers
from riskstrat.incidence.groups import Labels, number_groups


def group_folds(groups: Labels, folds: int, seed: int = 0) -> Numbers:
    """Deal whole groups to folds at random, as many to each; a row's fold does not depend on the order of rows.

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
        Shape (n,), 0 to folds - 1.

    Raises
    ------
    DesignError
        There are fewer groups than folds, or fewer than two folds.

    Examples
    --------
    >>> folds = group_folds(np.array([7, 7, 8, 9, 9, 9]), 3)
    >>> folds[0] == folds[1], len(set(folds.tolist()))
    (np.True_, 3)
    """
    numbers, labels = number_groups(groups, len(np.asarray(groups)))
    if not 2 <= folds <= labels.height:
        found = f"{folds} folds for {labels.height} groups"
        raise DesignError(Problem(found=found, expected="2 folds to one a group", remedy="change the number of folds"))
    dealt = np.arange(labels.height) % folds
    return np.asarray(np.random.default_rng(seed).permutation(dealt)[numbers], dtype=np.intp)
