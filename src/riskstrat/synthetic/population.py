"""People, families and households of one shard of the municipality, 1999-2023, one year at a time.

In: a geography, a number of people, a random generator. Out: a frozen `Population` of arrays and residence spells; days
since 1970. Deaths from 30 years on after 2008 are not here but in `lifecourse`, where health decides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, START, Days, day
from riskstrat.synthetic.families import form_couples, give_character, have_children, link_to_mothers, pair, part
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.moving import arrive, leave_home, leave_municipality, move
from riskstrat.synthetic.parameters import (
    AGE_BANDS_1999,
    FIRST_EVENT_YEAR,
    FIRST_YEAR,
    GOMPERTZ,
    LAST_YEAR,
    START_SHARE,
)
from riskstrat.synthetic.population_state import (
    AWAY,
    FROM_ABROAD,
    LEAVE_COUNTRY,
    MOVE,
    NOBODY,
    Bools,
    Floats,
    Ints,
    PopulationState,
    choose,
)


@dataclass(frozen=True, kw_only=True)
class Population:
    """People of one shard; persons are numbered 0..n-1, -1 = nobody.

    Attributes
    ----------
    birth, death, immigrated
        Days; NEVER where it has not happened.
    female, region, need
        Sex, number of the birth region, standardised social need (positive = worse off).
    mother, father, partner
        Numbers of persons; `partner` as it is at the end.
    spell_person, spell_start, spell_end, spell_area
        Residence spells sorted by person and start; NEVER where still open.
    spell_leaves_country, spell_from_abroad
        Whether the person left the country when the spell ended, or came from abroad when it started.
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


def make_population(geography: Geography, people: int, rng: np.random.Generator) -> Population:
    """Live through 1999-2023, one year at a time; residents at the end lie within about two per cent of `people`."""
    state = PopulationState(room=int(people * 4.2) + 2_000)
    _settle(state, geography, round(people * START_SHARE), rng)
    years = LAST_YEAR - FIRST_YEAR
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        target = people * START_SHARE ** (1 - (year + 1 - FIRST_YEAR) / (years + 1))
        _live_a_year(state, geography, year, target, rng)
    return _finish(state)


def _live_a_year(
    state: PopulationState, geography: Geography, year: int, target: float, rng: np.random.Generator
) -> None:
    state.moved[: state.households] = False
    age = (day(year, 7) - state.birth[: state.n]) / 365.25
    have_children(state, age, year, rng)
    leave_home(state, geography, age, year, rng)
    form_couples(state, age, year, rng)
    part(state, geography, year, rng)
    move(state, geography, year, rng)
    leave_municipality(state, year, rng)
    _die(state, year, rng)
    arrive(state, geography, year, target, rng)


def _settle(state: PopulationState, geography: Geography, count: int, rng: np.random.Generator) -> None:
    """Settle the population of 1 January 1999: adults in households, children with mothers, some with parents."""
    bands = np.array(list(AGE_BANDS_1999))
    weight = np.array(list(AGE_BANDS_1999.values()))
    new = state.add(count)
    age = rng.choice(bands, size=count, p=weight / weight.sum()) + 10 * rng.random(count)
    state.birth[new] = START - 1 - (age * 365.25).astype(np.int32)
    state.female[new] = rng.random(count) < np.where(age > 75, 0.60, 0.495)
    area = choose(np.cumsum(geography.share), rng.random(count))
    give_character(state, new, geography.deprivation[area], np.full(count, False), rng)
    adults = new[age >= 20]
    state.household[adults] = state.new_households(area[age >= 20].astype(np.int16))
    state.present[new] = True
    state.moved[: state.households] = False
    pair(state, new[(age >= 24) & (rng.random(count) < np.interp(age, [24, 35, 70, 90], [0.5, 0.80, 0.74, 0.30]))], rng)
    link_to_mothers(state, new, age, rng)
    young = new[(age < 20)]
    state.household[young] = np.where(state.mother[young] >= 0, state.household[state.mother[young]], NOBODY)
    orphans = young[state.household[young] < 0]
    state.household[orphans] = state.household[adults[rng.integers(len(adults), size=len(orphans))]]
    state.record(new, np.full(count, START), state.area[state.household[new]], MOVE)


def _die(state: PopulationState, year: int, rng: np.random.Generator) -> None:
    """Deaths before 2009 at all ages and later under 30; from 30 on only the expected loss is counted here."""
    n = state.n
    age = np.maximum((day(year, 7) - state.birth[:n]) / 365.25, 0)
    a, b, c = np.where(state.female[:n], np.array(GOMPERTZ[0])[:, None], np.array(GOMPERTZ[1])[:, None])
    chance = 1 - np.exp(-(c * np.clip(age / 20, 0.2, 1) + np.exp(a + b * np.minimum(age, 105))))
    drawn = (year < FIRST_EVENT_YEAR) | (age < 30)
    alive = state.present[:n]
    state.survival[:n] *= np.where(alive & ~drawn, 1 - chance, 1.0)
    dies = np.flatnonzero(alive & drawn & (rng.random(n) < chance))
    when = np.maximum(day(year) + rng.integers(0, 365, size=len(dies)), state.birth[dies] + 1)
    state.death[dies] = when
    state.present[dies] = False
    widowed = state.partner[dies]
    state.partner[widowed[widowed >= 0]] = NOBODY


def _finish(state: PopulationState) -> Population:
    n = state.n
    person, start, end, area, leaves, enters = _spells(state)
    return Population(
        birth=state.birth[:n], death=state.death[:n], immigrated=state.immigrated[:n], female=state.female[:n],
        region=state.region[:n], need=state.need[:n], mother=state.mother[:n], father=state.father[:n],
        partner=state.partner[:n], spell_person=person, spell_start=start, spell_end=end, spell_area=area,
        spell_leaves_country=leaves, spell_from_abroad=enters,
    )  # fmt: skip


def _spells(state: PopulationState) -> tuple[Ints, Days, Days, NDArray[np.int8], Bools, Bools]:
    """Turn the changes into spells: one change a person and day (the last wins), none before birth, no empty moves."""
    person = np.concatenate([change[0] for change in state.changes])
    when = np.concatenate([change[1] for change in state.changes])
    area = np.concatenate([change[2] for change in state.changes])
    kind = np.concatenate([np.full(len(change[0]), change[3], np.int8) for change in state.changes])
    when = np.maximum(when, state.birth[person])
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
    end = np.minimum(end, state.death[person])
    keep = (area != AWAY) & (end >= when)
    enters = (kind == FROM_ABROAD) & (state.immigrated[person] == when)
    return person[keep], when[keep], end[keep].astype(np.int32), area[keep].astype(np.int8), leaves[keep], enters[keep]
