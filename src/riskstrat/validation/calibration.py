"""Predicted risks and outcome array in, calibration out: how well risks agree in level with observed risk.

Risks are shares in [0, 1]; observed risk is the cumulative incidence with the competing event competing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors.arguments import checked
from riskstrat.incidence import OUTCOME, OutcomeArray, cumulative_incidence, observed_weights, outcome_within
from riskstrat.numerics.intervals import LEVEL, wilson_interval
from riskstrat.numerics.links import LOGIT
from riskstrat.numerics.logistic import NormalPrior, fit_logistic, logistic_recalibration
from riskstrat.numerics.splines import KNOT_QUANTILES, restricted_cubic_spline
from riskstrat.validation.horizon_labels import LOGIT_EDGE, HorizonLabels, label_outcomes

_CURVE_POINTS = 50
SINGULAR = 1e-9
"""Information, scaled to a diagonal of 1, whose smallest eigenvalue is below this does not determine coefficients."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Agreement in level between predicted and observed risk.

    Attributes
    ----------
    observed_expected
        Observed over mean predicted risk; above 1 the risks are too low.
    slope
        Coefficient of the logit of the risk; below 1 the risks are too extreme.
    in_the_large
        Shift in logits that would make observed and expected agree; above 0 the risks are too low.
    ici, e50, e90
        Mean, median and 90th percentile of the distance between predicted and smooth observed risk.
    groups
        Frame of risk_group, n, mean_predicted, observed, lower, upper.
    curve
        Frame of predicted, observed (smooth).

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> found = calibration(outcome_array([1, 0, 0, 1], [10, 30, 30, 20]), [0.8, 0.5, 0.2, 0.5], 30)
    >>> found.observed_expected
    1.0
    """

    observed_expected: float
    slope: float
    in_the_large: float
    ici: float
    e50: float
    e90: float
    groups: pl.DataFrame
    curve: pl.DataFrame


@checked
def calibration(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
) -> Calibration:
    """Calibration at the horizon.

    The slope is that of a weighted logistic regression of the outcome on the logit of the risk, in-the-large its
    intercept with slope 1 (Cox 1958). The curve is the same regression on a restricted cubic spline with four knots;
    ICI, E50 and E90 are summaries of its distance from the risks (Austin and Steyerberg 2019).

    Parameters
    ----------
    y
        Outcome array (n,).
    risk
        Predicted risks (n,), in [0, 1].
    horizon_days
        End of the time at risk in days.
    weights
        Weight of each row's status (n,), 0 where not known: then observed risks are weighted shares. By default
        censoring weights are used, and observed risks are Aalen-Johansen estimates.
    entry
        Days from the index date to when a row came under observation (n,): statuses and predictions are weighted for
        who entered and was followed (`censoring_weights`). Not beside weights.

    Returns
    -------
    Calibration

    Raises
    ------
    ContractError
        If an argument cannot be used.
    DesignError
        If everybody or nobody had the outcome.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0, 1], [10, 30, 30, 20])
    >>> round(calibration(y, [0.5, 0.2, 0.2, 0.1], 30).observed_expected, 6)
    2.0
    """
    weights = observed_weights(y, horizon_days, weights, entry)
    labels = label_outcomes(y, risk, horizon_days, weights)
    weight, curve = prediction_weight(labels, weights), SmoothCurve.fit(labels)
    level = observed_risk(y, horizon_days, weights, np.zeros(len(y), dtype=np.intp), LEVEL)["observed"][0]
    return Calibration(
        observed_expected=float(level / np.average(labels.risk, weights=weight)),
        slope=logistic_recalibration(labels.logit, labels.outcome, labels.weight).slope,
        in_the_large=in_the_large(labels),
        **distances(curve.observed(labels.risk), labels.risk, weight),
        groups=calibration_groups(y, risk, horizon_days, weights),
        curve=calibration_curve(labels, curve),
    )


def distances(
    observed: NDArray[np.float64], risk: NDArray[np.float64], weight: NDArray[np.float64]
) -> dict[str, float]:
    """Mean (``ici``), median (``e50``) and 90th percentile (``e90``) of the distance of risks from those observed."""
    distance = np.abs(observed - risk)
    e50, e90 = weighted_quantiles(distance, weight, np.array([0.5, 0.9]))
    return {"ici": float(np.average(distance, weights=weight)), "e50": float(e50), "e90": float(e90)}


def weighted_quantiles(
    values: NDArray[np.float64], weight: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find the values at or below which these shares of the weight lie; numpy's own takes three times as long."""
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    return np.asarray(values[order][np.searchsorted(reached, at * reached[-1])], dtype=np.float64)


def in_the_large(labels: HorizonLabels) -> float:
    """Shift in logits after which the weighted sum of risks is that of outcomes."""
    ones = np.ones((len(labels.risk), 1))
    return float(fit_logistic(ones, labels.outcome, labels.weight, offset=labels.logit)[0])


