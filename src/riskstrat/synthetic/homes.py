"""Where people live when: area by month, and whether a row's person is a living resident on its day.

In: a `Town` (days). Out: arrays by person and month, masks by row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, Days, month_starts
from riskstrat.synthetic.parameters import MONTHS
from riskstrat.synthetic.population import Town
from riskstrat.synthetic.roster import NOBODY, Bools, Ints

SPAN = 1 << 22  # larger than any day number


def area_by_month(town: Town) -> NDArray[np.int8]:
    """Area number at the start of each month, -1 where not resident; shape (n, MONTHS + 1)."""
    starts = month_starts()
    table = np.full((len(town.birth), MONTHS + 1), NOBODY, np.int8)
    for month, first in enumerate(starts):
        here = (town.spell_start <= first) & (town.spell_end >= first)
        table[town.spell_person[here], month] = town.spell_area[here]
    return table


def spell_at(town: Town, person: NDArray[np.integer], days: Days) -> NDArray[np.int64]:
    """Row of the residence spell that covers each (person, day), -1 where none does."""
    key = town.spell_person.astype(np.int64) * SPAN + town.spell_start
    at = np.searchsorted(key, person.astype(np.int64) * SPAN + days, side="right") - 1
    inside = (at >= 0) & (town.spell_person[at] == person) & (town.spell_end[at] >= days)
    return np.where(inside, at, NOBODY)


def observed(town: Town, person: NDArray[np.integer], days: Days) -> Bools:
    """Whether the person is a living resident on a day of the event period."""
    inside = (days >= EVENTS_START) & (days <= DATA_END) & (town.death[person] >= days) & (town.birth[person] <= days)
    inside[inside] = spell_at(town, person[inside], days[inside]) >= 0
    return np.asarray(inside)


def with_deaths(town: Town, person: Ints, days: Days) -> Town:
    """Add deaths: spells end on the day of death, later ones vanish, children of mothers dead before birth too."""
    death = town.death.copy()
    death[person] = np.minimum(death[person], days)
    unborn = (town.mother >= 0) & (town.birth > death[town.mother])
    gone = unborn[town.spell_person]
    cut = town.spell_end > death[town.spell_person]
    keep = (town.spell_start <= death[town.spell_person]) & ~gone
    return replace(
        town,
        death=death,
        spell_person=town.spell_person[keep],
        spell_start=town.spell_start[keep],
        spell_end=np.minimum(town.spell_end, death[town.spell_person])[keep],
        spell_area=town.spell_area[keep],
        spell_leaves_country=(town.spell_leaves_country & ~cut)[keep],
        spell_from_abroad=town.spell_from_abroad[keep],
    )


def kept_people(town: Town) -> Bools:
    """People who lived in the town in the event period, with their parents; the rest left before registers began."""
    recent = np.zeros(len(town.birth), bool)
    recent[town.spell_person[town.spell_end >= EVENTS_START]] = True
    kept = recent.copy()
    for parent in (town.mother, town.father):
        kept[parent[recent & (parent >= 0)]] = True
    has_home = np.zeros(len(town.birth), bool)
    has_home[town.spell_person] = True
    return kept & has_home
