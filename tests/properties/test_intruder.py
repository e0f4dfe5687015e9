"""An intruder who knows everything but one unit's outcomes: what he gets where counts are exact, and under noise."""

from __future__ import annotations

import numpy as np
import pytest

import intruder
from intruder import CERTAIN, PROTECTIONS, Finding, attack

NOISE, THRESHOLDS, NONE = PROTECTIONS


def findings(protection: intruder.Protection, towns: int) -> list[Finding]:
    return [attack(seed, protection) for seed in range(towns)]


def test_exact_counts_are_found_every_time() -> None:
    """Any number of enough digits that depends on a count tells it, and the difference of two tells the person."""
    for one in findings(NONE, 8):
        assert one.hit
        assert one.possible == 1
        assert one.certainty > CERTAIN


def test_thresholds_alone_protect_small_counts_only() -> None:
    found = findings(THRESHOLDS, 12)
    assert np.mean([one.hit for one in found]) > 0.5
    assert np.mean([one.certainty > CERTAIN for one in found]) > 0.5
    assert all(one.possible < 5 for one in found)


def test_under_noise_the_best_guess_is_mostly_wrong() -> None:
    found = findings(NOISE, 20)
    assert np.mean([one.hit for one in found]) <= intruder.MOST_HIT


@pytest.mark.slow
def test_fitting_the_posterior_for_each_guess_tells_no_more_than_the_protected_count() -> None:
    """The row that is shown gives the protected count away, and that is all that it gives."""
    for seed in range(2):
        granted, inverted = attack(seed, NOISE), attack(seed, NOISE, invert=True)
        assert inverted.possible >= granted.possible
        assert inverted.certainty <= granted.certainty + 1e-12
    assert attack(0, NONE, invert=True).certainty > CERTAIN


def test_a_run_of_possible_values_ends_where_one_is_impossible() -> None:
    fits = np.array([True, False, True, True, False, True])
    assert [intruder.in_a_row(fits, truth) for truth in (0, 2, 3, 5)] == [1, 2, 2, 1]
