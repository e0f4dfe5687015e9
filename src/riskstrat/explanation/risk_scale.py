"""Carry contributions from a link's scale to risks so that they still add up.

In: contributions per family and baseline on the link's scale, and risks. Out: contributions in units of risk.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from riskstrat.errors import Problem, UsageError, number_of

Floats = npt.NDArray[np.float64]

# Below this distance on the link's scale the secant is replaced by the slope at the midpoint; both agree to 1e-9 there.
_NEAR = 1e-4


class Response(Protocol):
    """From a linear predictor to a risk: a model's link, or its link followed by a recalibration."""

    def inverse(self, linear: Floats, /) -> Floats:
        """Risks of linear predictors, elementwise and non-decreasing."""

    def derivative(self, linear: Floats, /) -> Floats:
        """Change of the risk per unit of the linear predictor, elementwise."""


def on_risk_scale(values_by_family: Floats, baseline: float | Floats, risk: Floats, link: Response) -> Floats:
    """Contributions in units of risk: each row sums to its risk minus the baseline risk.

    A person's family k contributes phi_k (p - p0) / (f - f0), with f the linear predictor of the risk p and f0 the
    baseline, that of p0; at f = f0 the factor is its limit, the derivative of the risk. Every family keeps its sign and
    its share, whatever the link.
    """
    values = np.asarray(values_by_family, dtype=np.float64)
    start = np.broadcast_to(np.asarray(baseline, dtype=np.float64), len(values))
    distance = values.sum(axis=1)
    _check(link.inverse(start + distance), np.asarray(risk, dtype=np.float64))
    near = np.abs(distance) < _NEAR
    secant = (risk - link.inverse(start)) / np.where(near, 1.0, distance)
    factor = np.where(near, link.derivative(start + distance / 2), secant)
    return np.asarray(values * factor[:, None], dtype=np.float64)


def _check(explained: Floats, risk: Floats) -> None:
    if explained.shape != risk.shape:
        raise UsageError(
            Problem(
                f"contributions of {number_of(len(explained), 'row')} and risks of {len(risk)}",
                "the same number of rows",
                "pass the contributions and the risks of the same people",
            )
        )
    gap = np.abs(explained - risk)
    if len(gap) and not gap.max() <= 1e-6:
        raise UsageError(
            Problem(
                f"contributions that miss the risks by up to {gap.max():.3g}",
                "risks that baseline + sum gives on this link",
                "for recalibrated risks, give the link that includes the recalibration (RecalibratedLink)",
            )
        )
