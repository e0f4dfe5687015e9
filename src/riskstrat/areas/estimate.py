"""Risk per group when we stand: what was observed there, and what the model predicts for its people now.

In: a cohort with cross-fitted risks, a target population with predicted risks. Out: `AreaEstimates`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskstrat.areas.counts import counts_by_group, recalibrate, shifted
from riskstrat.areas.drift import drift_between_halves
from riskstrat.areas.gamma import GammaPosterior, integrated
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.grouping import (
    AGE_BAND,
    as_columns,
    check_columns,
    check_risk,
    number_groups,
    raise_if,
    sums,
    with_age_band,
)
from riskstrat.areas.smoothing import METHODS, unknown_method
from riskstrat.errors import DesignError, Problem
from riskstrat.records.areas import INTERVAL, QUANTITIES, AreaEstimates, Draws
from riskstrat.records.cohort import Cohort, Target

# Only a method whose intervals can be believed carries a plan.
AVAILABLE = ("gamma",)
CLEARLY = 0.95
HIGHER, UNCERTAIN, LOWER = "clearly higher", "uncertain", "clearly lower"


def estimate_areas(
    cohort: Cohort,
    risk: np.ndarray,
    target: Target,
    target_risk: np.ndarray,
    *,
    by: str | Sequence[str] = "area_id",
    smoothing: str = "gamma",
    neighbours: Neighbours | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> AreaEstimates:
    """Estimate how high the risk of each group is now, and how sure that is.

    O_i ~ Poisson(E_i theta_i) in the cohort; the look forward is theta_i x the predicted risks of the people who are in
    the group when we stand, times one draw of today's level that all groups share. It assumes that theta persists;
    `AreaEstimates.drift` says how far it moved within the cohort.

    Parameters
    ----------
    cohort
        The training cohort, with the grouping columns.
    risk
        Risks in [0, 1], (n,) in cohort order, each predicted by a model fitted *without the person's area*: else the
        model learns the area's own outcomes, and intervals cover far too little.
    target
        The people on whom planning decides, with the same grouping columns.
    target_risk
        Their predicted risks, from the models behind `risk`, before any recalibration: this function recalibrates both.
    by
        Grouping column, or several that are crossed. ``age_band`` is made if the people do not have it.
    smoothing
        ``gamma``: hyper-parameters integrated.
    neighbours
        For spatial smoothing, which none of the available methods does yet.
    seed, draws
        Of the posterior.

    Returns
    -------
    AreaEstimates
        Groups of the target population, sorted by label. A group without training people gets the distribution of
        theta among the others; people without a label are left out and counted.

    Raises
    ------
    UsageError
        If an argument cannot be used; all problems at once.
    DesignError
        If there is no group or no outcome.

    References
    ----------
    Clayton and Kaldor, Biometrics 1987;43:671 (the model). Simpson et al., Statistical Science 2017;32:1 (the prior).
    """
    columns = as_columns(by)
    risk, target_risk = np.asarray(risk, dtype=float), np.asarray(target_risk, dtype=float)
    now, then = _with_band_if_asked(target.people, columns), _with_band_if_asked(cohort.people, columns)
    raise_if(
        [
            *check_columns(columns, cohort=then, target=now),
            *check_risk("risk", risk, then.height),
            *check_risk("target_risk", target_risk, now.height),
            *_check_options(smoothing, neighbours, draws),
        ]
    )
    labels, (group_then, group_now) = number_groups(columns, then, now)
    _check_groups(labels, group_then, group_now)
    target_people = sums(group_now, None, labels.height)
    present = target_people > 0
    agreed = recalibrate(cohort, risk)
    counts = counts_by_group(agreed, group_then, labels.height)
    theta = posterior_of(counts).draw(draws, seed)[:, present]
    level = _level(agreed.level_variance, draws, seed)
    risk_now = shifted(target_risk, agreed.target_shift)
    matrices = _quantities(theta, level, *_by_stratum(now, group_now, risk_now, present))
    people = counts.with_columns(pl.Series("target_people", target_people))
    return AreaEstimates(
        by=columns,
        table=_table(pl.concat([labels, people], how="horizontal").filter(present), matrices),
        draws=matrices,
        level=level,
        calibration=agreed.table,
        target_shift=agreed.target_shift,
        left_out=_left_out(group_then, group_now, present),
        smoothing=smoothing,
        drift=drift_between_halves(agreed, then["landmark"].to_numpy(), group_then, theta),
        disclosure=cohort.disclosure,
    )


def posterior_of(counts: pl.DataFrame) -> GammaPosterior:
    """Posterior of theta from observed and expected; groups without expected outcomes learn from the others."""
    return integrated(counts["observed"].to_numpy(), counts["expected"].to_numpy())


def _level(variance: float, draws: int, seed: int) -> np.ndarray:
    """Draw today's level relative to that of all periods: a gamma of mean 1, because it is a count over its mean."""
    if variance == 0:
        return np.ones(draws)
    # Its own stream: with the seed of theta's draws the two would be correlated.
    random = np.random.default_rng([seed, 1])
    return np.asarray(random.gamma(1 / variance, variance, draws))


