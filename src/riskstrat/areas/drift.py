"""Whether theta persists: how far the groups' ratios moved between the earlier and the later landmarks.

In: each row's share of O and E, and draws of theta. Out: one row, the drift beside the spread among groups.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaln

from riskstrat.areas.gamma import log_prior, shape_of
from riskstrat.areas.observed_expected import GroupCounts, ObservedExpected
from riskstrat.records.areas import INTERVAL

Floats = NDArray[np.float64]
Numbers = NDArray[np.integer]

SD_RANGE = (0.0005, 3.0)
SD_POINTS = 128
MEDIAN = 0.5


def drift_between_halves(
    counts: ObservedExpected, landmark: Numbers, group: Numbers, theta: Floats
) -> pl.DataFrame | None:
    """Estimate how far theta moved between two halves of the cohort, of about as many outcomes each.

    The forward look assumes that theta persists. Its drift is the standard deviation among groups of the log ratio of
    theta in the later half to theta in the earlier, to be read beside the spread: that of log theta among groups.
    `landmark` and `group` are each row's, (n,), group -1 left out; `theta` has draws, (draws, groups). One row comes
    out: ``early_last``, ``late_first`` (landmarks beside the cut), ``early_cases``, ``late_cases``, and the medians
    ``drift`` and ``spread`` (log scale) with ``_lower`` and ``_upper`` (90 %); None where all outcomes are of one
    landmark.
    """
    inside = group >= 0
    cut = _late_from(landmark[inside], counts.weighted_outcome[inside])
    if cut is None:
        return None
    late = landmark >= cut
    before, after = (counts.by_group(np.where(half, group, -1), int(group.max()) + 1) for half in (~late, late))
    return pl.DataFrame(
        {
            "early_last": [int(landmark[inside & ~late].max())],
            "late_first": [cut],
            "early_cases": [int(before.table["cases"].sum())],
            "late_cases": [int(after.table["cases"].sum())],
            **_summary("drift", drift_quantiles(before, after)),
            **_summary("spread", np.quantile(np.log(theta).std(axis=1), (MEDIAN, *INTERVAL))),
        }
    )


def drift_quantiles(early: GroupCounts, late: GroupCounts) -> Floats:
    """Median and 90 % interval of the standard deviation of log(theta later / theta earlier), (3,).

    In: counts of the same groups. Given both halves' count O, the later is beta-binomial: theta times independent
    gammas of mean 1 in each half, whose log ratio has the standard deviation, with the prior of the spread (see
    `riskstrat.areas.gamma`). Each half is at its own level: what moved everywhere alike is no drift.

    Examples
    --------
    >>> table = pl.DataFrame({"weighted_cases": [400.0, 600.0, 500.0], "expected": [500.0, 500.0, 500.0]})
    >>> half = GroupCounts(table=table, divisor=1.0)
    >>> bool(drift_quantiles(half, half)[0] < 0.1)
    True
    """
    observed = np.stack([early.observed, late.observed])
    expected = np.stack([early.expected, late.expected])
    # With the level of each half taken out, it expects in all what it observes.
    expected = expected * (observed.sum(axis=1) / expected.sum(axis=1))[:, None]
    known = expected.min(axis=0) > 0
    share = expected[1, known] / expected[:, known].sum(axis=0)
    sd = np.geomspace(*SD_RANGE, SD_POINTS)
    # Two independent gammas share the variance of the log ratio.
    total = 2 * shape_of(sd / np.sqrt(2))[:, None]
    a, b = total * share, total * (1 - share)
    likelihood = (betaln(a + observed[1, known], b + observed[0, known]) - betaln(a, b)).sum(axis=1)
    log_weight = likelihood + log_prior(sd) + np.log(sd)
    weight = np.exp(log_weight - log_weight.max())
    below = (np.cumsum(weight) - weight / 2) / weight.sum()
    return np.interp((MEDIAN, *INTERVAL), below, sd)


def _late_from(landmark: Numbers, outcomes: Floats) -> int | None:
    """First landmark of the later half; None where one landmark holds all outcomes."""
    labels, numbers = np.unique(landmark, return_inverse=True)
    before = np.cumsum(np.bincount(numbers, outcomes))[:-1]
    possible = (before > 0) & (before < outcomes.sum())
    if not possible.any():
        return None
    uneven = np.where(possible, np.abs(before - outcomes.sum() / 2), np.inf)
    return int(labels[1:][np.argmin(uneven)])


def _summary(name: str, quantiles: Floats) -> dict[str, list[float]]:
    median, lower, upper = quantiles.tolist()
    return {name: [median], f"{name}_lower": [lower], f"{name}_upper": [upper]}
