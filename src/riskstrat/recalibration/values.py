"""What every recalibration offers, and the one in the large: a constant added on a link's scale.

In: predicted risks. Out: recalibrated risks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from riskstrat.numerics.links import LOGIT, Link

# Risks of exactly 0 or 1 have no finite value on a link's scale.
SMALLEST_RISK = 1e-9


class Recalibration(Protocol):
    """A non-decreasing map from predicted to recalibrated risks."""

    def apply(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Recalibrated risks in [0, 1], (n,)."""

    def derivative(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Change of the recalibrated risk per change of the predicted risk, (n,), at least 0."""


@dataclass(frozen=True, kw_only=True)
class InTheLarge:
    """Recalibration in the large: the level of all risks is moved, their order and odds ratios stay.

    Attributes
    ----------
    shift
        What is added on the link's scale (logits, with the logit link); 0 changes nothing.
    standard_error
        Of the shift, from the chance variation of the observed outcomes.
    link
        Scale on which the shift is added; it maps (0, 1) onto all numbers, as logit and cloglog do.

    References
    ----------
    Steyerberg, Clinical Prediction Models (2nd edition, 2019), chapter 20 (updating the intercept only).
    """

    shift: float
    standard_error: float
    link: Link = LOGIT

    def apply(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move risks in [0, 1], (n,), to the new level, in (0, 1)."""
        return self.link.inverse(self.link.of_risk(risk, edge=SMALLEST_RISK) + self.shift)

    def derivative(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Change of the recalibrated risk per change of the predicted one, (n,), above 0."""
        linear = self.link.of_risk(risk, edge=SMALLEST_RISK)
        return np.asarray(self.link.derivative(linear + self.shift) / self.link.derivative(linear), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class RecalibratedLink:
    """From a model's linear predictor straight to its recalibrated risk: what reasons on the risk scale are split by.

    Attributes
    ----------
    link
        The model's own link.
    recalibration
        What its risks are moved by.
    """

    link: Link
    recalibration: Recalibration

    def inverse(self, linear: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Recalibrated risks of linear predictors, elementwise."""
        return self.recalibration.apply(self.link.inverse(linear))

    def derivative(self, linear: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Change of the recalibrated risk per unit of the linear predictor, elementwise (the chain rule)."""
        return self.recalibration.derivative(self.link.inverse(linear)) * self.link.derivative(linear)
