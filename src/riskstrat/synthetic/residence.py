"""Where people live when: area by month, and whether a row's person is a living resident on its day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, Days, month_starts
from riskstrat.synthetic.parameters import MONTHS
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import NOBODY, Bools, Ints

SPAN = 1 << 22  # larger than any day number


def area_by_month(population: Population) -> NDArray[np.int8]:
    """Area number at the start of each month, -1 where not resident; shape (n, MONTHS + 1)."""
    starts = month_starts()
    table = np.full((len(population.birth), MONTHS + 1), NOBODY, np.int8)
    for month, first in enumerate(starts):
        here = (population.spell_start <= first) & (population.spell_end >= first)
        table[population.spell_person[here], month] = population.spell_area[here]
    return table


def spell_at(population: Population, person: NDArray[np.integer], days: Days | int) -> NDArray[np.int64]:
    """Row of the residence spell that covers each (person, day), -1 where none does."""
    key = population.spell_person.astype(np.int64) * SPAN + population.spell_start
    at = np.searchsorted(key, person.astype(np.int64) * SPAN + days, side="right") - 1
    inside = (at >= 0) & (population.spell_person[at] == person) & (population.spell_end[at] >= days)
    return np.where(inside, at, NOBODY)


def observed(population: Population, person: NDArray[np.integer], days: Days) -> Bools:
    """Whether the person is a living resident on a day of the event period."""
    inside = (
        (days >= EVENTS_START)
        & (days <= DATA_END)
        & (population.death[person] >= days)
        & (population.birth[person] <= days)
    )
    inside[inside] = spell_at(population, person[inside], days[inside]) >= 0
    return np.asarray(inside)


def with_deaths(population: Population, person: Ints, days: Days) -> Population:
    """Add deaths: spells end on the day of death, later ones vanish, children of mothers dead before birth too."""
    death = population.death.copy()
    death[person] = np.minimum(death[person], days)
    unborn = (population.mother >= 0) & (population.birth > death[population.mother])
    gone = unborn[population.spell_person]
    cut = population.spell_end > death[population.spell_person]
    keep = (population.spell_start <= death[population.spell_person]) & ~gone
    return replace(
        population,
        death=death,
        spell_person=population.spell_person[keep],
        spell_start=population.spell_start[keep],
        spell_end=np.minimum(population.spell_end, death[population.spell_person])[keep],
        spell_area=population.spell_area[keep],
        spell_leaves_country=(population.spell_leaves_country & ~cut)[keep],
        spell_from_abroad=population.spell_from_abroad[keep],
    )


def kept_people(population: Population) -> Bools:
    """Residents of the event period and their parents; the rest left before registers began."""
    recent = np.zeros(len(population.birth), bool)
    recent[population.spell_person[population.spell_end >= EVENTS_START]] = True
    kept = recent.copy()
    for parent in (population.mother, population.father):
        kept[parent[recent & (parent >= 0)]] = True
    has_residence = np.zeros(len(population.birth), bool)
    has_residence[population.spell_person] = True
    return kept & has_residence
