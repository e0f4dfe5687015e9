"""Choosing among estimators: the simpler of those that cannot be told apart, on common rows, without flattery."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from riskstrat.errors import UsageError
from riskstrat.estimators import (
    AgeSex,
    Boosting,
    Logistic,
    RiskEstimator,
    Split,
    Weighted,
    choose,
    cross_fit,
    group_folds,
    sample_size,
)
from riskstrat.estimators.matrix import Matrix
from riskstrat.estimators.sample_size import cox_snell
from riskstrat.estimators.selection import Losses
from riskstrat.incidence import brier, outcome_array

HORIZON = 365.0


def losses(gaps: list[float], spread: float, complexity: list[float], baseline: int | None = None) -> Losses:
    """100 families whose losses differ from the first candidate's by these gaps, plus or minus a spread."""
    sign = np.where(np.arange(100) % 2, spread, -spread)[:, None] * (np.array(gaps) != 0)
    own = np.random.default_rng(0).uniform(0, 1, 100)[:, None]
    return Losses(sums=own + np.array(gaps) + sign, weights=np.ones(100), complexity=complexity, baseline=baseline)


@pytest.mark.parametrize(
    ("gaps", "complexity", "baseline", "expected"),
    [
        ([0, 0.05], [3, 1], None, 1),  # .05 is within one standard error of .1
        ([0, 0.15], [3, 1], None, 0),
        ([0, 0.05], [1, 3], None, 0),
        ([0, 0.05, 0.09], [3, 2, 1], None, 2),
        ([0, 0.05], [2, 2], None, 0),  # of equally simple ones the best
        ([0, 0.05], [3, 0], 1, 0),  # the baseline only where its loss is the smallest
        ([0, -0.05], [3, 0], 1, 1),
    ],
)
def test_the_simplest_within_one_standard_error_of_the_best_is_chosen(
    gaps: list[float], complexity: list[float], baseline: int | None, expected: int
):
    assert losses(gaps, 1.0, complexity, baseline).chosen() == expected


def test_simplicity_is_declared_by_the_estimators():
    class Sums(Logistic, abstract=True):
        @property
        def complexity(self) -> float:
            return 0.5

    kinds: list[RiskEstimator] = [
        AgeSex(horizon_days=HORIZON),
        Sums(horizon_days=HORIZON),
        Logistic(horizon_days=HORIZON),
        Boosting(horizon_days=HORIZON, max_leaf_nodes=3),
        Boosting(horizon_days=HORIZON),
        Weighted(None, horizon_days=HORIZON),
    ]
    found = [kind.complexity for kind in kinds]
    assert found == sorted(set(found))


def visits(n: int = 1_500, seed: int = 3) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pl.DataFrame({"age_years": rng.integers(40, 60, n), "visits": rng.poisson(1, n), "noise": rng.normal(size=n)})
    return X, outcome_array((rng.random(n) < expit(-3 + 1.2 * X["visits"].to_numpy())).astype(int), np.full(n, HORIZON))


class Visits(Logistic):
    """All columns but noise: simpler than `Logistic`, and as good."""

    @property
    def complexity(self) -> float:
        return 0.5

    @property
    def _others_allowed(self) -> bool:
        return True

    def _relevant(self, matrix: Matrix) -> Matrix:
        return matrix.select([name for name in matrix.names if name != "noise"])


