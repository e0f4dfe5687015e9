"""Losses of several candidates on the same rows in; which one is chosen, and what choosing has flattered, out.

Families share risks and a person has several rows: all uncertainty is between families.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riskstrat.numerics.folds import MOST_BLOCKS, family_blocks

DRAWS: Final = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """Weighted losses of candidates and weights, added up in blocks of whole families, and how to choose among them.

    Attributes
    ----------
    sums, weights
        Shapes (blocks, candidates) and (blocks,).
    complexity
        Of each candidate, see `RiskEstimator.complexity`.
    baseline
        Number of the candidate that is chosen only where its loss is the smallest; None for no such candidate.
    compared_only
        Numbers of candidates that are never chosen; not all.
    """

    sums: NDArray[np.float64]
    weights: NDArray[np.float64]
    complexity: Sequence[float]
    baseline: int | None = None
    compared_only: Sequence[int] = ()

    @classmethod
    def of(
        cls,
        losses: NDArray[np.float64],
        weight: NDArray[np.float64],
        group: NDArray[np.intp],
        *,
        complexity: Sequence[float],
        baseline: int | None = None,
        compared_only: Sequence[int] = (),
    ) -> Losses:
        """Add up losses (n, candidates) with weights (n,) by group, numbered from 0 (n,), or by blocks of groups."""
        block = family_blocks(group, MOST_BLOCKS, np.random.default_rng(0))
        weights, *sums = (
            np.asarray(np.bincount(block, each), dtype=np.float64) for each in (weight, *(weight[:, None] * losses).T)
        )
        return cls(
            sums=np.column_stack(sums),
            weights=weights,
            complexity=complexity,
            baseline=baseline,
            compared_only=compared_only,
        )

    def means(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean loss of each candidate, (candidates,), each block counting so often."""
        return np.asarray(counts @ self.sums / (counts @ self.weights), dtype=np.float64)

    def differences(
        self, reference: int, counts: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean loss of each candidate minus that of one, and the standard error of it between blocks."""
        total, n = counts @ self.weights, counts.sum()
        gap = self.sums - self.sums[:, [reference]]
        mean = counts @ gap / total
        residual = gap - self.weights[:, None] * mean
        return mean, np.sqrt(n / max(n - 1, 1) * (counts @ residual**2)) / total

    def chosen(self, counts: NDArray[np.float64] | None = None) -> int:
        """Find the simplest candidate within one standard error of the smallest loss; of several such, the best.

        The standard error is that of the paired difference to the candidate with the smallest loss (the rule of Breiman
        et al. 1984, section 3.4.3, for losses on the same rows).
        """
        counts = np.ones(len(self.weights)) if counts is None else counts
        means = self.means(counts)
        eligible = np.setdiff1d(np.arange(len(means)), self.compared_only)
        best = int(eligible[np.argmin(means[eligible])])
        difference, error = self.differences(best, counts)
        near: list[int] = [
            each
            for each in eligible.tolist()
            if each == best or (difference[each] <= error[each] and each != self.baseline)
        ]
        return min(near, key=lambda each: (self.complexity[each], means[each]))

    def after_choosing(self, draws: int = DRAWS) -> float:
        """Mean loss of the chosen candidate without what it owes to having been chosen on the same rows.

        In each draw of blocks with replacement one is chosen, and its loss on the blocks that were not drawn compared
        with that of the candidate which all rows choose: bootstrap bias corrected cross-validation (Tsamardinos,
        Greasidou and Borboudakis 2018, algorithm 3), without the chance of which blocks are left out.
        """
        generator, blocks, choice = np.random.default_rng(0), len(self.weights), self.chosen()
        excess = []
        for _ in range(draws):
            counts = np.bincount(generator.integers(0, blocks, blocks), minlength=blocks).astype(np.float64)
            left = self.means((counts == 0).astype(np.float64))
            excess.append(left[self.chosen(counts)] - left[choice])
        return float(self.means(np.ones(blocks))[choice] + np.mean(excess))
