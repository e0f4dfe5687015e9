"""How high the risk of each group is, how sure that is, and how unequally it is spread.

In: counts and risks of people or groups. Out: rates, smoothed ratios with posterior draws, limits, inequality.
"""

from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.estimate import estimate_areas
from riskstrat.areas.funnel import funnel_limits, overdispersion
from riskstrat.areas.geography import Neighbours, neighbours
from riskstrat.areas.hot_spots import hot_spots
from riskstrat.areas.inequality import area_inequality, concentration_curve, inequality, inequality_change
from riskstrat.areas.life_expectancy import life_expectancy
from riskstrat.areas.observed_expected import recalibrate
from riskstrat.areas.partition import intersections
from riskstrat.areas.population_forecast import PopulationForecast, read_forecast
from riskstrat.areas.posterior import Posterior
from riskstrat.areas.projection import project
from riskstrat.areas.rates import rates
from riskstrat.areas.series import on_stable_areas, pool_years
from riskstrat.areas.smoothing import Smoothed, smooth
from riskstrat.areas.standardisation import indirectly_standardised_rates, standardised_rates, standardised_ratios
from riskstrat.areas.standards import standard_population
from riskstrat.areas.strata import estimate_groups, estimate_strata
from riskstrat.areas.trends import trends
from riskstrat.areas.versions import area_lookup, stable_areas

__all__ = [
    "CountNoise",
    "estimate_areas",
    "estimate_strata",
    "estimate_groups",
    "recalibrate",
    "smooth",
    "Smoothed",
    "Posterior",
    "rates",
    "standardised_rates",
    "standardised_ratios",
    "indirectly_standardised_rates",
    "standard_population",
    "life_expectancy",
    "funnel_limits",
    "overdispersion",
    "inequality",
    "area_inequality",
    "inequality_change",
    "concentration_curve",
    "trends",
    "hot_spots",
    "pool_years",
    "on_stable_areas",
    "neighbours",
    "Neighbours",
    "intersections",
    "project",
    "read_forecast",
    "PopulationForecast",
    "area_lookup",
    "stable_areas",
]
