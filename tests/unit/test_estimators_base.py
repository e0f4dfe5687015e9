"""What every model of the status at a horizon shares: one time, one event, the outcome as it may be given."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.estimators import AgeSex, Boosting, Logistic, RiskEstimator, Weighted
from riskstrat.incidence import outcome_array
from riskstrat.numerics.links import LOGIT

HORIZON = 365.0
N = 300
KINDS = [
    AgeSex(horizon_days=HORIZON),
    Logistic(horizon_days=HORIZON),
    Boosting(horizon_days=HORIZON, max_iter=10, folds=0),
    Weighted(LogisticRegression(), horizon_days=HORIZON),
]
X = pl.DataFrame({"age_years": np.arange(N) % 20 + 40.0, "sex_male": np.arange(N) % 2})
EVENT = (np.arange(N) % 20 + np.arange(N) // 20 % 5) > 15
Y = outcome_array(EVENT, np.full(N, HORIZON))

every_kind = pytest.mark.parametrize("estimator", KINDS, ids=lambda estimator: type(estimator).__name__)


@every_kind
def test_cumulative_incidence_at_the_horizon_is_the_risk(estimator: RiskEstimator):
    model = estimator.fit(X, Y)
    found = model.predict_cumulative_incidence(X, [HORIZON, HORIZON])
    assert found.shape == (N, 2)
    np.testing.assert_array_equal(found[:, 0], model.predict_risk(X))
    np.testing.assert_array_equal(found[:, 1], model.predict(X))


@every_kind
@pytest.mark.parametrize(("times", "event"), [([100.0], 1), ([HORIZON, 100.0], 1), ([HORIZON], 2)])
def test_another_time_or_event_is_refused_with_the_one_that_works(
    estimator: RiskEstimator, times: list[float], event: int
):
    with pytest.raises(UsageError, match="horizon of 365 days, the only one"):
        estimator.fit(X, Y).predict_cumulative_incidence(X, times, event)


@every_kind
def test_late_entry_is_refused_and_entry_at_the_index_is_not(estimator: RiskEstimator):
    estimator.fit(X, Y, entry=np.zeros(N))
    with pytest.raises(DesignError, match="entered late"):
        estimator.fit(X, Y, entry=np.where(np.arange(N) == 7, 30.0, 0.0))
    with pytest.raises(ContractError, match="entry: 1 other value"):
        estimator.fit(X, Y, entry=np.where(np.arange(N) == 7, -1.0, 0.0))


@every_kind
def test_a_plain_outcome_is_followed_to_the_horizon(estimator: RiskEstimator):
    expected = estimator.fit(X, Y).predict_risk(X)
    for plain in (EVENT, EVENT.astype(int), EVENT.astype(float).tolist()):
        np.testing.assert_array_equal(estimator.fit(X, plain).predict_risk(X), expected)
        assert estimator.score(X, plain) == estimator.score(X, Y)


@every_kind
def test_contributions_add_up_on_the_link(estimator: RiskEstimator):
    model = estimator.fit(X, Y)
    assert model.link is LOGIT
    if hasattr(model, "contributions"):
        values, baseline = model.contributions(X)
        np.testing.assert_allclose(model.link.inverse(baseline + values.sum(axis=1)), model.predict_risk(X), atol=1e-9)


@every_kind
def test_arguments_after_the_outcome_are_named(estimator: RiskEstimator):
    with pytest.raises(TypeError):
        estimator.fit(X, Y, np.ones(N))
