"""Features and who was assessed in, inverse probability of assessment weights out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.estimators.linear import Logistic
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import MIN_OUTCOMES
from riskstrat.incidence import outcome_array
from riskstrat.incidence.censoring import truncated


@checked
def assessment_weights(X: Features, assessed: npt.ArrayLike, truncate: float = 0.995) -> NDArray[np.float64]:
    """Inverse probability of having been assessed, for outcomes that somebody must measure.

    The probability is a ridge logistic regression on what was known at the index, fitted to the same rows: an
    estimated probability balances the assessed better than the true one would (Hirano, Imbens and Ridder 2003). Only
    differences that the features see are repaired.

    Parameters
    ----------
    X
        Features, n rows.
    assessed
        Whether the outcome was measured, shape (n,), booleans.
    truncate
        Weights above this quantile of the positive weights are set to it.

    Returns
    -------
    numpy.ndarray
        Shape (n,): 1 / P(assessed | X) for the assessed, 0 for the others; to be passed as `sample_weight`.

    Raises
    ------
    ContractError
        `assessed` is not one boolean a row.
    DesignError
        Hardly anybody was assessed.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0]] * 40)
    >>> weights = assessment_weights(X, [True, True, True, False] * 20)
    >>> weights[:4].round(1).tolist()
    [1.0, 2.0, 1.0, 0.0]
    """
    seen = _check_assessed(assessed)
    if (~seen).sum() < MIN_OUTCOMES:
        return np.where(seen, len(seen) / seen.sum(), 0.0)
    probability = Logistic(horizon_days=1).fit(X, outcome_array(seen, np.ones(len(seen)))).predict_risk(X)
    return truncated(np.where(seen, 1 / probability, 0.0), truncate)


def _check_assessed(assessed: npt.ArrayLike) -> NDArray[np.bool_]:
    seen = np.asarray(assessed)
    if seen.dtype != np.bool_ or seen.ndim != 1:
        found = f"assessed of type {seen.dtype} and shape {seen.shape}"
        raise ContractError(Problem(found, "one boolean a row", "pass people's column assessed"))
    if seen.sum() < MIN_OUTCOMES:
        found = f"fewer than {MIN_OUTCOMES} index dates at which the outcome was assessed"
        raise DesignError(Problem(found, f"at least {MIN_OUTCOMES}", "check the measurements"))
    return seen
