"""Predicted risks and outcome array in, how well the risks rank the rows out (0.5 is chance, 1 perfect).

Ranks alone count: a recalibration that rises everywhere changes nothing; isotonic steps make ties, which count a half.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, censoring_weights, check_outcome, observed_weights
from riskstrat.incidence.outcome import tie_times
from riskstrat.validation.horizon_labels import HorizonLabels, label_outcomes
from riskstrat.validation.pairs import Pairs, compare, dense_rank


@checked
def auc(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    entry: npt.ArrayLike | None = None,
) -> float:
    """Area under the time-dependent ROC curve at the horizon, weighted for censoring.

    The probability that somebody with the outcome by the horizon was given a higher risk than somebody without it;
    equal risks count a half. Those who had the competing event are controls (Blanche, Dartigues and
    Jacqmin-Gadda 2013, definition 2; the convention of riskRegression).

    Parameters
    ----------
    y, risk, horizon_days, weights, entry
        As for `calibration`.

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
    weights = observed_weights(y, horizon_days, weights, entry)
    return auc_pairs(label_outcomes(y, risk, horizon_days, weights)).share


def auc_pairs(labels: HorizonLabels) -> Pairs:
    """Compare those with the outcome by the horizon with all others of known status, by the product of weights."""
    cases, controls = labels.weight * labels.outcome, labels.weight * (1 - labels.outcome)
    return compare((1 - labels.outcome).astype(np.intp), labels.risk, cases, controls)


@checked
def concordance(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    horizon_days: float,
    method: Literal["uno", "harrell"] = "uno",
    *,
    entry: npt.ArrayLike | None = None,
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
    entry
        Days from the index date to entry (n,): refused where anybody entered late.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    UsageError
        If the method is unknown, or anybody entered late: of two persons of whom one was not yet under observation,
        nobody knows who else would have been compared.
    DesignError
        If no pair can be compared.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> concordance(outcome_array([1, 1, 0], [10, 20, 30]), [0.3, 0.2, 0.25], 30, method="harrell")
    0.6666666666666666
    """
    score = _checked_score(y, risk)
    if entry is not None and np.any(np.asarray(entry) != 0):
        expected = "everybody followed from the index date"
        raise UsageError(Problem("late entry", expected, "use auc(..., entry=)", column="entry"))
    weight = censoring_weights(y, horizon_days, truncate=1) if method == "uno" else np.ones(len(y))
    pairs = concordance_pairs(y, score, horizon_days, weight)
    if np.isnan(pairs.share):
        raise DesignError(Problem("no two rows to compare", "an outcome before others", "widen the population"))
    return pairs.share


def concordance_pairs(
    y: OutcomeArray,
    score: NDArray[np.float64],
    horizon_days: float,
    weight: NDArray[np.float64],
    case_weight: NDArray[np.float64] | None = None,
) -> Pairs:
    """Compare each outcome within the horizon with who outlived it, and with earlier competing events.

    `weight` is 1/G(T-) of every row with an event within the horizon, (n,), `case_weight` that of the row itself.
    """
    y, (horizon,) = tie_times(y, horizon_days)
    own = np.ones(len(y)) if case_weight is None else case_weight
    days = np.minimum(y["duration_days"], horizon)
    had = (y["event"] == OUTCOME) & (y["duration_days"] <= horizon)
    case, competing = own * weight * had, own * weight * (y["event"] == COMPETING)
    # On one day an outcome comes before anything else; backwards a day is one rank, as pairs within it are counted.
    later = compare(dense_rank(days, ~had), score, case * np.where(had, weight, 1.0), own)
    return later + compare(np.unique(-days, return_inverse=True)[1], score, case, competing * (days < horizon))


def _checked_score(y: OutcomeArray, risk: npt.ArrayLike) -> NDArray[np.float64]:
    score, n = np.asarray(risk, dtype=np.float64), len(check_outcome(y))
    if score.shape != (n,) or not np.isfinite(score).all():
        found, expected = f"risks of shape {score.shape}", f"{number_of(n, 'number')}, one a row"
        raise UsageError(Problem(found, expected, "predict for the rows of the outcome, in order"))
    return score
