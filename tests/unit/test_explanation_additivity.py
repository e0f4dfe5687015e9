"""Every kind of estimator that explains itself adds up: for each of 10,000 rows, and for groups and families."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from riskstrat.estimators import RiskEstimator
from riskstrat.explanation import explain
from riskstrat.explanation.contributions import TOLERANCE
from riskstrat.explanation.risk_scale import on_risk_scale
from riskstrat.incidence import outcome_array

N, HORIZON = 10_000, 730.0
PARAMETERS = {"Boosting": {"max_iter": 30}, "Weighted": {"classifier": HistGradientBoostingClassifier(max_iter=5)}}
UNEXPLAINED = {"Weighted"}
"""Kinds without contributions: they are compared, and carry no plan."""

KINDS = {name: kind for name, kind in RiskEstimator.kinds.items() if kind.__module__.startswith("riskstrat.")}
FAMILIES = {
    "age_years": "age_sex",
    "sex_male": "age_sex",
    "income": "living_conditions",
    "education": "living_conditions",
    "visits": "health_care",
    "bmi": "health_care",
    "born_in_asia": "area",
}


@pytest.fixture(scope="module")
def people() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Features with numbers, counts, classes, values not observed; outcomes with death and censoring; groups."""
    rng = np.random.default_rng(3)
    X = pl.DataFrame(
        {
            "age_years": rng.integers(40, 90, N).astype(float),
            "sex_male": rng.integers(0, 2, N).astype(float),
            "income": np.where(rng.random(N) < 0.1, np.nan, rng.lognormal(12, 0.6, N)),
            "education": rng.integers(1, 6, N).astype(float),
            "visits": rng.poisson(0.7, N).astype(float),
            "bmi": np.where(rng.random(N) < 0.6, np.nan, rng.normal(27, 5, N)),
            "born_in_asia": (rng.random(N) < 0.05).astype(float),
        }
    ).with_columns(pl.all().fill_nan(None).cast(pl.Float32))
    hazard = np.exp(0.05 * (X["age_years"].to_numpy() - 65) + 0.4 * X["visits"].to_numpy() - 8.5)
    days = [rng.exponential(1 / (scale * hazard)) for scale in (1.0, 0.5)] + [rng.uniform(300, 3_000, N)]
    event = np.array([1, 2, 0])[np.argmin(days, axis=0)]
    return (
        X,
        outcome_array(event, np.minimum.reduce(days)),
        rng.choice(["north", "south", "west"], N, p=[0.7, 0.2, 0.1]),
    )


@pytest.mark.parametrize("name", sorted(set(KINDS) - UNEXPLAINED))
def test_contributions_add_up_for_each_row_and_for_groups_and_families(
    name: str, people: tuple[pl.DataFrame, np.ndarray, np.ndarray]
):
    X, y, group = people
    model = KINDS[name](horizon_days=HORIZON, **PARAMETERS.get(name, {})).fit(X, y)
    why, risk = explain(model, X, FAMILIES), model.predict_risk(X)
    linear = model.link.of_risk(risk, edge=1e-12)
    gap = np.abs(why.baseline + why.values.sum(axis=1) - linear) / np.maximum(1, np.abs(linear))
    assert gap.max() <= TOLERANCE
    assert 0.01 < risk.mean() < 0.5
    assert why.values.std(axis=0).max() > 0.1
    parts = on_risk_scale(why.by_family(), why.baseline, risk, model.link)
    of_groups = why.by_group(group).group_by("group").agg(pl.col("mean_difference").sum())
    for label, found in of_groups.iter_rows():
        inside = group == label
        assert found == pytest.approx(linear[inside].mean() - linear.mean(), abs=1e-6)
        families = parts[inside].mean(axis=0) - parts.mean(axis=0)
        assert families.sum() == pytest.approx(risk[inside].mean() - risk.mean(), abs=1e-6)


@pytest.mark.parametrize("name", sorted(UNEXPLAINED))
def test_what_has_no_contributions_says_so(name: str):
    assert not hasattr(KINDS[name](horizon_days=HORIZON, **PARAMETERS[name]), "contributions")
