"""Every case of `tests/feature_cases` has the answer that it says, and docs/features shows the cases as they are."""

from __future__ import annotations

import pytest

from feature_cases.case import Case, Refusal, Section, answered
from feature_cases.page import FOLDER, PAGES, pages
from riskstrat.errors import UsageError
from small_registers import BuildRegisters

CASES = {
    f"{page.name}: {section.title}: {case.title}": (section, case)
    for page in PAGES
    for section in page.sections
    for case in section.cases
}


@pytest.mark.parametrize(("section", "case"), CASES.values(), ids=CASES)
def test_the_answer_is_as_said(build_registers: BuildRegisters, section: Section, case: Case):
    feature = section.feature_of(case)
    row = answered(section, case, build_registers)
    assert row[feature.column] == (None if case.answer is None else pytest.approx(case.answer, rel=1e-6, abs=1e-9))
    for measure, expected in (("observed_share", case.share), ("observed_years", case.years)):
        if expected is not None:
            (found,) = (value for name, value in row.items() if name.endswith(measure))
            assert found == pytest.approx(expected)


REFUSED = {refusal.title: refusal for page in PAGES for refusal in page.refused}


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(refusal: Refusal):
    with pytest.raises(UsageError):
        refusal.kind(**refusal.declared)


def test_no_two_cases_share_a_title():
    assert len(CASES) == sum(len(section.cases) for page in PAGES for section in page.sections)


@pytest.mark.parametrize("name", pages())
def test_the_pages_show_the_cases_as_they_are(name: str):
    """Render them anew with: python tests/feature_cases/page.py."""
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name]


def test_there_are_no_pages_of_cases_that_are_gone():
    assert {path.name for path in FOLDER.iterdir()} == set(pages())
