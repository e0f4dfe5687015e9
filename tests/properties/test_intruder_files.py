"""Somebody who knows everybody else and has everything that two studies leave: no number is exact."""

from __future__ import annotations

import numpy as np
import pytest

import riskstrat as rs
from intruder_files import questions, told


def test_a_number_that_the_secret_does_not_change_is_found():
    before = [{("t", "x"): 7.0, ("t", "y"): float(n % 3)} for n in range(8)]
    after = [{("t", "x"): 8.0, ("t", "y"): float((n + 1) % 3)} for n in range(8)]
    found = told(before, after)
    assert found.exact == (("t", "x"),)
    assert found.decided == 1.0
    assert told(before, before).numbers == 0


def test_numbers_that_share_their_noise_count_once():
    noise = np.random.default_rng(1).normal(0, 1, 400)
    before = [{("t", "a"): value, ("t", "b"): 2 * value} for value in noise]
    after = [{("t", "a"): value + 1, ("t", "b"): 2 * value + 2} for value in noise[::-1]]
    found = told(before, after)
    assert found.numbers == 1
    assert found.strength == pytest.approx(1, abs=0.3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_number_of_a_whole_study_is_exact():
    found = dict(questions(0, rs.conditions.load("frailty"), secrets=10))
    assert {question: one.exact for question, one in found.items()} == dict.fromkeys(found, ())
