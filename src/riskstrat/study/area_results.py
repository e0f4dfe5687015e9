"""The fourth step: areas, and the reasons why their risks differ, from models that have not seen the area.

In: `StudyData` and a `RiskModel`. Out: `AreaResults`, or why there are none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from riskstrat.areas import estimate_areas, inequality
from riskstrat.declare import LocalisedText
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.model import RiskModel
from riskstrat.records.omission import Omission
from riskstrat.records.plan import CARE_NEED
from riskstrat.study.data import AREA, StudyData
from riskstrat.study.evaluation import check
from riskstrat.study.models import BASELINE, fit_by_fold

_NO_AREAS = Omission(
    part="areas",
    reason=LocalisedText(
        en="There are no results by area: people of fewer than two areas can be told apart in the registers.",
        sv="Det finns inga resultat per område: registren skiljer inte ut minst två områden.",
    ),
)
_NO_CARE_NEED = Omission(
    part="inequality",
    reason=LocalisedText(
        en="Inequality is not measured: the registers hold no care need index that was known, or all areas have the same.",
        sv="Ojämlikheten har inte mätts: registren saknar känt Care Need Index, eller så har alla områden samma värde.",
    ),
)


def estimate_area_results(data: StudyData, model: RiskModel) -> AreaResults | Omission:
    """Estimate each area's risk, how sure that is and why it differs, with models that have not seen the area.

    Parameters
    ----------
    data
        What `prepare` returned.
    model
        What `fit` returned; it scores people of areas in which nobody was trained on.

    Returns
    -------
    AreaResults or Omission
        Why there are none, where people of fewer than two areas can be told apart.

    Raises
    ------
    DesignError
        If the persons outside some cluster of areas cannot carry a model.
    """
    if "area" not in data.splits:
        return _NO_AREAS
    split, settings, target = data.splits["area"], data.settings, data.target
    tested, baseline = (fit_by_fold(data, candidate, split) for candidate in (model.candidate, BASELINE))
    scored = ...
