"""A thousand simulated people (CMS public-use file, OMOP CDM 5.3): every row accounted for, and a study on it."""

from datetime import date

import polars as pl
import pytest

import riskstrat as rs
from reference_files import BESIDE, needs_beside
from riskstrat.declare import (
    Age,
    Condition,
    Count,
    Death,
    Ever,
    FirstEvent,
    LocalisedText,
    OnDate,
    Population,
    Sex,
    Wording,
)
from riskstrat.estimators import Logistic
from riskstrat.intake.conversion import ConversionResult
from riskstrat.intake.omop import from_omop

DATA = BESIDE / "realdata" / "omop_synpuf1k"
pytestmark = needs_beside("realdata/omop_synpuf1k", "no licence file")

ATRIAL_FIBRILLATION, HYPERTENSION, DIABETES, KIDNEY = "313217", "320128", "201826", "46271022"
INDEX, AS_OF = date(2009, 7, 1), date(2010, 12, 1)
CONDITION = Condition(
    name="atrial_fibrillation",
    title=LocalisedText(en="Atrial fibrillation within a year", sv="Förmaksflimmer inom ett år"),
    wording=Wording(
        people=LocalisedText(en="the insured", sv="försäkrade"),
        outcome=LocalisedText(en="have atrial fibrillation within a year", sv="får förmaksflimmer inom ett år"),
        cases=LocalisedText(en="cases", sv="fall"),
    ),
    population=Population(age_years=(65, 120)),
    index=OnDate(date=INDEX),
    outcome=FirstEvent(register="diagnoses", codes=ATRIAL_FIBRILLATION, washout="ever"),
    competing=Death(),
    horizon="1y",
    features=(
        Age(),
        Sex(),
        *(Ever(register="diagnoses", codes=code) for code in (HYPERTENSION, DIABETES, KIDNEY)),
        Count(register="prescriptions", codes="*", within="1y"),
        Count(register="measurements", codes="85025, 80053", within="1y"),
    ),
)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> ConversionResult:
    return from_omop(DATA, tmp_path_factory.mktemp("omop") / "registers")


def test_every_row_is_accounted_for(converted: ConversionResult):
    found = {
        path.stem: (
            pl.read_parquet(path).height,
            *(converted.account.rows_of(path.stem, outcome) for outcome in ("read", "kept", "rejected", "merged")),
        )
        for path in DATA.glob("*.parquet")
    }
    assert found == {
        "person": (1_000, 1_000, 1_000, 0, 0),
        "observation_period": (1_000, 1_000, 1_000, 0, 0),
        "death": (52, 52, 52, 0, 0),
        "condition_era": (99_855, 99_855, 99_637, 218, 0),
        "drug_era": (56_257, 56_257, 56_257, 0, 0),
        "measurement": (34_556, 34_556, 34_556, 0, 0),
        "observation": (19_339, 19_339, 19_339, 0, 0),
    }
    assert converted.account.ignored == ()
    rejected_rows = pl.read_parquet(converted.folder / "rejected" / "condition_era.parquet")
    assert rejected_rows["rule"].unique().to_list() == ["no code"]
    assert rejected_rows["condition_concept_id"].unique().to_list() == [0]


def test_what_was_kept_is_what_there_was(converted: ConversionResult):
    registers = rs.open_registers(converted.folder)
    assert registers.rejected().is_empty()
    eras = pl.read_parquet(DATA / "condition_era.parquet").filter(pl.col("condition_concept_id") != 0)
    keys = ["person_id", "date", "code", "end_date"]
    expected = eras.select(
        "person_id",
        date="condition_era_start_date",
        code=pl.col("condition_concept_id").cast(pl.String),
        end_date="condition_era_end_date",
    )
    found = registers.scan("diagnoses").select(keys).collect()
    assert found.sort(keys).equals(expected.sort(keys))
    persons = registers.scan("persons").collect()
    assert persons["sex"].value_counts(sort=True).rows() == [("female", 539), ("male", 461)]
    assert persons["death_date"].count() == 52
    assert registers.manifest.data_end == date(2010, 12, 31)


def test_the_cohort_is_that_of_a_reading_by_hand(converted: ConversionResult):
    registers = rs.open_registers(converted.folder)
    cohort = rs.build_cohort(CONDITION, registers, AS_OF)
    read = {path.stem: pl.read_parquet(path) for path in DATA.glob("*.parquet")}
    first = (
        read["condition_era"]
        .filter(pl.col("condition_concept_id") == int(ATRIAL_FIBRILLATION))
        .group_by("person_id")
        .agg(first=pl.col("condition_era_start_date").min())
    )
    people = (
        read["observation_period"]
        .join(first, on="person_id", how="left")
        .join(read["death"].select("person_id", "death_date"), on="person_id", how="left")
        .filter(pl.col("observation_period_start_date") < INDEX, pl.col("observation_period_end_date") >= INDEX)
        .join(read["person"], on="person_id")
        .filter(pl.date("year_of_birth", "month_of_birth", "day_of_birth") <= date(1944, 7, 1))
        .filter(pl.col("first").is_null() | (pl.col("first") > INDEX))
        .filter(pl.col("death_date").is_null() | (pl.col("death_date") > INDEX))
    )
    last = pl.min_horizontal(pl.lit(date(2010, 7, 1)), "observation_period_end_date")
    cases = people.filter(pl.col("first") <= last)
    assert sorted(cohort.people["person_id"]) == sorted(people["person_id"])
    assert sorted(cohort.people.filter(event=1)["person_id"]) == sorted(cases["person_id"])
    assert len(cases) > 40


def test_a_model_is_fitted_on_it_without_areas(converted: ConversionResult):
    registers = rs.open_registers(converted.folder)
    cohort = rs.build_cohort(CONDITION, registers, AS_OF)
    X = rs.build_features(CONDITION.features, cohort, registers)
    assert X.height == cohort.people.height
    risk = Logistic(horizon_days=cohort.horizon_days).fit(X, cohort.outcome).predict_risk(X)
    assert 0 < risk.min() < risk.max() < 1


@pytest.mark.slow
def test_the_main_job_runs(converted: ConversionResult):
    registers = rs.open_registers(converted.folder)
    study = rs.run(CONDITION, registers, AS_OF, rs.Settings(bootstrap_draws=50))
    assert study.areas is None
    assert study.performance.estimate("auc") > 0.5
