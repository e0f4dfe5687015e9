"""Why risks are high: contributions per person, checked, summed per group and factor family.

In: a fitted estimator and X (or its checked contributions). Out: `Explanation` and frames; associations, never causes.
"""

from riskstrat.explanation.contributions import Explainable, explain
from riskstrat.explanation.fold_models import ExplainedRisk, decompose_areas, explain_risk
from riskstrat.explanation.groups import UNEXPLAINED, combine_parts, decompose_groups, unexplained_draws
from riskstrat.explanation.reasons import reasons
from riskstrat.explanation.risk_scale import on_risk_scale

__all__ = [
    "UNEXPLAINED",
    "Explainable",
    "ExplainedRisk",
    "combine_parts",
    "decompose_areas",
    "decompose_groups",
    "explain",
    "explain_risk",
    "on_risk_scale",
    "reasons",
    "unexplained_draws",
]
