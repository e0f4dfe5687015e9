"""Hospital stays and deaths with their days, and the contacts, services and moves tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic.adults import CHRONIC_NAMES, LONG_AGO, NOT_YET, Months, Traits
from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, NEVER, Days, month_starts
from riskstrat.synthetic.lifecourse import History, event_key, is_stroke
from riskstrat.synthetic.parameters import AREAS
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Ints
from riskstrat.synthetic.residence import spell_at
from riskstrat.synthetic.rows import Rows, frame, random_days

LONGEST_STAY = 24
DAYS_BETWEEN_STAYS = 3
THIN_AGES = (2, 69)
KIND_ADMISSION, KIND_FALL, KIND_INFARCTION, KIND_STROKE, KIND_YOUNG = range(5)


@dataclass(frozen=True, kw_only=True)
class Stays:
    """Unplanned hospital stays, sorted by person and start."""

    person: Ints
    start: Days
    end: Days
    kind: NDArray[np.int8]


def day_in_month(month: Months, rng: np.random.Generator) -> Days:
    """Draw a random day of each month; months before the first become long ago, months not reached never."""
    starts = month_starts()
    inside = np.clip(month, 0, len(starts) - 2)
    length = starts[inside + 1] - starts[inside]
    days = starts[inside] + (rng.random(len(month)) * length).astype(np.int32)
    days = np.where(month < 0, EVENTS_START + 15 * np.maximum(month, LONG_AGO), days)
    return np.where(month == NOT_YET, NEVER, days).astype(np.int32)


def onset_days(history: History, disease: str, rng: np.random.Generator) -> Days:
    """Draw a day of the month in which a chronic disease began."""
    return day_in_month(history.last.onset[:, CHRONIC_NAMES.index(disease)], rng)


def make_stays(population: Population, history: History, rng: np.random.Generator) -> Stays:
    """Give each unplanned admission its days; a stay that would touch the one before begins three days after it."""
    parts = [(*history.events["admission"], KIND_ADMISSION), (*history.events["fall"], KIND_FALL)]
    person, month = history.events["cvd"]
    inside = ~np.isin(event_key(person, month), event_key(*history.events["fatal"]))
    stroke = is_stroke(history, person, month)
    parts.append((person[inside & ~stroke], month[inside & ~stroke], KIND_INFARCTION))
    parts.append((person[inside & stroke], month[inside & stroke], KIND_STROKE))
    people = np.concatenate([p[0] for p in parts] + [young := _young(population, rng)])
    months = np.concatenate([p[1] for p in parts]).astype(np.int16)
    start = np.concatenate([day_in_month(months, rng), random_days(len(young), rng)])
    kind = np.concatenate(
        [np.full(len(p[0]), p[2], np.int8) for p in parts] + [np.full(len(young), KIND_YOUNG, np.int8)]
    )
    length = np.minimum(1 + rng.geometric(0.2, size=len(people)), LONGEST_STAY).astype(np.int32)
    return _apart(population, people.astype(np.int32), start, length, kind)


def _young(population: Population, rng: np.random.Generator) -> Ints:
    """Admissions under 30, six per hundred person-years, drawn without a history."""
    age_mid = (EVENTS_START + 7.5 * 365 - population.birth) / 365.25
    rate = np.where(age_mid < 38, 0.045, 0.0) * 15
    return np.repeat(np.arange(len(population.birth)), rng.poisson(rate)).astype(np.int32)


def _apart(population: Population, person: Ints, start: Days, length: Days, kind: NDArray[np.int8]) -> Stays:
    too_old = (kind == KIND_YOUNG) & ((start - population.birth[person]) / 365.25 >= 30)
    person, start, length, kind = person[~too_old], start[~too_old], length[~too_old], kind[~too_old]
    start = np.minimum(start, population.death[person])
    for _ in range(4):
        order = np.lexsort((kind, start, person))
        person, start, length, kind = person[order], start[order], length[order], kind[order]
        free = np.append(-NEVER, (start + length)[:-1]) + DAYS_BETWEEN_STAYS
        same = np.append(False, person[1:] == person[:-1])
        start = np.where(same & (start < free), free, start).astype(np.int32)
    end = np.minimum(start + length, population.death[person]).astype(np.int32)
    follows = np.append(False, (person[1:] == person[:-1]) & (start[1:] <= end[:-1] + 1))
    keep = (start <= population.death[person]) & ~follows
    return Stays(person=person[keep], start=start[keep], end=end[keep], kind=kind[keep])


def contacts(
    population: Population, traits: Traits, history: History, stays: Stays, rng: np.random.Generator, *, thin: bool
) -> pl.DataFrame:
    """Give unplanned and planned admissions with their ends, and primary-care visits.

    `thin` drops visits at ages that no shipped condition reads.
    """
    planned = _planned(population, rng)
    visitor, visit = _visits(population, traits, history, rng)
    if thin:
        age = (visit - population.birth[visitor]) / 365.25
        keep = (age < THIN_AGES[0]) | (age >= THIN_AGES[1])
        visitor, visit = visitor[keep], visit[keep]
    parts = [
        Rows(person=stays.person, days=stays.start, end=stays.end, code="admission_unplanned"),
        planned,
        Rows(person=visitor, days=visit, code="primary_care_visit"),
    ]
    return frame(population, parts, ("end_date",))


def _planned(population: Population, rng: np.random.Generator) -> Rows:
    age = (EVENTS_START + 7 * 365 - population.birth) / 365.25
    rate = np.interp(age, [0, 20, 50, 75, 95], [0.01, 0.02, 0.03, 0.07, 0.04]) * 15
    person = np.repeat(np.arange(len(population.birth)), rng.poisson(rate)).astype(np.int32)
    start = random_days(len(person), rng)
    end = np.minimum(start + rng.integers(1, 6, size=len(person)), population.death[person]).astype(np.int32)
    return Rows(person=person, days=start, end=end, code="admission_planned")


def _visits(population: Population, traits: Traits, history: History, rng: np.random.Generator) -> tuple[Ints, Days]:
    """Visits a year by age, disease, and the habit of the area and the person."""
    n = len(population.birth)
    ill = (history.last.onset < NOT_YET).sum(axis=1)
    habit = rng.gamma(4.0, 0.25, size=n) * np.exp(0.05 * traits.need)
    area_habit = np.exp(0.15 * np.sin(np.arange(AREAS) * 2.4))
    people, days = [], []
    for year in range(15):
        start = EVENTS_START + year * 365
        age = (start + 182 - population.birth) / 365.25
        rate = np.interp(age, [0, 2, 6, 20, 45, 70, 95], [2.6, 1.8, 0.8, 0.8, 1.0, 1.9, 2.2], left=2.6) * (
            1 + 0.12 * ill
        )
        spell = spell_at(population, np.arange(n), start + 182)
        area = population.spell_area[np.maximum(spell, 0)]
        count = rng.poisson(rate * habit * area_habit[area] * (age > -0.5) * (spell >= 0))
        who = np.repeat(np.arange(n), count).astype(np.int32)
        people.append(who)
        days.append((start + rng.integers(0, 365, size=len(who))).astype(np.int32))
    return np.concatenate(people), np.concatenate(days)


def services(population: Population, history: History, rng: np.random.Generator) -> pl.DataFrame:
    """Home care and alarm until death, special housing or departure; special housing until death."""
    housing = day_in_month(history.last.housing, rng)
    starts = {"home_care": history.last.home_care, "safety_alarm": history.last.alarm}
    parts = [_service(population, code, day_in_month(month, rng), housing) for code, month in starts.items()]
    parts.append(_service(population, "special_housing", housing, np.full(len(housing), NEVER, np.int32)))
    return frame(population, parts, ("end_date",))


def _service(population: Population, code: str, start: Days, until: Days) -> Rows:
    """Spells start where observed; those already running in January 2009 are dated at the first covered day."""
    person = np.flatnonzero(start < NEVER).astype(np.int32)
    begin = np.maximum(start[person], EVENTS_START).astype(np.int32)
    spell = spell_at(population, person, begin)
    stop = np.minimum(np.minimum(until[person] - 1, population.death[person]), _leaves(population, person))
    keep = (spell >= 0) & (stop >= begin)
    return Rows(person=person[keep], days=begin[keep], end=stop[keep], code=code)


def _leaves(population: Population, person: Ints) -> Days:
    """Last day of the last spell of residence."""
    last = np.searchsorted(population.spell_person, person, side="right") - 1
    return population.spell_end[np.maximum(last, 0)]


def migrations(population: Population) -> pl.DataFrame:
    """Find moves across the country's border."""
    leaves = population.spell_leaves_country & (population.spell_end <= DATA_END)
    parts: Sequence[Rows] = (
        Rows(person=population.spell_person[leaves], days=population.spell_end[leaves], code="emigration"),
        Rows(
            person=population.spell_person[population.spell_from_abroad],
            days=population.spell_start[population.spell_from_abroad],
            code="immigration",
        ),
    )
    return frame(population, parts, ())
