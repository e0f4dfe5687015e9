"""What happened to whom and when: outcome arrays in, cumulative incidence, censoring weights and Brier scores out.

Times are days since the index date; risks and probabilities lie in [0, 1].
"""

from riskstrat.incidence.censoring import censoring_influence, censoring_weights, counting_weights, observed_weights
from riskstrat.incidence.curves import cumulative_incidence, kaplan_meier
from riskstrat.incidence.outcome import (
    CENSORED,
    COMPETING,
    OUTCOME,
    OUTCOME_DTYPE,
    OutcomeArray,
    as_outcome,
    check_outcome,
    outcome_array,
    outcome_within,
    status_known,
)
from riskstrat.incidence.person_years import person_years, split_follow_up
from riskstrat.incidence.scores import brier, prediction_accuracy
from riskstrat.incidence.survey import ReplicateWeights, SurveyDesign

__all__ = [
    "OUTCOME_DTYPE",
    "CENSORED",
    "OUTCOME",
    "COMPETING",
    "OutcomeArray",
    "outcome_array",
    "as_outcome",
    "check_outcome",
    "outcome_within",
    "status_known",
    "kaplan_meier",
    "cumulative_incidence",
    "person_years",
    "split_follow_up",
    "censoring_influence",
    "censoring_weights",
    "counting_weights",
    "observed_weights",
    "brier",
    "prediction_accuracy",
    "SurveyDesign",
    "ReplicateWeights",
]
