"""Why risks are high: contributions per person, checked, summed per group and family of factors.

In: a fitted estimator and X (or its checked contributions). Out: `Explanation` and frames; associations, never causes.
"""

from riskstrat.explanation.contributions import Explainable, explain
from riskstrat.explanation.groups import UNEXPLAINED, combine_parts, decompose_groups, unexplained_draws
from riskstrat.explanation.reasons import reasons
from riskstrat.explanation.risk_scale import on_risk_scale

__all__ = [
    "UNEXPLAINED",
    "Explainable",
    "combine_parts",
    "decompose_groups",
    "explain",
    "on_risk_scale",
    "reasons",
    "unexplained_draws",
]
