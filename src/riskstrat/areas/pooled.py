"""Groups of people wherever they live: each has a ratio of its own, drawn towards the others', under the areas' total.

In: a cohort and a target population with their recalibrated risks, and the areas. Out: a frame of counts, and draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.gamma import integrated
from riskstrat.areas.grouping import with_band_if_needed
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.areas.strata import REST
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, Problem
from riskstrat.numerics.groups import common_groups
from riskstrat.recalibration import PeriodRecalibration
from riskstrat.records.areas import AreaEstimates, unit_label
from riskstrat.records.cohort import Cohort, Target

Floats = NDArray[np.float64]


def pool_groups(
    areas: AreaEstimates,
    cohort: Cohort,
    risk: Floats,
    target: Target,
    target_risk: Floats,
    *,
    by: Sequence[str],
    recalibration: PeriodRecalibration,
    noise: CellNoise | None,
    seed: int,
) -> tuple[pl.DataFrame, Floats]:
    """Estimate cases to come of each group, (draws, groups), beside group, cases, index_dates and target_people.

    O_g ~ Poisson(E_g theta_g) as for areas, with the same prior, from the risks that the areas were made from. What
    groups share of the cases to come is that of theta_g x the predicted risks of their people; in every draw they
    divide the areas' total. Their outcomes are parts of the units' (`riskstrat.disclosure.Whole`): the noise that they
    have beyond that of a count they have in common, and it moves no share. That a group's ratio lasts is assumed.
    People of whom a column of `by` is not known, and groups that are too small, are one more group.

    Raises
    ------
    DesignError
        If there are fewer than two groups of people enough.
    """
    lives = target.people["area_id"].is_in(areas.groups["area_id"].implode()).to_numpy()
    rows, fewest = ProtectedRows.of(target.people, noise), areas.disclosure.min_people if noise is not None else 1
    then, now = (with_band_if_needed(one.people, by).select(unit_label(by)).to_series() for one in (cohort, target))
    labels, (cell,) = common_groups(("unit",), now.to_frame())
    enough = labels["unit"].filter(pl.Series(rows.count(np.where(lives, cell, -1), labels.height) >= fewest))
    if len(enough) < 2:
        problem = Problem("fewer than two groups of people enough", "two", "cross fewer columns")
        raise DesignError(problem)
    then, now = (label.replace_strict(enough, enough, default=REST) for label in (then, now))
    labels, (of_then, of_now) = common_groups(("unit",), then.to_frame("unit"), now.to_frame("unit"))
    group = np.where(lives, of_now, -1)
    trained = replace(cohort, people=cohort.people.with_columns(then.alias("unit")))
    counts = observed_expected(trained, risk, recalibration, by="unit", noise=noise).by_group(
        np.where(cohort.is_counted, of_then, -1),
        labels.height,
        None if noise is None else cohort.counted_outcomes().together(noise),
    )
    people, posterior = rows.count(group, labels.height), integrated(counts.observed, counts.expected, counts.noise)
    risk_sum = rows.risk_sum(target_risk, group, labels.height, scale=float(target_risk.mean()))
    cases = posterior.draw(len(areas.level), seed) * risk_sum
    cases = np.minimum(cases * (areas.cases_draws.sum(axis=1) / cases.sum(axis=1))[:, None], people)
    shown = rows.describes(people, fewest)
    table = counts.table.select("cases", "index_dates").with_columns(
        group=labels["unit"], target_people=pl.Series(people)
    )
    return table.filter(shown), cases[:, shown]
