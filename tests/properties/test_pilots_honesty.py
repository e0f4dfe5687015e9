"""Pilots in simulated municipalities: intervals cover, and where there is no effect none is found."""

from __future__ import annotations

import numpy as np
import pytest

from riskstrat import pilots
from riskstrat.pilots.designing import expected_counts, model_of
from riskstrat.records.pilot import PilotDesign
from small_pilot import counts, pilot

Floats = np.ndarray

KINDS = {
    "six pairs": {"number": 12},
    "twelve pairs": {"number": 24},
    "few cases in eight pairs": {"number": 16, "cases_within": "10y"},
    "phased": {"number": 12, "kind": "phased"},
    "phased with a lag": {"number": 9, "kind": "phased", "period": "180d", "delay": "170d"},
}


def worlds(design: PilotDesign, ratio: float, number: int, seed: int) -> tuple[Floats, Floats]:
    """p of no effect and p of the true ratio, whose interval covers it where that is above 5 %, in worlds by chance."""
    row = design.outcomes.row(0, named=True)
    expected = expected_counts(design, row["outcome"], row["periods"])
    model, _ = model_of(design, expected, row["lag"], most=1_999, sampled=999)
    rng = np.random.default_rng(seed)
    unlike = np.exp(rng.normal(0, 0.2, (number, len(expected), 1)) + rng.normal(0, 0.1, (number, 1, row["periods"])))
    found = rng.poisson(expected * unlike * ratio**model.begun).astype(float)
    return model.p_values(found), model.p_values(found, np.log(ratio))


def shares(kind: str, allocations: int, number: int, ratio: float) -> tuple[float, float]:
    """Share of worlds in which an effect is found, and in which the interval covers the true ratio."""
    found = [worlds(pilot(seed=seed, **KINDS[kind]), ratio, number, seed) for seed in range(allocations)]
    none, true = (np.concatenate([each[side] for each in found]) for side in (0, 1))
    return float((none <= 0.05).mean()), float((true > 0.05).mean())


def error(share: float, number: int) -> float:
    return 3 * np.sqrt(share * (1 - share) / number)


@pytest.mark.parametrize("kind", KINDS)
def test_no_effect_is_found_where_there_is_none(kind: str) -> None:
    found, covered = shares(kind, 4, 100, 1.0)
    assert found <= 0.05 + error(0.05, 400)
    assert covered == 1 - found


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_a_true_effect(kind: str) -> None:
    assert shares(kind, 4, 100, 0.6)[1] >= 0.95 - error(0.05, 400)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_and_nulls_are_not_rejected_over_many_allocations(kind: str, ratio: float) -> None:
    found, covered = shares(kind, 40, 200, ratio)
    assert covered >= 0.95 - error(0.05, 8_000)
    assert ratio < 1 or found <= 0.05 + error(0.05, 8_000)


@pytest.mark.slow
def test_intervals_of_whole_evaluations_cover() -> None:
    covered = []
    for seed in range(200):
        drawn = pilot(14, seed)
        shown = pilots.evaluate(drawn, counts(drawn, 0.7, seed=seed))
        covered.append(shown.lower <= 0.7 <= shown.upper)
    assert np.mean(covered) >= 0.95 - error(0.05, 200)
