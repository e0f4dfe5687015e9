"""Classifications of health care in, what they mean out: code lists, growth z-scores, frailty and deprivation.

Only polars and numpy load with this package; the data files are read when first asked for.
"""

from riskstrat.codes.deprivation import CARE_NEED_WEIGHTS, NATIONAL_MEAN_POINTS, care_need_index
from riskstrat.codes.expression import CodeExpression, bare, parse
from riskstrat.codes.frailty import frailty_risk_band, hfrs
from riskstrat.codes.growth import IOTF_GRADES, IotfGrade, growth_z, iotf_cutoff_bmi, iotf_cutoff_z
from riskstrat.codes.growth_curves import REFERENCES, GrowthReference
from riskstrat.codes.lists import CodeList, codelist, codelists, matching
from riskstrat.codes.scores import Score, ScoreItem, score, score_points, scores

__all__ = [
    "codelist",
    "codelists",
    "matching",
    "CodeList",
    "CodeExpression",
    "parse",
    "bare",
    "growth_z",
    "GrowthReference",
    "REFERENCES",
    "iotf_cutoff_bmi",
    "iotf_cutoff_z",
    "IotfGrade",
    "IOTF_GRADES",
    "hfrs",
    "frailty_risk_band",
    "score",
    "scores",
    "score_points",
    "Score",
    "ScoreItem",
    "care_need_index",
    "CARE_NEED_WEIGHTS",
    "NATIONAL_MEAN_POINTS",
]
