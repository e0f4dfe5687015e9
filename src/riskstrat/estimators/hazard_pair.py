"""Hazards of two causes and how much a row's differ from them in, its cumulative incidence of either cause out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riskstrat.incidence import OUTCOME
from riskstrat.numerics.ties import tied_times

Floats = NDArray[np.float64]

CELLS: Final = 131_072
"""Rows x days that are computed at once: they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class HazardPair:
    """Cause-specific hazards of one population, as steps at the days on which it had events.

    Attributes
    ----------
    days
        Days of events of either cause in order, (k,).
    hazard
        Hazard of the outcome and of the competing event on each day, (2, k), where the relative hazards are 1.
    last_day
        How long somebody was followed.

    Examples
    --------
    >>> pair = HazardPair(days=np.array([1.0, 2.0]), hazard=np.array([[0.1, 0.0], [0.0, 0.1]]), last_day=3.0)
    >>> pair.incidence(np.zeros((1, 2)), np.array([0.0, 1.0, 3.0]), 1).round(4).tolist()
    [[0.0, 0.0952, 0.0952]]
    """

    days: Floats
    hazard: Floats
    last_day: float

    @classmethod
    def of(cls, causes: list[tuple[Floats, Floats]], last_day: float) -> HazardPair:
        """Bring two causes together, each given by its days and the hazard on each."""
        days = np.unique(np.concatenate([own for own, _ in causes]))
        hazard = np.zeros((2, len(days)))
        for row, (own, steps) in zip(hazard, causes, strict=True):
            row[np.searchsorted(days, own)] = steps
        return cls(days=days, hazard=hazard, last_day=last_day)

    def incidence(self, log_relative: Floats, times: Floats, event: int) -> Floats:
        """Cumulative incidence of a cause at some times, (n, times), of rows with these log relative hazards, (n, 2).

        Each day is a step of the matrix exponential of its hazards (R's ``survfit`` of a multi-state ``coxph``): of who
        is left, 1 - exp(-(h1 + h2)) have an event, h1 / (h1 + h2) of them the outcome. With one cause this is 1 -
        exp(-H); with two, both incidences and who is left always add up to 1.
        """
        days, at = tied_times(self.days, times)
        reached = np.searchsorted(days, at, side="right")
        incidence = np.zeros((len(log_relative), len(at)))
        for rows, left, share in self._steps(log_relative, int(reached.max(initial=0))):
            steps = -np.diff(left, prepend=1.0, axis=1)
            steps *= share if event == OUTCOME else 1 - share
            incidence[rows] = np.pad(steps.cumsum(axis=1), ((0, 0), (1, 0)))[:, reached]
        return incidence

    def with_gradient(self, log_relative: Floats, time: float) -> tuple[Floats, Floats]:
        """Cumulative incidence of the outcome at one time, (n,), and its gradient by log relative hazards, (n, 2)."""
        days, at = tied_times(self.days, time)
        k = int(np.searchsorted(days, at, side="right"))
        until = self.hazard[:, :k].cumsum(axis=1)
        risk, gradient = np.empty(len(log_relative)), np.empty((len(log_relative), 2))
        for rows, left, share in self._steps(log_relative, k):
            steps = -np.diff(left, prepend=1.0, axis=1) * share
            risk[rows] = steps.sum(axis=1)
            moved = (steps * (1 - share)).sum(axis=1)
            # Summation by parts: a day's share of who is left on it, less the share that the next day takes of them.
            later = left * (share - np.pad(share[:, 1:], ((0, 0), (0, 1))))
            gradient[rows] = np.exp(log_relative[rows]) * (later @ until.T) + np.outer(moved, [1.0, -1.0])
        return risk, gradient

    def _steps(self, log_relative: Floats, k: int) -> Iterator[tuple[slice, Floats, Floats]]:
        """Yield rows with who is left after each of the first k days and the outcome's share of the day's events."""
        hazard = self.hazard[:, :k]
        until = hazard.cumsum(axis=1)
        ratio = np.divide(hazard[1], hazard[0], out=np.full(k, np.inf), where=hazard[0] > 0)
        size = max(1, CELLS // max(1, k))
        for start in range(0, len(log_relative), size):
            rows = slice(start, start + size)
            left = np.exp(-np.exp(log_relative[rows]) @ until)
            share = 1 / (1 + np.outer(np.exp(log_relative[rows, 1] - log_relative[rows, 0]), ratio))
            yield rows, left, share
