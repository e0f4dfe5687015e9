"""Before a pilot: chance decides which of the selected units begin, and simulation says what that can show.

In: units with the posterior of their cases, a plan. Out: a `riskstrat.records.pilot.PilotDesign`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import PilotRule, ProcessOutcome, Programme
from riskstrat.declare.durations import duration_days
from riskstrat.declare.pilot import CASES
from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.pilots.allocation import (
    WAITS,
    count_allocations,
    draw_pairs,
    draw_steps,
    matched_pairs,
    possible_allocations,
)
from riskstrat.pilots.chance import SimulatedPilot
from riskstrat.pilots.notes import design_notes
from riskstrat.pilots.score import PilotModel
from riskstrat.priorities.effect import reduction_draws
from riskstrat.priorities.problem_checks import input_problems, naming_columns
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.pilot import PilotDesign, PilotKind
from riskstrat.records.plan import Plan

Floats = NDArray[np.float64]

LONGEST_WAIT = 366
"""Days from the start within which cases must answer, or a process outcome is needed."""
FEWEST_UNITS = 6
FEWEST_SIMULATIONS = 50
MOST_PERIODS = 60
_SIMULATED_ALLOCATIONS = 1_999
_STRONGEST, _COMMONEST = 0.05, 0.95
"""The furthest ratio, and share of people, that is simulated."""


@checked
def design(
    units: AreaEstimates | Units,
    plan: Plan | Programme,
    *,
    start: date,
    cases_within: str,
    delay: str = "0d",
    kind: PilotKind = "pairs",
    period: str = "1y",
    steps: int = 3,
    process: ProcessOutcome | None = None,
    rule: PilotRule | None = None,
    seed: int = 0,
    simulations: int = 400,
) -> PilotDesign:
    """Let chance decide which of the selected units begin, and say before the start what that can show.

    Parameters
    ----------
    units
        The posterior of each unit's cases: area estimates, or units of them.
    plan
        The plan whose selected units take part, each as a whole, with its programme; or a programme for all units.
    start
        First day.
    cases_within
        Time in which the cases of the draws arise: the condition's horizon; ``"1y"`` for an index at an age, at birth
        or at an event, whose target population is one year's.
    delay
        Time from a unit's start until cases can show an effect: the horizon where the outcome is measured then
        (obesity: ``"913d"`` after the index), ``"0d"`` where cases are counted as they arise.
    kind
        ``pairs``: units are matched by expected cases, people and risk; one of each pair begins, the other waits for
        the answer. ``phased``: all begin, at steps drawn by chance; the first period is before the first step.
    period
        Length of a period; in pairs the one in which cases are counted.
    steps
        Of a phased roll-out, from 2 to the number of units.
    process
        Needed where cases answer later than a year after units begin.
    rule
        For stop, extend, scale; by default `PilotRule()`.
    seed
        Of the allocation, and of the simulations.
    simulations
        Each with a draw of the posterior, an effect and counts by chance; at least 50.

    Returns
    -------
    PilotDesign

    Raises
    ------
    UsageError
        If arguments cannot be used, or a process outcome is needed and not given; all problems at once.
    DesignError
        If fewer than six units with people and expected cases take part.

    Examples
    --------
    >>> pilot = design(units, programme, start="2025-01-01", cases_within="1y", seed=3)
    >>> pilot.allocations, pilot.least_p, pilot.units.filter(pl.col("first_period") == 0).height
    (64, 0.03125, 6)
    """
    rule = rule or PilotRule()
    programme = plan.programme if isinstance(plan, Plan) else plan
    given = units.units() if isinstance(units, AreaEstimates) else units
    lengths, wrong = _lengths(cases_within=cases_within, delay=delay, period=period)
    UsageError.refuse([*wrong, *_problems(given, plan, simulations, steps, kind)])
    timing = _Timing(kind=kind, start=start, delay=lengths["delay"], period=lengths["period"], steps=steps)
    UsageError.refuse(timing.problems(process))
    frame, draws = _selected(given, plan)
    _check_enough(frame)
    draws = draws * lengths["period"] / lengths["cases_within"]
    allocated, left_out = _allocate(frame.with_columns(cases=draws.mean(axis=0)), timing, seed)
    draws = draws[:, np.flatnonzero(frame["unit"].is_in(allocated["unit"].implode()).to_numpy())]
    all_of_them = count_allocations(*_drawn(allocated))
    by = naming_columns(allocated.drop(_OWN))
    drawn = PilotDesign(
        programme=programme,
        rule=rule,
        process=process,
        kind=kind,
        start=start,
        period_days=timing.period,
        by=by,
        units=allocated.select(*by, *_OWN).with_columns(pl.col(by).cast(pl.String)),
        outcomes=timing.outcomes(process),
        chance=pl.DataFrame(),
        detectable=pl.DataFrame(),
        allocations=all_of_them,
        least_p=least_p(all_of_them, kind),
        left_out=left_out,
        seed=seed,
        protected=units.protected,
        disclosure=units.disclosure,
    )
    return design_notes(_simulate(drawn, draws, simulations))


_OWN = ("people", "cases", "pair", "first_period", "begins_on")


def least_p(allocations: int, kind: PilotKind) -> float:
    """Least two-sided p of a randomisation test: swapping every pair gives a result as extreme, so two count in pairs.

    Examples
    --------
    >>> [least_p(2**pairs, "pairs") for pairs in (3, 4, 5, 6)]
    [0.25, 0.125, 0.0625, 0.03125]
    """
    return (2 if kind == "pairs" else 1) / allocations


def model_of(design: PilotDesign, expected: Floats, lag: int, **most: int) -> tuple[PilotModel, bool]:
    """Give the model that evaluates counts of a design's units, and whether it knows all allocations."""
    first, pair = _drawn(design.units)
    allocations, exact = possible_allocations(first, pair, design.seed, **most)
    return PilotModel(expected=expected, first_period=first, pair=pair, lag=lag, allocations=allocations), exact


