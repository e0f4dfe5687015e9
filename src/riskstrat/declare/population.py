"""Populations: who is eligible at the index date.

In: declarations. Out: rules that leave people out, as polars expressions.
"""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.durations import window_days
from riskstrat.declare.features import Count, Duration, EventFeature, Ever
from riskstrat.declare.view import Rule
from riskstrat.errors import number_of

Years = Annotated[int, Field(ge=0, le=130)]
_SEXES = MappingProxyType(
    {
        "female": LocalisedText(en="women only", sv="endast kvinnor"),
        "male": LocalisedText(en="men only", sv="endast män"),
    }
)
_LATE = LocalisedText(
    en="who comes to live here later, or is covered later, enters late",
    sv="den som flyttar hit senare, eller täcks av registren senare, inträder sent",
)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class HistoryRule(Declaration):
    """A rule about what was known of a person before the index.

    Parameters
    ----------
    having
        A `Duration`, `Ever` or `Count` of the person's own rows, or several as alternatives: it holds for who has any
        visible row (for `Duration`: any day of a spell) in the window of one of them, which is who has more than 0 in
        the feature.
    reason
        How the flow names who is left out.

    Examples
    --------
    >>> insulin = Ever(register="prescriptions", codes="A10A", within="1y")
    >>> rule = Including(having=insulin, reason=LocalisedText(en="without insulin", sv="utan insulin"))
    >>> rule.alternatives == (insulin,)
    True
    """

    having: EventFeature | tuple[EventFeature, ...]
    reason: LocalisedText

    @property
    def alternatives(self) -> tuple[EventFeature, ...]:
        """The features of which one must be above 0."""
        return self.having if isinstance(self.having, tuple) else (self.having,)

    @model_validator(mode="after")
    def _is_a_presence(self) -> Self:
        known = [isinstance(one, Count | Duration | Ever) and isinstance(one.within, str) for one in self.alternatives]
        if not known or not all(known) or any(one.relative for one in self.alternatives):
            raise ValueError(
                "having must be a Duration, Ever or Count of the person's own rows, within a length of time"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Excluding(HistoryRule):
    """People left out because of what was known of them before the index.

    Parameters
    ----------
    having, reason
        As in `HistoryRule`; who has it is left out.

    Examples
    --------
    >>> housing = Duration(register="services", codes="special_housing", within="1d")
    >>> Excluding(having=housing, reason=LocalisedText(en="in special housing", sv="i särskilt boende")).reason.en
    'in special housing'
    """


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Including(HistoryRule):
    """People who are studied only because of what was known of them before the index.

    Parameters
    ----------
    having, reason
        As in `HistoryRule`; who has none of it is left out, and so is who was not observed then.

    Examples
    --------
    >>> smoking = Ever(register="measurements", codes="smoking", equal_to=1, within="5y")
    >>> Including(having=smoking, reason=LocalisedText(en="not known to smoke", sv="inte kända rökare")).reason.en
    'not known to smoke'
    """


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Population(Declaration):
    """Who is eligible at an index date: alive, resident the day before it, and as said here.

    Parameters
    ----------
    age_years
        Lowest and highest whole elapsed years, both included.
    resident_days
        Days of unbroken residence before the index.
    sex
        Only this sex.
    including
        Rules that must all hold, each with the reason that the flow gives for who is left out by it.
    excluding
        Rules none of which may hold, each with its reason.
    late_entry
        People who come to live here after their index date, or whose index date lies before what is covered, enter
        late instead of being left out: they are at risk once all of the above holds of their residence (left
        truncation). Washout, `including` and `excluding` then count back from the day on which they enter; ages stay
        those at the index. In a study models of time (`Cox`, say) learn from them; models of the status at the horizon,
        tests and areas leave them out, and the flow counts them.

    Examples
    --------
    >>> Population(age_years=(40, 59), resident_days=1826).age_years
    (40, 59)
    """

    age_years: tuple[Years, Years] = (0, 130)
    resident_days: Annotated[int, Field(ge=0)] = 0
    sex: Literal["female", "male"] | None = None
    including: tuple[Including, ...] = ()
    excluding: tuple[Excluding, ...] = ()
    late_entry: bool = False

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.age_years[0] > self.age_years[1]:
            raise ValueError("age_years must be (lowest, highest)")
        return self

    @property
    def registers(self) -> tuple[str, ...]:
        """The event tables that `including` and `excluding` read."""
        return tuple(one.register for rule in (*self.including, *self.excluding) for one in rule.alternatives)

    def rules(self) -> tuple[Rule, ...]:
        """Rules of age_years and sex at the index."""
        youngest, oldest = self.age_years
        age = pl.col("age_years")
        other_sex = pl.lit(value=False) if self.sex is None else pl.col("sex") != self.sex
        return (
            Rule.of(f"younger than {number_of(youngest, 'year')}", f"yngre än {youngest} år", age < youngest),
            Rule.of(f"older than {number_of(oldest, 'year')}", f"äldre än {oldest} år", age > oldest),
            Rule.of("of the other sex", "av det andra könet", other_sex),
        )

    @property
    def description(self) -> tuple[LocalisedText, ...]:
        """Description of who is eligible, one text a requirement."""
        youngest, oldest = self.age_years
        days = self.resident_days
        aged = LocalisedText(
            en=f"aged {youngest} to {oldest} at the index date", sv=f"{youngest} till {oldest} år på indexdatum"
        )
        resident = LocalisedText(
            en=f"resident without a break for {days} days before", sv=f"folkbokförda utan avbrott i {days} dagar före"
        )
        return (
            LocalisedText(en="alive, and resident the day before", sv="i livet, och folkbokförda här dagen före"),
            aged,
            *([_SEXES[self.sex]] if self.sex else []),
            *([resident] if days else []),
            *([_LATE] if self.late_entry else []),
        )

    def residence_rules(self) -> tuple[Rule, ...]:
        """Rule of resident_days, the unbroken days of residence before the index."""
        days = self.resident_days
        en, sv = f"resident for less than {days} days", f"folkbokförda kortare tid än {days} dagar"
        return (Rule.of(en, sv, pl.col("resident_days") < days),)


def in_window(having: EventFeature) -> pl.Expr:
    """Say whether a row (date, end_date) lies in the window before index_date; a spell without an end is open."""
    last = pl.col("index_date") - timedelta(days=1 + having.gap_days)
    begun = pl.col("date") <= last
    days = window_days(str(having.within))
    if days is None:
        return begun
    whole_spell = pl.min_horizontal(pl.col("end_date").fill_null(last), last)
    until = whole_spell if isinstance(having, Duration) else pl.col("date")
    return begun & (until > last - timedelta(days=days))
