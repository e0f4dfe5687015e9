"""The Cox pair against R (survival 3.5): coefficients, both kinds of standard errors, hazards and absolute risks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat.estimators import Cox
from riskstrat.incidence import OutcomeArray, outcome_array
from riskstrat.validation import concordance, score

pytestmark = needs_beside("reference/survival", "LGPL")

Cohort = tuple[pl.DataFrame, OutcomeArray]
FACTORS = ("age", "male", "htn", "diabetes", "dyslip", "nafld")


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((BESIDE / "reference/survival/r_survival_reference.json").read_text())


def flchain() -> pl.DataFrame:
    people = pl.read_parquet(BESIDE / "realdata/flchain/flchain.parquet")
    return people.with_columns(
        male=(pl.col("sex") == "M").cast(pl.Int8),
        logflc=(pl.col("kappa") + pl.col("lambda")).log(),
        days=pl.max_horizontal("futime", pl.lit(0.5)),
    )


def flchain_three() -> Cohort:
    people = flchain()
    return people.select("age", "male", "logflc"), outcome_array(people["death"], people["days"])


def flchain_creatinine() -> Cohort:
    people = flchain().drop_nulls("creatinine")
    return people.select("age", "male", "logflc", "creatinine"), outcome_array(people["death"], people["days"])


def nafld_deaths() -> pl.DataFrame:
    return pl.read_parquet(BESIDE / "realdata/nafld/persons.parquet").with_columns(
        age=2000 - pl.col("birth_year"),
        male=(pl.col("sex") == "M").cast(pl.Int8),
        days=(pl.col("end_of_followup_date") - pl.col("index_date")).dt.total_days(),
        death=pl.col("death_date").is_not_null(),
    )


def nafld_two() -> Cohort:
    people = nafld_deaths()
    return people.select("age", "male"), outcome_array(people["death"], people["days"])


def nafld_cvd(below: int = 200) -> Cohort:
    people = pl.read_parquet(BESIDE / "realdata/nafld/nafld_cvd_derived.parquet").filter(pl.col("age") < below)
    event = people["ev"].replace_strict({"censor": 0, "cvd": 1, "death": 2}, return_dtype=pl.Int8)
    return people.select(FACTORS), outcome_array(event, people["t"])


BLOCKS: dict[str, Callable[[], Cohort]] = {
    "flchain/cox_age_male_logflc": flchain_three,
    "flchain/cox_age_male_logflc_creat": flchain_creatinine,
    "nafld/cox_death_age_male": nafld_two,
    "nafld/cvd_cox": nafld_cvd,
    "nafld/early_cvd_under60/cox": lambda: nafld_cvd(below=60),
}


def block_of(reference: dict[str, Any], path: str) -> dict[str, Any]:
    found = reference
    for part in path.split("/"):
        found = found[part]
    return found


def of_outcome(model: Cox, column: str) -> dict[str, float]:
    found = model.coefficients_.filter(event=1)
    return dict(zip(found["feature"], found[column], strict=True))


@pytest.mark.parametrize(("path", "cohort"), BLOCKS.items(), ids=list(BLOCKS))
def test_coefficients_standard_errors_and_hazards(
    reference: dict[str, Any], path: str, cohort: Callable[[], Cohort]
) -> None:
    expected = block_of(reference, path)
    X, y = cohort()
    model = Cox(horizon_days=1826).fit(X, y)
    assert of_outcome(model, "coefficient") == pytest.approx(expected["efron"]["coef"], abs=1e-6)
    assert of_outcome(model, "standard_error") == pytest.approx(expected["efron"]["se"], abs=1e-7)
    breslow = Cox(horizon_days=1826, ties="breslow").fit(X, y)
    assert of_outcome(breslow, "coefficient") == pytest.approx(expected["breslow"]["coef"], abs=1e-6)
    assert of_outcome(breslow, "standard_error") == pytest.approx(expected["breslow"]["se"], abs=1e-7)
    robust = Cox(horizon_days=1826).fit(X, y, groups=np.arange(len(y)))
    assert of_outcome(robust, "standard_error") == pytest.approx(expected["robust_se_efron"], abs=1e-7)
    assert (model.standard_errors_, robust.standard_errors_) == (
        "from the inverse information",
        "robust by person or family",
    )
    at_zero = np.exp(-(model.mean_ @ model.coef_[0]))
    for row in expected["baseline_cumhaz_at_zero_covariates"]:
        found = at_zero * model.hazards_.hazard[0, model.hazards_.days <= row["time"]].sum()
        assert found == pytest.approx(row["hazard"], rel=1e-5)


@pytest.mark.parametrize("path", ["flchain/cox_age_male_logflc", "flchain/cox_age_male_logflc_creat"])
def test_concordance_of_a_fitted_model(reference: dict[str, Any], path: str) -> None:
    expected, (X, y) = block_of(reference, path), BLOCKS[path]()
    lp = X.to_numpy() @ Cox(horizon_days=1826).fit(X, y).coef_[0]
    # The rank of the linear predictor, as a number between 0 and 1: only the order counts, and ties stay ties.
    risk = (np.unique(lp, return_inverse=True)[1] + 1) / (len(lp) + 2)
    last = float(y["duration_days"].max())
    harrell, uno = (concordance(y, risk, last, method) for method in ("harrell", "uno"))
    assert harrell == pytest.approx(expected["concordance_harrell"]["C"], abs=1e-6)
    assert uno == pytest.approx(expected["concordance_uno"]["C"], abs=1e-6)


def test_calibration_slope_of_linear_predictors_from_r(reference: dict[str, Any]) -> None:
    """A Cox model of R's own linear predictor in the persons who were not fitted: slope and standard error."""
    theirs = pl.read_csv(BESIDE / "reference/survival/flchain_test_predictions.csv")
    model = Cox(horizon_days=5).fit(theirs.select("lp"), outcome_array(theirs["death"], theirs["years"]))
    slope = reference["flchain_prediction"]["flchain_calibration_slope"]
    assert of_outcome(model, "coefficient")["lp"] == pytest.approx(slope["slope"], abs=1e-6)
    assert of_outcome(model, "standard_error")["lp"] == pytest.approx(slope["se"], abs=1e-6)


