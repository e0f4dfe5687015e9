"""The health of adults, month by month: what happens when.

In: traits, the first health, where everybody lives each month. Out: a frozen `History` of events in months, and the
states at chosen months, from which `forward` computes true risks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.adults import CHRONIC_NAMES, NOT_YET, Health, Months, Traits, age_at, chronic_rate, take
from riskstrat.synthetic.calendar_days import month_start
from riskstrat.synthetic.hazards import cvd_rate, death_rate, frailty_rates, service_rates
from riskstrat.synthetic.parameters import CVD_FATAL_OUTSIDE, CVD_STROKE_SHARE, FRAILTY_HAZARDS, MONTHS
from riskstrat.synthetic.population_state import NOBODY, Bools, Floats, Ints

KINDS = ("admission", "fall", "special_housing", "home_care", "alarm", "cvd", "death")


@dataclass(frozen=True, kw_only=True)
class History:
    """What happened: events by kind (person number, month), the last state, and the states at chosen months.

    Of the cardiovascular events, the kinds ``fatal`` and ``stroke`` tell which were so.
    """

    events: Mapping[str, tuple[Ints, Months]]
    last: Health
    at: Mapping[int, Health]


@dataclass(frozen=True, kw_only=True)
class MonthHazards:
    """One month: rates a year without the multipliers, chances of the month with them."""

    rates: Mapping[str, Floats]
    chances: Mapping[str, Floats]


def live(
    traits: Traits,
    health: Health,
    area_by_month: NDArray[np.int8],
    effects: Mapping[str, Floats],
    *,
    keep: Sequence[int],
    rng: np.random.Generator,
) -> History:
    """Run January 2009 to December 2023.

    `area_by_month` is -1 where away, shape (n, MONTHS + 1); `effects` are log effects of each area by condition; the
    state at the start of the months in `keep` is kept for the truth.
    """
    found: dict[str, list[tuple[NDArray[np.int64], int]]] = {kind: [] for kind in (*KINDS, "fatal", "stroke")}
    kept: dict[int, Health] = {}
    everyone = np.arange(len(traits.birth))
    for month in range(MONTHS + 1):
        area = area_by_month[:, month]
        health = _surroundings(traits, health, area, effects)
        if month in keep:
            kept[month] = take(health, everyone)
        if month == MONTHS:
            break
        active = np.flatnonzero((area >= 0) & (traits.entry <= month) & (health.dead == NOT_YET))
        health = _live_a_month(traits, health, active, month, found=found, rng=rng)
    return History(events={kind: _flatten(parts) for kind, parts in found.items()}, last=health, at=kept)


def event_key(person: Ints, month: Months) -> NDArray[np.int64]:
    """One number for a person and month."""
    return person.astype(np.int64) * 1_000 + month


def is_stroke(history: History, person: Ints, month: Months) -> Bools:
    """Whether a cardiovascular event was a stroke (otherwise an infarction)."""
    return np.isin(event_key(person, month), event_key(*history.events["stroke"]))


def _surroundings(traits: Traits, health: Health, area: NDArray[np.int8], effects: Mapping[str, Floats]) -> Health:
    """Facts that follow from others: the area's effects, the parents' and the partner's fate."""
    at = np.maximum(area, 0)
    partner_gone = (traits.partner == NOBODY) | (health.dead[traits.partner] != NOT_YET) | (area[traits.partner] < 0)
    return replace(
        health,
        cvd_effect=effects["early_cvd"][at],
        frailty_effect=effects["frailty"][at],
        lives_alone=partner_gone,
        parent_cvd=_parent_had(traits.mother, health) | _parent_had(traits.father, health),
    )


def _parent_had(parent: Ints, health: Health) -> Bools:
    return np.asarray((parent != NOBODY) & health.earlier_cvd[parent])


def month_hazards(traits: Traits, health: Health, month: int) -> MonthHazards:
    """Compute the rates and chances of one month."""
    rates = {
        **frailty_rates(traits, health, month),
        **service_rates(traits, health, month),
        "cvd": cvd_rate(traits, health, month),
        "death": death_rate(traits, health, month),
    }
    multiplier = {"cvd": traits.cvd_z, **dict.fromkeys(FRAILTY_HAZARDS, traits.frailty_z)}
    chances = {kind: -np.expm1(-rate * multiplier.get(kind, 1.0) / 12) for kind, rate in rates.items()}
    return MonthHazards(rates=rates, chances=chances)


