"""BYM2: R-INLA's mode and scale, a long run of an independent sampler, and importance sampling of tiny maps."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csc_array, eye_array
from scipy.special import expit, gammaln

from riskstrat.areas import Neighbours, smooth
from riskstrat.areas.bym2 import Bym2Posterior, SharePrior, bym2
from riskstrat.areas.bym2_field import Model, mode_of
from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.gamma import Counts
from riskstrat.areas.icar import inverse_diagonal, structure_of

AREAS = Path(__file__).parents[1] / "reference_data" / "areas"
KNOWN = json.loads((AREAS / "lip_cancer_bym2.json").read_text())
LIP = pl.read_csv(AREAS / "lip_cancer_scotland.csv")
OBSERVED, EXPECTED = LIP["observed"].cast(pl.Float64).to_numpy(), LIP["expected"].to_numpy()
PERCENT = np.array(KNOWN["agriculture_fishing_forestry_percent"])
SCOTLAND = Neighbours(areas=tuple(map(str, range(56))), pairs=np.array(KNOWN["pairs"]))

CHAIN = Neighbours(areas=tuple("abcdef"), pairs=np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
"""Five areas in a row, and an island."""


def test_the_scale_is_that_of_r_inla():
    # R-INLA adds the square root of machine precision to the diagonal.
    assert structure_of(SCOTLAND).scale[0] == pytest.approx(KNOWN["scale"], abs=1e-6)


def test_the_mode_at_fixed_hyper_parameters_is_that_of_r_inla():
    mode = KNOWN["mode"]
    counts = Counts.of(OBSERVED, EXPECTED, None)
    model = Model(counts=counts, design=np.column_stack([np.ones(56), PERCENT]), structure=structure_of(SCOTLAND))
    found, _, _ = mode_of(model, mode["tau"], mode["phi"], model.start)
    np.testing.assert_allclose(found.b, mode["mode_b"], atol=1e-6)
    np.testing.assert_allclose(found.u, mode["mode_u"], atol=1e-6)
    np.testing.assert_allclose(found.beta, [mode["mode_intercept"], mode["mode_slope"]], atol=1e-6)


@cache
def lip_cancer(covariate: bool) -> Bym2Posterior:
    return bym2(OBSERVED, EXPECTED, SCOTLAND, None, (PERCENT / 10)[:, None] if covariate else None)


@pytest.mark.parametrize("covariate", [True, False])
def test_the_posterior_is_that_of_a_long_run_of_an_independent_sampler(covariate: bool):
    known = {name: np.array(values) for name, values in KNOWN["sampler"][sampled(covariate)]["log_theta"].items()}
    mean, sd = moments(lip_cancer(covariate))
    error = known["sd"] / np.sqrt(known["ess"])
    assert (np.abs(mean - known["mean"]) <= 0.05 * known["sd"] + 3 * error).all()
    # The error of a standard deviation is about 1 / sqrt(2) of that of a mean.
    assert (np.abs(sd - known["sd"]) <= 0.05 * known["sd"] + 3 * error / np.sqrt(2)).all()


@pytest.mark.parametrize("covariate", [True, False])
def test_ratios_and_exceedance_are_those_of_the_sampler(covariate: bool):
    known, posterior = KNOWN["sampler"][sampled(covariate)], lip_cancer(covariate)
    np.testing.assert_allclose(posterior.mean, known["theta"], rtol=0.02)
    np.testing.assert_allclose(posterior.exceedance(1.2), known["above_1_2"], atol=0.02)
    assert posterior.sd_log == pytest.approx(known["sd"]["mean"], rel=0.02)


def test_draws_have_the_moments_of_the_mixture():
    posterior = lip_cancer(covariate=False)
    draws = np.log(posterior.draw(4000, 3))
    mean, sd = moments(posterior)
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=5 * sd.max() / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.08)
    np.testing.assert_allclose((draws > np.log(1.2)).mean(axis=0), posterior.exceedance(1.2), atol=0.04)
    np.testing.assert_array_equal(posterior.draw(5, 7), posterior.draw(5, 7))


SMALL_NOISE = CountNoise(probability=np.array([0.25, 0.5, 0.25]), rows=np.full(6, 100.0))


@pytest.mark.parametrize(
    ("observed", "expected", "noise"),
    [
        ([4, 9, 14, 6, 2, 12], [6, 8, 9, 7, 5, 8], None),
        ([4, 9, 0, 6, 2, 12], [6, 8, 0, 7, 5, 8], None),
        ([0, 1, 3, 0, 2, 1], [1, 1.5, 1, 1, 1, 1], None),
        ([4, 9, 14, 6, 2, 12], [6, 8, 9, 7, 5, 8], SMALL_NOISE),
    ],
    ids=["counts of ten", "an area of nobody", "counts of one", "protected counts"],
)
def test_a_tiny_map_is_what_importance_sampling_says(observed: list, expected: list, noise: CountNoise | None):
    o, e = np.array(observed, dtype=float), np.array(expected, dtype=float)
    mean, sd, above, size = importance_sampled(o, e, CHAIN, noise)
    posterior = bym2(o, e, CHAIN, noise)
    found_mean, found_sd = moments(posterior)
    error = sd / np.sqrt(size)
    assert size > 500
    assert (np.abs(found_mean - mean) <= 0.05 * sd + 4 * error).all()
    assert (np.abs(found_sd - sd) <= 0.05 * sd + 4 * error).all()
    np.testing.assert_allclose(posterior.exceedance(1.2), above, atol=0.03)


def test_each_part_of_a_map_is_scaled_on_its_own_and_an_island_has_no_spatial_term():
    two = Neighbours(areas=tuple("abcdefg"), pairs=np.array([[0, 1], [1, 2], [3, 4], [4, 5], [3, 5]]))
    structure = structure_of(two)
    for part in (slice(0, 3), slice(3, 6)):
        assert np.exp(np.log(structure.variance[part]).mean()) == pytest.approx(1)
    assert structure.islands.tolist() == [False] * 6 + [True]
    posterior = bym2(np.array([4.0, 6, 5, 7, 3, 4, 30]), np.full(7, 5.0), two)
    assert posterior.mean[6] > 2
    # A neighbour of nobody tells nothing of anybody's space: the spatial terms of each part sum to 0.
    for component in posterior.components:
        assert component.mean.u[:3].sum() == pytest.approx(0, abs=1e-9)
        assert component.mean.u[3:6].sum() == pytest.approx(0, abs=1e-9)


def test_areas_beside_high_ones_are_drawn_towards_them():
    chain = Neighbours(areas=tuple(map(str, range(20))), pairs=np.column_stack([np.arange(19), np.arange(1, 20)]))
    observed, expected = np.where(np.arange(20) < 10, 30.0, 10.0), np.full(20, 20.0)
    expected[[5, 15]] = 1e-3
    observed[[5, 15]] = 0
    found = smooth(observed, expected, "bym2", chain).estimate
    assert found[5] > 1.3
    assert found[15] < 0.7


def test_the_diagonal_of_an_inverse_needs_no_inverse():
    structure = structure_of(SCOTLAND)
    matrix = csc_array(structure.precision + 0.3 * eye_array(56))
    np.testing.assert_allclose(inverse_diagonal(matrix), np.diag(np.linalg.inv(matrix.toarray())), rtol=1e-10)


def sampled(covariate: bool) -> str:
    return "with_covariate" if covariate else "without"


def moments(posterior: Bym2Posterior) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of log theta."""
    linear = np.array([posterior.model.linear(component.mean) for component in posterior.components])
    variance = np.array([component.variance for component in posterior.components])
    mean = posterior.weight @ linear
    return mean, np.sqrt(posterior.weight @ (variance + linear**2) - mean**2)


