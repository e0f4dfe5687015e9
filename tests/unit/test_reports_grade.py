"""Disagreement that chance may have made is doubt; disagreement beyond it is failure."""

import pytest

from riskstrat.reports.context import Estimate
from riskstrat.reports.grade import GOOD, LOW, MODERATE, _agreement


@pytest.mark.parametrize(
    ("estimate", "grade"),
    [
        (Estimate(1.04, 0.9, 1.2), GOOD),
        (Estimate(1.38, 0.9, 2.0), MODERATE),
        (Estimate(0.7, 0.5, 0.9), MODERATE),
        (Estimate(1.6, 1.4, 1.9), LOW),
        (Estimate(0.5, 0.4, 0.6), LOW),
        (Estimate(1.6, None, None), LOW),
    ],
)
def test_agreement_is_judged_with_its_interval(estimate: Estimate, grade: str):
    assert _agreement(estimate) == grade