def _live_a_month(
    traits: Traits,
    health: Health,
    active: NDArray[np.int64],
    month: int,
    *,
    found: dict[str, list[tuple[NDArray[np.int64], int]]],
    rng: np.random.Generator,
) -> Health:
    """Draw the events of the active people and write them into the state of everybody."""
    some_traits, some = take(traits, active), take(health, active)
    hazards = month_hazards(some_traits, some, month)
    happens = {kind: rng.random(len(active)) < hazards.chances[kind] for kind in KINDS}
    fatal = happens["cvd"] & (rng.random(len(active)) < CVD_FATAL_OUTSIDE)
    stroke = happens["cvd"] & (rng.random(len(active)) < CVD_STROKE_SHARE)
    happens["death"] |= fatal
    happens["admission"] &= ~happens["fall"]
    admitted = happens["admission"] | happens["fall"] | (happens["cvd"] & ~fatal)
    for kind, hit in {**happens, "fatal": fatal, "stroke": stroke}.items():
        found[kind].append((active[hit], month))
    after = after_month(some, happens, admitted, stroke, month)
    after = replace(after, onset=new_disease(some_traits, after, month, rng))
    return _put(health, active, learn(after, hazards, happens))


def after_month(some: Health, happens: Mapping[str, Bools], admitted: Bools, stroke: Bools, month: int) -> Health:
    """Carry the events of a month into the state."""
    ring = some.admissions.copy()
    a_year_ago = ring[:, month % 12].copy()
    ring[:, month % 12] = admitted
    return replace(
        some,
        admissions=ring,
        admissions_year=some.admissions_year + admitted - a_year_ago,
        last_fall=np.where(happens["fall"], np.int16(month), some.last_fall),
        home_care=np.where(happens["home_care"], np.int16(month), some.home_care),
        alarm=np.where(happens["alarm"], np.int16(month), some.alarm),
        housing=np.where(happens["special_housing"], np.int16(month), some.housing),
        dead=np.where(happens["death"], np.int16(month), some.dead),
        earlier_cvd=some.earlier_cvd | happens["cvd"],
        stroke=some.stroke | stroke,
    )


def learn(after: Health, hazards: MonthHazards, happens: Mapping[str, Bools]) -> Health:
    """Cumulate the events and hazards that tell about the multipliers."""
    return replace(
        after,
        cvd_events=after.cvd_events + happens["cvd"],
        cvd_hazard=after.cvd_hazard + hazards.rates["cvd"] / 12,
        frailty_events=after.frailty_events + sum(happens[kind].astype(np.float64) for kind in FRAILTY_HAZARDS),
        frailty_hazard=after.frailty_hazard + sum(hazards.rates[kind] for kind in FRAILTY_HAZARDS) / 12,
    )


def new_disease(traits: Traits, health: Health, month: int, rng: np.random.Generator) -> Months:
    """Give the onsets of the year ahead, drawn in each person's check month for a random month of the year."""
    due = np.flatnonzero((traits.check_month == month % 12) | (traits.entry == month))
    onset = health.onset.copy()
    checked, state = take(traits, due), take(health, due)
    age = age_at(checked, month_start(month))
    for column, disease in enumerate(CHRONIC_NAMES):
        rate = chronic_rate(checked, age, disease, state, month)
        falls_ill = (rng.random(len(due)) < -np.expm1(-rate)) & (state.onset[:, column] == NOT_YET)
        when = month + rng.integers(0, 12, size=len(due))
        onset[due[falls_ill], column] = when[falls_ill]
    return onset


def _put(health: Health, at: NDArray[np.int64], some: Health) -> Health:
    """Write the rows of `some` back; the arrays belong to this run alone, so they are changed in place."""
    for name, values in vars(some).items():
        getattr(health, name)[at] = values
    return health


def _flatten(parts: list[tuple[NDArray[np.int64], int]]) -> tuple[Ints, Months]:
    person = np.concatenate([part[0] for part in parts]).astype(np.int32)
    month = np.concatenate([np.full(len(part[0]), part[1], np.int16) for part in parts])
    return person, month
