"""Whether the model of groups fits: each group's count beside what the other groups lead to expect of it.

In: a posterior and the counts that it was made from. Out: how surprising each group is.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.observed_expected import GroupCounts
from riskstrat.areas.posterior import Posterior
from riskstrat.records.areas import INTERVAL

Floats = NDArray[np.float64]

FALSE_DISCOVERY = 0.1
"""Expected share of groups that fit among those that are said to stand out."""


def check_fit(labels: pl.DataFrame, posterior: Posterior, counts: GroupCounts) -> pl.DataFrame:
    """Hold each group's count against its distribution given the counts of the other groups.

    One row a group, as in `labels`: the labels; ``probability_below``, that the count is lower than what was seen, half
    of that of the same count added (about uniform where the model fits); whether it is ``outside`` the 90 % interval,
    as one in ten is; and whether it ``stands_out``, by a rule under which a tenth of those that do are expected to fit
    after all. Null where nothing is expected.

    References
    ----------
    Marshall and Spiegelhalter, Statistics in Medicine 2003;22:1649; Bayesian Analysis 2007;2:409. Benjamini and
    Hochberg, J R Stat Soc B 1995;57:289.
    """
    known = counts.expected > 0
    lower = probability_below(posterior, counts.observed, counts.noise)
    either_side = np.minimum(2 * np.minimum(lower, 1 - lower), 1)
    stands_out = np.zeros(len(known), dtype=bool)
    stands_out[known] = false_discovery_control(either_side[known]) <= FALSE_DISCOVERY
    found = {
        "probability_below": lower,
        "outside": (lower < INTERVAL[0]) | (lower > INTERVAL[1]),
        "stands_out": stands_out,
    }
    return labels.with_columns(
        pl.when(pl.Series(known)).then(pl.Series(values)).alias(name) for name, values in found.items()
    )


def probability_below(posterior: Posterior, observed: Floats, noise: CountNoise | None) -> Floats:
    """P(lower than observed) + P(as observed) / 2 of each group's count, given the other groups, (n,)."""
    chance = np.ones(1) if noise is None else noise.probability
    width = len(chance) // 2
    below = posterior.left_out(observed + width, 2 * width + 1)
    up_to, lower = chance @ below[:-1], chance @ below[1:]
    if noise is not None:
        up_to = np.where(observed >= noise.highest, 1.0, up_to)
        lower = np.where(observed <= noise.lowest, 0.0, lower)
    return np.asarray((up_to + lower) / 2)
