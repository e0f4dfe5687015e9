"""What a budget can choose among: units of people with draws of their cases, and what programmes would do and cost.

In: units and a scenario. Out: one checked `AllocationProblem`, or one error that lists all that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Scenario
from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.priorities.allocation import Limits, best_packages, robustness
from riskstrat.priorities.effect import need_quintiles, reached_shares, reduction_draws
from riskstrat.priorities.problem_checks import (
    NOT_NAMES,
    feasibility_problems,
    naming_columns,
    scenario_problems,
)
from riskstrat.records.areas import MUNICIPALITY, Units
from riskstrat.records.plan import CARE_NEED

Floats = NDArray[np.float64]

SMALLEST_STRATUM = 50
"""People that a stratum (a unit of more than one grouping column) needs to be chosen; whole areas may be smaller."""

_LEAST_EFFECT = 1e-6
"""An effect of nothing, or of harm, leaves units in the order of their cases."""
_SOLVED = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class AllocationProblem:
    """Units that may be chosen and what choosing them does, on the same draws throughout.

    Attributes
    ----------
    units
        One row a unit that may be chosen: its names, people, and what is known of the past.
    scenario, packages
        Programmes and rules; the numbers of the programmes in each package.
    cases, all_cases
        Expected cases in those units, (draws, units), and in all units, chosen or not, (draws,).
    effect
        Share of the cases of those reached that each programme averts, reduction x adherence, (draws, programmes).
    reach
        Share of each unit's people whom each programme reaches, (units, programmes); 0 where it is not for them.
    weight
        What an averted case counts for in each unit, (units,).
    limits
        What offering each unit each package takes, and what there is: kronor, and hours of staff where limited.
    left_out
        Frame of reason, units, people.
    """

    units: pl.DataFrame
    scenario: Scenario
    packages: tuple[tuple[int, ...], ...]
    cases: Floats
    all_cases: Floats
    effect: Floats
    reach: Floats
    weight: Floats
    limits: Limits
    left_out: pl.DataFrame

    @property
    def expected_cases(self) -> Floats:
        """Mean of the cases of each unit over the draws, (units,)."""
        return np.asarray(self.cases.mean(axis=0))

    @property
    def people(self) -> Floats:
        """People of each unit, (units,)."""
        return self.units["people"].cast(pl.Float64).to_numpy()

    @property
    def costs(self) -> Floats:
        """SEK of offering each unit each package, (units, packages)."""
        return np.asarray(self.limits.uses[0])

    @property
    def budget_sek(self) -> float:
        """What may be spent."""
        return float(self.limits.there[0])

    @property
    def values(self) -> Floats:
        """Cases that offering each unit each package is expected to avert, weighted, (units, packages)."""
        effect = np.maximum(self.effect.mean(axis=0), _LEAST_EFFECT)
        shares = [1 - np.prod([1 - self.reach[:, p] * effect[p] for p in package], axis=0) for package in self.packages]
        return np.asarray((self.weight * self.expected_cases)[:, None] * np.column_stack(shares))

    @property
    def robustness(self) -> Floats:
        """Share of draws in whose own best plan each unit is, (units,)."""
        some = np.unique(np.linspace(0, len(self.cases) - 1, _SOLVED).round().astype(int))
        rows = np.arange(len(self.cases)) if self.limits.is_knapsack else some
        drawn = replace(self, effect=np.maximum(self.effect, _LEAST_EFFECT))
        shares = np.stack([drawn.averted_share(number, rows) for number in range(len(self.packages))], axis=2)
        return robustness((self.weight * self.cases[rows])[:, :, None] * shares, self.limits)

    @property
    def full_cost_sek(self) -> float:
        """What offering each unit the package that costs most takes."""
        return float(np.where(self.limits.offered, self.costs, 0.0).max(axis=1).sum())

    def best_shares(self, budget_sek: float | None = None) -> Floats:
        """Shares, (units, packages), that avert most expected cases for a budget, by default the scenario's."""
        there = np.array([budget_sek or self.budget_sek, *self.limits.there[1:]])
        shares = best_packages(self.values, replace(self.limits, there=there))
        if shares is None:
            raise DesignError(
                Problem(
                    "floors that cannot be met together with the budget and the hours of staff",
                    "at least one choice of units within all of them",
                    "lower the floors, give a larger budget or more staff, or let units be divided",
                )
            )
        return shares

    def averted_share(self, package: int, rows: NDArray[np.integer] | slice = slice(None)) -> Floats:
        """Share of each unit's cases that a package averts, (draws, units): programmes act independently."""
        left = [1 - self.effect[rows, p, None] * self.reach[:, p] for p in self.packages[package]]
        return np.asarray(1 - np.prod(left, axis=0))

    def averted_by_unit(self, shares: Floats) -> Floats:
        """Cases averted by those shares in each unit, (draws, units)."""
        averted = np.zeros_like(self.cases)
        for number in np.flatnonzero(shares.any(axis=0)):
            averted += self.averted_share(int(number)) * shares[:, number]
        return averted * self.cases

    def averted(self, shares: Floats) -> Floats:
        """Cases averted by those shares, (draws,)."""
        if len(self.packages) == 1:  # the same without a matrix of draws and units
            return np.asarray(self.effect[:, 0] * (self.cases @ (self.reach[:, 0] * shares[:, 0])))
        return np.asarray(self.averted_by_unit(shares).sum(axis=1))

    def offered(self, shares: Floats) -> Floats:
        """Share of each unit that is offered each programme, (units, programmes)."""
        holds = [[p in package for p in range(self.reach.shape[1])] for package in self.packages]
        return shares @ np.array(holds, dtype=np.float64)

    def allocated(self, shares: Floats) -> dict[str, Floats]:
        """Give share offered, people reached, kronor and hours of staff, each (units, programmes)."""
        offered, programmes = self.offered(shares), self.scenario.programmes
        reached = offered * self.reach * self.people[:, None]

        def uses(fixed: str, each: str) -> Floats:
            by_unit, by_person = ([getattr(programme, name) for programme in programmes] for name in (fixed, each))
            return np.asarray(offered * np.array(by_unit) + reached * np.array(by_person))

        return {
            "share": offered,
            "reached": reached,
            "cost_sek": uses("unit_cost_sek", "person_cost_sek"),
            "staff_hours": uses("unit_staff_hours", "person_staff_hours"),
        }


