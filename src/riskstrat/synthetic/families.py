"""Families: who pairs with whom, who is whose child, births and partings."""

from __future__ import annotations

import numpy as np

from riskstrat.synthetic.calendar_days import NEVER, START, Days, day
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.parameters import BIRTH_REGIONS, FERTILITY, FOREIGN_MIX, TWIN_SHARE
from riskstrat.synthetic.population_state import MOVE, NOBODY, Bools, Floats, Ints, PopulationState, days_in, next_area


def give_character(
    state: PopulationState, new: Ints, deprivation: Floats, from_abroad: Bools, rng: np.random.Generator
) -> None:
    """Draw social need and origin, both following the deprivation of the area."""
    count = len(new)
    state.need[new] = 0.75 * deprivation + 0.72 * rng.standard_normal(count)
    foreign = from_abroad | (rng.random(count) < 1 / (1 + np.exp(-0.10 - 1.2 * deprivation)))
    age = (START - state.birth[new]) / 365.25
    born_abroad = from_abroad | (foreign & (rng.random(count) < np.clip(age / 26, 0.05, 0.84)))
    state.foreign[new] = foreign
    region = rng.choice(len(BIRTH_REGIONS), size=count, p=FOREIGN_MIX)
    region = np.where((age > 50) & (region > 2) & (rng.random(count) < 0.5), 1, region)
    state.region[new] = np.where(born_abroad, region, 0)


def pair(state: PopulationState, singles: Ints, rng: np.random.Generator) -> Ints:
    """Pair women and men of like age and need; the man joins the woman's household. Returns the men."""
    women = singles[state.female[singles]]
    men = singles[~state.female[singles]]
    count = min(len(women), len(men))
    women = rng.permutation(women)[:count]
    men = rng.permutation(men)[:count]
    day_noise = rng.normal(0, 700, size=(2, count))
    women = women[np.argsort(state.birth[women] + day_noise[0], kind="stable")]
    men = men[np.argsort(state.birth[men] + day_noise[1], kind="stable")]
    shard = np.arange(count) // 40
    women = women[np.lexsort((state.need[women] + 1.6 * state.foreign[women], shard))]
    men = men[np.lexsort((state.need[men] + 1.6 * state.foreign[men], shard))]
    state.partner[women], state.partner[men] = men, women
    state.household[men] = state.household[women]
    return men


def link_to_mothers(state: PopulationState, new: Ints, age: Floats, rng: np.random.Generator) -> None:
    """Give most children and a third of the adults under 50 who were born here a mother 18-43 years older."""
    known = (age < 20) | ((age < 50) & (rng.random(len(new)) < 0.40) & (state.region[new] == 0))
    child = new[known]
    women = new[state.female[new] & (age >= 20)]
    women = women[np.argsort(state.birth[women], kind="stable")]
    gap = np.clip(rng.normal(29.5, 5.2, size=len(child)), 18.5, 43.0) * 365.25
    at = np.searchsorted(state.birth[women], state.birth[child] - gap) + rng.integers(-3, 4, size=len(child))
    mother = women[np.clip(at, 0, len(women) - 1)]
    years = (state.birth[child] - state.birth[mother]) / 365.25
    fits = (years >= 17) & (years <= 45)
    child, mother = child[fits], mother[fits]
    state.mother[child] = mother
    father = state.partner[mother]
    gap_father = (state.birth[child] - state.birth[np.maximum(father, 0)]) / 365.25
    state.father[child] = np.where((father >= 0) & (gap_father >= 16), father, NOBODY)
    inherit(state, child, mother, rng)


def inherit(state: PopulationState, child: Ints, mother: Ints, rng: np.random.Generator) -> None:
    """Give children their mother's origin, and a need that resembles hers."""
    state.foreign[child] = state.foreign[mother]
    state.need[child] = 0.8 * state.need[mother] + 0.5 * rng.standard_normal(len(child))


def have_children(state: PopulationState, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Add the children born in a year, twins among them."""
    rate = np.interp(age, list(FERTILITY), list(FERTILITY.values()), left=0.0, right=0.0)
    rate = np.where(age > 43, 0.0, rate) * np.where(state.partner[: state.n] >= 0, 1.25, 0.25)
    alive = state.present[: state.n] & state.female[: state.n]
    mother = np.flatnonzero(alive & (rng.random(state.n) < rate)).astype(np.int32)
    birth = (day(year) + rng.integers(0, 365, size=len(mother))).astype(np.int32)
    latest = _latest_birth(state)
    spaced = birth - latest[mother] > 330
    mother, birth = mother[spaced], birth[spaced]
    twice = np.where(rng.random(len(mother)) < TWIN_SHARE, 2, 1)
    _add_babies(state, np.repeat(mother, twice), np.repeat(birth, twice), rng)


def _latest_birth(state: PopulationState) -> Days:
    latest = np.full(state.n, -NEVER, np.int32)
    known = state.mother[: state.n] >= 0
    np.maximum.at(latest, state.mother[: state.n][known], state.birth[: state.n][known])
    return latest


def _add_babies(state: PopulationState, mother: Ints, birth: Days, rng: np.random.Generator) -> None:
    baby = state.add(len(mother))
    state.birth[baby] = birth
    state.female[baby] = rng.random(len(baby)) < 0.486
    state.mother[baby] = mother
    state.father[baby] = state.partner[mother]
    state.household[baby] = state.household[mother]
    state.present[baby] = True
    inherit(state, baby, mother, rng)
    state.record(baby, birth, state.area[state.household[mother]], MOVE)


def form_couples(state: PopulationState, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Pair single people who have not moved this year; the men move in."""
    n = len(age)
    chance = np.interp(age, [19, 23, 28, 38, 55], [0.0, 0.12, 0.22, 0.14, 0.02], left=0.0, right=0.0)
    free = state.present[:n] & (state.partner[:n] == NOBODY) & ~state.moved[np.maximum(state.household[:n], 0)]
    singles = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    men = pair(state, singles, rng)
    state.record(men, days_in(year, len(men), rng), state.area[state.household[men]], MOVE)


def part(state: PopulationState, geography: Geography, year: int, rng: np.random.Generator) -> None:
    """Part some couples; the man finds a household of his own."""
    n = state.n
    together = state.present[:n] & ~state.female[:n] & (state.partner[:n] >= 0)
    free = together & ~state.moved[np.maximum(state.household[:n], 0)]
    age = (day(year) - state.birth[:n]) / 365.25
    chance = np.interp(age, [20, 30, 50, 65], [0.05, 0.03, 0.016, 0.002])
    men = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    state.partner[state.partner[men]] = NOBODY
    state.partner[men] = NOBODY
    new = next_area(geography, state.area[state.household[men]], rng)
    state.household[men] = state.new_households(new)
    state.record(men, days_in(year, len(men), rng), new, MOVE)
