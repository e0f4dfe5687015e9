"""Who is followed, from when and until when, and who was left out and why.

In: a condition, registers and the as-of date. Out: `Cohort` (index dates in the past, with outcome) and `Target`.
"""

from riskstrat.cohort.building import MIN_OUTCOMES, NobodyEligibleError, build_cohort, target_population
from riskstrat.cohort.departures import assume_departures

__all__ = [
    "MIN_OUTCOMES",
    "NobodyEligibleError",
    "assume_departures",
    "build_cohort",
    "target_population",
]
