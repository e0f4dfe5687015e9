"""The Poisson model of a pilot and the randomisation test on its residuals.

In: counts and expected counts by unit and period, who has begun. Out: residuals, p-values, the ratio and its limits.

    count_it ~ Poisson(expected_it x block_i x period_t x ratio^begun_it)

In pairs the blocks are the pairs and there is one period: given the sum of a pair, the count of the unit that began is
binomial with probability ratio E1 / (ratio E1 + E2). In a phased roll-out the blocks are the units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_FURTHEST = float(np.log(1e4))
"""Log ratios beyond are told as 0 or infinite."""
_ROUNDS, _TOLERANCE = 500, 1e-9
_CLOSE = 1e-9
_FINEST = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class PilotModel:
    """Counts are fitted with block and period terms; allocations are compared on what is left.

    Parameters
    ----------
    expected
        Offset, (units, periods), above 0.
    first_period
        Of the allocation that was drawn, (units,).
    pair
        Pair of each unit from 0, (units,); None in a phased roll-out.
    lag
        Periods from a unit's start until the outcome answers.
    allocations
        That could have been, (n, units), with the one that was drawn among them.
    """

    expected: Floats
    first_period: Whole
    pair: Whole | None
    lag: int
    allocations: Whole = field(repr=False)

    @property
    def begun(self) -> Floats:
        """1 where the outcome can show the programme, (units, periods)."""
        return self._begun(self.first_period)

    def _begun(self, first_period: Whole) -> Floats:
        return (np.arange(self.expected.shape[1]) >= first_period[..., None] + self.lag).astype(np.float64)

    def residuals(self, counts: Floats, log_ratio: float = 0.0) -> Floats:
        """Give counts minus fitted ones at that ratio, (..., units, periods), by iterative proportional fitting."""
        fitted = np.broadcast_to(self.expected * np.exp(log_ratio * self.begun), counts.shape)
        in_block = self._in_block
        for _ in range(_ROUNDS):
            before = fitted
            totals, sums = (in_block @ each.sum(axis=-1, keepdims=True) for each in (counts, fitted))
            fitted = fitted * (in_block.T @ _ratio(totals, sums))
            if self.pair is not None:
                break
            fitted = fitted * _ratio(counts.sum(axis=-2, keepdims=True), fitted.sum(axis=-2, keepdims=True))
            if np.abs(fitted - before).max(initial=0.0) < _TOLERANCE * max(counts.max(initial=0.0), 1.0):
                break
        return np.asarray(counts - fitted)

    @property
    def _in_block(self) -> Floats:
        block = np.arange(len(self.expected)) if self.pair is None else self.pair
        return np.asarray(block == np.unique(block)[:, None], dtype=np.float64)

    def score(self, counts: Floats, log_ratio: float) -> float:
        """Give the derivative of the log likelihood in the log ratio, block and period terms profiled out."""
        return float((self.begun * self.residuals(counts, log_ratio)).sum())

    def p_values(self, counts: Floats, log_ratio: float = 0.0) -> Floats:
        """Two-sided p of the randomisation test that the ratio is this one, (...).

        The share of allocations whose score is as far from 0 as that of the one drawn. Exact at a ratio of 1; at others
        the residuals are those of the allocation that was drawn.
        """
        residuals = self.residuals(counts, log_ratio)
        flat = residuals.reshape(*residuals.shape[:-2], -1)
        scores = flat @ self._begun(self.allocations).reshape(len(self.allocations), -1).T
        drawn = flat @ self.begun.ravel()
        limit = np.abs(drawn) - _CLOSE * np.maximum(np.abs(flat).sum(axis=-1), 1)
        return np.asarray((np.abs(scores) >= limit[..., None]).mean(axis=-1))

    def log_ratio(self, counts: Floats) -> float:
        """Maximum-likelihood estimate; minus or plus infinity where one side counts nobody."""
        low, high = (self.score(counts, edge) for edge in (-_FURTHEST, _FURTHEST))
        if low <= 0 or high >= 0:
            return float(-np.inf if low <= 0 else np.inf)
        return float(brentq(lambda value: self.score(counts, value), -_FURTHEST, _FURTHEST, xtol=1e-10))

    def limits(self, counts: Floats, level: float) -> tuple[float, float]:
        """Log ratios that the randomisation test does not reject at 1 - level: its inversion, by halving."""
        estimate = self.log_ratio(counts)
        centre = float(np.clip(estimate, -_FURTHEST, _FURTHEST))

        def kept(value: float) -> bool:
            return bool(self.p_values(counts, value) > 1 - level + _CLOSE)

        low, high = (
            edge if estimate == edge else _furthest(kept, centre, np.clip(edge, -_FURTHEST, _FURTHEST))
            for edge in (-np.inf, np.inf)
        )
        return low, high

    def standard_error(self, counts: Floats, log_ratio: float) -> float:
        """Of the log ratio, robust and clustered by block (Liang and Zeger 1986), times sqrt(blocks / (blocks - 1))."""
        residuals = self.residuals(counts, log_ratio)
        root = np.sqrt(np.maximum(counts - residuals, 0)).ravel()
        terms = self._terms * root[:, None]
        begun = self.begun.ravel()
        part = begun - self._terms @ np.linalg.lstsq(terms, begun * root, rcond=None)[0]
        by_block = self._in_block @ (part.reshape(counts.shape) * residuals).sum(axis=1)
        blocks = len(by_block)
        return float(np.sqrt((by_block**2).sum() * blocks / (blocks - 1)) / ((part * root) ** 2).sum())

    @property
    def _terms(self) -> Floats:
        units, periods = self.expected.shape
        blocks = np.repeat(self._in_block.T, periods, axis=0)
        return blocks if self.pair is not None else np.hstack([blocks, np.tile(np.eye(periods), (units, 1))])


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.zeros_like(under), where=under > 0)


def _furthest(kept: Callable[[float], bool], inside: float, outside: float) -> float:
    """Find by halving where a limit lies between a value that is kept and one far away; infinite if that is kept."""
    if kept(outside):
        return float(np.copysign(np.inf, outside))
    while abs(outside - inside) > _FINEST:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if kept(middle) else (inside, middle)
    return outside
