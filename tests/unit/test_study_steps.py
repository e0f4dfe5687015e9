"""The steps of a study on a small real municipality: each step, and each part that may be missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import AllCauseDeath, Candidate, Condition, Settings
from riskstrat.errors import DesignError, UsageError
from riskstrat.estimators import Weighted
from riskstrat.records.cohort import Cohort
from riskstrat.records.model import RiskModel
from riskstrat.records.omission import Omission
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.study import (
    Comparison,
    StudyData,
    compare,
    compare_areas,
    estimate_area_results,
    evaluate,
    fit,
    plan,
    prepare,
    without,
)
from riskstrat.study import data as study_data


@pytest.fixture(scope="module")
def data(small_municipality: Registers, frailty: Condition) -> StudyData:
    return prepare(frailty, small_municipality, AS_OF, QUICK)


@pytest.fixture(scope="module")
def comparison(data: StudyData) -> Comparison:
    return compare(data)


@pytest.fixture(scope="module")
def model(data: StudyData, comparison: Comparison) -> RiskModel:
    return fit(data, comparison)


def test_prepared_rows_are_covered_and_in_one_order(data: StudyData):
    training = data.training
    assert training.cohort.people["horizon_covered"].all()
    assert training.X.select("person_id", "index_date").equals(training.cohort.people.select("person_id", "index_date"))
    assert data.target.X["person_id"].equals(data.target.target.people["person_id"])
    assert set(data.splits) == {"person", "time", "area"}
    assert set(data.families) >= set(training.X.columns) - {"person_id", "index_date"}


def test_a_model_is_a_value_without_rows_about_persons(model: RiskModel, data: StudyData):
    assert model.columns == tuple(data.training.X.columns)
    assert model.provenance.fingerprint == data.source.fingerprint
    assert model.summary["persons"].drop_nulls().min() >= 100
    held = [value for value in vars(model).values() if isinstance(value, pl.DataFrame | np.ndarray)]
    assert all(len(value) == len(model.columns) - 2 for value in held)
    assert len(repr(model)) < 2000


def test_the_summary_aggregates_the_training_data(model: RiskModel, data: StudyData):
    row = model.summary.row(by_predicate=pl.col("column") == "age_years", named=True)
    ages = data.training.X["age_years"]
    assert row["mean"] == pytest.approx(ages.mean(), rel=5e-3)
    assert row["upper"] == pytest.approx(ages.quantile(0.99), rel=5e-3)
    assert row["persons"] == data.training.cohort.people["person_id"].n_unique()


def test_a_column_known_for_few_persons_leaves_no_aggregate(data: StudyData, comparison: Comparison):
    few = pl.Series([1.0] * 99 + [None] * (data.training.X.height - 99))
    X = data.training.X.with_columns(few.alias("known_for_few"))
    training = replace(data.training, X=X)
    found = fit(replace(data, training=training), comparison)
    row = found.summary.row(by_predicate=pl.col("column") == "known_for_few", named=True)
    assert all(value is None for name, value in row.items() if name != "column")


class Unexplained(Weighted):
    """A classifier that says nothing about its reasons."""

    def __init__(self, *, horizon_days: float) -> None:
        super().__init__(HistGradientBoostingClassifier(max_iter=5), horizon_days=horizon_days)


def test_models_of_time_and_models_without_reasons_are_candidates_but_these_carry_no_plan(data: StudyData):
    names = ("FineGray", "DiscreteTime", "Unexplained")
    candidates = (Candidate("FineGray", penalty=10), *map(Candidate, names[1:]))
    asked = replace(data, settings=replace(data.settings, candidates=candidates))
    compared = compare(asked)
    assert {*compared.scores["name"]} == {*(each.label for each in candidates), "AgeSex"}
    assert compared.chosen != candidates[2]
    assert compared.scores.filter(~pl.col("explained"))["name"].to_list() == ["Unexplained"]
    with pytest.raises(UsageError, match=r"Unexplained chosen.*FineGray\(penalty=10\), DiscreteTime, AgeSex"):
        fit(asked, replace(compared, chosen=candidates[2]))
    assert fit(asked, replace(compared, chosen=candidates[1])).candidate == candidates[1]


def test_a_models_risks_are_recalibrated(model: RiskModel, data: StudyData):
    raw = model.estimator.predict_risk(data.target.X)
    found = model.predict_risk(data.target.X)
    assert found == pytest.approx(model.recalibration.apply(raw))
    assert not np.allclose(found, raw, rtol=1e-6)


def test_the_comparison_may_be_left_out(data: StudyData, model: RiskModel, comparison: Comparison):
    assert np.array_equal(fit(data).predict_risk(data.target.X), model.predict_risk(data.target.X))
    alone, given = (evaluate(data, model, each) for each in (None, comparison))
    assert alone.checks["person"].table.equals(given.checks["person"].table)


def test_a_study_of_few_persons_says_in_both_languages_how_many_its_model_needs(municipality_study: Study):
    size, notes = municipality_study.evaluation.sample_size, municipality_study.evaluation.notes
    assert size["criterion"].to_list() == ["shrinkage", "optimism", "overall_risk"]
    assert not size["enough"].all()
    assert set(notes) < set(municipality_study.notes)
    assert all("Riley" in each.en and "Riley" in each.sv for each in notes)


def test_run_takes_the_same_steps(municipality_study: Study, data: StudyData, comparison: Comparison, model: RiskModel):
    results = estimate_area_results(data, model)
    assert not isinstance(results, Omission)
    assert municipality_study.scores.equals(comparison.scores)
    assert municipality_study.areas.table.equals(results.estimates.table)
    assert municipality_study.plan.units.equals(plan(data, results).areas.units)
    assert municipality_study.model.digest == model.digest
    assert np.array_equal(municipality_study.target_risk, results.target_risk)


def test_features_are_left_out_by_column_register_or_family(data: StudyData):
    fewer = without(data, ["contacts", "area", "born_in_asia_africa_south_america"])
    gone = set(data.training.X.columns) - set(fewer.training.X.columns)
    assert {"count_contacts_admission_unplanned_1y", "area_care_need_index"} < gone
    assert "contacts__observed_share" in gone
    assert not any(name.startswith("contacts__") for name in fewer.training.X.columns)
    assert set(fewer.families) <= set(fewer.training.X.columns)
    assert fewer.target.X.columns == fewer.training.X.columns
    assert data.training.X.width > fewer.training.X.width


def test_checks_are_still_by_the_groups_that_left_out_features_make(data: StudyData, model: RiskModel):
    fewer = without(without(data, ["area"]), ["born_in_asia_africa_south_america"])
    comparison = compare(fewer)
    groups = evaluate(fewer, fit(fewer, comparison), comparison).checks["person"].table["group"].unique()
    assert any(group.startswith("deprivation_quintile=") for group in groups)
    areas = estimate_area_results(data, model).estimates
    found = compare_areas(areas, estimate_area_results(fewer, fit(fewer, comparison)).estimates)
    assert found["depends"].to_list() == (found["class"] != found["class_without"]).to_list()
    assert not compare_areas(areas, areas)["depends"].any()


def test_what_is_left_out_must_be_there(data: StudyData):
    with pytest.raises(UsageError) as caught:
        without(data, ["contact", "areas"])
    assert len(caught.value.problems) == 2
    assert "contacts" in str(caught.value)
    with pytest.raises(UsageError, match="no feature left"):
        without(data, sorted(set(data.families.values())))


def test_a_study_with_a_leak_ends_before_models_are_fitted(
    small_municipality: Registers, frailty: Condition, monkeypatch: pytest.MonkeyPatch
):
    built = study_data.build_features

    def with_leak(features: object, cohort: Cohort, registers: Registers) -> pl.DataFrame:
        return built(features, cohort, registers).with_columns(written_later=cohort.people["event"] == 1)

    monkeypatch.setattr(study_data, "build_features", with_leak)
    with pytest.raises(DesignError, match=r"X\.written_later: a column that alone tells who had the outcome"):
        prepare(frailty, small_municipality, AS_OF, QUICK)


def test_progress_rises_to_the_end(small_municipality: Registers, frailty: Condition):
    told: list[tuple[str, float]] = []
    rs.run(frailty, small_municipality, AS_OF, QUICK, progress=lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1
    assert len({step for step, _ in told}) >= 4


@pytest.mark.parametrize(
    ("changed", "model_changes"),
    [
        ({"budget_sek": 1.0}, False),
        ({"min_count": 20}, False),
        ({"rounding": 10}, False),
        ({"posterior_draws": 1_000}, False),
        ({"bootstrap_draws": 60}, False),
        ({"area_folds": 3}, False),
        ({"strata": ("area_id", "sex")}, False),
        ({"seed": 1}, True),
        ({"folds": 3}, True),
        ({"candidates": (Candidate("Boosting"),)}, True),
        ({"candidates": (Candidate("Boosting", max_leaf_nodes=3),)}, True),
    ],
)
def test_the_two_digests(municipality_study: Study, changed: dict[str, object], *, model_changes: bool):
    settings = replace(QUICK, **changed)
    model = municipality_study.model
    moved = replace(model, settings=settings)
    study = replace(municipality_study, settings=settings, model=moved)
    assert (moved.digest != model.digest) == model_changes
    assert study.digest != municipality_study.digest


def test_a_programme_changes_the_study_and_not_the_model(municipality_study: Study):
    condition = replace(municipality_study.condition, programmes=())
    model = replace(municipality_study.model, condition=condition)
    study = replace(municipality_study, condition=condition, model=model)
    assert model.digest == municipality_study.model.digest
    assert study.digest != municipality_study.digest


def test_the_as_of_date_and_the_data_change_the_model(municipality_study: Study):
    model = municipality_study.model
    for changed in ({"as_of": date(2023, 1, 1)}, {"fingerprint": "other"}, {"version": "other"}):
        assert replace(model, provenance=replace(model.provenance, **changed)).digest != model.digest


def omitted(study: Study) -> dict[str, str]:
    return {omission.part: omission.reason.en for omission in study.omissions}


def test_nothing_is_missing_without_being_told(municipality_study: Study):
    parts = {
        "validation_in_time": "time" in municipality_study.checks,
        "areas": municipality_study.areas is not None,
        "plan": municipality_study.plan is not None,
        "strata_plan": municipality_study.strata_plan is not None,
    }
    assert {part for part, there in parts.items() if not there} == set(omitted(municipality_study)) & set(parts)
    assert "strata_plan" in omitted(municipality_study)  # 3,000 inhabitants in 51 areas are too few for strata of 50


def test_without_facts_about_areas_only_inequality_is_missing(data: StudyData, model: RiskModel):
    target = replace(data.target, care_need=None)
    results = estimate_area_results(replace(data, target=target), model)
    assert not isinstance(results, Omission)
    assert [omission.part for omission in results.omissions] == ["inequality"]


def test_without_any_area_there_are_no_area_results(data: StudyData, model: RiskModel):
    cohort = data.training.cohort
    people = cohort.people.with_columns(pl.lit(None, pl.String).alias("area_id"))
    splits = {name: split for name, split in data.splits.items() if name != "area"}
    training = replace(data.training, cohort=replace(cohort, people=people))
    found = estimate_area_results(replace(data, training=training, splits=splits), model)
    assert isinstance(found, Omission)
    assert found.part == "areas"


def test_where_nearly_all_live_in_the_same_areas_there_are_no_area_results(data: StudyData, model: RiskModel):
    events, split = data.training.cohort.people["event"].to_numpy(), data.splits["area"]
    few = (split.train[0][events[split.train[0]] != 1], *split.train[1:])
    found = estimate_area_results(replace(data, splits={**data.splits, "area": replace(split, train=few)}), model)
    assert isinstance(found, Omission)
    assert "nearly all live in the same areas" in found.reason.en


def test_without_a_programme_there_is_no_plan(data: StudyData, model: RiskModel):
    results = estimate_area_results(data, model)
    plans = plan(replace(data, condition=replace(data.condition, programmes=())), results)
    assert isinstance(plans.areas, Omission)
    assert isinstance(plans.strata, Omission)


def test_without_an_earlier_landmark_nothing_is_tested_in_time(
    data: StudyData, comparison: Comparison, model: RiskModel
):
    late = replace(data.splits["time"], train=(), test=())
    found = evaluate(replace(data, splits={**data.splits, "time": late}), model, comparison)
    assert set(found.checks) == {"person"}
    assert [omission.part for omission in found.omissions] == ["validation_in_time"]


def test_too_few_outcomes_in_time_is_told(data: StudyData, comparison: Comparison, model: RiskModel):
    events = data.training.cohort.people["event"].to_numpy()
    split = data.splits["time"]
    few = tuple(rows[events[rows] != 1] for rows in split.test)
    found = evaluate(replace(data, splits={**data.splits, "time": replace(split, test=few)}), model, comparison)
    assert "too few outcomes" in found.omissions[0].reason.en


def test_the_studys_rule_travels_with_its_values(small_municipality: Registers, frailty: Condition):
    study = rs.run(frailty, small_municipality, AS_OF, replace(QUICK, min_count=20, rounding=10))
    assert study.areas is not None
    for record in (study.cohort, study.target, *study.checks.values(), study.areas, study.plan):
        assert record.disclosure == study.settings.disclosure
        assert record.disclosure.min_count == 20


def test_all_thresholds_are_settings_and_a_rule_that_contradicts_itself_is_refused_at_once():
    settings = Settings(min_people=30, min_expected=6.0, max_share=0.8)
    rule = settings.disclosure
    assert (rule.min_people, rule.min_expected, rule.max_share) == (30, 6.0, 0.8)
    assert settings.digest != Settings().digest
    assert settings.of_the_model == Settings()
    assert Settings(min_people=30, protection="none").disclosure.min_people == 1
    with pytest.raises(UsageError, match="twice the noise"):
        Settings(noise=10)


def test_units_are_as_large_as_the_settings_say(small_municipality: Registers, frailty: Condition):
    data = prepare(frailty, small_municipality, AS_OF, replace(QUICK, min_people=40))
    assert data.target.target.people.group_by("area_id").len()["len"].min() >= 40


def test_settings_of_the_model_leave_out_what_changes_no_risk():
    assert Settings(budget_sek=1.0, min_count=9).of_the_model == Settings().of_the_model
    assert Settings(seed=4).of_the_model != Settings().of_the_model


def test_death_from_any_cause_is_an_outcome_of_a_whole_study(small_municipality: Registers, frailty: Condition):
    study = rs.run(replace(frailty, name="mortality", outcome=AllCauseDeath()), small_municipality, AS_OF, QUICK)
    assert study.plan is not None
    assert set(study.cohort.people["event"].unique()) == {0, 1}
