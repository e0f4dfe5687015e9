"""The steps of a study on a small real municipality."""

from riskstrat.records.study import Study


def test_the_whole_study_answers_everything(municipality_study: Study):
    assert set(municipality_study.checks) == {"person", "area", "time"}
    assert municipality_study.areas is not None
    assert municipality_study.plan is not None
