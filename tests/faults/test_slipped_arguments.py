"""Arguments that slipped: it works, or one sentence says what is wrong with all of them; every public function."""

import importlib
import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat.declare import Condition, Ever, LocalisedText, Programme, Settings
from riskstrat.errors import DesignError, UsageError
from riskstrat.incidence import outcome_array
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.validation import auc

PACKAGES = (
    "areas", "codes", "cohort", "estimators", "explanation", "features", "indicators", "intake", "pilots", "priorities",
    "publication", "quality", "registers", "reports", "study", "synthetic", "tracking", "validation",
)  # fmt: skip
UNCHECKED = {
    "codes": {"scores"},
    "intake": {"refuse_identities"},
    "validation": {"outcome_array"},
    "tracking": {"store_uri"},
}
"""Exported functions that have no arguments or only arrays, or that are called for every row."""


def public_functions() -> Iterator[tuple[str, object]]:
    for package in PACKAGES:
        module = importlib.import_module(f"riskstrat.{package}")
        for name in getattr(module, "__all__", ("track",)):
            if inspect.isfunction(getattr(module, name)):
                yield f"{package}.{name}", getattr(module, name)


FUNCTIONS = dict(public_functions())
CHECKED = {name: function for name, function in FUNCTIONS.items() if hasattr(function, "__wrapped__")}


def test_every_public_function_checks_its_arguments_or_is_named():
    named = {name for names in UNCHECKED.values() for name in names}
    assert {name.split(".")[1] for name in set(FUNCTIONS) - set(CHECKED)} <= named


@pytest.mark.parametrize("name", CHECKED)
def test_arguments_of_no_type_are_refused_by_name(name: str):
    function = CHECKED[name]
    parameters = inspect.signature(function).parameters
    with pytest.raises(UsageError) as refused:
        function(**dict.fromkeys(parameters, slice(0)))
    assert len(refused.value.problems) >= 1
    assert all("slice" in problem.found for problem in refused.value.problems)


def test_arrays_in_the_place_of_others_are_named_by_what_they_hold():
    outcome, risk = outcome_array([0, 1] * 10, [400.0, 100.0] * 10), np.linspace(0.1, 0.9, 20)
    with pytest.raises(UsageError, match="risk of type ndarray of event, duration_days; expected numbers"):
        auc(risk, outcome, 365)
    with pytest.raises(UsageError, match="risk of type ndarray of str; expected numbers"):
        auc(outcome, risk.astype(str), 365)


def exceeding(study: Study, threshold: object, of: str = "relative_risk") -> object:
    return study.areas.exceedance(threshold, of)


def test_one_name_is_a_list_of_one(municipality_study: Study):
    cohort, risk = municipality_study.cohort.covered, municipality_study.evaluation.risk
    one = rs.validate(risk, cohort, by="sex", draws=2)
    assert one.table.equals(rs.validate(risk, cohort, by=["sex"], draws=2).table)
    with pytest.raises(UsageError, match="secs"):
        rs.validate(risk, cohort, by="secs", draws=2)


@pytest.mark.parametrize("day", ["2024-01-01", " 2024-01-01 ", datetime(2024, 1, 1), date(2024, 1, 1)])  # noqa: DTZ001
def test_a_day_may_be_written_as_text(day: object, small_municipality: Registers, frailty: Condition):
    found = rs.target_population(frailty, small_municipality, day)
    assert found.as_of == date(2024, 1, 1)
    assert type(found.as_of) is date


@pytest.mark.parametrize("day", ["1 January", "2024-13-01", "", 2024, None, datetime(2024, 1, 1, 12)])  # noqa: DTZ001
@pytest.mark.parametrize("function", [rs.build_cohort, rs.target_population, rs.run, rs.prepare])
def test_what_is_no_day_is_one_sentence(
    function: object, day: object, small_municipality: Registers, frailty: Condition
):
    with pytest.raises(UsageError, match=r"as_of .*; expected date; write it like 2024-12-31"):
        function(frailty, small_municipality, day)


def test_arguments_in_the_wrong_order_and_names_for_records_are_all_told(
    small_municipality: Registers, frailty: Condition
):
    with pytest.raises(UsageError) as refused:
        rs.run(small_municipality, "data_samples/modellstad", "2024")
    assert [str(problem).split(";")[0] for problem in refused.value.problems] == [
        "condition of type Registers", "registers of type str", "as_of of type str",
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"rs\.conditions\.load"):
        rs.build_cohort("frailty", small_municipality, "2024-01-01")
    with pytest.raises(UsageError, match=r"settings of type dict; expected Settings or None"):
        rs.run(frailty, small_municipality, "2024-01-01", {"folds": 2})


@pytest.mark.parametrize(
    ("threshold", "of"),
    [(120, "relative_risk"), (20, "risk"), (1, "risk"), (-0.1, "relative_risk"), (math.nan, "risk"), ("1.2", "risk")],
)
def test_a_threshold_that_cannot_be_meant_is_refused(threshold: object, of: str, municipality_study: Study):
    with pytest.raises(UsageError, match="threshold"):
        exceeding(municipality_study, threshold, of)


def test_thresholds_that_can_be_meant_are_answered(municipality_study: Study):
    for threshold, of in ((1.2, "relative_risk"), (np.float64(0), "risk"), (1, "unexplained")):
        found = exceeding(municipality_study, threshold, of)["probability"]
        assert found.len()
        assert found.is_between(0, 1).all()


