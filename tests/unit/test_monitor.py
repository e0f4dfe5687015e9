"""What monitoring must notice: features that vanish or appear, categories nobody had, outcomes at another level."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from commands import riskstrat
from fixture_municipality import AS_OF
from riskstrat.artefacts import StoredModel
from riskstrat.cli.score import _is_off
from riskstrat.records.cohort import Cohort
from riskstrat.records.omission import Omission
from riskstrat.records.study import Study
from riskstrat.records.validation import Validation
from riskstrat.registers import Registers
from riskstrat.validation import input_drift
from riskstrat.validation.input_drift import summarise_inputs

N = 4_000
BEFORE = pl.DataFrame(
    {
        "person_id": range(N),
        "value": np.random.default_rng(0).normal(0, 1, N),
        "flag": [1.0 if i % 50 == 0 else 0.0 for i in range(N)],
        "constant": [1.0] * N,
        "rare": [1.0 if i < 50 else None for i in range(N)],
    }
)


def row(now: pl.DataFrame, column: str) -> dict[str, object]:
    return input_drift(summarise_inputs(BEFORE), now).filter(column=column).row(0, named=True)


def changed(**columns: object) -> pl.DataFrame:
    return BEFORE.with_columns(**{name: pl.lit(value, pl.Float64) for name, value in columns.items()})


def test_a_summary_is_of_a_hundred_persons_or_more_and_holds_nobodys_value():
    summary = {each["column"]: each for each in summarise_inputs(BEFORE).iter_rows(named=True)}
    assert summary["rare"]["persons"] is None, "50 persons have it"
    low, high = BEFORE["value"].quantile(0.01, "linear"), BEFORE["value"].quantile(0.99, "linear")
    told = summary["value"]
    assert (told["lower"], told["upper"]) == (float(f"{low:.3g}"), float(f"{high:.3g}"))
    numbers = [*told["edges"], *told["shares"], told["mean"], told["standard_deviation"]]
    assert numbers == [float(f"{each:.3g}") for each in numbers]
    assert min(told["shares"]) * N >= 100


def test_the_same_people_have_not_moved():
    assert not input_drift(summarise_inputs(BEFORE), BEFORE)["marked"].any()


@pytest.mark.parametrize("column", ["value", "flag", "constant"])
def test_a_feature_that_nobody_has_any_more_is_marked(column: str):
    gone = row(changed(**{column: None}), column)
    assert (gone["missing_now"], gone["marked"], gone["standardised_difference"]) == (1.0, True, None)


def test_a_feature_that_hardly_anybody_had_is_marked_when_it_appears():
    assert row(changed(rare=1.0), "rare")["marked"]
    assert not row(BEFORE.with_columns(rare=pl.lit(None, pl.Float64)), "rare")["marked"]


def test_a_category_that_nobody_had_is_marked_where_it_is_common():
    """Codes 0 and 1 were known; a quarter of the people now have 2."""
    new = BEFORE.with_columns(constant=pl.when(pl.col("person_id") % 4 == 0).then(2.0).otherwise(1.0))
    assert row(new, "constant")["outside"] == 0.25
    assert row(new, "constant")["marked"]


def test_empty_bins_give_finite_numbers():
    only = BEFORE.with_columns(value=pl.lit(5.0))
    stability = row(only, "value")["population_stability"]
    assert np.isfinite(stability)
    assert stability > 1


@pytest.fixture(scope="module")
def saved(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rs.save_model(municipality_study.model, tmp_path_factory.mktemp("models") / "frailty")


@pytest.fixture(scope="module")
def stored(saved: Path) -> StoredModel:
    return rs.load_model(saved)


def test_outcomes_are_those_of_the_last_year_that_can_be_judged(stored: StoredModel, small_municipality: Registers):
    found = stored.outcomes(small_municipality, AS_OF)
    assert isinstance(found, Validation)
    cohort = rs.build_cohort(stored.condition, small_municipality, AS_OF).direct
    last = cohort.people.filter(pl.col("index_date") == pl.col("index_date").max())
    assert found.persons.filter(group="all")["persons"].item() == last["person_id"].n_unique()
    assert found.estimate("observed_expected") == pytest.approx(1, abs=0.5)


def one_class(cohort: Cohort, event: int) -> Cohort:
    people = cohort.people.with_columns(event=pl.lit(event, pl.Int8), duration_days=pl.lit(float(cohort.horizon_days)))
    return replace(cohort, people=people)


@pytest.mark.parametrize("event", [0, 1])
def test_a_last_year_of_one_class_is_a_sentence(
    stored: StoredModel, small_municipality: Registers, monkeypatch: pytest.MonkeyPatch, event: int
):
    from riskstrat.artefacts import stored_model

    whole = stored_model.build_cohort
    monkeypatch.setattr(stored_model, "build_cohort", lambda *given: one_class(whole(*given), event))
    found = stored.outcomes(small_municipality, AS_OF)
    assert isinstance(found, Omission)
    assert found.reason.en


def test_registers_too_short_for_any_outcome_are_a_sentence(stored: StoredModel, small_municipality: Registers):
    assert isinstance(stored.outcomes(small_municipality, date(2010, 6, 1)), Omission)


def test_an_interval_wholly_outside_the_limits_is_drift():
    within = ({"estimate": 1.3, "lower": 1.1, "upper": 1.5}, {"estimate": 0.7, "lower": 0.5, "upper": 0.9}, None)
    outside = ({"estimate": 1.6, "lower": 1.3, "upper": 1.9}, {"estimate": 0.5, "lower": 0.4, "upper": 0.7})
    assert [_is_off(each) for each in (*within, *outside)] == [False] * 3 + [True] * 2


def test_the_command_says_what_moved_and_leaves_with_8(
    saved: Path, small_municipality: Registers, monkeypatch: pytest.MonkeyPatch
):
    """The register of measurements ends: nobody has a value any more."""
    from riskstrat.artefacts import stored_model

    whole = stored_model.build_features

    def emptied(*given: object) -> pl.DataFrame:
        X = whole(*given)
        return X.with_columns(pl.lit(None, pl.Float32).alias("age_years"))

    monkeypatch.setattr(stored_model, "build_features", emptied)
    arguments = ("monitor", saved, "--registers", small_municipality.folder, "--as-of", AS_OF.isoformat())
    done = riskstrat(*arguments, "--json")
    assert done.returncode == 8
    assert "age_years" in done.stderr
    assert "age_years" in [each["column"] for each in json.loads(done.stdout)["moved"]]
