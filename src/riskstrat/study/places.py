"""From a cohort and a chosen estimator to areas, reasons and plans.

In: what was learnt, and the target population. Out: `Places`; every number in it is read from one set of draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.special import expit

from riskstrat.areas import estimate_areas, estimate_strata, inequality
from riskstrat.areas.counts import shifted
from riskstrat.declare import Programme, Settings
from riskstrat.errors import DesignError
from riskstrat.estimators import RiskEstimator
from riskstrat.explanation import decompose_groups, explain, on_risk_scale
from riskstrat.numerics.folds import UNTESTED
from riskstrat.priorities import prioritise
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.cohort import Target
from riskstrat.records.explanation import FAMILIES
from riskstrat.records.plan import CARE_NEED, OBSERVED_CASES, OBSERVED_PEOPLE, Plan
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scored:
    """Risk (n,), contributions by family (n, k) and baseline (n,) in logits; rows by the model of their area's fold."""

    risk: np.ndarray
    contributions: np.ndarray
    baseline: np.ndarray


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
    scored = _score(
        planned, {**crossed.models, UNTESTED: model}, _target_folds(data.cohort.people, folds, planned.target.people)
    )
    settings = data.settings
    areas = estimate_areas(
        data.cohort, crossed.risk, planned.target, scored.risk, seed=settings.seed, draws=settings.posterior_draws
    )
    plan, strata_plan = _plans(areas, planned, scored, settings)
    return Places(
        check=data.check(crossed.risk, baseline.risk, np.arange(len(folds))),
        risk=crossed.risk,
        target_risk=shifted(scored.risk, areas.target_shift),
        areas=areas,
        reasons=_reasons(areas, planned, scored),
        inequality=_inequality(areas, planned.care_need),
        plan=plan,
        strata_plan=strata_plan,
    )


def _target_folds(trained: pl.DataFrame, folds: np.ndarray, people: pl.DataFrame) -> np.ndarray:
    by_area = trained.select(AREA, pl.Series("fold", folds)).unique(AREA)
    found = people.select(AREA).join(by_area, on=AREA, how="left", maintain_order="left", nulls_equal=True)
    return found["fold"].fill_null(UNTESTED).to_numpy()


def _score(planned: Planned, models: Mapping[int, RiskEstimator], folds: np.ndarray) -> _Scored:
    n, names = len(folds), _family_names(planned.families)
    scored = _Scored(risk=np.empty(n), contributions=np.zeros((n, len(names))), baseline=np.empty(n))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        why = explain(models[int(fold)], planned.X[rows], planned.families)
        scored.risk[rows] = models[int(fold)].predict_risk(planned.X[rows])
        scored.baseline[rows] = why.baseline
        columns = np.array([names.index(family) for family in why.family_names])
        scored.contributions[rows[:, None], columns] = why.by_family()
    return scored


def _family_names(families: Mapping[str, str]) -> list[str]:
    return [family for family in FAMILIES if family in set(families.values())]


def _reasons(areas: AreaEstimates, planned: Planned, scored: _Scored) -> pl.DataFrame:
    """Split each area's risk minus the municipality's into families of factors and what they do not explain."""
    label = planned.target.people[AREA]
    rows = np.flatnonzero(label.is_in(areas.groups[AREA].implode()).fill_null(value=False).to_numpy())
    start = scored.baseline[rows] + areas.target_shift
    risk = shifted(scored.risk[rows], areas.target_shift)
    return decompose_groups(
        areas.draws.unexplained,
        areas.groups[AREA].to_list(),
        label[rows].to_list(),
        risk=risk,
        contributions=on_risk_scale(scored.contributions[rows], start, risk),
        families=_family_names(planned.families),
        baseline_risk=expit(start),
    )


def _inequality(areas: AreaEstimates, care_need: pl.DataFrame | None) -> pl.DataFrame | None:
    if care_need is None:
        return None
    found = areas.groups.join(care_need, on=AREA, how="left", maintain_order="left")[CARE_NEED]
    rows = np.flatnonzero(found.is_not_null().to_numpy())
    if found.drop_nulls().n_unique() < 2:
        return None
    people = areas.table["target_people"].to_numpy()
    return inequality(areas.draws.risk[:, rows], people[rows], found.to_numpy()[rows])


def _plans(
    areas: AreaEstimates, planned: Planned, scored: _Scored, settings: Settings
) -> tuple[Plan | None, Plan | None]:
    """Plan for the first programme, by whole areas and by groups within them."""
    if not planned.programmes:
        return None, None
    units = _strata(areas, planned, scored, settings)
    return _plan(areas, planned, settings), _plan(units, planned, settings) if units else None


def _plan(units: AreaEstimates | Units, planned: Planned, settings: Settings) -> Plan:
    return prioritise(
        units, planned.programmes[0], settings.budget_sek, care_need=planned.care_need, seed=settings.seed
    )


def _strata(areas: AreaEstimates, planned: Planned, scored: _Scored, settings: Settings) -> Units | None:
    """Split areas into groups; what was observed in an area protects all its groups, because they read its theta.

    None where most people live in no group that is large enough: such a plan would choose among the few.
    """
    try:
        finer = estimate_strata(areas, planned.target, scored.risk, by=settings.strata)
    except DesignError:
        return None
    if finer.units["people"].sum() < MOST * planned.target.people.height:
        return None
    observed = areas.table.select(AREA, pl.col("cases").alias(OBSERVED_CASES), pl.col("people").alias(OBSERVED_PEOPLE))
    return replace(finer, units=finer.units.join(observed, on=AREA, how="left", maintain_order="left"))
