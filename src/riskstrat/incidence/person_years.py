"""Follow-up split by age and calendar year (Lexis), person-years and rates out.

Days are whole: a row is at risk on the days ``index + entry + 1`` to ``index + duration``, each of which is in one
calendar year and at one age.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.incidence.outcome import OUTCOME, OutcomeArray, check_entry, check_outcome
from riskstrat.numerics.groups import AGE_BAND, Labels, number_groups
from riskstrat.numerics.intervals import LEVEL, poisson_interval

DAYS_PER_YEAR = 365.25
_EPOCH = date(1970, 1, 1).toordinal()
Floats: TypeAlias = NDArray[np.float64]


@checked
def person_years(
    y: OutcomeArray,
    index_date: Labels,
    birth_date: Labels,
    by: Labels | None = None,
    *,
    ages: Sequence[int] = tuple(range(0, 100, 10)),
    persons: Labels | None = None,
    entry: npt.ArrayLike | None = None,
    event: int = OUTCOME,
    per: float = 1_000.0,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Person-years, events and rates by group, age during follow-up and calendar year.

    Follow-up of one person from several index dates must not overlap: give index dates that are counted.

    Parameters
    ----------
    y
        Outcome array, shape (n,).
    index_date, birth_date
        Dates, shape (n,). Birthdays on 29 February are on 1 March in other years.
    by
        Groups: one label a row, or a frame whose columns cross.
    ages
        Where age bands begin, in whole years, ascending; the last is open, and time below the first is left out.
    persons
        Person of each row, shape (n,); by default each row is a person.
    entry
        Days from the index date to when a row came under observation, shape (n,); None or 0 from the index on.
    event
        1 for the outcome, 2 for the competing event. An event belongs to the day on which follow-up ends.
    per
        Person-years that the rate is given for.
    level
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        Columns of `by`, then age_band, year, persons, person_years (of 365.25 days), events, rate, lower, upper; cells
        with time at risk only. Below 10 events the interval is exact Poisson (Garwood 1936), else Byar's.

    Raises
    ------
    ContractError
        `y`, the dates, `by`, `persons`, `entry` or `ages` cannot be used; all that is wrong with dates and ages at
        once.

    Examples
    --------
    >>> from datetime import date
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0], [365.0, 731.0])
    >>> found = person_years(y, [date(2019, 12, 31)] * 2, [date(1950, 1, 1), date(1960, 7, 1)], ages=[50, 60])
    >>> found.select("age_band", "year", "persons", "events", pl.col("person_years").round(2)).rows()
    [('50-59', 2020, 1, 0, 0.5), ('60+', 2020, 2, 1, 1.5), ('60+', 2021, 1, 0, 1.0)]
    """
    n = len(check_outcome(y))
    numbers, groups = number_groups(by, n)
    days = split_follow_up(y, index_date, birth_date, ages=ages, entry=entry)
    rows = pl.DataFrame(
        {
            "group": numbers,
            "person": np.arange(n) if persons is None else number_groups(persons, n)[0],
            "is_event": y["event"] == event,
        }
    )
    cells = (
        days.hstack(rows[days["row"]])
        .group_by("group", "band", AGE_BAND, "year")
        .agg(
            persons=pl.col("person").n_unique().cast(pl.Int64),
            person_years=pl.col("person_years").sum(),
            events=(pl.col("is_event") & pl.col("is_end")).sum().cast(pl.Int64),
        )
        .sort("group", "band", "year")
    )
    labels = groups[cells["group"]] if groups.width else pl.DataFrame()
    found = rates(cells["events"], cells["person_years"], per=per, level=level)
    return pl.concat([labels, cells.drop("group", "band"), found], how="horizontal")


@checked
def split_follow_up(
    y: OutcomeArray,
    index_date: Labels,
    birth_date: Labels,
    *,
    ages: Sequence[int] = tuple(range(0, 100, 10)),
    entry: npt.ArrayLike | None = None,
) -> pl.DataFrame:
    """Split the follow-up of each row by age and calendar year: what `person_years` adds up.

    Parameters
    ----------
    y, index_date, birth_date, ages, entry
        As for `person_years`.

    Returns
    -------
    polars.DataFrame
        row (its number), band (number of the age band), age_band, year, person_years (of 365.25 days, above 0), is_end
        (whether follow-up ends there).

    Raises
    ------
    ContractError
        If something cannot be used.

    Examples
    --------
    >>> from datetime import date
    >>> from riskstrat.incidence import outcome_array
    >>> found = split_follow_up(outcome_array([1], [400.0]), [date(2019, 12, 31)], [date(1950, 1, 1)])
    >>> found.select("age_band", "year", pl.col("person_years").round(2), "is_end").rows()
    [('70-79', 2020, 1.0, False), ('70-79', 2021, 0.09, True)]
    """
    n = len(check_outcome(y))
    start = np.zeros(n) if entry is None else check_entry(entry, y)
    index, born = _dates(index_date, "index_date"), _dates(birth_date, "birth_date")
    ContractError.refuse(_problems(index, born, ages, n))
    day = index.to_physical().to_numpy().astype(np.float64)
    parts = _parts(day + start, day + y["duration_days"], born, ages)
    names = [str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in pairwise(ages)] + [f"{ages[-1]}+"]
    return (
        pl.concat(parts)
        .sort("year", "band", "row")
        .select(
            "row",
            "band",
            pl.lit(pl.Series(names)).gather(pl.col("band")).alias(AGE_BAND),
            "year",
            (pl.col("days") / DAYS_PER_YEAR).alias("person_years"),
            "is_end",
        )
    )


