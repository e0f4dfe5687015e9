"""Predicted risks and outcome array in, how well the risks rank the rows out (0.5 is chance, 1 perfect).

Everything by sorting and cumulative sums: O(n log n) for the AUC, O(n log² n) for concordance.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, censoring_weights, check_outcome
from riskstrat.incidence.outcome import tie_times
from riskstrat.validation.horizon_labels import label_outcomes


@checked
def auc(y: OutcomeArray, risk: npt.ArrayLike, horizon_days: float, weights: npt.ArrayLike | None = None) -> float:
    """Area under the time-dependent ROC curve at the horizon, weighted for censoring.

    The probability that somebody with the outcome by the horizon was given a higher risk than somebody without it;
    equal risks count a half. Those who had the competing event are controls (Blanche, Dartigues and
    Jacqmin-Gadda 2013, definition 2; the convention of riskRegression).

    Parameters
    ----------
    y
        Outcome array (n,).
    risk
        Predicted risks (n,), in [0, 1].
    horizon_days
        End of the time at risk in days.
    weights
        Weight of each row's status (n,), 0 where not known. By default `censoring_weights` over all rows.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ContractError
        If an argument cannot be used.
    DesignError
        If everybody or nobody had the outcome.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> auc(outcome_array([1, 2, 0], [10, 20, 30]), [0.3, 0.4, 0.1], 30)
    0.5
    """
    labels = label_outcomes(y, risk, horizon_days, weights)
    order = np.argsort(labels.risk, kind="stable")
    cases, controls = labels.weight * labels.outcome, labels.weight * (1 - labels.outcome)
    return float(auc_of_sorted(cases[order], controls[order], tie_starts(labels.risk[order]), np.array([0]))[0])


def tie_starts(*sorted_keys: NDArray[np.generic]) -> NDArray[np.intp]:
    """First position of each run of equal keys.

    Examples
    --------
    >>> tie_starts(np.array([0.1, 0.1, 0.3])).tolist()
    [0, 2]
    """
    changes = [np.flatnonzero(key[1:] != key[:-1]) + 1 for key in sorted_keys]
    return np.unique(np.concatenate([np.zeros(1, dtype=np.intp), *changes])).astype(np.intp)


def auc_of_sorted(
    cases: NDArray[np.float64], controls: NDArray[np.float64], ties: NDArray[np.intp], groups: NDArray[np.intp]
) -> NDArray[np.float64]:
    """AUC of each group of rows that are sorted by group, then risk; NaN where there are no cases or no controls.

    A row has a weight (n,) in one of cases and controls, or 0 in both. `ties` are the first positions of each run of
    equal group and risk, `groups` those of each group, which also start a run.
    """
    tied_cases, tied_controls = np.add.reduceat(cases, ties), np.add.reduceat(controls, ties)
    runs = np.searchsorted(ties, groups)
    below = np.cumsum(tied_controls) - tied_controls / 2
    total_cases, total_controls = np.add.reduceat(tied_cases, runs), np.add.reduceat(tied_controls, runs)
    before = np.cumsum(total_controls) - total_controls
    won = np.add.reduceat(tied_cases * below, runs) - total_cases * before
    pairs = total_cases * total_controls
    return np.asarray(np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0), dtype=np.float64)


@checked
def concordance(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    method: Literal["uno", "harrell"] = "uno",
) -> float:
    """Probability that, of two rows, the one whose outcome came first was given the higher risk.

    Pairs in which the earlier time is an outcome within the horizon are compared; equal risks count a half, two
    outcomes on one day (or at times that differ by rounding alone) are not compared, and who is censored on the day of
    an outcome outlived it. Somebody who had the competing event never gets the outcome and is compared with all later
    *and* earlier outcomes (Wolbers et al. 2014).

    - ``"harrell"``: every pair counts one. It depends on the pattern of censoring (Harrell 1996).
    - ``"uno"``: pairs count the inverse of their chance of being seen: 1/G(T_i-)² for later controls (Uno et al. 2011)
      and 1/(G(T_i-) G(T_j-)) for controls whose competing event came at T_j, no later than the outcome at T_i.

    Parameters
    ----------
    y
        Outcome array (n,).
    risk
        Predicted risks (n,); any score that rises with risk.
    horizon_days
        Outcomes after it are not compared.
    method
        How pairs are weighted.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    UsageError
        If the method is unknown.
    DesignError
        If no pair can be compared.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> concordance(outcome_array([1, 1, 0], [10, 20, 30]), [0.3, 0.2, 0.25], 30, method="harrell")
    0.6666666666666666
    """
    score = _checked_score(y, risk)
    y, (horizon,) = tie_times(y, horizon_days)
    followed = _followed(y, float(horizon)) if method == "uno" else np.ones(len(y))
    first = ((y["event"] == OUTCOME) & (y["duration_days"] <= horizon)).astype(np.float64)
    competing = (y["event"] == COMPETING).astype(np.float64)
    # On one day an outcome comes before anything else; backwards a day is one rank, as pairs within it are counted.
    forward = _dense_rank(y["duration_days"], y["event"] != OUTCOME)
    backward = _dense_rank(-y["duration_days"], np.zeros(len(y)))
    won_later, all_later = _pairs(forward, score, first, np.ones(len(y)))
    won_before, all_before = _pairs(backward, score, first, competing / followed)
    weight = first / followed
    pairs = float(weight @ (weight * all_later + all_before))
    if pairs <= 0:
        raise DesignError(
            Problem(found="no two rows to compare", expected="an outcome before others", remedy="widen the population")
        )
    return float(weight @ (weight * won_later + won_before)) / pairs


def _checked_score(y: OutcomeArray, risk: npt.ArrayLike) -> NDArray[np.float64]:
    score, n = np.asarray(risk, dtype=np.float64), len(check_outcome(y))
    if score.shape != (n,) or not np.isfinite(score).all():
        found, expected = f"risks of shape {score.shape}", f"{n} numbers, one a row"
        raise UsageError(
            Problem(found=found, expected=expected, remedy="predict for the rows of the outcome, in order")
        )
    return score


def _followed(y: OutcomeArray, horizon_days: float) -> NDArray[np.float64]:
    """G(T-) of every row that had an event within the horizon, 1 elsewhere (where it is not used)."""
    weight = censoring_weights(y, horizon_days, truncate=1)
    return np.where(weight > 0, 1 / np.maximum(weight, 1.0), 1.0)


def _dense_rank(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.intp]:
    order = np.lexsort((second, first))
    starts = np.zeros(len(order), dtype=np.intp)
    starts[tie_starts(first[order], second[order])[1:]] = 1
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.cumsum(starts)
    return rank


def _pairs(
    rank: NDArray[np.intp], score: NDArray[np.float64], asking: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each asking row: weight of the rows of higher rank with a lower score (half for ties), and of all of them.

    Two ranks differ first at exactly one binary digit; at that digit's level the lower one is a left sibling and the
    higher one a right sibling of the same block, so that one sort a level counts every pair once.
    """
    won, total = np.zeros(len(rank)), np.zeros(len(rank))
    by_score = np.argsort(score, kind="stable")
    for digit in range(int(rank.max(initial=0)).bit_length()):
        block = rank >> (digit + 1)
        order = by_score[np.argsort(block[by_score], kind="stable")]
        right = ((rank >> digit) & 1).astype(float)
        below, whole = _counts(block[order], score[order], (weight * right)[order])
        left = asking * (1 - right)
        won[order] += left[order] * below
        total[order] += left[order] * whole
    return won, total


def _counts(
    block: NDArray[np.intp], score: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For rows sorted by block and score: weight of lower scores in the block (half for ties), and of all of it."""
    ties, blocks = tie_starts(block, score), tie_starts(block)
    tied = np.add.reduceat(weight, ties)
    below = np.repeat(np.cumsum(tied) - tied / 2, np.diff(np.r_[ties, len(weight)]))
    whole = np.add.reduceat(weight, blocks)
    sizes = np.diff(np.r_[blocks, len(weight)])
    return below - np.repeat(np.cumsum(whole) - whole, sizes), np.repeat(whole, sizes)
