"""What a budget can choose among: units of people with draws of their cases, and what each would cost.

In: units, a programme, a budget. Out: one checked `AllocationProblem`, or one error that lists all that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Programme
from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.priorities.allocation import best_allocation
from riskstrat.priorities.effect import averted_per_case, unit_costs
from riskstrat.records.areas import Units
from riskstrat.records.plan import CARE_NEED, OBSERVED_CASE_PERSONS, OBSERVED_CASES, OBSERVED_INDEX_DATES

Floats = NDArray[np.float64]

SMALLEST_STRATUM = 50
"""People that a stratum (a unit of more than one grouping column) needs to be chosen; whole areas may be smaller."""

_NOT_NAMES = ("unit", "people", OBSERVED_CASES, OBSERVED_CASE_PERSONS, OBSERVED_INDEX_DATES, CARE_NEED)
_PERSONAL = ("person_id", "mother_id", "father_id", "family_id")


@dataclass(frozen=True, kw_only=True, eq=False)
class AllocationProblem:
    """Units that may be chosen and what choosing them does, on the same draws throughout.

    Attributes
    ----------
    units
        One row a unit that may be chosen: its names, people, and what is known of the past.
    cases, all_cases
        Expected cases in those units, (draws, units), and in all units, chosen or not, (draws,).
    averted_per_case
        Share of a unit's cases averted when it is offered the programme, (draws,).
    costs, budget_sek
        SEK of offering each unit the programme, (units,), and what may be spent.
    whole, left_out
        Whether units are taken whole; frame of reason, units, people.
    """

    units: pl.DataFrame
    cases: Floats
    all_cases: Floats
    averted_per_case: Floats
    costs: Floats
    budget_sek: float
    whole: bool
    left_out: pl.DataFrame

    @property
    def expected_cases(self) -> Floats:
        """Mean of the cases of each unit over the draws, (units,)."""
        return np.asarray(self.cases.mean(axis=0))

    def best_shares(self, budget_sek: float) -> Floats:
        """Shares that avert most expected cases for a budget; the effect is the same in all units and drops out."""
        return best_allocation(self.expected_cases, self.costs, budget_sek, whole=self.whole)

    def averted(self, shares: Floats) -> Floats:
        """Cases averted by those shares, (draws,)."""
        return np.asarray(self.averted_per_case * (self.cases @ shares))


def build_problem(
    units: Units,
    programme: Programme,
    budget_sek: float,
    *,
    care_need: pl.DataFrame | None,
    whole_units: bool,
    seed: int,
) -> AllocationProblem:
    """Check what is given and price every unit.

    Raises
    ------
    UsageError
        If the budget is not a number above 0, units or care need lack columns, or draws and units do not match.
    DesignError
        If nobody is left to offer the programme to, or the budget is below the cost of the first person reached (of
        the cheapest unit where units are taken whole).
    """
    problems = [*_budget_problems(budget_sek), *unit_problems(units), *_care_need_problems(units, care_need)]
    if problems:
        raise UsageError(*problems)
    frame, cases = _with_care_need(units.units, care_need), np.asarray(units.cases_draws, dtype=np.float64)
    reasons = _reasons(frame)
    eligible = reasons.is_null().to_numpy()
    problem = AllocationProblem(
        units=frame.filter(eligible),
        cases=cases[:, eligible],
        all_cases=cases.sum(axis=1),
        averted_per_case=averted_per_case(programme, len(cases), seed),
        costs=unit_costs(programme, frame["people"].to_numpy()[eligible]),
        budget_sek=float(budget_sek),
        whole=whole_units or programme.unit_cost_sek > 0,
        left_out=_left_out(units.left_out, frame, reasons),
    )
    _check_feasible(problem, programme.person_cost_sek)
    return problem


def naming_columns(units: pl.DataFrame) -> tuple[str, ...]:
    """Return the columns that name a unit."""
    return tuple(column for column in units.columns if column not in _NOT_NAMES[1:])


def _with_care_need(units: pl.DataFrame, care_need: pl.DataFrame | None) -> pl.DataFrame:
    if care_need is None:
        return units
    keys = [column for column in care_need.columns if column in units.columns and column not in _NOT_NAMES[1:]]
    return units.drop(CARE_NEED, strict=False).join(
        care_need.select(*keys, CARE_NEED), on=keys, how="left", maintain_order="left"
    )


def _reasons(units: pl.DataFrame) -> pl.Series:
    """Why a unit cannot be chosen, null where it can."""
    grouping = [column for column in naming_columns(units) if column != "unit"]
    smallest = SMALLEST_STRATUM if len(grouping) > 1 else 1
    return units.select(
        pl.when(pl.col("people") < 1)
        .then(pl.lit("nobody eligible"))
        .when(pl.col("people") < smallest)
        .then(pl.lit(f"stratum of fewer than {SMALLEST_STRATUM} people"))
        .otherwise(None)
        .alias("reason")
    ).to_series()


def _left_out(before: pl.DataFrame, units: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    here = (
        units.select(reasons, pl.col("people").cast(pl.Int64))
        .drop_nulls("reason")
        .group_by("reason", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("units"), pl.col("people").sum())
    )
    counts = (pl.col("units").cast(pl.Int64), pl.col("people").cast(pl.Int64))
    return pl.concat([before.select(pl.col("reason").cast(pl.String), *counts), here])


def _check_feasible(problem: AllocationProblem, person_cost_sek: float) -> None:
    if problem.units.is_empty():
        raise DesignError(
            Problem(
                found="no unit that could be chosen",
                expected="at least one unit with people in it (a stratum needs 50)",
                remedy="use larger units or a wider population",
                table="units",
                column="people",
            )
        )
    if problem.costs.min() <= 0:
        raise DesignError(
            Problem(
                found="a programme that costs nothing because it reaches nobody",
                expected="a reach above 0",
                remedy="correct the programme's reach",
            )
        )
    needed, of = (problem.costs.min(), "cheapest whole unit") if problem.whole else (person_cost_sek, "first person")
    if needed > problem.budget_sek:
        raise DesignError(
            Problem(
                found=f"a budget of {problem.budget_sek:,.0f} SEK",
                expected=f"at least {needed:,.0f} SEK, the cost of the {of}",
                remedy="give a larger budget, or smaller units",
            )
        )


def _budget_problems(budget_sek: float) -> Iterable[Problem]:
    if budget_sek <= 0:
        yield Problem(
            found=f"a budget of {budget_sek!r}", expected="a number of kronor above 0", remedy="give a larger budget"
        )


def unit_problems(given: Units) -> Iterable[Problem]:
    """List what is wrong with units and their draws."""
    units, cases = given.units, np.asarray(given.cases_draws)
    for column in _PERSONAL:
        if column in units.columns:
            yield _unit_problem("units of single persons", "areas or strata", "group people first", column)
    for column in ("unit", "people"):
        if column not in units.columns:
            yield _unit_problem("no such column", "one row a unit", "add it", column)
    if "unit" in units.columns and units["unit"].n_unique() < units.height:
        yield _unit_problem("units named twice", "one row a unit", "aggregate, or name them apart", "unit")
    yield from _observed_problems(units)
    if cases.ndim != 2 or cases.shape[1] != units.height or len(cases) == 0:
        found, expected = f"draws of shape {cases.shape}", f"(draws, {units.height} units)"
        yield _unit_problem(found, expected, "use draws of the same units")
    elif not np.isfinite(cases).all() or (cases < 0).any():
        yield _unit_problem("draws of cases below 0 or not finite", "0 or more", "check the smoothing")


def _observed_problems(units: pl.DataFrame) -> Iterable[Problem]:
    for column in ("people", OBSERVED_CASES, OBSERVED_CASE_PERSONS, OBSERVED_INDEX_DATES):
        if column not in units.columns:
            continue
        values = units[column]
        if not values.dtype.is_integer():
            yield _unit_problem(f"type {values.dtype}", "whole numbers", "give counts of people", column)
        elif values.null_count() or bool((values < 0).any()):
            yield _unit_problem("missing or negative numbers", "0 or more", "give counts of people", column)


def _care_need_problems(units: Units, care_need: pl.DataFrame | None) -> Iterable[Problem]:
    if care_need is None:
        return
    shared = [column for column in care_need.columns if column in naming_columns(units.units)]
    if CARE_NEED not in care_need.columns:
        yield _care_problem("no such column", "the index per unit", "add it", CARE_NEED)
    if not shared:
        yield _care_problem("no column that names a unit", f"one of {naming_columns(units.units)}", "add it")
    elif care_need.select(shared).is_duplicated().any():
        yield _care_problem("units with several values", "one value a unit", "keep the latest", ", ".join(shared))


def _unit_problem(found: str, expected: str, remedy: str, column: str | None = None) -> Problem:
    return Problem(found=found, expected=expected, remedy=remedy, table="units", column=column)


def _care_problem(found: str, expected: str, remedy: str, column: str | None = None) -> Problem:
    return Problem(found=found, expected=expected, remedy=remedy, table="care_need", column=column)
