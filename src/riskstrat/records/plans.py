"""What a budget averts: by whole areas, by groups, and by other scenarios beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenarios:
    """Plans beside each other, for the same units on the same draws.

    Attributes
    ----------
    plans
        By the name of the scenario; the first is the one that the others are compared with.
    table
        One row a scenario: budget_sek, spent_sek, reached, staff_hours; averted, cost_per_averted and net_cost_sek (of
        all payers) with ``_lower`` and ``_upper``; ``difference`` in averted cases, this one minus the first on the
        same draws, with its interval; ``beats_spreading``, whether it surely averts more than the same share of every
        unit would for its money.
    """

    plans: Mapping[str, Plan] = field(repr=False)
    table: pl.DataFrame

    @property
    def first(self) -> Plan:
        """The plan that the others are compared with."""
        return next(iter(self.plans.values()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Plans:
    """Plans for one budget; where there is none, why.

    By whole areas, by groups within areas, and by groups of the whole municipality. ``scenarios`` sets the first beside
    those of the settings; None where these have none.
    """

    areas: Plan | Omission = field(repr=False)
    strata: Plan | Omission = field(repr=False)
    groups: Plan | Omission = field(repr=False)
    scenarios: Scenarios | None = field(default=None, repr=False)

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """What could not be planned, and why."""
        return tuple(each for each in (self.areas, self.strata, self.groups) if isinstance(each, Omission))
