"""What is known of counts that carry the noise of their cells: which counts are possible, and how likely each is.

In: true counts and noise, or protected counts. Out: protected counts; the possible ones with their likelihoods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.disclosure import FEWEST_POSSIBLE

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class CountNoise:
    """How protected counts come from true ones: O* = O + e, held within the lowest and the highest class.

    What noise makes lower than `lowest` is one class with it, and so near everybody: "0 or fewer" tells nobody whether
    there was a case, for at least five true counts are possible behind every protected one.

    Parameters
    ----------
    probability
        Of each noise e from -width to width, (2 width + 1,): ``CellNoise.probability``.
    rows
        How many the counts are part of, on their scale, (n,); protected too.

    Examples
    --------
    >>> noise = CountNoise(probability=np.array([0.25, 0.5, 0.25]), rows=np.full(3, 100.0))
    >>> noise.protect(np.array([0, 30, 100]), np.array([1, 1, 0]))
    array([ 3., 31., 97.])
    >>> least, likelihood = noise.possible(np.array([3.0, 31.0, 97.0]))
    >>> least.tolist(), likelihood[:, 1].tolist(), likelihood[:, 2].tolist()
    ([0.0, 30.0, 96.0], [0.25, 0.5, 0.25, 0.0, 0.0, 0.0], [0.25, 0.75, 1.0, 1.0, 1.0, 1.0])
    """

    probability: Floats
    rows: Floats

    @property
    def width(self) -> int:
        """Largest noise."""
        return len(self.probability) // 2

    @property
    def variance(self) -> float:
        """Variance of the noise."""
        return float(self.probability @ np.arange(-self.width, self.width + 1) ** 2)

    @property
    def lowest(self) -> int:
        """Count of the lowest class, as `CellNoise.lowest`."""
        return max(FEWEST_POSSIBLE - 1 - self.width, 0) if self.width else 0

    @property
    def highest(self) -> Floats:
        """Count of the highest class, (n,)."""
        return np.asarray(np.maximum(np.floor(self.rows) - self.lowest, self.lowest))

    def protect(self, counts: NDArray[np.integer], noise: NDArray[np.integer]) -> Floats:
        """Protected counts, (n,), from true ones and their noise."""
        return np.clip((counts + noise).astype(np.float64), self.lowest, self.highest)

    def possible(self, observed: Floats) -> tuple[Floats, Floats]:
        """Least possible count, (n,), and P(observed | least + j), (k, n), for j from 0 to k - 1.

        In the highest class what lies further above it is left out.
        """
        least = np.where(observed <= self.lowest, 0, np.maximum(observed - self.width, 0))
        further = np.arange(2 * self.width + self.lowest + 1)[:, None]
        needed = (observed - least - further).astype(int) + self.width + 1
        # Entry i is the probability of noise below i - width: nothing below the first, everything below the last.
        below = np.pad(np.concatenate([[0.0], np.cumsum(self.probability)]), (0, len(further)), mode="edge")
        up_to, lower = (below[np.clip(needed - i, 0, len(below) - 1)] for i in (0, 1))
        at_bottom, at_top = observed <= self.lowest, observed >= self.highest
        return least, np.where(at_top, 1.0, up_to) - np.where(at_bottom, 0.0, lower)
