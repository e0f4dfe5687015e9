"""Events and durations in, one validated structured array (the outcome array) out.

`event` is 0 censored, 1 outcome, 2 competing death; `duration_days` counts from the index date and is above 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.numerics.ties import tied_times

OutcomeArray: TypeAlias = NDArray[np.void]

CENSORED: Final = 0
OUTCOME: Final = 1
COMPETING: Final = 2
OUTCOME_DTYPE: Final = np.dtype([("event", "i1"), ("duration_days", "f8")])


def outcome_array(event: npt.ArrayLike, duration_days: npt.ArrayLike) -> OutcomeArray:
    """Combine events and durations into the array that every estimator and metric takes as ``y``.

    Parameters
    ----------
    event
        Shape (n,): 0 censored, 1 outcome, 2 competing death. Whole numbers or booleans.
    duration_days
        Shape (n,): days from the index date to the event or to the end of follow-up, finite and above 0.

    Returns
    -------
    OutcomeArray
        Shape (n,), dtype `OUTCOME_DTYPE` (scikit-survival's convention, with 2 for the competing event).

    Raises
    ------
    ContractError
        Lengths differ, an event is not 0, 1 or 2, a duration is missing, infinite or not above 0.

    Examples
    --------
    >>> outcome_array([1, 0, 2], [30, 731, 100])["event"].tolist()
    [1, 0, 2]
    """
    events, durations = _numbers("event", event), _numbers("duration_days", duration_days)
    ContractError.refuse(
        [*_length_problems(events, durations), *_event_problems(events), *_duration_problems(durations)]
    )
    y = np.empty(len(events), dtype=OUTCOME_DTYPE)
    y["event"], y["duration_days"] = events, durations
    return y


def check_outcome(y: OutcomeArray) -> OutcomeArray:
    """Return `y` as it is, or raise if it is not a valid outcome array.

    Parameters
    ----------
    y
        What should be an outcome array.

    Returns
    -------
    OutcomeArray
        The same array.

    Raises
    ------
    ContractError
        `y` is empty, lacks a field, or holds values that `outcome_array` would refuse.

    Examples
    --------
    >>> len(check_outcome(outcome_array([1, 0], [30, 731])))
    2
    """
    if problems := list(_shape_problems(y)):
        raise ContractError(*problems)
    events, durations = y["event"].astype(np.float64), y["duration_days"].astype(np.float64)
    if problems := [*_event_problems(events), *_duration_problems(durations)]:
        raise ContractError(*problems)
    return y


def as_outcome(y: npt.ArrayLike, horizon_days: float) -> OutcomeArray:
    """Return an outcome array as it is; take a plain 0/1 outcome as followed to the horizon.

    Parameters
    ----------
    y
        Outcome array, or booleans or zeros and ones, shape (n,): 1 is the outcome, no later than the horizon.
    horizon_days
        Duration that a plain outcome is given, in days.

    Returns
    -------
    OutcomeArray
        Shape (n,).

    Raises
    ------
    ContractError
        `y` is neither.

    Examples
    --------
    >>> as_outcome([0, 1], 365)["duration_days"].tolist()
    [365.0, 365.0]
    """
    if getattr(getattr(y, "dtype", None), "names", None):
        return check_outcome(np.asarray(y))
    events = np.asarray(y)
    if events.ndim != 1 or not len(events) or not np.isin(events, (0, 1)).all():
        raise ContractError(
            Problem(
                f"an outcome of type {events.dtype} and shape {events.shape} without event and duration_days",
                "a structured array with both, or zeros and ones followed to the horizon",
                "build it with outcome_array(event, duration_days); y should be a 1d array",
            )
        )
    return outcome_array(events, np.full(len(events), float(horizon_days)))


def outcome_within(y: OutcomeArray, horizon_days: float) -> NDArray[np.bool_]:
    """Whose outcome was seen within the horizon (index, index + horizon].

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    horizon_days
        End of the time at risk in days.

    Returns
    -------
    numpy.ndarray
        Booleans, shape (n,).

    Examples
    --------
    >>> outcome_within(outcome_array([1, 1, 2], [30, 900, 100]), 731).tolist()
    [True, False, False]
    """
    durations, horizon = tied_times(y["duration_days"], horizon_days)
    within: NDArray[np.bool_] = (y["event"] == OUTCOME) & (durations <= horizon)
    return within


def status_known(y: OutcomeArray, horizon_days: float) -> NDArray[np.bool_]:
    """Whose status at the horizon is known: outcome, competing death, or followed to the horizon.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    horizon_days
        End of the time at risk in days.

    Returns
    -------
    numpy.ndarray
        Booleans, shape (n,).

    Examples
    --------
    >>> status_known(outcome_array([1, 0, 2, 0], [30, 100, 100, 731]), 731).tolist()
    [True, False, True, True]
    """
    durations, horizon = tied_times(y["duration_days"], horizon_days)
    known: NDArray[np.bool_] = (y["event"] != CENSORED) | (durations >= horizon)
    return known


def tie_times(y: OutcomeArray, *times: npt.ArrayLike) -> tuple[OutcomeArray, list[NDArray[np.float64]]]:
    """Return outcomes and times in which durations and times that differ by rounding alone are equal (`tied_times`)."""
    durations, *others = tied_times(y["duration_days"], *times)
    tied = y.copy()
    tied["duration_days"] = durations
    return tied, others


def case_weights(weights: npt.ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Weights as floats of shape (n,), ones where none are given; 0 leaves a row out, and others are refused."""
    if weights is None:
        return np.ones(n)
    numbers = _numbers("weights", weights)
    ContractError.refuse(_weight_problems(numbers, n))
    return numbers


def check_entry(entry: npt.ArrayLike, y: OutcomeArray) -> NDArray[np.float64]:
    """Days from index to entry as floats of shape (n,), from 0 to below the end of follow-up, else a ContractError."""
    entries = _numbers("entry", entry)
    if len(entries) != len(y):
        found = number_of(len(entries), "value")
        raise ContractError(_problem("entry", found, f"{len(y)}, one a row", "take them from the same rows"))
    finite = np.isfinite(entries)
    durations, entered = tied_times(y["duration_days"], np.where(finite, entries, 0.0))
    if wrong := int((~(finite & (entries >= 0) & (entered < durations))).sum()):
        expected = "0 or more, and less than duration_days"
        raise ContractError(
            _problem("entry", number_of(wrong, "other value"), expected, "leave out who was never at risk")
        )
    return entries


def check_horizon(horizon_days: float) -> float:
    """Return the horizon in days, or raise if it is not a finite number above 0."""
    if np.isfinite(horizon_days) and horizon_days > 0:
        return float(horizon_days)
    raise ContractError(Problem(f"a horizon of {horizon_days} days", "a number above 0", "give the horizon in days"))


def _numbers(name: str, values: npt.ArrayLike) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ContractError(_problem(name, "values that are not numbers", "numbers", "convert the column")) from None
    if numbers.ndim != 1:
        raise ContractError(
            _problem(name, number_of(numbers.ndim, "dimension"), "one dimension", "pass one value a row")
        )
    return numbers


def _shape_problems(y: OutcomeArray) -> Iterator[Problem]:
    names = getattr(getattr(y, "dtype", None), "names", None) or ()
    if missing := [name for name in OUTCOME_DTYPE.names or () if name not in names]:
        yield Problem(
            f"an outcome without {' and '.join(missing)}",
            "a structured array with event and duration_days",
            "build it with outcome_array(event, duration_days)",
        )
    elif y.ndim != 1 or not len(y):
        yield Problem(f"an outcome of shape {y.shape}", "one row a person", "check the cohort")


def _length_problems(events: NDArray[np.float64], durations: NDArray[np.float64]) -> Iterator[Problem]:
    if len(events) != len(durations):
        found = f"{number_of(len(events), 'event')} and {number_of(len(durations), 'duration')}"
        yield Problem(found, "the same number", "take both from the same rows")


def _event_problems(events: NDArray[np.float64]) -> Iterator[Problem]:
    if wrong := int((~np.isin(events, (CENSORED, OUTCOME, COMPETING))).sum()):
        expected = "0 censored, 1 outcome or 2 competing death"
        yield _problem("event", number_of(wrong, "other value"), expected, "recode the column")


def _duration_problems(durations: NDArray[np.float64]) -> Iterator[Problem]:
    if unknown := int((~np.isfinite(durations)).sum()):
        yield _problem("duration_days", f"{unknown} missing or infinite values", "days", "check the end of follow-up")
    if early := int((durations <= 0).sum()):
        remedy = "leave out rows whose follow-up ends on or before the index date"
        yield _problem(
            "duration_days", f"{number_of(early, 'value')} of 0 or less", "days after the index date", remedy
        )


def _weight_problems(weights: NDArray[np.float64], n: int) -> Iterator[Problem]:
    if len(weights) != n:
        yield _problem("weights", number_of(len(weights), "value"), f"{n}, one a row", "take them from the same rows")
    if wrong := int((~(np.isfinite(weights) & (weights >= 0))).sum()):
        yield _problem("weights", f"{wrong} negative, missing or infinite values", "0 or more", "correct the weights")
    elif not weights.any():
        yield _problem("weights", "no weight above zero", "at least one row that counts", "check the weights")


def _problem(column: str, found: str, expected: str, remedy: str) -> Problem:
    return Problem(found, expected, remedy, column=column)
