"""Tables that leave together, as cells and the sums between them, and which further cells must be withheld of them.

In: tables, and what the rule withholds of each. Out: what must be withheld in all. Every count is a cell, and so is
what remains of a denominator beside it; declared sums (`Sum`) connect cells within a table and from one to another.
Tables that overlap are connected by a table of the atoms of their intersection, whose counts are unshown and add up to
the cells of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from time import monotonic

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from riskstrat.disclosure.audit import Bools, LinkedCells, parts_of, possible_values
from riskstrat.disclosure.rules import Disclosure
from riskstrat.disclosure.table import Table
from riskstrat.errors import DisclosureError, Problem, number_of

SECONDS = 120.0
"""Longest time that a search may take."""
_GAP = 0.01
_REACH = 4
_FEWEST = 2
_WITHHELD = 0.5
Floats = NDArray[np.float64]


def withheld(cells: LinkedCells, seconds: float = SECONDS) -> Bools:
    """Choose the cheapest cells to withhold beside the sensitive ones, so that each of these stays uncertain.

    Withholding a cell costs the logarithm of 1 + its value, so that small cells go before totals.
    """
    end = monotonic() + seconds
    hidden = cells.sensitive | cells.unshown
    for part in parts_of(cells.sums, np.ones_like(hidden)):
        if cells.sensitive[part].any():
            hidden[part] = _withheld(cells.of(part), end)
    return hidden


def _withheld(cells: LinkedCells, end: float) -> Bools:
    """Protect the cells that the audit finds too certain, until it finds none."""
    must = cells.sensitive | cells.unshown
    most = possible_values(cells, must | _can_be_withheld(cells))
    if (lost := cells.sensitive & (most < np.minimum(cells.possible, _FEWEST))).any():
        raise _not_protected(int(lost.sum()), "whatever else is withheld")
    cells, hidden, demanded = replace(cells, possible=most), must, np.zeros_like(must)
    while (certain := cells.sensitive & (possible_values(cells, hidden) < most)).any():
        demanded |= certain
        found = _cheapest(cells, np.flatnonzero(demanded), max(end - monotonic(), 0))
        if found is None:
            raise _not_protected(int(certain.sum()), "with no choice of further cells found in the time for it")
        hidden = found
    return hidden


def _can_be_withheld(cells: LinkedCells) -> Bools:
    """Say which cells may be withheld for the sake of others: not those that the rule says are shown."""
    return (cells.lower <= cells.values) & (cells.values <= cells.upper)


def _cheapest(cells: LinkedCells, demanded: NDArray[np.intp], seconds: float) -> Bools | None:
    """Solve for what to withhold, together with other tables that agree with all that is shown.

    For each demanded cell there are as many such tables as values that it must be able to have, in a row with the true
    one. Variables: whether each cell is withheld; for each demanded cell its smallest value, and for each table its
    cells, both minus the true ones.
    """
    must = cells.sensitive | cells.unshown
    movable = np.flatnonzero(must | _can_be_withheld(cells))
    wanted = cells.possible[demanded]
    reach, tables = _REACH * wanted.max(), wanted.sum()
    down = (cells.lower - cells.values)[movable].clip(-reach, 0)
    up = (cells.upper - cells.values)[movable].clip(0, reach)
    lowest = np.concatenate([must[movable], 1 - wanted, np.tile(down, tables)])
    highest = np.concatenate([np.ones(len(movable)), np.zeros(len(demanded)), np.tile(up, tables)])
    cost = np.zeros(len(lowest))
    cost[: len(movable)] = np.log1p(cells.values[movable])
    found = milp(
        cost,
        constraints=_agreeing(cells, movable, demanded, down, up),
        bounds=Bounds(lowest, highest),
        integrality=np.ones_like(cost),
        options={"time_limit": seconds, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    must[movable[found.x[: len(movable)] > _WITHHELD]] = True
    return must


def _agreeing(
    cells: LinkedCells, movable: NDArray[np.intp], demanded: NDArray[np.intp], down: Floats, up: Floats
) -> LinearConstraint:
    """Every table adds up, gives its demanded cell the next value, and moves cells only where they are withheld."""
    size, wanted = len(movable), cells.possible[demanded]
    tables, number = wanted.sum(), np.arange(len(demanded)).repeat(wanted)
    sums = sparse.kron(sparse.eye_array(tables), cells.sums[:, movable])
    own = np.arange(tables) * size + np.searchsorted(movable, demanded)[number]
    own_cell = sparse.csr_array((np.ones(tables), (np.arange(tables), own)), shape=(tables, tables * size))
    smallest = sparse.eye_array(len(demanded), format="csr")[number]
    every, one_each = sparse.eye_array(tables * size), np.ones((tables, 1))
    blocks = [
        [None, None, sums],
        [None, -smallest, own_cell],
        [-sparse.kron(one_each, sparse.diags_array(up)), None, every],
        [sparse.kron(one_each, sparse.diags_array(down)), None, -every],
    ]
    still, step = np.zeros(sums.shape[0]), np.arange(tables) - (np.cumsum(wanted) - wanted)[number]
    high = np.concatenate([still, step, np.zeros(2 * tables * size)])
    low = np.concatenate([still, step, np.full(2 * tables * size, -np.inf)])
    return LinearConstraint(sparse.block_array(blocks, format="csr"), low, high)


def _not_protected(certain: int, why: str) -> DisclosureError:
    return DisclosureError(
        Problem(
            f"{number_of(certain, 'withheld count')} that can be computed from what is shown, {why}",
            "tables in which withholding further cells keeps them uncertain",
            "publish fewer or coarser tables, protect zeros too, or protect counts by noise instead",
        )
    )


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
