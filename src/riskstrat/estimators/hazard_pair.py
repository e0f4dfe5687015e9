"""Hazards of two causes and how much a row's differ from them in, its cumulative incidence of either cause out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
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
        cut, position = np.unique(np.searchsorted(days, at, side="right"), return_inverse=True)
        incidence = np.zeros((len(log_relative), len(cut)))
        for rows, left, share in self._steps(log_relative, int(cut.max(initial=0))):
            steps, own = _events(left), share if event == OUTCOME else 1 - share
            for number, (first, last) in enumerate(pairwise([0, *cut.tolist()])):
                incidence[rows, number] = np.einsum("ij,ij->i", steps[:, first:last], own[:, first:last])
        return np.asarray(incidence.cumsum(axis=1)[:, position], dtype=np.float64)

    def with_gradient(self, log_relative: Floats, time: float) -> tuple[Floats, Floats]:
        """Cumulative incidence of the outcome at one time, (n,), and its gradient by log relative hazards, (n, 2)."""
        days, at = tied_times(self.days, time)
        k = int(np.searchsorted(days, at, side="right"))
        until = self.hazard[:, :k].cumsum(axis=1)
        risk, gradient = np.empty(len(log_relative)), np.empty((len(log_relative), 2))
        for rows, left, share in self._steps(log_relative, k):
            steps = _events(left)
            risk[rows] = np.einsum("ij,ij->i", steps, share)
            moved = risk[rows] - np.einsum("ij,ij,ij->i", steps, share, share)
            # Summation by parts: a day's share of who is left on it, less the share that the next day takes of them.
            left[:, :-1] *= share[:, :-1] - share[:, 1:]
            left[:, -1:] *= share[:, -1:]
            gradient[rows] = np.exp(log_relative[rows]) * (left @ until.T) + np.outer(moved, [1.0, -1.0])
        return risk, gradient

    def _steps(self, log_relative: Floats, k: int) -> Iterator[tuple[slice, Floats, Floats]]:
        """Yield rows with who is left after each of the first k days and the outcome's share of the day's events."""
        hazard = self.hazard[:, :k]
        until = hazard.cumsum(axis=1)
        ratio = np.divide(hazard[1], hazard[0], out=np.full(k, np.inf), where=hazard[0] > 0)
        size = max(1, CELLS // max(1, k))
        for start in range(0, len(log_relative), size):
            rows = slice(start, start + size)
            left = np.exp(log_relative[rows]) @ -until
            np.exp(left, out=left)
            share = np.outer(np.exp(log_relative[rows, 1] - log_relative[rows, 0]), ratio)
            share += 1
            np.reciprocal(share, out=share)
            yield rows, left, share


def _events(left: Floats) -> Floats:
    """Those of everybody who have an event on each day, from who is left after it, (n, days)."""
    events = np.empty_like(left)
    np.subtract(1.0, left[:, :1], out=events[:, :1])
    np.subtract(left[:, :-1], left[:, 1:], out=events[:, 1:])
    return events
