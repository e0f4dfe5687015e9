"""Posterior draws of cases per unit and programmes in; the units where a budget averts most, and how sure, out.

Units are areas or strata of people, never persons.
"""

from riskstrat.priorities.planning import prioritise
from riskstrat.priorities.scenario_plans import scenarios
from riskstrat.records.areas import Units

__all__ = ["prioritise", "scenarios", "Units"]