def in_reach(programme: Programme) -> float:
    """Share of a unit's cases among those who take part and complete: what a reduction of their risk applies to."""
    return programme.eligible_share * programme.mean_reach * programme.adherence


def expected_counts(design: PilotDesign, outcome: str, periods: int) -> Floats:
    """Give the counts that are expected without the programme, (units, periods)."""
    process = design.process
    if process is not None and outcome == process.name:
        one = design.units["people"].to_numpy() * process.share_without
    else:
        one = design.units["cases"].to_numpy()
    return np.tile(one[:, None], (1, periods)).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class _Timing:
    """When units begin and outcomes answer; lengths in days."""

    kind: PilotKind
    start: date
    delay: int
    period: int
    steps: int

    def problems(self, process: ProcessOutcome | None) -> Iterable[Problem]:
        days = self._lag(self.delay) * self.period if self.kind == "phased" else self.delay
        if days + self.period > LONGEST_WAIT and process is None:
            yield Problem(
                f"cases that answer {days + self.period} days after units begin, and no process outcome",
                f"an answer within {LONGEST_WAIT} days, or a process outcome",
                "declare what the programme changes first: process=ProcessOutcome(...)",
            )
        if process is not None and duration_days(process.answers_after) > LONGEST_WAIT:
            yield Problem(
                f"a process outcome that answers after {process.answers_after}",
                f"at most {LONGEST_WAIT} days",
                "choose one that is seen sooner",
            )
        if self._periods(self.delay) > MOST_PERIODS:
            yield Problem(f"more than {MOST_PERIODS} periods", "fewer", "give longer periods or fewer steps")

    def outcomes(self, process: ProcessOutcome | None) -> pl.DataFrame:
        """One row an outcome, the process outcome last."""
        rows = [self._outcome(CASES, self.delay)]
        if process is not None:
            rows.append(self._outcome(process.name, duration_days(process.answers_after)))
        return pl.DataFrame(rows)

    def begins_on(self, first_period: int) -> date | None:
        if self.kind == "pairs":
            return None if first_period == WAITS else self.start
        return self._day(first_period * self.period)

    def _outcome(self, name: str, delay: int) -> dict[str, object]:
        return {
            "outcome": name,
            "lag": self._lag(delay),
            "periods": self._periods(delay),
            "answered_on": self._answered_on(delay),
        }

    def _periods(self, delay: int) -> int:
        return 1 if self.kind == "pairs" else 1 + self.steps + self._lag(delay)

    def _lag(self, delay: int) -> int:
        return 0 if self.kind == "pairs" else ceil(delay / self.period)

    def _answered_on(self, delay: int) -> date:
        """Pairs are counted for a period from the delay on, a roll-out until its last units have answered."""
        return self._day(delay + self.period if self.kind == "pairs" else self._periods(delay) * self.period)

    def _day(self, days: int) -> date:
        return self.start + timedelta(days=days)


