"""A forecast of the population as statistics offices give it: by location, sex, age and year.

In: a frame with ``area_id`` or ``municipality``, ``sex``, ``age_years``, ``year`` and ``people``. Out: a
`PopulationForecast`, or one error that lists all that is missing, doubled or unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import polars as pl

from riskstrat.areas.standards import OLDEST
from riskstrat.errors import Problem, UsageError, nearest, number_of, unknown
from riskstrat.errors.arguments import checked
from riskstrat.records.areas import AREA, MUNICIPALITY

SEXES = ("female", "male")

_NUMBERS = ("age_years", "year", "people")
_NAMED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationForecast:
    """A complete forecast: each location has every sex, age and year.

    Attributes
    ----------
    people
        Frame of location, sex, age_years, year and people, from the base year to the last, complete for `ages`. The
        highest age is read as that age and above.
    ages
        Lowest and highest age of those whom the study concerns.
    location_of
        Place of each area, by area_id.
    base_year, last_year
        The year of the people of today, and the last one.
    by_area
        Whether municipalities are areas; else they are municipalities.

    Examples
    --------
    >>> rows = {"municipality": "m", "sex": ["female", "male"] * 2, "age_years": 70, "year": [2023, 2023, 2024, 2024]}
    >>> areas = pl.DataFrame({"area_id": ["A", "B"]})
    >>> read_forecast(pl.DataFrame({**rows, "people": 10}), areas, base_year=2023, ages=(70, 90)).location_of
    {'A': 'm', 'B': 'm'}
    """

    people: pl.DataFrame
    ages: tuple[int, int]
    location_of: dict[str, str]
    base_year: int
    last_year: int
    by_area: bool


@checked
def read_forecast(
    forecast: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    base_year: int,
    until: int | None = None,
    ages: Sequence[int] = (0, OLDEST),
    municipalities: pl.DataFrame | None = None,
) -> PopulationForecast:
    """Check a forecast of the population and bring it to the areas of a study.

    Parameters
    ----------
    forecast
        ``area_id`` or ``municipality``, ``sex`` (female, male), ``age_years`` (whole years; the highest stands for that
        age and above), ``year`` and ``people``.
    areas
        The areas of the study: ``area_id``, and where several are described together ``unit``.
    base_year
        The year of the people of today, which the forecast must hold too.
    until
        The last year to look ahead to; the last of the forecast where left out.
    ages
        Lowest and highest age of those whom the study concerns; only these need be complete.
    municipalities
        Frame of area_id and municipality, where the forecast is of several municipalities.

    Returns
    -------
    PopulationForecast

    Raises
    ------
    UsageError
        If columns, years, ages, sexes or areas are missing, unknown or doubled: all of it at once.

    Examples
    --------
    >>> areas = pl.DataFrame({"area_id": ["A"]})
    >>> rows = {"area_id": "A", "sex": ["female", "male"] * 2, "age_years": 70, "year": [2023, 2023, 2024, 2024]}
    >>> read_forecast(pl.DataFrame({**rows, "people": 10}), areas, base_year=2023, ages=(70, 90)).last_year
    2024
    >>> read_forecast(pl.DataFrame({**rows, "people": 10}), areas, base_year=2023, until=2025, ages=(70, 90))
    Traceback (most recent call last):
    ...
    riskstrat.errors.UsageError: forecast.year: no people in 2025; expected every year from 2023 to 2025; add them
    """
    by_area = AREA in forecast.columns
    location = AREA if by_area else MUNICIPALITY
    UsageError.refuse(_column_problems(forecast, location))
    last = until or int(forecast["year"].to_numpy().max())
    areas = areas.select(AREA, pl.col("unit" if "unit" in areas.columns else AREA).alias("unit"))
    unit_of = dict(areas.iter_rows()) if by_area else {}
    used = forecast.filter(pl.col("year").is_between(base_year, last))
    wanted = used.filter(pl.col("age_years").is_between(ages[0], ages[1]))
    UsageError.refuse(
        [
            *_year_problems(forecast, base_year, last),
            *_location_problems(forecast, location, areas, municipalities),
            *_row_problems(wanted, location, int(ages[0])),
        ]
    )
    named = used.with_columns(pl.col(location).cast(pl.String).replace(unit_of).alias("location"))
    keys = ["location", "sex", "age_years", "year"]
    return PopulationForecast(
        people=named.group_by(keys).agg(pl.col("people").cast(pl.Float64).sum()).sort(keys),
        ages=(int(ages[0]), int(ages[1])),
        location_of=_location_of(areas, unit_of, named, municipalities),
        base_year=base_year,
        last_year=last,
        by_area=by_area,
    )


def _location_of(
    areas: pl.DataFrame, unit_of: dict[str, str], named: pl.DataFrame, municipalities: pl.DataFrame | None
) -> dict[str, str]:
    if unit_of:
        return {unit: unit for unit in unit_of.values()}
    units = areas["unit"].unique(maintain_order=True).to_list()
    if municipalities is None or named["location"].n_unique() == 1:
        return dict.fromkeys(units, str(named["location"][0]))
    return {area: name for area, name in municipalities.select(AREA, MUNICIPALITY).iter_rows() if area in units}


def _column_problems(forecast: pl.DataFrame, location: str) -> Iterator[Problem]:
    for column in (location, "sex", *_NUMBERS):
        if column not in forecast.columns:
            meant = nearest(column, forecast.columns)
            expected = f"{AREA} or {MUNICIPALITY}, sex, {', '.join(_NUMBERS)}"
            yield _problem("no such column", expected, f"did you mean '{meant}'?" if meant else "add it", column)
    for column in (name for name in (location, "sex", *_NUMBERS) if name in forecast.columns):
        values = forecast[column]
        if column in _NUMBERS and not (values.dtype.is_integer() or (column == "people" and values.dtype.is_float())):
            yield _problem(f"type {values.dtype}", "whole numbers", "write 100 for 100 and above", column)
        elif values.null_count():
            yield _problem(number_of(values.null_count(), "missing value"), "a value in every row", "add them", column)
        elif column in _NUMBERS and not bool((values >= 0).all() and values.is_finite().all()):
            yield _problem("numbers below 0 or not finite", "0 or more", "correct them", column)
        elif column == "sex":
            found = values.cast(pl.String).unique().sort().to_list()
            yield from (unknown("sex", each, SEXES, table="forecast") for each in found if each not in SEXES)


def _year_problems(forecast: pl.DataFrame, base_year: int, last: int) -> Iterator[Problem]:
    if last <= base_year:
        yield _problem(f"no year after {base_year}", f"years from {base_year} on", "add later years", "year")
    missing = sorted({*range(base_year, last + 1)} - {*forecast["year"].to_list()})
    if missing:
        yield _problem(f"no people in {_some(missing)}", f"every year from {base_year} to {last}", "add them", "year")


def _location_problems(
    forecast: pl.DataFrame, location: str, areas: pl.DataFrame, municipalities: pl.DataFrame | None
) -> Iterator[Problem]:
    there = set(forecast[location].cast(pl.String))
    if location == MUNICIPALITY:
        known = set() if municipalities is None else set(municipalities[MUNICIPALITY].drop_nulls())
        if len(there) > 1 and not known:
            found, expected = (
                number_of(len(there), "municipality", "municipalities"),
                "one, or registers whose areas tell theirs",
            )
            yield _problem(found, expected, "leave the others out", location)
        if len(there) < 2 or not known:
            return
        there &= known  # a county's forecast has other municipalities too
    else:
        known = set(areas[AREA].cast(pl.String))
        if strange := sorted(there - known):
            meant = nearest(strange[0], known)
            remedy = f"did you mean '{meant}' by '{strange[0]}'?" if meant else "leave them out"
            yield _problem(f"no such area: {_some(strange)}", "areas of the study", remedy, location)
    if missing := sorted(known - there):
        yield _problem(f"nobody in {_some(missing)}", "every area of the study", "add them", location)


def _row_problems(wanted: pl.DataFrame, location: str, lowest_age: int) -> Iterator[Problem]:
    """Look for rows that come twice, and for combinations that none tells; of these say where they are."""
    keys = [location, "sex", "age_years", "year"]
    doubled = int(wanted.select(keys).is_duplicated().sum())
    if doubled:
        yield _problem(
            f"{number_of(doubled, 'row')} of the same location, sex, age and year", "one each", "add them up", "people"
        )
    if wanted.is_empty():
        yield _problem(f"nobody of {lowest_age} years or more", "the ages of the study", "add them", "age_years")
        return
    ages = range(lowest_age, int(wanted["age_years"].to_numpy().max()) + 1)
    if absent := sorted({*ages} - {*wanted["age_years"].to_list()}):
        expected = f"every age from {ages.start} to {ages.stop - 1}"
        yield _problem(f"nobody of age {_some(absent)}", expected, "add them, with 0 people if so", "age_years")
    if absent_sexes := sorted({*SEXES} - {*wanted["sex"].cast(pl.String)}):
        yield _problem(f"nobody {_some(absent_sexes)}", "both sexes", "add them", "sex")
    complete = prod(wanted[key].n_unique() for key in keys)
    missing = complete - wanted.select(keys).n_unique()
    if missing:
        by_location = wanted.group_by(location).len().sort(location)
        short = by_location.filter(pl.col("len") < complete / by_location.height)[location]
        found = f"{number_of(missing, 'combination')} of sex, age and year without a row, in {_some(short.to_list())}"
        yield _problem(found, "a row for each", "add them, with 0 people if so", "people")


def _some(names: Iterable[object]) -> str:
    listed = [str(name) for name in names]
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return f"{', '.join(listed[:_NAMED])}{more}"


def _problem(found: str, expected: str, remedy: str, column: str) -> Problem:
    return Problem(found, expected, remedy, table="forecast", column=column)