def test_errors_robust_by_cluster(reference: dict[str, Any]) -> None:
    expected = reference["nafld"]["cox_death_cluster_case"]
    people = nafld_deaths().filter(pl.col("matched_case_id").is_not_null())
    assert people.height == expected["n"]
    case = (pl.col("matched_case_id") == pl.col("person_id")).cast(pl.Int8)
    X, y = people.select("age", "male", nafld_case=case), outcome_array(people["death"], people["days"])
    model = Cox(horizon_days=1826).fit(X, y, groups=people["matched_case_id"])
    assert of_outcome(model, "coefficient") == pytest.approx(expected["coef"], abs=1e-6)
    assert of_outcome(model, "standard_error") == pytest.approx(expected["se_cluster"], abs=1e-7)


def test_absolute_risks_of_one_cause_in_people_who_were_not_fitted(reference: dict[str, Any]) -> None:
    theirs = pl.read_csv(BESIDE / "reference/survival/flchain_test_predictions.csv")
    X, y = flchain_three()
    y["duration_days"] /= 365.25
    tested = np.isin(np.arange(1, len(y) + 1), theirs["row"].to_numpy())
    model = Cox(horizon_days=5).fit(X.filter(~tested), y[~tested])
    assert of_outcome(model, "coefficient") == pytest.approx(
        reference["flchain_prediction"]["flchain_score"]["coef"], abs=1e-6
    )
    found = model.predict_cumulative_incidence(X.filter(tested), [5, 10])
    np.testing.assert_allclose(found, theirs.select("risk5", "risk10").to_numpy(), atol=1e-7)


@pytest.mark.parametrize("years", [5, 10])
def test_paired_difference_of_two_models_in_r(reference: dict[str, Any], years: int) -> None:
    """What light chains add to age and sex in the persons who were not fitted: riskRegression's contrast of AUC."""
    theirs = pl.read_csv(BESIDE / "reference/survival/flchain_test_predictions.csv")
    X, y = flchain_three()
    y["duration_days"] /= 365.25
    tested = np.isin(np.arange(1, len(y) + 1), theirs["row"].to_numpy())
    risks = {
        name: Cox(horizon_days=5)
        .fit(X.select(columns).filter(~tested), y[~tested])
        .predict_cumulative_incidence(X.select(columns).filter(tested), [years])[:, 0]
        for name, columns in {"all": X.columns, "age_sex": ["age", "male"]}.items()
    }
    found = score(y[tested], risks, years, level=0.95).filter(model="age_sex", metric="auc_gain").row(0, named=True)
    contrasts = reference["flchain_prediction"]["flchain_score"]["auc_contrasts"]
    expected = next(row for row in contrasts if row["times"] == years)
    assert found["estimate"] == pytest.approx(expected["delta.AUC"], abs=1e-6)
    assert found["standard_error"] == pytest.approx(expected["se"], rel=1e-3)


