"""Index kinds: from which day on people are followed.

In: declarations, and a view of the registers. Out: an index date for each person and landmark.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.calendar import day_number, map_distinct_days, plus_months
from riskstrat.declare.durations import Duration, describe_lookback, duration_days
from riskstrat.declare.event_queries import describe_rows
from riskstrat.declare.rows import RowCriteria
from riskstrat.declare.spells import merged_spells
from riskstrat.declare.view import View
from riskstrat.errors import number_of

LOOK_BACK = dt.timedelta(days=365)
"""Every landmark has at least this much covered time before it."""
_DAYS = MappingProxyType({"start": ("first", "första"), "end": ("last", "sista")})
_WHICH = MappingProxyType({"first": ("a person's first", "personens första"), "every": ("every", "varje")})


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class IndexKind(Declaration, ABC):
    """How index dates are found.

    A new kind says `index_dates`; the other members have the values of the usual case.

    Parameters
    ----------
    lookback
        Index dates count only where the registers of the outcome and of all features cover this much time before them
        (since birth, for those born later); None asks for no more than the kind itself does.

    Examples
    --------
    >>> AtAge(months=18).own_date, Every(years=2).own_date
    (True, False)
    """

    lookback: Duration | None = None

    own_date: ClassVar[bool] = False
    """Whether each person has an index date of their own."""

    resident_from_days: ClassVar[int] = 1
    """Residence and area are those of this many days before the index."""

    @property
    def registers(self) -> tuple[str, ...]:
        """The event tables that index dates are read from."""
        return ()

    @property
    def description(self) -> LocalisedText | None:
        """Description for readers; None shows the declaration itself."""
        return None

    @abstractmethod
    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give `view.persons` with index_date, one row a person and landmark; null where there is no index.

        Where its number (see `calendar.day_number`) costs little, it comes along as index_number.
        """


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OnDate(IndexKind):
    """Everybody who is eligible on one date.

    Parameters
    ----------
    date
        The index date of everybody.

    Examples
    --------
    >>> OnDate(date=dt.date(2019, 6, 1)).description.en
    '2019-06-01 for everybody'
    """

    date: dt.date

    @property
    def description(self) -> LocalisedText:
        """The date."""
        return LocalisedText(en=f"{self.date.isoformat()} for everybody", sv=f"{self.date.isoformat()} för alla")

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody that date."""
        return _at_each(view, (self.date,))


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Every(IndexKind):
    """Landmarks: everybody eligible at the last possible date, and every so many years before it.

    Parameters
    ----------
    years
        Years between landmarks.
    lookback
        As in `IndexKind`; a year before each landmark is covered by the registers of the outcome in any case.

    Examples
    --------
    >>> Every(years=2).years
    2
    """

    years: Annotated[int, Field(ge=1, le=20)]

    @property
    def description(self) -> LocalisedText:
        """How far apart the landmarks are, and where they begin."""
        each = describe_lookback(f"{self.years}y")
        return LocalisedText(
            en=f"landmarks {each.en} apart, back from one horizon before the last day that is known and covered",
            sv=f"fasta datum med {each.sv} emellan, bakåt från en uppföljningstid före den sista kända dagen",
        )

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody each of the landmarks."""
        return _at_each(view, sorted(self.landmarks(view)))

    def landmarks(self, view: View) -> Iterator[dt.date]:
        """Step back from one horizon before the last day, while the year before the landmark is covered."""
        step = dt.timedelta(days=duration_days(f"{self.years}y"))
        landmark = view.last_day - dt.timedelta(days=view.horizon_days)
        while landmark - LOOK_BACK >= view.first_day:
            yield landmark
            landmark -= step


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtAge(IndexKind):
    """The day on which a person reaches an age in months; a missing day becomes the first of the next month.

    Parameters
    ----------
    months
        The age in months.

    Examples
    --------
    >>> AtAge(months=18).description.en
    'the day on which a person becomes 18 months old'
    """

    own_date: ClassVar[bool] = True

    months: Annotated[int, Field(ge=1, le=1560)]

    @property
    def description(self) -> LocalisedText:
        """The age."""
        return LocalisedText(
            en=f"the day on which a person becomes {number_of(self.months, 'month')} old",
            sv=f"den dag då personen blir {self.months} {'månad' if self.months == 1 else 'månader'} gammal",
        )

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody the day on which they reach the age."""
        people = view.persons.collect()
        reached = map_distinct_days(people["birth_date"], lambda day: plus_months(day, self.months))
        return people.lazy().with_columns(index_date=reached, index_number=map_distinct_days(reached, day_number))


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtBirth(IndexKind):
    """The day of birth; residence and area are those of that day.

    Examples
    --------
    >>> AtBirth().resident_from_days
    0
    """

    own_date: ClassVar[bool] = True
    resident_from_days: ClassVar[int] = 0

    @property
    def description(self) -> LocalisedText:
        """Birth."""
        return LocalisedText(en="the day of birth", sv="födelsedagen")

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody their day of birth."""
        return view.persons.with_columns(index_date=pl.col("birth_date"), index_number=pl.col("birth_number"))


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AtEvent(IndexKind, RowCriteria):
    """The day of a person's first event of a kind, or of each; the first or the last day of the event.

    Rows that overlap or share a day are one event (a transfer); a row without an end lasts its day.

    Parameters
    ----------
    register, codes, settings, positions, at_least, at_most, equal_to
        Which rows, as in `EventQuery`.
    which
        ``"first"`` event, or ``"every"`` one: a person then has several index dates in the cohort, and in the target
        population the last of them.
    day
        ``"start"`` of the event, or its ``"end"`` (the day of discharge); an event that has not ended has none.
    washout
        Only events that start after so long a time without one, all of it covered by the register: the first of them
        is the first event after a washout, not the first on record.

    Examples
    --------
    >>> AtEvent(register="diagnoses", codes="E11").registers
    ('diagnoses',)
    >>> AtEvent(register="contacts", codes="admission_planned", which="every", day="end").description.en
    'the last day of every event of `admission_planned` in contacts'
    """

    own_date: ClassVar[bool] = True

    which: Literal["first", "every"] = "first"
    day: Literal["start", "end"] = "start"
    washout: Duration | None = None

    @property
    def description(self) -> LocalisedText:
        """The event, which of them, and which of its days."""
        rows, (day_en, day_sv), (which_en, which_sv) = describe_rows(self), _DAYS[self.day], _WHICH[self.which]
        free = LocalisedText(en="", sv="")
        if self.washout is not None:
            length = describe_lookback(self.washout)
            free = LocalisedText(en=f" after {length.en} without one", sv=f" efter {length.sv} utan någon")
        return LocalisedText(
            en=f"the {day_en} day of {which_en} event of {rows.en}{free.en}",
            sv=f"{day_sv} dagen av {which_sv} händelse med {rows.sv}{free.sv}",
        )

    @property
    def registers(self) -> tuple[str, ...]:
        """The one event table."""
        return (self.register,)

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody the days of their events, null where there is none."""
        day = pl.col("date" if self.day == "start" else "end_date")
        events = merged_spells(view.events(self)).filter(self._after_washout(view), day < view.as_of)
        dates = events.select("person_id", index_date=day)
        if self.which == "first":
            dates = dates.group_by("person_id").agg(pl.col("index_date").min())
        return view.persons.join(dates, on="person_id", how="left")

    def _after_washout(self, view: View) -> pl.Expr:
        """Say of each of a person's events, in their order, whether the whole washout was covered and without one."""
        if self.washout is None:
            return pl.lit(value=True)
        washout_start = pl.col("date") - dt.timedelta(days=duration_days(self.washout))
        previous = pl.col("last_day").shift().over("person_id")
        return (washout_start >= view.coverage_start(self.register)) & (previous < washout_start).fill_null(value=True)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class BeforeDeath(IndexKind):
    """So many days before a person's death: what follows is the last time of life.

    Parameters
    ----------
    days
        At least 1; with a horizon as long the day of death is the last on which an outcome counts.

    Examples
    --------
    >>> BeforeDeath(days=30).description.en
    '30 days before death'
    """

    own_date: ClassVar[bool] = True

    days: Annotated[int, Field(ge=1, le=3653)]

    @property
    def description(self) -> LocalisedText:
        """How long before death."""
        before = describe_lookback(f"{self.days}d")
        return LocalisedText(en=f"{before.en} before death", sv=f"{before.sv} före döden")

    def index_dates(self, view: View) -> pl.LazyFrame:
        """Give everybody whose death was known the day; null to the others."""
        return view.persons.with_columns(index_date=pl.col("death_date") - dt.timedelta(days=self.days))


def _at_each(view: View, landmarks: Sequence[dt.date]) -> pl.LazyFrame:
    """Give everybody each of the dates, person by person."""
    dates = pl.LazyFrame({"index_date": landmarks}, schema={"index_date": pl.Date})
    numbered = dates.with_columns(index_number=day_number(pl.col("index_date")))
    return view.persons.join(numbered, how="cross", maintain_order="left_right")
