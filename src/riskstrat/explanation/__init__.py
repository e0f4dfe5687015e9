"""Why risks are high: contributions per person, checked, summed per group and factor family.

In: a fitted estimator and X (or its checked contributions). Out: `Explanation` and frames; associations, never causes.
"""

from riskstrat.explanation.contributions import Explainable, explain, explain_groups
from riskstrat.explanation.correlated import correlated_families
from riskstrat.explanation.dependence import dependence
from riskstrat.explanation.fold_models import ExplainedRisk
from riskstrat.explanation.groups import UNEXPLAINED
from riskstrat.explanation.ratios import ratios
from riskstrat.explanation.reasons import reasons
from riskstrat.explanation.stability import reason_stability

__all__ = [
    "UNEXPLAINED",
    "Explainable",
    "ExplainedRisk",
    "correlated_families",
    "dependence",
    "explain",
    "explain_groups",
    "ratios",
    "reason_stability",
    "reasons",
]
