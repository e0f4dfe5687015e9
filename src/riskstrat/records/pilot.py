"""A pilot: which units begin by chance and what that can show; and what it has shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from riskstrat.declare import LocalisedText, PilotRule, ProcessOutcome, Programme
from riskstrat.declare.pilot import Decision
from riskstrat.disclosure import Disclosure

PilotKind = Literal["pairs", "phased"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PilotDesign:
    """Which of the selected units begin, drawn by chance, and what the pilot can show.

    Attributes
    ----------
    programme, rule, process
        What is tried, when it is stopped, extended or scaled, and what is seen first.
    kind
        ``pairs``: of each of the matched pairs one unit begins, the other waits for the answer. ``phased``: all units
        begin, in an order drawn by chance (stepped wedge).
    start, period_days
        First day of the first period, and its length. In pairs there is one period: it begins when the outcome can
        answer.
    units
        One row a unit: the columns of `by`, people, cases (expected in a period), pair (null in ``phased``),
        first_period (the period, from 0, in which it begins; 1: waits, in pairs) and begins_on (null: waits).
    outcomes
        One row an outcome that is counted (``cases``, the process outcome): lag (periods from a unit's start until it
        answers), periods (to count) and answered_on (the day on which it can be evaluated).
    chance
        One row an outcome and effect (``none``, ``low``, ``point``, ``high``, ``assumed``: drawn from the programme's
        interval): ratio (count in units that have begun over what it would be), probability that the pilot shows it,
        with the interval of the simulation.
    detectable
        One row an outcome: the ratio nearest to 1 that is seen with a probability of 80 %; null where none is.
    allocations, least_p
        How many allocations could have been drawn, and the least two-sided p that the randomisation test can give.
    left_out
        Units that found no partner.
    seed
        Of the allocation and the simulations.
    notes
        What a reader should know, in both languages.
    """

    programme: Programme
    rule: PilotRule
    process: ProcessOutcome | None
    kind: PilotKind
    start: date
    period_days: int
    by: tuple[str, ...]
    units: pl.DataFrame = field(repr=False)
    outcomes: pl.DataFrame = field(repr=False)
    chance: pl.DataFrame = field(repr=False)
    detectable: pl.DataFrame = field(repr=False)
    allocations: int
    least_p: float
    left_out: tuple[str, ...] = ()
    seed: int
    notes: tuple[LocalisedText, ...] = field(default=(), repr=False)
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class PilotEvaluation:
    """What a pilot has shown of one outcome.

    Attributes
    ----------
    outcome
        ``cases`` or the name of the process outcome.
    counts
        One row a unit and period: unit, period, begun (whether the outcome could show the programme), count, expected.
    ratio
        Count in units that have begun over what it would have been without; 0 or infinite where one side counts nobody.
    lower, upper
        Limits at the level of the rule, by inversion of the randomisation test, which is exact at no effect only; None
        where the allocations are too few for an interval.
    standard_error
        Of the log ratio, clustered by unit (by pair in pairs); None where the ratio is 0 or infinite.
    p_value
        Two-sided, of the randomisation test of no effect.
    exact
        Whether all allocations were enumerated; else 9,999 were drawn.
    decision
        ``stop``, ``extend`` or ``scale``, by the rule that was declared.
    notes
        What a reader should know, in both languages.
    """

    design: PilotDesign = field(repr=False)
    outcome: str
    counts: pl.DataFrame = field(repr=False)
    ratio: float
    lower: float | None
    upper: float | None
    standard_error: float | None
    p_value: float
    exact: bool
    decision: Decision
    notes: tuple[LocalisedText, ...] = field(default=(), repr=False)
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure, repr=False)
