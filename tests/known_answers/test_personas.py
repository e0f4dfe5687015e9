"""The made-up persons of the plan: who they are to the models, and who they are not."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat.declare import Condition
from riskstrat.estimators import Logistic
from riskstrat.explanation import reasons
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from riskstrat.study.data import training_data

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
AS_OF = date(2024, 1, 1)
Fitted = tuple[Target, pl.DataFrame, Logistic]


@pytest.fixture(scope="module")
def registers() -> Registers:
    return rs.open_registers(SAMPLE)


@pytest.fixture(scope="module")
def personas() -> pl.DataFrame:
    return pl.read_parquet(SAMPLE / "truth" / "test_people.parquet")


def fitted(condition: Condition, registers: Registers) -> Fitted:
    cohort = rs.build_cohort(condition, registers, AS_OF).covered
    training = training_data(cohort, rs.build_features(condition.features, cohort, registers))
    model = Logistic(horizon_days=condition.horizon_days).fit(
        training.X,
        cohort.outcome,
        sample_weight=training.weight,
        strata=training.landmark,
        groups=training.family_id,
    )
    target = rs.target_population(condition, registers, AS_OF)
    return target, rs.build_features(condition.features, target, registers), model


@pytest.fixture(scope="module")
def frailty(registers: Registers) -> Fitted:
    return fitted(rs.conditions.load("frailty"), registers)


def rank_of(X: pl.DataFrame, risk: np.ndarray, person: int) -> float:
    """Share of the target population with a lower risk."""
    return float((risk < risk[row_of(X, person)]).mean())


def row_of(X: pl.DataFrame, person: int) -> int:
    return X["person_id"].to_list().index(person)


def person(personas: pl.DataFrame, name: str, variant: str) -> int:
    found = personas.filter(pl.col("name").str.contains(name), pl.col("variant").str.contains(variant))
    return int(found["person_id"].item())


def what_raises(model: Logistic, X: pl.DataFrame, row: int, top: int) -> str:
    found = reasons(rs.explain(model, X), [row], top=top).filter(direction="raises")
    return " ".join(found["feature"])


def test_ragnar_is_in_the_top_five_per_cent_for_his_reasons(frailty: Fitted, personas: pl.DataFrame):
    _, X, model = frailty
    ragnar = person(personas, "Ragnar", "no recorded fall")
    assert rank_of(X, model.predict_risk(X), ragnar) >= 0.95
    said = what_raises(model, X, row_of(X, ragnar), top=10)
    for reason in ("heart_failure", "admission_unplanned", "lives_alone", "home_care"):
        assert reason in said
    assert "diabetes" in said or "insulins" in said
    assert "falls" not in said


def test_a_recorded_fall_is_one_more_reason(frailty: Fitted, personas: pl.DataFrame):
    _, X, model = frailty
    fallen = person(personas, "Ragnar", "with a recorded fall")
    assert "falls" in what_raises(model, X, row_of(X, fallen), top=12)
    risk = model.predict_risk(X)
    assert risk[row_of(X, fallen)] > risk[row_of(X, person(personas, "Ragnar", "no recorded fall"))]


@pytest.mark.parametrize("name", rs.conditions.available())
def test_hilda_is_outside_and_the_flow_says_so(name: str, registers: Registers, personas: pl.DataFrame):
    target = rs.target_population(rs.conditions.load(name), registers, AS_OF)
    assert person(personas, "Hilda", "^10 years") not in target.people["person_id"].to_list()
    rows = {part: target.flow.filter(part=part)["rows"].sum() for part in ("start", "left_out", "included")}
    assert rows["left_out"] + rows["included"] == rows["start"]
    assert target.flow["people"][0] == registers.scan("persons").collect().height


@pytest.mark.parametrize(("name", "age"), [("childhood_obesity", "18 months"), ("frailty", "75 years")])
def test_seeking_care_ten_times_as_often_is_no_risk(name: str, age: str, registers: Registers, personas: pl.DataFrame):
    _, X, model = fitted(rs.conditions.load(name), registers)
    twins = personas.filter(pl.col("name").str.contains(age))["person_id"].to_list()
    assert len(twins) == 2
    visits = registers.scan("contacts").filter(pl.col("code") == "primary_care_visit")
    counts = visits.filter(pl.col("person_id").is_in(twins)).group_by("person_id").len().collect()["len"]
    assert counts.max() >= 5 * counts.min()
    risk = model.predict_risk(X)
    ranks = [rank_of(X, risk, each) for each in twins]
    assert abs(ranks[0] - ranks[1]) < 0.005
