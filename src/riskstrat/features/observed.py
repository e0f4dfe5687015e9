"""How much of a window was observed: its days that the register covers and in which the person lives here.

In: windows, the coverage of their registers, and spells of residence. Out: days and shares, one value a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.declare.windows import OBSERVED_SHARE, OBSERVED_YEARS
from riskstrat.features.visible_rows import INDEX, ROW, SUBJECT
from riskstrat.features.windows import Bounds
from riskstrat.registers import Registers

Days = NDArray[np.int64]
Coverage = tuple[date, date]
_NEVER, _FOR_EVER = -1_000_000, 1_000_000  # days since 1970, far outside any register


@dataclass(frozen=True, eq=False)
class ObservedTime:
    """When the subjects of a shard lived here, in days since 1970; an end is the day after the last.

    `row`, `start` and `end` have an entry for each row of the index slice and spell of residence of its subject, cut at
    death; `index` and `birth` one for each row.
    """

    row: Days
    start: Days
    end: Days
    index: Days
    birth: Days

    def days(self, bounds: Bounds, coverage: Coverage) -> Days:
        """Count the days of the window that are covered and lived here, (rows,)."""
        first_covered, last_covered = ((day - date(1970, 1, 1)).days for day in coverage)
        low = np.broadcast_to(np.maximum(self._start(bounds), first_covered), self.index.shape)
        high = np.minimum(self._after(bounds), last_covered + 1)
        overlap = np.minimum(self.end, high[self.row]) - np.maximum(self.start, low[self.row])
        days = np.bincount(self.row, weights=overlap.clip(min=0), minlength=len(self.index))
        return days.astype(np.int64)

    def share(self, bounds: Bounds, coverage: Coverage) -> NDArray[np.float64]:
        """Divide the observed days by those from the later of birth and the window's start, (rows,); 0 where none."""
        possible = self._after(bounds) - np.maximum(self._start(bounds), self.birth)
        share: NDArray[np.float64] = self.days(bounds, coverage) / possible.clip(min=1)
        return share

    def years(self, bounds: Bounds, coverage: Coverage) -> NDArray[np.float64]:
        """Give the observed days of a window in years, (rows,): how far back "ever" reaches."""
        return self.days(bounds, coverage) / DAYS_PER_YEAR

    def _start(self, bounds: Bounds) -> int | Days:
        return _NEVER if bounds.furthest is None else self.index - bounds.furthest

    def _after(self, bounds: Bounds) -> Days:
        """Give the day after the last of the window."""
        return self.index - bounds.nearest + 1


MEASURES = MappingProxyType({OBSERVED_SHARE: ObservedTime.share, OBSERVED_YEARS: ObservedTime.years})


def observed_time(index: pl.DataFrame, registers: Registers) -> ObservedTime:
    """Read when the subjects of a shard lived here.

    `index` has row (from 0), subject_id, index_date, birth_date and death_date, sorted by subject_id.
    """
    people = (index[SUBJECT][0], index[SUBJECT][-1])
    spells = (
        registers.scan("residences", people=people)
        .select("person_id", "start_date", "end_date")
        .sort("person_id")
        .join(index.lazy().select(SUBJECT, ROW, "death_date"), left_on="person_id", right_on=SUBJECT)
        .select(
            ROW,
            start=_days_since_1970("start_date", _NEVER),
            end=pl.min_horizontal(_days_since_1970(name, _FOR_EVER) for name in ("end_date", "death_date")) + 1,
        )
        .collect()
    )
    by_row = index.select(index=_days_since_1970(INDEX, _NEVER), birth=_days_since_1970("birth_date", _NEVER))
    numbers: Mapping[str, Days] = {column.name: column.to_numpy() for column in (*spells, *by_row)}
    return ObservedTime(**numbers)


def _days_since_1970(column: str, missing: int) -> pl.Expr:
    return pl.col(column).cast(pl.Int32).cast(pl.Int64).fill_null(missing)
