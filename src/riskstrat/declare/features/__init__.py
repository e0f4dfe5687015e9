"""Feature kinds: what is asked of a person's past, strictly before the index date.

In: declarations. Out: a column name, the value of an empty window, and the polars expression that computes it.

A new kind is a frozen class with one method: `EventFeature.aggregate` over the rows of one window, or
`PersonFeature.person_value` over the register of persons. It may live in the file of the condition that needs it.
"""

from riskstrat.declare.features.base import Family, Feature, Relative, RelativeFeature, Subject, expanded
from riskstrat.declare.features.events import Count, DaysSince, DistinctCodes, Duration, EventFeature, Ever
from riskstrat.declare.features.measured import Earliest, Latest, Maximum, Mean, Minimum, Slope, Total
from riskstrat.declare.features.persons import Age, AreaFact, BirthRegion, PersonFeature, Sex
from riskstrat.declare.features.published import GrowthZ, Score

__all__ = [
    "Age",
    "AreaFact",
    "BirthRegion",
    "Count",
    "DaysSince",
    "DistinctCodes",
    "Duration",
    "Earliest",
    "EventFeature",
    "Ever",
    "Family",
    "Feature",
    "GrowthZ",
    "Latest",
    "Maximum",
    "Mean",
    "Minimum",
    "PersonFeature",
    "Relative",
    "RelativeFeature",
    "Score",
    "Sex",
    "Slope",
    "Subject",
    "Total",
    "expanded",
]
