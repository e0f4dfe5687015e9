"""Features and an outcome array in, risk of the outcome at the horizon (cumulative incidence, 0 to 1) out.

Estimators follow scikit-learn: keyword-only hyper-parameters, `fit`, `predict_risk`, `score`, `contributions`, `clone`.
"""

from riskstrat.estimators.assessment import assessment_weights
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.boosting import Boosting
from riskstrat.estimators.build import build
from riskstrat.estimators.choice import Choice, choose
from riskstrat.estimators.cox import Cox
from riskstrat.estimators.crossfit import CrossFit, cross_fit
from riskstrat.estimators.discrete_time import DiscreteTime
from riskstrat.estimators.fine_gray import FineGray
from riskstrat.estimators.followed import FitRows, FollowedRows
from riskstrat.estimators.linear import AgeSex, Logistic
from riskstrat.estimators.sample_size import sample_size
from riskstrat.estimators.weighted import Weighted
from riskstrat.numerics.folds import Split, group_folds

__all__ = [
    "AgeSex",
    "Logistic",
    "Boosting",
    "Cox",
    "FineGray",
    "DiscreteTime",
    "Weighted",
    "RiskEstimator",
    "build",
    "cross_fit",
    "CrossFit",
    "FitRows",
    "FollowedRows",
    "group_folds",
    "Split",
    "choose",
    "Choice",
    "sample_size",
    "assessment_weights",
]
