"""Tables that leave together, as cells and the sums between them.

In: tables, and what the rule withholds of each. Out: what must be withheld in all. Every count is a cell, and so is
what remains of a denominator beside it; declared sums (`Sum`) connect cells within a table and from one to another.
Tables that overlap are connected by a table of the atoms of their intersection, whose counts are unshown and add up to
the cells of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

import numpy as np
import polars as pl
from scipy import sparse

from riskstrat.disclosure.audit import LinkedCells
from riskstrat.disclosure.rules import Disclosure
from riskstrat.disclosure.suppression import SECONDS, withheld
from riskstrat.disclosure.table import Table

CountColumn = tuple[str, str, str | None]
"""A table, a count of it, and the denominator if what remains beside the count is meant."""


def withheld_together(
    tables: Mapping[str, Table], primary: Mapping[str, pl.DataFrame], rule: Disclosure, seconds: float = SECONDS
) -> dict[str, pl.DataFrame]:
    """Choose which counts of linked tables must be withheld, so that none that the rule withholds can be computed.

    Whoever reads the tables knows the rule: a count withheld for being small is from 1 to ``min_count - 1``, any other
    is not, and zeros are shown. Counts that carry noise already are left out.
    """
    columns = {
        column: frame for name, table in tables.items() for column, frame in _columns(name, table, primary[name], rule)
    }
    if not columns:
        return dict(primary)
    first = dict(zip(columns, accumulate((frame.height for frame in columns.values()), initial=0), strict=False))
    cells = pl.concat(columns.values())
    unshown = [np.full(frame.height, not _is_shown(tables[column[0]], column)) for column, frame in columns.items()]
    linked = LinkedCells(
        values=cells["value"].to_numpy(),
        sums=_sums(tables, first, cells.height),
        lower=cells["lower"].to_numpy(),
        upper=cells["upper"].to_numpy(),
        sensitive=cells["sensitive"].to_numpy(),
        unshown=np.concatenate(unshown),
        possible=np.full(cells.height, max(rule.min_count - 1, 1)),
    )
    hidden = pl.Series(withheld(linked, seconds))
    return {
        name: frame.with_columns(
            pl.col(count) | hidden.slice(first[name, count, None], frame.height)
            for count in frame.columns
            if (name, count, None) in first
        )
        for name, frame in primary.items()
    }


def _is_shown(table: Table, column: CountColumn) -> bool:
    _, count, denominator = column
    return denominator is None and count not in table.unshown


def _columns(
    name: str, table: Table, primary: pl.DataFrame, rule: Disclosure
) -> Iterator[tuple[CountColumn, pl.DataFrame]]:
    """Give the cells of each exact count, and of what remains of its denominators: value, sensitive, lower, upper.

    An unshown count matters only where sums connect it to others.
    """
    summed = {column for each in table.sums for column in each.columns}
    of_sums = (count for count in table.whole_counts if count not in table.unshown or count in summed)
    exact = [count for count in of_sums if count not in table.protected]
    for count in exact:
        withheld_count = table.frame.with_columns(primary[count].alias("__withheld__"))
        yield (name, count, None), _cells(withheld_count, *_of_count(table, count, rule))
    for count, denominator in table.parts:
        if count != denominator and {count, denominator} <= set(exact):
            yield (name, count, denominator), _cells(table.frame, *_of_remainder(table, count, denominator, rule))


def _cells(frame: pl.DataFrame, value: pl.Expr, sensitive: pl.Expr, lower: pl.Expr, upper: pl.Expr) -> pl.DataFrame:
    """Cells that are missing are 0 and connected to nothing."""
    return frame.select(
        value=value.cast(pl.Int64).fill_null(0),
        sensitive=sensitive.fill_null(value=False) & value.is_not_null(),
        lower=lower.cast(pl.Float64),
        upper=upper.cast(pl.Float64),
    )


def _of_count(table: Table, count: str, rule: Disclosure) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Bound what is small; what is withheld for its denominator's sake, or for its few persons, can be anything."""
    needed = table.fewest.get(count, 1)
    small, sensitive = rule.protects(pl.col(table.persons.get(count, count)), needed), pl.col("__withheld__")
    lowest = pl.lit(0 if rule.protect_zero else 1)
    lower = pl.when(small).then(lowest).when(sensitive).then(0).otherwise(max(rule.min_count, needed))
    bounded = small & (count not in table.persons)
    upper = pl.when(bounded).then(max(rule.min_count, needed) - 1).otherwise(np.inf)
    return pl.col(count), sensitive, lower, upper


def _of_remainder(
    table: Table, count: str, denominator: str, rule: Disclosure
) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Bound what remains; where persons are counted, few of them may have any number of index dates."""
    persons = count in table.persons and denominator in table.persons
    pair = (table.persons[count], table.persons[denominator]) if persons else (count, denominator)
    few, value = rule.protects_remainder(*map(pl.col, pair)), pl.col(denominator) - pl.col(count)
    bounded = rule.protect_remainder and not persons
    lower = pl.when(~few & (pl.col(denominator) > 0) & bounded).then(rule.min_count).otherwise(0)
    upper = pl.when(few & bounded).then(rule.min_count - 1).otherwise(np.inf)
    return value, few, lower, upper


def _sums(tables: Mapping[str, Table], first: Mapping[CountColumn, int], cells: int) -> sparse.csr_array:
    """One row a sum: its parts 1, its total -1."""
    sums = [*_remainders(tables, first), *_declared(tables, first)]
    row = np.repeat(np.arange(len(sums)), [len(parts) + 1 for parts, _ in sums])
    column = [cell for parts, total in sums for cell in (*parts, total)]
    sign = [sign for parts, _ in sums for sign in (*[1.0] * len(parts), -1.0)]
    return sparse.csr_array((sign, (row, column)), shape=(len(sums), cells))


def _remainders(tables: Mapping[str, Table], first: Mapping[CountColumn, int]) -> Iterator[tuple[list[int], int]]:
    for (name, count, denominator), start in first.items():
        if denominator is not None:
            missing = tables[name].frame.select(pl.col(count).is_null() | pl.col(denominator).is_null()).to_series()
            of_count, of_denominator = first[name, count, None], first[name, denominator, None]
            yield from (
                ([of_count + row, start + row], of_denominator + row) for row in (~missing).arg_true().to_list()
            )


def _declared(tables: Mapping[str, Table], first: Mapping[CountColumn, int]) -> Iterator[tuple[list[int], int]]:
    for name, table in tables.items():
        for each in table.sums:
            other, column = each.total_table or name, each.total_column or each.count
            if (name, each.count, None) not in first or (other, column, None) not in first:
                continue
            parts, totals = table.frame[each.count], tables[other].frame[column]
            start, end = first[name, each.count, None], first[other, column, None]
            for rows, total in each.rows(table.frame, tables[other].frame).iter_rows():
                if totals[total] is not None and parts.gather(rows).null_count() == 0:
                    yield [start + row for row in rows], end + total
