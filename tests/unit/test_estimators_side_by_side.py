"""Fits beside each other: one thread each, the same answers on any number of processors, and no more rows than help."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import expit
from threadpoolctl import threadpool_info, threadpool_limits

from riskstrat.estimators import Boosting, Logistic, RiskEstimator, Split, cross_fit, group_folds
from riskstrat.estimators.boosting import _enough_folds
from riskstrat.estimators.sample import Sample, thinned
from riskstrat.incidence import outcome_array
from riskstrat.numerics.threads import side_by_side

HORIZON = 365.0


def threads_used() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


def people(n: int = 900) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 6)).astype(np.float32)
    return X, outcome_array((rng.random(n) < expit(X[:, 0] - 1)).astype(int), np.full(n, HORIZON))


@pytest.mark.parametrize("estimator", [Logistic(horizon_days=HORIZON), Boosting(horizon_days=HORIZON, max_iter=30)])
def test_folds_give_the_same_risks_to_the_last_bit_on_one_processor_and_on_four(estimator: RiskEstimator):
    X, y = people()
    split = Split.from_folds(group_folds(np.arange(len(X)), 5))
    found = []
    for processors in (1, 4):
        with threadpool_limits(limits=processors):
            found.append(cross_fit(estimator, X, y, split).risk)
    np.testing.assert_array_equal(*found)


def test_tasks_run_beside_each_other_with_one_thread_each_and_answers_keep_their_order():
    before, both = threads_used(), threading.Barrier(2, timeout=20)

    def task(item: int) -> tuple[int, Sequence[int]]:
        both.wait()  # ends only if two tasks are there at the same time
        return item, threads_used()

    with threadpool_limits(limits=2):
        found = side_by_side(task, range(4))
    assert [item for item, _ in found] == [0, 1, 2, 3]
    assert {number for _, used in found for number in used} == {1}
    assert threads_used() == before


def test_a_task_inside_of_a_task_finds_no_further_processor_and_an_error_leaves_threads_as_they_were():
    before = threads_used()

    def failing(item: int) -> list[int]:
        if item == 2:
            raise ValueError("third")
        return side_by_side(lambda _: threading.get_ident(), range(3))

    with pytest.raises(ValueError, match="third"):
        side_by_side(failing, range(3))
    assert threads_used() == before
    assert all(len(set(idents)) == 1 for idents in side_by_side(lambda _: failing(0), range(2)))


def rare(n: int = 20_000) -> Sample:
    rng = np.random.default_rng(3)
    label = rng.random(n) < 0.05
    values = rng.normal(size=(n, 2)).astype(np.float32)
    return Sample(values=values, label=label, weight=rng.uniform(0.5, 1.5, n), group=np.arange(n) // 2)


def test_thinned_rows_stand_for_all_and_whole_groups_stay():
    whole = rare()
    kept = thinned(whole, 2_000, seed=0)
    assert kept.label.sum() == whole.label.sum()  # those with the outcome are fewer than 2,000
    assert 2_000 <= (~kept.label).sum() <= 2_001  # of the last group both rows
    assert np.average(kept.label, weights=kept.weight) == pytest.approx(np.average(whole.label, weights=whole.weight))
    assert kept.weight.sum() == pytest.approx((kept.weight.sum() ** 2) / (kept.weight**2).sum())
    assert thinned(whole, 20_000, seed=0) is whole


def test_which_rows_are_kept_does_not_depend_on_their_order():
    whole = rare()
    order = np.random.default_rng(4).permutation(len(whole.label))
    shuffled = Sample(
        values=whole.values[order], label=whole.label[order], weight=whole.weight[order], group=whole.group[order]
    )
    first, second = thinned(whole, 1_000, seed=5), thinned(shuffled, 1_000, seed=5)
    assert sorted(first.values[:, 0].tolist()) == sorted(second.values[:, 0].tolist())


def test_boosting_says_how_many_rows_it_was_fitted_to():
    X, y = people(3_000)
    model = Boosting(horizon_days=HORIZON, max_iter=10, most_rows=500).fit(X, y)
    (outcomes, others), (all_outcomes, all_others) = model.rows_
    assert (outcomes, others) == (500, 500)
    assert all_outcomes + all_others == 3_000
    assert model.predict_risk(X).mean() == pytest.approx(y["event"].mean(), abs=0.03)


@pytest.mark.parametrize(("outcomes", "folds"), [(900, 3), (7_000, 1), (3_500, 2)])
def test_inner_folds_are_held_out_until_enough_outcomes_were_seen(outcomes: int, folds: int):
    label = np.arange(100_000) < outcomes
    assert _enough_folds(label, np.arange(100_000) % 3) == folds
    assert _enough_folds(~label, np.arange(100_000) % 3) == folds
