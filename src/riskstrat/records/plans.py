"""What a budget averts, planned by whole areas and by groups within them."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan


@dataclass(frozen=True, kw_only=True, eq=False)
class Plans:
    """Two plans for one programme and one budget, by whole areas and by groups within them; or why there is none."""

    areas: Plan | Omission = field(repr=False)
    strata: Plan | Omission = field(repr=False)

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """What could not be planned, and why."""
        return tuple(each for each in (self.areas, self.strata) if isinstance(each, Omission))
