"""People, families and homes of one block of the town, 1999-2023, one year at a time.

In: a geography, a number of people, a random generator. Out: a frozen `Town` of arrays and residence spells; days
since 1970. Deaths from 30 years on after 2008 are not here but in `lifecourse`, where health decides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.families import form_couples, give_character, have_children, link_to_mothers, pair, part
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.moving import arrive, leave_home, leave_town, move
from riskstrat.synthetic.parameters import (
    AGE_BANDS_1999,
    FIRST_EVENT_YEAR,
    FIRST_YEAR,
    GOMPERTZ,
    LAST_YEAR,
    START_SHARE,
)
from riskstrat.synthetic.roster import (
    AWAY,
    FROM_ABROAD,
    LEAVE_COUNTRY,
    MOVE,
    NOBODY,
    Bools,
    Floats,
    Ints,
    Roster,
    choose,
)

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
    roster = Roster(room=int(people * 4.2) + 2_000)
    _settle(roster, geography, round(people * START_SHARE), rng)
    years = LAST_YEAR - FIRST_YEAR
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        target = people * START_SHARE ** (1 - (year + 1 - FIRST_YEAR) / (years + 1))
        _live_a_year(roster, geography, year, target, rng)
    return _finish(roster)


def _live_a_year(roster: Roster, geography: Geography, year: int, target: float, rng: np.random.Generator) -> None:
    roster.moved[: roster.homes] = False
    age = (day(year, 7) - roster.birth[: roster.n]) / 365.25
    have_children(roster, age, year, rng)
    leave_home(roster, geography, age, year, rng)
    form_couples(roster, age, year, rng)
    part(roster, geography, year, rng)
    move(roster, geography, year, rng)
    leave_town(roster, year, rng)
    _die(roster, year, rng)
    arrive(roster, geography, year, target, rng)


def _settle(roster: Roster, geography: Geography, count: int, rng: np.random.Generator) -> None:
    """Settle the population of 1 January 1999: adults in homes, children with mothers, some with parents."""
    bands = np.array(list(AGE_BANDS_1999))
    weight = np.array(list(AGE_BANDS_1999.values()))
    new = roster.add(count)
    age = rng.choice(bands, size=count, p=weight / weight.sum()) + 10 * rng.random(count)
    roster.birth[new] = START - 1 - (age * 365.25).astype(np.int32)
    roster.female[new] = rng.random(count) < np.where(age > 75, 0.60, 0.495)
    area = choose(np.cumsum(geography.share), rng.random(count))
    give_character(roster, new, geography.deprivation[area], np.full(count, False), rng)
    adults = new[age >= 20]
    roster.home[adults] = roster.new_homes(area[age >= 20].astype(np.int16))
    roster.present[new] = True
    roster.moved[: roster.homes] = False
    pair(
        roster, new[(age >= 24) & (rng.random(count) < np.interp(age, [24, 35, 70, 90], [0.5, 0.80, 0.74, 0.30]))], rng
    )
    link_to_mothers(roster, new, age, rng)
    young = new[(age < 20)]
    roster.home[young] = np.where(roster.mother[young] >= 0, roster.home[roster.mother[young]], NOBODY)
    orphans = young[roster.home[young] < 0]
    roster.home[orphans] = roster.home[adults[rng.integers(len(adults), size=len(orphans))]]
    roster.record(new, np.full(count, START), roster.area[roster.home[new]], MOVE)


def _die(roster: Roster, year: int, rng: np.random.Generator) -> None:
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


def _finish(roster: Roster) -> Town:
    n = roster.n
    person, start, end, area, leaves, enters = _spells(roster)
    return Town(
        birth=roster.birth[:n], death=roster.death[:n], immigrated=roster.immigrated[:n], female=roster.female[:n],
        region=roster.region[:n], need=roster.need[:n], mother=roster.mother[:n], father=roster.father[:n],
        partner=roster.partner[:n], spell_person=person, spell_start=start, spell_end=end, spell_area=area,
        spell_leaves_country=leaves, spell_from_abroad=enters,
    )  # fmt: skip


def _spells(roster: Roster) -> tuple[Ints, Days, Days, NDArray[np.int8], Bools, Bools]:
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
