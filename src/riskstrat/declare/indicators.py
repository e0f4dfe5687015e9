"""Indicators: what is followed every year, and towards which of the five goals.

In: declarations. Out: declarations; of registers, the condition whose cohort is counted.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText, Name
from riskstrat.declare.condition import Condition, Wording
from riskstrat.declare.durations import Duration
from riskstrat.declare.features import Age
from riskstrat.declare.index import IndexKind, OnDate
from riskstrat.declare.outcomes import Death, OutcomeKind
from riskstrat.declare.population import Population

Goal = Literal["seamless", "person_centred", "better_health", "equal_access", "cost_effective"]
Measure = Literal["proportion", "rate"]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Indicator(Declaration):
    """A number that is followed every year; the base of all kinds.

    Parameters
    ----------
    name
        Lower-case name.
    title
        What reports call it.
    goal
        Which of the five goals it belongs to.
    wanted
        Whether it is to become ``"lower"`` or ``"higher"``.

    Examples
    --------
    >>> issubclass(RegisterIndicator, Indicator) and issubclass(TableIndicator, Indicator)
    True
    """

    name: Name
    title: LocalisedText
    goal: Goal
    wanted: Literal["lower", "higher"] = "lower"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class CountedIndicator(Indicator):
    """A count over a denominator.

    Parameters
    ----------
    measure
        ``proportion`` (Wilson's interval) or ``rate`` (exact Poisson below ten, else Byar's).
    per
        Unit of the number: 100 for per cent, 1000 for cases in 1,000 person-years.

    Examples
    --------
    >>> issubclass(TableIndicator, CountedIndicator)
    True
    """

    measure: Measure = "proportion"
    per: Annotated[float, Field(gt=0.0, le=1e6)] = 100.0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class RegisterIndicator(CountedIndicator):
    """An indicator counted in registers, by the engine that builds cohorts.

    A proportion: of the index dates of a year after which all of `horizon` was followed, or ended by the outcome or
    death, those with the outcome. A rate: outcomes over person-years from the index on.

    Parameters
    ----------
    population, index, outcome, competing, horizon
        As in `Condition`; without an index everybody eligible on 1 January of the year.
    standardised
        Whether numbers are standardised directly for sex and age, to the mix of everybody in all measured years
        (Dobson's interval): groups and years of unlike ages can then be compared. With protected counts every stratum
        has noise of its own, so that large groups only can be told.

    Examples
    --------
    >>> from riskstrat import conditions
    >>> readmitted = RegisterIndicator.of(conditions.load("readmission"), goal="seamless")
    >>> readmitted.horizon, readmitted.measure
    ('30d', 'proportion')
    """

    population: Population = Population()
    index: IndexKind | None = None
    outcome: OutcomeKind
    competing: Death = Death()
    horizon: Duration = "1y"
    standardised: bool = False

    @classmethod
    def of(cls, condition: Condition, **fields: object) -> Self:
        """Follow the outcome of a condition, in its population; the condition's landmarks become 1 January."""
        own = condition.index if condition.index.own_date else None
        usual: dict[str, object] = {
            "name": condition.name,
            "title": condition.title,
            "population": condition.population,
            "index": own,
            "outcome": condition.outcome,
            "competing": condition.competing,
            "horizon": "1y" if own is None else condition.horizon,
        }
        return cls(**{**usual, **fields})  # type: ignore[arg-type]

    def condition(self, year: int) -> Condition:
        """Give the condition whose cohort is counted; with an index of persons' own it is the same for all years."""
        return Condition(
            name=self.name,
            title=self.title,
            wording=Wording(people=self.title, outcome=self.title, cases=self.title),
            population=self.population,
            index=self.index or OnDate(date=dt.date(year, 1, 1)),
            outcome=self.outcome,
            competing=self.competing,
            horizon=self.horizon,
            features=(Age(),),
        )

    @model_validator(mode="after")
    def _has_dates_of_its_own(self) -> Self:
        if self.index is not None and not self.index.own_date:
            raise ValueError("index must give persons dates of their own, as AtEvent or BeforeDeath do, or none")
        if self.population.late_entry:
            raise ValueError("who enters late is not followed over a whole year: population without late_entry")
        return self


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class TableIndicator(CountedIndicator):
    """An indicator from a table of counts: participation per need, answers of patients.

    Parameters
    ----------
    count, denominator
        Columns: participants and expected cases, say, or good answers and all answers.

    Examples
    --------
    >>> TableIndicator(
    ...     name="reach", title=LocalisedText(en="Participants per expected case", sv="Deltagare per väntat fall"),
    ...     goal="equal_access", wanted="higher", measure="rate", per=1.0, count="participants", denominator="need",
    ... ).denominator
    'need'
    """

    count: Annotated[str, Field(min_length=1)]
    denominator: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class SlopeIndicator(Indicator):
    """The slope index of another indicator over areas ranked by deprivation; above 0 the deprived do worse.

    Parameters
    ----------
    of
        The other indicator, measured by area.

    Examples
    --------
    >>> reach = TableIndicator(
    ...     name="reach", title=LocalisedText(en="Reach", sv="Räckvidd"), goal="equal_access", wanted="higher",
    ...     count="participants", denominator="need",
    ... )
    >>> SlopeIndicator(name="unequal_reach", title=reach.title, goal="equal_access", of=reach).of.name
    'reach'
    """

    of: CountedIndicator


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class NetCostIndicator(Indicator):
    """Net cost of an averted case for all payers, SEK, as a plan expects it.

    Examples
    --------
    >>> NetCostIndicator(
    ...     name="net_cost", title=LocalisedText(en="Net cost", sv="Nettokostnad"), goal="cost_effective"
    ... ).wanted
    'lower'
    """
