"""Where prevention does most good for a budget, how much, and how sure that is; by areas, groups and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Programme, Scenario
from riskstrat.disclosure import Disclosure
from riskstrat.errors import Problem, UsageError
from riskstrat.records.omission import Omission

OBSERVED_CASES = "observed_cases"
OBSERVED_INDEX_DATES = "observed_index_dates"
OBSERVED_CASE_PERSONS = "observed_case_persons"
"""The distinct persons behind the observed cases."""

CARE_NEED = "care_need_index"
TRUE_CASES = "true_cases"
"""Cases that are truly to come in a unit, which only simulations know."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A posterior mean with its 90 % interval.

    Examples
    --------
    >>> print(Interval(estimate=1.4, lower=0.5, upper=2.6))
    1.4 (0.5 to 2.6)
    """

    estimate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.estimate:.3g} ({self.lower:.3g} to {self.upper:.3g})"

    def columns(self, name: str) -> dict[str, float]:
        """Give the three numbers as the columns ``name``, ``name_lower`` and ``name_upper`` of a frame."""
        return {name: self.estimate, f"{name}_lower": self.lower, f"{name}_upper": self.upper}


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A choice of units for a budget, evaluated on the same posterior draws as every other number.

    All intervals are 90 % and concern what is *expected* (uncertain risk and effect); the number that will be counted
    varies more, by chance. The plan is the best one for the mean of the draws, so on these draws it cannot do worse
    than the strategies it is compared with; whether it does better in truth is what the honesty benchmark tests.

    Attributes
    ----------
    scenario
        Programmes, budget and rules.
    full_cost_sek
        What reaching everybody in every unit would cost, with the package of programmes that costs most.
    staff_hours
        Hours of staff that the plan takes.
    whole_units
        Whether units are taken whole.
    units
        One row a unit: the columns of `by`, people, share (of the unit offered any programme, 0-1), reached (people,
        in each programme that they take part in), cost_sek, cases (expected within the horizon), averted with
        ``_lower`` and ``_upper``, robustness (share of draws in whose own best plan the unit is). Where known:
        observed_cases, observed_index_dates (training cohort) and care_need_index.
    allocated
        One row a unit and programme that it is offered: the columns of `by`, programme, share, reached, cost_sek and
        staff_hours.
    averted, nnt, cost_per_averted
        Cases averted within the horizon; people to reach, and SEK to spend, to avert one: infinite where the interval
        of averted cases contains 0.
    averted_draws
        Cases averted, (draws,), to be paired with those of other plans for the same units and seed.
    break_even
        Relative risk reduction among those who complete at which the savings of all payers equal what is spent; above 1
        no effect is large enough, infinite where a case costs nothing.
    net_cost
        Rows that add up: ``undivided`` (programmes for which no payer is declared), one row a payer with its share of
        the cost and what it saves, and ``all``: cost_sek, saving_sek, saving_lower, saving_upper, net_cost_sek,
        net_cost_lower, net_cost_upper.
    outside_share
        Share of all expected cases that arise where no programme is offered (the prevention paradox).
    next_million, next_unit
        Cases averted per further million kronor, and the unit that most of it would go to; 0 and none once everybody
        is offered everything.
    comparisons
        One row a strategy (plan, equal_share, care_need_index, raw_counts, raw_rates, random): averted, lower, upper,
        and the paired difference plan minus strategy with ``difference_lower`` and ``difference_upper``. In simulations
        whose units tell ``true_cases`` also the strategy oracle, ``true_averted`` and ``gain``.
    absent
        Strategies that could not be computed and the column that was missing or the same in all units.
    curve
        One row a budget, from about a hundredth of the full cost to what is enough for everybody: budget_sek, averted,
        lower, upper, cost_per_averted with ``_lower`` and ``_upper``, reached, staff_hours, people and observed cases
        in the units chosen.
    curve_net_cost, curve_units
        The same budgets by payer, with the columns of `net_cost`, and by unit chosen, with its share.
    left_out
        Frame of reason, units, people: what could not be chosen.
    seed
        Of the draws of effect and of the random strategy.
    """

    scenario: Scenario
    spent_sek: float = field(repr=False)
    full_cost_sek: float = field(repr=False)
    staff_hours: float = field(repr=False)
    whole_units: bool
    by: tuple[str, ...]
    units: pl.DataFrame = field(repr=False)
    allocated: pl.DataFrame = field(repr=False)
    averted: Interval = field(repr=False)
    averted_draws: NDArray[np.float64] = field(repr=False)
    nnt: Interval = field(repr=False)
    cost_per_averted: Interval = field(repr=False)
    break_even: Interval = field(repr=False)
    net_cost: pl.DataFrame = field(repr=False)
    outside_share: Interval = field(repr=False)
    next_million: Interval = field(repr=False)
    next_unit: str | None = field(repr=False)
    comparisons: pl.DataFrame = field(repr=False)
    absent: Mapping[str, str]
    curve: pl.DataFrame = field(repr=False)
    curve_net_cost: pl.DataFrame = field(repr=False)
    curve_units: pl.DataFrame = field(repr=False)
    left_out: pl.DataFrame = field(repr=False)
    seed: int
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)

    @property
    def programmes(self) -> tuple[Programme, ...]:
        """The programmes that competed for the budget."""
        return self.scenario.programmes

    @property
    def programme(self) -> Programme:
        """The one programme of the plan.

        Raises
        ------
        UsageError
            If several competed: what is asked of the one programme must then be told which.
        """
        if len(self.programmes) > 1:
            names = ", ".join(each.name for each in self.programmes)
            raise UsageError(Problem(f"a plan of {names}", "a plan of one programme", "choose one of plan.programmes"))
        return self.programmes[0]

    @property
    def budget_sek(self) -> float:
        """What could be spent."""
        return self.scenario.budget_sek

    @property
    def beats_spreading(self) -> bool:
        """Whether the plan surely averts more than the same share of every unit: the whole interval is above 0."""
        lower = self.comparisons.filter(strategy="equal_share")["difference_lower"].item()
        return bool(lower > 0)

    @property
    def selected(self) -> pl.DataFrame:
        """The units that the plan reaches, whole or in part, in the order of `units`."""
        return self.units.filter(pl.col("share") > 0)

    @property
    def robustness(self) -> pl.DataFrame:
        """For every unit, the share of draws in whose own best plan it is."""
        return self.units.select(*self.by, "robustness")

    @property
    def reached(self) -> float:
        """Expected number of people who take part, in each programme that they take part in."""
        return float(self.units["reached"].sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenarios:
    """Plans beside each other, for the same units on the same draws.

    Attributes
    ----------
    plans
        By the name of the scenario; the first is the one that the others are compared with.
    table
        One row a scenario: budget_sek, spent_sek, reached, staff_hours; averted, cost_per_averted and net_cost_sek (of
        all payers) with ``_lower`` and ``_upper``; ``difference`` in averted cases, this one minus the first on the
        same draws, with its interval; ``beats_spreading``, whether it surely averts more than the same share of every
        unit would for its money.
    """

    plans: Mapping[str, Plan] = field(repr=False)
    table: pl.DataFrame

    @property
    def first(self) -> Plan:
        """The plan that the others are compared with."""
        return next(iter(self.plans.values()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Plans:
    """Plans for one budget; where there is none, why.

    By whole areas, by groups within areas, and by groups of the whole municipality. ``scenarios`` sets the first beside
    those of the settings; None where these have none.
    """

    areas: Plan | Omission = field(repr=False)
    strata: Plan | Omission = field(repr=False)
    groups: Plan | Omission = field(repr=False)
    scenarios: Scenarios | None = field(default=None, repr=False)

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """What could not be planned, and why."""
        return tuple(each for each in (self.areas, self.strata, self.groups) if isinstance(each, Omission))
