"""Risk per group at the as-of date: what was observed there, and what the model predicts for its people now.

In: a cohort with out-of-fold risks, a target population with predicted risks. Out: `AreaEstimates`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.classes import class_of, least_sure, probability_higher, unmeasured
from riskstrat.areas.drift import carry_forward, compare_landmark_sets, drift_between_halves
from riskstrat.areas.fit import check_fit
from riskstrat.areas.forecast import forecast_groups
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.grouping import as_columns, check_columns, overlap_problems, with_band_if_needed
from riskstrat.areas.observed_expected import GroupCounts, ObservedExpected, observed_expected, recalibrate
from riskstrat.areas.posterior import Posterior
from riskstrat.areas.smoothing import POSTERIORS, method_problems
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.checks import risk_problems
from riskstrat.numerics.groups import common_groups
from riskstrat.numerics.intervals import interval_columns
from riskstrat.recalibration import PeriodRecalibration
from riskstrat.records.areas import QUANTITIES, AreaEstimates, Draws
from riskstrat.records.cohort import Cohort, Target, counting_problems

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]

# Sums of risks that went through the recalibration equal the observed outcomes but for rounding.
AGREEMENT = 1e-6


@checked
def estimate_areas(
    cohort: Cohort,
    risk: Floats,
    target: Target,
    target_risk: Floats,
    *,
    by: str | Sequence[str] = "area_id",
    smoothing: str = "gamma",
    neighbours: Neighbours | None = None,
    recalibration: PeriodRecalibration | None = None,
    noise: CellNoise | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> AreaEstimates:
    """Estimate how high the risk of each group is now, and how sure that is.

    O_i ~ Poisson(E_i theta_i) at the index dates that are counted: landmarks at least one horizon apart, the latest
    first. O_i is n_i x the Aalen-Johansen estimate of the group, so that it does not depend on how many move away; its
    variance is by person (see `AreaEstimates.divisor`). The look forward is theta_i x the predicted risks of the people
    who are in the group at the as-of date, times one draw of today's level that all groups share. As far as theta
    surely moved within the cohort (`AreaEstimates.drift`), the groups are drawn towards each other and intervals
    widened; `AreaEstimates.landmarks` says how results move with the landmarks that are counted. A Poisson model does
    not know that a risk ends at 1: a draw of theta that would bring more outcomes than people is the one at which
    everybody gets the outcome.

    With `noise`, everything comes from protected counts and means of each group. O_i* = whole(O_i) + e, at least 0
    and at most the rows, is what theta is estimated from: p(O_i* | theta) = sum over c of P(O_i* | c)
    Poisson(c; E_i theta). Index dates and people are n + e; sums of risks, E_i too, are the protected count x the mean
    risk with noise of that of a person of less than mean risk (page 24 of the design).

    Parameters
    ----------
    cohort
        The training cohort, with the grouping columns; where persons recur with person_id and index_date.
    risk
        Risks in [0, 1], (n,) in cohort order, each predicted by a model fitted *without the person's area*: else the
        model learns the area's own outcomes, and intervals cover far too little.
    target
        The people on whom planning decides, with the same grouping columns.
    target_risk
        Their predicted risks, (m,), from the models behind `risk`.
    by
        Grouping column, or several that are crossed. ``age_band`` is made if the people do not have it.
    smoothing
        ``gamma``: hyper-parameters integrated. ``bym2``: the same, with what neighbours have in common.
    neighbours
        For ``bym2``: of the areas that are the groups, in any order (`riskstrat.areas.neighbours`).
    recalibration
        The one that `risk` *and* `target_risk` already went through. None: both are as predicted, and both are
        recalibrated in the large here, on the logit scale.
    noise
        Of the cells, under the controller's secret, and that of `recalibration` too. None: counts are exact, and the
        estimates are working material.
    seed, draws
        Of the posterior.

    Returns
    -------
    AreaEstimates
        Groups of the target population, sorted by label. A group without training people gets the distribution of
        theta among the others; people without a label are left out and counted. With `noise` so are groups that have
        fewer than ``cohort.disclosure.min_people`` people whatever their noise is.

    Raises
    ------
    UsageError
        If an argument cannot be used, all problems at once; or if risks did not go through the given recalibration.
    DesignError
        If there is no group or no outcome.

    References
    ----------
    Clayton and Kaldor, Biometrics 1987;43:671 (the model). Simpson et al., Statistical Science 2017;32:1 (the prior).

    Examples
    --------
    >>> areas = estimate_areas(cohort, np.full(100, 0.2), target, np.full(100, 0.2))
    >>> areas.table.select("area_id", "cases").rows(), (areas.draws.unexplained.mean(axis=0) > 1).tolist()
    ([('a', 0), ('b', 25)], [False, True])
    """
    columns = as_columns(by)
    risk, target_risk = np.asarray(risk, dtype=np.float64), np.asarray(target_risk, dtype=np.float64)
    now, then = with_band_if_needed(target.people, columns), with_band_if_needed(cohort.people, columns)
    UsageError.refuse(
        [
            *check_columns(columns, cohort=then, target=now),
            *overlap_problems(columns, noise),
            *counting_problems(cohort),
            *risk_problems("risk", risk, then.height),
            *risk_problems("target_risk", target_risk, now.height),
            *_option_problems(smoothing, neighbours, columns, draws),
        ]
    )
    labels, (group_then, group_now) = common_groups(columns, then, now)
    counted, landmark = cohort.is_counted, then["landmark"].to_numpy()
    group_counted = np.where(counted, group_then, -1)
    _check_groups(labels, group_counted, group_now)
    if recalibration is None:
        recalibration = recalibrate(cohort, risk, by=columns, noise=noise)
        risk, target_risk = recalibration.apply(risk, landmark), recalibration.latest.apply(target_risk)
    rows = observed_expected(cohort, risk, recalibration, by=columns, noise=noise)
    _check_agreement(rows, counted, labels.height)
    counts = rows.by_group(group_counted, labels.height)
    fewest = cohort.disclosure.min_people
    present, forecast = forecast_groups(now, group_now, labels.height, target_risk, noise=noise, fewest=fewest)

    among = None if neighbours is None else neighbours.of_areas(labels[columns[0]].to_list())

    def posterior(of: GroupCounts) -> Posterior:
        return POSTERIORS[smoothing].fit(of.observed, of.expected, among, of.noise, None)

    level = _level(recalibration.level_variance, draws, seed)
    model = posterior(counts)
    theta = model.draw(draws, seed)[:, present]
    drift = drift_between_halves(rows, landmark, group_counted, theta)
    theta = forecast.possible(carry_forward(theta, drift, forecast.risk_sum, seed), level)
    matrices = forecast.quantities(theta, level)
    unknown = None
    if cohort.must_be_assessed:
        measured = rows.protected.count(group_counted, labels.height, rows.included)[present]
        index_dates = counts.table["index_dates"].to_numpy()[present]
        measured = np.minimum(measured, index_dates)
        unknown = unmeasured(matrices, measured, index_dates, lambda of: forecast.quantities(theta * of, level))
    shown = np.where(group_then >= 0, np.where(present, np.arange(len(present)), -1)[group_then], -1)
    table = labels.hstack(counts.table).filter(present).with_columns(pl.Series("target_people", forecast.people))
    return AreaEstimates(
        by=columns,
        table=_table(table, matrices, unknown),
        unmeasured=None if unknown is None else labels.filter(present).hstack(unknown),
        draws=matrices,
        level=level,
        calibration=recalibration.account,
        divisor=counts.divisor,
        landmarks=compare_landmark_sets(cohort, rows, shown, labels.height, lambda of: posterior(of).mean[present]),
        left_out=_left_out(
            (rows.protected, np.where(counted, group_then, len(present))),
            (ProtectedRows.of(now, noise), group_now),
            present,
        ),
        smoothing=smoothing,
        drift=drift,
        fit=check_fit(labels, model, counts).filter(present),
        protected=rows.protected.noise is not None,
        disclosure=cohort.disclosure,
    )


def _level(variance: float, draws: int, seed: int) -> Floats:
    """Draw today's level relative to that of all periods: a gamma of mean 1, because it is a count over its mean."""
    if variance == 0:
        return np.ones(draws)
    # Its own stream: with the seed of theta's draws the two would be correlated.
    random = np.random.default_rng([seed, 1])
    return np.asarray(random.gamma(1 / variance, variance, draws))


