"""Outcome array in, inverse probability of censoring weights out: 0 where the status at the horizon is not known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.incidence.life_table import LifeTable, life_tables
from riskstrat.incidence.outcome import (
    CENSORED,
    OutcomeArray,
    case_weights,
    check_entry,
    check_horizon,
    check_outcome,
    status_known,
    tie_times,
)
from riskstrat.numerics.groups import Labels, number_groups


@checked
def censoring_weights(
    y: OutcomeArray,
    horizon_days: float,
    strata: Labels | None = None,
    truncate: float = 0.995,
    *,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Inverse probability of being followed: 1 / G(min(T, horizon)-) where the status at the horizon is known, else 0.

    G is the Kaplan-Meier estimate of the time to censoring, one per stratum. On a shared day events come before
    censorings; times that differ by rounding alone are one time. Untruncated weights sum to n in each stratum (Satten
    and Datta 2001).

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    horizon_days
        End of the time at risk in days.
    strata
        One label a row (the landmark, say): follow-up may differ between strata.
    truncate
        Weights above this quantile of the positive weights are set to it; 1 keeps all.
    weights
        Case weights, shape (n,): a row with weight 0 is outside G and gets 0 (status not assessed).
    entry
        Days from the index date to when a row came under observation, shape (n,): the weight is also divided by the
        probability of having entered before min(T, horizon), which is Geskus' (2011) of entries that tell nothing of
        the time of the event. 0 for who entered at the horizon or later. None or 0: from the index on.

    Returns
    -------
    numpy.ndarray
        Shape (n,), at least 1 where the status is known. Not multiplied by `weights`.

    Raises
    ------
    ContractError
        An argument cannot be used.
    DesignError
        In some stratum nobody is followed to the horizon, so that no weight can repair the loss.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> censoring_weights(outcome_array([1, 0, 0, 0], [10, 20, 30, 30]), 30, truncate=1).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    n = len(check_outcome(y))
    y, (tied_horizon, entries) = tie_times(
        y, check_horizon(horizon_days), np.zeros(n) if entry is None else check_entry(entry, y)
    )
    horizon = float(tied_horizon)
    sizes = case_weights(weights, n)
    numbers, groups = number_groups(strata, n)
    counted = status_known(y, horizon) & (sizes > 0) & (entries < horizon)
    followed = np.zeros(n)
    tables = list(life_tables(y, numbers, max(1, groups.height), sizes, entries))
    check_followed_to(horizon, tables)
    for rows, table in zip(rows_of_groups(numbers, len(tables)), tables, strict=True):
        if table is not None:
            at = np.minimum(y["duration_days"][rows], horizon)
            entered = entered_before(entries[rows], y["duration_days"][rows], sizes[rows], at) if entries.any() else 1.0
            followed[rows] = still_followed(table, at) * entered
    inverse = np.zeros(n)
    inverse[counted] = 1 / followed[counted]
    return truncated(inverse, truncate)


def observed_weights(
    y: OutcomeArray, horizon_days: float, weights: npt.ArrayLike | None, entry: npt.ArrayLike | None
) -> npt.ArrayLike | None:
    """Give weights as they are, and where persons entered late those of entry and censoring.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    horizon_days
        End of the time at risk in days.
    weights
        Shape (n,), or None.
    entry
        Days from the index date to entry, shape (n,), or None.

    Returns
    -------
    array or None
        None where neither is given.

    Raises
    ------
    ContractError
        If both are given, or an argument cannot be used.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0], [10, 30, 30])
    >>> observed_weights(y, 30, None, [0, 0, 20]).round(2).tolist()
    [2.0, 1.0, 1.0]
    """
    if entry is None:
        return weights
    if weights is None:
        return censoring_weights(y, horizon_days, truncate=1, entry=entry)
    raise ContractError(
        Problem(
            "weights and late entry together",
            "one of them",
            "multiply your weights by those of censoring_weights(y, horizon_days, entry=entry)",
            column="entry",
        )
    )


FEWEST_FOLLOWED = 20
"""Where fewer rows are followed to the horizon, a group's own share of lost follow-up says little."""


def counting_weights(y: OutcomeArray, horizon_days: float, levels: Sequence[Labels | None]) -> NDArray[np.float64]:
    """Inverse probability of being followed for what is counted: by group, and never truncated.

    Follow-up is lost more often in some groups than in others. With G of the row's own group, weighted outcomes of a
    group are its rows times its Aalen-Johansen estimate, however many are lost there.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    horizon_days
        End of the time at risk in days.
    levels
        Labels of strata, (n,), from the widest to the finest. Each row's G is that of the finest of its strata in which
        at least 20 rows are followed to the horizon, else that of the widest.

    Returns
    -------
    numpy.ndarray
        Shape (n,), as `censoring_weights`.

    Raises
    ------
    ContractError
        An argument cannot be used.
    DesignError
        In some of the widest strata nobody is followed to the horizon.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([0] * 50, [10] * 5 + [30] * 20 + [30] * 25)
    >>> weight = counting_weights(y, 30, [None, ["left"] * 25 + ["stayed"] * 25])
    >>> weight[[10, 40]].tolist()
    [1.25, 1.0]
    """
    y, (horizon,) = tie_times(y, horizon_days)
    followed = y["duration_days"] >= horizon
    weight, waiting = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    for level, labels in reversed([*enumerate(levels)]):
        number, strata = number_groups(labels, len(y))
        enough = np.bincount(number, followed, strata.height) >= (FEWEST_FOLLOWED if level else 0)
        rows = np.flatnonzero((enough & (np.bincount(number, waiting, strata.height) > 0))[number])
        if len(rows):
            found = censoring_weights(y[rows], float(horizon), number[rows], truncate=1)
            weight[rows] = np.where(waiting[rows], found, weight[rows])
            waiting[rows] = False
    return weight


