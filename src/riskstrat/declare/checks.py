"""Checks of a condition's model: whether it serves groups alike, and finds those at risk, not those who seek care.

In: declarations. Out: the expression that labels the rows of X by group.
"""

from __future__ import annotations

from typing import Annotated, Self

import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.outcomes import OutcomeKind
from riskstrat.errors import UsageError, unknown


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Subgroup(Declaration):
    """A division of the people by a column of X, along which every check of a model is repeated.

    Parameters
    ----------
    name
        Lower-case name: the column of labels.
    column
        The column of X that divides.
    quantiles
        Parts of equal size that its values are cut into, 1 the lowest.
    cuts
        Rising values at which a new group begins, instead: with ``(3, 5)`` below 3 is group 1, from 5 on group 3.
        Without either each value is a group.
    label
        What the groups differ in, as a report says it.
    values
        Titles of the groups, as pairs of label and title; where there is none, label and name are shown.
    reference
        Label of the group that the others are compared with; by default the first of ``values``, and without them the
        lowest.

    Examples
    --------
    >>> income = Subgroup(
    ...     name="income_quintile", column="income", quantiles=5, label=LocalisedText(en="income", sv="inkomst")
    ... )
    >>> X = pl.DataFrame({"income": [900.0, 100.0, 300.0, None, 500.0, 700.0]})
    >>> X.select(income.labels())["income_quintile"].to_list()
    ['5', '1', '2', None, '3', '4']
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    column: str
    quantiles: Annotated[int, Field(ge=2, le=10)] | None = None
    cuts: tuple[float, ...] = ()
    label: LocalisedText
    values: tuple[tuple[str, LocalisedText], ...] = ()
    reference: str | None = None

    @model_validator(mode="after")
    def _is_divided_in_one_way(self) -> Self:
        if self.cuts and (self.quantiles or list(self.cuts) != sorted(set(self.cuts))):
            raise ValueError("cuts must rise, and stand alone: give quantiles or cuts")
        return self

    @model_validator(mode="after")
    def _reference_is_a_group(self) -> Self:
        groups = self.quantiles or (len(self.cuts) + 1 if self.cuts else 0)
        possible = [str(number + 1) for number in range(groups)] or [label for label, _ in self.values]
        if self.reference is not None and possible and self.reference not in possible:
            raise UsageError(unknown(f"group of {self.name}", self.reference, possible, table="subgroups"))
        return self

    @property
    def compared_with(self) -> str | None:
        """Label of the group that the others are compared with; None for the lowest."""
        return self.reference or next((label for label, _ in self.values), None)

    def labels(self) -> pl.Expr:
        """Label each row, null where its value is not known; equal values stay together."""
        value = pl.col(self.column).cast(pl.Float64)
        if self.cuts:
            group = pl.sum_horizontal(value >= cut for cut in self.cuts) + 1
            return pl.when(value.is_not_null()).then(group.cast(pl.String)).alias(self.name)
        if self.quantiles is None:
            whole = pl.when(value == value.round()).then(value.cast(pl.Int64, strict=False).cast(pl.String))
            return whole.otherwise(value.cast(pl.String)).alias(self.name)
        share = (value.rank("average") - 0.5) / value.count()
        return ((share * self.quantiles).floor() + 1).cast(pl.Int64).cast(pl.String).alias(self.name)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


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
