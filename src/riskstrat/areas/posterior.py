"""What every posterior of the groups' ratios offers; nothing downstream asks which method made it.

In: nothing. Out: a protocol.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Posterior(Protocol):
    """Joint posterior of theta, observed over expected, of n groups.

    A group without expected outcomes is part of it: it gets the distribution of theta among the other groups (of its
    neighbours, in a spatial model), with the uncertainty about that distribution.
    """

    @property
    def mean(self) -> NDArray[np.float64]:
        """Posterior mean of theta, (n,)."""

    def draw(self, draws: int, seed: int) -> NDArray[np.float64]:
        """Draw from the joint posterior, (draws, n), above 0; the same for the same seed."""

    def exceedance(self, threshold: float) -> NDArray[np.float64]:
        """P(theta > threshold), (n,)."""

    def left_out(self, highest: NDArray[np.float64], further: int) -> NDArray[np.float64]:
        """P(count before noise <= highest - j) of a group when only the others' counts are known, (further + 1, n).

        `highest` is at least 0, (n,); j runs from 0 to `further`.
        """
