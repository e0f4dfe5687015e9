"""Risk, or use of care: other outcomes, areas without contact counts, places left out, also in tables and report."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import Condition, LocalisedText, MeasuredAbove, OutcomeCheck, Sensitivity
from riskstrat.errors import DesignError, UsageError
from riskstrat.publication import publish
from riskstrat.records.cohort import Cohort
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers
from riskstrat.reports import card, page_of
from riskstrat.study import compare, estimate_area_results, evaluate, fit, prepare
from riskstrat.validation import municipality_folds, overlap

NAMED = LocalisedText(en="x", sv="x")


def test_every_check_is_repeated_by_the_subgroups_of_the_condition(municipality_study: Study):
    columns = {"sex", *(one.name for one in municipality_study.condition.subgroups)}
    for check in municipality_study.checks.values():
        assert {group.partition("=")[0] for group in check.table["group"]} >= columns
    clusters = municipality_study.checks["area"].table.filter(pl.col("group").str.starts_with("area_cluster="))
    assert clusters["group"].n_unique() == QUICK.area_folds


def test_predictions_are_tested_on_outcomes_that_need_no_care(municipality_study: Study):
    checks = municipality_study.evaluation.outcome_checks
    assert set(checks) == {"hip_fracture", "death"}
    for check in checks.values():
        assert check.estimate("observed_expected") == pytest.approx(1, abs=0.03)
        assert any(group.startswith("deprivation_quintile=") for group in check.table["group"])
    assert 0.5 < checks["death"].estimate("auc") < 1


def test_an_outcome_that_nobody_has_is_said(municipality_study: Study, municipality_steps: dict[str, object]):
    data = municipality_steps["data"]
    alive = {
        name: replace(cohort, people=cohort.people.with_columns(event=pl.lit(0, pl.Int8)))
        for name, cohort in data.training.other_outcomes.items()
    }
    given = replace(data, training=replace(data.training, other_outcomes=alive, scores={}))
    found = evaluate(given, municipality_study.model, municipality_steps["comparison"])
    assert not found.outcome_checks
    parts = {one.part for one in found.omissions}
    assert {"outcome_death", "outcome_hip_fracture"} <= parts
    # And a score that nobody has.
    assert "benchmark_hfrs" not in parts or found.checks["person"].benchmarks.is_empty()


def test_an_outcome_that_must_be_measured_is_no_check():
    measured = MeasuredAbove(register="child_health", codes="bmi_kg_m2", reference="iotf", level="obesity",
                             age_years=(3.5, 5.5), nearest_years=4.0)  # fmt: skip
    with pytest.raises(UsageError, match="known only of those who sought care"):
        OutcomeCheck(name="obesity", title=NAMED, outcome=measured)


def test_sensitivities_name_what_there_is_and_leave_something(frailty: Condition):
    def asked(*names: str) -> Condition:
        return replace(frailty, sensitivities=(Sensitivity(name="x", without=names, title=NAMED, mark=NAMED),))

    with pytest.raises(UsageError, match="did you mean 'contacts'"):
        asked("contact")
    with pytest.raises(UsageError, match="no feature is left"):
        asked(*{one.family for one in frailty.features})
    with pytest.raises(UsageError, match="these sensitivities have the same name"):
        replace(frailty, sensitivities=frailty.sensitivities[:1] * 2)


def test_areas_are_marked_where_their_class_depends_on_features(municipality_study: Study):
    results = municipality_study.area_results
    assert list(results.sensitivities) == ["care_use", "birth_region_and_deprivation"]
    for one in results.sensitivities.values():
        assert one.areas["area_id"].to_list() == results.estimates.table["area_id"].to_list()
        assert "auc_gain" in one.check.table["metric"].to_list()
        assert (one.areas["relative_risk"] != one.areas["relative_risk_without"]).any()
    marks = dict(results.depends_on.iter_rows())
    for name, one in results.sensitivities.items():
        for area, depends in one.areas.select("area_id", "depends").iter_rows():
            assert (name in (marks[area] or "").split(", ")) == depends


def marked(study: Study) -> tuple[Study, str]:
    """Give the study with its first area, which the plan chose, marked."""
    results = study.area_results
    area = study.plan.selected["area_id"][0]
    one = results.sensitivities["care_use"]
    areas = one.areas.with_columns(depends=pl.col("area_id") == area)
    changed = {**results.sensitivities, "care_use": replace(one, areas=areas)}
    return replace(study, area_results=replace(results, sensitivities=changed)), area


def test_marks_and_contact_rates_are_in_the_tables_of_areas_and_plan_and_in_the_report(municipality_study: Study):
    study, area = marked(municipality_study)
    published = publish(study)
    shown = published.frame("areas").filter(area_id=area)
    assert "care_use" in shown["depends_on"].item()
    assert published.frame("areas")["care_use"].is_between(0.1, 50).any()
    assert "care_use" in published.frame("plan_selected").filter(area_id=area)["depends_on"].item()
    assert published.frame("sensitivity_care_use").filter(group=area)["depends"].item()
    for language, words in (
        ("en", ("depends on care use", "Risk, or use of care?", "Hospital Frailty Risk Score", "Contacts with care")),
        ("sv", ("beror på vårdsökande", "Risk, eller vårdsökande?", "Hospital Frailty Risk Score", "Vårdkontakter")),
    ):
        page = page_of(published, language)
        assert all(word in page for word in words)
        assert "Hospital Frailty Risk Score" in card(published, language)


def test_the_report_says_that_sensitivities_were_not_asked_for(
    municipality_study: Study, municipality_steps: dict[str, object]
):
    data = replace(municipality_steps["data"], settings=replace(QUICK, sensitivities=False))
    results = estimate_area_results(data, municipality_study.model)
    assert (results.sensitivities, results.depends_on) == ({}, None)
    study = replace(municipality_study, area_results=results)
    assert "How areas would be without contact counts was not computed in this run" in page_of(publish(study), "en")


@pytest.fixture(scope="module")
def two_municipalities(small_municipality: Registers, tmp_path_factory: pytest.TempPathFactory) -> Registers:
    folder = tmp_path_factory.mktemp("two") / "registers"
    shutil.copytree(Path(small_municipality.folder), folder)
    (folder / ".riskstrat.json").unlink()
    areas = pl.read_parquet(folder / "areas.parquet").sort("area_id").with_row_index("nth")
    half = pl.when(pl.col("nth") % 2 == 0).then(pl.lit("Eken")).otherwise(pl.lit("Alen"))
    areas.with_columns(municipality=half).drop("nth").write_parquet(folder / "areas.parquet")
    return open_registers(folder)


def test_where_there_are_several_municipalities_each_is_tested_by_a_model_of_the_others(
    two_municipalities: Registers, frailty: Condition
):
    settings = replace(QUICK, sensitivities=False)
    data = prepare(frailty, two_municipalities, AS_OF, settings)
    split, people = data.splits["municipality"], data.training.cohort.people
    assert [set(people["municipality"][test]) for test in split.test] == [{"Alen"}, {"Eken"}]
    assert overlap(split, people).select("shared_persons", "shared_families").sum().row(0) == (0, 0)
    comparison = compare(data)
    found = evaluate(data, fit(data, comparison), comparison).checks["municipality"]
    groups = {group for group in found.table["group"] if group.startswith("municipality=")}
    assert groups == {"municipality=Alen", "municipality=Eken"}
    assert "auc_gain" in found.table["metric"].to_list()
    # Parts of these areas lie in both municipalities for nobody.
    assert np.isfinite(found.estimate("auc", "municipality=Alen"))


def test_a_single_municipality_is_not_left_out(municipality_steps: dict[str, object]):
    data = municipality_steps["data"]
    assert "municipality" not in data.splits
    assert "municipality" not in data.training.cohort.people.columns
    people = pl.DataFrame({"person_id": [1, 2], "municipality": ["Ek", None]})
    with pytest.raises(DesignError, match="1 municipality"):
        municipality_folds(people)


def test_rows_without_a_municipality_are_trained_on_and_not_tested():
    people = pl.DataFrame({"person_id": [1, 2, 3], "municipality": ["Ek", "Al", None]})
    split = municipality_folds(people)
    assert [(train.tolist(), test.tolist()) for train, test in zip(split.train, split.test, strict=True)] == [
        ([0, 2], [1]),
        ([1, 2], [0]),
    ]


def test_cohorts_of_other_outcomes_have_the_rows_of_the_training_cohort(municipality_steps: dict[str, object]):
    training = municipality_steps["data"].training
    for cohort in training.other_outcomes.values():
        assert isinstance(cohort, Cohort)
        assert cohort.people["person_id"].equals(training.cohort.people["person_id"])
