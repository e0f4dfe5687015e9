"""Labels of groups or strata in (an array, a series, or a frame of several columns), numbers and a sorted frame out."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.errors import ContractError, Problem

Labels: TypeAlias = npt.ArrayLike | pl.Series | pl.DataFrame


def number_groups(labels: Labels | None, n: int) -> tuple[npt.NDArray[np.intp], pl.DataFrame]:
    """Count off the distinct labels from 0 in sorted order; a missing label is a group of its own.

    Returns
    -------
    numbers
        Shape (n,), the group of each row.
    groups
        One row a group, in the order of the numbers. No columns where `labels` is None.

    Raises
    ------
    ContractError
        There is not exactly one label a row.
    """
    if labels is None:
        return np.zeros(n, dtype=np.intp), pl.DataFrame()
    frame = _frame(labels)
    if frame.height != n:
        found = f"{frame.height} labels for {n} rows"
        raise ContractError(Problem(found=found, expected="one label a row", remedy="take them from the same rows"))
    groups = frame.unique().sort(frame.columns)
    numbered = frame.join(
        groups.with_row_index("__group"), on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return numbered["__group"].to_numpy().astype(np.intp), groups


def _frame(labels: Labels) -> pl.DataFrame:
    if isinstance(labels, pl.DataFrame):
        return labels
    if isinstance(labels, pl.Series):
        return labels.to_frame(labels.name or "group")
    return pl.DataFrame({"group": np.asarray(labels)})
