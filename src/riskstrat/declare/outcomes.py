"""Outcome kinds: what is counted in ``(index, index + horizon]``.

In: declarations. Out: declarations; `riskstrat.cohort` turns them into events and durations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from riskstrat.declare.base import CONFIG, Declaration
from riskstrat.declare.durations import Duration, Window


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OutcomeKind(Declaration):
    """What counts as the outcome."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Death(Declaration):
    """Death from any cause, from the register of persons."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class FirstEvent(OutcomeKind):
    """The first matching row after the index.

    Parameters
    ----------
    register, codes, settings, positions
        Which rows match.
    washout
        People with a matching row in ``[index - washout, index]`` are prevalent and left out; None leaves out nobody.
    """

    register: str
    codes: str
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    washout: Window | None = None


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class NthEvent(OutcomeKind):
    """The row that, after the index, is the n-th within a span of days; spells that touch are one (a transfer)."""

    register: str
    codes: str
    n: Annotated[int, Field(ge=2, le=100)] = 2
    span: Duration = "1y"
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    washout: Window | None = None


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class MeasuredAbove(OutcomeKind):
    """The measurement nearest an age is at or above a level; people without one are not assessed.

    Parameters
    ----------
    register, codes
        The measurement.
    reference, level
        ``"iotf"`` with ``"overweight"`` or ``"obesity"``, or None with a value.
    age_years
        Ages between which a measurement counts: the first included, the last not.
    nearest_years
        The age that the measurement should be nearest to; of two equally near the earlier counts.
    """

    register: str
    codes: str
    reference: Literal["iotf"] | None = None
    level: Literal["overweight", "obesity"] | float
    age_years: tuple[float, float]
    nearest_years: float


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AnyOf(OutcomeKind):
    """The first of several outcomes; each keeps its own washout.

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
