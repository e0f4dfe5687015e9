"""Rows that an estimator is fitted to, and those that only models of time can learn from, in; one fit out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import clone

from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.matrix import Features
from riskstrat.incidence import OutcomeArray
from riskstrat.numerics.folds import Split
from riskstrat.numerics.groups import Labels

Model = TypeVar("Model", bound=RiskEstimator)


@dataclass(frozen=True, kw_only=True, eq=False)
class FitRows:
    """What `RiskEstimator.fit` takes, n rows each.

    Parameters
    ----------
    X, outcome, sample_weight, strata, groups, entry
        As for `RiskEstimator.fit`.

    Examples
    --------
    >>> from riskstrat.estimators import AgeSex
    >>> from riskstrat.incidence import as_outcome
    >>> X = pl.DataFrame({"age_years": [50, 60, 70, 80] * 20})
    >>> one = np.ones(80)
    >>> rows = FitRows(X=X, outcome=as_outcome([0, 0, 0, 1, 0, 0, 1, 1] * 10, 365), sample_weight=one, strata=one)
    >>> rows.fitted(AgeSex(horizon_days=365)).features_
    ('age_years',)
    """

    X: Features
    outcome: OutcomeArray
    sample_weight: NDArray[np.float64]
    strata: Labels
    groups: Labels | None = None
    entry: NDArray[np.float64] | None = None

    def fitted(self, estimator: RiskEstimator) -> RiskEstimator:
        """Fit a clone of an estimator."""
        model: RiskEstimator = clone(estimator)
        return self.fit(model)

    def fit(self, model: Model) -> Model:
        """Fit this very estimator."""
        return model.fit(
            self.X,
            self.outcome,
            entry=self.entry,
            sample_weight=self.sample_weight,
            strata=self.strata,
            groups=self.groups,
        )

    def followed_by(self, others: FitRows) -> FitRows:
        """Add rows; features of both are polars frames, and strata and groups have the same labels."""
        if not (isinstance(self.X, pl.DataFrame) and isinstance(others.X, pl.DataFrame)):
            found, expected = "features to be joined that are no polars frames", "polars frames of the same columns"
            raise UsageError(Problem(found, expected, "convert both"))
        entries = [np.zeros(len(rows.outcome)) if rows.entry is None else rows.entry for rows in (self, others)]
        return replace(
            self,
            X=pl.concat([self.X, others.X]),
            outcome=np.concatenate([self.outcome, others.outcome]),
            sample_weight=np.concatenate([self.sample_weight, others.sample_weight]),
            strata=np.concatenate([np.asarray(self.strata), np.asarray(others.strata)]),
            groups=np.concatenate([np.asarray(self.groups), np.asarray(others.groups)]),
            entry=np.concatenate(entries),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowedRows:
    """Index dates that direct models must leave out: not followed to the horizon by the calendar, or entered late.

    Models of time (`RiskEstimator.learns_from_followed`) learn from them too.

    Parameters
    ----------
    rows
        The rows, with the labels of strata and of groups that the others have.
    train
        Numbers of the rows that each fold of a split may learn from: none of a person or family that the fold tests.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> X, one = pl.DataFrame({"age_years": [50, 60]}), np.ones(2)
    >>> rows = FitRows(X=X, outcome=outcome_array([0, 1], [90, 30]), sample_weight=one, strata=one, groups=[7, 8])
    >>> others = FollowedRows(rows=rows, train=(np.array([1]), np.array([0, 1])))
    >>> others.of_fold(0).X["age_years"].to_list()
    [60]
    """

    rows: FitRows
    train: tuple[NDArray[np.intp], ...]

    def of_fold(self, fold: int) -> FitRows:
        """Rows that a fold may learn from."""
        kept, rows = self.train[fold], self.rows
        if not isinstance(rows.X, pl.DataFrame):
            raise UsageError(Problem("features on disk", "a polars frame", "collect them"))
        return FitRows(
            X=rows.X[kept],
            outcome=rows.outcome[kept],
            sample_weight=rows.sample_weight[kept],
            strata=np.asarray(rows.strata)[kept],
            groups=np.asarray(rows.groups)[kept],
            entry=None if rows.entry is None else rows.entry[kept],
        )

    def problems(self, split: Split, groups: Labels | None, strata: Labels | None) -> Iterator[Problem]:
        """Say what would let a fold learn from those it tests."""
        if groups is None or strata is None or self.rows.groups is None or len(self.train) != len(split.test):
            found = "rows for models of time without groups or strata, or for another number of folds"
            yield Problem(found, "persons or families, and strata, of all rows", "pass groups and strata of both")
            return
        tested, own = np.asarray(groups), np.asarray(self.rows.groups)
        folds = zip(self.train, split.test, strict=True)
        if shared := sum(len(np.intersect1d(own[train], tested[test])) for train, test in folds):
            found = f"{number_of(shared, 'group')} in both the test rows of a fold and its rows for models of time"
            yield Problem(found, "nobody on both sides", "leave them out of train")