def censoring_influence(y: OutcomeArray, horizon_days: float, change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Influence of each row, (n,), on a statistic by way of the curve of censoring that its weights come from.

    A row that is censored at u, or followed beyond it, moves log 1/G(t-) of all t > u by its part of the martingale of
    censoring over the number at risk of it.

    Parameters
    ----------
    y
        Outcome array, shape (n,), in one stratum.
    horizon_days
        End of the time at risk in days.
    change
        Shape (n,): by how much the statistic grows for each unit that the logarithm of the row's weight grows.

    Returns
    -------
    numpy.ndarray
        Shape (n,); its sum is 0.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0, 0], [10, 20, 30, 30])
    >>> censoring_influence(y, 30, np.array([0.25, 0, 0.375, 0.375])).round(3).tolist()
    [0.0, 0.167, -0.083, -0.083]
    """
    y, (horizon,) = tie_times(y, horizon_days)
    table = next(filter(None, life_tables(y, np.zeros(len(y), dtype=np.intp), 1, np.ones(len(y)))))
    times, k = table.time, len(table.time)
    ends = np.searchsorted(times, np.minimum(y["duration_days"], horizon))
    ahead = change.sum() - np.cumsum(np.bincount(ends, change, k + 1))[:k]
    jump = np.divide(ahead, table.event_free, out=np.zeros(k), where=table.censored > 0)
    hazard = jump * np.divide(table.censored, table.event_free, out=np.zeros(k), where=table.censored > 0)
    passed, at = np.cumsum(hazard), np.searchsorted(times, y["duration_days"])
    lost = y["event"] == CENSORED
    return np.asarray(np.where(lost, jump[at] - passed[at], hazard[at] - passed[at]), dtype=np.float64)


def still_followed(table: LifeTable, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """G(t-): probability of not having been censored strictly before each time."""
    uncensored = np.ones_like(table.censored)
    np.divide(table.at_risk_after, table.event_free, out=uncensored, where=table.censored > 0)
    step = np.searchsorted(table.time, times, side="left")
    return np.asarray(np.r_[1.0, np.cumprod(uncensored)][step], dtype=np.float64)


def entered_before(
    entries: NDArray[np.float64],
    durations: NDArray[np.float64],
    weights: NDArray[np.float64],
    times: NDArray[np.float64],
) -> NDArray[np.float64]:
    """H(t-): probability of having come under observation before each time, had nobody's follow-up ended before.

    Product over later days of entry s >= t of 1 - who enters at s / who has entered by s and is followed beyond it
    (Geskus 2011): Kaplan-Meier backwards in time. 1 after the last entry.
    """
    days, number = np.unique(entries, return_inverse=True)
    entering = np.bincount(number, weights)
    ended = np.bincount(np.searchsorted(days, durations, side="left"), weights, len(days) + 1)[:-1]
    observed = np.cumsum(entering - ended)
    not_entering = np.divide(observed - entering, observed, out=np.zeros(len(days)), where=observed > entering)
    return np.asarray(np.r_[not_entering[::-1].cumprod()[::-1], 1.0][np.searchsorted(days, times)], dtype=np.float64)


def truncated(weights: NDArray[np.float64], quantile: float) -> NDArray[np.float64]:
    """Set weights above a quantile of the positive weights to that quantile; 1 leaves them as they are.

    Examples
    --------
    >>> truncated(np.array([0.0, 1.0, 1.0, 9.0]), 0.5).tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    positive = weights[weights > 0]
    if quantile >= 1 or not len(positive):
        return weights
    cut: NDArray[np.float64] = np.minimum(weights, np.quantile(positive, quantile))
    return cut


def rows_of_groups(numbers: NDArray[np.intp], number_of_groups: int) -> list[NDArray[np.intp]]:
    """Row numbers of each group, of groups numbered from 0."""
    order = np.argsort(numbers.astype(np.min_scalar_type(number_of_groups)), kind="stable")  # short is sorted faster
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, number_of_groups)))


def check_followed_to(horizon: float, tables: list[LifeTable | None]) -> None:
    """Raise a DesignError where in some stratum everybody was lost before the horizon."""
    present = [table for table in tables if table is not None]
    lost = sum(bool(still_followed(table, np.array([horizon]))[0] <= 0) for table in present)
    if lost:
        raise DesignError(
            Problem(
                f"nobody followed to the horizon of {number_of(horizon, 'day')} in {lost} of {len(present)} strata",
                "rows with known status at the horizon in every stratum",
                "shorten the horizon, leave out late index dates, or join strata",
            )
        )
