"""A study with everything that it may have: what its tables say of the same thing agrees."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF
from riskstrat.declare import FirstEvent, Level, LocalisedText, NetCostIndicator, RegisterIndicator
from riskstrat.declare.programme import Scenario
from riskstrat.errors import UsageError
from riskstrat.publication import Published, publish
from riskstrat.records.omission import Omission
from riskstrat.records.study import Study
from riskstrat.reports import page_of
from riskstrat.study import estimate_area_results, plan, whole
from riskstrat.study.data import StudyData

YEARS = (2023, 2024, 2025)
BUDGET_SEK = 300_000.0
NET = NetCostIndicator(name="net", title=LocalisedText(en="Net cost", sv="Nettokostnad"), goal="cost_effective")
HIPS = RegisterIndicator(
    name="hips",
    title=LocalisedText(en="Hip fractures", sv="Höftfrakturer"),
    goal="better_health",
    wanted="lower",
    outcome=FirstEvent(register="diagnoses", codes="hip_fracture", settings=("inpatient",)),
)
COUNTY = {"who": ["Länet"], "indicator": ["frailty"], "year": [2023], "value": [0.15], "source": ["Regionen 2024"]}


def forecast_of(data: StudyData, years: tuple[int, ...]) -> pl.DataFrame:
    places = product(sorted(data.areas["area_id"]), ("female", "male"), range(60, 106), years)
    rows = [(*key, 10.0 + (key[3] - YEARS[0]) * (key[2] >= 80)) for key in places]
    return pl.DataFrame(rows, schema=["area_id", "sex", "age_years", "year", "people"], orient="row")


@pytest.fixture(scope="module")
def everything(municipality_steps: dict[str, object], municipality_study: Study) -> Study:
    """Run it with a forecast; who is at risk, models and their tests are those of the other study."""
    data, condition = municipality_steps["data"], municipality_study.condition
    assert isinstance(data, StudyData)
    sides = tuple((area, "east" if number % 2 else "west") for number, area in enumerate(sorted(data.areas["area_id"])))
    settings = replace(
        data.settings,
        sensitivities=False,
        budget_sek=BUDGET_SEK,
        scenarios=(Scenario(name="twice", programmes=condition.programmes, budget_sek=2 * BUDGET_SEK),),
        levels=(Level(name="home_care", title=LocalisedText(en="district", sv="distrikt"), areas=sides),),
        groups=(("sex",), ("sex", "income_quintile")),
        indicators=(HIPS, NET),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "prepare", lambda *_, **__: replace(data, settings=settings))
        patch.setattr(whole, "compare", lambda _: municipality_steps["comparison"])
        patch.setattr(whole, "fit", lambda *_: municipality_steps["model"])
        patch.setattr(whole, "evaluate", lambda *_: municipality_study.evaluation)
        patch.setattr(whole, "interpret", lambda *_: municipality_study.interpretation)
        return rs.run(condition, municipality_steps["registers"], AS_OF, settings, forecast=forecast_of(data, YEARS))


@pytest.fixture(scope="module")
def published(everything: Study) -> Published:
    return publish(everything, comparators=pl.DataFrame(COUNTY))


def test_areas_levels_groups_and_years_add_up_to_the_municipality(everything: Study) -> None:
    areas, results, ahead = everything.areas, everything.area_results, everything.projection
    expected, cases = areas.total["expected_cases"].item(), areas.landmarks["cases"][0]
    assert (areas.table["risk"] * areas.table["target_people"]).sum() == pytest.approx(expected)
    assert areas.table["cases"].sum() == cases
    (level,) = results.levels
    assert level.table["expected_cases"].sum() == pytest.approx(expected)
    assert level.table["cases"].sum() == cases
    assert level.table["target_people"].sum() == areas.table["target_people"].sum()
    assert [one.by for one in results.people[:2]] == [("sex",), ("sex", "income_quintile")]
    assert results.people[0].table["expected_cases"].sum() == pytest.approx(expected)
    assert results.people[0].table["cases"].sum() == cases
    years = ahead.areas.group_by("year", maintain_order=True).agg(pl.col("cases", "people").sum())
    assert tuple(years["year"]) == YEARS
    np.testing.assert_allclose(years.select("cases", "people"), ahead.total.select("cases", "people"))
    assert ahead.total["cases"][0] == pytest.approx(expected)
    assert ahead.total["cases"].is_sorted()
    assert ahead.total["reached"][0] == pytest.approx(everything.plan.units["reached"].sum())


def test_plans_stay_within_their_budget_and_say_the_same_everywhere(everything: Study) -> None:
    chosen, beside = everything.plan, everything.scenarios
    once, twice = beside.table.iter_rows(named=True)
    assert chosen.spent_sek <= BUDGET_SEK * (1 + 1e-9)
    assert twice["spent_sek"] <= 2 * BUDGET_SEK * (1 + 1e-9)
    assert chosen.units["cost_sek"].sum() == chosen.allocated["cost_sek"].sum() == pytest.approx(chosen.spent_sek)
    assert chosen.units["averted"].sum() == pytest.approx(chosen.averted.estimate)
    assert once["averted"] == pytest.approx(chosen.averted.estimate)
    assert once["averted"] <= twice["averted"] == pytest.approx(once["averted"] + twice["difference"])
    compared = chosen.comparisons.filter(strategy="plan")["averted"].item()
    assert compared == pytest.approx(chosen.averted.estimate)
    payers = chosen.net_cost.filter(pl.col("payer") != "all").select(pl.selectors.ends_with("_sek")).sum()
    np.testing.assert_allclose(payers, chosen.net_cost.filter(payer="all").select(payers.columns), atol=1)
    at_budget = chosen.curve.filter(budget_sek=BUDGET_SEK)
    assert at_budget["averted"].item() == pytest.approx(chosen.averted.estimate)
    outside = chosen.units.select(((1 - pl.col("share")) * pl.col("cases")).sum() / pl.col("cases").sum()).item()
    assert chosen.outside_share.estimate == pytest.approx(outside, rel=0.02)
    net = next(one for one in everything.follow_up if one.indicator.name == "net")
    saved = chosen.net_cost.filter(payer="all")["saving_sek"].item()
    assert net.measured["estimate"].item() == pytest.approx((chosen.spent_sek - saved) / chosen.averted.estimate)


def test_what_is_published_of_it_agrees_as_far_as_its_digits_go(published: Published, everything: Study) -> None:
    tables = {name: table.frame for name, table in published.tables.items()}
    total = tables["total"].row(0, named=True)
    for name, column in (("levels", "expected_cases"), ("people_groups", "expected_cases")):
        whole_of = tables[name].filter(pl.col(tables[name].columns[0]).is_in(["home_care", "sex"]))
        assert whole_of[column].sum() == pytest.approx(total["expected_cases"], rel=0.05)
        assert whole_of["cases"].sum() == pytest.approx(total["cases"], abs=5)
    assert tables["projection_total"]["cases"][0] == pytest.approx(total["expected_cases"], rel=0.07)
    assert tables["plan_scenarios"]["averted"][0] == tables["plan_summary"].filter(metric="averted")["estimate"].item()
    assert tables["plan_scenarios"]["spent_sek"].to_list() <= [BUDGET_SEK, 2 * BUDGET_SEK]
    members = tables["level_members"].group_by("group").agg(pl.len()).sort("group")["len"].to_list()
    assert members == tables["levels"].sort("group")["areas"].to_list()
    assert {"indicator_hips_measured", "indicator_net_measured"} <= set(tables)
    assert tables["comparators"].select("who", "value").row(0) == ("Länet", 0.15)
    assert set(tables["omissions"]["part"]) == {one.part for one in everything.omissions}


def test_the_report_tells_of_all_of_it(published: Published) -> None:
    page = page_of(published, "sv")
    told = ("Länet", "Regionen 2024", "twice", "Distrikt", "Höftfrakturer", "2025", "Kvinnor")
    assert [text for text in told if text not in page] == []


def test_a_forecast_with_missing_years_ends_a_study_before_a_model_is_fitted(
    municipality_steps: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = municipality_steps["data"]
    assert isinstance(data, StudyData)
    monkeypatch.setattr(whole, "prepare", lambda *_, **__: data)
    monkeypatch.setattr(whole, "compare", lambda _: pytest.fail("models are compared"))
    gap = forecast_of(data, (2023, 2026)).filter(pl.col("age_years") != 80)
    with pytest.raises(UsageError) as caught:
        rs.run(data.condition, municipality_steps["registers"], AS_OF, data.settings, forecast=gap)
    assert [part for part in ("2024, 2025", "nobody of age 80") if part not in str(caught.value)] == []
    with pytest.raises(UsageError, match="no year after 2023"):
        rs.run(
            data.condition,
            municipality_steps["registers"],
            AS_OF,
            data.settings,
            forecast=forecast_of(data, (2022, 2023)),
        )


def test_a_study_of_one_area_says_why_it_has_no_areas_and_no_groups(municipality_steps: dict[str, object]) -> None:
    data, model = municipality_steps["data"], municipality_steps["model"]
    assert isinstance(data, StudyData)
    alone = replace(data, splits={name: split for name, split in data.splits.items() if name != "area"})
    found = estimate_area_results(alone, model)
    assert isinstance(found, Omission)
    assert "no results by area or group of people" in found.reason.en
    assert {one.part for one in plan(alone, found).omissions} == {"plan", "strata_plan", "group_plan"}
