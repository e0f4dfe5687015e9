"""A standardised design matrix, labels and weights in, a ridge-penalised logistic regression out.

The strength of the ridge is estimated per block of terms by maximising the Laplace approximation of the marginal
likelihood (Wood and Fasiolo 2017), so neither folds nor a seed are needed and the fit does not depend on row order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from riskstrat.numerics.logistic import Moments, NormalPrior, logistic_moments, newton_step, score_variability

WEAKEST_RIDGE: Final = 0.04
"""Precision of a normal prior with standard deviation 5 on a standardised coefficient: odds ratios up to e^10 pass."""

STRONGEST_RIDGE: Final = 1e6
MAX_STEPS: Final = 100
LARGEST_STEP: Final = 4.0
SETTLED: Final = 1e-3
CONVERGED: Final = 1e-6
"""Newton steps square the distance that is left: after one shorter than this, digits of a float are what is left."""


@dataclass(frozen=True)
class RidgeFit:
    """Coefficients on the standardised scale, the intercept first, and the precision of the prior of each block.

    The sandwich covariance, shape (q + 1, q + 1), is right under weights and silent on the ridge's bias.
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    ridge: NDArray[np.float64]


def fit_ridge(
    design: NDArray[np.float32],
    label: NDArray[np.bool_],
    weight: NDArray[np.float64],
    block: NDArray[np.intp],
    ridge: float | None = None,
) -> RidgeFit:
    """Fit by Newton steps; before each, every block's ridge moves to the fixed point of the Fellner-Schall updates.

    For block b with r terms and coefficients beta_b the update is (r - ridge_b tr(V_bb)) / |beta_b|^2, V the inverse of
    the penalised information (equation 5 of Wood and Fasiolo with an identity penalty; MacKay's evidence update). It is
    repeated on the quadratic that the log likelihood resembles at the present coefficients, which needs no data: a pass
    over the data is what costs. The design, (n, q), has standardised terms and no intercept; weights are on the scale
    of numbers of rows; blocks of terms are numbered from 0; a fixed `ridge` holds for all terms.
    """
    blocks = int(block.max(initial=-1)) + 1
    mean = float(np.average(label, weights=weight))
    beta = np.r_[np.log(mean / (1 - mean)), np.zeros(design.shape[1])]
    strength = np.full(blocks, ridge if ridge is not None else float(len(block)))
    settled = ridge is not None
    for _ in range(MAX_STEPS):
        at = beta
        moments = logistic_moments(design, label, weight, at)
        if not settled:
            found = _ridge_at(moments, at, block, strength)
            settled, strength = _near(found, strength), found
        prior = NormalPrior(np.zeros(len(beta)), np.r_[0.0, strength[block]])
        step = newton_step(moments, at, prior)
        beta = at + step * min(1.0, LARGEST_STEP / max(float(np.abs(step).max()), LARGEST_STEP))
        if settled and np.abs(step).max() < CONVERGED:
            break
    inverse = _inverse(moments, strength[block])
    return RidgeFit(beta, inverse @ score_variability(design, label, weight, at) @ inverse, strength)


def _ridge_at(
    moments: Moments, at: NDArray[np.float64], block: NDArray[np.intp], strength: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Strength that maximises the marginal likelihood of the quadratic at the coefficients."""
    target = moments.information @ at + moments.gradient
    for _ in range(MAX_STEPS):
        inverse = _inverse(moments, strength[block])
        before, strength = strength, _updated_ridge(inverse @ target, inverse, block, strength)
        if _near(strength, before):
            break
    return strength


def _inverse(moments: Moments, precision: NDArray[np.float64]) -> NDArray[np.float64]:
    penalised = moments.information + np.diag(np.r_[0.0, precision])
    return np.asarray(cho_solve(cho_factor(penalised), np.eye(len(penalised))), dtype=np.float64)


def _near(strength: NDArray[np.float64], before: NDArray[np.float64]) -> bool:
    return bool((np.abs(np.log(strength / before)) < SETTLED).all())


def _updated_ridge(
    beta: NDArray[np.float64], inverse: NDArray[np.float64], block: NDArray[np.intp], ridge: NDArray[np.float64]
) -> NDArray[np.float64]:
    size = np.bincount(block, minlength=len(ridge)).astype(np.float64)
    spread = np.bincount(block, weights=np.diag(inverse)[1:], minlength=len(ridge))
    squares = np.bincount(block, weights=beta[1:] ** 2, minlength=len(ridge))
    updated = np.maximum(size - ridge * spread, 1e-9) / np.maximum(squares, 1e-12)
    return np.clip(updated, WEAKEST_RIDGE, STRONGEST_RIDGE)
