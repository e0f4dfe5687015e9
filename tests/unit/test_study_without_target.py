"""A study of people of whom nobody is eligible any more gives its results, and says why there is no plan."""

from __future__ import annotations

import re
from datetime import date

import pytest

import riskstrat as rs
from fixture_municipality import QUICK
from riskstrat.cohort import NobodyEligibleError
from riskstrat.cohort.building import followed_population
from riskstrat.publication import publish
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports import page_of

LONG_AFTER = date(2025, 6, 1)
"""More than a year after the last discharge in these registers."""


@pytest.fixture(scope="module")
def study(small_municipality: Registers) -> Study:
    return rs.run(rs.conditions.load("readmission"), small_municipality, LONG_AFTER, QUICK)


def test_the_target_alone_is_refused(small_municipality: Registers):
    with pytest.raises(NobodyEligibleError, match="nobody is eligible"):
        rs.target_population(rs.conditions.load("readmission"), small_municipality, LONG_AFTER)


def test_those_who_were_followed_stand_in_each_once(study: Study):
    people, cohort = study.target.people, study.cohort.covered.people
    assert people["person_id"].is_unique().all()
    assert set(people["person_id"]) == set(cohort["person_id"])
    assert people["index_date"].max() == cohort["index_date"].max()
    assert followed_population(study.cohort).people.equals(people)
    counted = study.target.flow.select("part", "rows").rows()
    assert counted == [
        ("start", cohort.height),
        ("left_out", cohort.height - people.height),
        ("included", people.height),
    ]


def test_results_are_there_and_the_plan_is_omitted_with_its_reason(study: Study):
    assert study.performance.table.height > 0
    assert study.areas is not None
    assert study.plan is None
    assert study.strata_plan is None
    reasons = {one.part: one.reason.en for one in study.omissions}
    assert reasons["plan"] == reasons["strata_plan"]
    assert "nobody is eligible on 2025-06-01" in reasons["plan"]


def test_the_report_says_so_on_its_first_screen(study: Study):
    html = page_of(publish(study), "sv")
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL))
    reason = next(one.reason.sv for one in study.omissions if one.part == "plan")
    assert text.index(reason) < len(text) / 4
    assert "None" not in text
