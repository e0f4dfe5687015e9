"""From a cohort and a chosen estimator to areas, reasons and plans.

In: what was learnt, and the target population. Out: `Places`; every number in it is read from one set of draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskstrat.areas import area_inequality, estimate_areas, estimate_strata, folds_of_target, recalibrate
from riskstrat.declare import Programme, Settings
from riskstrat.errors import DesignError
from riskstrat.estimators import RiskEstimator
from riskstrat.explanation import decompose_areas, explain_risk
from riskstrat.numerics.folds import UNTESTED
from riskstrat.priorities import prioritise
from riskstrat.recalibration import RecalibratedModel
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.cohort import Target
from riskstrat.records.plan import CARE_NEED, Plan
from riskstrat.records.validation import Validation
from riskstrat.study.fitting import BASELINE, Learning
from riskstrat.validation import Split

AREA = "area_id"
MOST = 0.8
"""Share of the target population that groups must hold for a plan among them to make sense."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """The target population with its features, as planning sees it.

    Attributes
    ----------
    target, X
        People who are eligible when we stand, and their features in the same order.
    families
        Family of factors of each column of X.
    care_need
        Frame of area_id and care_need_index, the latest that is known; None where there is none.
    programmes
        What a budget may buy; plans are made for the first.
    """

    target: Target
    X: pl.DataFrame
    families: Mapping[str, str]
    care_need: pl.DataFrame | None
    programmes: tuple[Programme, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """The answers about places; the attributes are those of `riskstrat.records.study.Study`."""

    check: Validation
    risk: np.ndarray
    target_risk: np.ndarray
    areas: AreaEstimates
    reasons: pl.DataFrame
    inequality: pl.DataFrame | None
    plan: Plan | None
    strata_plan: Plan | None


def places(data: Learning, name: str, model: RiskEstimator, planned: Planned, split: Split) -> Places:
    """Estimate areas, reasons and plans with models that have not seen the area that they speak of.

    Parameters
    ----------
    data
        What models learn from.
    name, model
        The chosen estimator, and the same fitted on everybody.
    planned
        The target population.
    split
        Clusters of areas.
    """
    folds = split.fold_of_rows(data.cohort.people.height)
    crossed, baseline = data.cross_fit(name, split), data.cross_fit(BASELINE, split)
    recalibration = recalibrate(data.cohort, crossed.risk, model.link)
    models = {
        fold: RecalibratedModel(estimator=fitted, recalibration=recalibration.latest)
        for fold, fitted in {**crossed.models, UNTESTED: model}.items()
    }
    area, settings = planned.target.people[AREA], data.settings
    now = folds_of_target(data.cohort.people[AREA], folds, area, UNTESTED)
    why = explain_risk(models, now, planned.X, planned.families)
    areas = estimate_areas(
        data.cohort,
        recalibration.apply(crossed.risk, data.strata),
        planned.target,
        why.risk,
        recalibration=recalibration,
        seed=settings.seed,
        draws=settings.posterior_draws,
    )
    plan, strata_plan = _plans(areas, planned, why.risk, settings)
    return Places(
        check=data.check(crossed.risk, baseline.risk, np.arange(len(folds))),
        risk=crossed.risk,
        target_risk=why.risk,
        areas=areas,
        reasons=decompose_areas(areas, area, why),
        inequality=_inequality(areas, planned.care_need),
        plan=plan,
        strata_plan=strata_plan,
    )


def _inequality(areas: AreaEstimates, care_need: pl.DataFrame | None) -> pl.DataFrame | None:
    if care_need is None:
        return None
    try:
        return area_inequality(areas, care_need, CARE_NEED)
    except DesignError:
        return None


def _plans(
    areas: AreaEstimates, planned: Planned, risk: np.ndarray, settings: Settings
) -> tuple[Plan | None, Plan | None]:
    """Plan for the first programme, by whole areas and by groups within them."""
    if not planned.programmes:
        return None, None
    units = _strata(areas, planned, risk, settings)
    return _plan(areas, planned, settings), _plan(units, planned, settings) if units else None


def _plan(units: AreaEstimates | Units, planned: Planned, settings: Settings) -> Plan:
    return prioritise(
        units, planned.programmes[0], settings.budget_sek, care_need=planned.care_need, seed=settings.seed
    )


def _strata(areas: AreaEstimates, planned: Planned, risk: np.ndarray, settings: Settings) -> Units | None:
    """Split areas into groups; what was observed in an area protects all its groups, because they read its theta.

    None where most people live in no group that is large enough: such a plan would choose among the few.
    """
    try:
        finer = estimate_strata(areas, planned.target, risk, by=settings.strata)
    except DesignError:
        return None
    if finer.units["people"].sum() < MOST * planned.target.people.height:
        return None
    return finer
