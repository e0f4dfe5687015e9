"""An indicator over years: what it was, what it is, and what it would be without action."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from riskstrat.declare import Indicator, LocalisedText
from riskstrat.disclosure import Disclosure


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowUp:
    """An indicator by group and year, and what is expected of it where nothing is done.

    Attributes
    ----------
    indicator
        What is followed.
    as_of
        The day of which the registers were read.
    by
        Grouping columns; none is everybody.
    measured
        One row a group and year: the grouping columns, year, count, denominator, estimate, lower and upper (95 %), and
        where there is no number ``missing`` and ``missing_sv``, the reason. Never 0 in the place of what is not known.
    expected
        One row a group and year to come: estimate, lower and upper (95 % prediction interval), in the same units.
    assumption
        What the expectation assumes.
    protected
        Whether all of this comes from protected counts.
    compared
        What `riskstrat.indicators.compare` found against what an earlier run expected; None where there was none.
    """

    indicator: Indicator
    as_of: date
    by: tuple[str, ...] = ()
    measured: pl.DataFrame = field(repr=False)
    expected: pl.DataFrame = field(repr=False)
    assumption: LocalisedText = field(repr=False)
    protected: bool = False
    compared: pl.DataFrame | None = field(default=None, repr=False)
    disclosure: Disclosure = field(default_factory=Disclosure, repr=False)

    @property
    def latest(self) -> pl.DataFrame:
        """What it is: of each group the last year with a number."""
        known = self.measured.filter(pl.col("estimate").is_not_null()).sort("year")
        return known.group_by(self.by, maintain_order=True).last() if self.by else known.tail(1)
