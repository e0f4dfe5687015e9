"""Intervals of trends hold the truth where slopes differ, and nobody is flagged where they do not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import trends

YEARS, GROUPS, LEVELS = 6, 51, 0.25


def covered(spread: float, cases: float, seed: int) -> float:
    """Share of groups whose 90 % interval of the yearly ratio holds the truth; slopes have this sd over all years."""
    random, time = np.random.default_rng(seed), np.linspace(-0.5, 0.5, YEARS)
    level, slope = LEVELS * random.standard_normal(GROUPS), spread * random.standard_normal(GROUPS)
    observed = random.poisson(cases * np.exp(level + time[:, None] * slope))
    counts = pl.DataFrame(
        {
            "area_id": np.tile([f"{group:02}" for group in range(GROUPS)], YEARS),
            "year": np.repeat(np.arange(YEARS), GROUPS),
            "cases": observed.ravel(),
            "people": np.full(YEARS * GROUPS, cases),
        }
    )
    found, truth = trends(counts, "area_id", seed=seed, draws=1000).table, np.exp(slope / (YEARS - 1))
    lower, upper = (found[f"yearly_ratio_{end}"].to_numpy() for end in ("lower", "upper"))
    return float(np.mean((lower <= truth) & (truth <= upper)))


@pytest.mark.slow
@pytest.mark.parametrize("cases", [5.0, 10.0, 40.0])
def test_intervals_hold_the_truth_where_slopes_differ(cases: float):
    found = [covered(0.2, cases, seed) for seed in range(60)]
    error = float(np.std(found) / np.sqrt(len(found)))
    assert 0.87 - 2 * error <= np.mean(found) <= 0.93 + 2 * error


def test_the_spread_of_slopes_is_not_drawn_to_nothing():
    """With the prior of levels intervals are 0.139 wide on average."""
    slope, time = np.tile([-0.2, 0.2], 10), np.linspace(-0.5, 0.5, 4)
    counts = pl.DataFrame(
        {
            "area_id": np.tile([f"{group:02}" for group in range(20)], 4),
            "year": np.repeat(np.arange(4), 20),
            "cases": (10 * np.exp(time[:, None] * slope)).round().astype(int).ravel(),
            "people": np.full(80, 10.0),
        }
    )
    found = trends(counts, "area_id", draws=1000).table
    assert (found["yearly_ratio_upper"] - found["yearly_ratio_lower"]).mean() > 0.147
