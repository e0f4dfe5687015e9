"""How far the reasons of groups would be the same had other people been in the training cohort.

In: reasons of each group after each of many refits. Out: a frame with one row a group and family.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL

TOP = 2
"""How many families are among the top reasons."""

FEWEST_REFITS = 10

SCHEMA = MappingProxyType(
    {
        "group": pl.String(),
        "part": pl.String(),
        "largest_share": pl.Float64(),
        "top_share": pl.Float64(),
        "share_of_reasons": pl.Float64(),
        "share_of_reasons_lower": pl.Float64(),
        "share_of_reasons_upper": pl.Float64(),
    }
)


@checked
def reason_stability(
    differences: NDArray[np.floating], groups: Sequence[str], families: Sequence[str], *, level: float = LEVEL
) -> pl.DataFrame:
    """Over refits, how often a family raises a group's risk most, and how much of its reasons the family is.

    Parameters
    ----------
    differences
        Of each refit, each group's mean contribution by family minus everybody's (refits, groups, families), in units
        of risk; refits are of training rows drawn by family of persons (the bootstrap; Efron and Tibshirani 1993).
    groups, families
        Names of the second and the third axis.
    level
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        group, part (the family), largest_share (of the refits in which it raises the risk most), top_share (in which
        it is one of the two that do), share_of_reasons (mean of its difference over the sum of all absolute ones, -1 to
        1) with share_of_reasons_lower and share_of_reasons_upper.

    Raises
    ------
    UsageError
        If the shape is another, or there are fewer than 10 refits.

    Examples
    --------
    >>> refits = np.tile([[[0.02, 0.01]]], (20, 1, 1))
    >>> refits[:5, 0, 1] = 0.03
    >>> reason_stability(refits, ["north"], ["living_conditions", "area"])["largest_share"].to_list()
    [0.75, 0.25]
    """
    UsageError.refuse(_problems(differences.shape, len(groups), len(families)))
    raising = np.where(differences > 0, differences, 0.0)
    rank = np.argsort(np.argsort(-raising, axis=2, kind="stable"), axis=2, kind="stable")
    whole = np.abs(differences).sum(axis=2, keepdims=True)
    share = np.divide(differences, whole, out=np.zeros_like(differences), where=whole > 0)
    tail = (1 - level) / 2
    columns = {
        "largest_share": ((rank == 0) & (raising > 0)).mean(axis=0),
        "top_share": ((rank < TOP) & (raising > 0)).mean(axis=0),
        "share_of_reasons": share.mean(axis=0),
        "share_of_reasons_lower": np.quantile(share, tail, axis=0),
        "share_of_reasons_upper": np.quantile(share, 1 - tail, axis=0),
    }
    return pl.DataFrame(
        {
            "group": np.repeat(np.array(groups, dtype=object), len(families)),
            "part": list(families) * len(groups),
            **{name: values.ravel() for name, values in columns.items()},
        },
        schema=dict(SCHEMA),
    )


def _problems(shape: tuple[int, ...], groups: int, families: int) -> list[Problem]:
    problems = []
    if shape[1:] != (groups, families):
        found, expected = f"differences of shape {shape}", f"shape (refits, {groups}, {families})"
        problems.append(Problem(found, expected, "name every group and family once, in order"))
    if shape[0] < FEWEST_REFITS:
        found, expected = number_of(shape[0], "refit"), f"at least {FEWEST_REFITS}"
        problems.append(Problem(found, expected, "refit more often: 50 times tell enough"))
    return problems
