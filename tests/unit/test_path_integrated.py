"""Contributions along a line: what they must add up to, and what they must be where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from riskstrat.errors import RiskstratError
from riskstrat.estimators.path_integrated import on_link, path_contributions
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link

RNG = np.random.default_rng(0)
START = np.array([-3.0, -4.0])
PARTS = RNG.normal(0, 0.6, (500, 2, 4))


def two_hazards(link: Link):
    """Cumulative incidence of one of two constant hazards after one unit of time."""

    def response(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = np.exp(scores).T
        both = first + second
        risk = first / both * -np.expm1(-both)
        share, left = first / both, np.exp(-both)
        by_first = share * (1 - share) * (1 - left) + share * left * first
        by_second = -share * (1 - share) * (1 - left) + share * left * second
        return on_link(link, risk, np.column_stack([by_first, by_second]))

    return response


@pytest.mark.parametrize("link", [CLOGLOG, LOGIT])
def test_contributions_and_baseline_add_up_to_the_link_of_the_risk(link: Link):
    values, baseline = path_contributions(two_hazards(link), START, PARTS)
    expected = two_hazards(link)(START + PARTS.sum(axis=2))[0]
    np.testing.assert_allclose(baseline + values.sum(axis=1), expected, rtol=1e-8)


def test_a_linear_function_is_explained_by_its_own_terms():
    slopes = np.array([2.0, -1.0])
    values, baseline = path_contributions(lambda at: (at @ slopes, np.tile(slopes, (len(at), 1))), START, PARTS)
    np.testing.assert_allclose(values, np.einsum("m,nmp->np", slopes, PARTS), atol=1e-12)
    assert baseline == pytest.approx(float(START @ slopes))


def test_a_feature_that_adds_nothing_to_any_score_contributes_nothing_and_equals_get_the_same():
    parts = PARTS.copy()
    parts[:, :, 1] = 0.0
    parts[:, :, 3] = parts[:, :, 2]
    values, _ = path_contributions(two_hazards(CLOGLOG), START, parts)
    assert (values[:, 1] == 0).all()
    np.testing.assert_allclose(values[:, 2], values[:, 3], rtol=1e-12)


def test_one_row_far_from_the_start_closes_too():
    far = PARTS.copy()
    far[0] *= 12
    values, baseline = path_contributions(two_hazards(LOGIT), START, far)
    expected = two_hazards(LOGIT)(START + far.sum(axis=2))[0]
    np.testing.assert_allclose(baseline + values.sum(axis=1), expected, rtol=1e-8)


def test_a_gradient_of_another_function_is_refused():
    def wrong(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = two_hazards(CLOGLOG)(scores)
        return value, gradient * 1.001

    with pytest.raises(RiskstratError, match="do not add up to the prediction in 500 of 500 rows"):
        path_contributions(wrong, START, PARTS)


def test_a_risk_of_exactly_one_is_refused_instead_of_explained_by_infinity():
    parts = PARTS.copy()
    parts[0, 0] = 20.0
    with pytest.raises(RiskstratError, match="in 1 of 500 rows"):
        path_contributions(two_hazards(CLOGLOG), START, parts)


def test_nobody_is_explained_by_nothing():
    values, baseline = path_contributions(two_hazards(CLOGLOG), START, PARTS[:0])
    assert values.shape == (0, 4)
    assert np.isfinite(baseline)
