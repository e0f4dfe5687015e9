"""Observed and expected outcomes, comparable with each other and with Poisson counts.

In: a cohort and its cross-fitted risks. Out: risks recalibrated in the large, and each row's share
of O and E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, logit

from riskstrat.areas.grouping import sums
from riskstrat.errors import DesignError, Problem
from riskstrat.incidence import censoring_weights
from riskstrat.records.cohort import Cohort

# Risks of exactly 0 or 1 cannot be moved on the logit scale.
SMALLEST_RISK = 1e-9
# The level of a period is then known to about a tenth.
ENOUGH_OUTCOMES = 100
CALIBRATION_SCHEMA = {
    "first_landmark": pl.Int32,
    "last_landmark": pl.Int32,
    "people": pl.Int64,
    "cases": pl.Int64,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "dispersion": pl.Float64,
    "shift": pl.Float64,
    "standard_error": pl.Float64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Recalibrated:
    """Risks whose sum per period equals what was observed.

    Attributes
    ----------
    risk
        Recalibrated risks in (0, 1), (n,) in cohort order.
    included
        Whether the row counts in E, (n,): its outcome was assessed, or need not be.
    weighted_outcome
        Weight x outcome, (n,); its sum estimates the outcomes there would be without censoring.
    dispersion
        Variance of the weighted count over its mean, (n,), one value a period; dividing both counts by it gives them
        Poisson variance.
    table
        One row a period of one or more landmarks: people, cases, observed, expected (before), dispersion, shift
        (logits) and its standard error.
    """

    risk: np.ndarray
    included: np.ndarray
    weighted_outcome: np.ndarray
    dispersion: np.ndarray
    table: pl.DataFrame

    @property
    def level_variance(self) -> float:
        """Variance of the latest period's level relative to that of all periods; 0 with one period.

        A period's level is known to 1/O, that of all periods together to 1/sum O, which theta already carries. The
        difference belongs to predictions for today alone. Without it 90 % intervals of the municipality's expected
        cases cover 0.45 to 0.76 (benchmarks/honesty_areas.py).
        """
        outcomes = (self.table["observed"] / self.table["dispersion"]).to_numpy()
        return max(0.0, float(1 / outcomes[-1] - 1 / outcomes.sum()))

    @property
    def target_shift(self) -> float:
        """Shift of the latest period, in logits: what today's predictions need."""
        return float(self.table["shift"][-1])


def shift_in_the_large(risk: np.ndarray, total: float) -> float:
    """Logits to add to every risk so that they sum to a total.

    Parameters
    ----------
    risk
        Risks in [0, 1], (n,).
    total
        Wanted sum, above 0 and below n.

    Examples
    --------
    >>> risk = np.array([0.1, 0.2, 0.3])
    >>> round(float(shifted(risk, shift_in_the_large(risk, 1.2)).sum()), 9)
    1.2
    """
    from scipy.optimize import brentq

    at = logit(np.clip(risk, SMALLEST_RISK, 1 - SMALLEST_RISK))
    return float(brentq(lambda shift: float(expit(at + shift).sum()) - total, -50, 50, xtol=1e-13))


def shifted(risk: np.ndarray, shift: float) -> np.ndarray:
    """Risks moved by a number of logits, (n,)."""
    return np.asarray(expit(logit(np.clip(risk, SMALLEST_RISK, 1 - SMALLEST_RISK)) + shift))


