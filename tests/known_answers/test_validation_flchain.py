"""R's riskRegression and survival on a held-out half of flchain, from R's own predictions."""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat.validation import auc, brier, calibration, concordance, outcome_array, prediction_accuracy

SURVIVAL = BESIDE / "reference" / "survival"
pytestmark = needs_beside("reference/survival", "LGPL")


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return pl.read_csv(SURVIVAL / "flchain_test_predictions.csv")


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((SURVIVAL / "r_survival_reference.json").read_text())["flchain_prediction"]


@pytest.fixture(scope="module")
def y(people: pl.DataFrame) -> np.ndarray:
    return outcome_array(people["death"], people["years"])


def score(expected: dict[str, Any], measure: str, years: int) -> dict[str, float]:
    rows = expected["flchain_score"][measure]
    return next(row for row in rows if row["model"] == "cox" and row["times"] == years)


@pytest.mark.parametrize("years", [5, 10])
def test_auc(people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any], years: int) -> None:
    # One tied pair in a million: printing the predictions made equal what R held apart in the last binary digit.
    assert auc(y, people[f"risk{years}"], years) == pytest.approx(score(expected, "auc", years)["AUC"], abs=5e-7)


@pytest.mark.parametrize("years", [5, 10])
def test_brier_and_prediction_accuracy(
    people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any], years: int
) -> None:
    row = score(expected, "brier", years)
    assert brier(y, people[f"risk{years}"], years) == pytest.approx(row["Brier"], abs=1e-12)
    assert prediction_accuracy(y, people[f"risk{years}"], years) == pytest.approx(row["IPA"], abs=1e-11)


@pytest.mark.parametrize(
    ("method", "years", "name"),
    [("harrell", 99, "harrell"), ("harrell", 10, "harrell_ymax10"), ("uno", 10, "uno_ymax10")],
)
def test_concordance(
    people: pl.DataFrame, expected: dict[str, Any], method: Literal["harrell", "uno"], years: int, name: str
) -> None:
    y = outcome_array(people["death"], people["years"])
    found = concordance(y, people["risk10"], years, method)
    assert found == pytest.approx(expected["flchain_concordance_test"][name], abs=1e-12)


def test_calibration(people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any]) -> None:
    found = calibration(y, people["risk10"], 10)
    level = expected["flchain_oe_10y"]
    assert found.observed_expected == pytest.approx(level["observed"] / level["mean_predicted"], abs=1e-12)
    same_people = 0
    for row, answer in zip(found.groups.iter_rows(named=True), expected["flchain_calibration_10y"], strict=True):
        # Risks that printing made equal stay together here, so that two neighbours may swap a person.
        assert abs(row["n"] - answer["n"]) <= 1
        if abs(row["mean_predicted"] - answer["mean_predicted"]) < 1e-12:
            same_people += 1
            assert row["observed"] == pytest.approx(answer["observed_km"], abs=1e-12)
    assert same_people >= 5
    assert found.ici < 0.03
    assert found.e50 <= found.e90
