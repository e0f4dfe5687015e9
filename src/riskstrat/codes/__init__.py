"""Classifications of health care in, what they mean out: code lists, growth, morbidity, risk and deprivation scores.

Only polars and numpy load with this package; the data files are read when first asked for.
"""

from riskstrat.codes.deprivation import CARE_NEED_WEIGHTS, NATIONAL_MEAN_POINTS, care_need_index
from riskstrat.codes.expression import CodeExpression
from riskstrat.codes.growth import IOTF_GRADES, IotfGrade, growth_z, iotf_cutoff_bmi, iotf_cutoff_z
from riskstrat.codes.growth_curves import REFERENCES, GrowthReference
from riskstrat.codes.lists import CodeList, codelist, codelists
from riskstrat.codes.people import CharlsonScore, ElixhauserScore, charlson, elixhauser, hfrs
from riskstrat.codes.score2 import RISK_REGIONS, RiskRegion, score2
from riskstrat.codes.scores import Score, ScoreItem, ScoreName, score, scores
from riskstrat.codes.search import search

__all__ = [
    "codelist",
    "codelists",
    "CodeList",
    "CodeExpression",
    "search",
    "growth_z",
    "GrowthReference",
    "REFERENCES",
    "iotf_cutoff_bmi",
    "iotf_cutoff_z",
    "IotfGrade",
    "IOTF_GRADES",
    "hfrs",
    "charlson",
    "CharlsonScore",
    "elixhauser",
    "ElixhauserScore",
    "score2",
    "RiskRegion",
    "RISK_REGIONS",
    "score",
    "scores",
    "Score",
    "ScoreItem",
    "ScoreName",
    "care_need_index",
    "CARE_NEED_WEIGHTS",
    "NATIONAL_MEAN_POINTS",
]
