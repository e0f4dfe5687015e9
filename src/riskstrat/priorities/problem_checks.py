"""What is wrong with units, the frames beside them, and the rules of a scenario.

In: what was given. Out: problems, all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Scenario
from riskstrat.errors import Problem, nearest, number_of, unknown
from riskstrat.priorities.allocation import Limits
from riskstrat.priorities.effect import need_quintiles
from riskstrat.records.areas import MUNICIPALITY, Units
from riskstrat.records.plan import (
    CARE_NEED,
    OBSERVED_CASE_PERSONS,
    OBSERVED_CASES,
    OBSERVED_INDEX_DATES,
    TRUE_CASES,
)

Floats = NDArray[np.float64]

NOT_NAMES = ("people", OBSERVED_CASES, OBSERVED_CASE_PERSONS, OBSERVED_INDEX_DATES, CARE_NEED, TRUE_CASES)
_PERSONAL = ("person_id", "mother_id", "father_id", "family_id")
_unit_problem = partial(Problem, table="units")


def naming_columns(units: pl.DataFrame) -> tuple[str, ...]:
    """Return the columns that name a unit."""
    return tuple(column for column in units.columns if column not in NOT_NAMES)


def input_problems(
    units: Units, care_need: pl.DataFrame | None = None, municipalities: pl.DataFrame | None = None
) -> list[Problem]:
    """List what is wrong with units and with the frames beside them."""
    return [
        *_unit_problems(units),
        *_frame_problems(units, care_need, "care_need", CARE_NEED),
        *_frame_problems(units, municipalities, "municipalities", MUNICIPALITY),
    ]


def _unit_problems(given: Units) -> Iterator[Problem]:
    units, cases = given.units, np.asarray(given.cases_draws)
    for column in _PERSONAL:
        if column in units.columns:
            yield _unit_problem("units of single persons", "areas or strata", "group people first", column=column)
    for column in ("unit", "people"):
        if column not in units.columns:
            yield _unit_problem("no such column", "one row a unit", "add it", column=column)
    if "unit" in units.columns and units["unit"].n_unique() < units.height:
        yield _unit_problem("units named twice", "one row a unit", "aggregate, or name them apart", column="unit")
    yield from _observed_problems(units)
    if cases.ndim != 2 or cases.shape[1] != units.height or len(cases) == 0:
        found, expected = f"draws of shape {cases.shape}", f"(draws, {number_of(units.height, 'unit')})"
        yield _unit_problem(found, expected, "use draws of the same units")
    elif not np.isfinite(cases).all() or (cases < 0).any():
        yield _unit_problem("draws of cases below 0 or not finite", "0 or more", "check the smoothing")


def _frame_problems(units: Units, given: pl.DataFrame | None, name: str, column: str) -> Iterator[Problem]:
    if given is None:
        return
    names = tuple(each for each in naming_columns(units.units) if each != column)
    shared = [each for each in given.columns if each in names]
    if column not in given.columns:
        yield Problem("no such column", "its value per unit", "add it", table=name, column=column)
    if not shared:
        yield Problem("no column that names a unit", f"one of {names}", "add it", table=name)
    elif given.select(shared).is_duplicated().any():
        yield Problem(
            "units with several values", "one value a unit", "keep the latest", table=name, column=", ".join(shared)
        )


def scenario_problems(units: pl.DataFrame, scenario: Scenario) -> Iterator[Problem]:
    """List what a scenario asks for that the units do not have."""
    by_need = {
        "a reach by quintile of need": any(isinstance(each.reach, tuple) for each in scenario.programmes),
        "equity weights": scenario.equity_weights is not None,
    }
    for found, asked in by_need.items():
        if asked and need_quintiles(units) is None:
            yield Problem(
                f"{found}, but no Care Need Index that tells units apart",
                f"a column {CARE_NEED} of the units, or care_need",
                "give it, or one value for all",
            )
    yield from eligible_problems(units, scenario)
    yield from _compatible_problems(scenario)
    if scenario.floors and MUNICIPALITY not in units.columns:
        yield _unit_problem(
            "floors, but no such column", "the municipality of each unit", "give municipalities", column=MUNICIPALITY
        )
    elif scenario.floors:
        there = units[MUNICIPALITY].drop_nulls().unique().sort().to_list()
        strange = [name for name, _ in scenario.floors if name not in there]
        yield from (unknown("municipality", name, there, table="floors") for name in strange)
    if len(dict(scenario.floors)) < len(scenario.floors):
        yield Problem("two floors of one municipality", "one", "give one", table="floors")


def feasibility_problems(scenario: Scenario, limits: Limits, reach: Floats) -> Iterator[Problem]:
    """List why nothing, or not what must be done, can be done within the limits; (programmes,) is the highest reach."""
    if not len(limits.offered):
        yield _unit_problem(
            "no unit that could be chosen",
            "at least one unit with people in it (a stratum needs 50)",
            "use larger units or a wider population",
            column="people",
        )
        return
    for programme, highest in zip(scenario.programmes, reach, strict=True):
        if highest <= 0:
            found = f"programme {programme.name}, which costs nothing because it reaches nobody"
            yield Problem(found, "a reach above 0", "correct the programme's reach")
    if (reach > 0).all():
        yield from _limit_problems(scenario, limits)
        yield from _least_spending_problems(scenario, limits)


def _limit_problems(scenario: Scenario, limits: Limits) -> Iterator[Problem]:
    """Compare each limit with what the cheapest whole unit takes, or the first person where units can be divided."""
    by_person = [
        [sum(getattr(scenario.programmes[p], name) for p in package) for package in scenario.packages]
        for name in ("person_cost_sek", "person_staff_hours")
    ]
    told = (("a budget of {:,.0f} SEK", "SEK", "a larger budget"), ("{:g} hours of staff", "hours", "more staff"))
    for uses, there, person, (found, unit, more) in zip(limits.uses, limits.there, by_person, told, strict=False):
        least = np.where(limits.offered, np.where(limits.whole, uses, person), np.inf)
        _, package = np.unravel_index(least.argmin(), least.shape)
        if least.min() > there:
            of = "cheapest whole unit" if limits.whole[package] else "first person"
            yield Problem(
                found.format(there),
                f"at least {least.min():,.0f} {unit}, the cost of the {of}",
                f"give {more}, or smaller units",
            )


def _least_spending_problems(scenario: Scenario, limits: Limits) -> Iterator[Problem]:
    if limits.floors.sum() > scenario.budget_sek:
        yield Problem(
            f"floors of {limits.floors.sum():,.0f} SEK in all and a budget of {scenario.budget_sek:,.0f} SEK",
            "floors within the budget",
            "lower the floors or give a larger budget",
        )
    most = np.where(limits.offered, limits.uses[0], 0.0).max(axis=1)
    for (name, least), members in zip(scenario.floors, limits.members, strict=True):
        if most[members].sum() < least:
            yield Problem(
                f"a floor of {least:,.0f} SEK in {name}",
                f"at most {most[members].sum():,.0f} SEK, what offering everybody there costs",
                "lower the floor",
            )


def eligible_problems(units: pl.DataFrame, scenario: Scenario) -> Iterator[Problem]:
    """List the columns and values that programmes are for, and the units (or people) do not have."""
    for programme in scenario.programmes:
        for column, values in programme.eligible:
            yield from _eligible_problems(units, f"eligible of {programme.name}", column, values)


def _eligible_problems(units: pl.DataFrame, table: str, column: str, values: Iterable[str]) -> Iterator[Problem]:
    if column not in units.columns:
        known = [name for name in naming_columns(units) if name != "unit"]
        yield unknown("column of the units", column, known, table=table)
        return
    there = units[column].cast(pl.String).drop_nulls().unique().sort().to_list()
    yield from (unknown("value", value, there, table=table, column=column) for value in values if value not in there)


def _compatible_problems(scenario: Scenario) -> Iterator[Problem]:
    """Refuse a name that is no programme's where it may be a misspelt one of those that compete."""
    names = [each.name for each in scenario.programmes]
    for programme in scenario.programmes:
        others = [name for name in names if name != programme.name]
        for name in programme.compatible_with:
            if name not in others and nearest(name, others):
                yield unknown("programme", name, others, table=programme.name, column="compatible_with")


def _observed_problems(units: pl.DataFrame) -> Iterator[Problem]:
    for column in ("people", OBSERVED_CASES, OBSERVED_CASE_PERSONS, OBSERVED_INDEX_DATES):
        if column not in units.columns:
            continue
        values = units[column]
        if not values.dtype.is_integer():
            yield _unit_problem(f"type {values.dtype}", "whole numbers", "give counts of people", column=column)
        elif values.null_count() or bool((values < 0).any()):
            yield _unit_problem("missing or negative numbers", "0 or more", "give counts of people", column=column)
