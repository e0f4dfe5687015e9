"""Births, the growth of children and obesity at four years.

In: population, traits, area effects. Out: births and child health rows, true risks at 18 months.

A child's latent log odds at four is the recorded factors' predictor plus the area's effect, a family term that no
register holds and logistic noise: obesity is exactly "latent above zero", so the true risk is a logistic mean over
the family term. The measured index is a monotone function of the latent, equal to the IOTF obesity curve at zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.codes import GrowthReference, iotf_cutoff_z
from riskstrat.codes.growth_curves import MARSAL_SD, daily_curves
from riskstrat.synthetic.adults import Traits
from riskstrat.synthetic.calendar_days import EVENTS_START, Days, month_starts
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.hazards import Factors, linear_predictor
from riskstrat.synthetic.parameters import (
    OBESITY,
    OBESITY_CURVES,
    OBESITY_FAMILY_SD,
    OBESITY_INTERCEPT,
    OBESITY_MEANS,
    OBESITY_Z_PER_LOGIT,
)
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import NOBODY, Bools, Floats, Ints
from riskstrat.synthetic.residence import observed, spell_at
from riskstrat.synthetic.rows import Rows, frame

FIRST_BIRTH = EVENTS_START - 6 * 365
VISIT_DELAY = 30
VISIT_AGES_DAYS = (31, 92, 183, 305, 365, 518, 930, 1100, 1461, 2060)
EARLY_VISITS = 6
FOUR_YEARS = 8
FIRST_READ_VISIT = 3  # the growth of the last year before 18 months is a recorded factor, that of newborns is not
THIN_FROM_DAYS = 1_300


@dataclass(frozen=True, kw_only=True)
class Children:
    """Children born from 2003 on, one row each."""

    person: Ints
    birth: Days
    index: Days
    """Day on which the child becomes 18 months."""
    female: Bools
    gestation: NDArray[np.int32]
    weight: Floats
    smoked: Bools
    early_z: Floats
    """Usual growth z-score before two years."""
    latent: Floats
    predictor: Floats
    """Linear predictor of the recorded factors, with the area's effect left out."""
    risk: Floats
    """True risk, with the area's effect."""
    attends: NDArray[np.bool_]
    """Whether the child came to each visit of the child health programme, shape (n, visits)."""
    visits: NDArray[np.int32]


def make_children(population: Population, traits: Traits, geography: Geography, rng: np.random.Generator) -> Children:
    """Draw births, growth and the true risk of obesity at four."""
    infants = _infants(population, traits, geography, rng)
    person, index = infants.person, infants.index
    predictor = OBESITY_INTERCEPT + linear_predictor(_factors(population, traits, infants), OBESITY)
    spell = spell_at(population, person, (index - 1).astype(np.int32))
    area = population.spell_area[np.maximum(spell, 0)]
    full = predictor + geography.effects["childhood_obesity"][area]
    latent = full + _family_term(population, person, rng) + rng.logistic(size=len(person))
    return replace(infants, latent=latent, predictor=predictor, risk=marginal_risk(full))


def _infants(population: Population, traits: Traits, geography: Geography, rng: np.random.Generator) -> Children:
    """Children with everything that comes before their outcome, which is still nought."""
    person = np.flatnonzero(population.birth >= FIRST_BIRTH).astype(np.int32)
    n = len(person)
    birth, female = population.birth[person], population.female[person]
    mother = np.maximum(population.mother[person], 0)
    smoked = rng.random(n) < 1 / (1 + np.exp(3.35 - 0.8 * traits.need[mother]))
    days = np.clip(279.5 - rng.gamma(1.3, 7.0, size=n) + rng.normal(4, 6, size=n), 165, 299)
    gestation = np.round(days).astype(np.int32)
    weight_z = 0.035 * (traits.bmi[mother] - 25) - 0.45 * smoked + 0.93 * rng.standard_normal(n)
    weight = np.round(birth_weight_mean(gestation, female) * (1 + MARSAL_SD * weight_z) / 5) * 5
    early_z = 0.25 * weight_z + 0.02 * (traits.bmi[mother] - 25) + 0.9 * rng.standard_normal(n)
    visits, attends = _visits(population, geography, person, rng)
    nought = np.zeros(n)
    return Children(
        person=person, birth=birth, index=add_months(birth, 18), female=female, gestation=gestation, weight=weight,
        smoked=smoked, early_z=early_z, latent=nought, predictor=nought, risk=nought, attends=attends, visits=visits,
    )  # fmt: skip


def add_months(days: Days, months: int) -> Days:
    """Give the same day some months later; a missing day becomes the first of the next month."""
    start = days.astype("datetime64[D]").astype("datetime64[M]")
    dom = (days.astype("datetime64[D]") - start).astype(np.int64)
    target = start + months
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(target.astype("datetime64[D]").astype(np.int64) + np.minimum(dom, length), dtype=np.int32)


def birth_weight_mean(gestation: NDArray[np.int32], female: Bools) -> Floats:
    """Mean birth weight in grams for gestation (Maršál 1996)."""
    _, mean, _ = _curves_at("marsal", gestation, female)
    return mean


