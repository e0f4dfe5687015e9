"""Do intervals hold the truth as often as they claim? Simulated; slow."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.special import expit
from scipy.stats import norm

from riskstrat.records.cohort import Cohort
from riskstrat.validation import validate

SAMPLES, PEOPLE = 400, 1200
GROUPS = {"here": 0.0, "abroad": -0.4}
"""By how many logits outcomes are rarer than predicted in each group; they are of one size."""


def sample(seed: int, n: int) -> tuple[Cohort, np.ndarray]:
    """Risks that are too spread out, families of two, a third of people lost early, outcomes rarer in one group."""
    random = np.random.default_rng(seed)
    shared = np.repeat(random.normal(size=n // 2), 2)
    logit = -1 + 0.8 * (0.6 * shared + 0.8 * random.normal(size=n))
    group = random.choice(list(GROUPS), n)
    frail = np.repeat(random.normal(size=n // 2), 2) * 0.6 + random.normal(size=n) * 0.8
    truth = expit(logit + np.array([GROUPS[name] for name in group]))
    had = norm.cdf(frail) < truth
    time, lost = np.where(had, random.integers(1, 366, n), 366), random.integers(1, 1100, n)
    people = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "family_id": np.arange(n) // 2,
            "group": group,
            "assessed": np.ones(n, dtype=bool),
            "event": ((time <= 365) & (time <= lost)).astype(np.int8),
            "duration_days": np.minimum(np.minimum(time, lost), 365).astype(float),
        }
    )
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
    return cohort, expit(1.25 * logit)


def found(seed: int, n: int, draws: int) -> pl.DataFrame:
    cohort, risk = sample(seed, n)
    checked = validate(risk, cohort, by=["group"], draws=draws, capacities=[0.2])
    gaps = checked.gaps.select(
        pl.format("gap {} {}", "metric", pl.col("capacity").fill_null(0)), "estimate", "lower", "upper"
    )
    table = checked.table.select(pl.format("{} {}", "metric", "group"), "estimate", "lower", "upper")
    reach = checked.capacity.select(pl.format("{} at .2 {}", "metric", "group"), "estimate", "lower", "upper")
    return pl.concat([frame.rename({frame.columns[0]: "what"}) for frame in (table, gaps, reach)])


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_claim() -> None:
    truth = found(10**6, 1_000_000, 2).select("what", truth="estimate")
    counted = pl.concat([found(seed, PEOPLE, 1000) for seed in range(SAMPLES)]).join(truth, on="what")
    # The distance of a curve is biased upwards by chance; who is reached is taken as given.
    judged = counted.filter(~pl.col("what").str.contains("ici|e50|e90|reached|share_of_cases"))
    held = judged.group_by("what").agg(
        share=((pl.col("lower") <= pl.col("truth")) & (pl.col("truth") <= pl.col("upper"))).mean()
    )
    assert held["what"].str.starts_with("gap").sum() == 9
    assert 0.93 < held["share"].mean() < 0.97
    # 400 samples know a share of .95 to .011.
    assert (held["share"] > 0.93 - 2 * 0.011).all(), held.sort("share")
    # With who is reached as given, the sensitivity of everybody varies less than its interval says.
    assert (held.filter(what="sensitivity at .2 all")["share"] > 0.97).all()
    others = held.filter(pl.col("what") != "sensitivity at .2 all")
    assert (others["share"] < 0.97 + 2 * 0.011).all(), held.sort("share")
