"""The years to come: what a forecast of the population makes of today's risks.

In: a forecast, `StudyData`, area results and the plan by areas. Out: a `Projection`, or why there is none.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from riskstrat.areas import PopulationForecast, project, read_forecast
from riskstrat.declare import LocalisedText
from riskstrat.records.area_results import AreaResults
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.records.projection import Projection
from riskstrat.study.data import StudyData

_NO_GROUPS = Omission(
    part="projection",
    reason=LocalisedText(
        en="Nothing is said of the years to come: there are no areas, or no groups by age and sex, to project.",
        sv="Inget sägs om kommande år: det finns inga områden, eller grupper efter ålder och kön, att skriva fram.",
    ),
)


def forecast_of(data: StudyData, forecast: pl.DataFrame) -> PopulationForecast:
    """Check a forecast against the areas and ages of a study; the base year is of the day before the as-of date."""
    low, high = data.condition.population.age_years
    return read_forecast(
        forecast,
        data.partition.areas,
        base_year=(data.as_of - timedelta(days=1)).year,
        ages=(int(low), int(high)),
        municipalities=data.source.municipalities,
    )


def project_results(
    results: AreaResults | Omission, forecast: PopulationForecast | None, plan: Plan | None
) -> Projection | Omission | None:
    """Look ahead with what there is; None without a forecast."""
    if forecast is None:
        return None
    if isinstance(results, Omission) or isinstance(results.groups, Omission):
        return _NO_GROUPS
    return project(results.estimates, results.groups, forecast, plan=plan)
