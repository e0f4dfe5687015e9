"""Predicted risks of one or several models in, discrimination and accuracy with closed-form intervals out.

The standard errors are those of R's riskRegression (AUC, Brier score) and survival (concordance).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.incidence import OutcomeArray, censoring_influence, censoring_weights
from riskstrat.numerics.intervals import LEVEL, normal_quantile
from riskstrat.validation.discrimination import auc_pairs, concordance_pairs
from riskstrat.validation.horizon_labels import HorizonLabels, label_outcomes

NULL_MODEL = "null"
"""Gives everybody the observed risk."""

_SCHEMA = {"model": pl.String(), "metric": pl.String(), "estimate": pl.Float64(), "standard_error": pl.Float64()}


@checked
def score(
    y: OutcomeArray,
    risks: Mapping[str, npt.ArrayLike],
    horizon_days: float,
    *,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Compare models at the horizon on the same independent persons, with closed-form intervals.

    Censored statuses are replaced by inverse probability of censoring weights from one Kaplan-Meier curve. The standard
    error of a metric is that of the sum of the influences of persons, with what each does to that curve (Blanche,
    Dartigues and Jacqmin-Gadda 2013; Gerds and Schumacher 2007); for concordance the curve is taken as known, as in R's
    survival. Families, landmarks and groups are for `validate`, which draws them.

    Parameters
    ----------
    y
        Outcome array (n,).
    risks
        Predicted risks (n,), in [0, 1], by name of the model; the first is what the others are compared with.
    horizon_days
        End of the time at risk in days.
    level
        Coverage of the intervals.

    Returns
    -------
    polars.DataFrame
        model, metric, estimate, standard_error, lower, upper. Metrics: ``auc``, ``concordance`` (Uno's), ``brier``,
        ``ipa``; and for all models but the first ``auc_gain`` and so on: the model's minus the first one's. The model
        ``null`` gives everybody the observed risk.

    Raises
    ------
    UsageError
        If no model is given, or one is called ``null``.
    ContractError
        If outcome or risks cannot be used.
    DesignError
        If everybody or nobody had the outcome.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0, 1, 0], [10, 30, 30, 20, 30])
    >>> found = score(y, {"model": [0.8, 0.5, 0.2, 0.4, 0.1]}, 30)
    >>> found.filter(metric="auc").select("estimate", pl.col("standard_error").round(4)).row(0)
    (0.8333333333333334, 0.2013)
    """
    if not risks or NULL_MODEL in risks:
        expected = f"a name for each model, not {NULL_MODEL!r}"
        raise UsageError(Problem(found="no model, or a name that is taken", expected=expected, remedy="rename it"))
    weight = censoring_weights(y, horizon_days, truncate=1)
    labels = {name: label_outcomes(y, risk, horizon_days, weight) for name, risk in risks.items()}
    observed = HorizonLabels(*_null(next(iter(labels.values()))))
    metrics = {name: dict(_metrics(y, found, horizon_days)) for name, found in labels.items()}
    reference, *others = metrics
    found = {(NULL_MODEL, "brier"): _brier(y, observed, horizon_days)}
    found |= {(name, metric): value for name, values in metrics.items() for metric, value in values.items()}
    found |= {
        (name, f"{metric}_gain"): _minus(value, metrics[reference][metric])
        for name in others
        for metric, value in metrics[name].items()
    }
    rows = [
        (*named, value, float(len(y) * np.var(influence, ddof=1)) ** 0.5) for named, (value, influence) in found.items()
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    half = normal_quantile(level) * pl.col("standard_error")
    return frame.with_columns(lower=pl.col("estimate") - half, upper=pl.col("estimate") + half)


Estimated = tuple[float, NDArray[np.float64]]
"""A metric, and the influence of each row on it."""


def _metrics(y: OutcomeArray, labels: HorizonLabels, horizon_days: float) -> Iterator[tuple[str, Estimated]]:
    pairs = auc_pairs(labels)
    yield "auc", (pairs.share, pairs.influence + censoring_influence(y, horizon_days, pairs.influence))
    ranked = concordance_pairs(y, labels.risk, horizon_days, labels.weight)
    yield "concordance", (ranked.share, ranked.influence)
    brier, psi = _brier(y, labels, horizon_days)
    null, of_null = _brier(y, HorizonLabels(*_null(labels)), horizon_days)
    yield "brier", (brier, psi)
    yield "ipa", (1 - brier / null, (brier / null * of_null - psi) / null)


def _brier(y: OutcomeArray, labels: HorizonLabels, horizon_days: float) -> Estimated:
    squares = labels.weight * (labels.outcome - labels.risk) ** 2 / len(y)
    mean = float(squares.sum())
    return mean, squares - mean / len(y) + censoring_influence(y, horizon_days, squares)


def _null(labels: HorizonLabels) -> tuple[NDArray[np.float64], ...]:
    """Outcome, the observed risk as that of everybody, and weight."""
    observed = np.average(labels.outcome, weights=labels.weight)
    return labels.outcome, np.full(len(labels.risk), observed), labels.weight


def _minus(one: Estimated, other: Estimated) -> Estimated:
    return one[0] - other[0], one[1] - other[1]
