"""Take contributions from an estimator and refuse them unless they add up to its predictions.

In: a fitted estimator and X. Out: an `Explanation` on the scale of the model's link, one row a row of X.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.errors import Problem, RiskstratError, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.blocks import BLOCK_ROWS, row_blocks
from riskstrat.numerics.links import Link
from riskstrat.records.explanation import GROUP_SCHEMA, Explanation

TOLERANCE = 1e-6
"""Largest accepted gap between baseline + sum and the link of the risk, relative to max(1, |link|)."""

OTHER = "other"
"""Family of the features for which no family is given."""

# A risk closer to 0 or 1 than this has lost the digits that a comparison on the link's scale needs.
_EDGE = 1e-9

# Rows at a time: of contributions, and of terms whose sums alone are kept.
_BLOCK, _SUMMED_BLOCK = 16_384, BLOCK_ROWS

Floats = npt.NDArray[np.float64]


class Explainable(Protocol):
    """What an estimator must offer to be explained."""

    @property
    def features_(self) -> tuple[str, ...]:
        """Names of the columns of the contributions."""

    @property
    def link(self) -> Link:
        """Scale on which the contributions add up."""

    def contributions(self, X: pl.DataFrame) -> tuple[Floats, float]:
        """Contributions (n, p) on the link's scale and the baseline that they start from."""

    def predict_risk(self, X: pl.DataFrame) -> Floats:
        """Risk at the horizon (n,)."""


@runtime_checkable
class Summed(Explainable, Protocol):
    """What an estimator offers whose contributions can be added up by group without holding them."""

    def contribution_sums(
        self, X: pl.DataFrame, group: npt.NDArray[np.intp], groups: int
    ) -> tuple[Floats, Floats, Floats, float]:
        """Give sums of contributions by group (groups, p) and by row (n,), risks (n,), and the baseline."""


@checked
def explain(model: Explainable, X: pl.DataFrame, families: Mapping[str, str] | None = None) -> Explanation:
    """Contributions of every feature to every predicted risk, on the scale of the model's link.

    Parameters
    ----------
    model
        A fitted estimator with ``contributions``, ``predict_risk``, ``features_`` and ``link``.
    X
        Features, one row a person and index date.
    families
        Family of factors of each column; a column without one goes to the family ``"other"``.

    Returns
    -------
    Explanation
        ``values`` (n, p), ``baseline``, ``features``, ``families`` and the ``link``'s name.

    Raises
    ------
    UsageError
        If the numbers of rows, columns and names do not fit together.
    RiskstratError
        If, for any row, baseline + sum differs from the link of the predicted risk by more than 1e-6 relative to
        max(1, abs(link)), or is not a number. (A published explainer was off by 5 logits and reported nothing.)

    Examples
    --------
    >>> from riskstrat.numerics.links import CLOGLOG
    >>> class Model:
    ...     features_, link = ("age",), CLOGLOG
    ...
    ...     def contributions(self, X):
    ...         return X.select("age").to_numpy() * 0.1, -2.0
    ...
    ...     def predict_risk(self, X):
    ...         return CLOGLOG.inverse(0.1 * X["age"].to_numpy() - 2.0)
    >>> explain(Model(), pl.DataFrame({"age": [10.0, 20.0]}), {"age": "age_sex"}).by_family()
    array([[1.],
           [2.]])
    """
    values, baseline = model.contributions(X)
    values = np.asarray(values, dtype=np.float64)
    features = tuple(model.features_)
    _check_shape(values, X.height, features)
    _check_totals(baseline + values.sum(axis=1), np.asarray(model.predict_risk(X), dtype=np.float64), model.link)
    named = tuple((families or {}).get(feature, OTHER) for feature in features)
    return Explanation(values=values, baseline=float(baseline), features=features, families=named, link=model.link.name)


