"""Predicted risks of one or several models in, discrimination and accuracy with closed-form intervals out.

The standard errors are those of R's riskRegression (AUC, Brier score) and survival (concordance).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

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
from riskstrat.validation.pairs import Pairs

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
    entry: npt.ArrayLike | None = None,
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
    entry
        Days from the index date to when a row came under observation (n,): statuses are weighted for who entered and
        was followed (`censoring_weights`). Standard errors then take both curves as known, and there is no concordance,
        whose pairs would have to be at risk together.

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
        raise UsageError(Problem("no model, or a name that is taken", expected, "rename it"))
    weight = censoring_weights(y, horizon_days, truncate=1, entry=entry)
    late = entry is not None and bool(np.any(np.asarray(entry) != 0))
    curve = _known if late else partial(censoring_influence, y, horizon_days)
    labels = {name: label_outcomes(y, risk, horizon_days, weight) for name, risk in risks.items()}
    observed = _null(next(iter(labels.values())))
    ranked = None if late else partial(concordance_pairs, y, horizon_days=horizon_days, weight=weight)
    metrics = {name: dict(_metrics(found, curve, ranked)) for name, found in labels.items()}
    reference, *others = metrics
    found = {(NULL_MODEL, "brier"): _brier(observed, curve)}
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
OfCurve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""What each row does to a metric by way of the curve of censoring, (n,), from what its own weight does, (n,)."""


def _metrics(
    labels: HorizonLabels, curve: OfCurve, ranked: Callable[..., Pairs] | None
) -> Iterator[tuple[str, Estimated]]:
    pairs = auc_pairs(labels)
    yield "auc", (pairs.share, pairs.influence + curve(pairs.influence))
    if ranked is not None:
        in_time = ranked(labels.risk)
        yield "concordance", (in_time.share, in_time.influence)
    brier, psi = _brier(labels, curve)
    null, of_null = _brier(_null(labels), curve)
    yield "brier", (brier, psi)
    yield "ipa", (1 - brier / null, (brier / null * of_null - psi) / null)


def _brier(labels: HorizonLabels, curve: OfCurve) -> Estimated:
    """Weighted mean of squares; without late entry the weights add up to the number of rows, whatever the sample."""
    squares, size = labels.squares, labels.weight.sum()
    mean = float(squares.sum() / size)
    each = labels.weight if curve is _known else 1.0
    return mean, (squares - mean * each) / size + curve(squares / size)


def _known(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nothing: the curves are taken as known."""
    return np.zeros_like(change)


def _null(labels: HorizonLabels) -> HorizonLabels:
    """Give everybody the observed risk."""
    observed = np.average(labels.outcome, weights=labels.weight)
    return replace(labels, risk=np.full(len(labels.risk), observed))


def _minus(one: Estimated, other: Estimated) -> Estimated:
    return one[0] - other[0], one[1] - other[1]