def programme(**changes: object) -> Programme:
    text = LocalisedText(en="assumption", sv="antagande")
    fields: Mapping[str, object] = {
        "name": "visits", "title": text, "person_cost_sek": 4_000, "reach": 0.6, "reduction": (0.1, 0.2, 0.3),
        "case_cost_sek": (("region", 9_000),), "savings_years": 3, "price_year": 2024, "source": text,
    }  # fmt: skip
    return Programme(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"case_cost_sek": (("region", 9_000), ("region", 1))}, "payers must differ"),
        ({"case_cost_sek": (("all", 9_000),)}, "none is called all or undivided"),
        ({"case_cost_sek": (("region", math.inf),)}, "finite"),
        ({"person_cost_sek": math.inf}, "finite"),
        ({"unit_cost_sek": math.nan}, "finite|greater"),
        ({"price_year": 24}, "1900"),
        ({"reduction": (0.3, 0.2, 0.1)}, "in this order"),
        ({"reach": 60}, "less than or equal to 1"),
        ({"discount_rate": 3}, "less than or equal to 0.2"),
    ],
)
def test_costs_that_cannot_be_meant_are_refused(changes: dict[str, object], said: str):
    with pytest.raises(UsageError, match=said):
        programme(**changes)


def test_a_budget_reaches_at_least_one_person(municipality_study: Study):
    with pytest.raises(DesignError, match=r"a budget of 400 SEK; expected at least 4,000 SEK, the cost of the first"):
        rs.prioritise(municipality_study.areas, programme(), 400)
    assert rs.prioritise(municipality_study.areas, programme(), 4_000).units["reached"].sum() == pytest.approx(1)


@pytest.mark.parametrize("budget", [math.nan, math.inf, -1, 0, "2000000", True, None])
def test_a_budget_that_is_no_number_of_kronor_is_refused(budget: object, municipality_study: Study):
    with pytest.raises(UsageError, match="budget"):
        rs.prioritise(municipality_study.areas, programme(), budget)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: Ever(codes="E10"), "Ever.register: not given"),
        (lambda: Ever(register="d", codes="E10", settings="inpatient"), "Ever.settings: Input should be a valid tuple"),
        (lambda: Ever("diagnoses", "E10"), "no field '0'|positional"),
        (lambda: Settings(budget=3), "did you mean 'budget_sek'"),
        (lambda: Settings(candidates=(3,)), r"^Settings.candidates.0: Input should be an instance of [^\n]*$"),
        (lambda: Settings(candidates=("Logistic()(",)), "the candidate 'Logistic"),
        (lambda: Settings.from_json("{"), "not JSON"),
        (lambda: Settings.from_json('{"kind": "Setings"}'), "did you mean 'Settings'"),
        (lambda: Settings.from_json('{"kind": "Settings", "fold": 3}'), "did you mean 'folds'"),
        (lambda: Settings.from_json("[" * 100_000), "not JSON"),
        (lambda: Settings.from_json('{"kind": "OutcomeKind"}'), "not JSON of a declaration"),
        (lambda: Settings.from_json('{"kind": "Candidate"}'), "not JSON of a declaration.*estimator"),
    ],
)
def test_a_slipped_declaration_is_one_sentence_a_field(declare: object, said: str):
    with pytest.raises(UsageError, match=said):
        declare()


def test_a_seed_below_zero_is_refused(municipality_study: Study):
    cohort, risk = municipality_study.cohort.covered, municipality_study.evaluation.risk
    with pytest.raises(UsageError, match="seed = -1; expected 0 to"):
        rs.validate(risk, cohort, seed=-1)


def test_paths_and_frames_for_each_other_are_refused():
    with pytest.raises(UsageError, match="frame of type str"):
        rs.intake.identity_columns("persons.parquet")
    with pytest.raises(UsageError, match="study of type DataFrame"):
        rs.report(pl.DataFrame(), 3)


def test_a_frame_of_pandas_is_read_as_one_of_polars():
    pytest.importorskip("pandas")
    bands = {"age_band": ["0", "1-64", "65+"], "cases": [4, 300, 1000], "people": [1000, 60_000, 20_000]}
    counts = pl.DataFrame({"area_id": ["A"] * 3, "sex": ["f"] * 3, **bands})
    of_pandas = counts.to_pandas().astype({"sex": "category", "age_band": "category"})
    standard = counts.select("sex", "age_band", "people")
    for given in (counts, of_pandas):
        assert rs.areas.life_expectancy(given, by="sex", at_ages=[65])["estimate"].to_list() == [20.0]
        assert rs.areas.standardised_rates(given, standard, by="area_id")["cases"].to_list() == [1304]
    with pytest.raises(UsageError, match="sex: no such column"):
        rs.areas.life_expectancy(of_pandas.set_index("sex"), by="sex")
    mixed = of_pandas.assign(cases=[4, "19500101-9999", 1000], people=[1, b"2", {}])
    with pytest.raises(
        UsageError, match=r"(?s)cases: values of several kinds.*people: values of several kinds"
    ) as told:
        rs.areas.life_expectancy(mixed, by="sex")
    assert "9999" not in str(told.value)
    doubled = of_pandas.rename(columns={"people": "cases"})
    with pytest.raises(UsageError, match="cases: several columns of that name"):
        rs.areas.life_expectancy(doubled, by="sex")
    with pytest.raises(UsageError, match="counts of type list"):
        rs.areas.life_expectancy([counts], by="sex")


def test_a_cohort_of_frames_of_pandas_is_one_of_polars(municipality_study: Study):
    pytest.importorskip("pandas")
    cohort, risk = municipality_study.cohort.covered, municipality_study.evaluation.risk
    of_pandas = replace(cohort, people=cohort.people.to_pandas(), flow=cohort.flow.to_pandas())
    assert of_pandas.outcome.tolist() == cohort.outcome.tolist()
    found, wanted = (rs.validate(risk, one, by="sex", draws=2) for one in (of_pandas, cohort))
    assert found.table.equals(wanted.table)
