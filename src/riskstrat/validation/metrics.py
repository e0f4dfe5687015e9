"""Labelled rows of one group in, every metric of it out, for the sample and for draws of its families.

Brier score, IPA and observed/expected are ratios of weighted sums over rows and exact in each draw. Of the others a
draw has the first-order change: the sum of each row's influence. A row is read once, however many draws there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.incidence import OutcomeArray
from riskstrat.numerics.links import LOGIT
from riskstrat.numerics.logistic import logistic_recalibration
from riskstrat.validation.calibration import (
    SmoothCurve,
    distances,
    in_the_large,
    logistic_influence,
    weighted_quantiles,
)
from riskstrat.validation.discrimination import auc_pairs, concordance_pairs
from riskstrat.validation.horizon_labels import HorizonLabels
from riskstrat.validation.pairs import Pairs
from riskstrat.validation.resampling import FamilyDraws

METRICS = (
    "auc",
    "concordance",
    "brier",
    "ipa",
    "observed_expected",
    "calibration_slope",
    "calibration_in_the_large",
    "ici",
    "e50",
    "e90",
)
GAINS = ("auc", "ipa")
"""The metrics whose difference to a baseline is reported, as ``auc_gain`` and ``ipa_gain``."""

_CURVE_POINTS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Tested:
    """Rows whose risks are tested, each (n,): labels, outcomes, weight of each prediction.

    `baseline` has the labels with the risks of a simpler model; `weighed` says that the weights were given, and are of
    the rows themselves and not of their censoring.
    """

    horizon_days: float
    labels: HorizonLabels
    baseline: HorizonLabels | None
    outcome: OutcomeArray
    prediction_weight: NDArray[np.float64]
    weighed: bool

    @property
    def concordance(self) -> Pairs:
        """Pairs of Uno's concordance."""
        weight, ones = self.labels.weight, np.ones(len(self.outcome))
        of_censoring, own = (ones, weight) if self.weighed else (weight, ones)
        return concordance_pairs(self.outcome, self.labels.risk, self.horizon_days, of_censoring, own)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupSums:
    """What is fitted to a group, and by name the sums of terms in each block of families, (blocks,) or (blocks, k).

    `fitted` holds the value in the sample of what is known in draws to first order; `curve` smooth observed risk, read
    at a grid of predicted risks (`at`).
    """

    sums: dict[str, NDArray[np.float64]]
    fitted: dict[str, float]
    curve: SmoothCurve
    at: NDArray[np.float64]


def group_sums(rows: Tested, draws: FamilyDraws) -> GroupSums:
    """Fit a group and sum the terms of its rows in each block of families."""
    labels, pairs = rows.labels, {"auc": auc_pairs(rows.labels), "concordance": rows.concordance}
    logits = np.column_stack([np.ones_like(labels.logit), labels.logit])
    recalibration, shift = logistic_recalibration(labels.logit, labels.outcome, labels.weight), in_the_large(labels)
    curve = SmoothCurve.fit(labels)
    recalibrated, shifted = LOGIT.inverse(logits @ np.array(recalibration)), LOGIT.inverse(labels.logit + shift)
    terms = {
        "predictions": rows.prediction_weight,
        "expected": rows.prediction_weight * labels.risk,
        "known": labels.weight,
        "outcomes": labels.weight * labels.outcome,
        "squares": labels.squares,
        "calibration_slope": logistic_influence(logits, labels, recalibrated)[:, 1],
        "calibration_in_the_large": logistic_influence(logits[:, :1], labels, shifted)[:, 0],
        "curve": logistic_influence(curve.design(labels.risk), labels, curve.observed(labels.risk)),
    }
    if rows.baseline is not None:
        pairs["baseline_auc"], terms["baseline_squares"] = auc_pairs(rows.baseline), rows.baseline.squares
    terms |= {name: found.influence for name, found in pairs.items()}
    fitted = {name: found.share for name, found in pairs.items()}
    fitted |= {"calibration_slope": recalibration.slope, "calibration_in_the_large": shift}
    fitted |= distances(curve.observed(labels.risk), labels.risk, rows.prediction_weight)
    middle = (np.arange(_CURVE_POINTS) + 0.5) / _CURVE_POINTS
    return GroupSums(
        sums={name: draws.sums(term) for name, term in terms.items()},
        fitted=fitted,
        curve=curve,
        at=weighted_quantiles(labels.risk, rows.prediction_weight, middle),
    )


def measure(group: GroupSums, total: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Every metric and gain in each draw, (draws,), from totals of the group's sums; NaN where it is not defined."""
    found = {name: value + total[name] for name, value in group.fitted.items() if name in total}
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = total["outcomes"] / total["known"]
        found["brier"] = total["squares"] / total["known"]
        found["ipa"] = 1 - found["brier"] / (observed * (1 - observed))
        found["observed_expected"] = observed / (total["expected"] / total["predictions"])
        if "baseline_auc" in found:
            found["auc_gain"] = found["auc"] - found["baseline_auc"]
            baseline = 1 - total["baseline_squares"] / total["known"] / (observed * (1 - observed))
            found["ipa_gain"] = found["ipa"] - baseline
    found |= _curve_distances(group, total["curve"])
    return {name: found[name] for name in (*METRICS, *(f"{name}_gain" for name in GAINS)) if name in found}


def _curve_distances(group: GroupSums, change: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """ICI, E50 and E90 in each draw: those of the sample, and what the change of the curve, (draws, k), makes of them.

    The change is read at the grid.
    """
    design, coefficients = group.curve.design(group.at), group.curve.coefficients
    moved = np.vstack([coefficients, coefficients + change])
    away = np.sort(np.abs(LOGIT.inverse(moved @ design.T) - group.at), axis=1)
    summaries = {"ici": away.mean(axis=1), "e50": _quantile(away, 0.5), "e90": _quantile(away, 0.9)}
    return {name: group.fitted[name] + values[1:] - values[0] for name, values in summaries.items()}


def _quantile(ordered: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quantile of each row of ordered values, between two of them in a straight line, as `numpy.quantile` has it."""
    below, part = divmod(share * (ordered.shape[1] - 1), 1)
    low, high = ordered[:, int(below)], ordered[:, int(np.ceil(below + part))]
    return np.asarray(low + part * (high - low), dtype=np.float64)
