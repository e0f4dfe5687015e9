"""What effect a pilot could show, with what probability, before it begins.

In: draws of what would be counted without the programme, the allocation that was drawn, ratios. Out: probabilities.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.numerics.intervals import wilson_interval
from riskstrat.pilots.score import PilotModel

Floats = NDArray[np.float64]

ENOUGH = 0.8
_STEPS = 19


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedPilot:
    """Pilots with the allocation that was drawn, in as many possible worlds as there are draws.

    Parameters
    ----------
    model
        How a pilot is evaluated: it knows the expected counts, not the draws.
    draws
        Counts expected without the programme, (simulations, units, periods).
    people
        (units,), where a count is of people in whom something is seen; None where counts are Poisson.
    level
        One minus it is the largest p that counts as seen.
    """

    model: PilotModel
    draws: Floats = field(repr=False)
    people: Floats | None = field(repr=False, default=None)
    level: float
    seed: int

    def seen(self, ratio: Floats | float) -> float:
        """Share of simulations in which the test rejects no effect, in the direction of the ratio where it has one."""
        rng = np.random.default_rng(self.seed)
        ratio = np.broadcast_to(ratio, len(self.draws))[:, None, None]
        mean = self.draws * ratio**self.model.begun
        counts = (rng.poisson(mean) if self.people is None else self._binomial(rng, mean)).astype(np.float64)
        found = self.model.p_values(counts) <= 1 - self.level + 1e-9
        scores = (self.model.begun * self.model.residuals(counts)).sum(axis=(-2, -1))
        towards = np.sign(np.log(np.maximum(ratio[:, 0, 0], 1e-9)))
        return float((found & (scores * towards >= 0)).mean())

    def _binomial(self, rng: np.random.Generator, mean: Floats) -> NDArray[np.int64]:
        people = np.round(np.asarray(self.people))[:, None]
        return rng.binomial(people.astype(np.int64), np.clip(mean / people, 0, 1))

    def chances(self, outcome: str, ratios: Mapping[str, Floats | float]) -> pl.DataFrame:
        """One row an effect: how often the pilot shows it, with the interval of the simulation."""
        seen = np.array([self.seen(ratio) for ratio in ratios.values()])
        lower, upper = wilson_interval(seen, len(self.draws))
        return pl.DataFrame(
            {
                "outcome": [outcome] * len(ratios),
                "effect": list(ratios),
                "ratio": [float(np.mean(ratio)) for ratio in ratios.values()],
                "probability": seen,
                "probability_lower": lower,
                "probability_upper": upper,
            }
        )

    def detectable(self, strongest: float) -> float | None:
        """Find the ratio nearest to 1, on the way to the strongest, that is seen with a probability of 80 %."""
        ratios = np.linspace(1, strongest, _STEPS + 1)[1:].tolist()
        nearest = bisect_left(ratios, ENOUGH, key=self.seen)
        return ratios[nearest] if nearest < len(ratios) else None
