"""Days as int32 since 1970-01-01 and months since January 2009, the units of time inside the generator."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.parameters import FIRST_EVENT_YEAR, FIRST_YEAR, LAST_YEAR, MONTHS

Days = NDArray[np.int32]
NEVER = np.int32(2_000_000)
EPOCH = date(1970, 1, 1)


def day(year: int, month: int = 1, dom: int = 1) -> int:
    """Days since 1970 of a calendar date."""
    return (date(year, month, dom) - EPOCH).days


def as_date(number: int) -> date:
    """Calendar date of a day number."""
    return EPOCH + timedelta(days=int(number))


DATA_END = day(LAST_YEAR, 12, 31)
START, EVENTS_START = day(FIRST_YEAR), day(FIRST_EVENT_YEAR)


def month_start(month: int) -> int:
    """First day of month number `month`, 0 being January of the first event year."""
    return day(FIRST_EVENT_YEAR + month // 12, month % 12 + 1)


def month_starts() -> Days:
    """First days of all months of the simulation and of the one after, shape (MONTHS + 1,)."""
    return np.array([month_start(month) for month in range(MONTHS + 1)], dtype=np.int32)


def month_of(days: Days) -> NDArray[np.int16]:
    """Month number in which each day lies; negative before the first event year."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.clip(months - (FIRST_EVENT_YEAR - 1970) * 12, -30_000, 30_000).astype(np.int16)
