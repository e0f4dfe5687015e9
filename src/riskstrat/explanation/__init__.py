"""Why risks are high: contributions per person, checked, summed per group and factor family.

In: a fitted estimator and X (or its checked contributions). Out: `Explanation` and frames; associations, never causes.
"""

from riskstrat.explanation.contributions import Explainable, explain, explain_groups
from riskstrat.explanation.correlated import correlated_families
from riskstrat.explanation.dependence import dependence, main_features
from riskstrat.explanation.fold_models import ExplainedRisk, decompose_areas, explain_risk
from riskstrat.explanation.groups import UNEXPLAINED, combine_parts, decompose_groups, part_draws
from riskstrat.explanation.ratios import ratios
from riskstrat.explanation.reasons import reasons
from riskstrat.explanation.risk_scale import on_risk_scale
from riskstrat.explanation.stability import reason_stability

__all__ = [
    "UNEXPLAINED",
    "Explainable",
    "ExplainedRisk",
    "combine_parts",
    "correlated_families",
    "decompose_areas",
    "decompose_groups",
    "dependence",
    "explain",
    "explain_groups",
    "explain_risk",
    "main_features",
    "on_risk_scale",
    "part_draws",
    "ratios",
    "reason_stability",
    "reasons",
]
