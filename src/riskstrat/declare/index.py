"""Index kinds: from which day on people are followed.

In: declarations. Out: declarations; `riskstrat.cohort` turns them into index dates.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class IndexKind(Declaration):
    """How index dates are found."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OnDate(IndexKind):
    """Everybody who is eligible on one date."""

    date: dt.date


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Every(IndexKind):
    """Landmarks: everybody eligible at the last possible date, and every so many years before it."""

    years: Annotated[int, Field(ge=1, le=20)]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtAge(IndexKind):
    """The day on which a person reaches an age in months; a missing day becomes the first of the next month."""

    months: Annotated[int, Field(ge=1, le=1560)]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtBirth(IndexKind):
    """The day of birth; residence and area are those of that day."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtEvent(IndexKind):
    """The day of a person's first event of a kind."""

    register: str
    codes: str
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
