"""Plans that nothing could meet are refused before a model is fitted, with everything that is wrong in one error."""

from __future__ import annotations

from dataclasses import replace

import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.cli.transport import transported
from riskstrat.declare import Condition, Programme, Scenario
from riskstrat.disclosure import ProtectedRows
from riskstrat.errors import DesignError, UsageError
from riskstrat.records.omission import Omission
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.study import StudyData, plan, whole
from riskstrat.study.feasibility import area_units, refuse_impossible_plans

HOME = "Modellstad"


@pytest.fixture
def data(municipality_steps: dict[str, object]) -> StudyData:
    return municipality_steps["data"]


def refused(data: StudyData, condition: Condition | None = None, *, need: bool = True, **rules: object) -> str:
    """Say what is refused of a prepared study by other rules, as `prepare` itself would."""
    with pytest.raises((UsageError, DesignError)) as caught:
        refuse_impossible_plans(
            condition or data.condition,
            replace(QUICK, **rules),
            data.training.cohort,
            data.target.target,
            care_need=data.target.care_need if need else None,
            municipalities=data.source.municipalities,
            noise=data.noise,
        )
    return str(caught.value)


def with_programme(condition: Condition, **changes: object) -> Condition:
    return replace(condition, programmes=(replace(condition.programmes[0], **changes),))


def scenario(condition: Condition, name: str, budget_sek: float, **rules: object) -> Scenario:
    return Scenario(name=name, programmes=condition.programmes, budget_sek=budget_sek, **rules)


def test_all_that_cannot_be_met_is_told_at_once_in_plan_and_scenarios_before_a_model_is_fitted(
    small_municipality: Registers, frailty: Condition, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(whole, "compare", lambda _: pytest.fail("models were compared"))
    dear: tuple[Programme, ...] = with_programme(frailty, unit_cost_sek=1e6).programmes
    beside = (
        Scenario(name="dear", programmes=dear, budget_sek=900_000.0),
        scenario(frailty, "idle", 1e6, staff_hours=1.0, whole_units=True, floors=(("Modelby", 1.0),)),
    )
    settings = replace(QUICK, floors=(("Modelstad", 1_000.0), (HOME, 1_990_000.0)), scenarios=beside)
    with pytest.raises(UsageError) as caught:
        rs.run(with_programme(frailty, person_staff_hours=2.0), small_municipality, AS_OF, settings)
    said = [str(problem) for problem in caught.value.problems]
    assert [each.partition(";")[0] for each in said[:2]] == [
        "plan.floors: no municipality 'Modelstad'",
        f"plan: a floor of 1,990,000 SEK in {HOME}",
    ]
    assert f"did you mean '{HOME}'?" in said[0]
    assert said[2].startswith("dear: a budget of 900,000 SEK; expected at least 1,")
    assert "the cost of the cheapest whole unit" in said[2]
    assert said[3].startswith("idle.floors: no municipality 'Modelby'")
    assert len(said) == 4


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"budget_sek": 10.0}, "plan: a budget of 10 SEK; expected at least 7,500 SEK, the cost of the first person"),
        ({"strata": ("area_id", "sx")}, "target.sx: no such column"),
        ({"staff_hours": 0.1}, "0.1 hours of staff; expected at least 2 hours"),
    ],
)
def test_a_rule_that_cannot_be_kept(data: StudyData, rules: dict[str, object], said: str):
    assert said in refused(data, with_programme(data.condition, person_staff_hours=2.0), **rules)


def test_floors_that_whole_areas_cannot_meet_together_with_the_budget(data: StudyData):
    least = scenario(data.condition, "whole", 101_000.0, whole_units=True, floors=((HOME, 101_000.0),))
    said = refused(data, scenarios=(least,))
    assert said.startswith("whole: floors that cannot be met together with the budget")


def test_weights_by_need_need_a_need_and_the_budget_is_told_beside(data: StudyData):
    said = refused(data, need=False, equity_weights=(1.0, 1.0, 1.0, 1.0, 2.0), budget_sek=10.0)
    assert "plan: equity weights, but no Care Need Index" in said
    assert "plan: a budget of 10 SEK" in said


def test_people_for_whom_a_programme_is_are_there(data: StudyData):
    said = refused(data, with_programme(data.condition, eligible=(("sex", ("femal",)),)))
    assert "no value 'femal'" in said
    assert "did you mean 'female'?" in said
    assert "no column of the units 'sx'" in refused(data, with_programme(data.condition, eligible=(("sx", ("a",)),)))


def test_where_areas_do_not_tell_whom_it_is_for_the_groups_within_them_must_be_affordable(
    data: StudyData, monkeypatch: pytest.MonkeyPatch
):
    women = with_programme(data.condition, eligible=(("sex", ("female",)),), unit_cost_sek=1e6)
    for smallest in ("study.feasibility.SMALLEST", "priorities.allocation_problem.SMALLEST_STRATUM"):
        monkeypatch.setattr(f"riskstrat.{smallest}", 10)
    said = refused(data, women, strata=("area_id", "sex"), budget_sek=900_000.0)
    assert "plan: a budget of 900,000 SEK; expected at least 1," in said


def test_the_people_are_those_of_the_plan(municipality_study: Study, data: StudyData):
    found = area_units(
        data.training.cohort, data.target.target, ProtectedRows.of(data.target.target.people, data.noise)
    )
    assert found.equals(municipality_study.areas.units().units.select("unit", "area_id", "people"))


def test_a_plan_by_groups_within_areas_that_nothing_allows_is_missing_and_says_why(
    municipality_study: Study, data: StudyData
):
    results = municipality_study.area_results
    whole_areas = results.estimates.units()
    few = replace(whole_areas, units=whole_areas.units.head(1), cases_draws=whole_areas.cases_draws[:, :1])
    wanting = replace(data, settings=replace(data.settings, floors=((HOME, 1_000_000.0),)))
    found = plan(wanting, replace(results, strata=few))
    assert found.areas.spent_sek >= 1_000_000
    assert isinstance(found.strata, Omission)
    assert "keeps to the budget, the staff and the floors" in found.strata.reason.en
    assert "budget, bemanning och" in found.strata.reason.sv


def test_a_model_is_tested_elsewhere_although_the_budget_of_home_would_not_do_there(
    small_municipality: Registers, municipality_study: Study
):
    settings = replace(QUICK, budget_sek=10.0)
    moved = transported(municipality_study.model, small_municipality, AS_OF.replace(year=2023), settings)
    assert moved.as_it_is.table.height
