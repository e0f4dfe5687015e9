"""Yearly circumstances on 31 December and measured levels of adults."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskstrat.synthetic.adults import Traits
from riskstrat.synthetic.calendar_days import DATA_END, Days, day, month_starts
from riskstrat.synthetic.parameters import FIRST_EVENT_YEAR, LAST_YEAR, MONTHS
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats
from riskstrat.synthetic.residence import spell_at
from riskstrat.synthetic.rows import Persons, Rows, frame, repeats

THIN_AGES = (61, 67)  # between these no shipped condition looks back to
YEARS = range(FIRST_EVENT_YEAR, LAST_YEAR + 1)


def circumstances(population: Population, traits: Traits, rng: np.random.Generator, *, thin: bool) -> pl.DataFrame:
    """LISA-like facts of residents from 16 on; `thin` keeps every second year of a person and ones of rare facts."""
    parts = [part for year in YEARS for part in _year(population, traits, year, rng, thin=thin)]
    return frame(population, parts, ("value",))


def _year(population: Population, traits: Traits, year: int, rng: np.random.Generator, *, thin: bool) -> list[Rows]:
    today = day(year, 12, 31)
    n = len(population.birth)
    age = (today - population.birth) / 365.25
    here = (spell_at(population, np.arange(n), today) >= 0) & (population.death > today)
    asked = here & ((np.arange(n) % 2 == year % 2) | (not thin))
    work = employed(traits, age, year, rng)
    alone = lives_alone(population, today)
    parent = single_parents(population, today)
    relief = rng.random(n) < 1 / (1 + np.exp(4.2 - 1.1 * traits.need + 1.5 * work))
    read = (age < THIN_AGES[0]) | (age >= THIN_AGES[1]) | (not thin)
    grown = asked & (age >= (22 if thin else 16)) & read
    working_age = asked & (age >= (36 if thin else 16)) & (age < 65) & read
    all_alone = asked & (age >= (36 if thin else 18)) & read
    mothers = asked & population.female & (age >= 18) & (age < 60) & (parent | (not thin))
    relieved = asked & (age >= 18) & (age < 65) & (relief | (not thin))
    return [
        _rows(grown, today, "disposable_income_sek", income(traits, age, year, work, rng)),
        _rows(grown & (traits.education > 0), today, "education_level", traits.education.astype(np.float64)),
        _rows(working_age, today, "employed", work.astype(np.float64)),
        _rows(all_alone, today, "lives_alone", alone.astype(np.float64)),
        _rows(mothers, today, "single_parent", parent.astype(np.float64)),
        _rows(relieved, today, "social_assistance", relief.astype(np.float64)),
    ]


def _rows(who: Bools, today: int, code: str, value: Floats) -> Rows:
    person = np.flatnonzero(who).astype(np.int32)
    return Rows(person=person, days=np.full(len(person), today, np.int32), code=code, value=value[person])


def employed(traits: Traits, age: Floats, year: int, rng: np.random.Generator) -> Bools:
    """In work in November, 75 % of those 20-64."""
    recent = (day(year) - traits.immigrated < 4 * 365) & (traits.immigrated < day(year))
    base = np.interp(age, [16, 20, 26, 40, 58, 64, 67, 72], [-2.5, 0.2, 1.4, 1.7, 1.4, 0.5, -1.5, -4.0])
    chance = 1 / (1 + np.exp(-(base - 0.85 * traits.need - 1.2 * recent)))
    return np.asarray(rng.random(len(age)) < chance)


def income(traits: Traits, age: Floats, year: int, work: Bools, rng: np.random.Generator) -> Floats:
    """Disposable income in kronor, rounded to thousands; median about 253,000 in 2021."""
    profile = np.interp(age, [16, 20, 30, 50, 62, 70, 95], [-1.6, -0.6, -0.05, 0.16, 0.14, -0.12, -0.25])
    level = 12.38 + 0.024 * (year - 2021) + profile + 0.30 * traits.income_z + 0.16 * work
    level = level + 0.10 * rng.standard_normal(len(age))
    return np.asarray(np.round(np.exp(level) / 1_000) * 1_000)


def lives_alone(population: Population, today: int) -> Bools:
    """No partner, or a partner who has died or left."""
    partner = population.partner
    gone = (partner < 0) | (population.death[partner] <= today)
    away = spell_at(population, np.maximum(partner, 0), today) < 0
    return np.asarray(gone | away) & ~single_parents(population, today)


def single_parents(population: Population, today: int) -> Bools:
    """Mothers of a child under 18 in the municipality who have no partner."""
    minor = (today - population.birth < 18 * 365.25) & (population.birth <= today) & (population.mother >= 0)
    mothers = np.zeros(len(population.birth), bool)
    mothers[population.mother[minor]] = True
    return mothers & ((population.partner < 0) | (population.death[population.partner] <= today))


def measurements(
    population: Population, traits: Traits, fathers: tuple[Persons, Days], rng: np.random.Generator, *, thin: bool
) -> pl.DataFrame:
    """Health checks from a person's first one on, every 13-30 months, and the body mass index of expectant fathers."""
    person = np.flatnonzero(traits.enrolled < MONTHS).astype(np.int32)
    starts = month_starts()
    first = starts[np.maximum(traits.enrolled[person], 0)] + rng.integers(0, 28, size=len(person))
    early = traits.enrolled[person] < 0
    first = np.where(early, first + rng.integers(0, 500, size=len(person)), first).astype(np.int32)
    who, days = repeats(person, first, (760, 1060) if thin else (400, 900), 13, rng)
    inside = days <= DATA_END
    who, days = who[inside], days[inside]
    checks = _check(traits, who, days, rng)
    father, asked = fathers
    bmi = np.round(traits.bmi[father] + rng.normal(0, 0.2, size=len(father)), 1)
    return frame(population, [*checks, Rows(person=father, days=asked, code="bmi_kg_m2", value=bmi)], ("value",))


def _check(traits: Traits, who: Persons, days: Days, rng: np.random.Generator) -> list[Rows]:
    n = len(who)
    systolic = np.round(traits.systolic[who] + rng.normal(0, 4, size=n))
    non_hdl = np.round(traits.non_hdl[who] + rng.normal(0, 0.15, size=n), 1)
    bmi = np.round(traits.bmi[who] + rng.normal(0, 0.4, size=n), 1)
    return [
        Rows(person=who, days=days, code="systolic_mmhg", value=systolic),
        Rows(person=who, days=days, code="cholesterol_non_hdl_mmol_l", value=non_hdl),
        Rows(person=who, days=days, code="smoking", value=traits.smoker[who].astype(np.float64)),
        Rows(person=who, days=days, code="bmi_kg_m2", value=bmi),
    ]
