"""Log odds, labels and weights in, the straight line that calibrates them (intercept and slope) out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from riskstrat.estimators.matrix import FloatArray
from riskstrat.incidence.outcome import BoolArray

STEPS = 50


class Line(NamedTuple):
    """Calibrated log odds = intercept + slope x log odds."""

    intercept: float
    slope: float


def calibration_line(
    log_odds: FloatArray, label: BoolArray, weight: FloatArray, *, slope: float, precision: float
) -> Line:
    """Fit labels to log odds by weighted logistic regression with a normal prior on the slope.

    Parameters
    ----------
    log_odds, label, weight
        Shape (n,).
    slope, precision
        Mean and 1 / variance of the prior: where the log odds hardly differ, the slope stays where it was expected.

    Returns
    -------
    Line
        Mode of the posterior.

    Examples
    --------
    >>> same = np.zeros(4)
    >>> calibration_line(same, np.array([True, False, False, False]), np.ones(4), slope=1, precision=25)
    Line(intercept=-1.0986..., slope=1.0)
    """
    terms = np.column_stack([np.ones(len(log_odds)), log_odds])
    prior, beta = np.diag([0.0, precision]), np.array([0.0, slope])
    for _ in range(STEPS):
        risk = expit(terms @ beta)
        gradient = terms.T @ (weight * (label - risk)) - prior @ (beta - [0.0, slope])
        information = terms.T @ (terms * (weight * risk * (1 - risk))[:, None]) + prior
        step = np.linalg.solve(information, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return Line(float(beta[0]), float(beta[1]))