def _with_band_if_asked(people: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    return with_age_band(people) if AGE_BAND in columns else people


def _check_options(smoothing: str, neighbours: Neighbours | None, draws: int) -> list[Problem]:
    problems = []
    if smoothing not in AVAILABLE:
        problems.append(unknown_method(smoothing, {name: METHODS[name] for name in AVAILABLE}))
    if neighbours is not None:
        found = "neighbours"
        problems.append(Problem(found=found, expected="none: no spatial method is available", remedy="leave them out"))
    if draws < 1:
        problems.append(Problem(found=f"{draws} draws", expected="at least 1", remedy="use 2000"))
    return problems


def _check_groups(labels: pl.DataFrame, group_then: np.ndarray, group_now: np.ndarray) -> None:
    empty = [name for name, numbers in (("cohort", group_then), ("target", group_now)) if not (numbers >= 0).any()]
    if empty:
        raise DesignError(
            *(
                Problem(
                    found="nobody with a group",
                    expected=f"people with {' and '.join(labels.columns)}",
                    remedy="check the grouping columns, or estimate without groups",
                    table=name,
                )
                for name in empty
            )
        )


def _quantities(theta: np.ndarray, level: np.ndarray, risk_sums: np.ndarray, people_counts: np.ndarray) -> Draws:
    """Compute the three named quantities of the groups that are present now, each (draws, groups)."""
    expected = theta * risk_sums.sum(axis=1)
    stratum_risk = (theta @ risk_sums) / people_counts.sum(axis=0)
    return Draws(
        risk=level[:, None] * expected / people_counts.sum(axis=1),
        relative_risk=expected / (stratum_risk @ people_counts.T),
        unexplained=theta,
    )


def _by_stratum(
    people: pl.DataFrame, group: np.ndarray, risk: np.ndarray, present: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum risk and count people by group and stratum of sex and age band, both (present groups, strata)."""
    inside = group >= 0
    strata, (stratum,) = number_groups(("sex", AGE_BAND), with_age_band(people).filter(inside))
    cell = group[inside] * strata.height + stratum
    shape = (len(present), strata.height)
    cells = len(present) * strata.height
    return (
        np.bincount(cell, risk[inside], minlength=cells).reshape(shape)[present],
        np.bincount(cell, minlength=cells).astype(float).reshape(shape)[present],
    )


def _table(counts: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    higher = (draws.relative_risk > 1).mean(axis=0)
    kind = (
        pl.when(pl.col("probability_higher") >= CLEARLY)
        .then(pl.lit(HIGHER))
        .when(pl.col("probability_higher") <= 1 - CLEARLY)
        .then(pl.lit(LOWER))
        .otherwise(pl.lit(UNCERTAIN))
    )
    summaries = [column for quantity in QUANTITIES for column in _summary(quantity, draws[quantity])]
    return counts.with_columns(*summaries, pl.Series("probability_higher", higher)).with_columns(kind.alias("class"))


def _summary(quantity: str, draws: np.ndarray) -> list[pl.Series]:
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return [
        pl.Series(quantity, draws.mean(axis=0)),
        pl.Series(f"{quantity}_lower", lower),
        pl.Series(f"{quantity}_upper", upper),
    ]


def _left_out(group_then: np.ndarray, group_now: np.ndarray, present: np.ndarray) -> pl.DataFrame:
    gone = np.flatnonzero(~present)
    return pl.DataFrame(
        {
            "reason": ["no group", "group without target people"],
            "groups": [0, len(gone)],
            "people": [int((group_then < 0).sum()), int(np.isin(group_then, gone).sum())],
            "target_people": [int((group_now < 0).sum()), 0],
        }
    )