# Computed in R from the hazards of two `coxph` fits (basehaz, centered=FALSE) at 365, 1826 and 3652 days, persons in
# rows 1, 2, 3, 1000 and 15000 of nafld_cvd_derived. First the steps of the matrix exponential, then CSC's of
# riskRegression 2022.11 (product limit), which keeps who had an event on a day at risk for the rest of that day.
EXPONENTIAL = np.array(
    [
        [0.00676353531556, 0.03378307287936, 0.0698327120703],
        [0.01344994861214, 0.06561174589847, 0.1309898588089],
        [0.00963466009200, 0.04749363484487, 0.0962336262667],
        [0.00190886968869, 0.00968362094277, 0.0204838090721],
        [0.07799892156370, 0.32469087344965, 0.5294916363791],
    ]
)
PRODUCT_LIMIT = np.array(
    [
        [0.00676376084883, 0.03378451504985, 0.0698376385181],
        [0.01345085862493, 0.06561728488373, 0.1310072396595],
        [0.00963513701183, 0.04749660161787, 0.0962431833726],
        [0.00190888724713, 0.00968373662273, 0.0204842260799],
        [0.07802758716869, 0.32481659143092, 0.5297432058467],
    ]
)
PERSONS = [0, 1, 2, 999, 14999]


def test_absolute_risks_of_a_pair() -> None:
    X, y = nafld_cvd()
    model = Cox(horizon_days=3652).fit(X, y)
    times = [365, 1826, 3652]
    found = model.predict_cumulative_incidence(X[PERSONS], times)
    np.testing.assert_allclose(found, EXPONENTIAL, atol=2e-8)
    np.testing.assert_allclose(found, PRODUCT_LIMIT, rtol=6e-4)
    death = model.predict_cumulative_incidence(X[PERSONS], times, event=2)
    hazard = model.hazards_.hazard[:, model.hazards_.days <= 3652].sum(axis=1)
    relative = np.exp((X[PERSONS].to_numpy() - model.mean_) @ model.coef_.T)
    np.testing.assert_allclose(found[:, 2] + death[:, 2], -np.expm1(-relative @ hazard), atol=1e-6)


def test_strata_late_entry_weights_and_clusters() -> None:
    """R's coxph of the same people with made-up entries, weights and clusters, all numbers from their row."""
    X, y = nafld_cvd()
    row = np.arange(1, len(y) + 1)
    entry = np.where(row % 4 == 0, np.floor(y["duration_days"] * 0.3), 0.0)
    three = X.select("age", "htn", "diabetes")
    strata = X["male"]
    model = Cox(horizon_days=1826).fit(three, y, entry=entry, strata=strata)
    coefficients = {"age": 0.0669963629764, "htn": 0.1733847609798, "diabetes": 0.8274134752370}
    assert of_outcome(model, "coefficient") == pytest.approx(coefficients, abs=1e-6)
    errors = {"age": 0.00256241690292, "htn": 0.07206590362420, "diabetes": 0.07668598117236}
    assert of_outcome(model, "standard_error") == pytest.approx(errors, abs=1e-7)
    at_zero = np.exp(-(model.mean_ @ model.coef_[0]))
    hazards = [at_zero * each.hazard[0, each.days <= 1826].sum() for each in model.stratum_hazards_]
    assert hazards == pytest.approx([0.000906092246572, 0.00121427190572], rel=1e-5)

    clustered = Cox(horizon_days=1826).fit(three, y, entry=entry, strata=strata, groups=row // 2)
    errors = {"age": 0.0025754522333, "htn": 0.0731537491182, "diabetes": 0.0795483635849}
    assert of_outcome(clustered, "standard_error") == pytest.approx(errors, abs=1e-7)

    weighted = Cox(horizon_days=1826).fit(X.drop("dyslip", "nafld"), y, sample_weight=1 + row % 3, groups=row // 2)
    coefficients = {
        "age": 0.0666550026964,
        "male": 0.2749060879145,
        "htn": 0.1834006384567,
        "diabetes": 0.8480792412500,
    }
    errors = {"age": 0.00284362880909, "male": 0.06790310566391, "htn": 0.07948851710406, "diabetes": 0.08669029185353}
    assert of_outcome(weighted, "coefficient") == pytest.approx(coefficients, abs=1e-6)
    assert of_outcome(weighted, "standard_error") == pytest.approx(errors, abs=1e-7)
