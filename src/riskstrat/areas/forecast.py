"""From theta to the risks of the people who are in the groups now.

In: the target population, its groups and predicted risks. Out: people and sums of risks by group, and the three named
quantities of draws of theta; with noise all of them from protected counts and means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import with_age_band
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.numerics.groups import AGE_BAND, common_groups
from riskstrat.records.areas import Draws

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """The people of the groups that are present now.

    Attributes
    ----------
    people
        People by group, (groups,).
    risk_sum
        Sum of their predicted risks, (groups,).
    relative
        From draws of theta, (draws, groups), to relative risks.
    """

    people: NDArray[np.int64]
    risk_sum: Floats
    relative: Callable[[Floats], Floats]

    def possible(self, theta: Floats, level: Floats) -> Floats:
        """Cut draws of theta, (draws, groups), where they would bring more outcomes than people."""
        predicted = level[:, None] * (self.risk_sum / self.people)
        return np.minimum(theta, np.divide(1.0, predicted, out=np.full_like(theta, np.inf), where=predicted > 0))

    def quantities(self, theta: Floats, level: Floats) -> Draws:
        """Compute the three named quantities, each (draws, groups)."""
        return Draws(
            # At most 1 but for rounding, because theta is possible.
            risk=np.minimum(level[:, None] * (theta * self.risk_sum) / self.people, 1.0),
            relative_risk=self.relative(theta),
            unexplained=theta,
        )


def groups_of_today(
    rows: ProtectedRows, group: Numbers, groups: int, fewest: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Say which groups have people now, and how many people there are in each, both (groups,).

    With noise these are the groups that may have the `fewest` people who are described: a group of one is no result.
    """
    people = rows.count(group, groups)
    return rows.describes(people, fewest), people


def forecast_groups(
    target: pl.DataFrame, group: Numbers, groups: int, risk: Floats, *, noise: CellNoise | None, fewest: int
) -> tuple[NDArray[np.bool_], Forecast]:
    """Say which of the groups have people now, (groups,), and what is expected of these.

    The relative risk of a group is its risk over that of the municipality's people of the same ages and sexes. Exactly,
    stratum by stratum and draw by draw: sum over strata s of n_is (theta_j S_js summed over j) / n_s. With noise no
    cell of a group's stratum is counted: with r_s the mean predicted risk of stratum s in the municipality and R_i the
    mean of r_s over the group's people, each a protected mean, the standard is n_i R_i, and every draw is scaled so
    that the mean of the relative risks, weighted by these, is 1.
    """
    inside = group >= 0
    rows = ProtectedRows.of(target, noise)
    present, people = groups_of_today(rows, group, groups, fewest)
    strata, (found,) = common_groups(("sex", AGE_BAND), with_age_band(target).filter(inside))
    stratum = np.full(len(group), -1)
    stratum[inside] = found
    if rows.noise is None:
        risk_sums, counts = _by_stratum(group[inside], found, risk[inside], (groups, strata.height))
        risk_sums, counts = risk_sums[present], counts[present]

        def exact(theta: Floats) -> Floats:
            stratum_risk = (theta @ risk_sums) / counts.sum(axis=0)
            return np.ascontiguousarray(theta * risk_sums.sum(axis=1) / (stratum_risk @ counts.T))

        return present, Forecast(people=people[present], risk_sum=risk_sums.sum(axis=1), relative=exact)
    mean = float(risk[inside].mean())
    standard_risk = np.maximum(rows.mean(risk, stratum, strata.height, name="risk", scale=mean), 0.01 * mean)
    of_person = np.where(inside, standard_risk[stratum], 0.0)
    standard = people * rows.mean(of_person, group, groups, name="standard", scale=float(np.ptp(standard_risk)))
    total = rows.risk_sum(risk, group, groups, scale=mean)[present]
    standard = np.clip(standard, people * standard_risk.min(), people * standard_risk.max())[present]

    def scaled(theta: Floats) -> Floats:
        level = (theta @ total) / standard.sum()
        return np.asarray(theta * total / standard / level[:, None])

    return present, Forecast(people=people[present], risk_sum=total, relative=scaled)


def _by_stratum(group: Numbers, stratum: Numbers, risk: Floats, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Sum risk and count people by group and stratum of sex and age band, both (groups, strata)."""
    cell, cells = group * shape[1] + stratum, shape[0] * shape[1]
    risk_sums = np.bincount(cell, risk, minlength=cells).reshape(shape)
    return risk_sums.astype(np.float64), np.bincount(cell, minlength=cells).reshape(shape).astype(np.float64)