@checked
def explain_groups(
    model: Explainable,
    X: pl.DataFrame,
    labels: pl.Series,
    families: Mapping[str, str] | None = None,
    *,
    workers: int = 1,
) -> pl.DataFrame:
    """Mean contribution of each group minus everybody's, where all contributions together would not fit in memory.

    Rows are explained, and checked, some thousand at a time; only sums by group are kept. A model whose link is a sum
    of terms adds up terms instead, by group and by row, while it predicts: each row's sum is held against the risk that
    it predicts, and each group's sum against its rows'. What both take from the same place are the values of the terms.

    Parameters
    ----------
    model, X, families
        As for `explain`.
    labels
        Group of each row; rows without one (null) count in the mean of everybody only.
    workers
        Processes that explain at the same time, each with a copy of the model and of some rows. Trees are worth it.

    Returns
    -------
    polars.DataFrame
        group, feature, family, mean_difference, as `Explanation.by_group`.

    Raises
    ------
    UsageError
        If the numbers of rows, columns, names and labels do not fit together, or `workers` is below 1.
    RiskstratError
        If contributions do not add up to the prediction of every row.

    Examples
    --------
    >>> from riskstrat.numerics.links import LOGIT
    >>> class Model:
    ...     features_, link = ("age",), LOGIT
    ...
    ...     def contributions(self, X):
    ...         return X.select("age").to_numpy() * 0.1, -2.0
    ...
    ...     def predict_risk(self, X):
    ...         return LOGIT.inverse(0.1 * X["age"].to_numpy() - 2.0)
    >>> X, areas = pl.DataFrame({"age": [10.0, 20.0, 30.0]}), pl.Series(["north", "south", "south"])
    >>> explain_groups(Model(), X, areas)["mean_difference"].to_list()
    [-1.0, 0.5]
    """
    UsageError.refuse(_group_problems(X, labels, workers))
    names = labels.drop_nulls().unique().sort()
    code = labels.replace_strict(names, np.arange(len(names)), default=len(names), return_dtype=pl.Int64).to_numpy()
    blocks = row_blocks(X.height, _SUMMED_BLOCK if isinstance(model, Summed) else _BLOCK)
    if workers == 1:
        found = (_group_sums(model, X[rows], code[rows], len(names) + 1) for rows in blocks)
    else:
        from sklearn.utils.parallel import Parallel, delayed

        found = Parallel(workers, return_as="generator")(
            delayed(_group_sums)(model, X[rows], code[rows], len(names) + 1) for rows in blocks
        )
    sums = np.zeros((len(names) + 1, len(model.features_)))
    for each in found:
        sums += each
    sizes = np.bincount(code, minlength=len(names) + 1)
    means = sums[:-1] / sizes[:-1, None] - sums.sum(axis=0) / max(len(code), 1)
    named = [(families or {}).get(feature, OTHER) for feature in model.features_]
    return pl.DataFrame(
        {
            "group": np.repeat(names.to_numpy(), len(named)),
            "feature": list(model.features_) * len(names),
            "family": named * len(names),
            "mean_difference": means.ravel(),
        },
        schema=dict(GROUP_SCHEMA),
    )


def _group_sums(model: Explainable, X: pl.DataFrame, code: npt.NDArray[np.int64], groups: int) -> Floats:
    """Add up the checked contributions of some rows by group, (groups, p)."""
    from scipy.sparse import csr_array

    if isinstance(model, Summed):
        return _sums_at_once(model, X, code, groups)
    member = csr_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=(groups, len(code)))
    return np.asarray(member @ explain(model, X).values, dtype=np.float64)


def _sums_at_once(model: Summed, X: pl.DataFrame, code: npt.NDArray[np.int64], groups: int) -> Floats:
    """Let the model add up: each row must give the link of its risk, and each group the sum of its rows."""
    sums, totals, risk, baseline = model.contribution_sums(X, code, groups)
    _check_totals(baseline + totals, risk, model.link)
    rows, size = np.bincount(code, weights=totals, minlength=groups), np.bincount(code, minlength=groups)
    _refuse_gaps(np.abs(sums.sum(axis=1) - rows) / np.maximum(size, np.abs(rows)).clip(1), model.link, "groups")
    return sums


def _group_problems(X: pl.DataFrame, labels: pl.Series, workers: int) -> Iterator[Problem]:
    if len(labels) != X.height:
        yield Problem(
            f"{number_of(len(labels), 'label')} for {number_of(X.height, 'row')}",
            "one label a row",
            "take them from the same rows",
        )
    if workers < 1:
        yield Problem(f"workers = {workers}", "at least 1", "write 2 for two processes")


def _check_shape(values: Floats, rows: int, features: tuple[str, ...]) -> None:
    if values.shape != (rows, len(features)):
        raise UsageError(
            Problem(
                f"contributions of shape {values.shape}",
                f"{number_of(rows, 'row')} and {number_of(len(features), 'column')}, as X and the model's features",
                "let contributions(X) return one row a row of X and one column a name in features_",
            )
        )


def _check_totals(total: Floats, risk: Floats, link: Link) -> None:
    lowest, highest = link.of_risk([0.0, 1.0], edge=_EDGE)
    predicted = link.of_risk(risk, edge=_EDGE)
    _refuse_gaps(np.abs(np.clip(total, lowest, highest) - predicted) / np.maximum(1.0, np.abs(predicted)), link, "rows")


def _refuse_gaps(gap: Floats, link: Link, what: str) -> None:
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise RiskstratError(
            Problem(
                f"contributions that miss the prediction in {wrong} of {len(gap)} {what}, by up to {gap.max():.3g}",
                f"baseline + sum = {link.name} of the risk within {TOLERANCE:g} (relative)",
                "use an exact explainer on numeric features, and explain the model that predicted these risks",
            )
        )
