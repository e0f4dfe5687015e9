"""Outcome array in, Kaplan-Meier and Aalen-Johansen estimates at chosen times (days) out, in all or by group.

One sort, then cumulative sums: O(n log n). Standard errors equal those of R's `survival::survfit`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.incidence.life_table import LifeTable
from riskstrat.incidence.outcome import (
    COMPETING,
    OUTCOME,
    OutcomeArray,
    case_weights,
    check_entry,
    check_outcome,
    tie_times,
)
from riskstrat.incidence.survey import Rows, Survey
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.intervals import LEVEL, normal_quantile

Columns: TypeAlias = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Curve:
    """A step function: its value and variance before the first time and after each time, shape (k + 1,)."""

    estimate: NDArray[np.float64]
    variance: NDArray[np.float64]


@checked
def kaplan_meier(
    y: OutcomeArray,
    times: npt.ArrayLike,
    by: Labels | None = None,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
    survey: Survey | None = None,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Probability of being free of the outcome *and* of the competing event (Kaplan and Meier 1958).

    Where somebody died of something else, one minus this curve is the probability of either event. The probability of
    the outcome alone is `cumulative_incidence`, never one minus a Kaplan-Meier curve with death censored. Times that
    differ by rounding alone are one time, as in R's survival.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    times
        Days after the index date.
    by
        Groups: one label a row, or a frame whose columns cross. A missing label is a group of its own.
    weights
        Shape (n,). Without `survey` frequencies, whole numbers: 2 equals the row twice, 0 leaves it out. With `survey`
        survey weights: how many of the population a row stands for; they are scaled to sum to the number of rows.
    entry
        Days from the index date to when a row came under observation, shape (n,): it is at risk in
        ``(entry, duration_days]`` (left truncation; Andersen et al. 1993, III.3). None or 0: from the index on.
    survey
        How the rows were drawn, a `SurveyDesign` or `ReplicateWeights`: standard errors are those of the design.
    level
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        Columns of `by`, then time, estimate, lower, upper, standard_error, at_risk (just before the time). Greenwood's
        variance, or the survey's; log-log interval (Kalbfleisch and Prentice), exact binomial where the estimate is 0
        or 1. Null where nobody was followed as long as the time asks and the curve has not reached 0.

    Raises
    ------
    ContractError
        `y`, `times`, `by`, `weights`, `entry` or `survey` cannot be used.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> kaplan_meier(outcome_array([1, 0, 1, 0], [10, 20, 30, 40]), [15, 35])["estimate"].to_list()
    [0.75, 0.375]
    """
    return _by_group(
        y, times, partial(_event_free_columns, level=level), by=by, weights=weights, entry=entry, survey=survey
    )


@checked
def cumulative_incidence(
    y: OutcomeArray,
    times: npt.ArrayLike,
    by: Labels | None = None,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
    survey: Survey | None = None,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Probability of having had the outcome (event 1) or the competing death (event 2) by each time.

    Aalen and Johansen (1978): F_k(t) is the sum over event times u <= t of S(u-) d_k(u) / n(u). Its variance is the
    delta method's with multinomial hazards at each time, which equals Greenwood's when there is one kind of event and
    the infinitesimal jackknife of R's `survfit`.

    Parameters
    ----------
    y, times, by, weights, entry, survey, level
        As for `kaplan_meier`.

    Returns
    -------
    polars.DataFrame
        Columns of `by`, then time, event (1 or 2), estimate, lower, upper, standard_error, at_risk (just before the
        time). Log-log interval, exact binomial where the estimate is 0 or 1. Null where nobody was followed as long as
        the time asks.

    Raises
    ------
    ContractError
        `y`, `times`, `by`, `weights` or `entry` cannot be used.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 2, 1, 0], [10, 20, 30, 40])
    >>> cumulative_incidence(y, 35).select("event", "estimate").rows()
    [(1, 0.5), (2, 0.25)]
    >>> cumulative_incidence(y, 35, entry=[0, 0, 15, 15]).select("event", "estimate").rows()
    [(1, 0.6666666666666666), (2, 0.16666666666666666)]
    """
    return _by_group(
        y, times, partial(_incidence_columns, level=level), by=by, weights=weights, entry=entry, survey=survey
    )


def _by_group(
    y: OutcomeArray,
    times: npt.ArrayLike,
    columns: Callable[[LifeTable | None, NDArray[np.float64], NDArray[np.float64] | None], Columns],
    *,
    by: Labels | None,
    weights: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
    survey: Survey | None,
) -> pl.DataFrame:
    n = len(check_outcome(y))
    asked, sizes = _check_times(times), _sizes(weights, n, survey)
    y, (at, entries) = tie_times(y, asked, np.zeros(n) if entry is None else check_entry(entry, y))
    numbers, groups = number_groups(by, n)
    rows = Rows(outcome=y, entries=entries, weights=sizes, numbers=numbers, groups=max(1, groups.height))
    variances = [None] * rows.groups if survey is None else survey.variances(rows, at)
    parts = [columns(table, at, variance) for table, variance in zip(rows.tables(), variances, strict=True)]
    values = pl.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    height = len(parts[0]["time"])
    values = values.with_columns(time=np.tile(np.repeat(asked, height // len(asked)), len(parts)))
    labels = groups[np.repeat(np.arange(groups.height), height)]
    return pl.concat([labels, values], how="horizontal").with_columns(pl.selectors.float().fill_nan(None))


def _sizes(weights: npt.ArrayLike | None, n: int, survey: Survey | None) -> NDArray[np.float64]:
    """Frequencies, or survey weights scaled to sum to the number of rows that have one."""
    sizes = case_weights(weights, n)
    if survey is not None:
        return sizes * float((sizes > 0).sum() / sizes.sum())
    if (sizes == np.rint(sizes)).all():
        return sizes
    raise ContractError(
        Problem(
            "weights that are not whole numbers",
            "frequencies, or survey weights with the survey's design",
            "give survey=SurveyDesign(strata=..., clusters=...) or survey=ReplicateWeights(...)",
            column="weights",
        )
    )


def _event_free_columns(
    table: LifeTable | None, at: NDArray[np.float64], variances: NDArray[np.float64] | None, *, level: float
) -> Columns:
    curve = event_free_curve(table) if table else None
    variance = None if variances is None else variances[-1]
    return {"time": at} | _estimates(table, curve, at, variance, level) | {"at_risk": _at_risk(table, at)}


def _incidence_columns(
    table: LifeTable | None, at: NDArray[np.float64], variances: NDArray[np.float64] | None, *, level: float
) -> Columns:
    curves = [incidence_curve(table, event) if table else None for event in (OUTCOME, COMPETING)]
    of_events = [None, None] if variances is None else variances[:2]
    estimates = [
        _estimates(table, curve, at, variance, level) for curve, variance in zip(curves, of_events, strict=True)
    ]
    paired: Columns = {name: np.column_stack([part[name] for part in estimates]).ravel() for name in estimates[0]}
    events = np.tile(np.array([OUTCOME, COMPETING], dtype=np.int8), len(at))
    columns: Columns = {"time": np.repeat(at, 2), "event": events}
    return columns | paired | {"at_risk": np.repeat(_at_risk(table, at), 2)}


def event_free_curve(table: LifeTable) -> Curve:
    """Kaplan-Meier curve with Greenwood's variance S(t)^2 sum d / (n (n - d))."""
    survival = table.survival
    return Curve(np.r_[1.0, survival], np.r_[0.0, survival**2 * np.cumsum(_odds_per_person(table))])


