"""What examples speak of: two areas of fifty women and fifty men of 70 in all, and two units with a programme."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.records.areas import Units
from riskstrat.records.cohort import Cohort, Target
from small_pilot import NOBODY, programme


def two_areas() -> dict[str, object]:
    """All outcomes are of area b, whose people are men."""
    people = pl.DataFrame({"area_id": ["a", "b"] * 50, "sex": ["female", "male"] * 50, "age_years": [70] * 100})
    outcomes = {"event": [0, 1, 0, 0] * 25, "duration_days": [365] * 100, "assessed": [True] * 100}
    known = {"condition": "any", "flow": pl.DataFrame(), "as_of": date(2024, 1, 1)}
    trained = people.with_columns(**{name: pl.Series(values) for name, values in outcomes.items()}, landmark=0)
    cohort, target = Cohort(people=trained, horizon_days=365, **known), Target(people=people, **known)
    recalibration = recalibrate(cohort, np.full(100, 0.2), by="area_id")
    risk = recalibration.latest.apply(np.full(100, 0.2))
    areas = estimate_areas(cohort, risk, target, risk, recalibration=recalibration)
    return {"cohort": cohort, "target": target, "risk": risk, "areas": areas, "recalibration": recalibration}


def two_units() -> dict[str, object]:
    """Two units of a hundred people with 30 and 10 cases in every draw, and a programme that averts a tenth of them."""
    units = Units(
        units=pl.DataFrame({"unit": ["A", "B"], "people": [100, 100]}),
        cases_draws=np.array([[30.0, 10.0], [30.0, 10.0]]),
        left_out=NOBODY,
    )
    return {"units": units, "programme": programme(reach=0.5, reduction=(0.2, 0.2, 0.2))}


def twelve_units() -> dict[str, object]:
    """Twelve units that a pilot can be drawn from, and a programme."""
    units = Units(
        units=pl.DataFrame({"unit": list("ABCDEFGHIJKL"), "people": [300, 310, 200, 210, 400, 390] * 2}),
        cases_draws=np.random.default_rng(1).gamma(40, 1, (500, 12)),
        left_out=NOBODY,
    )
    return {"units": units, "programme": programme()}
