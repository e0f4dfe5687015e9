"""Candidate estimators in, the one with the smallest cross-fitted Brier score and the scores of all out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.crossfit import cross_fit
from riskstrat.estimators.followed import FollowedRows
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import outcome_weights
from riskstrat.incidence import OutcomeArray, brier, prediction_accuracy
from riskstrat.numerics.folds import Split
from riskstrat.numerics.groups import Labels


@dataclass(frozen=True)
class Choice:
    """Which candidate was chosen, and on what grounds.

    Parameters
    ----------
    name
        The candidate with the smallest Brier score; of equal ones the first.
    table
        One row a candidate: name, brier, prediction_accuracy (1 - Brier / Brier of the mean risk).
    risks
        Out-of-fold risks of each candidate, shape (n,).

    Examples
    --------
    >>> table = pl.DataFrame({"name": ["AgeSex"], "brier": [0.1], "prediction_accuracy": [0.02]})
    >>> Choice(name="AgeSex", table=table, risks={"AgeSex": np.array([0.1])}).name
    'AgeSex'
    """

    name: str
    table: pl.DataFrame
    risks: Mapping[str, NDArray[np.float64]]


@checked
def choose(
    candidates: Mapping[str, RiskEstimator],
    X: Features,
    y: OutcomeArray,
    split: Split,
    *,
    sample_weight: npt.ArrayLike | None = None,
    strata: Labels | None = None,
    groups: Labels | None = None,
    followed: FollowedRows | None = None,
) -> Choice:
    """Choose among estimators by their cross-fitted, censoring-weighted Brier score at the horizon.

    Parameters
    ----------
    candidates
        Unfitted estimators by name, all with one horizon.
    X, y, split, sample_weight, strata, groups, followed
        As for `cross_fit`.

    Returns
    -------
    Choice
        The chosen name and the table of scores.

    Raises
    ------
    UsageError
        There is no candidate, or their horizons differ.
    ContractError, DesignError
        As for `cross_fit`.

    Examples
    --------
    >>> from riskstrat.estimators import AgeSex, Logistic
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"age_years": [50, 60] * 60, "visits": [0, 0, 3, 3] * 30})
    >>> y = outcome_array([0, 0, 1, 1] * 30, [365.0] * 120)
    >>> candidates = {"age_sex": AgeSex(horizon_days=365), "logistic": Logistic(horizon_days=365)}
    >>> choose(candidates, X, y, Split.from_folds(np.arange(120) // 4 % 5)).name
    'logistic'
    """
    horizon = _common_horizon(candidates)
    weight = outcome_weights(y, horizon, sample_weight, strata)
    labels = {"strata": strata, "groups": groups}
    risks = {
        name: cross_fit(candidate, X, y, split, sample_weight=sample_weight, followed=followed, **labels).risk
        for name, candidate in candidates.items()
    }
    table = pl.DataFrame(
        {
            "name": list(risks),
            "brier": [brier(y, risk, horizon, weight) for risk in risks.values()],
            "prediction_accuracy": [prediction_accuracy(y, risk, horizon, weight) for risk in risks.values()],
        }
    )
    return Choice(name=table.sort("brier", maintain_order=True)["name"][0], table=table, risks=risks)


def _common_horizon(candidates: Mapping[str, RiskEstimator]) -> float:
    horizons = {candidate.horizon_days for candidate in candidates.values()}
    if len(horizons) == 1:
        return horizons.pop()
    found = f"{len(candidates)} candidates with {len(horizons)} horizons"
    raise UsageError(Problem(found=found, expected="at least one, all with one horizon", remedy="correct candidates"))