def build_problem(
    units: Units,
    scenario: Scenario,
    *,
    care_need: pl.DataFrame | None = None,
    municipalities: pl.DataFrame | None = None,
    seed: int = 0,
) -> AllocationProblem:
    """Check what a scenario asks for and price every package in every unit."""
    frame = _with(_with(units.units, care_need, CARE_NEED), municipalities, MUNICIPALITY)
    UsageError.refuse(scenario_problems(frame, scenario))
    cases, programmes = np.asarray(units.cases_draws, dtype=np.float64), scenario.programmes
    reach = np.column_stack([reached_shares(each, frame) for each in programmes])
    reasons = _reasons(units.units, reach)
    kept = reasons.is_null().to_numpy()
    inside, weights = need_quintiles(frame), np.ones(frame.height)
    if scenario.equity_weights is not None and inside is not None:
        weights = inside @ np.array(scenario.equity_weights)
    drawn = [each.adherence * reduction_draws(each, len(cases), seed) for each in programmes]
    problem = AllocationProblem(
        units=_with(units.units, care_need, CARE_NEED).filter(kept),
        scenario=scenario,
        packages=scenario.packages,
        cases=cases[:, kept],
        all_cases=cases.sum(axis=1),
        effect=np.column_stack(drawn),
        reach=reach[kept],
        weight=weights[kept],
        limits=_limits(scenario, frame.filter(kept), reach[kept]),
        left_out=_left_out(units.left_out, units.units, reasons),
    )
    DesignError.refuse(feasibility_problems(scenario, problem.limits, reach.max(axis=0)))
    return problem


def _limits(scenario: Scenario, units: pl.DataFrame, reach: Floats) -> Limits:
    programmes, people = scenario.programmes, units["people"].cast(pl.Float64).to_numpy()[:, None]
    prices = {
        "kronor": [(each.unit_cost_sek, each.person_cost_sek) for each in programmes],
        "hours": [(each.unit_staff_hours, each.person_staff_hours) for each in programmes],
    }
    by_unit, by_person = (np.array([[pair[n] for pair in each] for each in prices.values()]) for n in (0, 1))
    uses = by_unit[:, None, :] + by_person[:, None, :] * (people * reach)
    together = np.stack([uses[:, :, list(package)].sum(axis=2) for package in scenario.packages], axis=2)
    there = [scenario.budget_sek, *([] if scenario.staff_hours is None else [scenario.staff_hours])]
    whole = [any(programmes[p].unit_cost_sek > 0 for p in package) for package in scenario.packages]
    floors = [name for name, _ in scenario.floors]
    members = [(units[MUNICIPALITY] == name).fill_null(value=False).to_numpy() for name in floors]
    return Limits(
        uses=together[: len(there)],
        there=np.array(there, dtype=np.float64),
        offered=np.column_stack([(reach[:, list(package)] > 0).all(axis=1) for package in scenario.packages]),
        whole=np.array(whole) | scenario.whole_units,
        members=np.array(members, dtype=bool).reshape(len(floors), units.height),
        floors=np.array([least for _, least in scenario.floors], dtype=np.float64),
    )


def _with(units: pl.DataFrame, given: pl.DataFrame | None, column: str) -> pl.DataFrame:
    """Give units a column from a frame, by the names that they share."""
    if given is None:
        return units
    keys = [name for name in given.columns if name in units.columns and name not in (*NOT_NAMES, column)]
    return units.drop(column, strict=False).join(
        given.select(*keys, column), on=keys, how="left", maintain_order="left"
    )


def _reasons(units: pl.DataFrame, reach: Floats) -> pl.Series:
    """Why a unit cannot be chosen, null where it can."""
    grouping = [column for column in naming_columns(units) if column != "unit"]
    smallest = SMALLEST_STRATUM if len(grouping) > 1 else 1
    reached = pl.Series(reach.max(axis=1) > 0) | (reach.max() == 0)  # that nobody is reached at all is an error
    return units.select(
        pl.when(pl.col("people") < 1)
        .then(pl.lit("nobody eligible"))
        .when(pl.col("people") < smallest)
        .then(pl.lit(f"stratum of fewer than {SMALLEST_STRATUM} people"))
        .when(~reached)
        .then(pl.lit("reached by no programme"))
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
