"""Outcome array and predicted risks in, what every metric needs out: who had the outcome, and the weight of knowing it.

Risks are shares in [0, 1]; the weight is 0 where the status at the horizon is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.incidence import OutcomeArray, censoring_weights, check_outcome, outcome_within

Floats = npt.NDArray[np.float64]

# Nearer to 0 or 1 a logit says more about rounding than about risk.
_EDGE = 1e-6


@dataclass(frozen=True, eq=False)
class Known:
    """Who had the outcome by the horizon, at what predicted risk, standing for how many.

    Attributes
    ----------
    outcome
        1 where the outcome came within the horizon, else 0 (competing event included), shape (n,).
    risk
        Predicted cumulative incidence at the horizon (n,).
    weight
        0 where the status is not known (n,).
    """

    outcome: Floats
    risk: Floats
    weight: Floats

    @property
    def logit(self) -> Floats:
        """Logit of the risk (n,), of risks held within 1e-6 of 0 and 1."""
        return logit(self.risk)


def known_outcomes(
    y: OutcomeArray, risk: npt.ArrayLike, horizon_days: float, weights: npt.ArrayLike | None = None
) -> Known:
    """Label every row, with censoring weights where none are given.

    Raises
    ------
    ContractError
        If risks or weights are not one number a row in their range.
    DesignError
        If everybody or nobody whose status is known had the outcome: nothing can be compared.
    """
    n = len(check_outcome(y))
    given = None if weights is None else np.asarray(weights, dtype=np.float64)
    risks = np.asarray(risk, dtype=np.float64)
    if problems := [*risk_problems("risk", risks, n), *([] if given is None else weight_problems(given, n))]:
        raise ContractError(*problems)
    weight = censoring_weights(y, horizon_days) if given is None else given
    outcome = outcome_within(y, horizon_days).astype(np.float64)
    _check_both(int(outcome[weight > 0].sum()), int((weight > 0).sum()))
    return Known(outcome, risks, weight)


def logit(risk: Floats) -> Floats:
    """Logit of risks held within 1e-6 of 0 and 1.

    Examples
    --------
    >>> logit(np.array([0.5, 0.0])).round(1).tolist()
    [0.0, -13.8]
    """
    held = np.clip(risk, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held) - np.log1p(-held), dtype=np.float64)


def expit(logits: Floats) -> Floats:
    """Risk of a logit, without overflow.

    Examples
    --------
    >>> expit(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), dtype=np.float64)


def risk_problems(name: str, risk: Floats, rows: int) -> list[Problem]:
    """List what makes an array unfit as risks of this many rows."""
    if risk.shape != (rows,):
        found = f"{name} of shape {risk.shape}"
        return [
            Problem(found=found, expected=f"shape ({rows},)", remedy="predict for the rows of the outcome, in order")
        ]
    outside = int((~((risk >= 0) & (risk <= 1))).sum())
    found = f"{outside} values of {name} missing or outside 0 to 1"
    return [Problem(found=found, expected="probabilities", remedy="pass predict_risk(X)")] if outside else []


def weight_problems(weight: Floats, rows: int) -> list[Problem]:
    """List what makes an array unfit as weights of this many rows."""
    if weight.shape != (rows,):
        found = f"weights of shape {weight.shape}"
        return [Problem(found=found, expected=f"shape ({rows},)", remedy="give one weight a row, in order")]
    wrong = int((~(np.isfinite(weight) & (weight >= 0))).sum())
    found = f"{wrong} weights negative, missing or infinite"
    return [Problem(found=found, expected="0 or more", remedy="give 0 to rows of unknown status")] if wrong else []


def _check_both(outcomes: int, rows: int) -> None:
    if not 0 < outcomes < rows:
        raise DesignError(
            Problem(
                found=f"{'all' if rows else 'none'} of {rows} rows of known status alike in outcome",
                expected="rows with and rows without the outcome",
                remedy="lengthen the horizon or widen the population",
            )
        )
