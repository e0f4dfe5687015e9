"""An estimator and a fold number for each row in; risks from models that never saw the person, and the models, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import clone

from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.matrix import Features, FloatArray, Numbers
from riskstrat.estimators.parts import ChosenRows, LazyParts, is_in_parts
from riskstrat.incidence import OutcomeArray, check_outcome
from riskstrat.incidence.groups import Labels, number_groups
from riskstrat.incidence.outcome import BoolArray, case_weights


@dataclass(frozen=True)
class CrossFit:
    """Models by the fold that they never saw, and the risk each gives to the rows of its fold.

    Parameters
    ----------
    models
        The model of each fold.
    folds
        Fold of each training row, shape (n,).
    risk
        Out-of-fold risk of each training row, shape (n,).
    """

    models: Mapping[int, RiskEstimator]
    folds: Numbers
    risk: FloatArray

    def predict_risk(self, X: Features, folds: npt.ArrayLike) -> FloatArray:
        """Score other people (today's residents, say), each by the model that never saw the fold they belong to.

        Parameters
        ----------
        X
            Features, n rows.
        folds
            Fold of each row, shape (n,): the fold of the person's area where folds are clusters of areas.

        Returns
        -------
        numpy.ndarray
            Risk at the horizon, shape (n,).

        Raises
        ------
        UsageError
            A fold has no model.
        """
        numbers = np.asarray(folds)
        if unknown := sorted(set(np.unique(numbers).tolist()) - set(self.models)):
            found = f"folds without a model: {', '.join(map(str, unknown))}"
            raise UsageError(Problem(found=found, expected=f"{sorted(self.models)}", remedy="use the folds of the fit"))
        risk = np.empty(len(numbers))
        for fold in np.unique(numbers).tolist():
            rows = numbers == fold
            risk[rows] = self.models[fold].predict_risk(rows_of(X, rows))
        return risk


def cross_fit(
    estimator: RiskEstimator,
    X: Features,
    y: OutcomeArray,
    folds: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    strata: Labels | None = None,
    groups: Labels | None = None,
) -> FloatArray:
    """Give each person the risk from a model fitted without that person's fold, shape (n,).

    Parameters and errors as for `cross_fit_models`.

    Examples
    --------
    >>> from riskstrat.estimators import AgeSex
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"age_years": [50, 60, 70, 80] * 30})
    >>> y = outcome_array([0, 0, 0, 1, 0, 0, 1, 1] * 15, [365.0] * 120)
    >>> cross_fit(AgeSex(horizon_days=365), X, y, folds=[0, 1, 2] * 40).shape
    (120,)
    """
    return cross_fit_models(estimator, X, y, folds, sample_weight, strata=strata, groups=groups).risk


def cross_fit_models(
    estimator: RiskEstimator,
    X: Features,
    y: OutcomeArray,
    folds: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    strata: Labels | None = None,
    groups: Labels | None = None,
) -> CrossFit:
    """Fit a model without each fold and keep the models, so that others can be scored by the right one.

    Parameters
    ----------
    estimator
        Unfitted; it is cloned for each fold.
    X, y, sample_weight, strata
        As for `RiskEstimator.fit`.
    folds
        Fold of each row, shape (n,).
    groups
        Persons or families, shape (n,). Rows that share a group with a row of the fold are left out of its training
        too, so that folds of areas are also separated by person and family.

    Returns
    -------
    CrossFit
        Models, folds and out-of-fold risks.

    Raises
    ------
    ContractError
        Lengths differ.
    DesignError
        The people outside some fold cannot carry the model.
    """
    n = len(check_outcome(y))
    numbers = _check_folds(folds, n)
    sizes = case_weights(sample_weight, n)
    group = np.arange(n) if groups is None else number_groups(groups, n)[0]
    stratum = number_groups(strata, n)[0]
    models: dict[int, RiskEstimator] = {}
    risk = np.empty(n)
    for fold in np.unique(numbers).tolist():
        held_out = numbers == fold
        train = ~np.isin(group, group[held_out])
        # Without groups the estimator falls back on person_id of X, which positions would override.
        inner = None if groups is None else group[train]
        models[fold] = clone(estimator).fit(rows_of(X, train), y[train], sizes[train], stratum[train], inner)
        risk[held_out] = models[fold].predict_risk(rows_of(X, held_out))
    return CrossFit(models, numbers, risk)


def rows_of(X: Features, rows: BoolArray) -> Features:
    """Choose rows of features of any kind by a mask."""
    if isinstance(X, pl.DataFrame):
        return X.filter(rows)
    if isinstance(X, pl.LazyFrame):
        return ChosenRows(LazyParts(X), rows)
    return ChosenRows(X, rows) if is_in_parts(X) else X[rows]


def _check_folds(folds: npt.ArrayLike, n: int) -> Numbers:
    numbers = np.asarray(folds)
    if numbers.shape == (n,) and np.issubdtype(numbers.dtype, np.integer) and len(np.unique(numbers)) > 1:
        return numbers.astype(np.intp)
    found = f"folds of shape {numbers.shape} and type {numbers.dtype}"
    expected = f"{n} whole numbers, at least two different"
    raise ContractError(Problem(found=found, expected=expected, remedy="give one fold number a row"))
