"""After a pilot: what was counted, whether chance explains it, and what that means for next year's plan.

In: a design and counts by unit. Out: a `riskstrat.records.pilot.PilotEvaluation`; an updated programme.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import LocalisedText, Programme
from riskstrat.declare.pilot import CASES, Decision
from riskstrat.disclosure import CellNoise
from riskstrat.errors import DesignError, Problem, UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import normal_quantile
from riskstrat.pilots.designing import expected_counts, in_reach, model_of
from riskstrat.pilots.notes import DECISIONS, INVERSION, few_allocations, result
from riskstrat.pilots.score import PilotModel
from riskstrat.priorities.effect import reduction_draws
from riskstrat.records.pilot import PilotDesign, PilotEvaluation

Floats = NDArray[np.float64]

_COLUMNS = ("unit", "period", "count", "expected")
_DRAWS = 100_000
_FEWEST_EFFECTIVE = 200


@checked
def evaluate(
    design: PilotDesign, outcomes: pl.DataFrame, outcome: str = CASES, *, noise: CellNoise | None = None
) -> PilotEvaluation:
    """Say what a pilot has shown: the ratio, the randomisation test and, where chance had ways enough, an interval.

    Pairs: given the sum of a pair, the count of the unit that began is binomial (expected counts as offset). Phased:
    Poisson with unit and period terms, log expected as offset. Standard errors are clustered by unit (by pair). The
    test compares with all allocations that could have been, or 9,999 of them where there are more than 20,000.

    Parameters
    ----------
    design
        What `riskstrat.pilots.design` made, or `read_design` read.
    outcomes
        One row a unit (pairs) or a unit and period (phased; from 0): ``unit``, ``period``, ``count`` (whole) and, if
        known better than at the start, ``expected``. Cases in pairs are those from the delay on.
    outcome
        ``"cases"`` or the name of the process outcome.
    noise
        With which counts are protected before anything is computed. The same for the same count, it leaves the test
        exact.

    Returns
    -------
    PilotEvaluation

    Raises
    ------
    UsageError
        If the outcome is not the design's, or rows are missing, doubled, of other units or no counts; all at once.

    Examples
    --------
    >>> evaluation = evaluate(pilot, counts)
    >>> evaluation.decision, evaluation.lower is None
    ('extend', True)
    """
    if outcome not in design.outcomes["outcome"]:
        raise UsageError(unknown("outcome", outcome, design.outcomes["outcome"]))
    timing = design.outcomes.row(by_predicate=pl.col("outcome") == outcome, named=True)
    grid = _grid(design, timing["periods"], expected_counts(design, outcome, timing["periods"]))
    UsageError.refuse(_problems(outcomes, grid))
    table = _joined(grid, outcomes, noise)
    shape = (design.units.height, timing["periods"])
    model, exact = model_of(design, table["expected"].to_numpy().reshape(shape), timing["lag"])
    counts = table["count"].cast(pl.Float64).to_numpy().reshape(shape)
    log_ratio = model.log_ratio(counts)
    limits = _limits(design, model, counts)
    p_value, ratio = float(model.p_values(counts)), float(np.exp(log_ratio))
    decision = _decide(design, outcome, ratio, limits)
    return PilotEvaluation(
        design=design,
        outcome=outcome,
        counts=table.select("unit", "period", pl.Series("begun", model.begun.ravel() == 1), "count", "expected"),
        ratio=ratio,
        lower=None if limits is None else limits[0],
        upper=None if limits is None else limits[1],
        standard_error=model.standard_error(counts, log_ratio) if np.isfinite(log_ratio) else None,
        p_value=p_value,
        exact=exact,
        decision=decision,
        notes=(
            result(design, outcome, ratio, limits, p_value),
            few_allocations(design) if limits is None else INVERSION,
            DECISIONS[decision],
        ),
        protected=noise is not None,
        disclosure=design.disclosure,
    )


@checked
def updated_programme(evaluation: PilotEvaluation, *, seed: int = 0) -> Programme:
    """Give the programme with the effect interval that next year's plan should use.

    Draws of the assumed reduction are weighted by the likelihood of the pilot's log ratio, read from its interval as
    normal on each side; the ratio of a unit's cases is 1 - reach x adherence x reduction, as declared. The new interval
    holds the weighted median and 95 % limits, held within 0 and 1.

    Parameters
    ----------
    evaluation
        Of cases.
    seed
        Of the draws.

    Returns
    -------
    Programme
        The same programme where the pilot gives no interval.

    Raises
    ------
    UsageError
        If the evaluation is of a process outcome.
    DesignError
        If what was assumed and what was seen exclude each other.

    Examples
    --------
    >>> updated_programme(evaluation) == pilot.programme  # no interval: nothing is learnt
    True
    """
    programme = evaluation.design.programme
    if evaluation.outcome != CASES:
        raise UsageError(Problem("an evaluation of a process outcome", "one of cases", "evaluate(design, counts)"))
    if evaluation.lower is None or evaluation.upper is None:
        return programme
    reduction = reduction_draws(programme, _DRAWS, seed)
    weight = _likelihood(evaluation, 1 - in_reach(programme) * reduction)
    if weight.sum() ** 2 < _FEWEST_EFFECTIVE * (weight**2).sum():
        raise DesignError(
            Problem(
                "a pilot whose result lies outside what was assumed of the effect",
                "an assumption that holds what was seen",
                "declare the programme with a new reduction=(low, point, high) and its source",
            )
        )
    limits = np.quantile(reduction, (0.025, 0.5, 0.975), weights=weight, method="inverted_cdf")
    low, point, high = np.clip(limits, 0, 1)
    start, old = evaluation.design.start, programme.source
    source = LocalisedText(
        en=f"{old.en}; effect updated by the pilot begun {start}",
        sv=f"{old.sv}; effekten uppdaterad med pilotstudien som började {start}",
    )
    return replace(programme, reduction=(float(low), float(point), float(high)), source=source)


def _likelihood(evaluation: PilotEvaluation, ratio: Floats) -> Floats:
    """Relative likelihood of ratios; flat on a side where the interval has no end."""
    with np.errstate(divide="ignore"):
        lower, centre, upper = np.log([evaluation.lower or 0.0, evaluation.ratio, evaluation.upper or 0.0])
    if not np.isfinite(centre):
        return np.ones_like(ratio)
    distance = np.log(np.maximum(ratio, 1e-9)) - centre
    half = np.where(distance < 0, centre - lower, upper - centre) / normal_quantile(evaluation.design.rule.level)
    return np.asarray(np.exp(-((distance / half) ** 2) / 2))


def _limits(design: PilotDesign, model: PilotModel, counts: Floats) -> tuple[float, float] | None:
    """Limits of the ratio; none where no result could be unlikely enough, or nobody was counted."""
    if design.least_p > 1 - design.rule.level + 1e-9 or not counts.any():
        return None
    low, high = np.exp(model.limits(counts, design.rule.level))
    return float(low), float(high)


def _decide(design: PilotDesign, outcome: str, ratio: float, limits: tuple[float, float] | None) -> Decision:
    """Decide by the rule; a gain is fewer cases, or a process outcome changed in the direction that is wanted."""
    wanted = design.process is not None and outcome != CASES and design.process.is_wanted
    sign = 1 if wanted else -1
    gains = [] if limits is None else sorted(sign * (limit - 1) for limit in limits)
    return design.rule.decide(sign * (ratio - 1), (gains[0], gains[1]) if gains else None, process=outcome != CASES)


def _grid(design: PilotDesign, periods: int, expected: Floats) -> pl.DataFrame:
    """One row a unit and period, in the order of the design's units."""
    return pl.DataFrame(
        {
            "unit": np.repeat(design.units["unit"].to_numpy(), periods),
            "period": np.tile(np.arange(periods), design.units.height),
            "expected": expected.ravel(),
        }
    )


