"""Arrays of risks or weights in, what is wrong with them out: as problems, for the caller to raise with others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskstrat.errors import Problem, number_of


def risk_problems(name: str, risk: NDArray[np.float64], rows: int) -> list[Problem]:
    """List what makes the argument `name` unfit as this many risks: numbers from 0 to 1, of shape (rows,).

    Examples
    --------
    >>> [problem.found for problem in risk_problems("risk", np.array([0.2, 1.5]), 2)]
    ['1 value of risk missing or outside 0 to 1']
    """
    if risk.shape != (rows,):
        found = f"{name} of shape {risk.shape}"
        return [Problem(found, f"shape ({rows},)", "predict for the rows of the outcome, in order")]
    outside = int((~((risk >= 0) & (risk <= 1))).sum())
    found = f"{number_of(outside, 'value')} of {name} missing or outside 0 to 1"
    return [Problem(found, "probabilities", "pass predict_risk(X)")] if outside else []


def weight_problems(name: str, weight: NDArray[np.float64], rows: int) -> list[Problem]:
    """List what makes the argument `name` unfit as this many weights: finite, 0 or more, of shape (rows,).

    Examples
    --------
    >>> [problem.found for problem in weight_problems("weights", np.array([-1.0]), 1)]
    ['1 weights negative, missing or infinite']
    """
    if weight.shape != (rows,):
        return [Problem(f"{name} of shape {weight.shape}", f"shape ({rows},)", "give one weight a row, in order")]
    wrong = int((~(np.isfinite(weight) & (weight >= 0))).sum())
    found = f"{wrong} {name} negative, missing or infinite"
    return [Problem(found, "0 or more", "give 0 to rows of unknown status")] if wrong else []
