"""What a notebook shows of a record: released under the rule that it carries, never a person's row or a small count."""

from dataclasses import replace

import pytest

from riskstrat.disclosure import Disclosure
from riskstrat.figures import Figure
from riskstrat.publication import display, draw, figures_of, publish
from riskstrat.records.study import Study

RECORDS = ("cohort", "target", "areas", "plan", "performance")


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_drawn(study: Study, record: str):
    assert isinstance(draw(getattr(study, record), "en"), Figure)


def test_what_was_published_is_drawn(study: Study, placeless_study: Study):
    found = figures_of(publish(study), "en")
    maps = {"map_classes", "map_level", "map_certainty"}
    plans = {"comparisons", "curve", "risk_strata"}
    assert set(found) == {"flow", "calibration", "net_benefit", "areas", "funnel", "change", *maps, *plans}
    assert found["flow"].sentence == draw(study.cohort, "en").sentence
    assert set(figures_of(publish(placeless_study))) == {"flow", "calibration", "net_benefit", "risk_strata"}


@pytest.mark.parametrize("record", RECORDS)
def test_records_show_a_table_and_the_rule(study: Study, record: str):
    html = display(getattr(study, record))
    assert "<table" in html
    assert "Counts from 0 to 4 are withheld" in html


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_shown_under_the_rule_that_they_carry(study: Study, record: str):
    strict = replace(getattr(study, record), disclosure=Disclosure(min_count=20))
    assert "Counts from 0 to 19 are withheld" in display(strict)
    assert "Counts from 0 to 9 are withheld" in display(strict, Disclosure(min_count=10))


def test_a_study_shows_its_parts(study: Study, placeless_study: Study):
    assert display(study).count("<table") == 4
    assert display(study).count("Counts from 0 to 4 are withheld") == 1
    assert "reason_sv" not in display(study)
    assert display(publish(study)) == display(study)
    assert display(placeless_study).count("<table") == 2


def test_a_released_table_shows_its_first_rows_and_says_how_many_there_are_more(study: Study):
    table = publish(study).tables["metrics_person"]
    html = display(table)
    assert html.count("<tr") == 21
    assert f"and {table.frame.height - 20} more rows" in html
    assert "Counts from 0 to 4 are withheld" in html
    assert "more rows" not in display(publish(study).tables["total"])


def test_a_cohort_never_shows_people(study: Study):
    assert "person_id" not in display(study.cohort)
    assert "person_id" not in repr(study.cohort)


def test_a_small_count_of_the_flow_is_withheld(study: Study):
    row = display(study.cohort).partition("not resident")[2].partition("</tr>")[0]
    assert row.count(">–<") == 2


@pytest.mark.parametrize("record", [*RECORDS, "explanation", "source", "model", "evaluation", "area_results"])
def test_text_holds_neither_frames_nor_numbers_about_people(study: Study, record: str):
    text = repr(getattr(study, record))
    assert len(text) < 2_000
    assert "shape" not in text
    assert "array(" not in text
    assert "estimate=" not in text
