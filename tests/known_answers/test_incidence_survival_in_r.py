"""Kaplan-Meier, Aalen-Johansen and the Brier score against R (survival 3.5, riskRegression)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat.incidence import (
    OutcomeArray,
    brier,
    cumulative_incidence,
    kaplan_meier,
    outcome_array,
    prediction_accuracy,
)

REFERENCE = BESIDE / "reference" / "survival" / "r_survival_reference.json"
pytestmark = needs_beside("reference/survival", "LGPL")

Cohort = tuple[OutcomeArray, pl.Series]


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads(REFERENCE.read_text())


def flchain_deaths() -> Cohort:
    people = _flchain()
    return outcome_array(people["death"], people["days"]), people["sex"].alias("sex")


def flchain_circulatory() -> Cohort:
    people = _flchain().with_columns(
        event=pl.when(pl.col("death") == 0).then(0).when(pl.col("chapter") == "Circulatory").then(1).otherwise(2)
    )
    return outcome_array(people["event"], people["days"]), people["sex"]


def nafld_deaths() -> Cohort:
    people = pl.read_parquet(BESIDE / "realdata/nafld/persons.parquet")
    days = (people["end_of_followup_date"] - people["index_date"]).dt.total_days()
    return outcome_array(people["death_date"].is_not_null(), days), (people["sex"] == "M").cast(pl.Int8).alias("male")


def nafld_cvd() -> Cohort:
    return _nafld_cvd(pl.lit(value=True))


def nafld_cvd_under_60() -> Cohort:
    return _nafld_cvd(pl.col("age") < 60)


KAPLAN_MEIER = {
    "flchain/km_all": flchain_deaths,
    "flchain/km_sex": flchain_deaths,
    "nafld/km_death": nafld_deaths,
    "nafld/km_death_sex": nafld_deaths,
}
AALEN_JOHANSEN = {
    "flchain/aj_circulatory_vs_other_all": (flchain_circulatory, "circulatory", "other"),
    "flchain/aj_circulatory_vs_other_sex": (flchain_circulatory, "circulatory", "other"),
    "nafld/cvd_aj_all": (nafld_cvd, "cvd", "death"),
    "nafld/cvd_aj_sex": (nafld_cvd, "cvd", "death"),
    "nafld/early_cvd_under60/aj_all": (nafld_cvd_under_60, "cvd", "death"),
}


@pytest.mark.parametrize(("block", "cohort"), KAPLAN_MEIER.items(), ids=list(KAPLAN_MEIER))
def test_kaplan_meier_equals_survfit(reference: dict[str, Any], block: str, cohort: Callable[[], Cohort]):
    expected = _block(reference, block)
    y, group = cohort()
    found = kaplan_meier(y, _times(expected), by=_by(expected, group))
    for ours, theirs in (("estimate", "surv"), ("standard_error", "se"), ("at_risk", "n_risk")):
        np.testing.assert_allclose(found[ours], [row[theirs] for row in expected], rtol=0, atol=1e-8)
    for ours, theirs in (("lower", "lower_loglog"), ("upper", "upper_loglog")):
        np.testing.assert_allclose(found[ours], [row[theirs] for row in expected], rtol=0, atol=1e-8)


@pytest.mark.parametrize(("block", "columns"), AALEN_JOHANSEN.items(), ids=list(AALEN_JOHANSEN))
def test_aalen_johansen_and_its_standard_errors_equal_survfit(
    reference: dict[str, Any], block: str, columns: tuple[Callable[[], Cohort], str, str]
):
    cohort, *events = columns
    expected = _block(reference, block)
    y, group = cohort()
    found = cumulative_incidence(y, _times(expected), by=_by(expected, group))
    for number, event in enumerate(events, start=1):
        rows = found.filter(pl.col("event") == number)
        np.testing.assert_allclose(rows["estimate"], [row[event] for row in expected], rtol=0, atol=1e-8)
        np.testing.assert_allclose(rows["standard_error"], [row[f"se_{event}"] for row in expected], rtol=0, atol=1e-8)
    free = kaplan_meier(y, _times(expected), by=_by(expected, group))
    np.testing.assert_allclose(free["estimate"], [row["event_free"] for row in expected], rtol=0, atol=1e-8)
    np.testing.assert_allclose(free["standard_error"], [row["se_event_free"] for row in expected], rtol=0, atol=1e-8)


def test_ten_year_incidence_of_cardiovascular_disease_in_nafld():
    y, _ = nafld_cvd()
    assert cumulative_incidence(y, 3652.5)["estimate"][0] == pytest.approx(0.0937088664, abs=1e-8)


@pytest.mark.parametrize("years", [5, 10])
def test_brier_score_and_prediction_accuracy_equal_risk_regression(reference: dict[str, Any], years: int):
    people = pl.read_csv(BESIDE / "reference/survival/flchain_test_predictions.csv")
    y = outcome_array(people["death"], people["years"])
    rows = reference["flchain_prediction"]["flchain_score"]["brier"]
    expected = next(row for row in rows if row["model"] == "cox" and row["times"] == years)
    # R's null model is Kaplan-Meier, ours the weighted share of cases: the same by construction of the weights.
    assert brier(y, people[f"risk{years}"], years) == pytest.approx(expected["Brier"], abs=1e-8)
    assert prediction_accuracy(y, people[f"risk{years}"], years) == pytest.approx(expected["IPA"], abs=1e-8)


def _flchain() -> pl.DataFrame:
    people = pl.read_parquet(BESIDE / "realdata/flchain/flchain.parquet")
    return people.with_columns(days=pl.when(pl.col("futime") == 0).then(0.5).otherwise(pl.col("futime")))


def _nafld_cvd(kept: pl.Expr) -> Cohort:
    people = pl.read_parquet(BESIDE / "realdata/nafld/nafld_cvd_derived.parquet").filter(kept)
    events = people["ev"].replace_strict({"censor": 0, "cvd": 1, "death": 2})
    return outcome_array(events, people["t"]), people["male"]


def _block(reference: dict[str, Any], path: str) -> list[dict[str, Any]]:
    block: Any = reference
    for key in path.split("/"):
        block = block[key]
    return block


def _times(expected: list[dict[str, Any]]) -> list[float]:
    return sorted({row["time"] for row in expected})


def _by(expected: list[dict[str, Any]], group: pl.Series) -> pl.Series | None:
    return group if expected[0]["strata"] != "all" else None
