"""Carry contributions from logits to risks so that they still add up.

In: contributions per family (logits), baseline (logit) and risk. Out: contributions per family in units of risk.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskstrat.errors import Problem, UsageError

Floats = npt.NDArray[np.float64]

# Below this distance in logits the secant is replaced by the slope at the midpoint; both agree to 1e-9 there.
_NEAR = 1e-4


def on_risk_scale(values_by_family: Floats, baseline: float | Floats, risk: Floats) -> Floats:
    """Contributions in units of risk: each row sums to its risk minus the baseline risk.

    A person's family k contributes phi_k (p - p0) / (f - f0), with f the logit of the risk p and f0 the baseline, the
    logit of p0; at f = f0 the factor is its limit p0 (1 - p0). Every family keeps its sign and its share.

    Parameters
    ----------
    values_by_family
        Contributions (n, k) in logits; baseline + row sum = logit of the risk.
    baseline
        Logit, one for all or one a row (people scored by different fold models).
    risk
        Predicted risks (n,), in (0, 1).

    Returns
    -------
    numpy.ndarray
        Shape (n, k); the row sums are ``risk - 1 / (1 + exp(-baseline))``.

    Raises
    ------
    UsageError
        If the numbers of rows differ, or a row's baseline + sum is not the logit of its risk (to 1e-6 in risk).

    Examples
    --------
    >>> parts = on_risk_scale(np.array([[1.0, -0.5]]), -2.0, np.array([1 / (1 + np.exp(1.5))]))
    >>> parts.round(4)
    array([[ 0.1264, -0.0632]])
    """
    values = np.asarray(values_by_family, dtype=np.float64)
    start = np.broadcast_to(np.asarray(baseline, dtype=np.float64), len(values))
    distance = values.sum(axis=1)
    _check(start + distance, np.asarray(risk, dtype=np.float64))
    near = np.abs(distance) < _NEAR
    middle = expit(start + distance / 2)
    secant = (risk - expit(start)) / np.where(near, 1.0, distance)
    factor = np.where(near, middle * (1 - middle), secant)
    return np.asarray(values * factor[:, None], dtype=np.float64)


def expit(logit: Floats) -> Floats:
    """Risk of a logit, without overflow.

    Examples
    --------
    >>> expit(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)), dtype=np.float64)


def _check(logit: Floats, risk: Floats) -> None:
    if logit.shape != risk.shape:
        raise UsageError(
            Problem(
                found=f"contributions of {len(logit)} rows and risks of {len(risk)}",
                expected="the same number of rows",
                remedy="pass the contributions and the risks of the same people",
            )
        )
    gap = np.abs(expit(logit) - risk)
    if len(gap) and not gap.max() <= 1e-6:
        raise UsageError(
            Problem(
                found=f"contributions that miss the risks by up to {gap.max():.3g}",
                expected="baseline + sum = logit of the risk",
                remedy="add a recalibration's shift to the baseline before calling, as well as to the risks",
            )
        )
