"""Look-back windows: which days before an index date count.

In: declared windows and index dates. Out: bounds and expressions in days before the index; 1 is the day before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare.durations import window_days
from riskstrat.declare.features import DaysSince, EventFeature
from riskstrat.declare.windows import AnchoredWindow

DAYS, END_DAYS, FROM_DAYS, TO_DAYS = "days", "end_days", "from_days", "to_days"
EVENT_DATE = "event_date"
Days = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bounds:
    """The first and last day of a window, in days before the index: one number for all rows, or one for each.

    `furthest` is None where there is no limit. A window without days has it nearer than `nearest`; nothing of such a
    window is observed, so what its rows would give does not matter.
    """

    nearest: int | Days
    furthest: int | Days | None

    def begun(self, row: pl.Expr) -> pl.Expr:
        """Whether a date is on or before the last day of the window of index date number `row` of the index slice."""
        return pl.col(DAYS) >= _of(self.nearest, row)

    def reached(self, row: pl.Expr, days: str) -> pl.Expr:
        """Whether a day (DAYS or END_DAYS of a row) is on or after the first day of the window."""
        return pl.lit(value=True) if self.furthest is None else pl.col(days) <= _of(self.furthest, row)

    def spell_bounds(self, row: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        """First and last day of a spell inside the window, in days before the index."""
        first = pl.col(DAYS) if self.furthest is None else pl.min_horizontal(DAYS, _of(self.furthest, row))
        return first.alias(FROM_DAYS), pl.max_horizontal(END_DAYS, _of(self.nearest, row)).alias(TO_DAYS)


def _of(bound: int | Days, row: pl.Expr) -> pl.Expr:
    return pl.lit(bound) if isinstance(bound, int) else pl.lit(pl.Series(bound)).gather(row)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The days ``[index - gap - within, index - gap)``, or from an anchor to ``index - gap``; None is no limit."""

    within_days: int | None
    gap_days: int
    anchor: AnchoredWindow | None = None

    @classmethod
    def of(cls, feature: EventFeature) -> Window:
        """Read the window of a feature."""
        if isinstance(feature.window, AnchoredWindow):
            return cls(within_days=None, gap_days=feature.gap_days, anchor=feature.window)
        return cls(within_days=window_days(feature.window), gap_days=feature.gap_days)

    @property
    def is_ever(self) -> bool:
        """Whether nothing limits it."""
        return self.within_days is None and self.anchor is None

    @property
    def nearest_day(self) -> int:
        """Last day of the window, in days before the index."""
        return self.gap_days + 1

    @property
    def furthest_day(self) -> int | None:
        """First day of the window, in days before the index; None where nothing limits it, or an anchor does."""
        return None if self.within_days is None else self.gap_days + self.within_days

    def first_date(self, earliest_index: date) -> date | None:
        """First date that can lie in the window of this index or a later one; None where there is no limit."""
        if self.anchor is not None:
            return self.anchor.earliest
        furthest = self.furthest_day
        return None if furthest is None else date.fromordinal(max(earliest_index.toordinal() - furthest, 1))

    @property
    def dated_by(self) -> tuple[DaysSince, ...]:
        """The feature of the rows whose first one dates the window, if there are such."""
        event = None if self.anchor is None else self.anchor.event
        if event is None:
            return ()
        lowest, highest = event.value_range
        return (
            DaysSince(
                register=event.register,
                codes=event.codes,
                settings=event.settings,
                positions=event.positions,
                at_least=lowest,
                at_most=highest,
            ),
        )

    def bounds(self, index: pl.DataFrame) -> Bounds:
        """Compute where the window lies, from index_date, birth_date and, where an event dates it, event_date."""
        if self.anchor is None:
            return Bounds(self.nearest_day, self.furthest_day)
        end = self.anchor.end()
        nearest = pl.lit(self.nearest_day, dtype=pl.Int64)
        bounds = index.select(
            nearest=nearest if end is None else pl.max_horizontal(nearest, _days_before_index(end) + 1),
            furthest=_days_before_index(self.anchor.start()).fill_null(0),
        )
        return Bounds(bounds["nearest"].to_numpy(), bounds["furthest"].to_numpy())


def _days_before_index(day: pl.Expr) -> pl.Expr:
    return (pl.col("index_date") - day).dt.total_days()


def longest(windows: Iterable[Window]) -> Window | None:
    """Pick the longest window that is a length, of equally long ones that nearest to the index; None of "ever" alone.

    Where none is a length it is the first by name, whatever their order.

    Examples
    --------
    >>> year, ever = Window(within_days=365, gap_days=0), Window(within_days=None, gap_days=30)
    >>> longest([ever, year]) == year, longest([ever]) is None
    (True, True)
    """

    def by_length(window: Window) -> tuple[str, int, int]:
        return "" if window.anchor is None else window.anchor.name, -(window.within_days or 0), window.gap_days

    return min((window for window in windows if not window.is_ever), key=by_length, default=None)


def ever(windows: Iterable[Window]) -> Window | None:
    """Pick the window without a limit that is nearest to the index, if there is one."""
    return min((window for window in windows if window.is_ever), key=lambda window: window.gap_days, default=None)