def _option_problems(
    smoothing: str, neighbours: Neighbours | None, columns: tuple[str, ...], draws: int
) -> list[Problem]:
    available = {name: method for name, method in POSTERIORS.items() if method.carries_plans}
    problems = method_problems(smoothing, available, neighbours)
    if neighbours is not None and len(columns) > 1:
        found = f"neighbours, and groups by {' and '.join(columns)}"
        problems.append(Problem(found, "groups that are areas", "group by area, or use gamma"))
    if draws < 1:
        problems.append(Problem(number_of(draws, "draw"), "at least 1", "use 2000"))
    return problems


def _check_agreement(rows: ObservedExpected, counted: NDArray[np.bool_], groups: int) -> None:
    observed, expected = float(rows.weighted_outcome[counted].sum()), float(rows.risk[rows.included & counted].sum())
    noise = rows.protected.noise
    # The risks sum to the protected outcomes, whose noise is that of all groups: six standard deviations of it.
    tolerance = AGREEMENT * observed + (0 if noise is None else 6 * (noise.variance * (groups + 1)) ** 0.5)
    if abs(observed - expected) > tolerance:
        raise UsageError(
            Problem(
                f"risks that sum to {expected / observed:.6g} of what was observed",
                "risks that went through the recalibration that is given",
                "apply it to risk and target_risk first, make it by the same groups, or leave it out",
            )
        )


def _check_groups(labels: pl.DataFrame, group_then: Numbers, group_now: Numbers) -> None:
    empty = [name for name, numbers in (("cohort", group_then), ("target", group_now)) if not (numbers >= 0).any()]
    if empty:
        raise DesignError(
            *(
                Problem(
                    "nobody with a group",
                    f"people with {' and '.join(labels.columns)}",
                    "check the grouping columns, or estimate without groups",
                    table=name,
                )
                for name in empty
            )
        )


def _table(counts: pl.DataFrame, draws: Draws, unknown: pl.DataFrame | None) -> pl.DataFrame:
    higher = probability_higher(draws) if unknown is None else least_sure(unknown)
    for quantity in QUANTITIES:
        counts = counts.with_columns(**interval_columns(quantity, draws[quantity]))
    return counts.with_columns(probability_higher=higher).with_columns(class_of("probability_higher"))


def _left_out(
    then: tuple[ProtectedRows, Numbers], now: tuple[ProtectedRows, Numbers], present: NDArray[np.bool_]
) -> pl.DataFrame:
    """Count who is without a group, and whose group has nobody now; group numbers above all are not counted."""
    gone = np.flatnonzero(~present)
    counts = [
        [int(rows.count(np.where(of, 0, -1), 1)[0]) for of in (group < 0, np.isin(group, gone))]
        for rows, group in (then, now)
    ]
    return pl.DataFrame(
        {
            "reason": ["no group", "group without target people"],
            "groups": [0, len(gone)],
            "index_dates": counts[0],
            "target_people": counts[1],
        }
    )
