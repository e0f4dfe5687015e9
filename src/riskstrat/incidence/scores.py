"""Outcome array and predicted risk at the horizon in, censoring-weighted Brier score and prediction accuracy out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskstrat.errors import ContractError
from riskstrat.errors.arguments import checked
from riskstrat.incidence.censoring import censoring_weights, observed_weights
from riskstrat.incidence.outcome import OutcomeArray, case_weights, check_outcome, outcome_within
from riskstrat.numerics.checks import risk_problems


@checked
def brier(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
) -> float:
    """Mean squared distance between predicted risk and what happened by the horizon, weighted for censoring.

    sum w (1{outcome by the horizon} - risk)^2 / sum w (Graf 1999; with competing events Schoop 2011).

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    risk
        Predicted cumulative incidence at the horizon, shape (n,), in [0, 1].
    horizon_days
        End of the time at risk in days.
    weights
        Shape (n,), 0 where the status at the horizon is not known. By default `censoring_weights` over all rows.
    entry
        Days from the index date to when a row came under observation (n,): statuses and predictions are weighted for
        who entered and was followed (`censoring_weights`). Not beside weights.

    Returns
    -------
    float
        0 is perfect; 0.25 is a coin.

    Raises
    ------
    ContractError
        An argument cannot be used.
    DesignError
        Nobody is followed to the horizon.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> round(brier(outcome_array([1, 0], [10, 30]), [0.8, 0.4], 30), 6)
    0.1
    """
    weights = observed_weights(y, horizon_days, weights, entry)
    n = len(check_outcome(y))
    sizes = censoring_weights(y, horizon_days) if weights is None else case_weights(weights, n)
    risks = np.asarray(risk, dtype=np.float64)
    ContractError.refuse(risk_problems("risk", risks, n))
    distance = outcome_within(y, horizon_days) - risks
    return float(np.average(distance**2, weights=sizes))


@checked
def prediction_accuracy(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
) -> float:
    """Index of prediction accuracy: 1 - Brier score / Brier score of giving everybody the mean risk.

    Kattan and Gerds (2018). 0 is no better than the mean, 1 is perfect, negative is harmful; NaN where everybody or
    nobody had the outcome.

    Parameters
    ----------
    y, risk, horizon_days, weights
        As for `brier`.
    entry
        Days from the index date to when a row came under observation (n,): statuses and predictions are weighted for
        who entered and was followed (`censoring_weights`). Not beside weights.

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    ContractError, DesignError
        As for `brier`.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> round(prediction_accuracy(outcome_array([1, 0], [10, 30]), [0.8, 0.4], 30), 6)
    0.6
    """
    weights = observed_weights(y, horizon_days, weights, entry)
    n = len(check_outcome(y))
    sizes = censoring_weights(y, horizon_days) if weights is None else case_weights(weights, n)
    mean = float(np.average(outcome_within(y, horizon_days), weights=sizes))
    if not 0 < mean < 1:
        return float("nan")
    return 1 - brier(y, risk, horizon_days, sizes) / brier(y, np.full(n, mean), horizon_days, sizes)
