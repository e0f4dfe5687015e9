"""Take contributions from an estimator and refuse them unless they add up to its predictions.

In: a fitted estimator and X. Out: an `Explanation` in logits, one row a row of X.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.errors import Problem, RiskstratError, UsageError
from riskstrat.records.explanation import Explanation

TOLERANCE = 1e-6
"""Largest accepted gap between baseline + sum and the logit of the risk, relative to max(1, |logit|)."""

OTHER = "other"
"""Family of the features for which no family is given."""

# A risk closer to 0 or 1 than this has lost the digits that a comparison of logits needs.
_EDGE = 1e-9

Floats = npt.NDArray[np.float64]


class Explainable(Protocol):
    """What an estimator must offer to be explained."""

    @property
    def features_(self) -> tuple[str, ...]:
        """Names of the columns of the contributions."""

    def contributions(self, X: pl.DataFrame) -> tuple[Floats, float]:
        """Contributions (n, p) in logits and the baseline that they start from."""

    def predict_risk(self, X: pl.DataFrame) -> Floats:
        """Risk at the horizon (n,)."""


def explain(model: Explainable, X: pl.DataFrame, families: Mapping[str, str] | None = None) -> Explanation:
    """Contributions of every feature to every predicted risk, on the model's own logit scale.

    Parameters
    ----------
    model
        A fitted estimator with ``contributions``, ``predict_risk`` and ``features_``.
    X
        Features, one row a person and index date.
    families
        Family of factors of each column; a column without one goes to the family ``"other"``.

    Returns
    -------
    Explanation
        ``values`` (n, p), ``baseline``, ``features``, ``families``.

    Raises
    ------
    UsageError
        If the numbers of rows, columns and names do not fit together.
    RiskstratError
        If, for any row, baseline + sum differs from the logit of the predicted risk by more than 1e-6 relative to
        max(1, abs(logit)), or is not a number. (A published explainer was off by 5 logits without a word.)

    Examples
    --------
    >>> class Model:
    ...     features_ = ("age",)
    ...
    ...     def contributions(self, X):
    ...         return X.select("age").to_numpy() * 0.1, -2.0
    ...
    ...     def predict_risk(self, X):
    ...         return 1 / (1 + np.exp(2.0 - 0.1 * X["age"].to_numpy()))
    >>> explain(Model(), pl.DataFrame({"age": [10.0, 20.0]}), {"age": "age_sex"}).by_family()
    array([[1.],
           [2.]])
    """
    values, baseline = model.contributions(X)
    values = np.asarray(values, dtype=np.float64)
    features = tuple(model.features_)
    _check_shape(values, X.height, features)
    _check_sum(values, baseline, np.asarray(model.predict_risk(X), dtype=np.float64))
    named = tuple((families or {}).get(feature, OTHER) for feature in features)
    return Explanation(values=values, baseline=float(baseline), features=features, families=named)


def _check_shape(values: Floats, rows: int, features: tuple[str, ...]) -> None:
    if values.shape != (rows, len(features)):
        raise UsageError(
            Problem(
                found=f"contributions of shape {values.shape}",
                expected=f"{rows} rows and {len(features)} columns, as X and the model's features",
                remedy="let contributions(X) return one row a row of X and one column a name in features_",
            )
        )


def _check_sum(values: Floats, baseline: float, risk: Floats) -> None:
    limit = _logit(np.array([1 - _EDGE]))[0]
    total = np.clip(baseline + values.sum(axis=1), -limit, limit)
    predicted = _logit(np.clip(risk, _EDGE, 1 - _EDGE))
    gap = np.abs(total - predicted) / np.maximum(1.0, np.abs(predicted))
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise RiskstratError(
            Problem(
                found=f"contributions that miss the prediction in {wrong} of {len(gap)} rows, by up to {gap.max():.3g}",
                expected=f"baseline + sum = logit of the risk within {TOLERANCE:g} (relative)",
                remedy="use an exact explainer on numeric features, and explain the model that predicted these risks",
            )
        )


def _logit(risk: Floats) -> Floats:
    return np.asarray(np.log(risk) - np.log1p(-risk), dtype=np.float64)
