"""Groups of people that a model must serve alike."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText, Name
from riskstrat.declare.rows import Bound
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
    deprived
        Which end of the groups is worse off, ``"lowest"`` (income) or ``"highest"`` (need), where they are a ranking:
        every study then measures inequality along it.

    Examples
    --------
    >>> income = Subgroup(
    ...     name="income_quintile", column="income", quantiles=5, label=LocalisedText(en="income", sv="inkomst")
    ... )
    >>> X = pl.DataFrame({"income": [900.0, 100.0, 300.0, None, 500.0, 700.0]})
    >>> X.select(income.labels())["income_quintile"].to_list()
    ['5', '1', '2', None, '3', '4']
    """

    name: Name
    column: str
    quantiles: Annotated[int, Field(ge=2, le=10)] | None = None
    cuts: tuple[Bound, ...] = ()
    label: LocalisedText
    values: tuple[tuple[str, LocalisedText], ...] = ()
    reference: str | None = None
    deprived: Literal["lowest", "highest"] | None = None

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
