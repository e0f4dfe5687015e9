"""Diagnoses in ICD-10-SE: lasting and everyday disease, hospital stays, falls, causes of death."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic.adults import CHRONIC_NAMES, LONG_AGO, NOT_YET, Traits
from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, NEVER
from riskstrat.synthetic.lifecourse import History, is_stroke
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.rows import Rows, frame, now_and_then, pick, repeats
from riskstrat.synthetic.stays import (
    KIND_FALL,
    KIND_INFARCTION,
    KIND_STROKE,
    Stays,
    day_in_month,
    onset_days,
)

CHRONIC_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "diabetes": ("E119", "E119", "E119", "E118", "E116"),
    "hypertension": ("I109", "I109", "I109", "I119"),
    "statins": ("E785", "E780", "E782"),
    "heart_failure": ("I509", "I509", "I501", "I110"),
    "copd": ("J449", "J449", "J441", "J439"),
    "dementia": ("F001", "F019", "F039", "G301"),
    "atrial_fibrillation": ("I489", "I489B", "I480"),
    "antidepressants": ("F329", "F331", "F412"),
    "opioids": ("M545", "M179", "R522"),
    "hypnotics": ("G470", "F510"),
    "osteoporosis": ("M810", "M819"),
    "cancer": ("C509", "C619", "C189", "C349", "C449"),
}
EVERY_DAYS = (330, 680)
THIN_EVERY_DAYS = (1000, 1600)  # at least one in any five years
ADMISSION_CODES = (
    "J189", "N390", "R074", "K590", "A419", "R559", "I489", "J209", "E869", "R104", "N109", "L039", "K805", "R429",
)  # fmt: skip
EVERYDAY_CODES = (
    "J069", "M545", "J039", "R109", "L309", "H669", "M791", "Z000", "R059", "K219", "J459", "H109", "R519", "N300",
)  # fmt: skip
FALL_CODES = ("S720", "S721", "S722", "S525", "S422", "S060", "S223", "S325", "S001")
FALL_WEIGHTS = (0.16, 0.11, 0.03, 0.12, 0.10, 0.16, 0.12, 0.10, 0.10)
EXTERNAL_CODES = ("W010", "W180", "W190", "W100", "W060", "W182")
INFARCTION_CODES = ("I214", "I219", "I210", "I211")
STROKE_CODES = ("I639", "I634", "I633", "I649")
OTHER_CAUSES = ("C349", "C189", "C259", "J449", "F039", "K746", "A419", "J189", "C509", "C619", "N189", "G309", "R999")
OLD_CVD_CAUSES = ("I259", "I509", "I219", "I639", "I694")


def diagnoses(
    population: Population, traits: Traits, history: History, stays: Stays, rng: np.random.Generator, *, thin: bool
) -> pl.DataFrame:
    """All diagnosis rows of a shard; `thin` spaces the visits for lasting disease and drops most everyday illness."""
    parts = [
        *(_lasting(traits, history, disease, rng, thin=thin) for disease in CHRONIC_NAMES),
        _after_cvd(population, history, rng),
        *_in_hospital(stays, history, rng),
        _everyday(population, rng, thin=thin),
        _causes(population, history, rng),
    ]
    return frame(population, [_by_sex(population, part) for part in parts], ("end_date", "setting", "position"))


def _by_sex(population: Population, rows: Rows) -> Rows:
    """Give cancer of the breast to women and of the prostate to men, whichever was drawn."""
    breast_or_prostate = np.isin(rows.code, ("C509", "C619"))
    own = np.where(population.female[rows.person], "C509", "C619")
    return replace(rows, code=np.where(breast_or_prostate, own, rows.code))


def _lasting(traits: Traits, history: History, disease: str, rng: np.random.Generator, *, thin: bool) -> Rows:
    """Make a visit at the onset (soon after entry for older disease), then one every year or so."""
    start = onset_days(history, disease, rng)
    person = np.flatnonzero(start < NEVER).astype(np.int32)
    first = np.maximum(start[person], EVENTS_START + rng.integers(0, 90, size=len(person))).astype(np.int32)
    who, days = repeats(person, first, THIN_EVERY_DAYS if thin else EVERY_DAYS, 14, rng)
    code = pick(CHRONIC_CODES[disease], len(person), rng)
    if disease == "diabetes":
        code = np.where(traits.insulin[person] & (rng.random(len(person)) < 0.4), "E109", code)
    setting = np.where(rng.random(len(who)) < 0.72, "primary", "specialist")
    return Rows(person=who, days=days, code=np.repeat(code, 14), setting=setting, position="main")


def _after_cvd(population: Population, history: History, rng: np.random.Generator) -> Rows:
    """Old infarction and sequelae of stroke at later visits; events before 2009 are known only so."""
    person, month = history.events["cvd"]
    first = EVENTS_START + rng.integers(0, 120, size=len(population.birth))
    event = np.full(len(population.birth), NEVER, np.int32)
    np.minimum.at(event, person, day_in_month(month, rng))
    begin = np.where(event < NEVER, event + 60, first).astype(np.int32)
    who = np.flatnonzero(history.last.earlier_cvd).astype(np.int32)
    code = np.where(history.last.stroke[who], "I693", "I252")
    people, days = repeats(who, begin[who], EVERY_DAYS, 12, rng)
    return Rows(person=people, days=days, code=np.repeat(code, 12), setting="primary", position="main")


def _in_hospital(stays: Stays, history: History, rng: np.random.Generator) -> list[Rows]:
    n = len(stays.person)
    main = pick(ADMISSION_CODES, n, rng)
    main = _by_disease(stays, history, main, rng)
    main = np.where(stays.kind == KIND_FALL, pick(FALL_CODES, n, rng, FALL_WEIGHTS), main)
    main = np.where(stays.kind == KIND_INFARCTION, pick(INFARCTION_CODES, n, rng), main)
    main = np.where(stays.kind == KIND_STROKE, pick(STROKE_CODES, n, rng), main)
    external = _of_stays(stays, pick(EXTERNAL_CODES, n, rng), "external").where(stays.kind == KIND_FALL)
    return [_of_stays(stays, main, "main"), external, _beside(stays, history, rng)]


def _of_stays(stays: Stays, code: NDArray[np.str_], position: str) -> Rows:
    return Rows(
        person=stays.person,
        days=stays.start,
        end=stays.end,
        code=code,
        setting="inpatient",
        position=position,
    )


def _by_disease(stays: Stays, history: History, main: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.str_]:
    """People with heart failure or lung disease are often admitted for it."""
    for disease, code in (("heart_failure", "I509"), ("copd", "J441")):
        ill = onset_days(history, disease, rng)[stays.person] < stays.start
        main = np.where(ill & (rng.random(len(main)) < 0.3), code, main)
    return main


def _beside(stays: Stays, history: History, rng: np.random.Generator) -> Rows:
    """One secondary diagnosis at half of the stays of people with lasting disease."""
    column = rng.integers(0, len(CHRONIC_NAMES), size=len(stays.person))
    code = np.array([CHRONIC_CODES[name][0] for name in CHRONIC_NAMES])[column]
    onset = history.last.onset[stays.person, column]
    ill = (day_in_month(onset, rng) < stays.start) & (onset != NOT_YET) & (onset > LONG_AGO)
    return _of_stays(stays, code, "other").where(ill)


def _everyday(population: Population, rng: np.random.Generator, *, thin: bool) -> Rows:
    person, days = now_and_then(population, 0.05 if thin else 0.35, rng)
    code = pick(EVERYDAY_CODES, len(person), rng)
    return Rows(person=person, days=days, code=code, setting="primary", position="main")


def _causes(population: Population, history: History, rng: np.random.Generator) -> Rows:
    """Underlying causes; under 70 cardiovascular ones come only from the cardiovascular hazard."""
    person = np.flatnonzero((population.death >= EVENTS_START) & (population.death <= DATA_END)).astype(np.int32)
    days = population.death[person]
    age = (days - population.birth[person]) / 365.25
    cause = pick(OTHER_CAUSES, len(person), rng)
    heart = (age >= 70) & (rng.random(len(person)) < 0.33)
    cause = np.where(heart, pick(OLD_CVD_CAUSES, len(person), rng), cause)
    fatal_person, fatal_month = history.events["fatal"]
    code = np.where(is_stroke(history, fatal_person, fatal_month), "I639", "I219")
    fatal = dict(zip(fatal_person.tolist(), code.tolist(), strict=True))
    cause = np.array([fatal.get(who, given) for who, given in zip(person.tolist(), cause.tolist(), strict=True)])
    return Rows(person=person, days=days, code=cause, setting="death", position="underlying")
