"""Homes that move within the town, leave it, and arrive.

In: the roster of a block. Out: the same roster, changed, each change recorded with its day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.families import give_character
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.roster import (
    AWAY,
    FROM_ABROAD,
    LEAVE_COUNTRY,
    LEAVE_TOWN,
    MOVE,
    NOBODY,
    Bools,
    Floats,
    Ints,
    Roster,
    choose,
    days_in,
    next_area,
)


def leave_home(roster: Roster, geography: Geography, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Let young adults leave their mother."""
    n = len(age)
    mother_home = np.where(roster.mother[:n] >= 0, roster.home[roster.mother[:n]], NOBODY)
    with_mother = roster.present[:n] & (roster.home[:n] == mother_home) & (roster.partner[:n] == NOBODY)
    chance = np.interp(age, [18, 19, 24, 30], [0.0, 0.2, 0.3, 0.5], left=0.0)
    goes = np.flatnonzero(with_mother & (rng.random(n) < chance)).astype(np.int32)
    old = roster.area[roster.home[goes]]
    new = next_area(geography, old, rng)
    roster.home[goes] = roster.new_homes(new)
    roster.record(goes, days_in(year, len(goes), rng), new, MOVE)


def _home_age(roster: Roster) -> Floats:
    """Age of the oldest person in each home, in days of birth (the smallest)."""
    oldest = np.full(roster.homes, NEVER, np.int32)
    here = np.flatnonzero(roster.present[: roster.n])
    np.minimum.at(oldest, roster.home[here], roster.birth[here])
    return oldest.astype(np.float64)


def _homes_that(roster: Roster, year: int, ages: list[float], chances: list[float], rng: np.random.Generator) -> Bools:
    age = (day(year, 7) - _home_age(roster)) / 365.25
    chance = np.where(age > 0, np.interp(age, ages, chances), 0.0)
    return np.asarray((rng.random(roster.homes) < chance) & ~roster.moved[: roster.homes])


def move(roster: Roster, geography: Geography, year: int, rng: np.random.Generator) -> None:
    """Move some homes within the town."""
    moves = _homes_that(roster, year, [20, 26, 35, 50, 75], [0.18, 0.16, 0.08, 0.035, 0.022], rng)
    homes = np.flatnonzero(moves).astype(np.int32)
    roster.area[homes] = next_area(geography, roster.area[homes], rng)
    when = np.zeros(roster.homes, np.int32)
    when[homes] = days_in(year, len(homes), rng)
    roster.moved[homes] = True
    people = _people_in(roster, moves)
    roster.record(people, when[roster.home[people]], roster.area[roster.home[people]], MOVE)


def _people_in(roster: Roster, homes: Bools) -> Ints:
    n = roster.n
    inside = roster.present[:n] & (roster.home[:n] >= 0)
    inside[inside] = homes[roster.home[:n][inside]]
    return np.flatnonzero(inside).astype(np.int32)


def leave_town(roster: Roster, year: int, rng: np.random.Generator) -> None:
    """Let some homes leave, three in ten of them the country."""
    leaves = _homes_that(roster, year, [19, 24, 35, 50, 70], [0.055, 0.050, 0.026, 0.010, 0.006], rng)
    people = _people_in(roster, leaves)
    when = np.zeros(roster.homes, np.int32)
    when[leaves] = days_in(year, int(leaves.sum()), rng)
    days = np.maximum(when[roster.home[people]], roster.birth[people] + 1)
    abroad = rng.random(roster.homes)[roster.home[people]] < 0.30
    gone = np.full(len(people), AWAY, np.int16)
    roster.present[people] = False
    roster.moved[: roster.homes] |= leaves
    roster.record(people[abroad], days[abroad], gone[abroad], LEAVE_COUNTRY)
    roster.record(people[~abroad], days[~abroad], gone[~abroad], LEAVE_TOWN)


def arrive(roster: Roster, geography: Geography, year: int, target: float, rng: np.random.Generator) -> None:
    """Bring back some who left and settle newcomers, as many as bring the expected population to its target."""
    n = roster.n
    away = ~roster.present[:n] & (roster.death[:n] == NEVER) & (rng.random(n) < 0.02) & ~_left_this_year(roster)
    back = np.flatnonzero(away).astype(np.int32)
    _welcome_back(roster, geography, back, year, rng)
    missing = max(0.0, target - float(np.sum(np.round(roster.survival[:n][roster.present[:n]], 12))))
    homes = round(missing / 1.95)
    _newcomers(roster, geography, homes, year, rng)


def _left_this_year(roster: Roster) -> Bools:
    """Whether the home has changed this year; nobody comes back in the year of leaving."""
    return roster.moved[np.maximum(roster.home[: roster.n], 0)]


