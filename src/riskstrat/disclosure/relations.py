"""How columns and cells of a table depend on one another: quotients of counts, and cells that add up to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

DIGITS = 3
"""Significant figures of quotients and metrics: more would tell the count behind a rounded one."""


@dataclass(frozen=True)
class Ratio:
    """A derived column that is one count over another, shown with so many significant figures.

    Parameters
    ----------
    numerator, denominator
        Columns of whole counts.
    digits
        Significant figures that are shown, at least 1.

    Examples
    --------
    >>> Ratio("cases", "people").counts
    ('cases', 'people')
    """

    numerator: str
    denominator: str
    digits: int = DIGITS

    @property
    def counts(self) -> tuple[str, str]:
        """The two columns."""
        return self.numerator, self.denominator

    def differs(self, column: str) -> pl.Expr:
        """Whether a column is not this quotient, within the digits that are shown; false where either is missing."""
        value = pl.when(pl.col(self.denominator) > 0).then(pl.col(self.numerator) / pl.col(self.denominator))
        return ((pl.col(column) - value).abs() > value.abs() * 0.5 * 10.0 ** (1 - self.digits)).fill_null(value=False)


@dataclass(frozen=True)
class Categories:
    """Cells of a count that are the categories of one variable in one group of people.

    Where nearly everybody in the group is in one sensitive category (`Disclosure.max_share`), who is in the group is
    known to be in the category: then no category of the variable is shown for the group.

    Parameters
    ----------
    sensitive
        A Boolean column: whether the category tells something of who is in it. It is not shown.
    within
        The dimensions that name variable and group.

    Examples
    --------
    >>> Categories("sensitive", ("variable", "group")).within
    ('variable', 'group')
    """

    sensitive: str
    within: tuple[str, ...]

    def reveals(self, count: pl.Expr, denominator: pl.Expr, max_share: float) -> pl.Expr:
        """Whether a group is nearly all in one sensitive category, for each of its categories."""
        return (pl.col(self.sensitive) & (count > max_share * denominator)).any().over(self.within)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Cells of a count that add up to other cells; what a hidden part is can be read from a total that is shown.

    Parameters
    ----------
    count
        The column of the parts.
    parts
        The rows that are parts, by dimension: ``{"part": ("left_out", "included")}``; all rows if left out.
    total
        The rows where the total stands, in the same way; all rows if left out.
    total_column
        The column of the total; that of the parts if left out.
    total_table
        The table of the total, by the name under which it is released in the same call; this one if left out.
    by
        Dimensions within which parts add up to their total.

    Examples
    --------
    >>> frame = pl.DataFrame({"sex": ["female", "male", "all"], "cases": [12, 30, 42]})
    >>> whole = Sum(count="cases", parts={"sex": ("female", "male")}, total={"sex": ("all",)})
    >>> whole.unequal(frame, frame)
    0
    """

    count: str
    parts: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    total: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    total_column: str | None = None
    total_table: str | None = None
    by: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the table of the parts must have."""
        own_total = (*self.total, self.total_column or self.count) if self.total_table is None else ()
        return tuple(dict.fromkeys((self.count, *self.parts, *self.by, *own_total)))

    def unequal(self, frame: pl.DataFrame, totals: pl.DataFrame) -> int:
        """Count the totals that are not the sum of their parts; parts or totals that are missing are not compared.

        Parameters
        ----------
        frame
            The table of the parts.
        totals
            The table of the total, often the same.
        """
        column = self.total_column or self.count
        keys = ["together", *self.by]
        added = _rows(frame, self.parts).group_by(keys).agg(_whole(self.count).alias("sum"))
        found = _rows(totals, self.total).group_by(keys).agg(pl.col(column).unique().alias("total"))
        both = found.explode("total").join(added, on=keys, nulls_equal=True)
        return int((both["total"] != both["sum"]).sum())

    def rows(self, frame: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of each sum by number: ``parts``, a list in `frame`, and ``total``, one in `totals`."""
        keys = ["together", *self.by]
        parts = _rows(frame.with_row_index("parts"), self.parts).group_by(keys).agg("parts")
        found = _rows(totals.with_row_index("total"), self.total)
        return found.join(parts, on=keys, nulls_equal=True).select("parts", "total")


def _rows(frame: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    chosen = [pl.col(dimension).is_in(list(values)) for dimension, values in where.items()]
    return (frame.filter(*chosen) if chosen else frame).with_columns(together=pl.lit(value=True))


def _whole(count: str) -> pl.Expr:
    """Add a count up; null where a part is missing."""
    return pl.when(pl.col(count).null_count() == 0).then(pl.col(count).cast(pl.Int64).sum())