def marginal_risk(log_odds: Floats) -> Floats:
    """Logistic risk averaged over the family term by Gauss-Hermite quadrature with 15 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    risk = np.zeros_like(log_odds)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        risk = risk + weight / (1 + np.exp(-(log_odds + OBESITY_FAMILY_SD * node)))
    return risk


def _family_term(population: Population, person: Ints, rng: np.random.Generator) -> Floats:
    by_mother = OBESITY_FAMILY_SD * rng.standard_normal(len(population.birth))
    alone = OBESITY_FAMILY_SD * rng.standard_normal(len(person))
    mother = population.mother[person]
    return np.where(mother >= 0, by_mother[mother], alone)


def _visits(
    population: Population, geography: Geography, person: Ints, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Days of the programme's visits and whether the child came; worse attendance in deprived areas and families."""
    n = len(person)
    planned = np.array(VISIT_AGES_DAYS)[None, :] + rng.integers(-12, 19, size=(n, len(VISIT_AGES_DAYS)))
    days = (population.birth[person][:, None] + planned).astype(np.int32)
    spell = spell_at(population, person, np.maximum(population.birth[person] + 30, 0).astype(np.int32))
    deprived = geography.deprivation[population.spell_area[np.maximum(spell, 0)]]
    alone = population.partner[np.maximum(population.mother[person], 0)] == NOBODY
    covered = rng.random(n) < 1 / (1 + np.exp(-(3.4 - 0.5 * deprived)))
    log_odds = 2.3 - 0.35 * deprived - 0.35 * alone
    late = np.arange(len(VISIT_AGES_DAYS)) >= EARLY_VISITS
    chance = 1 / (1 + np.exp(-(log_odds[:, None] - 0.5 * late[None, :])))
    return days, covered[:, None] & (rng.random((n, len(VISIT_AGES_DAYS))) < chance)


def _factors(population: Population, traits: Traits, infants: Children) -> Factors:
    """Factors as the registers know them on the day before the index; the population's mean where they do not."""
    person, index = infants.person, infants.index
    attends, visits = infants.attends, infants.visits
    weight_z = (infants.weight / birth_weight_mean(infants.gestation, infants.female) - 1) / MARSAL_SD
    born_here = observed(population, person, infants.birth)
    mother, father = population.mother[person], population.father[person]
    early = slice(FIRST_READ_VISIT, EARLY_VISITS)
    weighed = (attends[:, early] & (visits[:, early] + VISIT_DELAY < index[:, None])).any(axis=1)
    weighed &= infants.birth >= EVENTS_START
    father_known = father_measured(population, traits, person, index)
    known = {
        "female": (infants.female, np.ones(len(person), bool)),
        "birth_weight": (_on_curve("birth_weight", weight_z), born_here),
        "mother_bmi": (_on_curve("mother_bmi", traits.bmi[mother]), born_here),
        "father_bmi": (_on_curve("father_bmi", traits.bmi[father]), father_known),
        "mother_no_post_secondary": (traits.education[mother] < 5, _schooled(population, traits, mother, index)),
        "father_no_post_secondary": (traits.education[father] < 5, _schooled(population, traits, father, index)),
        "mother_smoked": (infants.smoked, born_here),
        "growth_z": (infants.early_z, weighed),
    }
    return {name: np.where(seen, value, OBESITY_MEANS.get(name, 0.0)) for name, (value, seen) in known.items()}


def _on_curve(factor: str, value: Floats) -> Floats:
    """Log odds of a measured factor, straight between the published classes and level beyond the outermost."""
    return np.interp(value, *OBESITY_CURVES[factor])


def _schooled(population: Population, traits: Traits, parent: Ints, index: Days) -> Bools:
    """Whether a parent's education is known: resident on 31 December of one of the last two finished years."""
    year_end = (
        (index.astype("datetime64[D]").astype("datetime64[Y]")).astype("datetime64[D]").astype(np.int64) - 1 - 365
    )
    at = np.maximum(parent, 0)
    here = spell_at(population, at, year_end.astype(np.int32)) >= 0
    return np.asarray((parent >= 0) & here & (traits.education[at] > 0) & (year_end >= EVENTS_START))


def expectant_fathers(population: Population) -> tuple[Ints, Days]:
    """Fathers whose body mass index is taken at the maternity clinic (three in five), about 100 days before birth."""
    child = np.flatnonzero((population.birth >= EVENTS_START + 100) & (population.father >= 0))
    asked = child[_is_measured(population.father[child])]
    return population.father[asked], (population.birth[asked] - 100).astype(np.int32)


def _is_measured(father: Ints) -> Bools:
    return (father * 7919) % 5 < 3


