"""How high the risk of each group is, how sure that is, and how unequally it is spread.

In: counts and risks of people or groups. Out: rates, smoothed ratios with posterior draws, limits, inequality.
"""

from riskstrat.areas.estimate import estimate_areas
from riskstrat.areas.funnel import funnel_limits
from riskstrat.areas.geography import Neighbours, neighbours
from riskstrat.areas.grouping import age_band
from riskstrat.areas.inequality import inequality
from riskstrat.areas.rates import rates, standardised_rates, standardised_ratios
from riskstrat.areas.smoothing import Smoothed, smooth
from riskstrat.areas.strata import estimate_strata
from riskstrat.areas.versions import area_lookup, stable_areas

__all__ = [
    "estimate_areas",
    "estimate_strata",
    "smooth",
    "Smoothed",
    "rates",
    "standardised_rates",
    "standardised_ratios",
    "funnel_limits",
    "inequality",
    "neighbours",
    "Neighbours",
    "area_lookup",
    "stable_areas",
    "age_band",
]
