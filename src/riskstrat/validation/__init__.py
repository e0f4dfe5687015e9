"""Is the risk right? Predicted risks and what happened in; discrimination, calibration and net benefit out.

Risks are shares in [0, 1], durations days. The incidence names are offered here too, because checks start from them.
"""

from riskstrat.incidence import (
    OUTCOME_DTYPE,
    ReplicateWeights,
    SurveyDesign,
    brier,
    censoring_weights,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
    prediction_accuracy,
)
from riskstrat.numerics.folds import Split
from riskstrat.validation.calibration import Calibration, calibration, calibration_groups
from riskstrat.validation.decision_curve import net_benefit
from riskstrat.validation.discrimination import auc, concordance
from riskstrat.validation.input_drift import input_drift
from riskstrat.validation.leaks import leaks
from riskstrat.validation.missingness import depends_on, missingness
from riskstrat.validation.performance import validate
from riskstrat.validation.scoring import score
from riskstrat.validation.splits import area_folds, municipality_folds, overlap, person_folds, temporal_split

__all__ = [
    "OUTCOME_DTYPE",
    "Calibration",
    "ReplicateWeights",
    "Split",
    "SurveyDesign",
    "area_folds",
    "auc",
    "brier",
    "calibration",
    "calibration_groups",
    "censoring_weights",
    "concordance",
    "cumulative_incidence",
    "depends_on",
    "input_drift",
    "kaplan_meier",
    "leaks",
    "missingness",
    "municipality_folds",
    "net_benefit",
    "outcome_array",
    "overlap",
    "person_folds",
    "prediction_accuracy",
    "score",
    "temporal_split",
    "validate",
]
