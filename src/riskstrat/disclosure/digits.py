"""Digits are presentation: every number that is shown is rounded by what it is, once, when it is released.

In: a frame, and what its columns are. Out: the columns as they are written everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

CLEAN = 12
"""Significant figures of a number without the noise of floating point."""
_SHARE_OF_INTERVAL = 5
_FEW = 2
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class ByInterval:
    """As many digits as the interval carries: estimate and limits to a step of 1, 2 or 5 times a power of ten.

    The step is not finer than a fifth of the interval's width. Without an interval two figures are shown.

    Parameters
    ----------
    lower, upper
        Columns of the limits, which are rounded with the estimate.

    Examples
    --------
    >>> frame = pl.DataFrame({"risk": [0.12345], "lower": [0.0871], "upper": [0.1623]})
    >>> frame.with_columns(in_digits(frame, {"risk": ByInterval("lower", "upper")})).row(0)
    (0.12, 0.08, 0.16)
    """

    lower: str
    upper: str

    def columns(self, frame: pl.DataFrame, column: str) -> list[pl.Expr]:
        """Estimate and limits, rounded."""
        numbers = [name for name in (column, self.lower, self.upper) if name in frame.columns]
        width = pl.col(self.upper) - pl.col(self.lower)
        step = pl.lit(frame.select(_step(width)).to_series())  # once, and not wherever it stands in an expression
        return [_to_step(pl.col(name), step).alias(name) for name in numbers]


@dataclass(frozen=True)
class Step:
    """Multiples of a step.

    Parameters
    ----------
    size
        The step, above 0.
    lowest, highest
        Classes without an end: what is below or above is shown as these.
    total
        ``(dimension, value)``: the row that holds the total of the others, which are rounded so that they add up to it.
    within
        The column by which rows add up, each group of rows to its own total; all rows together where left out.

    Examples
    --------
    >>> frame = pl.DataFrame({"payer": ["a", "b", "c", "all"], "sek": [140_000.0, 140_000.0, 140_000.0, 420_000.0]})
    >>> frame.select(in_digits(frame, {"sek": Step(100_000, total=("payer", "all"))}))["sek"].to_list()
    [200000.0, 100000.0, 100000.0, 400000.0]
    """

    size: float
    lowest: float | None = None
    highest: float | None = None
    total: tuple[str, str] | None = None
    within: str | None = None

    def columns(self, frame: pl.DataFrame, column: str) -> list[pl.Expr | pl.Series]:
        """Give the one column, rounded."""
        if self.total is not None and not frame[column].null_count():
            return [_adding_up(frame, column, self.size, self.total, self.within)]
        shown = _multiple(pl.col(column), pl.lit(self.size)).clip(self.lowest, self.highest)
        return [shown.alias(column)]


@dataclass(frozen=True)
class Figures:
    """So many significant figures, for numbers without an interval.

    Parameters
    ----------
    figures
        At least 1.

    Examples
    --------
    >>> frame = pl.DataFrame({"brier": [0.081234]})
    >>> frame.select(in_digits(frame, {"brier": Figures(2)})).item()
    0.081
    """

    figures: int

    def columns(self, frame: pl.DataFrame, column: str) -> list[pl.Expr | pl.Series]:
        """Give the one column, rounded."""
        return [frame[column].round_sig_figs(self.figures)]


@dataclass(frozen=True)
class Difference:
    """The difference of two columns as they are shown, so that a reader who subtracts finds it.

    Parameters
    ----------
    first, second
        Columns and their steps.

    Examples
    --------
    >>> frame = pl.DataFrame({"cost": [240_000.0], "saving": [160_000.0], "net": [80_000.0]})
    >>> frame.select(in_digits(frame, {"net": Difference(("cost", MONEY), ("saving", MONEY))})).item()
    0.0
    """

    first: tuple[str, Step]
    second: tuple[str, Step]

    def columns(self, frame: pl.DataFrame, column: str) -> list[pl.Expr | pl.Series]:
        """Give the one column, as first minus second."""
        first, second = (
            frame.select(step.columns(frame, name)).to_series() for name, step in (self.first, self.second)
        )
        return [(first - second).alias(column)]


CASES: Final = Step(1.0)
"""Expected and averted cases, people reached: whole."""
MONEY: Final = Step(100_000.0)
"""Kronor."""
PROBABILITY: Final = Step(0.05, 0.05, 0.95)
"""Probabilities that come of a posterior: what is nearer to 0 or 1 is one class."""
SHARE: Final = Step(0.01)
"""Shares of people: whole per cent."""

Digits = ByInterval | Step | Figures | Difference


def in_digits(frame: pl.DataFrame, digits: Mapping[str, Digits]) -> list[pl.Expr | pl.Series]:
    """Round columns by what they are."""
    return [shown for column, each in digits.items() for shown in each.columns(frame, column)]


def nothing_below(number: pl.Expr, smallest: float = 10.0**-CLEAN) -> pl.Expr:
    """Show numbers that are nothing but the noise of floating point as 0, without a sign.

    Examples
    --------
    >>> pl.DataFrame({"share": [-2.2e-16, -0.0, 0.25]}).select(nothing_below(pl.col("share")))["share"].to_list()
    [0.0, 0.0, 0.25]
    """
    return pl.when(number.abs() < smallest).then(pl.lit(0.0).cast(pl.Float64)).otherwise(number).name.keep()


def to_width(value: pl.Expr, width: pl.Expr) -> pl.Expr:
    """Round to a step that is not finer than a fifth of an interval's width; two figures where there is no width.

    Examples
    --------
    >>> pl.select(to_width(pl.lit(74.321), pl.lit(2.4))).item()
    74.5
    """
    return _to_step(value, _step(width))


def _to_step(value: pl.Expr, step: pl.Expr) -> pl.Expr:
    return pl.when(step.is_finite()).then(_multiple(value, step)).otherwise(value.round_sig_figs(_FEW))


def _step(width: pl.Expr) -> pl.Expr:
    """Smallest of 1, 2 and 5 times a power of ten not finer than a share of a width; not finite where it is 0."""
    finest = width / _SHARE_OF_INTERVAL
    power = pl.lit(10.0).pow(finest.log10().floor())
    times = finest / power - 10.0**-CLEAN
    return power * pl.coalesce(pl.when(times <= step).then(step) for step in _STEPS)


def _multiple(value: pl.Expr, step: pl.Expr) -> pl.Expr:
    return ((value / step).round() * step).round_sig_figs(CLEAN) + 0.0  # no negative zero


def _adding_up(frame: pl.DataFrame, column: str, size: float, total: tuple[str, str], within: str | None) -> pl.Series:
    groups = frame.with_row_index("row").partition_by(within, maintain_order=True) if within else [frame]
    rounded = [_to_its_total(group, column, size, *total) for group in groups]
    if within is None:
        return rounded[0]
    rows = pl.concat(group["row"] for group in groups)
    return pl.concat(rounded).gather(rows.arg_sort())


def _to_its_total(frame: pl.DataFrame, column: str, size: float, dimension: str, total: str) -> pl.Series:
    """Round parts down, and up again those with the largest rests, until they add up to their rounded total."""
    is_part = (frame[dimension] != total).to_numpy()
    exact = frame[column].to_numpy() / size
    shown = np.where(is_part, np.floor(exact), np.round(exact))
    missing = int(round(exact[is_part].sum()) - shown[is_part].sum())
    largest = np.argsort(-(exact - np.floor(exact)) * is_part, kind="stable")[:missing]
    shown[largest] += 1
    return pl.Series(column, shown * size)
