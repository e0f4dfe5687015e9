"""Features and an outcome array in, risk of the outcome at the horizon (cumulative incidence, 0 to 1) out.

Estimators follow scikit-learn: keyword-only hyper-parameters, `fit`, `predict_risk`, `score`, `contributions`, `clone`.
"""

from riskstrat.estimators.assessment import assessment_weights
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.boosting import Boosting
from riskstrat.estimators.choice import Choice, choose
from riskstrat.estimators.crossfit import CrossFit, cross_fit, cross_fit_models
from riskstrat.estimators.folds import group_folds
from riskstrat.estimators.linear import AgeSex, Logistic
from riskstrat.estimators.weighted import Weighted

__all__ = [
    "AgeSex",
    "Logistic",
    "Boosting",
    "Weighted",
    "RiskEstimator",
    "cross_fit",
    "cross_fit_models",
    "CrossFit",
    "group_folds",
    "choose",
    "Choice",
    "assessment_weights",
]
