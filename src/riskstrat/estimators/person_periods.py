"""Outcome array and ends of periods in, one row a person and period at risk out, with the share of it observed.

Hazards of periods in, cumulative incidence and its gradient out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.incidence import CENSORED, OutcomeArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PersonPeriods:
    """Who was at risk in which period, what happened to them in it, and what share of it they were observed."""

    row: NDArray[np.intp]
    period: NDArray[np.intp]
    label: NDArray[np.int8]
    observed: Floats


def person_periods(y: OutcomeArray, entry: Floats, ends: Floats) -> PersonPeriods:
    """Divide each row's time at risk by the ends of periods, (k,), in order; what is after the last is left out."""
    starts = np.r_[0.0, ends[:-1]]
    first = np.searchsorted(ends, entry, side="right")
    last = np.minimum(np.searchsorted(ends, y["duration_days"], side="left"), len(ends) - 1)
    count = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(y)), count)
    period = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    end = y["duration_days"][row]
    happened = (period == last[row]) & (end <= ends[period])
    seen = np.minimum(end, ends[period]) - np.maximum(entry[row], starts[period])
    label = np.where(happened, y["event"][row], CENSORED).astype(np.int8)
    return PersonPeriods(row=row, period=period, label=label, observed=seen / (ends - starts)[period])


def incidence_of(hazard: Floats) -> Floats:
    """Cumulative incidence of both events by the end of each period, (n, k, 2), from hazards in each, (n, k, 2)."""
    return np.asarray((hazard * _free_before(hazard)[:, :, None]).cumsum(axis=1), dtype=np.float64)


def hazard_of(scores: Floats) -> Floats:
    """Hazards (n, k, 2) of the two events beside neither, from their log odds against neither, (n, k, 2): softmax."""
    highest = np.maximum(scores.max(axis=2, keepdims=True), 0.0)
    odds = np.exp(scores - highest)
    return np.asarray(odds / (odds.sum(axis=2, keepdims=True) + np.exp(-highest)), dtype=np.float64)


def incidence_gradient(hazard: Floats) -> Floats:
    """How the outcome's incidence at the last end moves with scores that shift all periods' log odds alike, (n, 2)."""
    outcome, free = hazard[:, :, :1], _free_before(hazard)[:, :, None]
    earlier = hazard.cumsum(axis=1) - hazard
    own = outcome * (np.array([1.0, 0.0]) - hazard)
    return np.asarray((free * (own - outcome * earlier)).sum(axis=1), dtype=np.float64)


def _free_before(hazard: Floats) -> Floats:
    """Probability of neither event before each period, (n, k)."""
    left = np.cumprod(1 - hazard.sum(axis=2), axis=1)
    return np.concatenate([np.ones((len(left), 1)), left[:, :-1]], axis=1)
