"""An estimator and a `Split` in; the model of each fold, and the risk it gives to the fold's test rows, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from sklearn.base import clone

from riskstrat.errors import ContractError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.followed import FitRows, FollowedRows
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.parts import ChosenRows, LazyParts, is_in_parts
from riskstrat.incidence import OutcomeArray, check_outcome, status_known
from riskstrat.incidence.outcome import case_weights
from riskstrat.numerics.folds import Split, groups_shared
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.threads import side_by_side


@dataclass(frozen=True, eq=False)
class CrossFit:
    """The model of each fold, and the risk that each gives to the test rows of its fold.

    Parameters
    ----------
    models
        The model of each fold, by its position in the split; it was not fitted to the fold's test rows.
    split
        Training and test rows of each fold.
    risk
        Out-of-fold risk of each row, shape (n,); NaN where no fold tests the row.

    Examples
    --------
    >>> split = Split(name="one fold", train=(np.array([1]),), test=(np.array([0]),))
    >>> CrossFit(models={}, split=split, risk=np.array([0.1, np.nan])).folds.tolist()
    [0, -1]
    """

    models: Mapping[int, RiskEstimator]
    split: Split
    risk: NDArray[np.float64]

    @property
    def folds(self) -> NDArray[np.intp]:
        """Fold that tests each row, shape (n,); -1 where none does."""
        return self.split.fold_of_rows(len(self.risk))

    def predict_risk(self, X: Features, folds: npt.ArrayLike) -> NDArray[np.float64]:
        """Predict for other persons (today's residents, say), each by the model of the fold that they belong to.

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
            raise UsageError(Problem(found, f"{sorted(self.models)}", "use the folds of the fit"))
        risk = np.empty(len(numbers))
        for fold in np.unique(numbers).tolist():
            rows = numbers == fold
            risk[rows] = self.models[fold].predict_risk(rows_of(X, rows))
        return risk


@checked
def cross_fit(
    estimator: RiskEstimator,
    X: Features,
    y: OutcomeArray,
    split: Split,
    *,
    sample_weight: npt.ArrayLike | None = None,
    strata: Labels | None = None,
    groups: Labels | None = None,
    followed: FollowedRows | None = None,
) -> CrossFit:
    """Fit a model to the training rows of each fold and predict for its test rows.

    Folds are fitted side by side, one thread each: the answer is the same on any number of processors. What a model
    chooses on held-out rows (`Boosting`: the number of trees) is chosen for each fold by the test rows of the other
    folds, where it may learn from those; nothing is fitted for that choice alone.

    Parameters
    ----------
    estimator
        Unfitted; it is cloned for each fold.
    X, y, sample_weight, strata
        As for `RiskEstimator.fit`.
    split
        Training and test rows of each fold, from `riskstrat.validation` or `Split.from_folds`.
    groups
        Persons or families, shape (n,), which inner folds of the estimator keep together. The split must keep them
        apart already.
    followed
        Further rows that models of time learn from; they are never tested, and direct models leave them out.

    Returns
    -------
    CrossFit
        Models, split and out-of-fold risks.

    Raises
    ------
    ContractError
        Lengths differ, the split has fewer than two folds or other rows, or a group is in both the training and the
        test rows of a fold.
    DesignError
        Some fold has too few training outcomes for the model.

    Examples
    --------
    >>> from riskstrat.estimators import AgeSex
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"age_years": [50, 60, 70, 80] * 30})
    >>> y = outcome_array([0, 0, 0, 1, 0, 0, 1, 1] * 15, [365.0] * 120)
    >>> cross_fit(AgeSex(horizon_days=365), X, y, Split.from_folds([0, 1, 2] * 40)).risk.shape
    (120,)
    """
    n = len(check_outcome(y))
    group = np.arange(n) if groups is None else number_groups(groups, n)[0]
    ContractError.refuse(_split_problems(split, group))
    if followed is not None:
        ContractError.refuse(followed.problems(split, groups, strata))
    sizes, stratum = case_weights(sample_weight, n), number_groups(strata, n)[0]

    def rows(numbers: NDArray[np.intp]) -> FitRows:
        # Without groups the estimator falls back on person_id of X, which row numbers would override.
        return FitRows(
            X=rows_of(X, _mask(numbers, n)),
            outcome=y[numbers],
            sample_weight=sizes[numbers],
            strata=stratum[numbers],
            groups=None if groups is None else group[numbers],
        )

    def trained_on(fold: int) -> FitRows:
        train = split.train[fold]
        if followed is None or not estimator.learns_from_followed:
            return rows(train)
        labelled = replace(rows(train), strata=np.asarray(strata)[train], groups=np.asarray(groups)[train])
        return labelled.followed_by(followed.of_fold(fold))

    folds = range(len(split.test))
    chooses = _others_may_choose(split, status_known(y, estimator.horizon_days))

    def fitted(fold: int) -> RiskEstimator:
        unfitted = estimator.watched(rows(split.test[fold])) if chooses else clone(estimator)
        return trained_on(fold).fit(unfitted)

    watched = side_by_side(fitted, folds)
    models = side_by_side(lambda fold: watched[fold].settled([*watched[:fold], *watched[fold + 1 :]]), folds)
    predicted = side_by_side(lambda fold: models[fold].predict_risk(rows_of(X, _mask(split.test[fold], n))), folds)
    risk = np.full(n, np.nan)
    for test, own in zip(split.test, predicted, strict=True):
        risk[test] = own
    return CrossFit(dict(enumerate(models)), split, risk)


def _others_may_choose(split: Split, known: NDArray[np.bool_]) -> bool:
    """Whether the test rows of any fold have known statuses that every other fold may learn from.

    They have not where all are of a later time than the training rows.
    """
    trained = [_mask(train, len(known)) for train in split.train]
    return all(
        (known[test] & learns[test]).any()
        for number, test in enumerate(split.test)
        for learns in (*trained[:number], *trained[number + 1 :])
    )


def rows_of(X: Features, rows: NDArray[np.bool_]) -> Features:
    """Choose rows of features of any kind by a mask."""
    if isinstance(X, pl.DataFrame):
        return X.filter(rows)
    if isinstance(X, pl.LazyFrame):
        return ChosenRows(LazyParts(X), rows)
    return ChosenRows(X, rows) if is_in_parts(X) else X[rows]


def _mask(rows: NDArray[np.intp], n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=np.bool_)
    mask[rows] = True
    return mask


def _split_problems(split: Split, group: NDArray[np.intp]) -> Iterator[Problem]:
    n, rows = len(group), np.concatenate([*split.train, *split.test, np.empty(0, dtype=np.intp)])
    if len(split.test) < 2:
        yield Problem(
            f"a split of {number_of(len(split.test), 'fold')}", "at least two", "use person_folds or Split.from_folds"
        )
    if len(rows) and not (rows.min() >= 0 and rows.max() < n):
        found = f"a split with row numbers from {rows.min()} to {rows.max()}"
        yield Problem(found, f"rows of the {number_of(n, 'outcome')}", "split the frame that X was built from")
        return
    shared = sum(groups_shared(group, train, test) for train, test in zip(split.train, split.test, strict=True))
    if shared:
        yield Problem(
            f"{number_of(shared, 'group')} in both the training and the test rows of a fold",
            "nobody on both sides",
            "split by family, or pass the groups to Split.from_folds",
        )
