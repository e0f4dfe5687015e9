"""Checks of a condition's model that ask whether it finds those at risk, or those who seek care."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText, Name
from riskstrat.declare.outcomes import OutcomeKind


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OutcomeCheck(Declaration):
    """Another outcome that the same predictions are tested on, such as one that does not depend on seeking care.

    The risks are moved to the level of the other outcome first: what is compared is its order, and whether groups have
    as many of it as their predicted risks would say.

    Parameters
    ----------
    name
        Lower-case name, in tables.
    title
        What a report calls the outcome.
    outcome
        What is counted in the horizon of the condition. Earlier events of the same kind leave nobody out.
    by
        Names of the condition's subgroups along which it is tested; all where none is named.

    Examples
    --------
    >>> from riskstrat.declare import AllCauseDeath
    >>> OutcomeCheck(name="death", title=LocalisedText(en="death", sv="död"), outcome=AllCauseDeath()).outcome.registers
    ('persons',)
    """

    name: Name
    title: LocalisedText
    outcome: OutcomeKind
    by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_seen_of_everybody(self) -> Self:
        if self.outcome.must_be_measured:
            raise ValueError("an outcome that must be measured is known only of those who sought care")
        return self


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Sensitivity(Declaration):
    """Results of areas without some features: the areas whose class changes depend on these features.

    Parameters
    ----------
    name
        Lower-case name, in tables.
    without
        Columns of X, registers or factor families, as in `riskstrat.study.without`.
    title
        What is left out, as a report says it: "contact counts".
    mark
        What is said of an area whose class changes: "depends on care use".

    Examples
    --------
    >>> from riskstrat import conditions
    >>> [one.name for one in conditions.load("frailty").sensitivities]
    ['care_use', 'birth_region_and_deprivation']
    """

    name: Name
    without: Annotated[tuple[str, ...], Field(min_length=1)]
    title: LocalisedText
    mark: LocalisedText
