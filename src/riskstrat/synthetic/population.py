"""People, families and homes of one block of the town, 1999-2023, one year at a time.

In: a geography, a number of people, a random generator. Out: a frozen `Town` of arrays and residence spells; days
since 1970. Deaths from 30 years on after 2008 are not here but in `lifecourse`, where health decides them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.parameters import (
    AGE_BANDS_1999,
    BIRTH_REGIONS,
    FERTILITY,
    FIRST_EVENT_YEAR,
    FIRST_YEAR,
    FOREIGN_MIX,
    GOMPERTZ,
    LAST_YEAR,
    START_SHARE,
    TWIN_SHARE,
)

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NOBODY = -1
AWAY = -1
START = day(FIRST_YEAR)


@dataclass(frozen=True, kw_only=True)
class Town:
    """People of one block; persons are numbered 0..n-1, -1 = nobody.

    Attributes
    ----------
    birth, death, immigrated
        Days; NEVER where it has not happened.
    female, region, need
        Sex, number of the birth region, standardised social need (positive = worse off).
    mother, father, partner
        Numbers of persons; `partner` as it is at the end.
    abroad
        For each row of `spells`: whether the person left the country when it ended.
    spell_person, spell_start, spell_end, spell_area
        Residence spells sorted by person and start; NEVER where still open.
    """

    birth: Days
    death: Days
    immigrated: Days
    female: Bools
    region: NDArray[np.int8]
    need: Floats
    mother: Ints
    father: Ints
    partner: Ints
    spell_person: Ints
    spell_start: Days
    spell_end: Days
    spell_area: NDArray[np.int8]
    spell_leaves_country: Bools
    spell_from_abroad: Bools


@dataclass(kw_only=True)
class _Roster:
    """Arrays with room to grow. The only mutable thing of the generator: 25 yearly copies would cost more than they say."""

    room: int
    n: int = 0
    birth: Days = field(init=False)
    death: Days = field(init=False)
    immigrated: Days = field(init=False)
    female: Bools = field(init=False)
    region: NDArray[np.int8] = field(init=False)
    need: Floats = field(init=False)
    mother: Ints = field(init=False)
    father: Ints = field(init=False)
    partner: Ints = field(init=False)
    home: Ints = field(init=False)
    present: Bools = field(init=False)
    survival: Floats = field(init=False)
    foreign: Bools = field(init=False)
    area: NDArray[np.int16] = field(init=False)  # by home
    homes: int = 0
    moved: Bools = field(init=False)  # by home: has changed this year
    changes: list[tuple[Ints, Days, NDArray[np.int16], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        room = self.room
        self.birth = np.zeros(room, np.int32)
        self.death = np.full(room, NEVER, np.int32)
        self.immigrated = np.full(room, NEVER, np.int32)
        self.female = np.zeros(room, bool)
        self.region = np.zeros(room, np.int8)
        self.need = np.zeros(room)
        self.mother = np.full(room, NOBODY, np.int32)
        self.father = np.full(room, NOBODY, np.int32)
        self.partner = np.full(room, NOBODY, np.int32)
        self.home = np.full(room, NOBODY, np.int32)
        self.present = np.zeros(room, bool)
        self.survival = np.ones(room)
        self.foreign = np.zeros(room, bool)
        self.area = np.full(room, AWAY, np.int16)
        self.moved = np.zeros(room, bool)

    def add(self, count: int) -> Ints:
        new = np.arange(self.n, self.n + count, dtype=np.int32)
        self.n += count
        return new

    def new_homes(self, areas: NDArray[np.int16]) -> Ints:
        new = np.arange(self.homes, self.homes + len(areas), dtype=np.int32)
        self.homes += len(areas)
        self.area[new] = areas
        self.moved[new] = True
        return new

    def record(self, people: Ints, days: Days, areas: NDArray[np.int16], kind: int) -> None:
        self.changes.append((people.astype(np.int32), days.astype(np.int32), areas.astype(np.int16), kind))


MOVE, LEAVE_COUNTRY, LEAVE_TOWN, FROM_ABROAD = range(4)


def make_town(geography: Geography, people: int, rng: np.random.Generator) -> Town:
    """Live through 1999-2023, one year at a time.

    Parameters
    ----------
    geography
        The places.
    people
        Residents wanted at the end of 2023; the result lies within about two per cent.
    rng
        The block's own generator.

    Returns
    -------
    Town
    """
    roster = _Roster(room=int(people * 4.2) + 2_000)
    _settle(roster, geography, round(people * START_SHARE), rng)
    years = LAST_YEAR - FIRST_YEAR
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        target = people * START_SHARE ** (1 - (year + 1 - FIRST_YEAR) / (years + 1))
        _live_a_year(roster, geography, year, target, rng)
    return _finish(roster)


def _live_a_year(roster: _Roster, geography: Geography, year: int, target: float, rng: np.random.Generator) -> None:
    roster.moved[: roster.homes] = False
    age = (day(year, 7) - roster.birth[: roster.n]) / 365.25
    _have_children(roster, age, year, rng)
    _leave_home(roster, geography, age, year, rng)
    _form_couples(roster, age, year, rng)
    _part(roster, geography, year, rng)
    _move(roster, geography, age, year, rng)
    _leave_town(roster, age, year, rng)
    _die(roster, year, rng)
    _arrive(roster, geography, year, target, rng)


def _settle(roster: _Roster, geography: Geography, count: int, rng: np.random.Generator) -> None:
    """The population of 1 January 1999: adults in homes, children with mothers, some adults linked to parents."""
    bands = np.array(list(AGE_BANDS_1999))
    weight = np.array(list(AGE_BANDS_1999.values()))
    new = roster.add(count)
    age = rng.choice(bands, size=count, p=weight / weight.sum()) + 10 * rng.random(count)
    roster.birth[new] = START - 1 - (age * 365.25).astype(np.int32)
    roster.female[new] = rng.random(count) < np.where(age > 75, 0.60, 0.495)
    area = _choose(np.cumsum(geography.share), rng.random(count))
    _give_character(roster, new, geography.deprivation[area], np.full(count, False), rng)
    adults = new[age >= 20]
    roster.home[adults] = roster.new_homes(area[age >= 20].astype(np.int16))
    roster.present[new] = True
    roster.moved[: roster.homes] = False
    _pair(roster, new[(age >= 24) & (rng.random(count) < np.interp(age, [24, 35, 70, 90], [0.5, 0.80, 0.74, 0.30]))], rng)
    _link_to_mothers(roster, new, age, rng)
    young = new[(age < 20)]
    roster.home[young] = np.where(roster.mother[young] >= 0, roster.home[roster.mother[young]], NOBODY)
    orphans = young[roster.home[young] < 0]
    roster.home[orphans] = roster.home[adults[rng.integers(len(adults), size=len(orphans))]]
    roster.record(new, np.full(count, START), roster.area[roster.home[new]], MOVE)


def _give_character(
    roster: _Roster, new: Ints, deprivation: Floats, from_abroad: Bools, rng: np.random.Generator
) -> None:
    """Social need and origin, both following the deprivation of the area."""
    count = len(new)
    roster.need[new] = 0.62 * deprivation + 0.78 * rng.standard_normal(count)
    foreign = from_abroad | (rng.random(count) < 1 / (1 + np.exp(0.42 - 0.9 * deprivation)))
    age = (START - roster.birth[new]) / 365.25
    born_abroad = from_abroad | (foreign & (rng.random(count) < np.clip(age / 26, 0.05, 0.82)))
    roster.foreign[new] = foreign
    region = rng.choice(len(BIRTH_REGIONS), size=count, p=FOREIGN_MIX)
    region = np.where((age > 50) & (region > 2) & (rng.random(count) < 0.5), 1, region)
    roster.region[new] = np.where(born_abroad, region, 0)


def _pair(roster: _Roster, singles: Ints, rng: np.random.Generator) -> Ints:
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


def _link_to_mothers(roster: _Roster, new: Ints, age: Floats, rng: np.random.Generator) -> None:
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


def _have_children(roster: _Roster, age: Floats, year: int, rng: np.random.Generator) -> None:
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


def _latest_birth(roster: _Roster) -> Days:
    latest = np.full(roster.n, -NEVER, np.int32)
    known = roster.mother[: roster.n] >= 0
    np.maximum.at(latest, roster.mother[: roster.n][known], roster.birth[: roster.n][known])
    return latest


def _add_babies(roster: _Roster, mother: Ints, birth: Days, rng: np.random.Generator) -> None:
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


def _leave_home(roster: _Roster, geography: Geography, age: Floats, year: int, rng: np.random.Generator) -> None:
    n = len(age)
    mother_home = np.where(roster.mother[:n] >= 0, roster.home[roster.mother[:n]], NOBODY)
    with_mother = roster.present[:n] & (roster.home[:n] == mother_home) & (roster.partner[:n] == NOBODY)
    chance = np.interp(age, [18, 19, 24, 30], [0.0, 0.2, 0.3, 0.5], left=0.0)
    goes = np.flatnonzero(with_mother & (rng.random(n) < chance)).astype(np.int32)
    old = roster.area[roster.home[goes]]
    new = _next_area(geography, old, rng)
    roster.home[goes] = roster.new_homes(new)
    roster.record(goes, _days_in(year, len(goes), rng), new, MOVE)


def _form_couples(roster: _Roster, age: Floats, year: int, rng: np.random.Generator) -> None:
    n = len(age)
    chance = np.interp(age, [19, 23, 28, 38, 55], [0.0, 0.12, 0.22, 0.14, 0.02], left=0.0, right=0.0)
    free = roster.present[:n] & (roster.partner[:n] == NOBODY) & ~roster.moved[np.maximum(roster.home[:n], 0)]
    singles = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    men = _pair(roster, singles, rng)
    roster.record(men, _days_in(year, len(men), rng), roster.area[roster.home[men]], MOVE)


def _part(roster: _Roster, geography: Geography, year: int, rng: np.random.Generator) -> None:
    n = roster.n
    together = roster.present[:n] & ~roster.female[:n] & (roster.partner[:n] >= 0)
    free = together & ~roster.moved[np.maximum(roster.home[:n], 0)]
    age = (day(year) - roster.birth[:n]) / 365.25
    chance = np.interp(age, [20, 30, 50, 65], [0.05, 0.03, 0.016, 0.002])
    men = np.flatnonzero(free & (rng.random(n) < chance)).astype(np.int32)
    roster.partner[roster.partner[men]] = NOBODY
    roster.partner[men] = NOBODY
    new = _next_area(geography, roster.area[roster.home[men]], rng)
    roster.home[men] = roster.new_homes(new)
    roster.record(men, _days_in(year, len(men), rng), new, MOVE)


def _home_age(roster: _Roster) -> Floats:
    """Age of the oldest person in each home, in days of birth (the smallest)."""
    oldest = np.full(roster.homes, NEVER, np.int32)
    here = np.flatnonzero(roster.present[: roster.n])
    np.minimum.at(oldest, roster.home[here], roster.birth[here])
    return oldest.astype(np.float64)


def _homes_that(roster: _Roster, year: int, ages: list[float], chances: list[float], rng: np.random.Generator) -> Bools:
    age = (day(year, 7) - _home_age(roster)) / 365.25
    chance = np.where(age > 0, np.interp(age, ages, chances), 0.0)
    return np.asarray((rng.random(roster.homes) < chance) & ~roster.moved[: roster.homes])


def _move(roster: _Roster, geography: Geography, age: Floats, year: int, rng: np.random.Generator) -> None:
    del age
    moves = _homes_that(roster, year, [20, 26, 35, 50, 75], [0.18, 0.16, 0.08, 0.035, 0.022], rng)
    homes = np.flatnonzero(moves).astype(np.int32)
    roster.area[homes] = _next_area(geography, roster.area[homes], rng)
    when = np.zeros(roster.homes, np.int32)
    when[homes] = _days_in(year, len(homes), rng)
    roster.moved[homes] = True
    people = _people_in(roster, moves)
    roster.record(people, when[roster.home[people]], roster.area[roster.home[people]], MOVE)


def _people_in(roster: _Roster, homes: Bools) -> Ints:
    n = roster.n
    inside = roster.present[:n] & (roster.home[:n] >= 0)
    inside[inside] = homes[roster.home[:n][inside]]
    return np.flatnonzero(inside).astype(np.int32)


def _leave_town(roster: _Roster, age: Floats, year: int, rng: np.random.Generator) -> None:
    del age
    leaves = _homes_that(roster, year, [19, 24, 35, 50, 70], [0.055, 0.050, 0.026, 0.010, 0.006], rng)
    people = _people_in(roster, leaves)
    when = np.zeros(roster.homes, np.int32)
    when[leaves] = _days_in(year, int(leaves.sum()), rng)
    days = np.maximum(when[roster.home[people]], roster.birth[people] + 1)
    abroad = rng.random(roster.homes)[roster.home[people]] < 0.30
    gone = np.full(len(people), AWAY, np.int16)
    roster.present[people] = False
    roster.moved[: roster.homes] |= leaves
    roster.record(people[abroad], days[abroad], gone[abroad], LEAVE_COUNTRY)
    roster.record(people[~abroad], days[~abroad], gone[~abroad], LEAVE_TOWN)


def _die(roster: _Roster, year: int, rng: np.random.Generator) -> None:
    """Deaths before 2009 at all ages and later under 30; from 30 on only the expected loss is counted here."""
    n = roster.n
    age = np.maximum((day(year, 7) - roster.birth[:n]) / 365.25, 0)
    a, b, c = np.where(roster.female[:n], np.array(GOMPERTZ[0])[:, None], np.array(GOMPERTZ[1])[:, None])
    chance = 1 - np.exp(-(c * np.clip(age / 20, 0.2, 1) + np.exp(a + b * np.minimum(age, 105))))
    drawn = (year < FIRST_EVENT_YEAR) | (age < 30)
    alive = roster.present[:n]
    roster.survival[:n] *= np.where(alive & ~drawn, 1 - chance, 1.0)
    dies = np.flatnonzero(alive & drawn & (rng.random(n) < chance))
    when = np.maximum(day(year) + rng.integers(0, 365, size=len(dies)), roster.birth[dies] + 1)
    roster.death[dies] = when
    roster.present[dies] = False
    widowed = roster.partner[dies]
    roster.partner[widowed[widowed >= 0]] = NOBODY


def _arrive(roster: _Roster, geography: Geography, year: int, target: float, rng: np.random.Generator) -> None:
    """Returns and newcomers, as many as bring the expected population to its target."""
    n = roster.n
    away = ~roster.present[:n] & (roster.death[:n] == NEVER) & (rng.random(n) < 0.02) & (_days_away(roster) > 200)
    back = np.flatnonzero(away).astype(np.int32)
    _welcome_back(roster, geography, back, year, rng)
    missing = max(0.0, target - float(np.sum(np.round(roster.survival[:n][roster.present[:n]], 12))))
    homes = round(missing / 1.95)
    _newcomers(roster, geography, homes, year, rng)


def _days_away(roster: _Roster) -> Floats:
    """Effectively whether somebody left in an earlier year: those of this year are still marked by their home."""
    moved = roster.moved[np.maximum(roster.home[: roster.n], 0)]
    return np.where(moved, 0.0, 400.0)


def _welcome_back(roster: _Roster, geography: Geography, back: Ints, year: int, rng: np.random.Generator) -> None:
    back = back[(day(year) - roster.birth[back]) / 365.25 >= 20]
    areas = _choose(np.cumsum(geography.share), rng.random(len(back))).astype(np.int16)
    partner = roster.partner[back]
    roster.partner[partner[partner >= 0]] = NOBODY
    roster.partner[back] = NOBODY
    roster.home[back] = roster.new_homes(areas)
    roster.present[back] = True
    roster.record(back, _days_in(year, len(back), rng), areas, MOVE)


def _newcomers(roster: _Roster, geography: Geography, homes: int, year: int, rng: np.random.Generator) -> None:
    """New homes: single people and couples, some with children; two thirds come from abroad."""
    pull = np.cumsum(geography.share * np.exp(0.35 * geography.deprivation))
    area = _choose(pull / pull[-1], rng.random(homes)).astype(np.int16)
    home = roster.new_homes(area)
    abroad = rng.random(homes) < 0.52
    couple = rng.random(homes) < 0.42
    days = _days_in(year, homes, rng)
    first = _new_adults(roster, geography, home, area, abroad, days, rng)
    second = _new_adults(roster, geography, home[couple], area[couple], abroad[couple], days[couple], rng)
    partner = first[couple]
    roster.female[second] = ~roster.female[partner]
    shift = rng.integers(-900, 900, size=len(second))
    roster.birth[second] = np.minimum(roster.birth[partner] + shift, day(year) - 365 * 18)
    roster.partner[second], roster.partner[partner] = partner, second
    roster.region[second] = np.where(rng.random(len(second)) < 0.85, roster.region[partner], roster.region[second])
    _new_children(roster, first, second, abroad, couple, days, rng)


def _new_adults(
    roster: _Roster,
    geography: Geography,
    home: Ints,
    area: NDArray[np.int16],
    abroad: Bools,
    days: Days,
    rng: np.random.Generator,
) -> Ints:
    new = roster.add(len(home))
    age = 19 + rng.gamma(2.0, 7.0, size=len(new))
    roster.birth[new] = days - (np.minimum(age, 88) * 365.25).astype(np.int32) - rng.integers(0, 30, size=len(new))
    roster.female[new] = rng.random(len(new)) < 0.49
    _give_character(roster, new, geography.deprivation[area] + 0.15, abroad, rng)
    unset = abroad & (roster.region[new] == 0)
    roster.region[new] = np.where(unset, 3, roster.region[new])
    roster.immigrated[new] = np.where(abroad, days, NEVER)
    roster.home[new] = home
    roster.present[new] = True
    roster.record(new, days, area, FROM_ABROAD)
    return new


def _new_children(
    roster: _Roster, first: Ints, second: Ints, abroad: Bools, couple: Bools, days: Days, rng: np.random.Generator
) -> None:
    """Children under 17 who arrive with a couple, or with a lone mother."""
    other = np.full(len(first), NOBODY, np.int32)
    other[couple] = second
    mother = np.where(roster.female[first], first, other)
    father = np.where(roster.female[first], other, first)
    age_mother = np.where(mother >= 0, (days - roster.birth[np.maximum(mother, 0)]) / 365.25, 0)
    mean = np.where(couple, np.interp(age_mother, [20, 28, 38, 50], [0.15, 1.0, 1.7, 0.4]), 0.20)
    count = np.where((mother >= 0) & (age_mother > 19) & (age_mother < 52), np.minimum(rng.poisson(mean), 4), 0)
    at = np.repeat(np.arange(len(first)), count)
    room = np.clip(age_mother[at] - 18.5, 0.3, 17)
    age = np.maximum(rng.random(len(at)) * room, np.maximum(age_mother[at] - 44, 0.05))
    child = roster.add(len(at))
    roster.birth[child] = days[at] - (age * 365.25).astype(np.int32) - 1
    roster.female[child] = rng.random(len(child)) < 0.487
    roster.mother[child], roster.father[child] = mother[at], father[at]
    roster.home[child] = roster.home[first[at]]
    roster.present[child] = True
    roster.foreign[child] = roster.foreign[mother[at]]
    roster.region[child] = np.where(abroad[at], roster.region[mother[at]], 0)
    roster.need[child] = 0.8 * roster.need[mother[at]] + 0.5 * rng.standard_normal(len(child))
    roster.immigrated[child] = np.where(abroad[at], days[at], NEVER)
    roster.record(child, days[at], roster.area[roster.home[child]], FROM_ABROAD)


def _choose(cumulative: Floats, u: Floats) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)


def _next_area(geography: Geography, old: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.int16]:
    u = rng.random(len(old))
    new = (geography.move_to[old] < u[:, None]).sum(axis=1)
    return np.minimum(new, geography.move_to.shape[0] - 1).astype(np.int16)


def _days_in(year: int, count: int, rng: np.random.Generator) -> Days:
    return (day(year) + rng.integers(0, 365, size=count)).astype(np.int32)


def _finish(roster: _Roster) -> Town:
    n = roster.n
    person, start, end, area, leaves, enters = _spells(roster)
    return Town(
        birth=roster.birth[:n], death=roster.death[:n], immigrated=roster.immigrated[:n], female=roster.female[:n],
        region=roster.region[:n], need=roster.need[:n], mother=roster.mother[:n], father=roster.father[:n],
        partner=roster.partner[:n], spell_person=person, spell_start=start, spell_end=end, spell_area=area,
        spell_leaves_country=leaves, spell_from_abroad=enters,
    )  # fmt: skip


def _spells(roster: _Roster) -> tuple[Ints, Days, Days, NDArray[np.int8], Bools, Bools]:
    """Turn the changes into spells: one change a person and day (the last wins), none before birth, no empty moves."""
    person = np.concatenate([change[0] for change in roster.changes])
    when = np.concatenate([change[1] for change in roster.changes])
    area = np.concatenate([change[2] for change in roster.changes])
    kind = np.concatenate([np.full(len(change[0]), change[3], np.int8) for change in roster.changes])
    when = np.maximum(when, roster.birth[person])
    order = np.lexsort((np.arange(len(person)), when, person))
    person, when, area, kind = person[order], when[order], area[order], kind[order]
    last = np.append((person[1:] != person[:-1]) | (when[1:] != when[:-1]), True)
    person, when, area, kind = person[last], when[last], area[last], kind[last]
    same = np.append(False, (person[1:] == person[:-1]) & (area[1:] == area[:-1]))
    person, when, area, kind = person[~same], when[~same], area[~same], kind[~same]
    next_same = np.append(person[1:] == person[:-1], False)
    next_gone = np.append(area[1:] == AWAY, False) & next_same
    end = np.where(next_same, np.append(when[1:], 0) - np.where(next_gone, 0, 1), NEVER)
    leaves = next_gone & np.append(kind[1:] == LEAVE_COUNTRY, False)
    end = np.minimum(end, roster.death[person])
    keep = (area != AWAY) & (end >= when)
    enters = (kind == FROM_ABROAD) & (roster.immigrated[person] == when)
    return person[keep], when[keep], end[keep].astype(np.int32), area[keep].astype(np.int8), leaves[keep], enters[keep]
