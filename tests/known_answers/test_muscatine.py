"""Obesity at the next visit of real children (R geepack, muscatine), against R's glm; children with two visits."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from reference_files import BESIDE, needs_beside
from riskstrat.estimators import DiscreteTime, Logistic, RiskEstimator
from riskstrat.incidence import outcome_array

pytestmark = needs_beside("realdata/muscatine", "GPL")

TWO_YEARS = 730.0
IN_R = {"male": -0.13693952816, "age": -0.06009492738, "prev_obese": 3.07590129155}
ONE_PERIOD = LogisticRegression(C=1e8, solver="newton-cholesky", tol=1e-10)


@pytest.mark.parametrize(
    "estimator",
    [
        Logistic(horizon_days=TWO_YEARS, ridge=1e-8),
        DiscreteTime(ONE_PERIOD, horizon_days=TWO_YEARS, periods=1),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_coefficients_equal_those_of_glm(estimator: RiskEstimator):
    visits = pl.read_parquet(BESIDE / "realdata/muscatine/muscatine_transition.parquet")
    y = outcome_array(visits["numobese"] == 1, np.full(visits.height, TWO_YEARS))
    found = estimator.fit(visits.select(*IN_R), y, groups=visits["id"]).coefficients_
    np.testing.assert_allclose(found["coefficient"], list(IN_R.values()), atol=1e-4)
