"""How results move with the landmarks that are counted, and whether theta persists between earlier and later ones.

In: each row's share of O and E, groups, and draws of theta. Out: a row a set of landmarks; the drift beside the spread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from riskstrat.areas.gamma import Counts, log_prior, shape_of
from riskstrat.areas.observed_expected import GroupCounts, ObservedExpected
from riskstrat.records.areas import INTERVAL
from riskstrat.records.cohort import Cohort

Floats = NDArray[np.float64]
Numbers = NDArray[np.integer]

SD_RANGE = (0.0005, 3.0)
SD_POINTS = 128
MEDIAN = 0.5
NEGLIGIBLE = 0.05
"""Ratios that surely move by less than this, on the log scale, are taken to last: a lower limit is never 0."""


def compare_landmark_sets(
    cohort: Cohort,
    rows: ObservedExpected,
    group: NDArray[np.integer],
    groups: int,
    smooth: Callable[[GroupCounts], Floats],
) -> pl.DataFrame:
    """Count every set of landmarks, and say how far its ratios lie from those of the set that is counted.

    `group` is each row's of so many `groups`, (n,), group -1 left out; `smooth` gives the groups' smoothed ratios. One
    row a set: ``landmarks`` (dates, the latest first; null where persons have index dates of their own),
    ``index_dates``, ``persons``, ``cases``, ``case_persons``, ``weighted_cases``, ``expected``, ``observed_expected``
    (their ratio in all), and ``largest_change``, the largest factor by which a group's smoothed ratio differs, either
    way; null where the set has no outcome.
    """
    sets: Sequence[list[int] | None] = cohort.landmark_sets or [None]
    masks = [cohort.at_landmarks(one) & (group >= 0) for one in sets]
    counts = [rows.by_group(np.where(mask, group, -1), groups) for mask in masks]
    ratios = [smooth(one) if one.observed.any() else None for one in counts]
    together = [rows.together(np.where(mask, group, -1), groups) for mask in masks]
    return pl.concat(together).select(
        pl.Series("landmarks", [_dates(cohort, one) for one in sets], pl.String),
        pl.all(),
        (pl.col("weighted_cases") / pl.col("expected")).alias("observed_expected"),
        pl.Series("largest_change", [_largest_change(ratio, ratios[0]) for ratio in ratios], pl.Float64),
    )


def _dates(cohort: Cohort, landmarks: list[int] | None) -> str | None:
    dates = cohort.landmark_dates
    chosen = [dates[landmark] for landmark in (dates if landmarks is None else landmarks)]
    return ", ".join(day.isoformat() for day in sorted(chosen, reverse=True)) or None


def _largest_change(ratio: Floats | None, counted: Floats | None) -> float | None:
    if ratio is None or counted is None:
        return None
    return float(np.exp(np.abs(np.log(ratio / counted)).max()))


def drift_between_halves(
    counts: ObservedExpected, landmark: Numbers, group: Numbers, theta: Floats
) -> pl.DataFrame | None:
    """Estimate how far theta moved between two halves of the cohort, of about as many outcomes each.

    The forward look assumes that theta persists. Its drift is the standard deviation among groups of the log ratio of
    theta in the later half to theta in the earlier, to be read beside the spread: that of log theta among groups.
    `landmark` and `group` are each row's, (n,), group -1 left out; `theta` has draws, (draws, groups). One row comes
    out: ``early_last``, ``late_first`` (landmarks beside the cut), ``early_cases``, ``late_cases``, the medians
    ``drift`` and ``spread`` (log scale) with ``_lower`` and ``_upper`` (90 %), and ``carried``, see `carry_forward`;
    None where all outcomes are of one landmark.
    """
    inside = group >= 0
    labels, number = np.unique(landmark[inside], return_inverse=True)
    of_landmark = np.full(len(group), -1)
    of_landmark[inside] = number
    cut = _late_from(labels, counts.by_group(of_landmark, len(labels)).table["weighted_cases"].to_numpy())
    if cut is None:
        return None
    late = landmark >= cut
    # Halves of a group add up to it: noise of their own would be a second look at its outcomes.
    groups, halves = int(group.max()) + 1, np.where(inside, group + late * (group.max() + 1), -1)
    both = counts.by_group(halves, 2 * groups, group)
    before, after = both.some(0, groups), both.some(groups, 2 * groups)
    early_cases, late_cases = (int(half.table["cases"].sum()) for half in (before, after))
    moved, lie_apart = drift_quantiles(before, after), np.quantile(np.log(theta).std(axis=1), (MEDIAN, *INTERVAL))
    return pl.DataFrame(
        {
            "early_last": int(landmark[inside & ~late].max()),
            "late_first": cut,
            "early_cases": early_cases,
            "late_cases": late_cases,
            **dict(zip(("drift", "drift_lower", "drift_upper"), moved, strict=True)),
            **dict(zip(("spread", "spread_lower", "spread_upper"), lie_apart, strict=True)),
            "carried": _carried(float(moved[1]), float(lie_apart[0])),
        }
    )


def carry_forward(theta: Floats, drift: pl.DataFrame | None, expected: Floats, seed: int) -> Floats:
    """Draw the theta of the coming years from draws of theta over the cohort, (draws, groups).

    log theta of a half is what lasts plus something of its own, of variance d² / 2, where d is the drift. Over both
    halves it varies by s²; of that k = 1 - d² / (4 s²) lasts, the share ``carried``. So log theta is drawn towards its
    mean over the groups by k, with variance k d² / 4 (how well what lasts is known) + d² / 2 (what is new). d is the
    lower 90 % limit of the drift: as far as it is sure that ratios move, and so nothing where nothing is known of it,
    or where it is below .05. The outcomes of all groups together, theta @ `expected`, stay those of each draw.
    """
    if drift is None or drift["drift_lower"].item() < NEGLIGIBLE:
        return theta
    kept, d = drift["carried"].item(), drift["drift_lower"].item()
    new = np.random.default_rng([seed, 2]).standard_normal(theta.shape) * np.sqrt(kept * d**2 / 4 + d**2 / 2)
    log_theta = np.log(theta)
    mean = log_theta.mean(axis=1, keepdims=True)
    forward = np.exp(mean + kept * (log_theta - mean) + new)
    return np.asarray(forward * ((theta @ expected) / (forward @ expected))[:, None])


def _carried(drift: float, spread: float) -> float:
    if drift < NEGLIGIBLE:
        return 1.0
    return max(0.0, 1 - drift**2 / (4 * spread**2)) if spread > 0 else 0.0


def drift_quantiles(early: GroupCounts, late: GroupCounts) -> Floats:
    """Median and 90 % interval of the standard deviation of log(theta later / theta earlier), (3,).

    In: counts of the same groups. Given both halves' count O, the later is beta-binomial: theta times independent
    gammas of mean 1 in each half, whose log ratio has the standard deviation, with the prior of the spread (see
    `riskstrat.areas.gamma`). Each half is at its own level: what moved everywhere alike is no drift. Behind protected
    counts all pairs of counts that are possible are added up, each weighed by its noise.
    """
    halves = [Counts.of(half.observed, half.expected, half.noise) for half in (early, late)]
    expected = np.stack([half.expected for half in halves])
    # With the level of each half taken out, it expects in all what it observes.
    observed = np.stack([half.observed + half.likely_above_least for half in halves])
    expected = expected * (observed.sum(axis=1) / expected.sum(axis=1))[:, None]
    known = expected.min(axis=0) > 0
    share = expected[1, known] / expected[:, known].sum(axis=0)
    sd = np.geomspace(*SD_RANGE, SD_POINTS)
    # Two independent gammas share the variance of the log ratio.
    total = 2 * shape_of(sd / np.sqrt(2))[:, None]
    a, b = total * share, total * (1 - share)
    likelihood = (_log_pairs(halves, known, a, b) - betaln(a, b)).sum(axis=1)
    log_weight = likelihood + log_prior(sd) + np.log(sd)
    weight = np.exp(log_weight - log_weight.max())
    below = (np.cumsum(weight) - weight / 2) / weight.sum()
    return np.interp((MEDIAN, *INTERVAL), below, sd)


def _log_pairs(halves: list[Counts], known: NDArray[np.bool_], a: Floats, b: Floats) -> Floats:
    """Log of the sum of B(a + later, b + earlier) over all possible pairs of counts, weighed by noise; (sd, groups)."""
    early, late = (half.observed[known] for half in halves)
    likelihoods = [np.broadcast_to(half.likelihood, (len(half.likelihood), len(known)))[:, known] for half in halves]

    def log_ways(more_early: int, more_late: int) -> Floats:
        """Log of how many ways there are to divide the cases, over those for the lowest counts."""
        x, y = early + more_early, late + more_late
        ways = gammaln(x + y + 1) - gammaln(x + 1) - gammaln(y + 1)
        return np.asarray(ways - (gammaln(early + late + 1) - gammaln(early + 1) - gammaln(late + 1)))

    found = np.full(a.shape, -np.inf)
    for i, of_early in enumerate(likelihoods[0]):
        for j, of_late in enumerate(likelihoods[1]):
            both = of_early * of_late
            possible = np.log(both, where=both > 0, out=np.full_like(both, -np.inf)) + log_ways(i, j)
            found = np.logaddexp(found, betaln(a + (late + j), b + (early + i)) + possible)
    return found


def _late_from(labels: NDArray[np.integer], outcomes: Floats) -> int | None:
    """First landmark of the later half by the outcomes at each; None where one landmark holds all outcomes."""
    before = np.cumsum(outcomes)[:-1]
    possible = (before > 0) & (before < outcomes.sum())
    if not possible.any():
        return None
    uneven = np.where(possible, np.abs(before - outcomes.sum() / 2), np.inf)
    return int(labels[1:][np.argmin(uneven)])
