"""Outcomes that are a level reached: by the measurement nearest an age, or by a score over a look-back.

In: declarations, a view of the registers and candidates. Out: who reached the level when, and who had before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.codes import growth_z, iotf_cutoff_bmi
from riskstrat.codes.scores import DECIMALS, Score, score
from riskstrat.declare.base import CONFIG, LocalisedText
from riskstrat.declare.calendar import plus_months
from riskstrat.declare.durations import Window, describe_lookback, window_days
from riskstrat.declare.event_queries import EventQuery, Rows, describe_rows
from riskstrat.declare.features.published import PLAUSIBLE_Z
from riskstrat.declare.outcomes import EventOutcome, RegisterOutcome
from riskstrat.declare.rows import ANY_VALUE, Bound
from riskstrat.declare.view import View
from riskstrat.declare.windows import Years


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class MeasuredAbove(RegisterOutcome):
    """The measurement nearest an age is at or above a level; people without one are not assessed.

    Parameters
    ----------
    register, codes
        The measurement; values that are not plausible for the reference (beyond `PLAUSIBLE_Z`) are skipped.
    reference, level
        ``"iotf"`` with ``"overweight"`` or ``"obesity"``, or None with a value.
    age_years
        Ages between which a measurement counts: the first included, the last not.
    nearest_years
        The age that the measurement should be nearest to; of two equally near the earlier counts.

    Examples
    --------
    >>> MeasuredAbove(
    ...     register="child_health", codes="bmi_kg_m2", reference="iotf", level="obesity",
    ...     age_years=(3.5, 5.5), nearest_years=4.0,
    ... ).must_be_measured
    True
    """

    reference: Literal["iotf"] | None = None
    level: Literal["overweight", "obesity"] | Bound
    age_years: tuple[Years, Years]
    nearest_years: Years

    @model_validator(mode="after")
    def _level_fits(self) -> Self:
        if isinstance(self.level, str) != (self.reference is not None):
            raise ValueError('level is "overweight" or "obesity" with reference "iotf", or a value without a reference')
        if self.value_range != ANY_VALUE:
            raise ValueError("level says which values count: leave out at_least, at_most and equal_to")
        if not self.age_years[0] <= self.nearest_years <= self.age_years[1]:
            raise ValueError("nearest_years must lie between the two of age_years")
        return self

    @property
    def description(self) -> LocalisedText:
        """Which measurement, at what age, against which level."""
        rows = describe_rows(self)
        level = f"{self.reference}: {self.level}" if self.reference else f"{self.level:g}"
        youngest, oldest = self.age_years
        return LocalisedText(
            en=f"value of {rows.en} nearest {self.nearest_years:g} years of age, from {youngest:g} to before "
            f"{oldest:g}, at or above {level}; who was not measured is not assessed",
            sv=f"värdet av {rows.sv} närmast {self.nearest_years:g} års ålder, från {youngest:g} till före "
            f"{oldest:g}, på eller över {level}; den som inte mätts är inte bedömd",
        )

    @property
    def must_be_measured(self) -> bool:
        """Who was not measured is not assessed."""
        return True

    def found(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give everybody who was measured, with the date where it was at or above the level.

        Who may still be measured after `view.last_day` is left out: a later measurement may be nearer the age.
        """
        measured = view.events(self).join(self._with_window(view, candidates), on="person_id")
        in_time = pl.col("date").is_between("first_date", "last_date")
        above = pl.col("value") >= self._level()
        return _nearest(measured.filter(in_time).filter(self._usable())).select(
            "row", outcome_date=pl.when(above).then("date")
        )

    def _with_window(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Add the days between which each candidate's measurement counts, and the day it should be nearest to."""
        youngest, oldest = self.age_years
        day = timedelta(days=1)
        window_end = _at_age(oldest) - day
        is_open = ~pl.col("horizon_covered") & (pl.col("last_day") == view.last_day) & (window_end > view.last_day)
        return candidates.filter(~is_open).select(
            "row",
            "person_id",
            "birth_date",
            "sex",
            first_date=pl.max_horizontal(_at_age(youngest), pl.col("index_date") + day),
            last_date=pl.min_horizontal(window_end, "last_day"),
            best_date=_at_age(self.nearest_years),
        )

    def _usable(self) -> pl.Expr:
        measured = pl.col("value").is_not_null() & pl.col("value").is_finite()
        if self.reference is None:
            return measured
        z = growth_z(self.reference, sex=pl.col("sex"), age_days=_age_days(), value=pl.col("value"))
        return measured & (z.abs() <= PLAUSIBLE_Z)

    def _level(self) -> pl.Expr:
        if isinstance(self.level, str):
            return iotf_cutoff_bmi(self.level, sex=pl.col("sex"), age_days=_age_days())
        return pl.lit(self.level)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class ScoreReaches(EventOutcome):
    """The first day with a row of the score on which it is at or above a level.

    The score of a day is the sum of the points of the distinct items recorded in the look-back that ends with it. Rows
    from before the index add to it; who is at the level already is left out by a washout as long as the look-back.

    Parameters
    ----------
    score
        ``"hfrs"``: items only add, none gives way to another.
    level
        The points that must be reached (the hospital frailty risk score speaks of risk from 5, of high risk from 15).
    within
        Look-back of the score, which ends with the day itself.
    codes
        Only items with these codes.

    Examples
    --------
    >>> ScoreReaches(register="diagnoses", settings=("inpatient",), level=5, washout="2y").within
    '2y'
    """

    score: Literal["hfrs"] = "hfrs"
    codes: str = "*"
    level: Annotated[float, Field(gt=0)]
    within: Window = "2y"

    @property
    def event_description(self) -> LocalisedText:
        """The score, the level, and what counts towards it."""
        rows, within = describe_rows(self), describe_lookback(self.within)
        return LocalisedText(
            en=f"{self.score} of {rows.en} over {within.en} at or above {self.level:g}",
            sv=f"{self.score} av {rows.sv} under {within.sv} på eller över {self.level:g}",
        )

    @property
    def rows(self) -> tuple[Rows, ...]:
        """The rows of the score's items."""
        items = ", ".join(str(item.codes) for item in score(self.score).items)
        meant = items if self.codes == "*" else self.codes
        return (EventQuery(self.register, meant, self.settings, self.positions, self.value_range),)

    def occurrences(self, view: View) -> pl.LazyFrame:
        """Give every day with a row of the score on which it is at or above the level."""
        items = _items(view.events(self.rows[0]), score(self.score))
        changes = pl.concat(_changes(items, window_days(self.within)), how="vertical")
        days = changes.group_by("person_id", "date").agg(pl.col("points").sum(), pl.col("recorded").any())
        total = pl.col("points").cum_sum().over("person_id").round(DECIMALS)
        reached = days.sort("person_id", "date").filter(pl.col("recorded"), total.ge(self.level))
        return reached.select("person_id", "date", since="date")


def _nearest(measured: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the row nearest to the best date, of equally near ones the first by date, code and value."""
    distance = (pl.col("date") - pl.col("best_date")).dt.total_days().abs()
    ordered = measured.with_columns(distance=distance).sort("row", "distance", "date", "code", "value")
    return ordered.group_by("row", maintain_order=True).first()


def _at_age(years: float) -> pl.Expr:
    return plus_months(pl.col("birth_date"), round(years * 12))


def _age_days() -> pl.Expr:
    return (pl.col("date") - pl.col("birth_date")).dt.total_days()


def _items(events: pl.LazyFrame, of: Score) -> pl.LazyFrame:
    """Give person_id, date, item and points of each row that is an item of the score, each item once a day."""
    codes = events.select(pl.col("code").unique()).collect().to_series()
    pairs = pl.LazyFrame(of.pairs(codes), schema={"code": pl.String, "item": pl.Int64}, orient="row")
    items = events.join(pairs, on="code").select("person_id", "date", "item").unique()
    return items.with_columns(points=of.points_of(pl.col("item")))


def _changes(items: pl.LazyFrame, days: int | None) -> list[pl.LazyFrame]:
    """Give the changes of the score: up on the day of a row, down when the look-back passes it or its item recurs.

    Where an item recurs it falls and rises on the same day, which leaves the score as it is: items count once.
    """
    rises = items.select("person_id", "date", "points", recorded=pl.lit(value=True))
    recurs = pl.col("date").shift(-1).over("person_id", "item", order_by="date")
    ends = recurs if days is None else pl.min_horizontal(pl.col("date") + timedelta(days=days), recurs)
    falls = items.select("person_id", ends.alias("date"), -pl.col("points"), recorded=pl.lit(value=False))
    return [rises, falls.drop_nulls("date")]
