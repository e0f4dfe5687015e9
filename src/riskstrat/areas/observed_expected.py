"""Observed and expected outcomes per group, comparable with each other and with Poisson counts.

In: a cohort, its out-of-fold risks and their recalibration. Out: each row's share of O and E, and their sums per group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import raise_if, sums
from riskstrat.errors.arguments import checked
from riskstrat.incidence import censoring_weights
from riskstrat.numerics.links import LOGIT, Link
from riskstrat.recalibration import PeriodRecalibration, in_the_large
from riskstrat.records.cohort import Cohort, coverage_problems


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedExpected:
    """Each row's share of the observed and of the expected outcomes; rows in cohort order.

    Attributes
    ----------
    risk
        Recalibrated out-of-fold risks in [0, 1], (n,).
    included
        Whether the row counts in E, (n,): its outcome was assessed, or need not be.
    weighted_outcome
        Weight x outcome, (n,); its sum estimates the outcomes there would be without censoring.
    dispersion
        Variance of the weighted count over its mean, (n,), one value a period; dividing both counts by it gives them
        Poisson variance.
    """

    risk: NDArray[np.float64]
    included: NDArray[np.bool_]
    weighted_outcome: NDArray[np.float64]
    dispersion: NDArray[np.float64]

    def by_group(self, group: NDArray[np.integer], groups: int) -> pl.DataFrame:
        """Sum over the rows of each group, numbered (n,); rows of group -1 are left out.

        One row a group: ``index_dates`` (rows), ``cases``, and ``observed`` and ``expected`` of Poisson variance.
        """
        return pl.DataFrame(
            {
                "index_dates": sums(group, None, groups),
                "cases": sums(group, self.weighted_outcome > 0, groups).astype(np.int64),
                "observed": sums(group, self.weighted_outcome / self.dispersion, groups),
                "expected": sums(group, self.included * self.risk / self.dispersion, groups),
            }
        )


@checked
def recalibrate(cohort: Cohort, risk: NDArray[np.float64], link: Link = LOGIT) -> PeriodRecalibration:
    """Find the level, period by period, at which out-of-fold risks agree with the outcomes of a cohort.

    Where the outcome must be measured, rows count unweighted if they were assessed. Else outcomes are weighted by the
    inverse probability of being followed, and the risk of every row counts.

    Parameters
    ----------
    cohort
        With event, duration_days, assessed and landmark.
    risk
        Out-of-fold risks in [0, 1], (n,) in cohort order.
    link
        Scale on which the level is moved: the link of the models that predicted the risks.

    Returns
    -------
    riskstrat.recalibration.PeriodRecalibration
        ``apply(risk, landmark)`` for the cohort, ``latest.apply(risk)`` for the people of today.

    Raises
    ------
    UsageError
        If the horizon of some index dates is not covered: what is counted uses ``cohort.covered``.
    DesignError
        If there is no outcome, or nothing but outcomes: observed and expected cannot be made to agree.

    Examples
    --------
    >>> from datetime import date
    >>> people = pl.DataFrame({"event": [1, 0, 0, 0], "duration_days": [200, 365, 365, 365]}).with_columns(
    ...     assessed=pl.lit(True), landmark=0
    ... )
    >>> flow = pl.DataFrame()
    >>> cohort = Cohort(condition="any", flow=flow, as_of=date(2024, 1, 1), people=people, horizon_days=365)
    >>> recalibration = recalibrate(cohort, np.full(4, 0.5))
    >>> recalibration.latest.apply(np.array([0.5])).round(6).tolist()
    [0.25]
    """
    raise_if(coverage_problems(cohort))
    included, weight = _weights(cohort)
    outcome, landmark = _happened(cohort), cohort.people["landmark"].to_numpy()
    return in_the_large(risk, outcome, landmark, included=included, weight=weight, link=link)


def observed_expected(
    cohort: Cohort, risk: NDArray[np.float64], recalibration: PeriodRecalibration
) -> ObservedExpected:
    """Give each row its share of O and E; `recalibration` is the one that the out-of-fold risks went through."""
    included, weight = _weights(cohort)
    return ObservedExpected(
        risk=risk,
        included=included,
        weighted_outcome=_happened(cohort) * (included.astype(np.float64) if weight is None else weight),
        dispersion=recalibration.dispersion(cohort.people["landmark"].to_numpy()),
    )


def _happened(cohort: Cohort) -> NDArray[np.bool_]:
    return np.asarray(cohort.people["event"].to_numpy() == 1)


def _weights(cohort: Cohort) -> tuple[NDArray[np.bool_], NDArray[np.float64] | None]:
    """Which rows count, and the inverse probability of being followed; no weights where outcomes must be measured."""
    included = cohort.people["assessed"].to_numpy()
    if cohort.must_be_assessed:
        return included, None
    return included, censoring_weights(cohort.outcome, cohort.horizon_days, strata=cohort.people["landmark"])
