"""R's riskRegression and survival on a held-out half of flchain, from R's own predictions."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat import validation
from riskstrat.records.cohort import Cohort
from riskstrat.validation import auc, brier, calibration, concordance, outcome_array, prediction_accuracy
from riskstrat.validation.discrimination import concordance_pairs

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


@pytest.mark.parametrize("years", [5, 10])
def test_standard_errors_and_intervals(
    people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any], years: int
) -> None:
    found = validation.score(y, {"cox": people[f"risk{years}"]}, years)
    null = next(row for row in expected["flchain_score"]["brier"] if row["model"] != "cox" and row["times"] == years)
    answers = {
        ("cox", "auc"): score(expected, "auc", years),
        ("cox", "brier"): score(expected, "brier", years),
        ("null", "brier"): null,
    }
    for (model, metric), answer in answers.items():
        row = found.filter(model=model, metric=metric).row(0, named=True)
        assert row["standard_error"] == pytest.approx(answer["se"], abs=1e-7)
        assert (row["lower"], row["upper"]) == pytest.approx((answer["lower"], answer["upper"]), abs=1e-6)


def test_standard_error_of_unos_concordance(people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any]) -> None:
    row = validation.score(y, {"cox": people["risk10"]}, 10).filter(metric="concordance").row(0, named=True)
    assert row["estimate"] == pytest.approx(expected["flchain_concordance_test"]["uno_ymax10"], abs=1e-12)
    assert row["standard_error"] == pytest.approx(expected["flchain_concordance_test"]["uno_se"], rel=1e-3)


def test_standard_error_of_harrells_concordance(people: pl.DataFrame, y: np.ndarray, expected: dict[str, Any]) -> None:
    influence = concordance_pairs(y, people["risk10"].to_numpy(), 99, np.ones(len(y))).influence
    answer = expected["flchain_concordance_test"]["harrell_se"]
    assert np.sqrt((influence**2).sum()) == pytest.approx(answer, rel=1e-3)


@pytest.mark.parametrize("years", [5, 10])
def test_bootstrap_intervals_are_those_of_r(people: pl.DataFrame, expected: dict[str, Any], years: int) -> None:
    """Weights are kept over the draws, which widens intervals by 1 %; a thousand draws know a width to 2 %."""
    rows = people.select(
        person_id="row", event="death", duration_days="years", assessed=pl.lit(value=True), landmark=pl.lit(0)
    )
    cohort = Cohort(condition="x", people=rows, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=years)
    table = validation.validate(people[f"risk{years}"], cohort, draws=1000).table
    for metric in ("auc", "brier"):
        row, answer = table.filter(metric=metric).row(0, named=True), score(expected, metric, years)
        width = (row["upper"] - row["lower"]) / (answer["upper"] - answer["lower"])
        assert width == pytest.approx(1, abs=0.06)


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