def father_measured(population: Population, traits: Traits, person: Ints, index: Days) -> Bools:
    """Whether the father has a body mass index on record before the index day."""
    father = population.father[person]
    at = np.maximum(father, 0)
    expecting = (population.birth[person] - 100).astype(np.int32)
    clinic = _is_measured(at) & observed(population, at, expecting)
    starts = month_starts()
    checked = index > starts[np.clip(traits.enrolled[at], 0, len(starts) - 1)] + 600
    checked &= traits.enrolled[at] < len(starts) - 1
    return (father >= 0) & (clinic | checked)


def births(population: Population, traits: Traits, children: Children) -> pl.DataFrame:
    """Give the medical birth register's facts about the child, dated the day of birth."""
    mother = population.mother[children.person]
    known = mother >= 0
    facts: Mapping[str, Floats] = {
        "birth_weight_g": children.weight,
        "gestation_days": children.gestation.astype(np.float64),
        "parity": _parity(population, children.person),
        "mother_bmi_kg_m2": traits.bmi[np.maximum(mother, 0)],
        "mother_smoking": children.smoked.astype(np.float64),
    }
    rows = [
        Rows(person=children.person[known], days=children.birth[known], code=code, value=value[known])
        for code, value in facts.items()
    ]
    return frame(population, rows, ("value",))


def _parity(population: Population, person: Ints) -> Floats:
    """Count the mother's children in the register who were born earlier, and one more."""
    born = pl.DataFrame({"mother": population.mother[person], "birth": population.birth[person]})
    return born.select(pl.col("birth").rank("ordinal").over("mother").cast(pl.Float64)).to_series().to_numpy()


def child_health(population: Population, children: Children, rng: np.random.Generator, *, thin: bool) -> pl.DataFrame:
    """Weight, height and body mass index at the visits that the child came to; `thin` keeps few of the first two."""
    parts = [part for visit in range(len(VISIT_AGES_DAYS)) for part in _visit(children, visit, rng)]
    if thin:
        old = [part.days - population.birth[part.person] > THIN_FROM_DAYS for part in parts]
        parts = [part.where(late | (part.code == "bmi_kg_m2")) for part, late in zip(parts, old, strict=True)]
    return frame(population, parts, ("value",))


def _visit(children: Children, visit: int, rng: np.random.Generator) -> list[Rows]:
    came = children.attends[:, visit]
    person, days = children.person[came], children.visits[came, visit]
    age_days = days - children.birth[came]
    age = age_days / 365.25
    female = children.female[came]
    if visit < EARLY_VISITS:
        bmi = bmi_of_z("who", age_days, female, children.early_z[came] + rng.normal(0, 0.15, size=len(person)))
    else:
        drift = 0.0 if visit == FOUR_YEARS else 0.25
        latent = children.latent[came] + rng.normal(0, 1, size=len(person)) * drift / OBESITY_Z_PER_LOGIT
        bmi = bmi_of_latent(age_days, female, latent)
    height = height_cm(age, female) * (1 + 0.04 * rng.standard_normal(len(person)))
    height = np.round(height * 2) / 2
    bmi = np.round(bmi, 2)
    weight = np.round(bmi * (height / 100) ** 2, 1)
    values = {"bmi_kg_m2": bmi, "height_cm": height, "weight_kg": weight}
    return [Rows(person=person, days=days, code=code, value=value) for code, value in values.items()]


def bmi_of_z(reference: GrowthReference, days: NDArray[np.int32], female: Bools, z: Floats) -> Floats:
    """Body mass index by age in days, sex and z-score of a reference: M (1 + L S z)^(1/L) (Cole and Green 1992)."""
    power, median, spread = _curves_at(reference, days, female)
    return np.asarray(median * np.power(1 + power * spread * np.clip(z, -3.5, 4.6), 1 / power))


def _curves_at(reference: GrowthReference, days: NDArray[np.int32], female: Bools) -> tuple[Floats, Floats, Floats]:
    """L, M and S of each child; those at the ends of the reference beyond them."""
    curves = daily_curves(reference)
    at = np.clip(days, curves.first_day, curves.last_day) - curves.first_day + np.where(female, 0, curves.days)
    power, median, spread = (curve.to_numpy()[at] for curve in (curves.l, curves.m, curves.s))
    return power, median, spread


def height_cm(age_years: Floats, female: Bools) -> Floats:
    """Mean length or height of Nordic children."""
    ages = [0.08, 0.25, 0.5, 0.83, 1.0, 1.5, 2.5, 3.0, 4.0, 5.7]
    boys = np.interp(age_years, ages, [54.5, 61.5, 68.0, 73.5, 76.0, 82.5, 92.5, 97.0, 104.0, 115.0])
    return np.asarray(boys - np.where(female, 1.2, 0.0))


def bmi_of_latent(days: NDArray[np.int32], female: Bools, latent: Floats) -> Floats:
    """Body mass index by age in days, sex and latent log odds; the IOTF obesity curve exactly where the latent is 0."""
    sexes = pl.DataFrame({"sex": ["male", "female"]})
    boys, girls = sexes.select(iotf_cutoff_z("obesity", sex=pl.col("sex"))).to_series().to_list()
    return bmi_of_z("iotf", days, female, np.where(female, girls, boys) + OBESITY_Z_PER_LOGIT * latent)