def test_intervals_of_differences_are_those_of_the_same_persons_and_families():
    X, y = visits()
    split = Split.from_folds(group_folds(np.arange(len(y)) // 3, 5), np.arange(len(y)) // 3)
    candidates = {name: kind(horizon_days=HORIZON) for name, kind in (("all", Logistic), ("age", AgeSex))}
    choice = choose(candidates, X, y, split, groups=np.arange(len(y)) // 3)
    assert choice.name == "all"
    own, other = choice.table.rows(named=True)
    assert (own["difference"], own["difference_lower"], own["difference_upper"]) == (0, 0, 0)
    label = y["event"].astype(float)
    gap = (label - choice.risks["all"]) ** 2 - (label - choice.risks["age"]) ** 2
    by_family = gap.reshape(-1, 3).mean(axis=1)
    assert other["difference"] == pytest.approx(gap.mean() / label.var())
    half = 1.96 * by_family.std(ddof=1) / len(by_family) ** 0.5 / label.var()
    assert other["difference_upper"] - other["difference"] == pytest.approx(half, rel=1e-3)


def test_the_simpler_model_is_chosen_though_the_other_has_the_smaller_error_by_chance():
    chosen, best = set(), set()
    for seed in range(4):
        X, y = visits(seed=seed)
        split = Split.from_folds(group_folds(np.arange(len(y)), 5))
        kinds = {"all": Logistic(horizon_days=HORIZON), "visits": Visits(horizon_days=HORIZON)}
        choice = choose(kinds, X, y, split)
        chosen.add(choice.name)
        best.add(choice.table.sort("brier")["name"][0])
    assert chosen == {"visits"}
    assert best == {"all", "visits"}


class Part(Logistic):
    """Gives no risk to those below 45: a model that cannot be tested on everybody."""

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        risk = super().predict_risk(X)
        return np.where(X["age_years"].to_numpy() < 45, np.nan, risk)


def test_candidates_are_compared_on_the_rows_that_all_of_them_predict():
    X, y = visits()
    split = Split.from_folds(group_folds(np.arange(len(y)), 5))
    choice = choose({"all": Logistic(horizon_days=HORIZON), "part": Part(horizon_days=HORIZON)}, X, y, split)
    common = (X["age_years"] >= 45).to_numpy()
    assert choice.table["brier"].to_list() == pytest.approx(
        [brier(y[common], choice.risks[name][common], HORIZON) for name in ("all", "part")]
    )


def test_scores_do_not_depend_on_the_order_of_rows():
    X, y = visits(600)
    order, fold = np.random.default_rng(5).permutation(600), group_folds(np.arange(600), 4)
    kinds = {"all": Logistic(horizon_days=HORIZON), "age": AgeSex(horizon_days=HORIZON)}
    first = choose(kinds, X, y, Split.from_folds(fold), groups=np.arange(600)).table
    second = choose(kinds, X[order], y[order], Split.from_folds(fold[order]), groups=order).table
    for column in first.columns[1:]:
        np.testing.assert_allclose(first[column].to_numpy(), second[column].to_numpy(), atol=1e-6)


def test_choosing_the_best_of_many_useless_models_flatters_and_the_corrected_error_does_not():
    naive, corrected, truth = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        # Thirty guesses that have nothing to do with the outcome: in truth all are equally bad.
        outcome, guesses = rng.random(400) < 0.3, np.clip(0.3 + rng.normal(0, 0.15, (400, 30)), 0, 1)
        found = Losses.of((outcome[:, None] - guesses) ** 2, np.ones(400), np.arange(400), complexity=[1.0] * 30)
        naive.append(found.means(np.ones(400))[found.chosen()])
        corrected.append(found.after_choosing(draws=60))
        truth.append(0.3 * 0.7 + np.mean((np.clip(0.3 + rng.normal(0, 0.15, 20_000), 0, 1) - 0.3) ** 2))
    error = np.std(np.subtract(corrected, truth), ddof=1) / 60**0.5
    assert np.mean(naive) < np.mean(truth) - 4 * error
    assert abs(np.mean(corrected) - np.mean(truth)) < 2.5 * error


def test_where_one_candidate_is_always_chosen_nothing_is_corrected():
    found = losses([0, 0.9], 0.1, [1, 1])
    assert found.after_choosing() == found.means(np.ones(100))[0]


def test_blocks_of_families_have_the_standard_error_of_families():
    rng = np.random.default_rng(7)
    loss, weight, group = rng.normal(size=(60_000, 2)), rng.uniform(0.5, 1.5, 60_000), np.arange(60_000) // 3
    found = Losses.of(loss, weight, group, complexity=[1, 1])
    assert len(found.weights) == 5_000
    difference, error = found.differences(0, np.ones(5_000))
    gap = loss[:, 1] - loss[:, 0]
    mean = np.average(gap, weights=weight)
    influence = np.bincount(group, weight * (gap - mean)) / weight.sum()
    assert difference[1] == pytest.approx(mean)
    assert error[1] == pytest.approx((influence**2).sum() ** 0.5, rel=0.03)


def test_a_baseline_that_is_no_candidate_is_refused_with_what_there_is():
    X, y = visits(100)
    with pytest.raises(UsageError, match=r"no baseline 'age'.*expected one of AgeSex"):
        choose({"AgeSex": AgeSex(horizon_days=HORIZON)}, X, y, Split.from_folds(np.arange(100) % 2), baseline="age")


def test_sample_sizes_are_those_of_pmsampsize():
    # Riley et al., BMJ 2020;368:m441 (foot ulcers: 24 parameters, prevalence .174, R2 .288) and its package.
    assert sample_size(24, 0.288, 0.174)["needed"].to_list() == [623, 662, 221]
    # Venous thromboembolism, time to event: 30 parameters, R2 .051; only the first criterion is that of a status.
    assert sample_size(30, 0.051, 0.1)["needed"][0] == 5_143


@pytest.mark.parametrize("r2", [0.0, -0.1, 0.95])
def test_no_number_of_persons_is_enough_for_a_model_that_explains_nothing(r2: float):
    assert sample_size(10, r2, 0.2)["needed"].to_list()[0] is None


def test_what_a_model_explains_is_measured_on_risks_that_it_gave_to_others():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(300, 20))
    y = (rng.random(300) < 0.3).astype(int)
    risk = cross_fit(
        Logistic(horizon_days=HORIZON, ridge=0.01), X, outcome_array(y, np.full(300, HORIZON)),
        Split.from_folds(np.arange(300) % 5),
    ).risk  # fmt: skip
    assert cox_snell(y == 1, risk, np.ones(300)) < 0
    assert cox_snell(y == 1, np.full(300, y.mean()), np.ones(300)) == pytest.approx(0)
