"""Populations: who is eligible at the index date.

In: declarations. Out: declarations.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, Text
from riskstrat.declare.features import EventFeature

Years = Annotated[int, Field(ge=0, le=130)]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Excluding(Declaration):
    """People left out because of what was known of them before the index.

    Parameters
    ----------
    having
        An `Ever` or `Ongoing` rule: people for whom it is 1 at the index are left out.
    reason
        How the flow names them.
    """

    having: EventFeature
    reason: Text


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
    excluding
        Rules that leave people out, each with the reason that the flow gives.

    Examples
    --------
    >>> Population(age_years=(40, 59), resident_days=1826).age_years
    (40, 59)
    """

    age_years: tuple[Years, Years] = (0, 130)
    resident_days: Annotated[int, Field(ge=0)] = 0
    sex: str | None = None
    excluding: tuple[Excluding, ...] = ()

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.age_years[0] > self.age_years[1]:
            message = "age_years must be (lowest, highest)"
            raise ValueError(message)
        return self