@checked
def calibration_groups(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    groups: int = 10,
    level: float = LEVEL,
    entry: npt.ArrayLike | None = None,
) -> pl.DataFrame:
    """Mean predicted and observed risk by tenths of the predicted risk.

    Parameters
    ----------
    y, risk, horizon_days, weights, entry
        As for `calibration`.
    groups
        Number of groups of about equal size; equal risks stay together, so that there may be fewer.
    level
        Coverage of the intervals: log-log around Aalen-Johansen, Wilson's with Kish's effective size around a share.

    Returns
    -------
    polars.DataFrame
        risk_group (1 = lowest), n, mean_predicted, observed, lower, upper.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0, 1], [10, 30, 30, 20])
    >>> calibration_groups(y, [0.1, 0.1, 0.5, 0.7], 30, groups=2).select("n", "mean_predicted", "observed").rows()
    [(2, 0.1, 0.5), (2, 0.6, 0.5)]
    """
    weights = observed_weights(y, horizon_days, weights, entry)
    labels = label_outcomes(y, risk, horizon_days, weights)
    weight = prediction_weight(labels, weights)
    number = risk_groups(labels.risk, weight > 0, groups)
    counts = np.bincount(number, weights=weight > 0)
    expected = np.bincount(number, weights=weight * labels.risk) / np.bincount(number, weights=weight)
    observed = observed_risk(y, horizon_days, weights, number, level)
    return pl.DataFrame(
        {"risk_group": np.arange(1, len(counts) + 1), "n": counts.astype(np.int64), "mean_predicted": expected}
    ).hstack(observed)


def observed_risk(
    y: OutcomeArray,
    horizon_days: float,
    weights: npt.ArrayLike | None,
    groups: NDArray[np.intp],
    level: float,
) -> pl.DataFrame:
    """Observed risk of each group (numbered from 0 without a gap): observed, lower, upper.

    Aalen-Johansen without weights, else the weighted share with Wilson's interval at the effective size.
    """
    if weights is None:
        # Where everybody had the outcome, the sum of the steps may miss 1 by a rounding: the interval is then [0, 1].
        with np.errstate(over="ignore"):
            found = cumulative_incidence(y, horizon_days, by=groups, level=level).filter(pl.col("event") == OUTCOME)
        return found.select(pl.col("estimate").alias("observed"), "lower", "upper")
    weight = np.asarray(weights, dtype=np.float64)
    total, squared = np.bincount(groups, weights=weight), np.bincount(groups, weights=weight**2)
    share = np.bincount(groups, weights=weight * outcome_within(y, horizon_days)) / total
    lower, upper = wilson_interval(share, total**2 / squared, level)
    return pl.DataFrame({"observed": share, "lower": lower, "upper": upper})


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothCurve:
    """Observed risk as a smooth function of predicted risk: a logistic regression on a restricted cubic spline.

    Attributes
    ----------
    knots
        On the logit scale, one to four.
    coefficients
        Of the intercept and the terms of the spline, (k,).
    """

    knots: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    @classmethod
    def fit(cls, labels: HorizonLabels) -> SmoothCurve:
        """Fit the curve to labelled rows, with their weights; the search starts at observed = predicted."""
        curve = cls(knots=np.unique(np.quantile(labels.logit, KNOT_QUANTILES)), coefficients=np.zeros(0))
        design = curve.design(labels.risk)
        same = NormalPrior(mean=1.0 * (np.arange(design.shape[1]) == 1), precision=np.zeros(design.shape[1]))
        return replace(curve, coefficients=fit_logistic(design, labels.outcome, labels.weight, prior=same))

    def design(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the terms of predicted risks, (n, k)."""
        logit = LOGIT.of_risk(risk, edge=LOGIT_EDGE)
        return np.column_stack([np.ones_like(logit), restricted_cubic_spline(logit, self.knots)])

    def observed(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Read the observed risk, (n,), at predicted risks."""
        return LOGIT.inverse(self.design(risk) @ self.coefficients)


def calibration_curve(labels: HorizonLabels, curve: SmoothCurve) -> pl.DataFrame:
    """Read a curve between the 1st and the 99th percentile of the risks that it was fitted to: predicted, observed."""
    ends = LOGIT.of_risk(np.quantile(labels.risk, [0.01, 0.99]), edge=LOGIT_EDGE)
    predicted = LOGIT.inverse(np.linspace(ends[0], ends[1], _CURVE_POINTS))
    return pl.DataFrame({"predicted": predicted, "observed": curve.observed(predicted)})


def logistic_influence(
    design: NDArray[np.float64], labels: HorizonLabels, fitted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Change of a weighted logistic regression's coefficients, (n, k), for each unit of case weight more in a row.

    One Newton step: the inverse information times the row's score, at the fitted risks (n,). Not a number for what the
    rows do not determine.
    """
    information = design.T @ (design * (labels.weight * fitted * (1 - fitted))[:, None])
    size = np.sqrt(np.diag(information))
    if not (size > 0).all() or np.linalg.eigvalsh(information / np.outer(size, size))[0] < SINGULAR:
        return np.full(design.shape, np.nan)
    score = design * (labels.weight * (labels.outcome - fitted))[:, None]
    return np.asarray(np.linalg.solve(information, score.T).T, dtype=np.float64)


def prediction_weight(labels: HorizonLabels, weights: npt.ArrayLike | None) -> NDArray[np.float64]:
    """Weight of each row's *prediction*, (n,): 1, unless only assessed rows count, with weights."""
    return np.ones_like(labels.risk) if weights is None else labels.weight


def risk_groups(risk: NDArray[np.float64], counted: NDArray[np.bool_], groups: int = 10) -> NDArray[np.intp]:
    """Assign each row to a group by predicted risk, shape (n,), from 0; rows that do not count are in group 0.

    Groups have about equal size among the rows that count; equal risks stay together.

    Examples
    --------
    >>> risk_groups(np.array([0.1, 0.3, 0.1, 0.2]), np.ones(4, dtype=bool), groups=2).tolist()
    [0, 1, 0, 1]
    """
    edges = np.quantile(risk[counted], np.linspace(0, 1, groups + 1)[1:-1])
    number = np.searchsorted(edges, risk, side="left")
    _, dense = np.unique(number[counted], return_inverse=True)
    filled = np.zeros(len(risk), dtype=np.intp)
    filled[counted] = dense
    return filled
