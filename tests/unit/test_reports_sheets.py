"""One sheet for each area and each level's group: reachable by links, printable alone, and from what was published."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from riskstrat.explanation.groups import SUMS
from riskstrat.figures import Language, Numbers
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports import page_of
from riskstrat.reports.context import report_context
from riskstrat.reports.interval_strip import Strip, StripRow
from riskstrat.reports.sheets import Sheet, sheets


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    comparators = pl.DataFrame(
        {"who": ["Länet"], "indicator": ["frailty"], "year": [2022], "value": [0.16], "source": ["Kolada"]}
    )
    return publish(municipality_study, comparators=comparators)


def made(published: Published, language: Language = "sv") -> tuple[Sheet, ...]:
    return sheets(report_context(published, language))


def test_there_is_a_sheet_for_every_area_and_every_group_of_a_level(published: Published) -> None:
    areas, levels = published.frame("areas"), published.frame("levels")
    assert areas is not None
    assert levels is not None
    found = made(published)
    assert sorted(sheet.name for sheet in found) == sorted([*areas["name"], *levels["group"]])
    assert {sheet.kind for sheet in found} == {"Område", "Vårdcentral"}


def test_a_sheet_tells_what_was_published_of_its_area(published: Published) -> None:
    context, areas = report_context(published, "sv"), published.frame("areas")
    assert areas is not None
    row = areas.row(0, named=True)
    (sheet,) = [one for one in made(published) if one.name == row["name"]]
    facts = dict(sheet.facts)
    assert facts["Personer i målgruppen"] == context.numbers.number(row["target_people"])
    assert facts["Risk"] == context.numbers.percent(*(row[f"risk{end}"] for end in ("", "_lower", "_upper")))
    assert [one.name for one in sheet.beside.rows] == [row["name"], "Modellstad", "Länet 2022 (Kolada)"]
    assert [name for name, _ in sheet.parts[-2:]] == [
        "Varav levnadsvillkor och områdets förhållanden tillsammans",
        "Hela skillnaden",
    ]
    reasons = published.frame("reasons")
    assert reasons is not None
    together = reasons.row(by_predicate=pl.col("group").eq(row["area_id"]) & pl.col("part").eq(SUMS[0]), named=True)
    assert sheet.parts[-2][1] == context.numbers.interval(100 * together["estimate"], None, None)
    assert any("planen" in text.lower() for text in sheet.plan)


def test_whether_the_plan_chooses_the_area_is_told(published: Published) -> None:
    chosen = published.frame("plan_selected")
    assert chosen is not None
    areas = published.frame("areas")
    assert areas is not None
    names = set(areas.join(chosen, on="area_id", how="semi")["name"])
    for sheet in made(published, "en"):
        if sheet.kind == "Area":
            assert sheet.plan[0].startswith("The plan chooses this area") == (sheet.name in names)


def test_a_team_sees_what_its_people_are_like_but_no_person(published: Published) -> None:
    sheet = next(one for one in made(published) if one.kind == "Vårdcentral")
    assert "Andel män" in [row[0] for row in sheet.people]
    assert all(
        re.fullmatch(r"visas inte|[−\d\N{NO-BREAK SPACE},]+( ?%)?", cell.replace("\N{NO-BREAK SPACE}%", "%"))
        for row in sheet.people
        for cell in row[1:]
    )
    assert "räknas inte om per grupp" in sheet.notes[0]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_sheets_are_in_the_page_and_every_one_has_a_link(published: Published, language: Language) -> None:
    html = page_of(published, language)
    ids = re.findall(r'<article class="sheet" id="([^"]+)"', html)
    assert len(ids) == len(made(published, language))
    assert all(f'href="#{one}"' in html for one in ids)
    assert "Care_centre_id" not in html
    assert len(html) < 5_000_000


def test_without_areas_there_is_no_sheet(placeless_study: Study) -> None:
    published = publish(placeless_study)
    assert made(published) == ()
    assert 'id="sheets"' not in page_of(published)


def test_names_in_a_strip_are_text() -> None:
    strip = Strip(
        rows=(StripRow("<b>", 0.1), StripRow("Söder", 0.2, 0.1, 0.3, is_own=True)), numbers=Numbers("en"), lead="Risk."
    )
    assert "<b>" not in strip.svg
    assert strip.sentence == "Risk. <b>: 10%. Söder: 20% (10–30)."


def test_a_class_that_depends_on_the_unmeasured_is_not_told(municipality_study: Study) -> None:
    results = municipality_study.area_results
    assert results is not None
    level = replace(
        results.levels[0], table=results.levels[0].table.with_columns(pl.lit(None, pl.String).alias("class"))
    )
    study = replace(municipality_study, area_results=replace(results, levels=(level,)))
    sheet = next(one for one in made(publish(study)) if one.kind == "Vårdcentral")
    assert sheet.lead.startswith("Utfallet är inte mätt hos alla.")
