"""Predicted risks and outcome array in, calibration out: whether as many get the outcome as were said to.

Risks are shares in [0, 1]; observed risk is the cumulative incidence with the competing event competing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.incidence import OUTCOME, OutcomeArray, cumulative_incidence
from riskstrat.validation.known import Floats, Known, expit, known_outcomes, logit
from riskstrat.validation.logistic import weighted_logistic

_CURVE_POINTS = 50
_KNOTS = (0.05, 0.35, 0.65, 0.95)


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """How well predicted risks agree in level with what happened.

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
    """

    observed_expected: float
    slope: float
    in_the_large: float
    ici: float
    e50: float
    e90: float
    groups: pl.DataFrame
    curve: pl.DataFrame


def calibration(
    y: OutcomeArray, risk: npt.ArrayLike, horizon_days: float, weights: npt.ArrayLike | None = None
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
    known = known_outcomes(y, risk, horizon_days, weights)
    standing = _standing(known, weights)
    level = observed_risk(y, horizon_days, weights, np.zeros(len(y), dtype=np.intp), 0.95)["observed"][0]
    smooth = smooth_observed(known, known.risk)
    distance = np.abs(smooth - known.risk)
    return Calibration(
        observed_expected=float(level / np.average(known.risk, weights=standing)),
        slope=calibration_slope(known)[1],
        in_the_large=in_the_large(known),
        ici=float(np.average(distance, weights=standing)),
        e50=_weighted_quantile(distance, standing, 0.5),
        e90=_weighted_quantile(distance, standing, 0.9),
        groups=calibration_groups(y, risk, horizon_days, weights),
        curve=calibration_curve(known),
    )


def calibration_slope(known: Known) -> tuple[float, float]:
    """Intercept and slope of the weighted logistic regression of the outcome on the logit of the risk."""
    design = np.column_stack([np.ones_like(known.risk), known.logit])
    intercept, slope = weighted_logistic(design, known.outcome, known.weight)
    return float(intercept), float(slope)


def in_the_large(known: Known) -> float:
    """Shift in logits after which the weighted sum of risks is that of outcomes."""
    ones = np.ones((len(known.risk), 1))
    return float(weighted_logistic(ones, known.outcome, known.weight, offset=known.logit)[0])


def calibration_groups(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    groups: int = 10,
    level: float = 0.95,
) -> pl.DataFrame:
    """Mean predicted and observed risk by tenths of the predicted risk.

    Parameters
    ----------
    y, risk, horizon_days, weights
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
    known = known_outcomes(y, risk, horizon_days, weights)
    standing = _standing(known, weights)
    number = _risk_groups(known.risk, standing > 0, groups)
    people = np.bincount(number, weights=standing > 0)
    expected = np.bincount(number, weights=standing * known.risk) / np.bincount(number, weights=standing)
    observed = observed_risk(y, horizon_days, weights, number, level)
    return pl.DataFrame(
        {"risk_group": np.arange(1, len(people) + 1), "n": people.astype(np.int64), "mean_predicted": expected}
    ).hstack(observed)


def observed_risk(
    y: OutcomeArray,
    horizon_days: float,
    weights: npt.ArrayLike | None,
    groups: npt.NDArray[np.intp],
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
    had = (y["event"] == OUTCOME) & (y["duration_days"] <= horizon_days)
    total, squared = np.bincount(groups, weights=weight), np.bincount(groups, weights=weight**2)
    share = np.bincount(groups, weights=weight * had) / total
    lower, upper = wilson(share, total**2 / squared, level)
    return pl.DataFrame({"observed": share, "lower": lower, "upper": upper})


def wilson(share: Floats, size: Floats, level: float) -> tuple[Floats, Floats]:
    """Wilson's interval of a share (Wilson 1927).

    Examples
    --------
    >>> [round(float(bound[0]), 4) for bound in wilson(np.array([0.1]), np.array([50.0]), 0.95)]
    [0.0435, 0.2136]
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return centre - half, centre + half


def calibration_curve(known: Known) -> pl.DataFrame:
    """Smooth observed risk between the 1st and the 99th percentile of the predicted: predicted, observed."""
    ends = logit(np.quantile(known.risk, [0.01, 0.99]))
    predicted = expit(np.linspace(ends[0], ends[1], _CURVE_POINTS))
    return pl.DataFrame({"predicted": predicted, "observed": smooth_observed(known, predicted)})


def smooth_observed(known: Known, at: Floats) -> Floats:
    """Observed risk as a smooth function of predicted risk, read at given predicted risks."""
    knots = np.unique(np.quantile(known.logit, _KNOTS))
    coefficients = weighted_logistic(_spline(known.logit, knots), known.outcome, known.weight)
    return expit(_spline(logit(at), knots) @ coefficients)


def _spline(values: Floats, knots: Floats) -> Floats:
    """Restricted cubic spline (Harrell 2015, section 2.4.5): linear beyond the outer knots."""
    columns = [np.ones_like(values), values]
    if len(knots) < 3:
        return np.column_stack(columns[: len(knots)])
    last, before = knots[-1], knots[-2]
    tail = [np.maximum(values - knot, 0.0) ** 3 for knot in (before, last)]
    for knot in knots[:-2]:
        share = (np.array([last, before]) - knot) / (last - before)
        cubic = np.maximum(values - knot, 0.0) ** 3 - tail[0] * share[0] + tail[1] * share[1]
        columns.append(cubic / (last - knots[0]) ** 2)
    return np.column_stack(columns)


def _standing(known: Known, weights: npt.ArrayLike | None) -> Floats:
    """Weight of each row's *prediction*: everybody counts, unless only those assessed stand for the others."""
    return np.ones_like(known.risk) if weights is None else known.weight


def _risk_groups(risk: Floats, counted: npt.NDArray[np.bool_], groups: int) -> npt.NDArray[np.intp]:
    edges = np.quantile(risk[counted], np.linspace(0, 1, groups + 1)[1:-1])
    number = np.searchsorted(edges, risk, side="left")
    _, dense = np.unique(number[counted], return_inverse=True)
    filled = np.zeros(len(risk), dtype=np.intp)
    filled[counted] = dense
    return filled


def _weighted_quantile(values: Floats, weight: Floats, at: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][np.searchsorted(reached, at)])
