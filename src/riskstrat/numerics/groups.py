"""Labels of groups in (an array, a series, or a frame whose columns cross), numbers and a sorted frame out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem, number_of

AGE_BAND: Final = "age_band"

_WHOLE: Final = (pl.Boolean, pl.Date, pl.Enum, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
"""Types whose values are whole numbers of 64 bits, in the order of the values."""

_CLOSE: Final = 4
"""Numbers below so many times the number of rows are counted, not sorted."""

Labels: TypeAlias = npt.ArrayLike | pl.Series | pl.DataFrame


def number_groups(labels: Labels | None, n: int) -> tuple[NDArray[np.intp], pl.DataFrame]:
    """Assign numbers from 0, (n,), to the distinct labels in sorted order; a missing label is a group of its own.

    Labels are one a row, or a frame whose columns cross; None puts all rows into one group. With the numbers comes a
    frame of the groups in their order. Another number of labels is a ContractError.
    """
    if labels is None:
        return np.zeros(n, dtype=np.intp), pl.DataFrame()
    frame = _frame(labels)
    if frame.height != n:
        found = f"{number_of(frame.height, 'label')} for {number_of(n, 'row')}"
        raise ContractError(Problem(found, "one label a row", "take them from the same rows"))
    number, count = np.zeros(n, dtype=np.intp), 1
    for column in frame.iter_columns():
        own, size = _in_order(column)
        number, count = _dense(number * size + own, count * size)
    example = np.empty(count, dtype=np.intp)
    example[number] = np.arange(n)
    return number, pl.DataFrame([column.gather(example) for column in frame.iter_columns()])


def _in_order(column: pl.Series) -> tuple[NDArray[np.intp], int]:
    """Numbers of a column, (n,), that are in the order of its values, and what they are below: 0 where it is missing.

    Values that lie close together are their own numbers, by their distance from the lowest.
    """
    if column.dtype in (pl.String, pl.Categorical):
        text = column.cast(pl.String)
        column = text.cast(pl.Enum(text.drop_nulls().unique().sort()))
    if column.dtype in _WHOLE and not column.has_nulls() and len(column):
        value = column.to_physical().to_numpy()
        lowest, highest = int(value.min()), int(value.max())
        if highest - lowest <= _CLOSE * len(value):
            return np.subtract(value, lowest, dtype=np.intp), highest - lowest + 1
    return column.rank("dense").fill_null(0).to_numpy().astype(np.intp), len(column) + 1


def _dense(number: NDArray[np.intp], below: int) -> tuple[NDArray[np.intp], int]:
    """Renumber whole numbers, (n,), from 0 without a gap and in their order, and say how many different ones occur."""
    if below > _CLOSE * len(number):
        occurring, dense = np.unique(number, return_inverse=True)
        return dense, len(occurring)
    occurs = np.bincount(number, minlength=below) > 0
    return (np.cumsum(occurs) - 1)[number], int(occurs.sum())


def common_groups(by: Sequence[str], *frames: pl.DataFrame) -> tuple[pl.DataFrame, list[NDArray[np.intp]]]:
    """Assign common numbers to the groups of several frames; a row with a missing label is in no group.

    Returns the groups, combinations of the columns `by` in sorted order, and for each frame the group of each row or
    -1.
    """
    groups = pl.concat([frame.select(by).unique() for frame in frames]).unique().drop_nulls().sort(by)
    return groups, [_numbers(frame.select(by), groups) for frame in frames]


def number_among(labels: Labels, groups: Labels) -> NDArray[np.intp]:
    """Find the number of each label among distinct groups, (n,), from 0 in their order; -1 where it is none of them.

    Examples
    --------
    >>> number_among(pl.Series(["b", None, "c", "a"]), pl.Series(["a", "b"])).tolist()
    [1, -1, -1, 0]
    """
    frame, known = _frame(labels), _frame(groups)
    return _numbers(frame, known.rename(dict(zip(known.columns, frame.columns, strict=True))))


def age_band(width_years: int, *, single_years_below: int = 0, open_from: int | None = None) -> pl.Expr:
    """Bands of ``age_years`` as text, ``"40-49"``, ``"7"`` (a single year) or ``"90+"``: the column ``age_band``.

    The first band begins at 0. Below `single_years_below` every year is a band of its own, because children change
    fast; `open_from` and everything above it is one band.
    """
    age = pl.col("age_years")
    start = age - age % width_years
    band = pl.when(age < single_years_below).then(age.cast(pl.String))
    banded = band.otherwise(pl.format("{}-{}", start, start + width_years - 1))
    if open_from is not None:
        banded = pl.when(age >= open_from).then(pl.lit(f"{open_from}+")).otherwise(banded)
    return banded.alias(AGE_BAND)


def _numbers(frame: pl.DataFrame, groups: pl.DataFrame) -> NDArray[np.intp]:
    numbered = frame.join(
        groups.with_row_index("__group"), on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return numbered["__group"].cast(pl.Int64).fill_null(-1).to_numpy().astype(np.intp)


def _frame(labels: Labels) -> pl.DataFrame:
    if isinstance(labels, pl.DataFrame):
        return labels
    if isinstance(labels, pl.Series):
        return labels.to_frame(labels.name or "group")
    return pl.DataFrame({"group": np.asarray(labels)})


def quintile_shares(rank: NDArray[np.float64], people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each group that lies in each quintile of the population from the lowest rank up, shape (5, n).

    Groups of `people` persons are ordered by `rank`, both of shape (n,); groups of equal rank are divided alike.

    Examples
    --------
    >>> quintile_shares(np.array([1.0, 2.0]), np.array([300.0, 700.0])).round(2)[:, 0].tolist()
    [0.67, 0.33, 0.0, 0.0, 0.0]
    """
    _, level = np.unique(rank, return_inverse=True)
    size = np.bincount(level, people)
    ends = np.cumsum(size) / size.sum()
    starts = ends - size / size.sum()
    edges = np.arange(6) / 5
    overlap = np.minimum(ends, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    width = np.where(size > 0, ends - starts, 1.0)
    return np.asarray((np.clip(overlap, 0, None) / width)[:, level], dtype=np.float64)