def recalibrate(cohort: Cohort, risk: np.ndarray) -> Recalibrated:
    """Recalibrate risks in the large, landmark by landmark; a second time changes nothing.

    Where the outcome must be measured, people count unweighted if they were assessed. Else outcomes are weighted by
    the inverse probability of being followed, and everybody's risk counts. Landmarks with fewer than 100 outcomes are
    joined with the next older ones into a period, because today's level would else hang on a handful of outcomes.

    Parameters
    ----------
    cohort
        With event, duration_days, assessed and landmark.
    risk
        Cross-fitted risks in [0, 1], (n,) in cohort order.

    Raises
    ------
    DesignError
        If there is no outcome, or nothing but outcomes: observed and expected cannot be made to agree.
    """
    landmark = cohort.people["landmark"].to_numpy()
    included = cohort.people["assessed"].to_numpy()
    weight = _weights(cohort, included)
    weighted = weight * (cohort.people["event"].to_numpy() == 1)
    _check_outcomes(weighted, included)
    moved, dispersion, rows = np.array(risk, dtype=float), np.ones(len(risk)), []
    for first, last in _periods(landmark, weighted):
        at = (landmark >= first) & (landmark <= last)
        counted = at & included
        shift = shift_in_the_large(risk[counted], float(weighted[at].sum()))
        moved[at] = shifted(risk[at], shift)
        if not cohort.must_be_assessed:
            dispersion[at] = _dispersion(weight[at], weighted[at], moved[at])
        account = _account(risk[counted], weighted[counted], moved[counted], float(dispersion[at][0]))
        rows.append((first, last, *account[:-1], shift, account[-1]))
    return Recalibrated(
        risk=moved,
        included=included,
        weighted_outcome=weighted,
        dispersion=dispersion,
        table=pl.DataFrame(rows, schema=CALIBRATION_SCHEMA, orient="row"),
    )


def counts_by_group(agreed: Recalibrated, group: np.ndarray, groups: int) -> pl.DataFrame:
    """Count people, cases, and observed and expected outcomes of Poisson variance; rows of group -1 are left out."""
    return pl.DataFrame(
        {
            "people": sums(group, None, groups),
            "cases": sums(group, agreed.weighted_outcome > 0, groups).astype(np.int64),
            "observed": sums(group, agreed.weighted_outcome / agreed.dispersion, groups),
            "expected": sums(group, agreed.included * agreed.risk / agreed.dispersion, groups),
        }
    )


def _weights(cohort: Cohort, included: np.ndarray) -> np.ndarray:
    if cohort.must_be_assessed:
        return np.asarray(included, dtype=float)
    return np.asarray(censoring_weights(cohort.outcome, cohort.horizon_days, strata=cohort.people["landmark"]))


def _periods(landmark: np.ndarray, weighted: np.ndarray) -> list[tuple[int, int]]:
    """First and last landmark of each period, oldest first; filled from the latest landmark backwards."""
    labels, numbers = np.unique(landmark, return_inverse=True)
    outcomes = np.bincount(numbers, weighted)
    periods: list[list[int]] = [[]]
    held = 0.0
    for label, count in zip(labels[::-1].tolist(), outcomes[::-1].tolist(), strict=True):
        periods[-1].append(label)
        held += count
        if held >= ENOUGH_OUTCOMES:
            periods.append([])
            held = 0.0
    oldest = periods.pop()
    periods = [*periods[:-1], periods[-1] + oldest] if periods else [oldest]
    return [(min(period), max(period)) for period in reversed(periods)]


def _dispersion(weight: np.ndarray, weighted: np.ndarray, risk: np.ndarray) -> float:
    """Variance over mean of sum(w y) given the risks p: (sum w^2 y - sum p^2) / sum w y.

    The first term is the price of the censoring weights. The second is there because an outcome happens once: its
    variance is p (1 - p), and without it intervals are too wide where risks are high.
    """
    return float(((weight * weighted).sum() - (risk**2).sum()) / weighted.sum())


def _account(
    risk: np.ndarray, weighted: np.ndarray, moved: np.ndarray, dispersion: float
) -> tuple[int, int, float, float, float, float]:
    """People, cases, observed, expected before, dispersion, and the standard error of the shift."""
    observed = float(weighted.sum())
    standard_error = (dispersion * observed) ** 0.5 / float((moved * (1 - moved)).sum())
    return len(risk), int((weighted > 0).sum()), observed, float(risk.sum()), dispersion, standard_error


def _check_outcomes(weighted: np.ndarray, included: np.ndarray) -> None:
    if not 0 < weighted.sum() < included.sum():
        raise DesignError(
            Problem(
                found="a cohort with no outcome, or with nothing but outcomes",
                expected="both, so that observed and expected can be made to agree",
                remedy="use more landmarks or a wider population",
            )
        )