def _welcome_back(roster: Roster, geography: Geography, back: Ints, year: int, rng: np.random.Generator) -> None:
    back = back[(day(year) - roster.birth[back]) / 365.25 >= 20]
    areas = choose(np.cumsum(geography.share), rng.random(len(back))).astype(np.int16)
    partner = roster.partner[back]
    roster.partner[partner[partner >= 0]] = NOBODY
    roster.partner[back] = NOBODY
    roster.home[back] = roster.new_homes(areas)
    roster.present[back] = True
    roster.record(back, days_in(year, len(back), rng), areas, MOVE)


@dataclass(frozen=True, kw_only=True)
class _Arrivals:
    """Homes that arrive in one year: where, when, whether from abroad and whether with a couple."""

    home: Ints
    area: NDArray[np.int16]
    abroad: Bools
    days: Days

    def where(self, keep: Bools) -> _Arrivals:
        return _Arrivals(home=self.home[keep], area=self.area[keep], abroad=self.abroad[keep], days=self.days[keep])


def _newcomers(roster: Roster, geography: Geography, homes: int, year: int, rng: np.random.Generator) -> None:
    """Settle new homes: single people and couples, some with children; two thirds come from abroad."""
    pull = np.cumsum(geography.share * np.exp(0.35 * geography.deprivation))
    area = choose(pull / pull[-1], rng.random(homes)).astype(np.int16)
    arrivals = _Arrivals(
        home=roster.new_homes(area), area=area, abroad=rng.random(homes) < 0.66, days=days_in(year, homes, rng)
    )
    couple = rng.random(homes) < 0.42
    first = _new_adults(roster, geography, arrivals, rng)
    second = _new_adults(roster, geography, arrivals.where(couple), rng)
    partner = first[couple]
    roster.female[second] = ~roster.female[partner]
    shift = rng.integers(-900, 900, size=len(second))
    roster.birth[second] = np.minimum(roster.birth[partner] + shift, day(year) - 365 * 18)
    roster.partner[second], roster.partner[partner] = partner, second
    roster.region[second] = np.where(rng.random(len(second)) < 0.85, roster.region[partner], roster.region[second])
    other = np.full(len(first), NOBODY, np.int32)
    other[couple] = second
    _new_children(roster, arrivals, first, other, rng)


def _new_adults(roster: Roster, geography: Geography, arrivals: _Arrivals, rng: np.random.Generator) -> Ints:
    days, abroad = arrivals.days, arrivals.abroad
    new = roster.add(len(days))
    age = 19 + rng.gamma(2.0, 6.3, size=len(new))
    roster.birth[new] = days - (np.minimum(age, 88) * 365.25).astype(np.int32) - rng.integers(0, 30, size=len(new))
    roster.female[new] = rng.random(len(new)) < 0.49
    give_character(roster, new, geography.deprivation[arrivals.area] + 0.15, abroad, rng)
    unset = abroad & (roster.region[new] == 0)
    roster.region[new] = np.where(unset, 3, roster.region[new])
    roster.immigrated[new] = np.where(abroad, days, NEVER)
    roster.home[new] = arrivals.home
    roster.present[new] = True
    roster.record(new, days, arrivals.area, FROM_ABROAD)
    return new


def _new_children(roster: Roster, arrivals: _Arrivals, first: Ints, other: Ints, rng: np.random.Generator) -> None:
    """Add children under 17 who arrive with a couple, or with a lone mother."""
    mother = np.where(roster.female[first], first, other)
    father = np.where(roster.female[first], other, first)
    at, age = _ages_of_children(roster, mother, other != NOBODY, arrivals.days, rng)
    days, abroad = arrivals.days[at], arrivals.abroad[at]
    child = roster.add(len(at))
    roster.birth[child] = days - (age * 365.25).astype(np.int32) - 1
    roster.female[child] = rng.random(len(child)) < 0.487
    roster.mother[child], roster.father[child] = mother[at], father[at]
    roster.home[child] = roster.home[first[at]]
    roster.present[child] = True
    roster.foreign[child] = roster.foreign[mother[at]]
    roster.region[child] = np.where(abroad, roster.region[mother[at]], 0)
    roster.need[child] = 0.8 * roster.need[mother[at]] + 0.5 * rng.standard_normal(len(child))
    roster.immigrated[child] = np.where(abroad, days, NEVER)
    roster.record(child, days, roster.area[roster.home[child]], FROM_ABROAD)


def _ages_of_children(
    roster: Roster, mother: Ints, couple: Bools, days: Days, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Row of the home and age of each child, as the mother's age allows."""
    age_mother = np.where(mother >= 0, (days - roster.birth[np.maximum(mother, 0)]) / 365.25, 0)
    mean = np.where(couple, np.interp(age_mother, [20, 28, 38, 50], [0.15, 1.0, 1.7, 0.4]), 0.20)
    count = np.where((mother >= 0) & (age_mother > 19) & (age_mother < 52), np.minimum(rng.poisson(mean), 4), 0)
    at = np.repeat(np.arange(len(mother)), count)
    room = np.clip(age_mother[at] - 18.5, 0.3, 17)
    return at, np.maximum(rng.random(len(at)) * room, np.maximum(age_mother[at] - 44, 0.05))
