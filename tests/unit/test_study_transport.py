"""A model taken to other people: what moved, what must change, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from commands import riskstrat
from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import Candidate, Condition
from riskstrat.errors import ContractError, UsageError
from riskstrat.publication import Published
from riskstrat.publication.composition import release_record
from riskstrat.publication.display import display
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study
from riskstrat.records.transport import SENTENCES, Transport
from riskstrat.registers import Registers
from riskstrat.reports.page import page_of
from riskstrat.study import StudyData, fit, prepare, transport
from riskstrat.synthetic import write_municipality
from riskstrat.tracking.runs import tracked_run
from riskstrat.validation import input_drift
from riskstrat.validation.input_drift import summarise_inputs

SETTINGS = replace(QUICK, candidates=(Candidate("Logistic"),))


@pytest.fixture(scope="module")
def model(small_municipality: Registers, frailty: Condition) -> RiskModel:
    return fit(prepare(frailty, small_municipality, AS_OF, SETTINGS))


@pytest.fixture(scope="module")
def new_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_municipality(5_000, 77, Path(tmp_path_factory.mktemp("elsewhere"), "registers"))


@pytest.fixture(scope="module")
def elsewhere(new_place: Path, frailty: Condition) -> StudyData:
    return prepare(frailty, rs.open_registers(new_place), AS_OF, SETTINGS)


class TooHigh:
    """The same model with risks that are far too high."""

    def __init__(self, recalibration: object) -> None:
        self.recalibration = recalibration

    def apply(self, risk: np.ndarray) -> np.ndarray:
        return 1 - (1 - self.recalibration.apply(risk)) ** 3


def test_a_model_at_another_level_is_brought_to_the_level_of_the_new_place(model: RiskModel, elsewhere: StudyData):
    wrong = replace(model, recalibration=TooHigh(model.recalibration))
    moved = transport(wrong, elsewhere)
    assert moved.recommendation in {"in_the_large", "slope", "isotonic"}
    assert moved.as_it_is.estimate("observed_expected") < 0.6
    assert moved.recalibrated.estimate("observed_expected") == pytest.approx(1, abs=0.1)
    assert moved.recalibrated.estimate("auc") == pytest.approx(moved.as_it_is.estimate("auc"), abs=0.01)
    risk = moved.model.predict_risk(elsewhere.training.X)
    assert risk.mean() < 0.7 * wrong.predict_risk(elsewhere.training.X).mean()


def test_where_a_model_was_taken_to_is_part_of_it(model: RiskModel, elsewhere: StudyData):
    moved = transport(model, elsewhere)
    named = elsewhere.noise.digest(elsewhere.source.fingerprint)
    assert [place.fingerprint for place in moved.model.moved_to] == [named]
    assert moved.model.digest != model.digest
    twice = transport(moved.model, elsewhere)
    assert len(twice.model.moved_to) == 2
    assert twice.recommendation in {"none", "refit"}


def test_a_model_that_is_no_better_than_age_and_sex_is_to_be_fitted_anew(model: RiskModel, elsewhere: StudyData):
    class Shuffled:
        def apply(self, risk: np.ndarray) -> np.ndarray:
            age = elsewhere.training.X["age_years"].to_numpy()
            random = np.random.default_rng(0).normal(0, 1, len(risk))
            return 1 / (1 + np.exp(-(age / 40 - 4 + random)))

    moved = transport(replace(model, recalibration=Shuffled()), elsewhere)
    assert moved.recommendation == "refit"
    assert "age and sex" in moved.sentence.en


def test_the_same_data_and_another_condition_are_refused(
    model: RiskModel, small_municipality: Registers, frailty: Condition, elsewhere: StudyData
):
    with pytest.raises(UsageError, match="these very data"):
        transport(model, prepare(frailty, small_municipality, AS_OF, SETTINGS))
    other = replace(
        elsewhere, condition=replace(frailty, features=frailty.features[:3], subgroups=(), sensitivities=())
    )
    with pytest.raises(UsageError, match="declared differently"):
        transport(model, other)


AUC_OF_ALL = (pl.col("metric") == "auc") & (pl.col("group") == "all")


@pytest.fixture(scope="module")
def moved(municipality_study: Study, elsewhere: StudyData) -> Transport:
    return transport(municipality_study.model, elsewhere)


@pytest.fixture(scope="module")
def taken(municipality_study: Study, moved: Transport) -> Published:
    return rs.publish(municipality_study, elsewhere=[moved])


def test_what_was_found_elsewhere_is_published_and_shown_in_both_languages(taken: Published):
    (place,) = taken.frame("elsewhere").to_dicts()
    assert set(taken.tables) >= {f"{name}_elsewhere_1" for name in ("inputs", "tests", "metrics_recalibrated")}
    shown = taken.frame("metrics_as_it_is_elsewhere_1").row(by_predicate=AUC_OF_ALL, named=True)
    for language, title in (("en", "What happens in other places?"), ("sv", "Hur går det på andra platser?")):
        page = unescape(page_of(taken, language))
        assert title in page
        assert SENTENCES[place["recommendation"]].in_language(language) in page
        assert f"{shown['estimate']:.2f}".replace(".", "," if language == "sv" else ".") in page


def test_what_is_shown_has_no_more_digits_than_two_and_keeps_the_rule(moved: Transport):
    tables = release_record(moved)
    assert set(tables) >= {"inputs", "tests", "metrics_as_it_is", "metrics_recalibrated"}
    stability = tables["inputs"].frame["population_stability"].drop_nulls()
    assert all(float(f"{value:.2g}") == pytest.approx(value) for value in stability)
    assert "population_stability" in display(moved)


def test_mlflow_keeps_metrics_and_tables_of_other_places(taken: Published):
    kept = tracked_run(taken)
    assert {"as_it_is_elsewhere_1.auc", "recalibrated_elsewhere_1.observed_expected"} <= {*kept.metrics}
    assert "tables/elsewhere.csv" in kept.files


def test_what_was_found_of_another_model_is_refused(municipality_study: Study, moved: Transport):
    later = replace(moved.model, provenance=replace(moved.model.provenance, as_of=date(2023, 1, 1)))
    with pytest.raises(UsageError, match="another model"):
        rs.publish(municipality_study, elsewhere=[replace(moved, model=later)])


def test_the_level_of_a_recalibrated_model_is_that_of_protected_outcomes(model: RiskModel, elsewhere: StudyData):
    wrong = replace(model, recalibration=TooHigh(model.recalibration))
    exact, protected = (
        transport(wrong, replace(elsewhere, noise=noise)).model.predict_risk(elsewhere.training.X).sum()
        for noise in (None, elsewhere.noise)
    )
    assert 0 < abs(exact / protected - 1) < 0.05


def test_the_command_takes_a_saved_model_elsewhere_and_saves_it_recalibrated(
    municipality_study: Study, small_municipality: Registers, new_place: Path, tmp_path: Path
):
    saved = rs.save_model(municipality_study, tmp_path / "home")
    out, moved = tmp_path / "out", tmp_path / "moved"
    done = riskstrat("transport", saved, "--registers", new_place, "--out", out, "--save", moved)
    assert done.returncode == 0, done.stderr
    assert "as_it_is: auc" in done.stdout
    assert "recalibrated: auc" in done.stdout
    assert (out / "metrics_recalibrated.parquet").is_file()
    home, there = rs.load_model(saved), rs.load_model(moved)
    assert home.digest != there.digest
    (place,) = there.moved_to
    assert place.fingerprint != rs.open_registers(new_place).fingerprint
    again = riskstrat("transport", saved, "--registers", small_municipality.folder, "--as-of", AS_OF.isoformat())
    assert (again.returncode, "these very data" in again.stderr) == (2, True)


@pytest.mark.slow
def test_a_run_tests_its_models_in_other_places(small_municipality: Registers, new_place: Path, tmp_path: Path):
    day, out = AS_OF.isoformat(), tmp_path / "out"
    places = ("--registers", small_municipality.folder, "--elsewhere", new_place, "--as-of", day)
    done = riskstrat(
        "run", "frailty", *places, "--candidates", "Logistic", "--language", "en", "--no-track", "--out", out
    )
    assert done.returncode == 0, done.stderr
    assert "What happens in other places?" in (out / "frailty_en.html").read_text(encoding="utf-8")
    assert "has not been tested" not in (out / "frailty_card_en.md").read_text(encoding="utf-8")


PEOPLE = 2_000
X = pl.DataFrame(
    {
        "person_id": np.arange(PEOPLE),
        "index_date": [date(2020, 1, 1)] * PEOPLE,
        "age_years": np.random.default_rng(0).normal(60, 10, PEOPLE),
        "visits": np.random.default_rng(1).poisson(0.4, PEOPLE).astype(float),
        "seldom": [1.0] * 50 + [None] * (PEOPLE - 50),
    }
)


def test_the_index_is_the_sum_over_bins_worked_by_hand():
    before = pl.DataFrame({"person_id": range(1000), "x": [0.0] * 600 + [1.0] * 400})
    now = pl.DataFrame({"person_id": range(1000), "x": [0.0] * 300 + [1.0] * 500 + [None] * 200})
    row = input_drift(summarise_inputs(before), now).row(0, named=True)
    by_hand = (0.3 - 0.6) * np.log(0.3 / 0.6) + (0.5 - 0.4) * np.log(0.5 / 0.4) + (0.2 - 1e-4) * np.log(0.2 / 1e-4)
    assert row["population_stability"] == pytest.approx(by_hand)
    assert (row["missing_before"], row["missing_now"]) == (0, pytest.approx(0.2))
    assert row["standardised_difference"] == pytest.approx((0.625 - 0.4) / before["x"].std(), rel=0.01)


def test_no_drift_within_the_same_people_and_much_where_everybody_is_older():
    summary = summarise_inputs(X)
    same = input_drift(summary, X)
    assert same["population_stability"].drop_nulls().max() < 1e-4
    assert not same["marked"].any()
    older = input_drift(summary, X.with_columns(pl.col("age_years") + 15))
    row = older.row(0, named=True)
    assert (row["column"], row["marked"]) == ("age_years", True)
    assert row["standardised_difference"] == pytest.approx(1.5, abs=0.05)
    assert row["outside"] > 0.1


@pytest.mark.parametrize(
    "values", [[None] * PEOPLE, [np.nan] * PEOPLE, [9_999.0] * PEOPLE, [-1.0, 0.5] * (PEOPLE // 2)]
)
def test_empty_bins_all_missing_and_unseen_values_stay_finite(values: list[float | None]):
    now = X.with_columns(visits=pl.Series(values, dtype=pl.Float64))
    row = input_drift(summarise_inputs(X), now).row(by_predicate=pl.col("column") == "visits", named=True)
    assert row["missing_now"] in (0, 1)
    assert row["population_stability"] is None or np.isfinite(row["population_stability"])
    assert row["marked"] or row["missing_now"] == 1


def test_a_column_known_for_few_persons_has_no_summary_and_no_drift():
    summary = summarise_inputs(X)
    few = summary.row(by_predicate=pl.col("column") == "seldom", named=True)
    assert all(value is None for name, value in few.items() if name != "column")
    row = input_drift(summary, X).row(by_predicate=pl.col("column") == "seldom", named=True)
    assert row["population_stability"] is None


def test_every_bin_of_a_summary_holds_a_hundred_persons():
    for row in summarise_inputs(X).drop_nulls("persons").iter_rows(named=True):
        values = X[row["column"]].drop_nulls().to_numpy()
        counts = np.bincount(np.searchsorted(row["edges"], values), minlength=len(row["edges"]) + 1)
        assert counts.min() >= 100


def test_columns_that_lack_are_named():
    with pytest.raises(ContractError, match="age_years, visits"):
        input_drift(summarise_inputs(X), X.drop("age_years", "visits"))
