"""The years to come: known answers on a few people, and what is published and told of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import PopulationForecast, project, read_forecast
from riskstrat.declare import Action, LocalisedText
from riskstrat.errors import DesignError, UsageError
from riskstrat.publication import publish
from riskstrat.records.areas import Units
from riskstrat.records.projection import Projection
from riskstrat.records.study import Study
from riskstrat.reports.page import page_of


def forecast_for(study: Study, growth: dict[int, float]) -> pl.DataFrame:
    """Ten residents of each sex and age in every area; those of 80 and above change by these factors."""
    areas = study.areas.groups["area_id"]
    rows = [
        (area, sex, age, year, 10 * (factor if age >= 80 else 1.0))
        for (area, sex, age), (year, factor) in product(
            product(areas, ("female", "male"), range(60, 101)), growth.items()
        )
    ]
    return pl.DataFrame(rows, schema=["area_id", "sex", "age_years", "year", "people"], orient="row")


def read(study: Study, growth: dict[int, float], frame: pl.DataFrame | None = None) -> PopulationForecast:
    given = forecast_for(study, growth) if frame is None else frame
    return read_forecast(given, study.areas.groups, base_year=2023, ages=(70, 130))


def ahead(study: Study, growth: dict[int, float], frame: pl.DataFrame | None = None) -> Projection:
    return project(study.areas, study.area_results.groups, read(study, growth, frame), plan=study.plan)


def test_the_base_year_is_today(study: Study) -> None:
    found = ahead(study, {2023: 1.0, 2024: 1.0})
    assert found.total["cases"].to_list() == pytest.approx([study.areas.cases_draws.sum(axis=1).mean()] * 2)
    assert found.total["people"].to_list() == [study.target.people.height] * 2
    assert found.total["reached"].to_list() == pytest.approx([study.plan.reached] * 2)


def test_cases_grow_with_those_at_risk_and_by_their_risk(study: Study) -> None:
    """Twice as many from 80 on: each group brings what it brings today, times its growth (hand-worked)."""
    groups = study.area_results.groups
    old = groups.units["age_band"].str.head(2).cast(pl.Int64).to_numpy() >= 80
    factor = (groups.cases_draws * np.where(old, 2.0, 1.0)).sum(axis=1) / groups.cases_draws.sum(axis=1)
    expected = (study.areas.cases_draws.sum(axis=1) * factor).mean()
    assert ahead(study, {2023: 1.0, 2024: 2.0}).total["cases"][1] == pytest.approx(expected, rel=1e-6)


def test_a_forecast_of_the_municipality_lets_all_areas_grow_alike(study: Study) -> None:
    whole = (
        forecast_for(study, {2023: 1.0, 2024: 2.0})
        .group_by("sex", "age_years", "year")
        .agg(pl.col("people").sum())
        .with_columns(municipality=pl.lit("0181"))
    )
    found, by_area = ahead(study, {}, whole), ahead(study, {2023: 1.0, 2024: 2.0})
    assert not found.by_area
    assert by_area.by_area
    assert found.total["cases"].to_list() == pytest.approx(by_area.total["cases"].to_list())


def test_areas_grow_by_their_own_forecast(study: Study) -> None:
    first = study.areas.groups["area_id"][0]
    doubled = forecast_for(study, {2023: 1.0, 2024: 1.0}).with_columns(
        people=pl.when((pl.col("area_id") == first) & (pl.col("year") == 2024)).then(20.0).otherwise("people")
    )
    rows = ahead(study, {}, doubled).areas
    now, then = (rows.filter(year=year) for year in (2023, 2024))
    ratio = (then["cases"] / now["cases"]).to_list()
    assert ratio[0] == pytest.approx(2)
    assert ratio[1:] == pytest.approx([1] * (len(ratio) - 1))


def test_nobody_in_the_base_year_where_there_are_people_today(study: Study) -> None:
    empty = forecast_for(study, {2023: 1.0, 2024: 1.0}).with_columns(
        people=pl.when(pl.col("area_id") == study.areas.groups["area_id"][0]).then(0.0).otherwise("people")
    )
    with pytest.raises(DesignError, match="nobody in the base year"):
        ahead(study, {}, empty)


def test_groups_of_other_draws_are_refused(study: Study) -> None:
    groups = study.area_results.groups
    fewer = Units(units=groups.units, cases_draws=groups.cases_draws[:5], left_out=groups.left_out)
    with pytest.raises(UsageError, match="5 draws of groups"):
        project(study.areas, fewer, read(study, {2023: 1.0, 2024: 1.0}))


@pytest.mark.parametrize(("language", "said"), [
    ("sv", ("Fram till 2025", "80 år och äldre", "förblir som i dag", "Äldreförvaltningen", "1 mars 2025",
            "ska bestämmas", "arbetstimmar", "Region X")),
    ("en", ("Until 2025", "ages 80 and over", "stay as they are today", "to be decided", "hours of staff", "Region X")),
])  # fmt: skip
def test_the_report_tells_the_years_to_come_who_does_what_and_who_stands_for_it(
    study: Study, language: str, said: tuple[str, ...]
) -> None:
    text = {
        name: LocalisedText(en=name, sv=name) for name in ("hire two", "evaluate", "Äldreförvaltningen", "Region X")
    }
    actions = (
        Action(action=text["hire two"], responsible=text["Äldreförvaltningen"], by=date(2025, 3, 1)),
        Action(action=text["evaluate"]),
    )
    programme = replace(
        study.condition.programmes[0], person_staff_hours=4, declared_by=text["Region X"], actions=actions
    )
    changed = replace(
        study,
        condition=replace(study.condition, programmes=(programme,)),
        plan=replace(study.plan, scenario=replace(study.plan.scenario, programmes=(programme,)), staff_hours=2_000.0),
    )
    published = publish(replace(changed, projection=ahead(changed, {2023: 1.0, 2024: 1.2, 2025: 1.4})))
    assert {"projection", "projection_total", "projection_growth"} <= set(published.tables)
    page = re.sub(r"<[^>]+>", " ", page_of(published, language)).replace("\N{NO-BREAK SPACE}", " ")
    for sentence in said:
        assert sentence in page


def test_without_actions_the_report_invents_nobody(study: Study) -> None:
    page = page_of(publish(study), "sv")
    assert page.count("ska bestämmas") >= 2
