"""Which rows of an event table a declaration is about: by code, setting, position and value.

In: declarations. Out: fields that every such declaration has, and the expression of the condition on values.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration

Bound = Annotated[float, Field(ge=-1e12, le=1e12)]
ValueRange = tuple[float | None, float | None]
"""Lowest and highest value, both included; None where there is no limit."""
ANY_VALUE: ValueRange = (None, None)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class RowCriteria(Declaration):
    """Selects rows of one event table; declarations that ask for rows derive from it.

    Parameters
    ----------
    register
        Name of the event table.
    codes
        A code expression (``"I20-I25, G45"``), a named list (``"heart_failure"``) or names of an exact system.
    settings, positions
        Only rows with one of these; empty means all.
    at_least, at_most, equal_to
        Only rows whose value is so, bounds included; rows without a value never are. Values that a table stores in
        single precision are compared with the bound in that precision.

    Examples
    --------
    >>> from riskstrat.declare import Ever
    >>> Ever(register="measurements", codes="hba1c_mmol_mol", at_least=48, within="1y").column
    'ever_measurements_hba1c_mmol_mol_at_least_48_1y'
    """

    register: str
    codes: str
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    at_least: Bound | None = None
    at_most: Bound | None = None
    equal_to: Bound | None = None

    @model_validator(mode="after")
    def _bounds_agree(self) -> Self:
        lowest, highest = self.value_range
        if self.equal_to is not None and (self.at_least, self.at_most) != ANY_VALUE:
            raise ValueError("equal_to stands alone: leave out at_least and at_most")
        if lowest is not None and highest is not None and lowest > highest:
            raise ValueError(f"no value is{values_text((lowest, None))} and{values_text((None, highest))}")
        return self

    @property
    def bounds(self) -> tuple[str, ...]:
        """The bounds as parts of a column's name: ``("at_least_48",)``."""
        given = {name: getattr(self, name) for name in ("at_least", "at_most", "equal_to")}
        return tuple(f"{name}_{bound:.12g}" for name, bound in given.items() if bound is not None)

    @property
    def value_range(self) -> ValueRange:
        """Lowest and highest value that rows may have."""
        return (self.at_least, self.at_most) if self.equal_to is None else (self.equal_to, self.equal_to)


def values_within(values: ValueRange) -> pl.Expr:
    """Say of each row whether its value lies in the range; false where it has none and one is asked for.

    Examples
    --------
    >>> measured = pl.DataFrame({"value": [47.9, 48.0, None]})
    >>> measured.select(values_within((48.0, None))).to_series().to_list()
    [False, True, False]
    """
    lowest, highest = values
    value, matches = pl.col("value").fill_nan(None), pl.lit(value=True)
    if lowest is not None:
        matches &= value >= min(lowest, float(np.float32(lowest)))
    if highest is not None:
        matches &= value <= max(highest, float(np.float32(highest)))
    return matches.fill_null(value=False)


def values_text(values: ValueRange) -> str:
    """Write a range of values after the code that they belong to; nothing where any value will do.

    Examples
    --------
    >>> [values_text(values) for values in ((48.0, None), (None, 5.5), (1.0, 1.0), (3.0, 4.0), ANY_VALUE)]
    [' ≥ 48', ' ≤ 5.5', ' = 1', ' 3–4', '']
    """
    lowest, highest = (None if bound is None else f"{bound:.12g}" for bound in values)
    if lowest == highest:
        return "" if lowest is None else f" = {lowest}"
    if lowest is None:
        return f" ≤ {highest}"
    return f" ≥ {lowest}" if highest is None else f" {lowest}–{highest}"
