"""Event rows: arrays of persons, days and codes become one frame of the contract's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import Days
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats
from riskstrat.synthetic.residence import observed

Persons = NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of an event table that share what is not given row by row.

    Attributes
    ----------
    person, days
        Who and when.
    code
        One code for all rows, or one a row.
    value, end, setting, position
        Optional columns of the event table, for all rows or one a row.
    """

    person: Persons
    days: Days
    code: str | NDArray[np.str_]
    value: Floats | float | None = None
    end: Days | None = None
    setting: str | NDArray[np.str_] | None = None
    position: str | None = None

    def where(self, keep: Bools) -> Rows:
        """Only the rows that are true in `keep`."""
        return Rows(
            person=self.person[keep],
            days=self.days[keep],
            code=self.code if isinstance(self.code, str) else self.code[keep],
            value=self.value[keep] if isinstance(self.value, np.ndarray) else self.value,
            end=None if self.end is None else self.end[keep],
            setting=self.setting[keep] if isinstance(self.setting, np.ndarray) else self.setting,
            position=self.position,
        )


def frame(population: Population, parts: Sequence[Rows], columns: Sequence[str]) -> pl.DataFrame:
    """One event table, with these optional columns, of the rows that registers can have seen: a living resident's."""
    seen = [part.where(observed(population, part.person, part.days)) for part in parts]
    tables = [_table(part, columns) for part in seen]
    return pl.concat(tables).sort("person_id", "date", "code", maintain_order=True)


def _table(rows: Rows, columns: Sequence[str]) -> pl.DataFrame:
    n = len(rows.person)
    optional: dict[str, pl.Series] = {
        "value": _numbers(rows.value, n),
        "end_date": _days(rows.end, n),
        "setting": _texts(rows.setting, n),
        "position": _texts(rows.position, n),
    }
    table = {
        "person_id": pl.Series(np.asarray(rows.person, dtype=np.int64)),
        "date": _days(rows.days, n),
        "code": _texts(rows.code, n),
    }
    return pl.DataFrame({**table, **{name: optional[name] for name in columns}})


def _numbers(value: Floats | float | None, n: int) -> pl.Series:
    if isinstance(value, np.ndarray):
        return pl.Series(value, dtype=pl.Float32)
    return pl.repeat(value, n, dtype=pl.Float32, eager=True)


def _days(value: Days | None, n: int) -> pl.Series:
    if value is None:
        return pl.repeat(None, n, dtype=pl.Date, eager=True)
    return dates(value)


def _texts(value: str | NDArray[np.str_] | None, n: int) -> pl.Series:
    if isinstance(value, np.ndarray):
        return pl.Series(value, dtype=pl.String)
    return pl.repeat(value, n, dtype=pl.String, eager=True)


def dates(days: Days) -> pl.Series:
    """Days as a date column; days after any possible one become null."""
    numbers = pl.Series(days.astype(np.int32), dtype=pl.Int32)
    return pl.select(pl.when(numbers < 1_500_000).then(numbers).otherwise(None)).to_series().cast(pl.Date)


def repeats(
    person: Persons, first: Days, gap: tuple[int, int], times: int, rng: np.random.Generator
) -> tuple[Persons, Days]:
    """Repeated days for each person: the first, then gaps drawn between two bounds."""
    gaps = rng.integers(gap[0], gap[1] + 1, size=(len(person), times))
    gaps[:, 0] = 0
    days = first[:, None] + np.cumsum(gaps, axis=1)
    return np.repeat(person, times), days.reshape(-1).astype(np.int32)


def pick(
    choices: Sequence[str], n: int, rng: np.random.Generator, weights: Sequence[float] | None = None
) -> NDArray[np.str_]:
    """Codes drawn from a list."""
    share = None if weights is None else np.array(weights) / sum(weights)
    return np.array(choices)[rng.choice(len(choices), size=n, p=share)]
