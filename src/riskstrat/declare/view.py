"""What index, outcome and population kinds read of the registers, and the rules by which they leave persons out.

In: the protocols that a cohort builder fulfils. Out: nothing is computed here; days are inclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self

import polars as pl

from riskstrat.declare.base import LocalisedText
from riskstrat.declare.event_queries import Rows


class View(Protocol):
    """The registers as they were known on one day.

    Candidates are pairs of person and index date: row (their number), person_id, index_date, birth_date, sex, and,
    where they are followed, last_day (the last day on which an outcome counts) and horizon_covered (whether
    ``index_date + horizon`` is not after the view's own last_day).
    """

    @property
    def as_of(self) -> date:
        """The as-of date: what happens on it or later is not known."""

    @property
    def horizon_days(self) -> int:
        """Length of the time at risk."""

    @property
    def first_day(self) -> date:
        """First day from which on all of the outcome's registers are covered."""

    @property
    def last_day(self) -> date:
        """Last day of which the outcome's registers and deaths are covered and were known."""

    @property
    def persons(self) -> pl.LazyFrame:
        """person_id, birth_date, birth_number (yyyymmdd), sex and, where it was known, death_date of everybody."""

    def events(self, rows: Rows) -> pl.LazyFrame:
        """person_id, date, end_date, code and value of the matching rows that were known."""

    def coverage_start(self, register: str) -> date:
        """First day that a register covers."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A reason to leave persons out.

    Attributes
    ----------
    reason
        Its name in the flow.
    leaves_out
        Expression that is true for those who are left out.

    Examples
    --------
    >>> rule = Rule.of("too young", "för unga", pl.col("age_years") < 18)
    >>> rule.reason.sv
    'för unga'
    """

    reason: LocalisedText
    leaves_out: pl.Expr

    @classmethod
    def of(cls, en: str, sv: str, leaves_out: pl.Expr) -> Self:
        """Make a rule of its name in both languages."""
        return cls(reason=LocalisedText(en=en, sv=sv), leaves_out=leaves_out)
