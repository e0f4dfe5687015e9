"""Households that move within the municipality, leave it, and arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.families import give_character, inherit
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.population_state import (
    AWAY,
    FROM_ABROAD,
    LEAVE_COUNTRY,
    LEAVE_MUNICIPALITY,
    MOVE,
    NOBODY,
    Bools,
    Floats,
    Ints,
    PopulationState,
    choose,
    days_in,
    next_area,
)


def leave_home(state: PopulationState, geography: Geography, age: Floats, year: int, rng: np.random.Generator) -> None:
    """Let young adults leave their mother."""
    n = len(age)
    mother_household = np.where(state.mother[:n] >= 0, state.household[state.mother[:n]], NOBODY)
    with_mother = state.present[:n] & (state.household[:n] == mother_household) & (state.partner[:n] == NOBODY)
    chance = np.interp(age, [18, 19, 24, 30], [0.0, 0.2, 0.3, 0.5], left=0.0)
    goes = np.flatnonzero(with_mother & (rng.random(n) < chance)).astype(np.int32)
    old = state.area[state.household[goes]]
    new = next_area(geography, old, rng)
    state.household[goes] = state.new_households(new)
    state.record(goes, days_in(year, len(goes), rng), new, MOVE)


def _household_age(state: PopulationState) -> Floats:
    """Age of the oldest person in each household, in days of birth (the smallest)."""
    oldest = np.full(state.households, NEVER, np.int32)
    here = np.flatnonzero(state.present[: state.n])
    np.minimum.at(oldest, state.household[here], state.birth[here])
    return oldest.astype(np.float64)


def _households_that(
    state: PopulationState, year: int, ages: list[float], chances: list[float], rng: np.random.Generator
) -> Bools:
    age = (day(year, 7) - _household_age(state)) / 365.25
    chance = np.where(age > 0, np.interp(age, ages, chances), 0.0)
    return np.asarray((rng.random(state.households) < chance) & ~state.moved[: state.households])


def move(state: PopulationState, geography: Geography, year: int, rng: np.random.Generator) -> None:
    """Move some households within the municipality."""
    moves = _households_that(state, year, [20, 26, 35, 50, 75], [0.18, 0.16, 0.08, 0.035, 0.022], rng)
    households = np.flatnonzero(moves).astype(np.int32)
    state.area[households] = next_area(geography, state.area[households], rng)
    when = np.zeros(state.households, np.int32)
    when[households] = days_in(year, len(households), rng)
    state.moved[households] = True
    people = _people_in(state, moves)
    state.record(people, when[state.household[people]], state.area[state.household[people]], MOVE)


def _people_in(state: PopulationState, households: Bools) -> Ints:
    n = state.n
    inside = state.present[:n] & (state.household[:n] >= 0)
    inside[inside] = households[state.household[:n][inside]]
    return np.flatnonzero(inside).astype(np.int32)


def leave_municipality(state: PopulationState, year: int, rng: np.random.Generator) -> None:
    """Let some households leave, three in ten of them the country."""
    leaves = _households_that(state, year, [19, 24, 35, 50, 70], [0.055, 0.050, 0.026, 0.010, 0.006], rng)
    people = _people_in(state, leaves)
    when = np.zeros(state.households, np.int32)
    when[leaves] = days_in(year, int(leaves.sum()), rng)
    days = np.maximum(when[state.household[people]], state.birth[people] + 1)
    abroad = rng.random(state.households)[state.household[people]] < 0.30
    gone = np.full(len(people), AWAY, np.int16)
    state.present[people] = False
    state.moved[: state.households] |= leaves
    state.record(people[abroad], days[abroad], gone[abroad], LEAVE_COUNTRY)
    state.record(people[~abroad], days[~abroad], gone[~abroad], LEAVE_MUNICIPALITY)


def arrive(state: PopulationState, geography: Geography, year: int, target: float, rng: np.random.Generator) -> None:
    """Bring back some who left and settle newcomers, as many as bring the expected population to its target."""
    n = state.n
    left_this_year = state.moved[np.maximum(state.household[:n], 0)]  # nobody comes back in the year of leaving
    away = ~state.present[:n] & (state.death[:n] == NEVER) & (rng.random(n) < 0.02) & ~left_this_year
    back = np.flatnonzero(away).astype(np.int32)
    _bring_back(state, geography, back, year, rng)
    missing = max(0.0, target - float(np.sum(np.round(state.survival[:n][state.present[:n]], 12))))
    households = round(missing / 1.95)
    _newcomers(state, geography, households, year, rng)


def _bring_back(state: PopulationState, geography: Geography, back: Ints, year: int, rng: np.random.Generator) -> None:
    back = back[(day(year) - state.birth[back]) / 365.25 >= 20]
    areas = choose(np.cumsum(geography.share), rng.random(len(back))).astype(np.int16)
    partner = state.partner[back]
    state.partner[partner[partner >= 0]] = NOBODY
    state.partner[back] = NOBODY
    state.household[back] = state.new_households(areas)
    state.present[back] = True
    state.record(back, days_in(year, len(back), rng), areas, MOVE)


@dataclass(frozen=True, kw_only=True)
class _Arrivals:
    """Households that arrive in one year: where, when, whether from abroad and whether with a couple."""

    household: Ints
    area: NDArray[np.int16]
    abroad: Bools
    days: Days

    def where(self, keep: Bools) -> _Arrivals:
        return _Arrivals(
            household=self.household[keep], area=self.area[keep], abroad=self.abroad[keep], days=self.days[keep]
        )


def _newcomers(
    state: PopulationState, geography: Geography, households: int, year: int, rng: np.random.Generator
) -> None:
    """Settle new households: single people and couples, some with children; two thirds come from abroad."""
    pull = np.cumsum(geography.share * np.exp(0.35 * geography.deprivation))
    area = choose(pull / pull[-1], rng.random(households)).astype(np.int16)
    arrivals = _Arrivals(
        household=state.new_households(area),
        area=area,
        abroad=rng.random(households) < 0.66,
        days=days_in(year, households, rng),
    )
    couple = rng.random(households) < 0.42
    first = _new_adults(state, geography, arrivals, rng)
    second = _new_adults(state, geography, arrivals.where(couple), rng)
    partner = first[couple]
    state.female[second] = ~state.female[partner]
    shift = rng.integers(-900, 900, size=len(second))
    state.birth[second] = np.minimum(state.birth[partner] + shift, day(year) - 365 * 18)
    state.partner[second], state.partner[partner] = partner, second
    state.region[second] = np.where(rng.random(len(second)) < 0.85, state.region[partner], state.region[second])
    other = np.full(len(first), NOBODY, np.int32)
    other[couple] = second
    _new_children(state, arrivals, first, other, rng)


def _new_adults(state: PopulationState, geography: Geography, arrivals: _Arrivals, rng: np.random.Generator) -> Ints:
    days, abroad = arrivals.days, arrivals.abroad
    new = state.add(len(days))
    age = 19 + rng.gamma(2.0, 6.3, size=len(new))
    state.birth[new] = days - (np.minimum(age, 88) * 365.25).astype(np.int32) - rng.integers(0, 30, size=len(new))
    state.female[new] = rng.random(len(new)) < 0.49
    give_character(state, new, geography.deprivation[arrivals.area] + 0.15, abroad, rng)
    unset = abroad & (state.region[new] == 0)
    state.region[new] = np.where(unset, 3, state.region[new])
    state.immigrated[new] = np.where(abroad, days, NEVER)
    state.household[new] = arrivals.household
    state.present[new] = True
    state.record(new, days, arrivals.area, FROM_ABROAD)
    return new


def _new_children(
    state: PopulationState, arrivals: _Arrivals, first: Ints, other: Ints, rng: np.random.Generator
) -> None:
    """Add children under 17 who arrive with a couple, or with a lone mother."""
    mother = np.where(state.female[first], first, other)
    father = np.where(state.female[first], other, first)
    at, age = _ages_of_children(state, mother, other != NOBODY, arrivals.days, rng)
    days, abroad = arrivals.days[at], arrivals.abroad[at]
    child = state.add(len(at))
    state.birth[child] = days - (age * 365.25).astype(np.int32) - 1
    state.female[child] = rng.random(len(child)) < 0.487
    state.mother[child], state.father[child] = mother[at], father[at]
    state.household[child] = state.household[first[at]]
    state.present[child] = True
    state.region[child] = np.where(abroad, state.region[mother[at]], 0)
    inherit(state, child, mother[at], rng)
    state.immigrated[child] = np.where(abroad, days, NEVER)
    state.record(child, days, state.area[state.household[child]], FROM_ABROAD)


def _ages_of_children(
    state: PopulationState, mother: Ints, couple: Bools, days: Days, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Row of the household and age of each child, as the mother's age allows."""
    age_mother = np.where(mother >= 0, (days - state.birth[np.maximum(mother, 0)]) / 365.25, 0)
    mean = np.where(couple, np.interp(age_mother, [20, 28, 38, 50], [0.15, 1.0, 1.7, 0.4]), 0.20)
    count = np.where((mother >= 0) & (age_mother > 19) & (age_mother < 52), np.minimum(rng.poisson(mean), 4), 0)
    at = np.repeat(np.arange(len(mother)), count)
    room = np.clip(age_mother[at] - 18.5, 0.3, 17)
    return at, np.maximum(rng.random(len(at)) * room, np.maximum(age_mother[at] - 44, 0.05))
