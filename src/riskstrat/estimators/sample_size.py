"""What a model has to learn and how well it does in, how many persons it takes out (Riley et al. 2020)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import normal_quantile

SHRINKAGE: Final = 0.9
"""Predictions of new persons may be this much less spread than those of the persons fitted to, at least."""

OPTIMISM: Final = 0.05
"""Largest difference between the apparent and the true share of the explainable variation (Nagelkerke's R2)."""


@checked
def sample_size(parameters: int, r2: float, risk: float, *, margin: float = 0.05) -> pl.DataFrame:
    """Find how many persons a model of a binary status needs: pmsampsize's criteria.

    Riley et al., BMJ 2020;368:m441: shrinkage p / ((S - 1) log(1 - R2 / S)) with S = .9; the same with
    S = R2 / (R2 + .05 max R2) for a difference of .05 in Nagelkerke's R2; (1.96 / margin)^2 risk (1 - risk) for the
    overall risk. For a model of time to event the first holds with its own R2; the others are those of the status at
    the horizon.

    Parameters
    ----------
    parameters
        Candidate parameters: terms, not columns.
    r2
        Cox-Snell R2 on persons that the model has not seen; at or below 0 nothing is enough.
    risk
        Overall risk at the horizon, between 0 and 1.
    margin
        Half width of the 95 % interval of the overall risk.

    Returns
    -------
    polars.DataFrame
        criterion (``shrinkage``, ``optimism``, ``overall_risk``), needed: persons, null where no number is enough.

    Examples
    --------
    >>> sample_size(24, 0.288, 0.174)["needed"].to_list()
    [623, 662, 221]
    """
    most = 1 - (risk**risk * (1 - risk) ** (1 - risk)) ** 2
    needed = {
        "shrinkage": _persons(parameters, r2, SHRINKAGE),
        "optimism": _persons(parameters, r2, r2 / (r2 + OPTIMISM * most) if r2 > 0 else 0.0),
        "overall_risk": math.ceil((normal_quantile(0.95) / margin) ** 2 * risk * (1 - risk)),
    }
    return pl.DataFrame(
        {"criterion": list(needed), "needed": list(needed.values())},
        schema={"criterion": pl.String, "needed": pl.Int64},
    )


def cox_snell(label: NDArray[np.bool_], risk: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Cox-Snell R2 of risks, 1 - exp(2 (null - model) mean log likelihood): below 0 where the mean risk does better."""
    mean = float(np.average(label, weights=weight))
    gain = _log_likelihood(label, risk, weight) - _log_likelihood(label, np.full(len(label), mean), weight)
    return 1 - math.exp(-2 * gain)


def _log_likelihood(label: NDArray[np.bool_], risk: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    bounded = np.clip(risk, 1e-12, 1 - 1e-12)
    return float(np.average(np.where(label, np.log(bounded), np.log1p(-bounded)), weights=weight))


def _persons(parameters: int, r2: float, shrinkage: float) -> int | None:
    """Persons for an expected shrinkage (Van Houwelingen and Le Cessie 1990), None where no number gives it."""
    if not 0 < r2 < shrinkage < 1:
        return None
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))