def _joined(grid: pl.DataFrame, outcomes: pl.DataFrame, noise: CellNoise | None) -> pl.DataFrame:
    given = _with_period(outcomes).select(c for c in _COLUMNS if c in (*outcomes.columns, "period"))
    table = grid.join(given, on=["unit", "period"], how="left", suffix="_given", maintain_order="left")
    if "expected" in outcomes.columns:
        table = table.with_columns(expected=pl.col("expected_given").cast(pl.Float64))
    if noise is None or not noise.width:
        return table
    keys = np.array([noise.key_of("pilot", *row) for row in table.select("unit", "period", "count").iter_rows()])
    return table.with_columns((pl.col("count") + pl.Series(noise.of(keys))).clip(lower_bound=noise.lowest))


def _with_period(outcomes: pl.DataFrame) -> pl.DataFrame:
    named = outcomes.with_columns(pl.col("unit").cast(pl.String))
    period = pl.col("period").cast(pl.Int64) if "period" in named.columns else pl.lit(0, pl.Int64).alias("period")
    return named.with_columns(period)


def _problems(outcomes: pl.DataFrame, grid: pl.DataFrame) -> Iterator[Problem]:
    needed = ["unit", "count", *(["period"] if grid["period"].max() else [])]
    missing = [column for column in needed if column not in outcomes.columns]
    yield from (unknown("column", column, outcomes.columns, table="outcomes") for column in missing)
    yield from (
        unknown("column", column, _COLUMNS, table="outcomes") for column in outcomes.columns if column not in _COLUMNS
    )
    if "count" not in missing:
        yield from _count_problems(outcomes)
    if not missing:
        yield from _row_problems(_with_period(outcomes), grid)


def _count_problems(outcomes: pl.DataFrame) -> Iterator[Problem]:
    count = outcomes["count"]
    if not count.dtype.is_integer() or count.null_count() or bool((count < 0).any()):
        yield _problem("missing, negative or fractional numbers", "whole counts of at least 0", "count")
    if "expected" in outcomes.columns:
        expected = outcomes["expected"].cast(pl.Float64, strict=False)
        if expected.null_count() or not bool(((expected > 0) & expected.is_finite()).all()):
            yield _problem("numbers missing, infinite or not above 0", "expected counts above 0", "expected")


def _row_problems(given: pl.DataFrame, grid: pl.DataFrame) -> Iterator[Problem]:
    keys = ["unit", "period"]
    absent = grid.join(given, on=keys, how="anti").height
    strange = given.join(grid, on=keys, how="anti").height
    doubled = int(given.select(keys).is_duplicated().sum())
    counted = {
        "rows of the design not counted": absent,
        "rows of other units or periods": strange,
        "rows given twice": doubled,
    }
    for what, rows in counted.items():
        if rows:
            yield _problem(f"{what}: {rows}", "each unit of the design once a period", "unit")


def _problem(found: str, expected: str, column: str) -> Problem:
    return Problem(found, expected, "correct the counts", table="outcomes", column=column)
