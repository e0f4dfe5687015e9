"""Candidate estimators in, the simplest within one standard error of the best, and the scores of all, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.errors.arguments import checked
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.crossfit import cross_fit
from riskstrat.estimators.followed import FollowedRows
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import outcome_weights
from riskstrat.estimators.selection import Losses
from riskstrat.incidence import OutcomeArray, outcome_within
from riskstrat.numerics.folds import Split
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.intervals import LEVEL, normal_quantile


@dataclass(frozen=True)
class Choice:
    """Which candidate was chosen, and on what grounds.

    Parameters
    ----------
    name
        The simplest candidate (`RiskEstimator.complexity`) whose Brier score is within one standard error of the
        smallest; of equally simple ones that with the smallest score. Candidates without `contributions` are compared
        and not chosen: a plan must say why.
    table
        One row a candidate: name, brier, prediction_accuracy (1 - Brier / Brier of the mean risk); difference of its
        accuracy from that of the chosen one, difference_lower and difference_upper, from differences of the same
        families; explained (whether it has `contributions`); accuracy_after_choosing, for the chosen one alone: its
        prediction accuracy without what it owes to having been chosen on the rows that it is tested on. It is estimated
        without refits and may leave some of it: of twelve useless candidates -.025 where nested folds give -.042
        (docs/validation.md).
    risks
        Out-of-fold risks of each candidate, shape (n,).

    Examples
    --------
    >>> table = pl.DataFrame({"name": ["AgeSex"], "brier": [0.1], "prediction_accuracy": [0.02]})
    >>> Choice(name="AgeSex", table=table, risks={"AgeSex": np.array([0.1])}).name
    'AgeSex'
    """

    name: str
    table: pl.DataFrame
    risks: Mapping[str, NDArray[np.float64]]


@checked
def choose(
    candidates: Mapping[str, RiskEstimator],
    X: Features,
    y: OutcomeArray,
    split: Split,
    *,
    baseline: str | None = None,
    sample_weight: npt.ArrayLike | None = None,
    strata: Labels | None = None,
    groups: Labels | None = None,
    level: float = LEVEL,
    followed: FollowedRows | None = None,
) -> Choice:
    """Choose among estimators by their cross-fitted, censoring-weighted Brier score at the horizon.

    All are compared on the same rows: those that a fold tests. Nothing is fitted twice: the optimism of choosing and
    testing on the same folds is measured by drawing families anew (`riskstrat.estimators.selection`).

    Parameters
    ----------
    candidates
        Unfitted estimators by name, all with one horizon.
    X, y, split, sample_weight, strata, groups, followed
        As for `cross_fit`.
    baseline
        The candidate that all others are measured against: chosen only where its score is the smallest.
    level
        Coverage of the intervals of differences.

    Returns
    -------
    Choice
        The chosen name, and the table of scores with paired differences.

    Raises
    ------
    UsageError
        There is no candidate, none has `contributions`, their horizons differ, or the baseline is none of them.
    ContractError, DesignError
        As for `cross_fit`.

    Examples
    --------
    >>> from riskstrat.estimators import AgeSex, Logistic
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"age_years": [50, 60] * 60, "visits": [0, 0, 3, 3] * 30})
    >>> y = outcome_array([0, 0, 1, 1] * 30, [365.0] * 120)
    >>> candidates = {"age_sex": AgeSex(horizon_days=365), "logistic": Logistic(horizon_days=365)}
    >>> choose(candidates, X, y, Split.from_folds(np.arange(120) // 4 % 5)).name
    'logistic'
    """
    UsageError.refuse(_problems(candidates, baseline))
    horizon = next(iter(candidates.values())).horizon_days
    weight = outcome_weights(y, horizon, sample_weight, strata)
    labels = {"strata": strata, "groups": groups}
    risks = {
        name: cross_fit(candidate, X, y, split, sample_weight=sample_weight, followed=followed, **labels).risk
        for name, candidate in candidates.items()
    }
    explained = np.array([hasattr(candidate, "contributions") for candidate in candidates.values()])
    names, stacked = list(risks), np.column_stack(list(risks.values()))
    common = np.flatnonzero((weight > 0) & ~np.isnan(stacked).any(axis=1))
    label, kept = outcome_within(y, horizon)[common].astype(np.float64), weight[common]
    losses = Losses.of(
        (stacked[common] - label[:, None]) ** 2,
        kept,
        number_groups(_families(X, groups, len(y))[common], len(common))[0],
        complexity=[candidate.complexity for candidate in candidates.values()],
        baseline=None if baseline is None else names.index(baseline),
        compared_only=np.flatnonzero(~explained).tolist(),
    )
    of_mean = float(np.average((label - np.average(label, weights=kept)) ** 2, weights=kept))
    choice = losses.chosen()
    table = _scores(names, losses, choice, of_mean, level).with_columns(explained=pl.Series(explained))
    return Choice(name=names[choice], table=table, risks=risks)


def _scores(names: Sequence[str], losses: Losses, choice: int, of_mean: float, level: float) -> pl.DataFrame:
    """Table of the candidates; `of_mean` is the Brier score of giving everybody the mean risk."""
    once = np.ones(len(losses.weights))
    brier = losses.means(once)
    difference, error = losses.differences(choice, once)
    gain, half = -difference / of_mean, normal_quantile(level) * error / of_mean
    after = np.full(len(names), np.nan)
    after[choice] = losses.after_choosing()
    return pl.DataFrame(
        {
            "name": names,
            "brier": brier,
            "prediction_accuracy": 1 - brier / of_mean,
            "difference": gain,
            "difference_lower": gain - half,
            "difference_upper": gain + half,
            "accuracy_after_choosing": 1 - after / of_mean,
        }
    ).with_columns(pl.col("accuracy_after_choosing").fill_nan(None))


def _families(X: Features, groups: Labels | None, n: int) -> NDArray[np.intp]:
    if groups is None and isinstance(X, pl.DataFrame) and "person_id" in X.columns:
        groups = X["person_id"]
    return number_groups(np.arange(n) if groups is None else groups, n)[0]


def _problems(candidates: Mapping[str, RiskEstimator], baseline: str | None) -> Iterator[Problem]:
    horizons = {candidate.horizon_days for candidate in candidates.values()}
    if len(horizons) != 1:
        found = f"{number_of(len(candidates), 'candidate')} with {number_of(len(horizons), 'horizon')}"
        yield Problem(found, "at least one, all with one horizon", "correct candidates")
    if candidates and not any(hasattr(candidate, "contributions") for candidate in candidates.values()):
        found, expected = "candidates without contributions alone", "at least one that says why a risk is high"
        yield Problem(found, expected, "add Logistic, say")
    if baseline is not None and baseline not in candidates:
        yield unknown("baseline", baseline, list(candidates))
