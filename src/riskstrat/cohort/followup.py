"""What happened after the index date: outcome, competing death or censoring, and when.

In: candidates with the end of their residence and their death. Out: event, duration_days and assessed.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from riskstrat.cohort.entry import from_entry
from riskstrat.cohort.order import in_order
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, LocalisedText
from riskstrat.declare.view import Rule

CENSORED, OUTCOME, COMPETING = 0, 1, 2


def follow_up(condition: Condition, view: RegisterView, candidates: pl.DataFrame) -> pl.DataFrame:
    """Add event, duration_days and assessed to candidates.

    `last_day` is the earliest of index + horizon, the last day of which all was known, the last day of residence and
    the day of death; an outcome on it counts, a death on it counts where there is no outcome, else it censors.
    """
    followed = candidates.with_columns(last_day=_last_day(view))
    found = condition.outcome.found(view, from_entry(followed).lazy()).with_columns(looked_at=True).collect()
    merged = followed.join(in_order(found, "row"), on="row", how="left", maintain_order="left")
    return merged.with_columns(_event(), _assessed(condition)).with_columns(_duration(view.horizon_days))


def ends(view: RegisterView) -> tuple[Rule, ...]:
    """Name every way in which the time at risk can end; each row is in the first that holds."""
    ways = (
        ("outcome", "utfall", pl.col("event") == OUTCOME),
        ("died without the outcome", "avlidna utan utfallet", pl.col("event") == COMPETING),
        ("not assessed: not measured", "inte bedömda: inte mätta", ~pl.col("assessed")),
        (
            "without the outcome to the horizon",
            "utan utfallet till horisontens slut",
            pl.col("duration_days") == view.horizon_days,
        ),
        (
            "followed to the last day that is known",
            "följda till den sista kända dagen",
            pl.col("last_day") == view.last_day,
        ),
        ("moved away", "flyttade", pl.lit(value=True)),
    )
    return tuple(Rule(reason=LocalisedText(en=en, sv=sv), leaves_out=ended) for en, sv, ended in ways)


def _last_day(view: RegisterView) -> pl.Expr:
    return pl.min_horizontal(
        pl.col("index_date") + timedelta(days=view.horizon_days),
        pl.lit(view.last_day),
        "resident_until",
        "death_date",
    )


def _event() -> pl.Expr:
    happened = pl.col("outcome_date").is_not_null()
    event = pl.when(happened).then(OUTCOME).when(_died()).then(COMPETING).otherwise(CENSORED)
    return event.cast(pl.Int8).alias("event")


def _died() -> pl.Expr:
    """Say who died in follow-up before anybody looked for the outcome."""
    died = pl.col("death_date") == pl.col("last_day")
    return died.fill_null(value=False) & pl.col("looked_at").is_null()


def _assessed(condition: Condition) -> pl.Expr:
    known = pl.col("looked_at").is_not_null() | _died() if condition.outcome.must_be_measured else pl.lit(value=True)
    return known.alias("assessed")


def _duration(horizon_days: int) -> pl.Expr:
    """Days to the outcome, to the horizon for who was measured without it, else to the last day."""
    free = pl.col("looked_at").is_not_null() & pl.col("outcome_date").is_null()
    until = pl.coalesce("outcome_date", "last_day") - pl.col("index_date")
    days = pl.when(free).then(horizon_days).otherwise(until.dt.total_days())
    return days.cast(pl.Float64).alias("duration_days")
