"""What is fixed about each person of a shard: education, income, measured levels, and health on the first day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import EVENTS_START, NEVER, Days, month_of
from riskstrat.synthetic.parameters import (
    CHRONIC,
    CVD_HETEROGENEITY,
    FRAILTY_HETEROGENEITY,
    HOME_CARE_PREVALENCE,
    INSULIN_SHARE,
    MONTHS,
    SPECIAL_HOUSING_PREVALENCE,
)
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats, Ints

Months = NDArray[np.int16]
NOT_YET = np.int16(30_000)
LONG_AGO = np.int16(-30_000)
ADULT = 30.0
CHRONIC_NAMES = tuple(CHRONIC)
Rows = TypeVar("Rows", "Traits", "Health")


@dataclass(frozen=True, kw_only=True)
class Traits:
    """Fixed facts, one row a person."""

    birth: Days
    immigrated: Days
    """`birth` and `immigrated`: days."""
    female: Bools
    region: NDArray[np.int8]
    need: Floats
    education: NDArray[np.int8]
    """Level 1-7, 0 where the register has none."""
    income_z: Floats
    """`income_z` and `need`: standardised income and social need."""
    insulin: Bools
    systolic: Floats
    non_hdl: Floats
    bmi: Floats
    smoker: Bools
    enrolled: Months
    """`systolic`, `non_hdl`, `smoker` and `enrolled`: usual levels (mmHg, mmol/L) and the month from which they are
    measured."""
    check_month: NDArray[np.int8]
    """Calendar month 0-11 in which new chronic disease is drawn."""
    entry: Months
    mother: Ints
    father: Ints
    partner: Ints
    cvd_z: Floats
    frailty_z: Floats
    """`cvd_z` and `frailty_z`: multipliers of the hazards that no register holds: gamma with mean 1."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """Recorded state at the start of a month, one row a person (or one a person and path)."""

    onset: Months
    """Month of onset by chronic disease, shape (n, diseases); NOT_YET where free of it."""
    admissions: NDArray[np.int8]
    """Unplanned admissions in each of the last twelve months, shape (n, 12); `admissions_year` their sum."""
    admissions_year: NDArray[np.int8]
    last_fall: Months
    home_care: Months
    alarm: Months
    housing: Months
    dead: Months
    """`last_fall`, `home_care`, `alarm`, `housing` and `dead`: month in which each happened or started."""
    earlier_cvd: Bools
    stroke: Bools
    parent_cvd: Bools
    lives_alone: Bools
    cvd_effect: Floats
    frailty_effect: Floats
    cvd_events: Floats
    frailty_events: Floats
    cvd_hazard: Floats
    frailty_hazard: Floats
    """`cvd_events`, `frailty_events`, `cvd_hazard` and `frailty_hazard`: recorded events and the cumulated hazard
    without the multiplier: they tell what the past says about it."""


def take(rows: Rows, at: NDArray[np.int64]) -> Rows:
    """Choose (and repeat) rows of every attribute."""
    return replace(rows, **{f.name: getattr(rows, f.name)[at] for f in fields(rows)})


def has(health: Health, disease: str, month: int) -> Bools:
    """Whether a chronic disease has begun before the start of `month`."""
    return np.asarray(health.onset[:, CHRONIC_NAMES.index(disease)] < month)


def age_at(traits: Traits, days: int) -> Floats:
    """Age in years on a day."""
    return (days - traits.birth) / 365.25


def make_traits(population: Population, rng: np.random.Generator) -> Traits:
    """Draw the fixed facts from social need, sex, age and origin."""
    n = len(population.birth)
    need = population.need
    education = _education(population, rng)
    bmi = 25.7 + 0.7 * need + rng.gamma(2.4, 3.0, size=n) - 7.2 + np.where(population.female, -0.4, 0.4)
    age = (EVENTS_START + 5 * 365 - population.birth) / 365.25
    systolic = 133 + 0.35 * (np.clip(age, 30, 80) - 55) + 0.7 * (bmi - 26) + rng.normal(0, 13, size=n)
    smoker = rng.random(n) < 1 / (1 + np.exp(1.95 - 0.55 * need - np.where(age < 70, 0.0, -0.8)))
    return Traits(
        birth=population.birth,
        immigrated=population.immigrated,
        female=population.female,
        region=population.region,
        need=need,
        education=education,
        income_z=-0.75 * need + 0.08 * (education - 4) + 0.55 * rng.standard_normal(n),
        insulin=rng.random(n) < INSULIN_SHARE,
        systolic=np.clip(systolic, 92, 215).round(),
        non_hdl=np.clip(3.75 + 0.05 * (bmi - 26) + rng.normal(0, 0.9, size=n), 1.5, 8.5).round(1),
        bmi=np.clip(bmi, 16.5, 52).round(1),
        smoker=smoker,
        enrolled=_enrolled(population, rng),
        check_month=rng.integers(0, 12, size=n).astype(np.int8),
        entry=_entry(population),
        mother=population.mother,
        father=population.father,
        partner=population.partner,
        cvd_z=_multiplier(rng, n, CVD_HETEROGENEITY),
        frailty_z=_multiplier(rng, n, FRAILTY_HETEROGENEITY),
    )


def _multiplier(rng: np.random.Generator, n: int, variance: float) -> Floats:
    return rng.gamma(1 / variance, variance, size=n)


def _education(population: Population, rng: np.random.Generator) -> NDArray[np.int8]:
    """Swedish levels 1-7 by need and year of birth; missing more often for people born abroad."""
    n = len(population.birth)
    born = population.birth / 365.25 + 1970
    latent = -0.95 * population.need + 0.028 * (np.clip(born, 1925, 1995) - 1968) + rng.standard_normal(n)
    level = 1 + np.searchsorted([-2.1, -0.95, -0.1, 0.65, 1.0, 2.9], latent)
    missing = rng.random(n) < np.where(population.region > 0, 0.07, 0.01)
    return np.where(missing, 0, level).astype(np.int8)


def _enrolled(population: Population, rng: np.random.Generator) -> Months:
    """Month of the first health check: about half of the people over 40 have had one by 2018."""
    age_from = 34 + rng.exponential(24, size=len(population.birth))
    month = month_of((population.birth + age_from * 365.25).astype(np.int32))
    return np.where(month > MONTHS, NOT_YET, month).astype(np.int16)


def _entry(population: Population) -> Months:
    """Month from which a person's health is followed: 2009, the thirtieth birthday or immigration."""
    thirty = (population.birth + ADULT * 365.25).astype(np.int32)
    immigrated = np.where(population.immigrated == NEVER, 0, population.immigrated).astype(np.int32)
    days = np.maximum(np.maximum(thirty, immigrated), EVENTS_START)
    return month_of(days.astype(np.int32))


