"""The invented places: shape, neighbours, names and effects."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from riskstrat.synthetic.geography import Geography, geojson, make_geography
from riskstrat.synthetic.parameters import AREA_SD_RATE, CONDITIONS


@pytest.fixture(scope="module")
def geography() -> Geography:
    return make_geography(np.random.SeedSequence(5))


def neighbours(geography: Geography) -> list[tuple[int, int]]:
    """Pairs of areas that share a border: two corners at least."""
    corners = [set(ring) for ring in geography.rings]
    return [(a, b) for a, b in combinations(range(51), 2) if len(corners[a] & corners[b]) >= 2]


def test_51_areas_with_invented_codes_and_names(geography: Geography):
    assert len(set(geography.ids)) == len(set(geography.names)) == 51
    assert all(re.fullmatch(r"9981[ABC]\d{4}", area) for area in geography.ids)
    letters = [area[4] for area in geography.ids]
    assert (letters.count("A"), letters.count("B"), letters.count("C")) == (6, 6, 39)


def test_one_island_and_a_connected_mainland(geography: Geography):
    pairs = neighbours(geography)
    touched = {area for pair in pairs for area in pair}
    assert set(range(51)) - touched == {50}
    reached, edge = {0}, {0}
    while edge:
        edge = {b for a, b in pairs if a in edge} | {a for a, b in pairs if b in edge}
        edge -= reached
        reached |= edge
    assert len(reached) == 50


def test_rings_are_closed_and_clockwise_as_d3_draws_them(geography: Geography):
    for ring in geography.rings:
        assert ring[0] == ring[-1]
        twice_area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))
        assert twice_area < 0


def test_geojson_carries_the_area_ids(geography: Geography):
    features = geojson(geography)["features"]
    assert isinstance(features, list)
    assert [feature["properties"]["area_id"] for feature in features] == list(geography.ids)


def test_effects_have_mean_zero_over_the_population_and_the_spread_asked_for():
    spreads = []
    for seed in range(200):
        geography = make_geography(np.random.SeedSequence(seed), area_sd=0.25)
        for name in CONDITIONS:
            assert np.sum(geography.effects[name] * geography.share) == pytest.approx(0, abs=1e-12)
            spreads.append(np.std(geography.effects[name]))
    assert np.mean(np.square(spreads)) == pytest.approx(0.25**2, rel=0.25)  # less what the shared mean takes


def test_spread_is_drawn_from_the_penalised_complexity_prior():
    drawn = [make_geography(np.random.SeedSequence(seed)).spread["frailty"] for seed in range(400)]
    assert np.mean(drawn) == pytest.approx(1 / AREA_SD_RATE, rel=0.15)
    assert np.mean(np.array(drawn) > 0.5) == pytest.approx(0.05, abs=0.03)


def test_neighbouring_areas_are_more_alike_than_distant_ones():
    near, far = [], []
    for seed in range(300):
        geography = make_geography(np.random.SeedSequence(seed), area_sd=0.25)
        effect = geography.effects["early_cvd"]
        near += [effect[a] * effect[b] for a, b in neighbours(geography)]
        far += [effect[a] * effect[50] for a in (0, 10, 20)]
    assert np.mean(near) > 0.006 > abs(np.mean(far))


def test_outline_is_the_same_for_every_seed():
    first, second = (make_geography(np.random.SeedSequence(seed)) for seed in (1, 2))
    assert first.rings == second.rings
    assert not np.allclose(first.deprivation, second.deprivation)
