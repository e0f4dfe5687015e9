"""What happened after the index date: outcome, competing death or censoring, and when.

In: candidates with the end of their residence and their death. Out: event, duration_days, assessed, horizon_covered.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from riskstrat.cohort.eligibility import with_entry_as_index
from riskstrat.cohort.sorting import sorted_by
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition
from riskstrat.declare.view import Rule

CENSORED, OUTCOME, COMPETING = 0, 1, 2


def follow_up(condition: Condition, view: RegisterView, candidates: pl.DataFrame) -> pl.DataFrame:
    """Add event, duration_days, assessed and horizon_covered to candidates.

    `last_day` is the earliest of index + horizon, the last day of which all was known, the last day of residence and
    the day of death; an outcome on it counts, a death on it counts where there is no outcome, else it censors.
    """
    covered = pl.col("index_date") + timedelta(days=view.horizon_days) <= view.last_day
    followed = candidates.with_columns(last_day=view.end_of_follow_up(), horizon_covered=covered)
    found = condition.outcome.found(view, with_entry_as_index(followed).lazy()).with_columns(is_found=True).collect()
    merged = followed.join(sorted_by(found, "row"), on="row", how="left", maintain_order="left")
    is_found, died = pl.col("is_found").is_not_null(), _died()
    event = pl.when(pl.col("outcome_date").is_not_null()).then(OUTCOME).when(died).then(COMPETING).otherwise(CENSORED)
    return merged.with_columns(
        event=event.cast(pl.Int8),
        assessed=is_found | died if condition.outcome.must_be_measured else pl.lit(value=True),
        duration_days=_duration(view),
    )


def end_rules(view: RegisterView) -> tuple[Rule, ...]:
    """Name every way in which the time at risk can end; each row is in the first that holds."""
    not_assessed = ~pl.col("assessed")
    ways = (
        ("outcome", "utfall", pl.col("event") == OUTCOME),
        ("died without the outcome", "avlidna utan utfallet", pl.col("event") == COMPETING),
        (
            "not assessed: horizon not covered",
            "inte bedömda: uppföljningstiden täcks inte",
            not_assessed & ~pl.col("horizon_covered"),
        ),
        ("not assessed: not measured", "inte bedömda: inte mätta", not_assessed),
        (
            "without the outcome to the horizon",
            "utan utfallet till horisontens slut",
            pl.col("duration_days") == view.horizon_days,
        ),
        (
            "followed to the last day that is known",
            "följda till den sista kända dagen",
            pl.col("duration_days") == _known_days(view),
        ),
        ("moved away", "flyttade", pl.lit(value=True)),
    )
    return tuple(Rule.of(*way) for way in ways)


def _died() -> pl.Expr:
    """Say who died in follow-up without an outcome, or a measurement of it, before."""
    died = pl.col("death_date") == pl.col("last_day")
    return died.fill_null(value=False) & pl.col("is_found").is_null()


def _duration(view: RegisterView) -> pl.Expr:
    """Days to the outcome; for who was measured without it to the horizon or the last known day; else to last_day."""
    event_free = pl.col("is_found").is_not_null() & pl.col("outcome_date").is_null()
    known = _known_days(view).clip(upper_bound=view.horizon_days)
    until = pl.coalesce("outcome_date", "last_day") - pl.col("index_date")
    return pl.when(event_free).then(known).otherwise(until.dt.total_days()).cast(pl.Float64)


def _known_days(view: RegisterView) -> pl.Expr:
    """Days from the index to the last day of which all was known."""
    return (pl.lit(view.last_day) - pl.col("index_date")).dt.total_days()
