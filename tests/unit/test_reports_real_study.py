"""The report of a real study of a small municipality says what was published, in both languages."""

import re

import pytest

from riskstrat.figures import Language
from riskstrat.publication import Published, draw, publish
from riskstrat.records.study import Study
from riskstrat.reports import page_of

UNWRITTEN = r"\bNone\b|\bnan\b|\bnull\b|\binf\b|[{}]"
"""What a reader would see where a value was not written out."""


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    return publish(municipality_study)


@pytest.fixture(scope="module", params=["sv", "en"])
def text(request: pytest.FixtureRequest, published: Published) -> str:
    html = page_of(published, request.param)
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", bare)


def test_every_value_is_written_out(text: str):
    assert len(text) > 10_000
    assert not re.findall(UNWRITTEN, text)


def test_the_number_at_risk_is_the_one_that_was_published(text: str, published: Published):
    people = int(published.tables["total"].frame.filter(scope="all")["people"][0])
    assert f"{people:,}" in text.replace("\N{NO-BREAK SPACE}", ",")


def test_every_area_is_in_the_table_by_its_name(text: str, published: Published):
    assert all(name in text for name in published.tables["areas"].frame["name"])


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_same_published_results_give_the_same_page(published: Published, language: Language):
    assert page_of(published, language) == page_of(published, language)


def test_areas_that_are_drawn_alone_have_their_names(municipality_study: Study, published: Published):
    told = draw(municipality_study.areas, "en").alternative
    shown = published.frame("areas").drop_nulls("relative_risk")
    assert all(name in told for name in shown["name"])
    assert not any(code in told for code in shown["area_id"])
