"""Everything about areas: how high, how sure, why, how unequal, and where prevention comes first.

In: what the steps of `riskstrat.study` composed. Out: one frozen record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.records.areas import AreaEstimates
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.records.validation import Validation


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaResults:
    """The answers about areas; all are read from the posterior draws of `estimates`.

    Attributes
    ----------
    estimates
        Risk, relative risk and unexplained ratio of each area.
    check
        Validation of `risk`: models judged by areas on which they were not trained.
    risk
        Risk (n,) of each row of the cohort, in cohort order, from the model fitted without the row's area; as
        predicted, before recalibration.
    target_risk
        Risk (m,) of each person of the target population, from the model and the recalibration of the person's area.
    reasons
        Frame of group, part, estimate, lower, upper (units of risk): each area's risk minus the municipality's, split
        into families of factors and what they do not explain.
    inequality
        Frame of metric, estimate, lower, upper; or why there is none.
    plan, strata_plan
        Where a budget averts most cases, among whole areas and among strata of people within areas; or why there is
        none.
    """

    estimates: AreaEstimates
    check: Validation
    risk: NDArray[np.float64] = field(repr=False)
    target_risk: NDArray[np.float64] = field(repr=False)
    reasons: pl.DataFrame
    inequality: pl.DataFrame | Omission
    plan: Plan | Omission
    strata_plan: Plan | Omission

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """The parts that are missing, in the order of the attributes."""
        parts = (self.inequality, self.plan, self.strata_plan)
        return tuple(part for part in parts if isinstance(part, Omission))