def _allocate(frame: pl.DataFrame, timing: _Timing, seed: int) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add pair, first_period and begins_on; name the units that found no partner."""
    rng, pair = np.random.default_rng(seed), None
    if timing.kind == "pairs":
        pairs = matched_pairs(*(frame[column].to_numpy().astype(np.float64) for column in ("cases", "people")))
        first = draw_pairs(pairs, frame.height, rng)
        number = {row: index for index, rows in enumerate(pairs) for row in rows}
        pair = [number.get(row) for row in range(frame.height)]
    else:
        first = draw_steps(frame.height, timing.steps, rng)
    allocated = frame.with_columns(
        pair=pl.Series(pair or [None] * frame.height, dtype=pl.Int64),
        first_period=pl.Series(first),
        begins_on=pl.Series([timing.begins_on(int(each)) for each in first], dtype=pl.Date),
    )
    takes_part = pl.col("pair").is_not_null() | pl.lit(pair is None)
    return allocated.filter(takes_part), tuple(allocated.filter(~takes_part)["unit"].cast(pl.String))


def _simulate(design: PilotDesign, draws: Floats, simulations: int) -> PilotDesign:
    """Add the chances and the detectable ratio of each outcome."""
    chances, seen = [], []
    for row in design.outcomes.iter_rows(named=True):
        expected = expected_counts(design, row["outcome"], row["periods"])
        few = {"most": _SIMULATED_ALLOCATIONS, "sampled": _SIMULATED_ALLOCATIONS}
        model, _ = model_of(design, expected, row["lag"], **few)
        make = _of_cases if row["outcome"] == CASES or design.process is None else _of_process
        pilot, effects, strongest = make(design, model, draws, simulations)
        chances.append(pilot.chances(row["outcome"], effects))
        seen.append({"outcome": row["outcome"], "ratio": pilot.detectable(strongest)})
    detectable = pl.DataFrame(seen, schema={"outcome": pl.String, "ratio": pl.Float64})
    return replace(design, chance=pl.concat(chances), detectable=detectable)


_Simulated = tuple[SimulatedPilot, dict[str, Floats | float], float]


def _of_cases(design: PilotDesign, model: PilotModel, draws: Floats, simulations: int) -> _Simulated:
    """Cases vary as the posterior does, then by chance (Poisson)."""
    rng = np.random.default_rng([design.seed, 1])
    worlds = draws[rng.integers(0, len(draws), simulations)][:, :, None].repeat(model.expected.shape[1], 2)
    pilot = SimulatedPilot(model=model, draws=worlds, level=design.rule.level, seed=design.seed)
    programme = design.programme
    low, point, high = (1 - in_reach(programme) * each for each in programme.reduction)
    assumed = 1 - in_reach(programme) * reduction_draws(programme, simulations, design.seed)
    return pilot, {"none": 1.0, "low": low, "point": point, "high": high, "assumed": assumed}, _STRONGEST


def _of_process(design: PilotDesign, model: PilotModel, _: Floats, simulations: int) -> _Simulated:
    """Shares vary among units as declared, then by chance (binomial)."""
    process = cast("ProcessOutcome", design.process)
    rng = np.random.default_rng([design.seed, 2])
    worlds = model.expected * np.exp(rng.normal(0, process.spread, (simulations, design.units.height, 1)))
    people = design.units["people"].to_numpy().astype(np.float64)
    pilot = SimulatedPilot(model=model, draws=worlds, people=people, level=design.rule.level, seed=design.seed)
    named = ("low", "point", "high") if process.is_wanted else ("high", "point", "low")
    strongest = _COMMONEST / process.share_without if process.is_wanted else _STRONGEST
    return pilot, {"none": 1.0, **dict(zip(named, process.ratios, strict=True))}, strongest


def _drawn(units: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    pair = None if units["pair"].null_count() else units["pair"].to_numpy()
    return units["first_period"].to_numpy(), pair


def _selected(given: Units, plan: Plan | Programme) -> tuple[pl.DataFrame, Floats]:
    """Units that take part, with the draws of their cases; those without people or expected cases tell nothing."""
    draws = np.asarray(given.cases_draws, dtype=np.float64)
    chosen = (given.units["people"].to_numpy() > 0) & (draws.mean(axis=0) > 0)
    if isinstance(plan, Plan):
        chosen &= given.units["unit"].is_in(plan.selected["unit"].implode()).to_numpy()
    return given.units.select(*naming_columns(given.units), "people").filter(chosen), draws[:, chosen]


def _check_enough(frame: pl.DataFrame) -> None:
    if frame.height < FEWEST_UNITS:
        raise DesignError(
            Problem(
                number_of(frame.height, "unit"),
                f"at least {FEWEST_UNITS} (three pairs)",
                "select more units, with a larger budget or smaller areas",
            )
        )


def _lengths(**texts: str) -> tuple[dict[str, int], list[Problem]]:
    lengths, problems = {}, []
    for name, text in texts.items():
        try:
            lengths[name] = 0 if text == "0d" and name == "delay" else duration_days(text)
        except ValueError as wrong:
            problems.append(Problem(f"{name}: {wrong}", "a duration", "write '90d' or '2y'"))
    return lengths, problems


def _problems(given: Units, plan: Plan | Programme, simulations: int, steps: int, kind: PilotKind) -> Iterable[Problem]:
    yield from input_problems(given)
    if isinstance(plan, Plan) and "unit" in given.units.columns:
        strangers = plan.selected.filter(~pl.col("unit").is_in(given.units["unit"].implode())).height
        if strangers:
            yield Problem(
                f"{number_of(strangers, 'unit')} of the plan without a posterior",
                "the units that the plan was made from",
                "give the same estimates to prioritise and to design",
            )
    if simulations < FEWEST_SIMULATIONS:
        yield Problem(f"simulations = {simulations}", f"at least {FEWEST_SIMULATIONS}", "simulate more")
    if kind == "phased" and not 2 <= steps <= given.units.height:
        yield Problem(f"steps = {steps}", "from 2 to the number of units", "correct it")
