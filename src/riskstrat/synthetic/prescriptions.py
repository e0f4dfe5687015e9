"""Dispensed drugs in ATC with defined daily doses: lasting treatment every three months, short courses now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from riskstrat.synthetic.adults import Traits
from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, NEVER
from riskstrat.synthetic.lifecourse import History
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools
from riskstrat.synthetic.rows import Rows, frame, now_and_then, pick, repeats
from riskstrat.synthetic.stays import onset_days

DRUGS: Final[Mapping[str, tuple[str, ...]]] = {
    "diabetes": ("A10BA02", "A10BA02", "A10BJ06", "A10BK03"),
    "hypertension": ("C09AA02", "C09CA01", "C08CA01", "C07AB02"),
    "statins": ("C10AA01", "C10AA05", "C10AA07"),
    "heart_failure": ("C03CA01", "C03DA01"),
    "copd": ("R03BB04", "R03AK07"),
    "dementia": ("N06DA02", "N06DX01"),
    "atrial_fibrillation": ("B01AF02", "B01AA03"),
    "antidepressants": ("N06AB04", "N06AB06", "N06AX11"),
    "opioids": ("N02AA05", "N02AJ06", "N02AX02"),
    "hypnotics": ("N05CF01", "N05CF02"),
    "osteoporosis": ("M05BA04", "M05BX04"),
}
INSULIN = ("A10AE04", "A10AB05")
SHORT = ("J01CE02", "J01CA08", "N02BE01", "M01AE01", "R06AX27", "A02BC01")
EVERY_DAYS = (80, 105)
TIMES = 62
THIN_EVERY_DAYS = (310, 360)  # still at least one a year, so that "within a year" sees the treatment
THIN_TIMES = 18


def prescriptions(
    population: Population, traits: Traits, history: History, rng: np.random.Generator, *, thin: bool
) -> pl.DataFrame:
    """All dispensings of a shard; `thin` leaves out two in three of the lasting treatments."""
    everybody = np.ones(len(population.birth), bool)
    lasting = [
        *((disease, codes, everybody) for disease, codes in DRUGS.items()),
        ("diabetes", INSULIN, traits.insulin),
    ]
    parts = [_lasting(history, disease, codes, among, rng, thin=thin) for disease, codes, among in lasting]
    person, days = now_and_then(population, 0.05 if thin else 0.6, rng)
    parts.append(Rows(person=person, days=days, code=pick(SHORT, len(person), rng), value=10.0))
    return frame(population, parts, ("value",))


def _lasting(
    history: History, disease: str, codes: Sequence[str], among: Bools, rng: np.random.Generator, *, thin: bool
) -> Rows:
    gap, times = (THIN_EVERY_DAYS, THIN_TIMES) if thin else (EVERY_DAYS, TIMES)
    start = onset_days(history, disease, rng)
    person = np.flatnonzero((start < NEVER) & among).astype(np.int32)
    code = pick(codes, len(person), rng)
    first = np.maximum(start[person], EVENTS_START + rng.integers(0, 80, size=len(person))).astype(np.int32)
    who, days = repeats(person, first, gap, times, rng)
    dose = np.where(rng.random(len(who)) < 0.8, 98.0, 49.0)
    return Rows(person=who, days=days, code=np.repeat(code, times), value=dose).where(days <= DATA_END)
