"""Area results without some features, and how often people of each area seek care.

In: `StudyData`, the chosen model and its area estimates. Out: `AreaSensitivity` by name, and a frame by area.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import folds_of_target
from riskstrat.declare import Candidate
from riskstrat.disclosure import ProtectedRows
from riskstrat.disclosure.protected_rows import EDGES
from riskstrat.numerics.groups import number_among
from riskstrat.recalibration import RecalibratedModel
from riskstrat.records.area_results import AreaSensitivity
from riskstrat.records.areas import AREA, AreaEstimates
from riskstrat.records.model import RiskModel
from riskstrat.study.data import StudyData
from riskstrat.study.estimates import estimates_of
from riskstrat.study.evaluation import check
from riskstrat.study.interpretation import linear_candidate
from riskstrat.study.models import fit_by_fold
from riskstrat.study.recalibration import recalibrate_folds
from riskstrat.study.without import compare_areas, without

Estimated = tuple[AreaEstimates, NDArray[np.float64]]


def estimate_sensitivities(
    data: StudyData, model: RiskModel, estimates: AreaEstimates, risk: NDArray[np.float64]
) -> dict[str, AreaSensitivity]:
    """Estimate areas again without the features of each sensitivity that the condition declares.

    The chosen candidate is refitted on the same folds of areas; where it is not linear a logistic regression stands in
    its place on both sides of the comparison, so that only the features differ.
    """
    if not (data.settings.sensitivities and data.condition.sensitivities):
        return {}
    candidate = linear_candidate(model)
    of_all = (estimates, risk) if candidate is model.candidate else _estimated(data, candidate)
    features = [one for one in data.condition.features if one.column in data.training.X.columns]
    there = {*data.training.X.columns, *data.families.values(), *(getattr(one, "register", None) for one in features)}
    left_out = {one.name: tuple(name for name in one.without if name in there) for one in data.condition.sensitivities}
    return {name: _compared(data, candidate, names, of_all) for name, names in left_out.items() if names}


def _compared(data: StudyData, candidate: Candidate, features: tuple[str, ...], of_all: Estimated) -> AreaSensitivity:
    fewer, risk = _estimated(without(data, features), candidate)
    areas, everybody = compare_areas(of_all[0], fewer), np.arange(len(risk))
    return AreaSensitivity(areas=areas, check=check(data, risk, of_all[1], everybody, by=()), refitted=candidate.label)


def _estimated(data: StudyData, candidate: Candidate) -> Estimated:
    """Estimate areas by models that have not seen them, and nothing else; also give the risks of the training rows."""
    cohort, target = data.training.cohort, data.target
    fitted = fit_by_fold(data, candidate, data.splits["area"])
    link = next(iter(fitted.models.values())).link
    recalibration = recalibrate_folds(data, fitted.risk, fitted.folds, link)
    # Nobody's model has seen an area in which nobody was followed: any will do.
    area, unseen = target.target.people[AREA], min(fitted.models)
    folds, risk = folds_of_target(cohort.people[AREA], fitted.folds, area, unseen), np.zeros(len(area))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        model = RecalibratedModel(estimator=fitted.models[fold], recalibration=recalibration.of_fold(fold))
        risk[rows] = model.predict_risk(target.X[rows])
    return estimates_of(data, recalibration, risk), fitted.risk


def care_use_by_area(data: StudyData) -> pl.DataFrame | None:
    """Average how often the people of each area sought care (`Condition.care_use`): area_id, care_use.

    With noise, which needs them, values are held within their 1st and 99th percentile, as other means are.
    """
    values = data.target.care_use
    if values is None or not (known := np.isfinite(values)).any():
        return None
    people = data.target.target.people
    areas = people[AREA].drop_nulls().unique().sort()
    low, high = np.quantile(values[known], EDGES) if data.noise else (-np.inf, np.inf)
    mean = ProtectedRows.of(people, data.noise).mean(
        np.clip(values, low, high),
        number_among(people[AREA], areas),
        len(areas),
        name="care use",
        scale=float(high - low) if data.noise else 0.0,
        rows=known,
    )
    return pl.DataFrame({AREA: areas, "care_use": mean})
