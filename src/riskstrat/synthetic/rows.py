"""Event rows: arrays of persons, days and codes become one frame of the contract's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, Days
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats
from riskstrat.synthetic.residence import observed

Persons = NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of an event table that share what is not given row by row."""

    person: Persons
    days: Days
    """`person` and `days`: who and when."""
    code: str | NDArray[np.str_]
    """One code for all rows, or one a row."""
    value: Floats | float | None = None
    end: Days | None = None
    setting: str | NDArray[np.str_] | None = None
    position: str | None = None
    """`value`, `end`, `setting` and `position`: optional columns of the event table, for all rows or one a row."""

    def where(self, keep: Bools) -> Rows:
        """Only the rows that are true in `keep`."""
        chosen: Mapping[str, Any] = {
            name: each[keep] for name, each in vars(self).items() if isinstance(each, np.ndarray)
        }
        return replace(self, **chosen)


def frame(population: Population, parts: Sequence[Rows], columns: Sequence[str]) -> pl.DataFrame:
    """One event table, with these optional columns, of the rows that registers can have seen: a living resident's."""
    seen = [part.where(observed(population, part.person, part.days)) for part in parts]
    tables = [_table(part, columns) for part in seen]
    return pl.concat(tables).sort("person_id", "date", "code", maintain_order=True)


def _table(rows: Rows, columns: Sequence[str]) -> pl.DataFrame:
    n = len(rows.person)
    optional: dict[str, pl.Series] = {
        "value": _column(rows.value, n, pl.Float32()),
        "end_date": _column(None, n, pl.Date()) if rows.end is None else dates(rows.end),
        "setting": _column(rows.setting, n, pl.String()),
        "position": _column(rows.position, n, pl.String()),
    }
    table = {
        "person_id": pl.Series(np.asarray(rows.person, dtype=np.int64)),
        "date": dates(rows.days),
        "code": _column(rows.code, n, pl.String()),
    }
    return pl.DataFrame({**table, **{name: optional[name] for name in columns}})


def _column(value: Floats | NDArray[np.str_] | float | str | None, n: int, dtype: pl.DataType) -> pl.Series:
    if isinstance(value, np.ndarray):
        return pl.Series(value, dtype=dtype)
    return pl.repeat(value, n, dtype=dtype, eager=True)


def dates(days: Days) -> pl.Series:
    """Days as a date column; null after the last day of the data: what had not happened or ended by then."""
    numbers = pl.Series(days.astype(np.int32))
    return numbers.set(numbers > DATA_END, None).cast(pl.Date)


def repeats(
    person: Persons, first: Days, gap: tuple[int, int], times: int, rng: np.random.Generator
) -> tuple[Persons, Days]:
    """Repeated days for each person: the first, then gaps drawn between two bounds."""
    gaps = rng.integers(gap[0], gap[1] + 1, size=(len(person), times))
    gaps[:, 0] = 0
    days = first[:, None] + np.cumsum(gaps, axis=1)
    return np.repeat(person, times), days.reshape(-1).astype(np.int32)


def random_days(n: int, rng: np.random.Generator) -> Days:
    """Days of the event period."""
    return (EVENTS_START + rng.integers(0, DATA_END - EVENTS_START, size=n)).astype(np.int32)


def now_and_then(population: Population, times_a_year: float, rng: np.random.Generator) -> tuple[Persons, Days]:
    """Persons and days of what happens to everybody alike, so often."""
    count = rng.poisson(times_a_year * 15, size=len(population.birth))
    person = np.repeat(np.arange(len(count)), count).astype(np.int32)
    return person, random_days(len(person), rng)


def pick(
    choices: Sequence[str], n: int, rng: np.random.Generator, weights: Sequence[float] | None = None
) -> NDArray[np.str_]:
    """Codes drawn from a list."""
    share = None if weights is None else np.array(weights) / sum(weights)
    return np.array(choices)[rng.choice(len(choices), size=n, p=share)]
