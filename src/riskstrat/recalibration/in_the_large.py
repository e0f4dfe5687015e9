"""Recalibration in the large, period by period: the risks of each period sum to its observed outcomes.

In: out-of-fold risks, outcomes, weights and landmarks of the same rows. Out: a `PeriodRecalibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem
from riskstrat.numerics.links import LOGIT, Link
from riskstrat.recalibration.values import SMALLEST_RISK, InTheLarge

Floats = NDArray[np.float64]

# The level of a period is then known to about a tenth.
ENOUGH_OUTCOMES = 100
ACCOUNT_SCHEMA = {
    "first_landmark": pl.Int32,
    "last_landmark": pl.Int32,
    "index_dates": pl.Int64,
    "cases": pl.Int64,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "dispersion": pl.Float64,
    "shift": pl.Float64,
    "standard_error": pl.Float64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class PeriodRecalibration:
    """One recalibration in the large for each period of landmarks.

    Attributes
    ----------
    levels
        Recalibration of each period, oldest first, (k,).
    account
        One row a period: first_landmark, last_landmark, index_dates (rows that count), cases (outcomes among them),
        observed (weighted outcomes), expected (sum of risks before recalibration), dispersion (variance of the
        weighted count over its mean), shift and its standard_error (on the link's scale).
    """

    levels: tuple[InTheLarge, ...]
    account: pl.DataFrame

    @property
    def latest(self) -> InTheLarge:
        """Recalibration of the latest period: what predictions for today need."""
        return self.levels[-1]

    @property
    def level_variance(self) -> float:
        """Variance of the latest period's level relative to that of all periods; 0 with one period.

        A period's level is known to 1/O, that of all periods together to 1/sum O, which theta already carries. The
        difference belongs to predictions for today alone. Without it 90 % intervals of the municipality's expected
        cases cover 0.45 to 0.76 (benchmarks/honesty_areas.py).
        """
        outcomes = (self.account["observed"] / self.account["dispersion"]).to_numpy()
        return max(0.0, float(1 / outcomes[-1] - 1 / outcomes.sum()))

    def apply(self, risk: Floats, landmark: NDArray[np.integer]) -> Floats:
        """Move risks in [0, 1], (n,), by the recalibration of their landmarks' periods; the last has no end."""
        period, moved = self._period(landmark), np.empty(len(risk))
        for number, level in enumerate(self.levels):
            moved[period == number] = level.apply(risk[period == number])
        return moved

    def dispersion(self, landmark: NDArray[np.integer]) -> Floats:
        """Dispersion of the period of each row's landmark, (n,); counts divided by it have Poisson variance."""
        return np.asarray(self.account["dispersion"].to_numpy()[self._period(landmark)])

    def _period(self, landmark: NDArray[np.integer]) -> NDArray[np.intp]:
        ends = self.account["last_landmark"].to_numpy()
        return np.minimum(np.searchsorted(ends, landmark), len(ends) - 1)


def in_the_large(
    risk: Floats,
    outcome: NDArray[np.bool_],
    landmark: NDArray[np.integer],
    *,
    included: NDArray[np.bool_],
    weight: Floats | None = None,
    link: Link = LOGIT,
) -> PeriodRecalibration:
    """Find the levels at which the risks of each period sum to its observed outcomes.

    Landmarks with fewer than 100 outcomes are joined with the next older ones into a period, because today's level
    would else depend on a few outcomes. A second recalibration changes nothing.

    Parameters
    ----------
    risk
        Predicted risks in [0, 1], (n,), each from a model that has not seen its row. The rows of all folds are
        recalibrated together: the sum of all expected outcomes must agree, not each fold's.
    outcome
        Whether the outcome was observed, (n,).
    landmark
        Landmark of each row, (n,).
    included
        Whether the row counts: its outcome was assessed, or need not be, (n,).
    weight
        Inverse probability of being followed, (n,). None counts outcomes unweighted; their dispersion is then 1.
    link
        Scale on which the level is moved: the model's.

    Returns
    -------
    PeriodRecalibration

    Raises
    ------
    DesignError
        If there is no outcome, or nothing but outcomes: observed and expected cannot be made to agree.

    Examples
    --------
    >>> risk, outcome = np.repeat([0.1, 0.3], 500), np.arange(1000) % 5 == 0
    >>> everybody = np.ones(1000, dtype=bool)
    >>> found = in_the_large(risk, outcome, np.zeros(1000, dtype=int), included=everybody)
    >>> round(float(found.latest.apply(risk).sum()), 6)
    200.0
    """
    weighted = outcome * (included.astype(np.float64) if weight is None else weight)
    _check_outcomes(weighted, included)
    rows = []
    for first, last in _periods(landmark, weighted):
        counted = included & (landmark >= first) & (landmark <= last)
        of_period = None if weight is None else weight[counted]
        rows.append(
            {"first_landmark": first, "last_landmark": last}
            | _account(risk[counted], weighted[counted], of_period, link)
        )
    account = pl.DataFrame(rows, schema=ACCOUNT_SCHEMA)
    moves = account.select("shift", "standard_error").iter_rows(named=True)
    return PeriodRecalibration(levels=tuple(InTheLarge(link=link, **move) for move in moves), account=account)


def shift_to_total(risk: Floats, total: float, link: Link = LOGIT) -> float:
    """Constant to add to all risks, on the link's scale, so that they sum to a total above 0 and below n.

    Examples
    --------
    >>> risk = np.array([0.1, 0.2, 0.3])
    >>> shift = shift_to_total(risk, 1.2)
    >>> round(float(LOGIT.inverse(LOGIT.link(risk) + shift).sum()), 9)
    1.2
    """
    from scipy.optimize import brentq

    linear = link.of_risk(risk, edge=SMALLEST_RISK)
    return float(brentq(lambda shift: float(link.inverse(linear + shift).sum()) - total, -50, 50, xtol=1e-13))


def _periods(landmark: NDArray[np.integer], weighted: Floats) -> list[tuple[int, int]]:
    """First and last landmark of each period, oldest first; filled from the latest landmark backwards."""
    labels, numbers = np.unique(landmark, return_inverse=True)
    outcomes = np.bincount(numbers, weighted)
    periods: list[list[int]] = [[]]
    total = 0.0
    for label, count in zip(labels[::-1].tolist(), outcomes[::-1].tolist(), strict=True):
        periods[-1].append(label)
        total += count
        if total >= ENOUGH_OUTCOMES:
            periods.append([])
            total = 0.0
    oldest = periods.pop()
    periods = [*periods[:-1], periods[-1] + oldest] if periods else [oldest]
    return [(min(period), max(period)) for period in reversed(periods)]


def _account(risk: Floats, weighted: Floats, weight: Floats | None, link: Link) -> dict[str, float]:
    """Count one period and find its level; all of its rows are given."""
    observed = float(weighted.sum())
    shift = shift_to_total(risk, observed, link)
    linear = link.of_risk(risk, edge=SMALLEST_RISK) + shift
    dispersion = 1.0 if weight is None else _dispersion(weight, weighted, link.inverse(linear))
    return {
        "index_dates": len(risk),
        "cases": int((weighted > 0).sum()),
        "observed": observed,
        "expected": float(risk.sum()),
        "dispersion": dispersion,
        "shift": shift,
        # The sum of the risks has variance dispersion x observed, and this slope in the shift (the delta method).
        "standard_error": (dispersion * observed) ** 0.5 / float(link.derivative(linear).sum()),
    }


def _dispersion(weight: Floats, weighted: Floats, risk: Floats) -> float:
    """Variance over mean of sum(w y) given the risks p: (sum w^2 y - sum p^2) / sum w y.

    The first term is the price of the censoring weights. The second is there because an outcome happens once: its
    variance is p (1 - p), and without it intervals are too wide where risks are high.
    """
    return float(((weight * weighted).sum() - (risk**2).sum()) / weighted.sum())


def _check_outcomes(weighted: Floats, included: NDArray[np.bool_]) -> None:
    if not 0 < weighted.sum() < included.sum():
        raise DesignError(
            Problem(
                found="a cohort with no outcome, or with nothing but outcomes",
                expected="both, so that observed and expected can be made to agree",
                remedy="use more landmarks or a wider population",
            )
        )
