"""How high the risk of each group is, how sure that is, and how unequally it is spread.

In: counts and risks of people or groups. Out: rates, smoothed ratios with posterior draws, limits, inequality.
"""

from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.estimate import estimate_areas
from riskstrat.areas.funnel import funnel_limits
from riskstrat.areas.geography import Neighbours, neighbours
from riskstrat.areas.grouping import folds_of_target, with_age_band
from riskstrat.areas.inequality import area_inequality, inequality
from riskstrat.areas.observed_expected import recalibrate
from riskstrat.areas.partition import intersections, merge_small_areas
from riskstrat.areas.population_forecast import PopulationForecast, read_forecast
from riskstrat.areas.posterior import Posterior
from riskstrat.areas.projection import project
from riskstrat.areas.rates import rates
from riskstrat.areas.smoothing import Smoothed, smooth
from riskstrat.areas.standardisation import indirectly_standardised_rates, standardised_rates, standardised_ratios
from riskstrat.areas.strata import estimate_groups, estimate_strata
from riskstrat.areas.versions import area_lookup, stable_areas

__all__ = [
    "CountNoise",
    "estimate_areas",
    "estimate_strata",
    "estimate_groups",
    "recalibrate",
    "folds_of_target",
    "smooth",
    "Smoothed",
    "Posterior",
    "rates",
    "standardised_rates",
    "standardised_ratios",
    "indirectly_standardised_rates",
    "funnel_limits",
    "inequality",
    "area_inequality",
    "neighbours",
    "Neighbours",
    "merge_small_areas",
    "intersections",
    "project",
    "read_forecast",
    "PopulationForecast",
    "area_lookup",
    "stable_areas",
    "with_age_band",
]
