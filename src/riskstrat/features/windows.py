"""Look-back windows: which rows of a person's past an index date sees.

In: declared lengths. Out: expressions and bounds in days before the index, where 1 is the day before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from riskstrat.declare.durations import duration_days, window_days
from riskstrat.declare.features import EventFeature

DAYS, END_DAYS, FROM_DAYS, TO_DAYS = "days", "end_days", "from_days", "to_days"


@dataclass(frozen=True, kw_only=True)
class Window:
    """The days ``[index - gap - within, index - gap)``.

    Parameters
    ----------
    within_days
        Length; None reaches back for ever.
    gap_days
        Days between the end of the window and the index.
    """

    within_days: int | None
    gap_days: int

    @classmethod
    def of(cls, feature: EventFeature) -> Window:
        """Read the window of a feature.

        Examples
        --------
        >>> from riskstrat.declare import Ever
        >>> Window.of(Ever(register="diagnoses", codes="I21", within="1y", gap="30d")).furthest_day
        395
        """
        gap = 0 if feature.gap == "0d" else duration_days(feature.gap)
        return cls(within_days=window_days(feature.window), gap_days=gap)

    @property
    def nearest_day(self) -> int:
        """Last day of the window, in days before the index."""
        return self.gap_days + 1

    @property
    def furthest_day(self) -> int | None:
        """First day of the window, in days before the index; None where it reaches back for ever."""
        return None if self.within_days is None else self.gap_days + self.within_days

    def holds_rows(self) -> pl.Expr:
        """Whether a row's date lies in the window."""
        return pl.col(DAYS).is_between(self.nearest_day, self.furthest_day or pl.col(DAYS))

    def meets_spells(self) -> pl.Expr:
        """Whether a day from a row's date to its end lies in the window."""
        return (pl.col(DAYS) >= self.nearest_day) & (pl.col(END_DAYS) <= (self.furthest_day or pl.col(END_DAYS)))

    def spell_bounds(self) -> tuple[pl.Expr, pl.Expr]:
        """First and last day of a spell inside the window, in days before the index."""
        first = pl.col(DAYS).clip(upper_bound=self.furthest_day).alias(FROM_DAYS)
        return first, pl.col(END_DAYS).clip(lower_bound=self.nearest_day).alias(TO_DAYS)


def longest(windows: set[Window]) -> Window:
    """Pick the longest window; of equally long ones that nearest to the index.

    Examples
    --------
    >>> longest({Window(within_days=365, gap_days=0), Window(within_days=None, gap_days=30)}).within_days is None
    True
    """
    return max(windows, key=lambda window: (window.within_days is None, window.within_days or 0, -window.gap_days))