def chronic_rate(traits: Traits, age: Floats, disease: str, health: Health | None, month: int) -> Floats:
    """Onsets a year of one chronic disease; earlier diabetes and hypertension raise the rate of some."""
    a, b, male, need = CHRONIC[disease]
    log_rate = a + b * (np.minimum(age, 92) - 60) + np.where(traits.female, 0.0, male) + need * traits.need
    if health is not None and disease in {"heart_failure", "statins", "atrial_fibrillation"}:
        log_rate = log_rate + 0.45 * has(health, "diabetes", month) + 0.25 * has(health, "hypertension", month)
    return np.asarray(np.exp(log_rate), dtype=np.float64)


def first_health(traits: Traits, rng: np.random.Generator) -> Health:
    """State at entry: prevalent disease by the rate accumulated until that age, earlier events and services by age.

    Every attribute has an array of its own, because `live` writes into them.
    """
    n = len(traits.birth)
    age = np.maximum((EVENTS_START + 30.44 * traits.entry - traits.birth) / 365.25, ADULT)
    onset = np.full((n, len(CHRONIC)), NOT_YET, np.int16)
    for column, disease in enumerate(CHRONIC):
        cumulated = chronic_rate(traits, age, disease, None, 0) / max(CHRONIC[disease][1], 0.03)
        prevalent = rng.random(n) < 1 - np.exp(-0.8 * cumulated)
        onset[:, column] = np.where(prevalent, traits.entry - 1, NOT_YET)
    old = _prevalent(age, HOME_CARE_PREVALENCE, rng)
    housed = _prevalent(age, SPECIAL_HOUSING_PREVALENCE, rng) & (traits.entry == 0)
    cvd = rng.random(n) < np.interp(age, [60, 70, 80, 90], [0.0, 0.09, 0.17, 0.22])
    start = (traits.entry - 1).astype(np.int16)
    return Health(
        onset=onset,
        admissions=np.zeros((n, 12), np.int8),
        admissions_year=np.zeros(n, np.int8),
        last_fall=np.full(n, LONG_AGO),
        home_care=np.where(old & ~housed, start, NOT_YET),
        alarm=np.where(old & ~housed & (rng.random(n) < 0.6), start, NOT_YET),
        housing=np.where(housed, start, NOT_YET),
        dead=np.full(n, NOT_YET),
        earlier_cvd=cvd,
        stroke=cvd & (rng.random(n) < 0.4),
        parent_cvd=np.zeros(n, bool),
        lives_alone=np.zeros(n, bool),
        cvd_effect=np.zeros(n),
        frailty_effect=np.zeros(n),
        cvd_events=np.zeros(n),
        frailty_events=np.zeros(n),
        cvd_hazard=np.zeros(n),
        frailty_hazard=np.zeros(n),
    )


def _prevalent(age: Floats, table: Mapping[int, float], rng: np.random.Generator) -> Bools:
    ages, shares = np.array(list(table)), np.array(list(table.values()))
    return np.asarray(rng.random(len(age)) < np.interp(age, ages + 2.5, shares, left=0.0))
