"""Planted leaks: columns that hold the outcome, or what was known only after it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import DesignError
from riskstrat.incidence import outcome_array
from riskstrat.validation import leaks
from riskstrat.validation.leaks import check_leaks

N = 2_000


def people(seed: int = 0) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    age = random.uniform(40, 60, N)
    had = random.random(N) < 1 / (1 + np.exp(-(age - 60) / 5))
    lost = random.random(N) < 0.1
    y = outcome_array(np.where(lost, 0, had), np.where(lost, 100.0, np.where(had, 200.0, 365.0)))
    return pl.DataFrame({"person_id": np.arange(N), "age_years": age}), y, had


def test_features_that_predict_as_risk_factors_do_are_let_through():
    X, y, _ = people()
    check_leaks(X, y, 365)
    assert 0.6 < leaks(X, y, 365)["auc"][0] < 0.8


def test_columns_that_hold_the_outcome_are_named_all_at_once():
    X, y, had = people(1)
    noise = np.random.default_rng(2).random(N)
    leaked = X.with_columns(
        drug_after=pl.Series(np.where(had, 1.0, 0.0)),
        days_to_next=pl.Series(np.where(had, 200 + noise, 5000 + noise)),
        sampled_at_the_event=pl.Series(np.where(had, noise, np.nan)),
    )
    with pytest.raises(DesignError) as caught:
        check_leaks(leaked, y, 365)
    assert {problem.column for problem in caught.value.problems} == {
        "drug_after",
        "days_to_next",
        "sampled_at_the_event",
    }
    check_leaks(leaked, y, 365, limit=1.0)


def test_a_leak_into_few_rows_of_many_is_found_on_every_third():
    X, y, had = people(3)
    many = pl.concat([X] * 30).with_columns(code=pl.Series(np.tile(had.astype(float), 30)))
    found = leaks(many, np.tile(y, 30), 365)
    assert found["column"][0] == "code"
    assert found["auc"][0] == pytest.approx(1)
    assert found["n"].max() <= 20_000


def test_few_outcomes_prove_nothing():
    X, _, _ = people(4)
    y = outcome_array(np.arange(N) < 19, np.full(N, 365.0))
    assert leaks(X.with_columns(code=pl.Series((np.arange(N) < 19).astype(float))), y, 365).is_empty()
