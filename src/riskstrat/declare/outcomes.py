"""Outcome kinds: what is counted in ``(index, index + horizon]``.

In: declarations, a view of the registers and candidates. Out: who has the outcome when, and who had it before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Self

import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.durations import Duration, Window, describe_lookback, duration_days, window_days
from riskstrat.declare.event_queries import Rows, describe_rows
from riskstrat.declare.rows import RowCriteria
from riskstrat.declare.spells import merged_spells
from riskstrat.declare.view import View


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OutcomeKind(Declaration, ABC):
    """What counts as the outcome.

    A new kind says `registers` and `found`; the other members have the values of the usual case.

    Examples
    --------
    >>> FirstEvent(register="diagnoses", codes="I63").must_be_measured
    False
    """

    @property
    @abstractmethod
    def registers(self) -> tuple[str, ...]:
        """The event tables that must be covered for the outcome to be seen."""

    @property
    def rows(self) -> tuple[Rows, ...]:
        """The queries of `found` and `prevalent`, if known beforehand: their rows are then read together.

        The delays of their settings alone end the follow-up.
        """
        return ()

    @property
    def washouts(self) -> tuple[tuple[str, str], ...]:
        """The event table and length of every washout: index dates are left out where it is not covered."""
        return ()

    @property
    def description(self) -> LocalisedText | None:
        """Description for readers; None shows the declaration itself."""
        return None

    @property
    def must_be_measured(self) -> bool:
        """Whether people who are not in `found` are not assessed, instead of free of the outcome."""
        return False

    @abstractmethod
    def found(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give row and outcome_date: the first outcome of each candidate in ``(index_date, last_day]``.

        A null outcome_date says that the candidate was measured and does not have the outcome. Kinds that must be
        measured leave out candidates whose time to be measured goes on after `view.last_day`: their outcome is not
        known yet.
        """

    def prevalent(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:  # noqa: ARG002 - for kinds with a washout
        """Give the row number of each candidate who had the outcome within the washout; nobody by default."""
        return candidates.select("row").clear()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Death(Declaration):
    """Death from any cause, from the register of persons.

    Examples
    --------
    >>> Death().description.sv
    'död utan utfallet dessförinnan konkurrerar'
    """

    @property
    def description(self) -> LocalisedText:
        """Description of the competing event."""
        return LocalisedText(
            en="death without the outcome before it competes", sv="död utan utfallet dessförinnan konkurrerar"
        )


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class RegisterOutcome(OutcomeKind, RowCriteria):
    """An outcome that is read from one event table.

    Parameters
    ----------
    register, codes, settings, positions, at_least, at_most, equal_to
        Which rows match.

    Examples
    --------
    >>> FirstEvent(register="diagnoses", codes="I63").registers
    ('diagnoses',)
    """

    @property
    def registers(self) -> tuple[str, ...]:
        """The one event table."""
        return (self.register,)

    @property
    def rows(self) -> tuple[Rows, ...]:
        """Those that are declared here."""
        return (self,)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class EventOutcome(RegisterOutcome):
    """An outcome that happens on a day.

    Parameters
    ----------
    washout
        People with the outcome in ``[index - washout, index]`` are prevalent and left out; None leaves out nobody.
        Index dates are left out where the register does not cover all of a washout (since birth, for those born later);
        ``"ever"`` is what the register covers, and the cohort's notes say how much that is.

    Examples
    --------
    >>> FirstEvent(register="diagnoses", codes="I63", washout="1y").washout
    '1y'
    """

    washout: Window | None = None

    @property
    def washouts(self) -> tuple[tuple[str, str], ...]:
        """The one that is declared here."""
        return () if self.washout is None else ((self.register, self.washout),)

    @property
    def description(self) -> LocalisedText | None:
        """What happens, and who is left out because it happened before."""
        return None if self.event_description is None else _with_washout(self.event_description, self.washout)

    @property
    def event_description(self) -> LocalisedText | None:
        """What happens, in words."""
        return None

    @abstractmethod
    def occurrences(self, view: View) -> pl.LazyFrame:
        """Give person_id, date of each outcome, and `since`: the first day of what makes it one."""

    def found(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give the first occurrence of which everything lies after the index."""
        at_risk = (pl.col("since") > pl.col("index_date")) & (pl.col("date") <= pl.col("last_day"))
        happened = self.occurrences(view).join(candidates, on="person_id").filter(at_risk)
        return happened.group_by("row").agg(outcome_date=pl.col("date").min())

    def prevalent(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give the candidates with an occurrence in ``[index - washout, index]`` that is covered."""
        if self.washout is None:
            return super().prevalent(view, candidates)
        days = window_days(self.washout)
        covered = pl.col("date") >= view.coverage_start(self.register)
        before = covered & (pl.col("date") <= pl.col("index_date"))
        within = before if days is None else before & (pl.col("date") >= pl.col("index_date") - timedelta(days=days))
        return self.occurrences(view).join(candidates, on="person_id").filter(within).select("row").unique()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class FirstEvent(EventOutcome):
    """The first matching row after the index.

    Examples
    --------
    >>> FirstEvent(register="diagnoses", codes="I63").event_description.en
    'first row of `I63` in diagnoses'
    """

    @property
    def event_description(self) -> LocalisedText:
        """The row."""
        rows = describe_rows(self)
        return LocalisedText(en=f"first row of {rows.en}", sv=f"första raden med {rows.sv}")

    def occurrences(self, view: View) -> pl.LazyFrame:
        """Every matching row is one."""
        return view.events(self).select("person_id", "date", since="date")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class NthEvent(EventOutcome):
    """The row that, after the index, is the n-th within a span of days.

    Spells of which the next starts on the day the previous one ends, or before, are one (a transfer) and start when the
    first of them started; a new spell on the day after is another. A row without an end lasts its day.

    Parameters
    ----------
    n, span
        The outcome is on the start of a spell that is the n-th within so many days; all n start after the index.

    Examples
    --------
    >>> twice = NthEvent(register="contacts", codes="admission_unplanned", n=2, span="1y")
    >>> twice.n, twice.span
    (2, '1y')
    """

    n: Annotated[int, Field(ge=2, le=100)] = 2
    span: Duration = "1y"

    @property
    def event_description(self) -> LocalisedText:
        """The spell, and within how long."""
        rows, within = describe_rows(self), describe_lookback(self.span)
        return LocalisedText(
            en=f"start of spell number {self.n} of {rows.en} within {within.en}, all after the index",
            sv=f"början av vårdtillfälle nummer {self.n} med {rows.sv} inom {within.sv}, alla efter indexdatum",
        )

    def occurrences(self, view: View) -> pl.LazyFrame:
        """Every start of a spell with the n - 1 starts before it within the span is one."""
        starts = merged_spells(view.events(self))
        reached = starts.with_columns(
            since=pl.col("date").shift(self.n - 1), same=pl.col("person_id").shift(self.n - 1)
        ).filter(pl.col("same") == pl.col("person_id"))
        near = pl.col("date") - pl.col("since") <= timedelta(days=duration_days(self.span))
        return reached.filter(near).select("person_id", "date", "since")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class DeathFrom(FirstEvent):
    """Death from a cause, on the day that the register of causes of death gives; deaths from other causes compete.

    Parameters
    ----------
    codes
        The causes.
    positions
        By default only the underlying cause; ``()`` for any mention on the certificate.

    Examples
    --------
    >>> DeathFrom(codes="I20-I25").settings
    ('death',)
    """

    register: str = "diagnoses"
    settings: tuple[str, ...] = ("death",)
    positions: tuple[str, ...] = ("underlying",)

    @property
    def event_description(self) -> LocalisedText:
        """The causes."""
        rows = describe_rows(self)
        return LocalisedText(en=f"death from {rows.en}", sv=f"död i {rows.sv}")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AllCauseDeath(OutcomeKind):
    """Death from any cause, on the day that the register of persons gives; nothing competes with it.

    Deaths are seen from when the manifest says that `persons` is covered, or else all that the condition reads.

    Examples
    --------
    >>> AllCauseDeath().registers
    ('persons',)
    """

    @property
    def registers(self) -> tuple[str, ...]:
        """The register of persons."""
        return ("persons",)

    @property
    def description(self) -> LocalisedText:
        """Death."""
        return LocalisedText(en="death from any cause", sv="död oavsett orsak")

    def found(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give the day of death of who died in follow-up."""
        deaths = view.persons.select("person_id", outcome_date="death_date").drop_nulls()
        followed = pl.col("outcome_date").is_between("index_date", "last_day", closed="right")
        return candidates.join(deaths, on="person_id").filter(followed).select("row", "outcome_date")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AnyOf(OutcomeKind):
    """The first of several outcomes; each keeps its own washout.

    Parameters
    ----------
    outcomes
        The outcomes, also as positional arguments.

    Raises
    ------
    UsageError
        If outcomes that must be measured are mixed with others.

    Examples
    --------
    >>> either = AnyOf(FirstEvent(register="diagnoses", codes="I21"), FirstEvent(register="diagnoses", codes="I63"))
    >>> [outcome.codes for outcome in either.outcomes]
    ['I21', 'I63']
    """

    outcomes: Annotated[tuple[OutcomeKind, ...], Field(min_length=1)]

    if TYPE_CHECKING:

        def __init__(self, *args: OutcomeKind, outcomes: tuple[OutcomeKind, ...] = ()) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _positional(cls, given: ArgsKwargs) -> ArgsKwargs:
        return ArgsKwargs((), {"outcomes": given.args}) if given.args else given

    @model_validator(mode="after")
    def _alike_in_assessment(self) -> Self:
        if len({outcome.must_be_measured for outcome in self.outcomes}) > 1:
            raise ValueError(
                "outcomes that must be measured cannot be mixed with outcomes that are seen when they happen"
            )
        return self

    @property
    def registers(self) -> tuple[str, ...]:
        """The event tables of all of the outcomes."""
        return tuple(dict.fromkeys(name for outcome in self.outcomes for name in outcome.registers))

    @property
    def rows(self) -> tuple[Rows, ...]:
        """The rows of all of the outcomes; nothing where those of one of them are not known beforehand."""
        each = [outcome.rows for outcome in self.outcomes if not isinstance(outcome, AllCauseDeath)]
        return tuple(rows for some in each for rows in some) if all(each) else ()

    @property
    def washouts(self) -> tuple[tuple[str, str], ...]:
        """Those of all of the outcomes."""
        return tuple(washout for outcome in self.outcomes for washout in outcome.washouts)

    @property
    def must_be_measured(self) -> bool:
        """Whether any of them must be measured."""
        return any(outcome.must_be_measured for outcome in self.outcomes)

    def found(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give the earliest date among the outcomes."""
        each = pl.concat([outcome.found(view, candidates) for outcome in self.outcomes])
        return each.group_by("row").agg(outcome_date=pl.col("outcome_date").min())

    def prevalent(self, view: View, candidates: pl.LazyFrame) -> pl.LazyFrame:
        """Give the candidates who are prevalent for any of the outcomes, each by its own washout."""
        return pl.concat([outcome.prevalent(view, candidates) for outcome in self.outcomes]).unique()


def _with_washout(event: LocalisedText, washout: str | None) -> LocalisedText:
    if washout is None:
        en, sv = "nobody is left out for having had it before", "ingen utesluts för att ha haft det tidigare"
    elif (days := window_days(washout)) is None:
        en = "left out is who ever had it before the index date or on it"
        sv = "utesluts gör den som någonsin haft det före indexdatum eller på det"
    else:
        en = f"left out is who had it in the {days} days before the index date or on it"
        sv = f"utesluts gör den som haft det de {days} dagarna före indexdatum eller på det"
    return LocalisedText(en=f"{event.en}; {en}", sv=f"{event.sv}; {sv}")
