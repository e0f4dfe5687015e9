"""Outcome array in, Kaplan-Meier and Aalen-Johansen estimates at chosen times (days) out, in all or by group.

One sort, then cumulative sums: O(n log n). Standard errors equal those of R's `survival::survfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.incidence.outcome import (
    CENSORED,
    COMPETING,
    OUTCOME,
    OutcomeArray,
    case_weights,
    check_entry,
    check_outcome,
)
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.intervals import normal_quantile

Columns: TypeAlias = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class LifeTable:
    """Counts at the distinct times of one group, in order of time; all of shape (k,) and weighted."""

    time: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    competing: NDArray[np.float64]
    censored: NDArray[np.float64]
    entered: NDArray[np.float64]
    """Number who come under observation from each time on and before the next."""

    @property
    def at_risk_after(self) -> NDArray[np.float64]:
        """Number at risk at each time whose follow-up lasts beyond it."""
        return np.asarray(np.r_[self.at_risk[1:], 0.0] - self.entered, dtype=np.float64)

    @property
    def event_free(self) -> NDArray[np.float64]:
        """Number at risk without either event at each time: exactly 0 where everybody has one."""
        return np.asarray(self.at_risk_after + self.censored, dtype=np.float64)

    @property
    def survival(self) -> NDArray[np.float64]:
        """Kaplan-Meier probability of neither event after each time."""
        return np.asarray(np.cumprod(self.event_free / self.at_risk), dtype=np.float64)


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
    level: float = 0.95,
) -> pl.DataFrame:
    """Probability of being free of the outcome *and* of the competing event (Kaplan and Meier 1958).

    Where somebody died of something else, one minus this curve is the probability of either event. The probability of
    the outcome alone is `cumulative_incidence`, never one minus a Kaplan-Meier curve with death censored.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    times
        Days after the index date.
    by
        Groups: one label a row, or a frame whose columns cross. A missing label is a group of its own.
    weights
        Case weights, shape (n,); a weight of 2 equals the row twice, 0 leaves it out.
    entry
        Days from the index date to when a row came under observation, shape (n,): it is at risk in
        ``(entry, duration_days]`` (left truncation; Andersen et al. 1993, III.3). None or 0: from the index on.
    level
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        Columns of `by`, then time, estimate, lower, upper, standard_error, at_risk (just before the time). Greenwood's
        variance; log-log interval (Kalbfleisch and Prentice), exact binomial where the estimate is 0 or 1. Null where
        nobody was followed as long as the time asks and the curve has not reached 0.

    Raises
    ------
    ContractError
        `y`, `times`, `by`, `weights` or `entry` cannot be used.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> kaplan_meier(outcome_array([1, 0, 1, 0], [10, 20, 30, 40]), [15, 35])["estimate"].to_list()
    [0.75, 0.375]
    """
    return _by_group(
        y, times, lambda table, at: _event_free_columns(table, at, level), by=by, weights=weights, entry=entry
    )


@checked
def cumulative_incidence(
    y: OutcomeArray,
    times: npt.ArrayLike,
    by: Labels | None = None,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Probability of having had the outcome (event 1) or the competing death (event 2) by each time.

    Aalen and Johansen (1978): F_k(t) is the sum over event times u <= t of S(u-) d_k(u) / n(u). Its variance is the
    delta method's with multinomial hazards at each time, which equals Greenwood's when there is one kind of event and
    the infinitesimal jackknife of R's `survfit`.

    Parameters
    ----------
    y, times, by, weights, entry, level
        As for `kaplan_meier`.

    Returns
    -------
    polars.DataFrame
        Columns of `by`, then time, event (1 or 2), estimate, lower, upper, standard_error. Log-log interval, exact
        binomial where the estimate is 0 or 1. Null where nobody was followed as long as the time asks.

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
        y, times, lambda table, at: _incidence_columns(table, at, level), by=by, weights=weights, entry=entry
    )


def life_table(
    events: NDArray[np.int8], durations: NDArray[np.float64], weights: NDArray[np.float64], entries: NDArray[np.float64]
) -> LifeTable:
    """Count at risk and events at each distinct time; rows must be in order of duration and number at least one."""
    starts = np.flatnonzero(np.r_[True, np.diff(durations) > 0])
    times = durations[starts]
    left = np.add.reduceat(weights, starts)
    began = np.bincount(np.searchsorted(times, entries, side="right"), weights, minlength=len(times) + 1)
    still_to_come = began[::-1].cumsum()[::-1][1:]
    return LifeTable(
        time=times,
        at_risk=left[::-1].cumsum()[::-1] - still_to_come,
        outcomes=np.add.reduceat(weights * (events == OUTCOME), starts),
        competing=np.add.reduceat(weights * (events == COMPETING), starts),
        censored=np.add.reduceat(weights * (events == CENSORED), starts),
        entered=np.asarray(began[1:], dtype=np.float64),
    )


def life_tables(
    y: OutcomeArray,
    groups: NDArray[np.intp],
    number_of_groups: int,
    weights: NDArray[np.float64],
    entries: NDArray[np.float64] | None = None,
) -> Iterator[LifeTable | None]:
    """One life table a group, None for a group in which no row has weight; one sort serves them all."""
    counted = np.flatnonzero(weights > 0)
    order = counted[np.lexsort((y["duration_days"][counted], groups[counted]))]
    events, durations, sizes = y["event"][order], y["duration_days"][order], weights[order]
    begins = np.zeros(len(order)) if entries is None else entries[order]
    edges = np.searchsorted(groups[order], np.arange(number_of_groups + 1))
    for start, stop in pairwise(edges):
        rows = slice(start, stop)
        yield life_table(events[rows], durations[rows], sizes[rows], begins[rows]) if stop > start else None


def _by_group(
    y: OutcomeArray,
    times: npt.ArrayLike,
    columns: Callable[[LifeTable | None, NDArray[np.float64]], Columns],
    *,
    by: Labels | None,
    weights: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
) -> pl.DataFrame:
    n = len(check_outcome(y))
    at, sizes = _check_times(times), case_weights(weights, n)
    entries = None if entry is None else check_entry(entry, y)
    numbers, groups = number_groups(by, n)
    parts = [columns(table, at) for table in life_tables(y, numbers, max(1, groups.height), sizes, entries)]
    values = pl.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    labels = groups[np.repeat(np.arange(groups.height), len(parts[0]["time"]))]
    return pl.concat([labels, values], how="horizontal").with_columns(pl.selectors.float().fill_nan(None))


def _event_free_columns(table: LifeTable | None, at: NDArray[np.float64], level: float) -> Columns:
    curve = event_free_curve(table) if table else None
    return {"time": at} | _estimates(table, curve, at, level) | {"at_risk": _at_risk(table, at)}


def _incidence_columns(table: LifeTable | None, at: NDArray[np.float64], level: float) -> Columns:
    curves = [incidence_curve(table, event) if table else None for event in (OUTCOME, COMPETING)]
    estimates = [_estimates(table, curve, at, level) for curve in curves]
    paired: Columns = {name: np.column_stack([part[name] for part in estimates]).ravel() for name in estimates[0]}
    events = np.tile(np.array([OUTCOME, COMPETING], dtype=np.int8), len(at))
    columns: Columns = {"time": np.repeat(at, 2), "event": events}
    return columns | paired


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
    incidence = np.cumsum(before * hazard)
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


def _estimates(table: LifeTable | None, curve: Curve | None, at: NDArray[np.float64], level: float) -> Columns:
    if table is None or curve is None:
        return {name: np.full(len(at), np.nan) for name in ("estimate", "lower", "upper", "standard_error")}
    step = np.searchsorted(table.time, at, side="right")
    unseen = (at > table.time[-1]) & (table.survival[-1] > 0)
    estimate, error = (np.where(unseen, np.nan, values[step]) for values in (curve.estimate, np.sqrt(curve.variance)))
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
    raise ContractError(
        Problem(found="times that are not days", expected="finite numbers of 0 or more", remedy="correct the times")
    )
