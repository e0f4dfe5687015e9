"""Posterior draws of cases per unit and a programme in; the units where a budget averts most, and how sure, out.

Units are areas or strata of people, never persons. Equity weights and floors per municipality are not there yet.
"""

from riskstrat.priorities.planning import prioritise

__all__ = ["prioritise"]
