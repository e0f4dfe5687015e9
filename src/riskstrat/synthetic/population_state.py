"""People and households of a shard while they are being lived through: arrays with room to grow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import NEVER, Days, day
from riskstrat.synthetic.geography import Geography

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NOBODY = -1
AWAY = -1
MOVE, LEAVE_COUNTRY, LEAVE_MUNICIPALITY, FROM_ABROAD = range(4)


@dataclass(kw_only=True)
class PopulationState:
    """Arrays with room to grow; the one mutable thing here, because yearly copies would cost more than they say."""

    room: int
    n: int = 0
    households: int = 0
    changes: list[tuple[Ints, Days, NDArray[np.int16], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        room = self.room
        self.birth: Days = np.zeros(room, np.int32)
        self.death: Days = np.full(room, NEVER, np.int32)
        self.immigrated: Days = np.full(room, NEVER, np.int32)
        self.female: Bools = np.zeros(room, bool)
        self.region: NDArray[np.int8] = np.zeros(room, np.int8)
        self.need: Floats = np.zeros(room)
        self.mother: Ints = np.full(room, NOBODY, np.int32)
        self.father: Ints = np.full(room, NOBODY, np.int32)
        self.partner: Ints = np.full(room, NOBODY, np.int32)
        self.household: Ints = np.full(room, NOBODY, np.int32)
        self.present: Bools = np.zeros(room, bool)
        self.survival: Floats = np.ones(room)
        self.foreign: Bools = np.zeros(room, bool)
        self.area: NDArray[np.int16] = np.full(room, AWAY, np.int16)  # by household
        self.moved: Bools = np.zeros(room, bool)  # by household: has changed this year

    def add(self, count: int) -> Ints:
        """Make room for `count` new people and return their numbers."""
        new = np.arange(self.n, self.n + count, dtype=np.int32)
        self.n += count
        return new

    def new_households(self, areas: NDArray[np.int16]) -> Ints:
        """Open new households in `areas`, marked as changed this year, and return their numbers."""
        new = np.arange(self.households, self.households + len(areas), dtype=np.int32)
        self.households += len(areas)
        self.area[new] = areas
        self.moved[new] = True
        return new

    def record(self, people: Ints, days: Days, areas: NDArray[np.int16], kind: int) -> None:
        """Note who changed area on which day, and in what way."""
        self.changes.append((people.astype(np.int32), days.astype(np.int32), areas.astype(np.int16), kind))


def choose(cumulative: Floats, u: Floats) -> NDArray[np.int64]:
    """Row of a cumulative distribution for each uniform number."""
    return np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)


def next_area(geography: Geography, old: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.int16]:
    """Draw the area to which households of `old` areas move."""
    u = rng.random(len(old))
    new = (geography.move_to[old] < u[:, None]).sum(axis=1)
    return np.asarray(np.minimum(new, len(geography.ids) - 1), dtype=np.int16)


def days_in(year: int, count: int, rng: np.random.Generator) -> Days:
    """Random days of a year."""
    return (day(year) + rng.integers(0, 365, size=count)).astype(np.int32)
