"""Where people lived, and for how long without a break.

In: people on days, and spells of residence. Out: the spell, and the first and last day of the unbroken residence that
it is part of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.cohort.sorting import sorted_by

NO_END = date.max
"""Stands for the last day of a residence that has not ended."""
Numbers = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


def with_residence(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Add spell (its number), resident_since and resident_until of the spell on `resident_on`, null where none.

    Residence is unbroken where a spell starts the day after the person's previous one has ended; spells of a person do
    not overlap and are in the order of person and start. Areas are left in `residences`, because text that is carried
    through every later step costs more than all the rest.
    """
    spells = _Spells.of(residences)
    spell, lives_here = spells.on(rows)
    since, until = spells.start[spells.since(spell)], spells.end[spells.until(spell)]
    found = pl.DataFrame({"spell": spell, "resident_since": since, "resident_until": until}).select(
        pl.col("spell").cast(pl.UInt32, strict=False), pl.col("resident_since", "resident_until").cast(pl.Date)
    )
    return rows.hstack(found.select(pl.when(pl.lit(pl.Series(lives_here))).then(pl.all())))


@dataclass(frozen=True, eq=False)
class _Spells:
    """Spells of residence by number; the last, which -1 points to, belongs to nobody and stands for no spell.

    `person` is without the last, `start` and `end` are days since 1970, and a spell `continues` the person's previous
    one where that ended the day before.
    """

    person: Numbers
    start: Numbers
    end: Numbers
    continues: Mask

    @classmethod
    def of(cls, residences: pl.DataFrame) -> _Spells:
        """Read spells in the order of person and start."""
        nobody = pl.Series([NO_END])
        person = residences["person_id"].to_numpy()
        start, end = (
            pl.concat([residences[name].fill_null(NO_END), nobody]).to_physical().to_numpy()
            for name in ("start_date", "end_date")
        )
        continues = np.zeros(len(start), dtype=np.bool_)
        continues[1:-1] = (person[1:] == person[:-1]) & (start[1:-1] <= end[:-2] + 1)
        return cls(person, start, end, continues)

    def on(self, rows: pl.DataFrame) -> tuple[Numbers, Mask]:
        """Find the last spell of each row's person that starts by the day, and say whether it holds that day."""
        who, day = rows["person_id"].to_numpy(), rows["resident_on"].to_physical().to_numpy()
        first, after = (np.searchsorted(self.person, who, side) for side in ("left", "right"))
        spell = _step_while(after - 1, -1, lambda at, row: (at > first[row]) & (self.start[at] > day[row]))
        return spell, (first < after) & (self.start[spell] <= day) & (day <= self.end[spell])

    def since(self, spell: Numbers) -> Numbers:
        """Find the first spell of the unbroken residence."""
        return _step_while(spell, -1, lambda at, _: self.continues[at])

    def until(self, spell: Numbers) -> Numbers:
        """Find the last spell of the unbroken residence."""
        return _step_while(spell, 1, lambda at, _: self.continues[at + 1])


def _step_while(at: Numbers, step: int, goes_on: Callable[[Numbers, Numbers], Mask]) -> Numbers:
    """Move each spell number by `step` while ``goes_on(number, row)`` holds; only rows still moving are visited."""
    at, moving = at.copy(), np.arange(len(at))
    while len(moving := moving[goes_on(at[moving], moving)]):
        at[moving] += step
    return at


def postpone_to_arrival(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Move `resident_on` of who does not live here that day to the first day after it on which they move in, if any."""
    spells = residences.lazy().select("person_id", "start_date", "end_date")
    on = pl.col("resident_on")
    ending_later = rows.lazy().select("row", "person_id", "resident_on").join(spells, on="person_id")
    by_row = ending_later.filter((pl.col("end_date") >= on).fill_null(value=True)).group_by("row")
    starts = sorted_by(by_row.agg(moves_in=pl.col("start_date").min()).collect(), "row")
    arrived = rows.join(starts, on="row", how="left", maintain_order="left")
    return arrived.with_columns(resident_on=pl.max_horizontal("resident_on", "moves_in")).drop("moves_in")
