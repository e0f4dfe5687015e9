"""Area estimates with what neighbours have in common: which areas, in which order, and what cannot be smoothed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from area_cohorts import cohort_of, some_risk, target_of
from riskstrat.areas import Neighbours, estimate_areas, smooth
from riskstrat.disclosure import CellNoise
from riskstrat.errors import UsageError

RING = Neighbours(areas=("d", "b", "x", "a", "c"), pairs=np.array([[0, 1], [1, 3], [2, 3], [3, 4], [0, 4]]))
"""Neighbours of more areas than are asked for, in another order."""
TEN = Neighbours(areas=tuple("abcdefghij"), pairs=np.array([[0, 1], [1, 2], [4, 5]]))


@pytest.mark.parametrize("noise", [None, CellNoise(b"a secret of the tests")], ids=["exact", "protected"])
def test_areas_are_estimated_with_their_neighbours(noise: CellNoise | None):
    cohort, target = (
        replace(of, people=of.people.with_row_index("person_id").with_columns(pl.col("person_id").cast(pl.Int64)))
        for of in (cohort_of(landmarks=1), target_of())
    )
    arguments = (cohort, some_risk(6000), target, some_risk(3000, 4))
    spatial = estimate_areas(*arguments, smoothing="bym2", neighbours=RING, noise=noise, draws=500)
    gamma = estimate_areas(*arguments, noise=noise, draws=500)
    assert spatial.smoothing == "bym2"
    assert spatial.table["area_id"].to_list() == list("abcd")
    risks = [estimates.draws.risk.mean(axis=0) for estimates in (spatial, gamma)]
    np.testing.assert_allclose(*risks, rtol=0.15)
    again = estimate_areas(*arguments, smoothing="bym2", neighbours=RING, noise=noise, draws=500)
    np.testing.assert_array_equal(again.draws.risk, spatial.draws.risk)


def test_borders_follow_the_areas_that_are_asked_for():
    found = RING.of_areas(["a", "b", "c", "d"])
    assert found.areas == ("a", "b", "c", "d")
    assert sorted(map(tuple, found.pairs.tolist())) == [(0, 1), (0, 2), (1, 3), (2, 3)]
    assert RING.of_areas(["x", "d"]).pairs.shape == (0, 2)


def test_areas_without_known_neighbours_are_named():
    with pytest.raises(UsageError, match="1 area without known neighbours: e"):
        RING.of_areas(["a", "e"])


def test_groups_that_are_not_areas_have_no_neighbours():
    with pytest.raises(UsageError, match="area_id and sex"):
        estimate_areas(
            cohort_of(),
            some_risk(6000),
            target_of(),
            some_risk(3000, 4),
            by=("area_id", "sex"),
            smoothing="bym2",
            neighbours=RING,
        )


@pytest.mark.parametrize(
    ("observed", "map_of"),
    [
        ([3.0], Neighbours(areas=("a",), pairs=np.empty((0, 2), dtype=int))),
        ([3.0] * 10, TEN),
        ([1.0] + [0.0] * 9, TEN),
        ([400.0] * 5 + [1.0] * 5, TEN),
    ],
    ids=["one area", "several parts and islands", "one case", "very different parts"],
)
def test_maps_that_are_odd_still_have_a_posterior(observed: list[float], map_of: Neighbours):
    found = smooth(observed, np.full(len(observed), 3.0), "bym2", map_of)
    assert np.isfinite(found.estimate).all()
    assert (found.draws(200) > 0).all()
    assert ((found.exceedance(1.0) >= 0) & (found.exceedance(1.0) <= 1)).all()


@pytest.mark.parametrize(
    ("covariates", "said"),
    [
        (np.ones((9, 1)), "shape"),
        (np.ones((10, 1)), "constant"),
        (np.full((10, 1), np.nan), "not finite"),
        (np.column_stack([np.arange(10.0), 2 * np.arange(10.0)]), "follow from others"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(covariates: np.ndarray, said: str):
    with pytest.raises(UsageError, match=said):
        smooth(np.full(10, 3.0), np.full(10, 3.0), "bym2", TEN, covariates=covariates)


def test_counts_that_say_nothing_are_refused():
    with pytest.raises(UsageError, match="no observed outcome in any group"):
        smooth(np.zeros(10), np.full(10, 3.0), "bym2", TEN)
    with pytest.raises(UsageError, match="of 0 or below"):
        smooth(np.ones(10), np.zeros(10), "bym2", TEN)
