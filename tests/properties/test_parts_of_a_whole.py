"""Whatever divides a protected count adds up to it, has the variance that is said, and tells nothing more of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from riskstrat.disclosure import CellNoise, Whole
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.disclosure.whole import adding_up

NOISE = CellNoise(b"sixteen bytes or more")


def whole_of(
    counts: np.ndarray, left: int, added: int, seed: int, noise: CellNoise = NOISE
) -> tuple[Whole, np.ndarray]:
    """A count, and the keys of parts that leave some of it."""
    keys = person_keys(np.arange(len(counts) + 1) + 1000 * seed)
    total = int(counts.sum()) + left
    whole = Whole(count=total, key=keys.sum(), added=added, variance=40.0, among=np.uint64(seed), noise=noise)
    return whole, keys[:-1]


@settings(max_examples=examples(30))
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(-20, 20), st.integers(0, 1000))
def test_parts_add_up_to_the_protected_whole(counts: list[int], added: int, seed: int):
    exact = np.array(counts)
    whole, keys = whole_of(exact, 0, max(added, -int(exact.sum())), seed)
    protected = exact + whole.parts(exact, keys)
    if protected.any():
        assert protected.sum() == whole.protected
    assert (protected >= 0).all()


@settings(max_examples=examples(20))
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(0, 1000))
def test_what_lies_within_does_not_exceed_what_it_lies_within(more: list[int], seed: int):
    exact = np.cumsum(more)
    whole, keys = whole_of(np.array(more), 50, 3, seed)
    protected = exact + whole.nested(exact, keys.cumsum())
    assert (np.diff(protected) >= 0).all()
    assert protected[-1] <= whole.protected


def test_a_part_is_unbiased_and_has_the_variance_that_is_said():
    exact, moved, totals = np.array([30, 60, 90]), [], []
    random = np.random.default_rng(1)
    for seed in range(3000):
        added = int(np.rint(random.normal(0, 40**0.5)))
        whole, keys = whole_of(exact, 20, added, seed)
        moved.append(whole.parts(exact, keys))
        totals.append(added)
    said = whole_of(exact, 20, 0, 0)[0].variances(exact, of=4)
    assert np.mean(moved, axis=0) == pytest.approx([0, 0, 0], abs=0.2)
    # Rounding adds a sixth.
    assert np.var(moved, axis=0) == pytest.approx(said + 1 / 6, rel=0.1)


def test_a_division_says_the_same_of_the_whole_whatever_its_noise_was():
    """Parts minus their share of the protected whole: what they tell beside it does not depend on its noise."""
    exact = np.array([40, 60])
    found = {}
    for added in (-5, 5):
        beside = []
        for seed in range(1500):
            whole, keys = whole_of(exact, 0, added, seed)
            protected = exact + whole.parts(exact, keys)
            beside.append(protected[0] / protected.sum())
        found[added] = np.mean(beside), np.std(beside)
    assert found[-5] == pytest.approx(found[5], rel=0.12)


def test_a_part_that_is_all_of_the_whole_carries_its_noise_and_more_than_it_some_of_its_own():
    whole, _ = whole_of(np.array([50]), 0, 4, 1)
    assert whole.part(50, whole.key).added == 4
    more = [whole_of(np.array([50]), 0, 4, seed)[0].part(80, np.uint64(seed)).added - 4 for seed in range(400)]
    assert np.mean(more) == pytest.approx(0, abs=0.25)
    assert np.var(more) == pytest.approx(2, rel=0.3)
    assert whole.part(80, np.uint64(9)).variance == pytest.approx(42, abs=0.1)


def test_cells_that_are_added_up_are_rounded_from_the_first_on():
    assert adding_up(np.array([1, 1, 1]), 10).tolist() == [3, 4, 3]
    assert adding_up(np.array([0, 0]), 0).tolist() == [0, 0]
