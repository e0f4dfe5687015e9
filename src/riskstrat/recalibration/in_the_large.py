"""Recalibration in the large, period by period: the risks of each period sum to its observed outcomes.

In: out-of-fold risks, outcomes, weights and landmarks of the same rows. Out: a `PeriodRecalibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import ProtectedRows, Whole
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
    "weighted_cases": pl.Float64,
    "expected": pl.Float64,
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
        weighted_cases (their weights' sum), expected (sum of risks before recalibration), shift and its
        standard_error (on the link's scale).
    divisor
        Variance of the weighted cases of all periods over their mean, by person: counts divided by it have Poisson
        variance.
    """

    levels: tuple[InTheLarge, ...]
    account: pl.DataFrame
    divisor: float

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
        outcomes = (self.account["weighted_cases"] / self.divisor).to_numpy()
        return max(0.0, float(1 / outcomes[-1] - 1 / outcomes.sum()))

    def apply(self, risk: Floats, landmark: NDArray[np.integer]) -> Floats:
        """Move risks in [0, 1], (n,), by the recalibration of their landmarks' periods; the last has no end."""
        period, moved = self._period(landmark), np.empty(len(risk))
        for number, level in enumerate(self.levels):
            moved[period == number] = level.apply(risk[period == number])
        return moved

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
    person: NDArray[np.integer] | None = None,
    link: Link = LOGIT,
    rows: ProtectedRows | None = None,
    whole: Whole | None = None,
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
        Inverse probability of being followed, (n,). None counts outcomes unweighted.
    person
        Number of each row's person, (n,); None where each row is a person of its own.
    link
        Scale on which the level is moved: the model's.
    rows, whole
        The rows with their noise, and their outcomes in all, which the outcomes of landmarks divide: the risks of each
        period then sum to its protected outcomes. Periods are made of protected counts too, and the divisor is rounded
        to three figures.

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
    labels, number = np.unique(landmark, return_inverse=True)
    outcomes, changes = np.bincount(number, weighted), np.zeros((2, len(labels)), dtype=np.int64)
    if rows is not None and whole is not None:
        counted = np.where(included, number, -1)
        of_rows = rows.count(counted, len(labels)) - np.bincount(number, included, len(labels)).astype(np.int64)
        changes = np.stack([of_rows, rows.divided(whole, number, len(labels), weighted > 0)])
    accounts, recalibrated = [], np.zeros(len(risk))
    for first, last in _periods(labels, outcomes + changes[1]):
        counted = included & (landmark >= first) & (landmark <= last)
        added = changes[:, (labels >= first) & (labels <= last)].sum(axis=1)
        found = _account(risk[counted], weighted[counted], link, *added.tolist())
        accounts.append({"first_landmark": first, "last_landmark": last} | found)
        linear = link.of_risk(risk[counted], edge=SMALLEST_RISK) + accounts[-1]["shift"]
        recalibrated[counted] = link.inverse(linear)
    divisor = divisor_by_person(weighted, recalibrated * (weight is not None), person)
    if rows is not None and rows.noise is not None:
        divisor = float(f"{divisor:.3g}")
    account = pl.DataFrame(accounts, schema_overrides=ACCOUNT_SCHEMA)
    account = account.with_columns(pl.col("standard_error") * divisor**0.5)
    moves = account.select("shift", "standard_error").iter_rows(named=True)
    levels = tuple(InTheLarge(link=link, **move) for move in moves)
    return PeriodRecalibration(levels=levels, account=account.select(*ACCOUNT_SCHEMA), divisor=divisor)


def divisor_by_person(weighted: Floats, risk: Floats, person: NDArray[np.integer] | None) -> float:
    """Variance over mean of sum(w y), by person: sum over persons of (sum of w y - p)^2, over sum of w y.

    It holds the price of censoring weights, of persons who are counted several times, and that an outcome happens
    once, with variance p (1 - p): without that, intervals are too wide where risks are high. Where risks are small, or
    given as 0, it is sum over persons of (sum of w y)^2 / sum of w y.
    """
    number = np.arange(len(weighted)) if person is None else person
    return float((np.bincount(number, weighted - risk) ** 2).sum() / weighted.sum())


def shift_to_total(risk: Floats, total: float, link: Link = LOGIT) -> float:
    """Constant to add to all risks, on the link's scale, so that they sum to a total above 0 and below n."""
    from scipy.optimize import brentq

    linear = link.of_risk(risk, edge=SMALLEST_RISK)
    return float(brentq(lambda shift: float(link.inverse(linear + shift).sum()) - total, -50, 50, xtol=1e-13))


def _periods(labels: NDArray[np.integer], outcomes: Floats) -> list[tuple[int, int]]:
    """First and last landmark of each period, oldest first; filled from the latest landmark backwards."""
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


def _account(risk: Floats, weighted: Floats, link: Link, added_rows: int, added_cases: int) -> dict[str, float]:
    """Count one period and find its level; all of its rows are given. The error is that of a Poisson count.

    What is added to rows and cases is the noise of their cells; so much that there is a level always remains.
    """
    exact, cases = float(weighted.sum()), int((weighted > 0).sum())
    total = float(np.clip(exact + added_cases, min(exact, 1.0), max(exact, len(risk) - 0.5)))
    shift = shift_to_total(risk, total, link)
    slope = link.derivative(link.of_risk(risk, edge=SMALLEST_RISK) + shift).sum()
    index_dates = len(risk) + added_rows
    return {
        "index_dates": index_dates,
        "cases": int(np.clip(cases + added_cases, min(cases, 1), index_dates)),
        "weighted_cases": total,
        "expected": float(risk.sum()) + added_rows * float(risk.mean()),
        "shift": shift,
        # The sum of the risks varies as the count does, and this is its slope in the shift (the delta method).
        "standard_error": total**0.5 / float(slope),
    }


def _check_outcomes(weighted: Floats, included: NDArray[np.bool_]) -> None:
    if not 0 < weighted.sum() < included.sum():
        raise DesignError(
            Problem(
                "a cohort with no outcome, or with nothing but outcomes",
                "both, so that observed and expected can be made to agree",
                "use more landmarks or a wider population",
            )
        )
