"""The fourth step: areas, and the reasons why their risks differ, from models that have not seen the area.

In: `StudyData` and a `RiskModel`. Out: `AreaResults`, or why there are none.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas import area_inequality, concentration_curve, estimate_groups, estimate_strata, inequality_change
from riskstrat.areas.area_trends import area_trends
from riskstrat.areas.grouping import folds_of_target
from riskstrat.areas.inequality import ranked_areas
from riskstrat.declare import LocalisedText
from riskstrat.disclosure import ProtectedRows
from riskstrat.errors import DesignError
from riskstrat.errors.arguments import checked
from riskstrat.estimators import CrossFit
from riskstrat.explanation.fold_models import contributions_of_each, decompose_areas, explain_risk
from riskstrat.numerics.folds import UNTESTED
from riskstrat.recalibration import RecalibratedModel
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AREA, AreaEstimates, Units
from riskstrat.records.levels import PeopleGroups
from riskstrat.records.model import FittedEstimator, RiskModel
from riskstrat.records.omission import Omission
from riskstrat.records.plan import CARE_NEED
from riskstrat.records.trends import Trends
from riskstrat.study.data import StudyData
from riskstrat.study.estimates import estimates_of
from riskstrat.study.evaluation import check
from riskstrat.study.levels import estimate_levels
from riskstrat.study.models import BASELINE, fit_by_fold
from riskstrat.study.people_groups import estimate_people_groups
from riskstrat.study.recalibration import FoldRecalibration, recalibrate_folds
from riskstrat.study.sensitivity import care_use_by_area, estimate_sensitivities

CLUSTER = "area_cluster"
"""Column of the check by area: its clusters are the places of an internal-external validation."""
FEWEST_IN_STRATA = 0.8
"""Share of the target population that strata must hold for a plan among them to make sense."""

_NO_AREAS = Omission(
    part="areas",
    reason=LocalisedText(
        en="There are no results by area or group of people: the registers tell fewer than two areas apart.",
        sv="Det finns inga resultat per område eller grupp av personer: registren skiljer inte ut minst två områden.",
    ),
)
_TOO_FEW_ELSEWHERE = Omission(
    part="areas",
    reason=LocalisedText(
        en="There are no results by area or group of people: nearly all live in the same areas, and outside them there "
        "are too few outcomes for a model that has not seen these.",
        sv="Det finns inga resultat per område eller grupp av personer: nästan alla bor i samma områden, och utanför "
        "dem finns för få utfall för en modell som inte har sett dem.",
    ),
)
_NO_CARE_NEED = Omission(
    part="inequality",
    reason=LocalisedText(
        en="Inequality is not measured: no Care Need Index that differs between areas was known at the as-of date.",
        sv="Ojämlikheten har inte mätts: inget Care Need Index som skiljer områdena åt var känt på beräkningsdagen.",
    ),
)
_NO_GROUPS = Omission(
    part="group_plan",
    reason=LocalisedText(
        en="There is no plan by groups of the whole municipality: nothing tells groups apart.",
        sv="Det finns ingen plan för grupper i hela kommunen: inget skiljer ut grupper.",
    ),
)
_TOO_SMALL_GROUPS = Omission(
    part="group_plan",
    reason=LocalisedText(
        en="There is no plan by groups of the whole municipality: no group has people enough.",
        sv="Det finns ingen plan för grupper i hela kommunen: ingen grupp är tillräckligt stor.",
    ),
)
_TOO_SMALL_STRATA = Omission(
    part="strata_plan",
    reason=LocalisedText(
        en="There is no plan by groups within areas: too few people live in groups that are large enough.",
        sv="Det finns ingen plan för grupper inom områden: för få bor i tillräckligt stora grupper.",
    ),
)


@checked
def estimate_area_results(data: StudyData, model: RiskModel) -> AreaResults | Omission:
    """Estimate each area's risk, how sure that is and why it differs, with models that have not seen the area.

    Parameters
    ----------
    data
        What `prepare` returned.
    model
        What `fit` returned; it predicts for people of areas in which nobody was in the training cohort.

    Returns
    -------
    AreaResults or Omission
        Why there are none, where the registers tell fewer than two areas apart, or the persons outside some cluster of
        areas cannot carry a model.

    Examples
    --------
    >>> estimate_area_results(data, model).estimates.table.height
    11
    """
    if "area" not in data.splits:
        return _NO_AREAS
    training, target, settings = data.training, data.target, data.settings
    area = target.target.people[AREA]
    try:
        fitted, baseline = (fit_by_fold(data, each, data.splits["area"]) for each in (model.candidate, BASELINE))
    except DesignError:
        return _TOO_FEW_ELSEWHERE
    recalibration = recalibrate_folds(data, fitted.risk, fitted.folds, model.estimator.link)
    folds = folds_of_target(training.cohort.people[AREA], fitted.folds, area, UNTESTED)
    models = _fold_models(fitted, model, recalibration)
    explained = explain_risk(models, folds, target.X, data.families)
    folds_only = {fold: one for fold, one in models.items() if fold != UNTESTED}
    refits = list(contributions_of_each(folds_only, target.X, data.families))
    estimates = estimates_of(data, recalibration, explained.risk)
    moved = area_trends(
        training.cohort,
        recalibration.risk,
        estimates,
        recalibration=recalibration.periods,
        noise=data.noise,
        seed=settings.seed,
        draws=settings.posterior_draws,
    )
    levels = estimate_levels(data, estimates, explained, refits)
    people = estimate_people_groups(data, estimates, recalibration, explained.risk)
    return AreaResults(
        estimates=estimates,
        check=check(data, fitted.risk, baseline.risk, np.arange(training.X.height), location=_clusters(fitted)),
        risk=fitted.risk,
        target_risk=explained.risk,
        reasons=decompose_areas(estimates, area, explained, ProtectedRows.of(target.target.people, data.noise), refits),
        inequality=_inequality(estimates, target.care_need),
        strata=_strata(data, estimates, explained.risk),
        groups=_groups(data, estimates, explained.risk),
        concentration=_concentration(estimates, target.care_need),
        sensitivities=estimate_sensitivities(data, model, estimates, fitted.risk),
        care_use=care_use_by_area(data),
        trends=moved,
        inequality_change=_inequality_change(estimates, moved, target.care_need),
        levels=levels.levels,
        profile=levels.profile,
        people=tuple(one for one in people if isinstance(one, PeopleGroups)),
        untold=(*levels.omissions, *(one for one in people if isinstance(one, Omission))),
    )


def _clusters(fitted: CrossFit) -> pl.Series:
    """Give the number, from 1, of the cluster of areas that each row was tested in."""
    return pl.Series(CLUSTER, fitted.folds + 1).cast(pl.String)


def _fold_models(
    fitted: CrossFit, model: RiskModel, recalibration: FoldRecalibration
) -> dict[int, RecalibratedModel[FittedEstimator]]:
    """Give every fold's model its recalibration; people of areas that no fold tests get the model of everybody."""
    estimators = {**fitted.models, UNTESTED: model.estimator}
    return {
        fold: RecalibratedModel(estimator=estimator, recalibration=recalibration.of_fold(fold))
        for fold, estimator in estimators.items()
    }


