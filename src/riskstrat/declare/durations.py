"""Durations as epidemiologists write them (``"90d"``, ``"5y"``, ``"ever"``) to days.

In: text. Out: whole days, or None for ``"ever"``.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import AfterValidator

from riskstrat.declare.base import LocalisedText

EVER = "ever"
DAYS_PER_YEAR = 365.25
LONGEST_YEARS = 150
LONGEST_DAYS = math.ceil(LONGEST_YEARS * DAYS_PER_YEAR)
_DURATION = re.compile(r"([0-9]{1,6})([dy])")


def duration_days(text: str) -> int:
    """Turn a duration into days; a year is 365.25 days and halves round up."""
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"'{text}' is not a duration: write days as '90d' or years as '5y', at least one")
    number, unit = int(match[1]), match[2]
    days = number if unit == "d" else math.floor(number * DAYS_PER_YEAR + 0.5)
    if days > LONGEST_DAYS:
        raise ValueError(f"'{text}' is longer than anybody has lived: write 'ever', or at most '{LONGEST_YEARS}y'")
    return days


def window_days(text: str) -> int | None:
    """Turn a look-back window into days, or None for ``"ever"``.

    Examples
    --------
    >>> window_days("3y"), window_days("ever")
    (1096, None)
    """
    return None if text == EVER else duration_days(text)


def describe_lookback(text: str) -> LocalisedText:
    """Say how long a window is.

    Examples
    --------
    >>> [describe_lookback(text).en for text in ("90d", "1y", "ever")]
    ['90 days', '1 year', 'ever']
    >>> describe_lookback("5y").sv
    '5 år'
    """
    if text == EVER:
        return LocalisedText(en="ever", sv="någonsin")
    number, unit = int(text[:-1]), text[-1]
    en, sv = ("day", "dag" if number == 1 else "dagar") if unit == "d" else ("year", "år")
    return LocalisedText(en=f"{number} {en}{'' if number == 1 else 's'}", sv=f"{number} {sv}")


def _checked_duration(text: str) -> str:
    duration_days(text)
    return text


def _checked_window(text: str) -> str:
    window_days(text)
    return text


def _checked_gap(text: str) -> str:
    return text if text == "0d" else _checked_duration(text)


Duration = Annotated[str, AfterValidator(_checked_duration)]
"""``"90d"`` or ``"5y"``, at least one day."""

Window = Annotated[str, AfterValidator(_checked_window)]
"""A duration or ``"ever"``."""

Gap = Annotated[str, AfterValidator(_checked_gap)]
"""A duration or ``"0d"``."""
