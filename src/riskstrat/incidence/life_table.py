"""Outcome array in, counts at risk and of events at the distinct times out, in all or by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from riskstrat.incidence.outcome import CENSORED, COMPETING, OUTCOME, OutcomeArray


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

    def incidence(self, event: int) -> NDArray[np.float64]:
        """Aalen-Johansen probability of having had an event, before the first time and after each, shape (k + 1,)."""
        before = np.r_[1.0, self.survival[:-1]]
        events = self.outcomes if event == OUTCOME else self.competing
        return np.concatenate([[0.0], np.cumsum(before * events / self.at_risk)])


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
    in_time = counted[np.argsort(y["duration_days"][counted])]
    short = groups.astype(np.min_scalar_type(number_of_groups))  # is sorted faster
    order = in_time[np.argsort(short[in_time], kind="stable")]
    events, durations, sizes = y["event"][order], y["duration_days"][order], weights[order]
    begins = np.zeros(len(order)) if entries is None else entries[order]
    edges = np.searchsorted(groups[order], np.arange(number_of_groups + 1))
    for start, stop in pairwise(edges):
        rows = slice(start, stop)
        yield life_table(events[rows], durations[rows], sizes[rows], begins[rows]) if stop > start else None
