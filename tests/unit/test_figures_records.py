"""Records draw and show themselves released: never a person's row, never a small count."""

import pytest

from riskstrat.figures import spec
from riskstrat.records.study import Study


@pytest.mark.parametrize("record", ["areas", "plan", "performance"])
def test_records_plot(study: Study, record: str):
    assert spec(getattr(study, record).plot("en"))["$schema"].startswith("https://vega.github.io/schema/vega-lite")


@pytest.mark.parametrize("record", ["cohort", "target", "areas", "plan", "performance"])
def test_records_show_a_table_and_the_rule(study: Study, record: str):
    html = getattr(study, record)._repr_html_()
    assert "<table" in html
    assert "Counts from 1 to 4 are withheld" in html


def test_a_study_shows_its_parts(study: Study, placeless_study: Study):
    assert study._repr_html_().count("<table") == 4
    assert placeless_study._repr_html_().count("<table") == 2


def test_a_cohort_never_shows_people(study: Study):
    assert "person_id" not in study.cohort._repr_html_()
    assert "person_id" not in repr(study.cohort)


def test_a_small_count_of_the_flow_is_withheld(study: Study):
    row = study.cohort._repr_html_().partition("inte folkbokförda här")[2].partition("</tr>")[0]
    assert row.count(">–<") == 2
