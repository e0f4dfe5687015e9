"""What must hold for every outcome and every set of risks."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.records.cohort import Cohort
from riskstrat.validation import (
    area_folds,
    auc,
    brier,
    calibration,
    concordance,
    net_benefit,
    outcome_array,
    overlap,
    person_folds,
    temporal_split,
    validate,
)

HORIZON = 100


@st.composite
def outcomes_and_risks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """At least one outcome and one row followed to the horizon, the rest anything; risks with ties."""
    n = draw(st.integers(8, 40))
    events = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    days = draw(st.lists(st.integers(1, HORIZON), min_size=n, max_size=n))
    risks = draw(st.lists(st.integers(1, 19), min_size=n, max_size=n))
    return outcome_array([1, 0, 0, *events], [1, HORIZON, HORIZON, *days]), np.array([3, 5, 7, *risks]) / 20


@given(outcomes_and_risks(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_order_of_rows_changes_nothing(data: tuple[np.ndarray, np.ndarray], random: object) -> None:
    y, risk = data
    order = list(range(len(y)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for measure in (auc, brier, concordance):
        assert measure(y[order], risk[order], HORIZON) == pytest.approx(measure(y, risk, HORIZON), abs=1e-9)
    first, second = calibration(y, risk, HORIZON), calibration(y[order], risk[order], HORIZON)
    assert first.in_the_large == pytest.approx(second.in_the_large, abs=1e-6)
    np.testing.assert_allclose(first.groups["observed"].cast(float), second.groups["observed"], atol=1e-9)


@given(outcomes_and_risks())
@settings(deadline=None, max_examples=50)
def test_ranks_alone_decide_discrimination(data: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = data
    for measure in (auc, concordance):
        found = measure(y, risk, HORIZON)
        assert 0 <= found <= 1
        assert measure(y, risk**3, HORIZON) == pytest.approx(found, abs=1e-9)
        assert measure(y, 1 - risk, HORIZON) == pytest.approx(1 - found, abs=1e-9)
        assert measure(y, np.full(len(y), 0.3), HORIZON) == pytest.approx(0.5, abs=1e-12)


@given(outcomes_and_risks(), st.floats(0.01, 0.9))
@settings(deadline=None, max_examples=50)
def test_net_benefit_never_exceeds_the_share_with_the_outcome(
    data: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    y, risk = data
    frame = net_benefit(y, risk, [0.0, threshold], HORIZON)
    whole = frame.filter(strategy="all", threshold=0.0)["true_positive_share"][0]
    assert frame.filter(strategy="none")["net_benefit"].to_list() == [0, 0]
    every = frame.filter(strategy="all")
    np.testing.assert_allclose(every["net_benefit"][1], whole - (1 - whole) * threshold / (1 - threshold))
    # At threshold 0 the model acts on everybody.
    model = frame.filter(strategy="model")
    assert model["net_benefit"][0] == pytest.approx(whole)


@pytest.mark.parametrize("seed", range(3))
def test_the_true_risk_is_calibrated_under_censoring_and_competing_death(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 30_000
    risk = 1 / (1 + np.exp(-random.normal(-2, 1, n)))
    event = np.where(random.random(n) < risk, 1, np.where(random.random(n) < 0.2, 2, 0))
    time = np.where(event == 0, HORIZON, random.uniform(0.5, HORIZON, n))
    lost = random.exponential(2 * HORIZON, n) + 0.1
    y = outcome_array(np.where(lost < time, 0, event), np.minimum(time, lost))
    found = calibration(y, risk, HORIZON)
    assert found.slope == pytest.approx(1, abs=0.08)
    assert found.in_the_large == pytest.approx(0, abs=0.08)
    assert found.observed_expected == pytest.approx(1, abs=0.06)
    assert found.ici < 0.01
    inside = [row["lower"] <= row["mean_predicted"] <= row["upper"] for row in found.groups.iter_rows(named=True)]
    assert sum(inside) >= 8


def test_net_benefit_is_the_analytic_value_under_censoring_and_competing_death() -> None:
    """Risks of beta(2, 6), right: the benefit at t is the integral of p - (1 - p) t / (1 - t) above t."""
    random, n = np.random.default_rng(11), 60_000
    risk = random.beta(2, 6, n)
    event = np.where(random.random(n) < risk, 1, np.where(random.random(n) < 0.2, 2, 0))
    time = np.where(event == 0, HORIZON, random.uniform(0.5, HORIZON, n))
    lost = random.exponential(2 * HORIZON, n) + 0.1
    y = outcome_array(np.where(lost < time, 0, event), np.minimum(time, lost))
    at = np.array([0.05, 0.1, 0.2, 0.4])
    grid = (np.arange(200_000) + 0.5) / 200_000
    density = 42 * grid * (1 - grid) ** 5
    for t, row in zip(
        at, net_benefit(y, risk, at, HORIZON).filter(strategy="model").iter_rows(named=True), strict=True
    ):
        above = grid >= t
        true, false = (np.sum((density * share)[above]) / len(grid) for share in (grid, 1 - grid))
        analytic = true - false * t / (1 - t)
        spread = np.sqrt((true + false * (t / (1 - t)) ** 2) / n)
        assert abs(row["net_benefit"] - analytic) < 3 * 1.5 * spread
        assert row["interventions_avoided"] == pytest.approx(
            (row["net_benefit"] - (0.25 - 0.75 * t / (1 - t))) * (1 - t) / t, abs=0.02 / t
        )


RECALIBRATED = {
    "logistic": lambda risk: 1 / (1 + np.exp(-(0.7 * np.log(risk / (1 - risk)) - 1))),
    "on the log hazard": lambda risk: 1 - (1 - risk) ** 1.7,
}


@given(outcomes_and_risks(), st.sampled_from(sorted(RECALIBRATED)))
@settings(deadline=None, max_examples=30)
def test_a_recalibration_that_rises_everywhere_changes_no_metric_of_ranks(
    data: tuple[np.ndarray, np.ndarray], kind: str
) -> None:
    y, risk = data
    for measure in (auc, concordance):
        assert measure(y, RECALIBRATED[kind](risk), HORIZON) == pytest.approx(measure(y, risk, HORIZON), abs=1e-12)
    # The link scale itself is a score for concordance.
    assert concordance(y, np.log(risk / (1 - risk)), HORIZON) == concordance(y, risk, HORIZON)


@given(outcomes_and_risks())
@settings(deadline=None, max_examples=30)
def test_isotonic_steps_make_ties_that_count_a_half(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Within a step the order is lost: the AUC is the mean of that with steps in order and in reverse order."""
    y, risk = data
    steps = np.floor(risk * 4) / 4 + 0.05
    kept, turned = steps + risk / 100, steps - risk / 100
    both = auc(y, kept, HORIZON) + auc(y, turned, HORIZON)
    assert auc(y, steps, HORIZON) == pytest.approx(both / 2, abs=1e-12)


