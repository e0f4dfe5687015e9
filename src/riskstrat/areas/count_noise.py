"""What is known of counts that carry the noise of their cells: which counts are possible, and how likely each is.

In: true counts and noise, or protected counts. Out: protected counts; the possible ones with their likelihoods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class CountNoise:
    """How protected counts come from true ones: O* = O + e, at least the width and at most so much below the rows.

    Behind every protected count so many true ones are possible as there are values of e, and the counts nearest 0 and
    nearest everybody are one class each: "2 or fewer" tells nobody whether there was a case.

    Parameters
    ----------
    probability
        Of each noise e from -width to width, (2 width + 1,): ``CellNoise.probability``.
    rows
        How many the counts are part of, on their scale, (n,); protected too.

    Examples
    --------
    >>> noise = CountNoise(probability=np.full(5, 0.2), rows=np.full(3, 100.0))
    >>> noise.protect(np.array([0, 30, 100]), np.array([2, 1, 2]))
    array([ 2., 31., 98.])
    >>> least, likelihood = noise.possible(np.array([2.0, 31.0, 98.0]))
    >>> least.tolist(), likelihood[:, 0].round(1).tolist(), likelihood[:, 1].round(1).tolist()
    ([0.0, 29.0, 96.0], [1.0, 0.8, 0.6, 0.4, 0.2], [0.2, 0.2, 0.2, 0.2, 0.2])
    """

    probability: Floats
    rows: Floats

    @property
    def width(self) -> int:
        """Largest noise, and the largest count of the lowest class."""
        return len(self.probability) // 2

    @property
    def highest(self) -> Floats:
        """Count of the highest class, (n,)."""
        return np.asarray(np.maximum(np.floor(self.rows) - self.width, self.width))

    def protect(self, counts: NDArray[np.integer], noise: NDArray[np.integer]) -> Floats:
        """Protected counts, (n,), from true ones and their noise."""
        return np.clip((counts + noise).astype(np.float64), self.width, self.highest)

    def possible(self, observed: Floats) -> tuple[Floats, Floats]:
        """Lowest possible count, (n,), and P(observed | lowest + j), (2 width + 1, n), for j from 0 to 2 width.

        In the highest class what lies more than the width above it is left out.
        """
        # The count lowest + j needs the noise width - j.
        equal, lower = self.probability[::-1, None], np.cumsum(self.probability)[::-1, None]
        upper = np.cumsum(self.probability[::-1])[:, None]
        lowest, highest = observed <= self.width, observed >= self.highest
        class_of = (lowest & highest, lowest, highest)
        return observed - self.width, np.select(class_of, (np.ones_like(equal), lower, upper), equal)
