"""Labelled rows in groups in, every metric of every group out, for the sample and for reweighted draws of it.

All metrics but the AUC are functions of weighted sums over rows, so that a draw costs one pass over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.numerics.links import LOGIT
from riskstrat.numerics.logistic import logistic_recalibration
from riskstrat.validation.calibration import in_the_large
from riskstrat.validation.discrimination import auc_of_sorted, tie_starts
from riskstrat.validation.horizon_labels import HorizonLabels

METRICS = ("auc", "brier", "ipa", "observed_expected", "calibration_slope", "calibration_in_the_large")
GAINS = ("auc", "ipa")
"""The metrics whose difference to a baseline is reported, as ``auc_gain`` and ``ipa_gain``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """Rows sorted by group, then risk, with what has to be summed over them.

    Attributes
    ----------
    order
        Row numbers (n,) in sorted order.
    groups, ties
        First positions of each group, and of each run of equal group and risk.
    cases, controls, terms
        Weight of each row as having, or not having, the outcome (n,); (n, 12), the columns of `Sums`.
    fitted
        Shape (groups, 2): slope and shift in the large of the whole sample.
    """

    order: NDArray[np.intp]
    groups: NDArray[np.intp]
    ties: NDArray[np.intp]
    cases: NDArray[np.float64]
    controls: NDArray[np.float64]
    terms: NDArray[np.float64]
    fitted: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sums:
    """Weighted sums of each group, in the order of the columns of `Ranked.terms`."""

    predictions: NDArray[np.float64]
    expected: NDArray[np.float64]
    known: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    squares: NDArray[np.float64]
    score_intercept: NDArray[np.float64]
    score_slope: NDArray[np.float64]
    information_intercept: NDArray[np.float64]
    information_both: NDArray[np.float64]
    information_slope: NDArray[np.float64]
    score_shift: NDArray[np.float64]
    information_shift: NDArray[np.float64]


def ranked(labels: HorizonLabels, prediction_weight: NDArray[np.float64], group: NDArray[np.intp]) -> Ranked:
    """Sort rows by group (numbered from 0) and risk, fit each group's calibration, lay out the terms of the sums."""
    order = np.lexsort((labels.risk, group))
    number, ordered = group[order], labels.select(order)
    starts = tie_starts(number)
    slices = [slice(start, stop) for start, stop in zip(starts, np.r_[starts[1:], len(order)], strict=True)]
    parts = [ordered.select(rows) for rows in slices]
    slopes = np.array([logistic_recalibration(part.logit, part.outcome, part.weight) for part in parts])
    shifts = np.array([in_the_large(part) for part in parts])
    return Ranked(
        order=order,
        groups=starts,
        ties=tie_starts(number, ordered.risk),
        cases=ordered.weight * ordered.outcome,
        controls=ordered.weight * (1 - ordered.outcome),
        terms=_terms(ordered, prediction_weight[order], slopes[number], shifts[number]),
        fitted=np.column_stack([slopes[:, 1], shifts]),
    )


def measure(rows: Ranked, counts: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Every metric of every group, (metrics, groups) in the order of `METRICS`, NaN where it is not defined.

    Each row counts as often as `counts` (n,) says, by default once. The calibration slope and shift of a draw are one
    Newton step away from those of the sample, which are exact: the one-step bootstrap, whose standard error is that of
    full refits to first order (within 2 % at 350 outcomes, 6 % too small at 28, simulated), and which stays finite in
    draws without spread.
    """
    times = np.ones(len(rows.order)) if counts is None else counts[rows.order]
    stops = np.r_[rows.groups[1:], len(times)]
    sums = np.array([times[a:b] @ rows.terms[a:b] for a, b in zip(rows.groups, stops, strict=True)])
    area = auc_of_sorted(times * rows.cases, times * rows.controls, rows.ties, rows.groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.vstack([area, *_from_sums(Sums(*sums.T), rows.fitted)])


def gains(model: NDArray[np.float64], baseline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences (gains, groups) of the metrics named in `GAINS`; NaN where both are without bound."""
    chosen = [METRICS.index(name) for name in GAINS]
    with np.errstate(invalid="ignore"):
        return model[chosen] - baseline[chosen]


def _from_sums(sums: Sums, fitted: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    observed = sums.outcomes / sums.known
    brier = sums.squares / sums.known
    accuracy = 1 - brier / (observed * (1 - observed))
    determinant = sums.information_intercept * sums.information_slope - sums.information_both**2
    undetermined = determinant <= 1e-9 * sums.information_intercept * sums.information_slope
    step = sums.information_intercept * sums.score_slope - sums.information_both * sums.score_intercept
    slope = np.where(undetermined, np.nan, fitted[:, 0] + step / determinant)
    shift = fitted[:, 1] + sums.score_shift / sums.information_shift
    return brier, accuracy, observed / (sums.expected / sums.predictions), slope, shift


def _terms(
    labels: HorizonLabels,
    prediction_weight: NDArray[np.float64],
    slopes: NDArray[np.float64],
    shifts: NDArray[np.float64],
) -> NDArray[np.float64]:
    weight, logit = labels.weight, labels.logit
    fitted, shifted = LOGIT.inverse(slopes[:, 0] + slopes[:, 1] * logit), LOGIT.inverse(logit + shifts)
    residual, information = weight * (labels.outcome - fitted), weight * fitted * (1 - fitted)
    return np.column_stack(
        [
            prediction_weight,
            prediction_weight * labels.risk,
            weight,
            weight * labels.outcome,
            weight * (labels.outcome - labels.risk) ** 2,
            residual,
            residual * logit,
            information,
            information * logit,
            information * logit**2,
            weight * (labels.outcome - shifted),
            weight * shifted * (1 - shifted),
        ]
    )
