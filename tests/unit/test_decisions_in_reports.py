"""What a planner compares with the report: assumptions of every plan, spreading and the next krona."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from riskstrat.declare import LocalisedText, Programme, Scenario
from riskstrat.figures import Language
from riskstrat.priorities import scenarios
from riskstrat.publication import publish
from riskstrat.records.study import Study
from riskstrat.reports.assumptions import assumed_otherwise
from riskstrat.reports.blocks import Paragraph
from riskstrat.reports.context import report_context
from riskstrat.reports.resources import resources

DOUBTED = LocalisedText(en="a doubter's guess", sv="en tvivlares gissning")


@pytest.fixture(scope="module")
def beside(study: Study) -> Study:
    """Give the study two other ways to plan: the same with more money, and a programme that is doubted."""
    (programme,) = study.plan.programmes
    weaker = replace(programme, reduction=(0.0, 0.05, 0.1), reach=(0.2, 0.3, 0.4, 0.5, 0.6), source=DOUBTED)
    asked = (
        Scenario(name="more", programmes=(programme,), budget_sek=2 * study.settings.budget_sek),
        Scenario(name="doubt", programmes=(weaker,), budget_sek=study.settings.budget_sek, whole_units=True),
    )
    settings = replace(study.settings, scenarios=asked)
    need = study.plan.units.select("area_id", care_need_index=pl.int_range(pl.len()).cast(pl.Float64))
    found = scenarios(study.areas, [study.plan.scenario, *asked], care_need=need)
    return replace(study, settings=settings, scenarios=found)


def said(study: Study, language: Language) -> list[str]:
    blocks = resources(report_context(publish(study), language))
    return [block.text for block in blocks if isinstance(block, Paragraph)]


@pytest.mark.parametrize(("language", "rule"), [("en", "only whole ones"), ("sv", "bara hela")])
def test_scenarios_say_what_they_assume_otherwise_and_from_whom(beside: Study, language: Language, rule: str) -> None:
    context = report_context(publish(beside), language)
    rows = assumed_otherwise(context)
    assert {row[0] for row in rows} == {"doubt"}
    assert any(row[3] == rule for row in rows)
    assert [row[5] for row in rows if row[1] is not None] == [context.say(DOUBTED)] * len(rows[1:])
    assert any(str(row[3]).startswith("20") and " · 60" in str(row[3]) for row in rows)


def test_every_number_that_a_plan_rests_on_is_exported_with_its_source(beside: Study) -> None:
    frame = publish(beside).tables["plan_assumptions"].frame
    (programme,) = beside.plan.programmes
    assert set(frame["scenario"]) == {"plan", "more", "doubt"}
    of_plan = frame.filter(scenario="plan")
    told = {(row["assumption"], row["of"]): row for row in of_plan.iter_rows(named=True)}
    assert [told["reduction", of]["value"] for of in ("low", "point", "high")] == [*programme.reduction]
    assert told["reduction", "point"]["source"] == programme.source.en
    assert told["reduction", "point"]["source_sv"] == programme.source.sv
    assert told["budget_sek", None]["value"] == beside.settings.budget_sek
    assert {of: told["case_cost_sek", of]["value"] for of, _ in programme.case_cost_sek} == dict(
        programme.case_cost_sek
    )
    doubt = frame.filter(scenario="doubt")
    assert doubt.filter(assumption="reach")["of"].to_list() == [f"quintile {n}" for n in range(1, 6)]
    assert set(doubt.filter(assumption="reach")["source"]) == {DOUBTED.en}
    assert doubt.filter(assumption="whole_units")["value"].item() == 1.0


def test_rules_and_groups_for_whom_a_programme_is_are_exported(study: Study) -> None:
    (programme,) = study.plan.programmes
    women: Programme = replace(programme, eligible=(("sex", ("female",)),), financing=(("region", 1.0),))
    settings = replace(study.settings, floors=(("Norr", 1_000.0),), equity_weights=(1.0, 1.0, 1.0, 1.0, 2.0))
    changed = replace(study, condition=replace(study.condition, programmes=(women,)), settings=settings)
    frame = publish(changed).tables["plan_assumptions"].frame
    found = {(name, of): value for name, of, value in frame.select("assumption", "of", "value").iter_rows()}
    assert found["floors", "Norr"] == 1_000.0
    assert found["equity_weights", "quintile 5"] == 2.0
    assert found["eligible", "sex: female"] is None
    assert found["financing", "region"] == 1.0


@pytest.mark.parametrize(
    ("language", "told"), [("en", "That is with the same staff."), ("sv", "Det gäller med samma personal.")]
)
def test_the_next_krona_is_told_also_where_staff_is_limited(study: Study, language: Language, told: str) -> None:
    limited = replace(study, settings=replace(study.settings, staff_hours=500.0))
    assert any(text.endswith(told) for text in said(limited, language))
    assert not any(told in text for text in said(study, language))


@pytest.mark.parametrize(
    ("language", "told"), [("en", "It is not sure that the plan averts more"), ("sv", "Det är inte säkert att planen")]
)
def test_groups_that_may_be_no_better_than_spreading_are_told_to_be_so(
    scarce_study: Study, language: Language, told: str
) -> None:
    plan = scarce_study.group_plan
    unsure = pl.when(strategy="equal_share").then(-0.5).otherwise("difference_lower").alias("difference_lower")
    found = replace(plan, comparisons=plan.comparisons.with_columns(unsure))
    areas = scarce_study.plan.comparisons.with_columns(difference=2.0, difference_lower=1.0, difference_upper=3.0)
    sure = replace(scarce_study, plan=replace(scarce_study.plan, comparisons=areas))
    assert len([text for text in said(replace(sure, group_plan=found), language) if text.startswith(told)]) == 1