def _inequality(estimates: AreaEstimates, care_need: pl.DataFrame | None) -> pl.DataFrame | Omission:
    if care_need is None:
        return _NO_CARE_NEED
    try:
        return area_inequality(estimates, care_need, CARE_NEED)
    except DesignError:
        return _NO_CARE_NEED


def _concentration(estimates: AreaEstimates, care_need: pl.DataFrame | None) -> pl.DataFrame | None:
    """Order the areas by need as for inequality; None where that is not measured."""
    if care_need is None or isinstance(_inequality(estimates, care_need), Omission):
        return None
    people, need = ranked_areas(estimates, care_need, CARE_NEED)
    known = need.is_not_null().to_numpy()
    return concentration_curve(estimates.draws.risk[:, known], people[known], need.to_numpy()[known])


def _inequality_change(
    estimates: AreaEstimates, moved: Trends | None, care_need: pl.DataFrame | None
) -> pl.DataFrame | None:
    """Rank the areas by today's need in every period; None without periods, need, or areas counted in all of them."""
    if moved is None or moved.mean_risk is None or care_need is None:
        return None
    need = estimates.groups.join(care_need, on=estimates.by, how="left", maintain_order="left")[CARE_NEED]
    known = need.is_not_null().to_numpy() & (moved.mean_risk > 0).all(axis=0)
    if need.filter(pl.Series(known)).n_unique() < 2:
        return None
    people = estimates.table["target_people"].to_numpy()[known]
    risks = {int(year): moved.risk[:, at][:, known] for at, year in enumerate(moved.years)}
    return inequality_change(risks, people, need.to_numpy()[known]) if len(risks) > 1 else None


def _strata(data: StudyData, estimates: AreaEstimates, risk: NDArray[np.float64]) -> Units | Omission:
    """Split areas into groups; none where most people live in groups that are too small to choose among."""
    target = data.target.target
    try:
        strata = estimate_strata(estimates, target, risk, by=data.settings.strata, noise=data.noise)
    except DesignError:
        return _TOO_SMALL_STRATA
    enough = strata.units["people"].sum() >= FEWEST_IN_STRATA * target.people.height
    return strata if enough else _TOO_SMALL_STRATA


def _groups(data: StudyData, estimates: AreaEstimates, risk: NDArray[np.float64]) -> Units | Omission:
    """Add up the same strata over all areas; none where settings split areas by nothing else, or all are small."""
    finer = [column for column in data.settings.strata if column not in estimates.by]
    if not finer:
        return _NO_GROUPS
    try:
        return estimate_groups(estimates, data.target.target, risk, finer, noise=data.noise)
    except DesignError:
        return _TOO_SMALL_GROUPS