def incidence_curve(table: LifeTable, event: int) -> Curve:
    """Aalen-Johansen curve of one event with the delta method's variance.

    With a = S(u-), h_k and h the hazards of the event and of either, the term at u of Var F_k(t) is
    [a^2 h_k (1 - h_k) - 2 a h_k (F_k(t) - F_k(u)) + (F_k(t) - F_k(u))^2 h / (1 - h)] / n, a polynomial in F_k(t), so
    that cumulative sums give it for all t at once (Marubini and Valsecchi 1995, eq. 10.12).
    """
    before = np.r_[1.0, table.survival[:-1]]
    hazard = (table.outcomes if event == OUTCOME else table.competing) / table.at_risk
    incidence = table.incidence(event)[1:]
    own, cross, both = (
        before**2 * hazard * (1 - hazard) / table.at_risk,
        before * hazard / table.at_risk,
        _odds_per_person(table),
    )
    constant = np.cumsum(own + 2 * cross * incidence + both * incidence**2)
    linear = np.cumsum(cross + both * incidence)
    variance = constant - 2 * incidence * linear + incidence**2 * np.cumsum(both)
    return Curve(np.r_[0.0, incidence], np.r_[0.0, np.maximum(variance, 0.0)])


def _odds_per_person(table: LifeTable) -> NDArray[np.float64]:
    """Odds of either event over n at each time; 0 where everybody at risk has one, as nothing can vary afterwards."""
    odds = np.zeros_like(table.event_free)
    np.divide(table.at_risk - table.event_free, table.event_free, out=odds, where=table.event_free > 0)
    return np.asarray(odds / table.at_risk, dtype=np.float64)


def _estimates(
    table: LifeTable | None,
    curve: Curve | None,
    at: NDArray[np.float64],
    variance: NDArray[np.float64] | None,
    level: float,
) -> Columns:
    if table is None or curve is None:
        return {name: np.full(len(at), np.nan) for name in ("estimate", "lower", "upper", "standard_error")}
    step = np.searchsorted(table.time, at, side="right")
    unseen = (at > table.time[-1]) & (table.survival[-1] > 0)
    spread = np.sqrt(curve.variance[step] if variance is None else variance)
    estimate, error = (np.where(unseen, np.nan, values) for values in (curve.estimate[step], spread))
    lower, upper = _interval(estimate, error, _at_risk(table, at), table.at_risk[0], level)
    return {"estimate": estimate, "lower": lower, "upper": upper, "standard_error": error}


def _interval(
    estimate: NDArray[np.float64],
    error: NDArray[np.float64],
    followed: NDArray[np.float64],
    entered: float,
    level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-log interval p ** exp(-+ z se / (p log p)); Clopper and Pearson's limit where p is 0 or 1."""
    z = normal_quantile(level)
    certain: NDArray[np.bool_] = (estimate <= 0) | (estimate >= 1)
    inner = np.where(certain, 0.5, estimate)
    half_width = z * error / (inner * -np.log(inner))
    missed = ((1 - level) / 2) ** (1 / np.where(followed > 0, followed, entered))
    lower = np.where(certain, np.where(estimate > 0, missed, 0.0), inner ** np.exp(half_width))
    upper = np.where(certain, np.where(estimate > 0, 1.0, 1 - missed), inner ** np.exp(-half_width))
    return lower, upper


def _at_risk(table: LifeTable | None, at: NDArray[np.float64]) -> NDArray[np.float64]:
    if table is None:
        return np.zeros(len(at))
    step = np.searchsorted(table.time, at, side="left")
    return np.asarray(np.r_[table.at_risk, 0.0][step], dtype=np.float64)


def _check_times(times: npt.ArrayLike) -> NDArray[np.float64]:
    at = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if at.ndim == 1 and len(at) and np.isfinite(at).all() and (at >= 0).all():
        return at
    raise ContractError(Problem("times that are not days", "finite numbers of 0 or more", "correct the times"))
