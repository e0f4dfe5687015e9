"""Look-back windows that begin and end elsewhere than a length before the index: at ages, on a date, at an event.

In: declarations. Out: expressions of the first day and of the day after the last; the index ends every window.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from typing import Annotated, Self

import polars as pl
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.calendar import plus_months
from riskstrat.declare.durations import Window, describe_lookback, window_days
from riskstrat.declare.event_queries import Rows
from riskstrat.declare.rows import RowCriteria, values_text

Years = Annotated[float, Field(ge=0, le=130)]

OBSERVED_SHARE, OBSERVED_YEARS = "observed_share", "observed_years"


def tells_observation(column: str) -> bool:
    """Whether a column of X says how much of a window was observed, and nothing of what happened in it.

    Examples
    --------
    >>> tells_observation("mother_diagnoses__observed_years"), tells_observation("bmi")
    (True, False)
    """
    return column.endswith((f"__{OBSERVED_SHARE}", f"__{OBSERVED_YEARS}"))


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AnchoredWindow(Declaration, ABC):
    """A window that is not a length before the index; a new kind defines its start, and may define its end.

    For a relative the ages and events are the relative's own. Where a window has no day before the index (an age that
    is not reached, an event that has not happened) no day of it could be observed: the feature is null.

    Examples
    --------
    >>> Since(dt.date(2015, 1, 1)).description.en
    'since 2015-01-01'
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the window in the feature's column."""

    @property
    @abstractmethod
    def description(self) -> LocalisedText:
        """Name of the window in a label."""

    @property
    def event(self) -> Rows | None:
        """The rows whose first visible one dates the window, where one does: it is event_date below."""
        return None

    @property
    def earliest(self) -> dt.date | None:
        """The first date that can lie in anybody's window, where it is known; rows before it are not read."""
        return None

    @abstractmethod
    def start(self) -> pl.Expr:
        """Give the first day (Date) from index_date, birth_date and event_date; null where there is no window."""

    def end(self) -> pl.Expr | None:
        """Give the day after the last (Date) from the same columns; None where only the index ends the window."""
        return None


@dataclass(frozen=True, config=CONFIG)
class BetweenAges(AnchoredWindow):
    """The days from one birthday to the day before another, as far as they lie before the index.

    Parameters
    ----------
    from_years, to_years
        Ages in years; parts of years are whole months.

    Examples
    --------
    >>> BetweenAges(1.5, 4).name
    'between_ages_1y6m_4y'
    """

    from_years: Years
    to_years: Years

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if _months(self.from_years) >= _months(self.to_years):
            raise ValueError("from_years must be at least a month below to_years")
        return self

    @property
    def name(self) -> str:
        """Name of the window in the feature's column."""
        return f"between_ages_{_age_name(self.from_years)}_{_age_name(self.to_years)}"

    @property
    def description(self) -> LocalisedText:
        """Name of the window in a label."""
        ages = f"{self.from_years:g}–{self.to_years:g}"
        return LocalisedText(en=f"at ages {ages}", sv=f"vid {ages} års ålder")

    def start(self) -> pl.Expr:
        """Give the first birthday; a day that the month does not have is the first of the next."""
        return plus_months(pl.col("birth_date"), _months(self.from_years))

    def end(self) -> pl.Expr:
        """Give the last birthday."""
        return plus_months(pl.col("birth_date"), _months(self.to_years))


@dataclass(frozen=True, config=CONFIG)
class Since(AnchoredWindow):
    """The days from a date of the calendar to the index.

    Parameters
    ----------
    date
        The first day of the window.

    Examples
    --------
    >>> Since(dt.date(2015, 1, 1)).name
    'since_2015-01-01'
    """

    date: dt.date

    @property
    def name(self) -> str:
        """Name of the window in the feature's column."""
        return f"since_{self.date.isoformat()}"

    @property
    def description(self) -> LocalisedText:
        """Name of the window in a label."""
        return LocalisedText(en=f"since {self.date.isoformat()}", sv=f"sedan {self.date.isoformat()}")

    @property
    def earliest(self) -> dt.date:
        """The date itself."""
        return self.date

    def start(self) -> pl.Expr:
        """Give the date."""
        return pl.lit(self.date)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class SinceFirst(AnchoredWindow, RowCriteria):
    """The days from the first row that was known before the index, its own day included, to the index.

    Parameters
    ----------
    register, codes, settings, positions, at_least, at_most, equal_to
        Which rows, as in `EventFeature`.

    Examples
    --------
    >>> SinceFirst(register="diagnoses", codes="E10-E14").name
    'since_first_diagnoses_E10-E14'
    """

    @property
    def name(self) -> str:
        """Name of the window in the feature's column."""
        return "_".join(("since_first", self.register, self.codes, *self.settings, *self.positions, *self.bounds))

    @property
    def description(self) -> LocalisedText:
        """Name of the window in a label."""
        what = f"{self.codes}{values_text(self.value_range)}"
        return LocalisedText(en=f"since the first {what}", sv=f"sedan första {what}")

    @property
    def event(self) -> Rows:
        """The rows themselves."""
        return self

    def start(self) -> pl.Expr:
        """Give the date of the event; null where there is none."""
        return pl.col("event_date")


def window_name(window: str | AnchoredWindow) -> str:
    """Name a window in a column.

    Examples
    --------
    >>> window_name("5y"), window_name(BetweenAges(2, 4))
    ('5y', 'between_ages_2y_4y')
    """
    return window if isinstance(window, str) else window.name


def describe_window(window: str | AnchoredWindow) -> LocalisedText:
    """Name a window in a label."""
    return describe_lookback(window) if isinstance(window, str) else window.description


def _months(years: float) -> int:
    return round(years * 12)


def _age_name(years: float) -> str:
    whole, months = divmod(_months(years), 12)
    return f"{whole}y" + (f"{months}m" if months else "")


Lookback = Window | AnchoredWindow
"""A duration, ``"ever"``, or a window that begins elsewhere."""


def _checked(windows: Lookback | tuple[Lookback, ...]) -> Lookback | tuple[Lookback, ...]:
    """Refuse windows that would give the same column twice; one window is no tuple."""
    if not isinstance(windows, tuple):
        return windows
    lengths = {window_days(window) if isinstance(window, str) else window for window in windows}
    if not windows or len(lengths) < len(windows):
        raise ValueError(f"{', '.join(map(window_name, windows)) or 'no windows'}: not several different windows")
    return windows if len(windows) > 1 else windows[0]


def _sort(window: object) -> str:
    if isinstance(window, tuple | list):
        return "several"
    return "anchored" if isinstance(window, AnchoredWindow) else "length"


_One = Annotated[Annotated[Window, Tag("length")] | Annotated[AnchoredWindow, Tag("anchored")], Discriminator(_sort)]
_Several = tuple[_One, ...]
Windows = Annotated[
    Annotated[Window, Tag("length")] | Annotated[AnchoredWindow, Tag("anchored")] | Annotated[_Several, Tag("several")],
    Discriminator(_sort),
    AfterValidator(_checked),
]
"""A window or several different ones, such as ``("1y", "5y", "ever")``."""
