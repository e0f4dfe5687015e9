"""Moments become days: zoned datetimes and texts with an offset in a time zone, numbers by what they count.

In: expressions or values as a source keeps them. Out: days of the calendar, or that a day stands for "unknown".
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from zoneinfo import available_timezones

import polars as pl

from riskstrat.errors import Problem, nearest

_UNKNOWN = (date(1800, 1, 1), date(1900, 1, 1))
STILL = date(2099, 12, 31)
"""From this day on a day stands for "never", and an end for "still": 2099-12-31, 2999-12-31, 9999-12-31."""

STOCKHOLM = "Europe/Stockholm"
"""The time zone in which a moment becomes a day, unless another is given."""

_OFFSET = (
    r"(?i)^(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[T ](\d{2}):?(\d{2})(?::?\d{2}(?:[.,]\d+)?)?\s*(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2})?)(?:\[[\w/+-]+\])?"
    r"|(?:Z|[+-]\d{2}:\d{2}))$"
)
_NEVER = 9999
"""The year of moments that stand for "never"; they keep the day that is written."""

_YYYYMMDD, _JULIAN, _JULIAN_1970 = "days written YYYYMMDD", "Julian days", 2_440_587.5
_YEARS, _MONTHS = "years", "months written YYYYMM"
PERIODS = MappingProxyType({_YEARS: ("year", "1 July (1950-07-01)"), _MONTHS: ("month", "the 15th (1950-01-15)")})
"""What numbers in a column of dates look like that are no days -> `birth_date_precision`, and a day within one."""

_UNITS = MappingProxyType(
    {
        _YEARS: (1801, 2101, 0),
        _MONTHS: (180_101, 210_113, 0),
        "days since 1970": (0, 1e5, 1),
        _JULIAN: (2_378_496, 2_488_070, 1),
        _YYYYMMDD: (18_000_101, 21_001_231, 1),
        "seconds since 1970": (1e6, 1e10, 86_400),
        "milliseconds since 1970": (1e10, 1e13, 86_400_000),
        "microseconds since 1970": (1e13, 1e16, 86_400_000_000),
        "nanoseconds since 1970": (1e16, 1e19, 86_400_000_000_000),
    }
)
"""What numbers in a column of dates count -> lowest and highest size of the largest of them, and how many are a day.

No register has events of 1801 to 2100 days after 1970 alone (nine months of 1974 and 1975): they are years.
"""


def unknown_zone(zone: str) -> Problem | None:
    """Say that a time zone is not in the IANA database, and what it may have meant.

    Examples
    --------
    >>> print(unknown_zone("Europe/Stokholm"))
    no time zone 'Europe/Stokholm'; expected a name such as Europe/Stockholm; did you mean 'Europe/Stockholm'?
    """
    there = available_timezones()
    if zone in there:
        return None
    meant = nearest(zone, sorted(there))
    remedy = f"did you mean '{meant}'?" if meant else "correct the name"
    return Problem(f"no time zone '{zone}'", f"a name such as {STOCKHOLM}", remedy)


def local_day(moment: pl.Expr, found: pl.DataType, zone: str) -> pl.Expr:
    """Give the day of a date, a datetime or a text; a time that has a zone becomes its day in `zone`.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> late = pl.DataFrame({"time": [datetime(2015, 6, 30, 22, 30, tzinfo=UTC)]})
    >>> late.select(local_day(pl.col("time"), late.schema["time"], STOCKHOLM)).item()
    datetime.date(2015, 7, 1)
    """
    if isinstance(found, pl.Datetime) and found.time_zone is not None:
        local = moment.dt.convert_time_zone(zone).dt.date()
        return pl.when(moment.dt.year() == _NEVER).then(moment.dt.date()).otherwise(local)
    if isinstance(found, pl.String):
        return local_text(moment.str.strip_chars(), zone).str.head(10).str.to_date("%Y-%m-%d", strict=False)
    return moment.cast(pl.Date, strict=False)


def local_text(text: pl.Expr, zone: str) -> pl.Expr:
    """Give a text with ``Z`` or an offset as its day in `zone`, ``YYYY-MM-DD``; any other text as it is.

    A day that has an offset but no time is that day.
    """
    year, month, day, hour, minute, sign, hours, minutes = (text.str.extract(_OFFSET, group) for group in range(1, 9))
    written = pl.concat_str(year, month, day, hour.fill_null("12"), minute.fill_null("00"))
    moment = written.str.to_datetime("%Y%m%d%H%M", strict=False)
    east = hours.cast(pl.Int64) * 60 + minutes.fill_null("0").cast(pl.Int64)
    offset = pl.when(sign == "-").then(-east).otherwise(east).fill_null(0)
    there = (moment - pl.duration(minutes=offset)).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    local = (
        pl.when(hour.is_null() | (moment.dt.year() == _NEVER)).then(moment).otherwise(there.dt.replace_time_zone(None))
    )
    return pl.coalesce(local.dt.to_string("%Y-%m-%d"), text)


def counted(lowest: float, highest: float) -> str | None:
    """Tell what numbers in a column of dates count, by the smallest and the largest of them; None where it is unclear.

    Examples
    --------
    >>> counted(18262, 19722), counted(1577836800, 1703980800), counted(2458849.5, 2460309.5), counted(3, 400_000)
    ('days since 1970', 'seconds since 1970', 'Julian days', None)
    >>> counted(1912, 2005), counted(191204, 200512)
    ('years', 'months written YYYYMM')
    """
    absolute = {_JULIAN, _YYYYMMDD, *PERIODS}
    largest = max(abs(lowest), abs(highest))
    fitting = (
        unit
        for unit, (low, high, _) in _UNITS.items()
        if (low <= lowest and highest < high if unit in absolute else low <= largest < high)
    )
    return min(fitting, key=lambda unit: unit not in absolute, default=None)


def day_of_number(number: pl.Expr, unit: str, zone: str | None) -> pl.Expr:
    """Give the day that a number counts to; moments since 1970 become days in `zone`, or of UTC where it is None."""
    if unit == _YYYYMMDD:
        return number.cast(pl.Int64).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    if unit == _JULIAN:
        return (number - _JULIAN_1970).floor().cast(pl.Int32).cast(pl.Date)
    a_day = _UNITS[unit][2]
    if zone is None or a_day == 1:
        return (number / a_day).floor().cast(pl.Int32).cast(pl.Date)
    seconds = (number / (a_day / 86_400)).floor().cast(pl.Int64)
    return pl.from_epoch(seconds, "s").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()


def whole_days(number: pl.Expr, unit: str) -> pl.Expr:
    """Whether a number counts to a midnight of UTC, as days do that were written as moments."""
    return number % _UNITS[unit][2] == 0


def stands_for_unknown(day: pl.Expr) -> pl.Expr:
    """Whether a day says that it is not known, or that it never came.

    A row of events on such a day is rejected; a birth or the start of a residence on one stops the opening of
    registers.
    """
    return (day.is_in(_UNKNOWN) | (day >= STILL)).fill_null(value=False)


def ended(end: pl.Expr) -> pl.Expr:
    """Give an end; null, which means "still", where it stands for that."""
    return pl.when(end < STILL).then(end)
