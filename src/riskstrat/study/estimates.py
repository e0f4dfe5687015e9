"""Areas as the settings ask for them: the same smoothing, noise and draws for every set of risks of a study.

In: `StudyData`, recalibrated risks. Out: `AreaEstimates`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskstrat.areas import estimate_areas
from riskstrat.records.areas import AreaEstimates
from riskstrat.study.data import StudyData
from riskstrat.study.recalibration import FoldRecalibration


def estimates_of(data: StudyData, recalibration: FoldRecalibration, target_risk: NDArray[np.float64]) -> AreaEstimates:
    """Estimate the areas of the study from recalibrated risks of its training rows and target population, (m,)."""
    found = estimate_areas(
        data.training.cohort,
        recalibration.risk,
        data.target.target,
        target_risk,
        smoothing=data.settings.smoothing,
        neighbours=data.neighbours,
        recalibration=recalibration.periods,
        noise=data.noise,
        seed=data.settings.seed,
        draws=data.settings.posterior_draws,
    )
    return replace(found, names=data.source.area_names)
