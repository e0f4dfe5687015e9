"""Recalibration of the slope and along a curve: more than the level of predicted risks is moved.

In: out-of-fold risks, whether the outcome was observed, and weights of the same rows. Out: a `Recalibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from riskstrat.errors import DesignError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.numerics.links import LOGIT
from riskstrat.numerics.logistic import logistic_recalibration
from riskstrat.recalibration.values import SMALLEST_RISK, Recalibration

Floats = NDArray[np.float64]

SMALLEST_STEP = 10
"""Outcomes, and rows without one, that each step of an isotonic curve holds."""


@dataclass(frozen=True, kw_only=True)
class SlopeRecalibration:
    """Level and slope on the logit scale: logit(risk) = intercept + slope x logit(predicted risk).

    Attributes
    ----------
    intercept, slope
        0 and 1 change nothing; a slope below 1 draws risks that are too extreme together.

    References
    ----------
    Cox, Two further applications of a model for binary regression (Biometrika 1958). Steyerberg, Clinical Prediction
    Models (2nd edition, 2019), chapter 20.
    """

    intercept: float
    slope: float

    def apply(self, risk: Floats) -> Floats:
        """Move risks in [0, 1], (n,), to risks in (0, 1)."""
        return LOGIT.inverse(self.intercept + self.slope * LOGIT.of_risk(risk, edge=SMALLEST_RISK))

    def derivative(self, risk: Floats) -> Floats:
        """Change of the recalibrated risk per change of the predicted one, (n,), above 0."""
        linear = LOGIT.of_risk(risk, edge=SMALLEST_RISK)
        moved = LOGIT.derivative(self.intercept + self.slope * linear)
        return np.asarray(self.slope * moved / LOGIT.derivative(linear), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class IsotonicRecalibration:
    """An increasing curve through observed risks: straight lines between (0, 0), the steps and (1, 1).

    The lines keep the order of all risks, so that no metric of ranks changes.

    Attributes
    ----------
    predicted, observed
        Mean predicted and observed risk of each step, both increasing.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]

    def apply(self, risk: Floats) -> Floats:
        """Move risks in [0, 1], (n,), along the curve."""
        return np.interp(risk, *self._corners)

    def derivative(self, risk: Floats) -> Floats:
        """Slope of the line on which each risk lies, (n,); at a corner that of the line to its right."""
        predicted, observed = self._corners
        line = np.searchsorted(predicted, risk, side="right").clip(1, len(predicted) - 1)
        return np.asarray((np.diff(observed) / np.diff(predicted))[line - 1], dtype=np.float64)

    @property
    def _corners(self) -> tuple[Floats, Floats]:
        return np.array([0.0, *self.predicted, 1.0]), np.array([0.0, *self.observed, 1.0])


@dataclass(frozen=True, kw_only=True)
class Successive:
    """Two recalibrations, one after the other: a curve and then the level, say.

    Attributes
    ----------
    first, then
        Applied in this order.
    """

    first: Recalibration
    then: Recalibration

    def apply(self, risk: Floats) -> Floats:
        """Recalibrated risks in [0, 1], (n,)."""
        return self.then.apply(self.first.apply(risk))

    def derivative(self, risk: Floats) -> Floats:
        """Change of the recalibrated risk per change of the predicted one, (n,) (the chain rule)."""
        return self.then.derivative(self.first.apply(risk)) * self.first.derivative(risk)


@checked
def fit_slope(risk: Floats, outcome: NDArray[np.bool_], weight: Floats) -> SlopeRecalibration:
    """Fit level and slope by weighted logistic regression of the outcome on the logit of the risk (Cox 1958).

    Risks are of models that have not seen their rows; a weight is 0 where the status at the horizon is not known. A
    DesignError says if there are fewer than 10 outcomes or rows without one, or higher risks had not more outcomes.
    """
    _check_outcomes(outcome, weight)
    found = logistic_recalibration(LOGIT.of_risk(risk, edge=SMALLEST_RISK), outcome, weight)
    if found.slope > 0:
        return SlopeRecalibration(intercept=found.intercept, slope=found.slope)
    raise DesignError(
        Problem(
            "predicted risks that do not rise with the observed risk",
            "more outcomes where the predicted risk is higher",
            "fit the model anew to these data",
        )
    )


@checked
def fit_isotonic(
    risk: Floats, outcome: NDArray[np.bool_], weight: Floats, smallest: int = SMALLEST_STEP
) -> IsotonicRecalibration:
    """Fit an increasing curve by isotonic regression, with steps of at least ten outcomes.

    Steps of the weighted isotonic regression (Zadrozny and Elkan 2002) are joined from the lowest risk upwards until
    each holds `smallest` outcomes and as many rows without one; what is left joins the last.
    """
    _check_outcomes(outcome, weight, smallest)
    known = weight > 0
    order = np.argsort(risk[known], kind="stable")
    risks, happened, sizes = risk[known][order], outcome[known][order], weight[known][order]
    step = _joined(_steps(risks, happened.astype(np.float64), sizes), happened, smallest)
    total = np.bincount(step, sizes)
    predicted, observed = (np.bincount(step, sizes * values) / total for values in (risks, happened))
    inside = predicted.clip(SMALLEST_RISK, 1 - SMALLEST_RISK)
    return IsotonicRecalibration(predicted=tuple(inside.tolist()), observed=tuple(observed.tolist()))


def _steps(risk: Floats, outcome: Floats, weight: Floats) -> NDArray[np.intp]:
    """Give each sorted risk, (n,), the number of its step in the isotonic regression; equal risks are in one."""
    _, same = np.unique(risk, return_inverse=True)
    total = np.bincount(same, weight)
    fitted = isotonic_regression(np.bincount(same, weight * outcome) / total, sample_weight=total)
    return np.cumsum(np.r_[False, np.diff(fitted) > 0])[same]


def _joined(step: NDArray[np.intp], outcome: NDArray[np.bool_], smallest: int) -> NDArray[np.intp]:
    """Join neighbouring steps, (n,), until each has outcomes and rows without one enough."""
    had, had_not = np.bincount(step, outcome), np.bincount(step, ~outcome)
    number, joined, seen = 0, np.zeros(len(had), dtype=np.intp), np.zeros(2)
    for at, counts in enumerate(np.column_stack([had, had_not])):
        joined[at] = number
        seen += counts
        if (seen >= smallest).all():
            number, seen = number + 1, np.zeros(2)
    return np.minimum(joined, max(number - 1, 0))[step]


def _check_outcomes(outcome: NDArray[np.bool_], weight: Floats, smallest: int = SMALLEST_STEP) -> None:
    had = int(outcome[weight > 0].sum())
    if min(had, int((weight > 0).sum()) - had) < smallest:
        raise DesignError(
            Problem(
                f"fewer than {smallest} rows with, or without, the outcome",
                f"at least {smallest} of each, so that a curve says something",
                "recalibrate in the large, or use more index dates",
            )
        )
