"""Risks in (0, 1) in, linear predictors out, and back: the links that models of risk use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import expit, logit

Transform: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Link:
    """A strictly increasing map from risk to the linear predictor on which a model is additive.

    Links compare by `name`, by which a stored model refers to its link. `link`, `inverse` and `derivative` (of the
    inverse: change of risk per unit) work elementwise; the inverse does not overflow.
    """

    name: str
    link: Transform = field(compare=False, repr=False)
    inverse: Transform = field(compare=False, repr=False)
    derivative: Transform = field(compare=False, repr=False)

    def of_risk(self, risk: npt.ArrayLike, *, edge: float) -> NDArray[np.float64]:
        """Linear predictors of risks that may be 0 or 1: they are first set to within `edge` of these bounds."""
        return self.link(np.clip(np.asarray(risk, dtype=np.float64), edge, 1 - edge))


def _cloglog_inverse(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(-np.expm1(-np.exp(linear)), dtype=np.float64)


def _cloglog_derivative(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(linear - np.exp(linear)), dtype=np.float64)


LOGIT: Final = Link("logit", logit, expit, lambda linear: np.asarray(expit(linear) * expit(-linear), dtype=np.float64))
"""log(p / (1 - p)): models of the status at a horizon."""

CLOGLOG: Final = Link("cloglog", lambda risk: np.log(-np.log1p(-risk)), _cloglog_inverse, _cloglog_derivative)
"""log(-log(1 - p)): a risk that follows a hazard, or a subdistribution hazard, proportional to exp(linear)."""

IDENTITY: Final = Link("identity", np.asarray, np.asarray, np.ones_like)
"""p itself: contributions in units of risk."""
