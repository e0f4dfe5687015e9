"""Where prevention does most good for a budget, how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from riskstrat.declare import Programme
from riskstrat.disclosure import Disclosure

OBSERVED_CASES = "observed_cases"
OBSERVED_INDEX_DATES = "observed_index_dates"
OBSERVED_CASE_PERSONS = "observed_case_persons"
"""The distinct persons behind the observed cases."""

CARE_NEED = "care_need_index"


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A choice of units for a budget, evaluated on the same posterior draws as every other number.

    All intervals are 90 % and concern what is *expected* (uncertain risk and effect); the number that will be counted
    varies more, by chance. The plan is the best one for the mean of the draws, so on these draws it cannot do worse
    than the strategies it is compared with; whether it does better in truth is what the honesty benchmark tests.

    Attributes
    ----------
    full_cost_sek
        What reaching everybody in every unit would cost.
    whole_units
        Whether units are taken whole, or the last one in part.
    units
        One row a unit: the columns of `by`, people, share (of the unit offered the programme, 0-1), reached (people),
        cost_sek, cases (expected within the horizon), averted with ``_lower`` and ``_upper``, robustness (share
        of draws in whose own best plan the unit is). Where known: observed_cases, observed_index_dates (training
        cohort) and care_need_index.
    averted, nnt, cost_per_averted
        Cases averted within the horizon; people to reach, and SEK to spend, to avert one: infinite where the interval
        of averted cases contains 0.
    break_even
        Relative risk reduction among those who complete at which the savings of all payers equal what is spent; above 1
        no effect is large enough, infinite where a case costs nothing.
    net_cost
        Rows that add up: ``undivided`` (the programme, because who pays is not declared), one row a payer with what it
        saves, and ``all``: saving_sek, saving_lower, saving_upper, net_cost_sek, net_cost_lower, net_cost_upper.
    outside_share
        Share of all expected cases that arise where the programme is not offered (the prevention paradox).
    next_million, next_unit
        Cases averted by one more million kronor at the margin, and the unit that the next krona would go to; 0 and none
        once everybody is offered the programme.
    comparisons
        One row a strategy (plan, equal_share, care_need_index, raw_counts, raw_rates, random): averted, lower, upper,
        and the paired difference plan minus strategy with ``difference_lower`` and ``difference_upper``.
    absent
        Strategies that could not be computed and the column that was missing or the same in all units.
    curve
        One row a budget: budget_sek, averted, lower, upper, people and observed cases in the units chosen.
    left_out
        Frame of reason, units, people: what could not be chosen.
    seed
        Of the draws of effect and of the random strategy.
    """

    programme: Programme
    budget_sek: float
    spent_sek: float = field(repr=False)
    full_cost_sek: float = field(repr=False)
    whole_units: bool
    by: tuple[str, ...]
    units: pl.DataFrame = field(repr=False)
    averted: Interval = field(repr=False)
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
    left_out: pl.DataFrame = field(repr=False)
    seed: int
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)

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
        """Expected number of people who take part."""
        return float(self.units["reached"].sum())
