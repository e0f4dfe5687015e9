"""What a budget averts, planned by whole areas, by groups within them and by groups across them."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan


@dataclass(frozen=True, kw_only=True, eq=False)
class Plans:
    """Plans for one programme and one budget; where there is none, why.

    By whole areas, by groups within areas, and by groups of the whole municipality.
    """

    areas: Plan | Omission = field(repr=False)
    strata: Plan | Omission = field(repr=False)
    groups: Plan | Omission = field(repr=False)

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """What could not be planned, and why."""
        return tuple(each for each in (self.areas, self.strata, self.groups) if isinstance(each, Omission))
