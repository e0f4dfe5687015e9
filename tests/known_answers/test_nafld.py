"""Real people, gathered by others: the Rochester Epidemiology Project (R survival, nafld), through the main job.

Copyleft data: read from beside the repository, never copied into it.
"""

from datetime import date, timedelta

import nafld
import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from reference_files import BESIDE, needs_beside
from riskstrat.estimators import AgeSex, Logistic
from riskstrat.incidence import cumulative_incidence, outcome_array
from riskstrat.records.cohort import Cohort
from riskstrat.registers import Manifest, Registers, TableManifest, write_registers
from riskstrat.validation import auc

DATA = BESIDE / "realdata" / "nafld"
pytestmark = needs_beside("realdata/nafld", "LGPL")

CODES = {"ang/isc": "angina", "heart failure": "heart_failure", "cardiac arrest": "cardiac_arrest"}
SEXES = {"F": "female", "M": "male"}
DATA_END = date(2020, 12, 31)
AS_OF = nafld.INDEX + timedelta(days=3654)
"""The first day on which all of the ten years can be known; those followed beyond it are the ones to plan for."""

TEN_YEARS = 3652.5


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    """The study as a register folder without areas; a person is resident until the end of follow-up."""
    people = pl.read_parquet(DATA / "persons.parquet")
    born = pl.date("birth_year", 1, 1)
    persons = people.select(
        "person_id",
        birth_date=born,
        birth_date_precision=pl.lit("year"),
        sex=pl.col("sex").replace_strict(SEXES),
        death_date="death_date",
    )
    residences = people.select("person_id", start_date=born, end_date="end_of_followup_date")
    tables = {
        "persons": persons,
        "residences": residences,
        "diagnoses": pl.read_parquet(DATA / "diagnoses.parquet").with_columns(pl.col("code").replace(CODES)),
        "measurements": pl.read_parquet(DATA / "measurements.parquet"),
    }
    entry = TableManifest(coverage_start=date(1950, 1, 1), delay_days=0, source="R survival, nafld")
    manifest = Manifest(name="olmsted", data_end=DATA_END, tables=dict.fromkeys(tables, entry))
    return rs.open_registers(write_registers(tmp_path_factory.mktemp("nafld") / "olmsted", tables, manifest))


@pytest.fixture(scope="module")
def cohort(registers: Registers) -> Cohort:
    return rs.build_cohort(nafld.CONDITION, registers, AS_OF)


def test_aalen_johansen_at_ten_years_equals_r():
    derived = pl.read_parquet(DATA / "nafld_cvd_derived.parquet")
    kind = next(name for name, dtype in derived.schema.items() if dtype == pl.String)
    event = derived[kind].replace_strict({"censor": 0, "cvd": 1, "death": 2}, return_dtype=pl.Int8)
    y = outcome_array(event.to_numpy(), derived["t"].to_numpy())
    found = cumulative_incidence(y, [TEN_YEARS]).filter(event=1)
    assert found["estimate"].item() == pytest.approx(0.0937088664, abs=1e-8)


def test_the_cohort_is_that_of_r(cohort: Cohort):
    """R takes out the prevalent up to day 0, as we do: the same people, and the same risk but for days of follow-up."""
    derived = pl.read_parquet(DATA / "nafld_cvd_derived.parquet")
    assert set(cohort.people["person_id"]) == set(derived["id"])
    found = cumulative_incidence(cohort.outcome, [TEN_YEARS]).filter(event=1)["estimate"].item()
    assert found == pytest.approx(0.0937088664, abs=1e-4)


def test_its_traps_are_counted(registers: Registers, cohort: Cohort):
    raw = pl.read_parquet(DATA / "measurements.parquet")
    assert raw.height - raw.unique().height == 3817
    X = rs.build_features(nafld.FEATURES, cohort, registers)
    bmi = next(column for column in X.columns if "bmi" in column)
    assert X[bmi].null_count() > 0.28 * X.height
    assert X.height == cohort.people.height
    late = registers.scan("diagnoses").join(registers.scan("residences"), on="person_id")
    assert late.filter(pl.col("date") > pl.col("end_date_right")).select(pl.len()).collect().item() == 13
    start = cohort.flow.filter(part="start")["people"].item()
    left_out = cohort.flow.filter(part="left_out")["people"].sum()
    assert start == left_out + cohort.people.height == registers.scan("persons").collect().height


def test_the_odd_predict_the_even_better_than_age_and_sex(registers: Registers, cohort: Cohort):
    X = rs.build_features(nafld.FEATURES, cohort, registers)
    odd = cohort.people["person_id"].to_numpy() % 2 == 1
    y = cohort.outcome
    risks = {
        name: kind(horizon_days=cohort.horizon_days).fit(X.filter(odd), y[odd]).predict_risk(X.filter(~odd))
        for name, kind in {"model": Logistic, "age_sex": AgeSex}.items()
    }
    held = y[~odd]
    assert auc(held, risks["model"], cohort.horizon_days) >= 0.79
    assert np.quantile(paired_gains(held, risks, cohort.horizon_days), 0.05) > 0


def paired_gains(y: np.ndarray, risks: dict[str, np.ndarray], horizon_days: int, draws: int = 200) -> np.ndarray:
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(draws):
        drawn = rng.integers(0, len(y), len(y))
        model, baseline = (auc(y[drawn], risks[name][drawn], horizon_days) for name in ("model", "age_sex"))
        gains.append(model - baseline)
    return np.array(gains)


def test_the_main_job_runs_without_areas(registers: Registers):
    study = rs.run(nafld.CONDITION, registers, AS_OF, rs.Settings(bootstrap_draws=50))
    assert study.areas is None
    assert study.plan is None
    assert study.performance.estimate("auc") > 0.75
    assert set(study.checks) == {"person"}
