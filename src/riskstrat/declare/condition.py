"""Conditions: one declaration that says who is at risk of what, from when, and what was known of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText, Name
from riskstrat.declare.benchmarks import PublishedScore
from riskstrat.declare.checks import OutcomeCheck, Sensitivity
from riskstrat.declare.durations import Duration, duration_days
from riskstrat.declare.features import Feature, expanded
from riskstrat.declare.index import IndexKind
from riskstrat.declare.outcomes import Death, OutcomeKind
from riskstrat.declare.population import Population
from riskstrat.declare.programme import Programme
from riskstrat.declare.subgroups import Subgroup
from riskstrat.errors import UsageError, repeated, unknown


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Wording(Declaration):
    """How a report speaks of the condition.

    Parameters
    ----------
    people
        Who the target population is, after a number: "children who turned 18 months in the last year".
    outcome
        What they are expected to do or have: "have obesity at the age of four".
    cases
        The cases as a noun, after a number: "cases of obesity".
    one, several, definite
        What cases are called where it is not said of what: "one case", "cases" and "the cases", or "one event" ...

    Examples
    --------
    >>> wording = Wording(
    ...     people=LocalisedText(en="inhabitants", sv="invånare"),
    ...     outcome=LocalisedText(en="have a stroke", sv="får stroke"),
    ...     cases=LocalisedText(en="strokes", sv="stroke"),
    ... )
    >>> wording.cases.in_language("en")
    'strokes'
    """

    people: LocalisedText
    outcome: LocalisedText
    cases: LocalisedText
    one: LocalisedText = LocalisedText(en="one case", sv="ett fall")
    several: LocalisedText = LocalisedText(en="cases", sv="fall")
    definite: LocalisedText = LocalisedText(en="the cases", sv="fallen")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Row(Declaration):
    """One register row of a made-up person in an `Example`.

    Parameters
    ----------
    register
        Name of the event table.
    date, code, value, end_date, known_on, setting, position
        The columns of event tables.

    Examples
    --------
    >>> Row(register="diagnoses", date=dt.date(2020, 6, 1), code="I214", setting="inpatient").code
    'I214'
    """

    register: str
    date: dt.date
    code: str
    value: float | None = None
    end_date: dt.date | None = None
    known_on: dt.date | None = None
    setting: str | None = None
    position: str | None = None


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Example(Declaration):
    """A made-up person and the outcome and features that are expected; every condition is tested with its examples.

    Parameters
    ----------
    description
        What the example shows, in one sentence.
    index
        The index date that the example speaks of.
    born, sex, died
        The person.
    resident_from
        First day of residence.
    rows
        What registers hold of the person.
    event, duration_days
        Expected outcome at that index; event None where the person is expected to be left out.
    features
        Expected values of some columns of X, as pairs of column and value.

    Examples
    --------
    >>> born, index = dt.date(1968, 1, 1), dt.date(2018, 6, 1)
    >>> Example(description="nothing happens", index=index, born=born, event=0, duration_days=1826).sex
    'female'
    """

    description: str
    index: dt.date
    born: dt.date
    sex: str = "female"
    died: dt.date | None = None
    resident_from: dt.date = dt.date(1999, 1, 1)
    rows: tuple[Row, ...] = ()
    event: Annotated[int, Field(ge=0, le=2)] | None
    duration_days: float | None = None
    features: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Condition(Declaration):
    """A condition that prevention can act on before it begins.

    Parameters
    ----------
    name
        Lower-case name, also the name of its file.
    title, wording
        How reports speak of it.
    population, index
        Who is at risk, and from when.
    outcome, competing, horizon
        What is counted in ``(index, index + horizon]``, and what takes people out of reach of it.
    features
        What was known strictly before the index. A feature of several windows becomes a feature for each, so that a
        design is the same however it was written.
    subgroups
        Groups along which checks are repeated, beside sex and age: by columns of X.
    benchmarks
        Published scores that the model is compared with, among those whose inputs are known.
    outcome_checks
        Other outcomes that the predictions are tested on: such as do not depend on seeking care.
    sensitivities
        Features without which areas are estimated again.
    care_use
        The feature that counts how often somebody sought care, shown by area beside the risk.
    programmes
        Prevention that a budget can buy; the first is the one that reports show.
    references
        Sources, as ``doi:...`` or a citation.
    examples
        Made-up persons with the outcome and features expected of them.
    limits
        What a reader must know before using it.

    Raises
    ------
    UsageError
        If a field is not as described, two features give the same column, a subgroup asks for a column of none, or a
        sensitivity leaves out what no feature is.

    Examples
    --------
    >>> from riskstrat import conditions
    >>> frailty = conditions.load("frailty")
    >>> frailty.horizon_days, len(frailty.features) > 20
    (731, True)
    """

    name: Annotated[Name, Field(max_length=64)]
    title: LocalisedText
    wording: Wording
    population: Population
    index: IndexKind
    outcome: OutcomeKind
    competing: Death = Death()
    horizon: Duration
    features: Annotated[tuple[Feature, ...], Field(min_length=1), AfterValidator(expanded)]
    subgroups: tuple[Subgroup, ...] = ()
    benchmarks: tuple[PublishedScore, ...] = ()
    outcome_checks: tuple[OutcomeCheck, ...] = ()
    sensitivities: tuple[Sensitivity, ...] = ()
    care_use: Feature | None = None
    programmes: tuple[Programme, ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    limits: tuple[LocalisedText, ...] = ()

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        if doubled := repeated(feature.column for feature in self.features):
            raise ValueError(f"these features give the same column twice: {', '.join(doubled)}")
        return self

    @model_validator(mode="after")
    def _subgroups_are_of_features(self) -> Self:
        columns = [feature.column for feature in self.features]
        wrong = [one.column for one in self.subgroups if one.column not in columns]
        UsageError.refuse(unknown("column of a feature", column, columns, table="subgroups") for column in wrong)
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for field in ("subgroups", "benchmarks", "outcome_checks", "sensitivities"):
            if doubled := repeated(one.name for one in getattr(self, field)):
                raise ValueError(f"these {field.replace('_', ' ')} have the same name: {', '.join(doubled)}")
        return self

    @model_validator(mode="after")
    def _outcome_checks_are_by_subgroups(self) -> Self:
        known = [one.name for one in self.subgroups]
        asked = [name for one in self.outcome_checks for name in one.by if name not in known]
        UsageError.refuse(unknown("subgroup", name, known, table="outcome_checks") for name in asked if known)
        return self

    @model_validator(mode="after")
    def _sensitivities_are_of_features(self) -> Self:
        names = [{each.column, each.family, getattr(each, "register", each.family)} for each in self.features]
        known = sorted(set().union(*names))
        wrong = [name for one in self.sensitivities for name in one.without if name not in known]
        UsageError.refuse(
            unknown("column, register or factor family", name, known, table="sensitivities") for name in wrong
        )
        for one in self.sensitivities:
            if not any(each.isdisjoint(one.without) for each in names):
                raise ValueError(f"without {', '.join(one.without)} no feature is left ({one.name})")
        return self

    @property
    def horizon_days(self) -> int:
        """Length of the horizon in days."""
        return duration_days(self.horizon)

    @property
    def labels(self) -> dict[str, LocalisedText]:
        """What features are called, by column: those that have a label."""
        return {feature.column: feature.label for feature in self.features if feature.label is not None}
