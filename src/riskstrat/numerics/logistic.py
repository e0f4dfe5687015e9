"""Design matrix, labels and weights in, coefficients of a weighted logistic regression out, by Newton's method.

This is the only logistic regression of the library: the estimators' ridge fit, recalibration of boosted trees and the
calibration of risks build on `logistic_moments` and `newton_step`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from riskstrat.numerics.blocks import CACHED_ROWS, row_blocks

MAX_STEPS: Final = 50
SHORTEST_STEP: Final = 2.0**-20
CONVERGED: Final = 1e-10


class Moments(NamedTuple):
    """First and (minus) second derivative of the weighted log likelihood: shapes (p,) and (p, p)."""

    gradient: NDArray[np.float64]
    information: NDArray[np.float64]


class NormalPrior(NamedTuple):
    """Independent normal priors on coefficients: means and precisions (1 / variance, 0 for none), each (p,)."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


class LogisticRecalibration(NamedTuple):
    """Recalibrated log odds = intercept + slope x log odds."""

    intercept: float
    slope: float


def logistic_moments(
    design: NDArray[np.floating],
    label: NDArray[np.generic],
    weight: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    offset: NDArray[np.float64] | None = None,
) -> Moments:
    """Gradient and information of the weighted binomial log likelihood, summed over blocks of rows.

    That is sum w (y - r) x, shape (p,), and sum w r (1 - r) x x', shape (p, p), with r the risk at the coefficients,
    (p,), and the offset, (n,). The design has p columns, or p - 1 where the coefficients begin with an intercept.

    Examples
    --------
    >>> moments = logistic_moments(np.ones((4, 1)), np.array([1, 0, 0, 0]), np.ones(4), np.zeros(1))
    >>> moments.gradient.tolist(), moments.information.tolist()
    ([-1.0], [[1.0]])
    """
    p = len(coefficients)
    gradient, information = np.zeros(p), np.zeros((p, p))
    for rows in row_blocks(len(design), CACHED_ROWS):
        terms = _with_intercept(design[rows], p)
        linear = terms @ coefficients if offset is None else offset[rows] + terms @ coefficients
        risk = expit(linear)
        gradient += (weight[rows] * (label[rows] - risk)) @ terms
        scaled = terms * np.sqrt(weight[rows] * risk * (1 - risk))[:, None]
        information += scaled.T @ scaled  # of one matrix, BLAS computes only half
    return Moments(gradient, information)


def score_variability(
    design: NDArray[np.floating],
    label: NDArray[np.generic],
    weight: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum of the outer products of each row's score: the middle of the sandwich covariance (White 1982).

    That is sum w^2 (y - r)^2 x x', shape (p, p), of what `logistic_moments` takes.

    Examples
    --------
    >>> score_variability(np.ones((4, 1)), np.array([1, 0, 0, 0]), np.ones(4), np.zeros(1)).tolist()
    [[1.0]]
    """
    p = len(coefficients)
    variability = np.zeros((p, p))
    for rows in row_blocks(len(design), CACHED_ROWS):
        terms = _with_intercept(design[rows], p)
        score = terms * (weight[rows] * (label[rows] - expit(terms @ coefficients)))[:, None]
        variability += score.T @ score
    return variability


def newton_step(moments: Moments, coefficients: NDArray[np.float64], prior: NormalPrior) -> NDArray[np.float64]:
    """(information + precision)^-1 gradient of the log posterior; the shortest step where that matrix is singular.

    Examples
    --------
    >>> moments = Moments(gradient=np.array([-1.0]), information=np.array([[1.0]]))
    >>> newton_step(moments, np.zeros(1), NormalPrior(mean=np.zeros(1), precision=np.ones(1))).tolist()
    [-0.5]
    """
    gradient = moments.gradient - prior.precision * (coefficients - prior.mean)
    information = moments.information + np.diag(prior.precision)
    return np.asarray(np.linalg.lstsq(information, gradient, rcond=None)[0], dtype=np.float64)


def fit_logistic(
    design: NDArray[np.float64],
    label: NDArray[np.generic],
    weight: NDArray[np.float64],
    *,
    offset: NDArray[np.float64] | None = None,
    prior: NormalPrior | None = None,
) -> NDArray[np.float64]:
    """Maximise the weighted binomial likelihood, times a normal prior where one is given, by Newton's method.

    Steps are halved until the objective does not fall: far from the optimum a full step may overshoot. The design, (n,
    p), has a column of ones where an intercept is meant; weight 0 leaves a row out. The search starts at the prior's
    mean or at 0, and directions that neither data nor prior determine stay there.
    """
    kept = weight > 0
    rows, labels, sizes = design[kept], label[kept].astype(np.float64), weight[kept]
    start = np.zeros(len(labels)) if offset is None else offset[kept]
    prior = prior or NormalPrior(np.zeros(design.shape[1]), np.zeros(design.shape[1]))
    coefficients = prior.mean.astype(np.float64)

    def objective(at: NDArray[np.float64]) -> float:
        linear = start + rows @ at
        penalty = prior.precision @ (at - prior.mean) ** 2 / 2
        of_all = np.maximum(linear, 0.0) + np.log(1 + np.exp(-np.abs(linear)))  # logaddexp takes twice as long
        return float(sizes @ (labels * linear - of_all) - penalty)

    value = objective(coefficients)
    for _ in range(MAX_STEPS):
        step = newton_step(logistic_moments(rows, labels, sizes, coefficients, start), coefficients, prior)
        length, moved = 1.0, objective(coefficients + step)
        while length > SHORTEST_STEP and moved < value - 1e-12 * abs(value):
            length /= 2
            moved = objective(coefficients + length * step)
        if length <= SHORTEST_STEP:
            break
        coefficients, value = coefficients + length * step, moved
        if np.abs(length * step).max(initial=0.0) < CONVERGED:
            break
    return coefficients


def logistic_recalibration(
    log_odds: NDArray[np.float64],
    label: NDArray[np.generic],
    weight: NDArray[np.float64],
    *,
    slope: float = 0.0,
    precision: float = 0.0,
) -> LogisticRecalibration:
    """Intercept and slope of the weighted logistic regression of labels on log odds (Cox 1958).

    `slope` and `precision` are mean and 1 / variance of a normal prior on the slope: where the log odds hardly differ,
    it stays at the mean. Precision 0 is no prior. Weight 0 leaves a row out.
    """
    prior = NormalPrior(np.array([0.0, slope]), np.array([0.0, precision]))
    design = np.column_stack([np.ones(len(log_odds)), log_odds])
    intercept, found = fit_logistic(design, label, weight, prior=prior)
    return LogisticRecalibration(float(intercept), float(found))


def _with_intercept(design: NDArray[np.floating], p: int) -> NDArray[np.float64]:
    if design.shape[1] == p:
        return design.astype(np.float64, copy=False)
    terms = np.empty((len(design), p), order="F")  # as designs lie in memory
    terms[:, 0] = 1
    terms[:, 1:] = design
    return terms
