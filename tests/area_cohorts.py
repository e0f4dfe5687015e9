"""A made-up cohort in four areas, one of them with twice the risk of the others, and a target population."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from riskstrat.records.cohort import Cohort, Target

HORIZON = 730
FLOW = pl.DataFrame({"step": [], "reason": [], "people": [], "rows": []})
AS_OF = date(2024, 1, 1)


def target_of(n: int = 3000, seed: int = 5, **columns: object) -> Target:
    random = np.random.default_rng(seed)
    people = pl.DataFrame(
        {
            "area_id": random.choice(["a", "b", "c", "d"], n, p=[0.4, 0.3, 0.2, 0.1]),
            "sex": random.choice(["female", "male"], n),
            "age_years": random.integers(70, 95, n).astype(np.int32),
        }
    )
    return Target(condition="made up", flow=FLOW, as_of=AS_OF, people=people.with_columns(**columns))


def cohort_of(n: int = 6000, seed: int = 1, *, lost: float = 0.0, assessed: float = 1.0, landmarks: int = 2) -> Cohort:
    # A stream of its own, or who is assessed would follow from the area.
    random = np.random.default_rng([seed, 1])
    known = random.random(n) < assessed
    high = 0.2
    people = target_of(n, seed).people
    risk = np.where(people["area_id"] == "a", high, high / 2)
    time = np.where(random.random(n) < risk, random.uniform(1, HORIZON, n), np.inf)
    end = np.where(random.random(n) < lost, random.uniform(1, HORIZON, n), HORIZON)
    people = people.with_columns(
        pl.Series("event", ((time <= end) & known).astype(np.int8)),
        pl.Series("duration_days", np.where(known, np.minimum(time, end), HORIZON)),
        pl.Series("assessed", known),
        pl.Series("landmark", random.integers(0, landmarks, n).astype(np.int32)),
    )
    return Cohort(condition="made up", flow=FLOW, as_of=AS_OF, people=people, horizon_days=HORIZON)


def some_risk(n: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.02, 0.3, n)
