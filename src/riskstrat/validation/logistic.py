"""Design matrix, outcome and weights in, coefficients of an unpenalised weighted logistic regression out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskstrat.validation.known import expit

Floats = npt.NDArray[np.float64]

_ROUNDS = 50
_SHORTEST = 2.0**-20


def weighted_logistic(design: Floats, outcome: Floats, weight: Floats, offset: float | Floats = 0.0) -> Floats:
    """Maximise the weighted binomial likelihood by Newton's method.

    Parameters
    ----------
    design
        Shape (n, p), with a column of ones where an intercept is meant.
    outcome
        0 or 1 (n,).
    weight
        Shape (n,), 0 leaves a row out.
    offset
        Added to the linear predictor.

    Returns
    -------
    numpy.ndarray
        Coefficients (p,). Directions that the data do not determine stay at 0.

    Examples
    --------
    >>> float(weighted_logistic(np.ones((4, 1)), np.array([1, 0, 0, 0]), np.ones(4)).round(4)[0])
    -1.0986
    """
    kept = weight > 0
    rows, label, mass = design[kept], outcome[kept], weight[kept]
    start = np.broadcast_to(np.asarray(offset, dtype=np.float64), len(weight))[kept]
    coefficients = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        step = newton_step(rows, label, mass, expit(start + rows @ coefficients))
        step = step * _step_length(start + rows @ coefficients, rows @ step, label, mass)
        coefficients = coefficients + step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return coefficients


def _step_length(linear: Floats, change: Floats, outcome: Floats, weight: Floats) -> float:
    """Halve a step until the likelihood does not fall; far from the optimum Newton's full step may overshoot."""
    before = _log_likelihood(linear, outcome, weight)
    length, slack = 1.0, 1e-12 * abs(before)
    while length > _SHORTEST and _log_likelihood(linear + length * change, outcome, weight) < before - slack:
        length /= 2
    return length if length > _SHORTEST else 0.0


def _log_likelihood(linear: Floats, outcome: Floats, weight: Floats) -> float:
    return float(weight @ (outcome * linear - np.logaddexp(0.0, linear)))


def newton_step(design: Floats, outcome: Floats, weight: Floats, fitted: Floats) -> Floats:
    """One Newton step from fitted probabilities (n,): information⁻¹ score, the least one where that is singular."""
    score = design.T @ (weight * (outcome - fitted))
    information = design.T @ (design * (weight * fitted * (1 - fitted))[:, None])
    return np.asarray(np.linalg.lstsq(information, score, rcond=None)[0], dtype=np.float64)
