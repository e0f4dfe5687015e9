"""Families: who pairs with whom, who is whose child, births and partings.

In: the roster of a block. Out: the same roster, changed.
"""

from __future__ import annotations

import numpy as np

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.parameters import BIRTH_REGIONS, FERTILITY, FIRST_YEAR, FOREIGN_MIX, TWIN_SHARE
from riskstrat.synthetic.roster import MOVE, NOBODY, Bools, Floats, Ints, Roster, days_in, next_area

START = day(FIRST_YEAR)


def give_character(
    roster: Roster, new: Ints, deprivation: Floats, from_abroad: Bools, rng: np.random.Generator
) -> None:
    """Draw social need and origin, both following the deprivation of the area."""
    count = len(new)
    roster.need[new] = 0.75 * deprivation + 0.72 * rng.standard_normal(count)
    foreign = from_abroad | (rng.random(count) < 1 / (1 + np.exp(-0.10 - 1.2 * deprivation)))
    age = (START - roster.birth[new]) / 365.25
    born_abroad = from_abroad | (foreign & (rng.random(count) < np.clip(age / 26, 0.05, 0.84)))
    roster.foreign[new] = foreign
    region = rng.choice(len(BIRTH_REGIONS), size=count, p=FOREIGN_MIX)
    region = np.where((age > 50) & (region > 2) & (rng.random(count) < 0.5), 1, region)
    roster.region[new] = np.where(born_abroad, region, 0)


def pair(roster: Roster, singles: Ints, rng: np.random.Generator) -> Ints:
    """Pair women and men of like age and need; the man joins the woman's home. Returns the men."""
    women = singles[roster.female[singles]]
    men = singles[~roster.female[singles]]
    count = min(len(women), len(men))
    women = rng.permutation(women)[:count]
    men = rng.permutation(men)[:count]
    day_noise = rng.normal(0, 700, size=(2, count))
    women = women[np.argsort(roster.birth[women] + day_noise[0], kind="stable")]
    men = men[np.argsort(roster.birth[men] + day_noise[1], kind="stable")]
    block = np.arange(count) // 40
    women = women[np.lexsort((roster.need[women] + 1.6 * roster.foreign[women], block))]
    men = men[np.lexsort((roster.need[men] + 1.6 * roster.foreign[men], block))]
    roster.partner[women], roster.partner[men] = men, women
    roster.home[men] = roster.home[women]
    return men


def link_to_mothers(roster: Roster, new: Ints, age: Floats, rng: np.random.Generator) -> None:
    """Give most children and a third of the adults under 50 who were born here a mother 18-43 years older."""
    known = (age < 20) | ((age < 50) & (rng.random(len(new)) < 0.40) & (roster.region[new] == 0))
    child = new[known]
    women = new[roster.female[new] & (age >= 20)]
    women = women[np.argsort(roster.birth[women], kind="stable")]
    gap = np.clip(rng.normal(29.5, 5.2, size=len(child)), 18.5, 43.0) * 365.25
    at = np.searchsorted(roster.birth[women], roster.birth[child] - gap) + rng.integers(-3, 4, size=len(child))
    mother = women[np.clip(at, 0, len(women) - 1)]
    years = (roster.birth[child] - roster.birth[mother]) / 365.25
    fits = (years >= 17) & (years <= 45)
    child, mother = child[fits], mother[fits]
    roster.mother[child] = mother
    father = roster.partner[mother]
    gap_father = (roster.birth[child] - roster.birth[np.maximum(father, 0)]) / 365.25
    roster.father[child] = np.where((father >= 0) & (gap_father >= 16), father, NOBODY)
    roster.foreign[child] = roster.foreign[mother]
    roster.need[child] = 0.8 * roster.need[mother] + 0.5 * rng.standard_normal(len(child))


def have_children(roster: Roster, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Add the children born in a year, twins among them."""
    rate = np.interp(age, list(FERTILITY), list(FERTILITY.values()), left=0.0, right=0.0)
    rate = np.where(age > 43, 0.0, rate) * np.where(roster.partner[: roster.n] >= 0, 1.25, 0.25)
    alive = roster.present[: roster.n] & roster.female[: roster.n]
    mother = np.flatnonzero(alive & (rng.random(roster.n) < rate)).astype(np.int32)
    birth = (day(year) + rng.integers(0, 365, size=len(mother))).astype(np.int32)
    latest = _latest_birth(roster)
    spaced = birth - latest[mother] > 330
    mother, birth = mother[spaced], birth[spaced]
    twice = np.where(rng.random(len(mother)) < TWIN_SHARE, 2, 1)
    _add_babies(roster, np.repeat(mother, twice), np.repeat(birth, twice), rng)


def _latest_birth(roster: Roster) -> Days:
    latest = np.full(roster.n, -NEVER, np.int32)
    known = roster.mother[: roster.n] >= 0
    np.maximum.at(latest, roster.mother[: roster.n][known], roster.birth[: roster.n][known])
    return latest


def _add_babies(roster: Roster, mother: Ints, birth: Days, rng: np.random.Generator) -> None:
    baby = roster.add(len(mother))
    roster.birth[baby] = birth
    roster.female[baby] = rng.random(len(baby)) < 0.486
    roster.mother[baby] = mother
    roster.father[baby] = roster.partner[mother]
    roster.home[baby] = roster.home[mother]
    roster.present[baby] = True
    roster.foreign[baby] = roster.foreign[mother]
    roster.need[baby] = 0.8 * roster.need[mother] + 0.5 * rng.standard_normal(len(baby))
    roster.record(baby, birth, roster.area[roster.home[mother]], MOVE)


def form_couples(roster: Roster, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Pair single people who have not moved this year; the men move in."""
    n = len(age)
    chance = np.interp(age, [19, 23, 28, 38, 55], [0.0, 0.12, 0.22, 0.14, 0.02], left=0.0, right=0.0)
    free = roster.present[:n] & (roster.partner[:n] == NOBODY) & ~roster.moved[np.maximum(roster.home[:n], 0)]
    singles = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    men = pair(roster, singles, rng)
    roster.record(men, days_in(year, len(men), rng), roster.area[roster.home[men]], MOVE)


def part(roster: Roster, geography: Geography, year: int, rng: np.random.Generator) -> None:
    """Part some couples; the man finds a home of his own."""
    n = roster.n
    together = roster.present[:n] & ~roster.female[:n] & (roster.partner[:n] >= 0)
    free = together & ~roster.moved[np.maximum(roster.home[:n], 0)]
    age = (day(year) - roster.birth[:n]) / 365.25
    chance = np.interp(age, [20, 30, 50, 65], [0.05, 0.03, 0.016, 0.002])
    men = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    roster.partner[roster.partner[men]] = NOBODY
    roster.partner[men] = NOBODY
    new = next_area(geography, roster.area[roster.home[men]], rng)
    roster.home[men] = roster.new_homes(new)
    roster.record(men, days_in(year, len(men), rng), new, MOVE)
