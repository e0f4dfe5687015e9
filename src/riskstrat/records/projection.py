"""What is to be expected in the years to come, if risks stay what they are and the population grows as forecast."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from riskstrat.disclosure import Disclosure


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """Expected cases, people reached and staff by area and year.

    Attributes
    ----------
    by
        The columns that name an area.
    base_year, last_year
        The year of the people of today, and the last year that is looked ahead to.
    by_area
        Whether the forecast is by area; else all areas of a municipality are assumed to grow alike.
    areas
        One row an area and year: the columns of `by`, year, people (of those whom the condition concerns), cases
        (expected within the horizon) with ``_lower`` and ``_upper``; of a plan also reached and staff_hours.
    total
        The same for all areas together, one row a year.
    growth
        One row an age group of all residents in the forecast: ages, residents and later_residents (in the base year and
        in the last), change (as a share).
    """

    by: tuple[str, ...]
    base_year: int
    last_year: int
    by_area: bool
    areas: pl.DataFrame = field(repr=False)
    total: pl.DataFrame = field(repr=False)
    growth: pl.DataFrame = field(repr=False)
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)