def importance_sampled(
    observed: np.ndarray, expected: np.ndarray, neighbours: Neighbours, noise: CountNoise | None, draws: int = 400_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Mean, sd and exceedance of log theta from draws of the prior; the intercept, whose prior is flat, has a gamma."""
    random, structure = np.random.default_rng(1), structure_of(neighbours)
    prior = SharePrior.of(structure)
    grid = expit(np.linspace(-12, 12, 1001))
    distance = np.array([prior.distance(float(share)) for share in grid])
    share = np.interp(random.exponential(prior.distance(0.5) / np.log(3), draws), distance, grid)[:, None]
    share = share * ~structure.islands
    sd = random.exponential(-1 / np.log(0.05), (draws, 1))
    values, vectors = np.linalg.eigh(structure.precision.toarray())
    root = vectors[:, values > 1e-9] / np.sqrt(values[values > 1e-9])
    spatial = random.standard_normal((draws, root.shape[1])) @ root.T
    b = sd * (np.sqrt(1 - share) * random.standard_normal(spatial.shape) + np.sqrt(share) * spatial)
    counts, log_weight = np.broadcast_to(observed, b.shape), np.zeros(draws)
    if noise is not None:
        least, likelihood = noise.possible(observed)
        above = random.integers(0, len(likelihood), b.shape)
        counts = least + above
        with np.errstate(divide="ignore"):
            log_weight += np.log(likelihood[above, np.arange(len(observed))]).sum(axis=1)
    fitted, total = expected * np.exp(b), counts.sum(axis=1)
    log_fitted = np.log(np.where(fitted > 0, fitted, 1.0))
    log_weight += (counts * log_fitted - gammaln(counts + 1)).sum(axis=1)
    log_weight += gammaln(np.maximum(total, 1)) - total * np.log(fitted.sum(axis=1))
    linear = np.log(random.gamma(np.maximum(total, 1)) / fitted.sum(axis=1))[:, None] + b
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = weight @ linear
    return mean, np.sqrt(weight @ (linear - mean) ** 2), weight @ (linear > np.log(1.2)), float(1 / (weight**2).sum())
