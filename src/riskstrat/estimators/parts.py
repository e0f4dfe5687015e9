"""Features that are read some rows at a time: a dataset on disk, a lazy frame, or chosen rows of either.

In: who reads the parts. Out: frames of features with ``row_number``, the number of each of their rows in the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import TypeIs

KEYS: Final = ("person_id", "index_date")
ROW_NUMBER: Final = "row_number"


class FeatureParts(Protocol):
    """What is used of features on disk, such as `riskstrat.features.FeatureTable`."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features."""

    def parts(self) -> Iterator[pl.DataFrame]:
        """Read some rows at a time: ``row_number`` in the order of the outcomes, person_id if known, the features."""


def is_in_parts(X: object) -> TypeIs[FeatureParts]:
    """Whether features are read some rows at a time."""
    return hasattr(X, "parts")


@dataclass(frozen=True)
class LazyParts:
    """A lazy frame whose query runs once for its length and once for its rows."""

    frame: pl.LazyFrame

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.frame.select(pl.len()).collect().item())

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(name for name in self.frame.collect_schema().names() if name not in KEYS)

    def parts(self) -> Iterator[pl.DataFrame]:
        """Read some rows at a time, in the order of the frame."""
        start = 0
        for batch in self.frame.collect_batches(maintain_order=True):
            yield batch.with_row_index(ROW_NUMBER, start)
            start += batch.height


@dataclass(frozen=True, eq=False)
class ChosenRows:
    """The rows of features in parts that a mask keeps, in their order."""

    whole: FeatureParts
    kept: NDArray[np.bool_]

    @property
    def rows(self) -> int:
        """Number of rows that are kept."""
        return int(self.kept.sum())

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features."""
        return self.whole.columns

    def parts(self) -> Iterator[pl.DataFrame]:
        """Read some rows at a time, with their row numbers among those that are kept."""
        position_of = np.cumsum(self.kept) - 1
        for part in self.whole.parts():
            rows = part[ROW_NUMBER].to_numpy()
            chosen = part.with_columns(pl.Series(ROW_NUMBER, position_of[rows]))
            yield chosen.filter(self.kept[rows])