def rates(events: pl.Series, person_years: pl.Series, *, per: float = 1_000.0, level: float = LEVEL) -> pl.DataFrame:
    """Events over person-years, with Poisson intervals: rate, lower and upper, given for `per` person-years.

    Examples
    --------
    >>> rates(pl.Series([5]), pl.Series([500.0])).select(pl.all().round(2)).row(0)
    (10.0, 3.25, 23.34)
    """
    count, time = events.to_numpy(), person_years.to_numpy()
    lower, upper = poisson_interval(count, level)
    return pl.DataFrame(
        {name: found / time * per for name, found in (("rate", count), ("lower", lower), ("upper", upper))}
    )


def _parts(start: Floats, end: Floats, born: pl.Series, ages: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Cut the follow-up of each row where years begin and age bands change, year by year.

    Days are numbered from 1970; day d is the interval (d - 1, d], so that a part is (first day - 1, last day]. A year
    has one birthday: nobody is in more than two bands in it.
    """
    birth = born.to_numpy().astype("datetime64[D]")
    birth_year = born.dt.year().to_numpy()
    for year in range(_year(start.min() + 1), _year(end.max()) + 1):
        first, last = (date(of, 1, 1).toordinal() - _EPOCH - 1 for of in (year, year + 1))
        row = np.flatnonzero((start < last) & (end > first))
        opens, closes, age = np.maximum(start[row], first), np.minimum(end[row], last), year - birth_year[row]
        changes = np.where(np.isin(age, ages), _birthdays(birth[row], age) - 1, -np.inf)
        for reached, since, until in (
            (age - 1, opens, np.minimum(closes, changes)),
            (age, np.maximum(opens, changes), closes),
        ):
            yield pl.DataFrame(
                {
                    "row": row,
                    "band": np.searchsorted(ages, reached, side="right") - 1,
                    "year": np.full(len(row), year),
                    "days": until - since,
                    "is_end": until == end[row],
                }
            ).filter(pl.col("days") > 0, pl.col("band") >= 0)


def _year(day: float) -> int:
    return date.fromordinal(int(np.ceil(day)) + _EPOCH).year


def _birthdays(born: NDArray[np.datetime64], age: NDArray[np.integer]) -> Floats:
    """Give the number of the day of a birthday; 29 February is 1 March where there is none."""
    month = born.astype("datetime64[M]")
    turned = (month + 12 * age).astype("datetime64[D]") + (born - month.astype("datetime64[D]"))
    return np.asarray(turned.astype(np.int64), dtype=np.float64)


def _dates(values: Labels, name: str) -> pl.Series:
    """Read dates; what is no date becomes null, which is refused with the rest."""
    given = np.asarray(values)
    try:
        days = given.astype("datetime64[D]") if given.ndim == 1 and given.dtype.kind in "MO" else None
    except (TypeError, ValueError):
        days = None
    return pl.Series(name, [None] * len(given), dtype=pl.Date) if days is None else pl.Series(name, days)


def _problems(index: pl.Series, born: pl.Series, ages: Sequence[int], n: int) -> Iterator[Problem]:
    for dates in (index, born):
        if len(dates) != n or dates.null_count():
            found = (
                f"{number_of(len(dates), 'value')}, {dates.null_count()} of them no dates, for {number_of(n, 'row')}"
            )
            yield Problem(found, "one date a row", "correct the dates", column=dates.name)
    if len(index) == len(born) and (late := int((born > index).sum())):
        yield Problem(f"{number_of(late, 'birth')} after the index date", "none", "correct the dates")
    if not len(ages) or ages[0] < 0 or any(low >= high for low, high in pairwise(ages)):
        yield Problem("age bands that do not ascend", "whole years from 0 up, ascending", "use (0, 18, 65), say")