def municipality(seed: int, n: int = 300) -> tuple[Cohort, np.ndarray]:
    random = np.random.default_rng(seed)
    risk = random.uniform(0.1, 0.6, n)
    people = pl.DataFrame(
        {
            "person_id": random.permutation(n),
            "family_id": random.integers(0, n // 2, n),
            "sex": random.choice(["female", "male"], n),
            "area_id": random.choice([*"abcdef"], n),
            "landmark": random.integers(0, 2, n),
            "assessed": np.ones(n, dtype=bool),
            "event": (random.random(n) < risk).astype(np.int8),
            "duration_days": np.full(n, 365.0),
        }
    ).with_columns(index_date=pl.lit(date(2020, 1, 1)).dt.offset_by(pl.format("{}y", 2 * pl.col("landmark"))))
    as_cohort = Cohort(
        condition="made up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365
    )
    return as_cohort, risk


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=15)
def test_intervals_bracket_their_estimates(seed: int) -> None:
    cohort, risk = municipality(seed)
    table = validate(risk, cohort, by=["sex"], baseline=np.full(len(risk), 0.3), draws=20).table
    held = table.drop_nulls().filter(pl.col("lower") <= pl.col("estimate"), pl.col("estimate") <= pl.col("upper"))
    assert held.height == table.drop_nulls().height > 0


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=10)
def test_validation_does_not_depend_on_the_order_of_the_cohort(seed: int) -> None:
    cohort, risk = municipality(seed)
    order = np.random.default_rng(seed).permutation(len(risk))
    shuffled = Cohort(
        condition="made up",
        people=cohort.people[order.tolist()],
        flow=pl.DataFrame(),
        as_of=cohort.as_of,
        horizon_days=365,
    )
    first = validate(risk, cohort, by=["sex"], draws=10, seed=3).table
    second = validate(risk[order], shuffled, by=["sex"], draws=10, seed=3).table
    assert first.select("metric", "group", "n").equals(second.select("metric", "group", "n"))
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(first[name], second[name], atol=1e-8)


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(deadline=None, max_examples=25)
def test_no_split_shares_a_person_or_a_family(seed: int, k: int) -> None:
    people = municipality(seed)[0].people
    area = area_folds(people, k, seed)
    for split in (person_folds(people, k, seed), area, temporal_split(people, 365, k, seed)):
        assert split.possible
        shared = overlap(split, people)
        assert shared.select("shared_persons", "shared_families").sum().row(0) == (0, 0)
    assert overlap(area, people)["shared_areas"].sum() == 0


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=10)
def test_folds_follow_people_and_not_rows(seed: int) -> None:
    people = municipality(seed)[0].people
    order = np.random.default_rng(seed).permutation(people.height)
    for splitter in (person_folds, area_folds):
        folds, again = splitter(people, 3, seed), splitter(people[order.tolist()], 3, seed)
        for first, second in zip(folds.test, again.test, strict=True):
            assert first.tolist() == sorted(order[second].tolist())
