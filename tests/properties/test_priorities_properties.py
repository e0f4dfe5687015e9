"""What holds for every plan: within budget, best of its kind, and blind to the order of units."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskstrat.priorities.allocation import best_allocation, greedy_allocation, highest_first, share_of_best_plans

SIZES = st.integers(1, 7)
BUDGETS = st.floats(0.01, 1.5)


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    """Values, costs and a budget relative to the sum of costs."""
    units = draw(SIZES)
    values = draw(arrays(float, units, elements=st.floats(0, 100)))
    costs = draw(arrays(float, units, elements=st.floats(1, 100)))
    return values, costs, draw(BUDGETS) * float(costs.sum())


@settings(deadline=None)
@given(problems(), st.booleans())
def test_never_over_budget_and_never_more_than_everybody(
    problem: tuple[np.ndarray, np.ndarray, float], whole: bool
) -> None:
    values, costs, budget = problem
    shares = best_allocation(values, costs, budget, whole=whole)
    assert (shares >= 0).all()
    assert (shares <= 1).all()
    assert costs @ shares <= budget * (1 + 1e-12)
    assert not whole or set(shares) <= {0.0, 1.0}


@settings(deadline=None)
@given(problems())
def test_whole_units_are_as_good_as_trying_every_choice(problem: tuple[np.ndarray, np.ndarray, float]) -> None:
    values, costs, budget = problem
    choices = np.array(list(product([0.0, 1.0], repeat=len(values))))
    highest = (choices @ values)[choices @ costs <= budget].max()
    assert best_allocation(values, costs, budget, whole=True) @ values >= highest * (1 - 2e-3) - 1e-9


@settings(deadline=None)
@given(problems())
def test_parts_are_never_worse_than_wholes_and_at_most_one_unit_is_split(
    problem: tuple[np.ndarray, np.ndarray, float],
) -> None:
    values, costs, budget = problem
    parts = best_allocation(values, costs, budget, whole=False)
    assert parts @ values >= best_allocation(values, costs, budget, whole=True) @ values - 1e-9
    assert ((parts > 0) & (parts < 1)).sum() <= 1


@settings(deadline=None)
@given(problems(), st.integers(0, 1_000))
def test_every_order_spends_the_whole_budget_in_parts(problem: tuple[np.ndarray, np.ndarray, float], seed: int) -> None:
    _, costs, budget = problem
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(len(costs)), (3, 1)), axis=1)
    spent = greedy_allocation(orders, costs, budget, whole=False) @ costs
    assert np.allclose(spent, min(budget, float(costs.sum())))


@settings(deadline=None)
@given(problems(), st.integers(0, 1_000))
def test_robustness_follows_the_units_not_their_order(problem: tuple[np.ndarray, np.ndarray, float], seed: int) -> None:
    _, costs, budget = problem
    random = np.random.default_rng(seed)
    draws = random.gamma(2.0, 1.0, (20, len(costs)))
    order = random.permutation(len(costs))
    for whole in (False, True):
        straight = share_of_best_plans(draws, costs, budget, whole=whole)
        shuffled = share_of_best_plans(draws[:, order], costs[order], budget, whole=whole)
        assert np.array_equal(straight[order], shuffled)


@settings(deadline=None)
@given(arrays(float, (3, 6), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_ties_keep_the_order_of_units(values: np.ndarray) -> None:
    for row, order in zip(values, highest_first(values), strict=True):
        assert order.tolist() == sorted(range(len(row)), key=lambda unit: (-row[unit], unit))
