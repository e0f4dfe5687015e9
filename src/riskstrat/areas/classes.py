"""Classes of areas: clearly higher, clearly lower or uncertain, and what an unmeasured outcome does to them.

In: draws of the risk, and who was measured. Out: probabilities, classes, and a frame of what the unmeasured may change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.records.areas import Draws

Floats = NDArray[np.float64]

CLEARLY = 0.95
HIGHER, UNCERTAIN, LOWER = "clearly higher", "uncertain", "clearly lower"
ODDS = {"half_odds": 0.5, "same_odds": 1.0, "double_odds": 2.0}
"""Odds of the outcome among those not measured over the odds among the measured, by the end of the columns' names."""


def class_of(probability: str) -> pl.Expr:
    """Class of each group by a column of probabilities that its relative risk is above 1: the column ``class``."""
    return (
        pl.when(pl.col(probability) >= CLEARLY)
        .then(pl.lit(HIGHER))
        .when(pl.col(probability) <= 1 - CLEARLY)
        .then(pl.lit(LOWER))
        .otherwise(pl.lit(UNCERTAIN))
        .alias("class")
    )


def probability_higher(draws: Draws) -> Floats:
    """Probability that the relative risk of each group is above 1, (groups,)."""
    return np.asarray((draws.relative_risk > 1).mean(axis=0))


def unmeasured(
    draws: Draws, measured: NDArray[np.number], index_dates: NDArray[np.number], at_factor: Callable[[Floats], Draws]
) -> pl.DataFrame:
    """Say what risk and class of each group would be at other odds of the outcome among those not measured.

    With r the risk of a draw and s the group's share of index dates that were measured, the risk of everybody is
    s r + (1 - s) k r / (1 - r + k r) at k times the odds. `at_factor` gives the draws at theta times such a factor, so
    that the municipality changes with its groups. One row a group: ``measured`` (index dates), ``measured_share``, and
    for each of `ODDS` ``risk_``, ``probability_`` and ``class_``.
    """
    share = np.divide(measured, index_dates, out=np.zeros(len(measured)), where=index_dates > 0)
    frame = pl.DataFrame({"measured": measured.astype(np.int64), "measured_share": share})
    for name, odds in ODDS.items():
        found = at_factor(share + (1 - share) * odds / (1 - draws.risk + odds * draws.risk))
        frame = frame.with_columns(
            pl.Series(f"risk_{name}", found.risk.mean(axis=0)),
            pl.Series(f"probability_{name}", probability_higher(found)),
        ).with_columns(class_of(f"probability_{name}").alias(f"class_{name}"))
    return frame


def least_sure(frame: pl.DataFrame) -> Floats:
    """Of the probabilities between the smallest and the largest at any odds, the one nearest to a half, (groups,).

    Its class is the one that a group has at all of the odds, or uncertain.

    Examples
    --------
    >>> found = {"half_odds": [0.99, 0.2], "same_odds": [0.97, 0.1], "double_odds": [0.96, 0.01]}
    >>> least_sure(pl.DataFrame({f"probability_{name}": values for name, values in found.items()})).tolist()
    [0.96, 0.2]
    """
    probabilities = frame.select(pl.col(f"probability_{name}") for name in ODDS).to_numpy()
    return np.asarray(np.clip(0.5, probabilities.min(axis=1), probabilities.max(axis=1)), dtype=np.float64)
