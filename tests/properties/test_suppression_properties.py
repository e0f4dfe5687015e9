"""What the audit says of small tables is what trying all of them says, and suppression leaves no cell too certain."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

from riskstrat.disclosure import Disclosure, Sum, Table
from riskstrat.disclosure.audit import Bools, LinkedCells, possible_values
from riskstrat.disclosure.linked_tables import withheld, withheld_together
from riskstrat.errors import DisclosureError

MOST = 9


def grid(inner: list[int], columns: int, possible: int = 3) -> LinkedCells:
    """Cells of a table with its row and column totals; those of 1 to 3 are small, zeros are shown."""
    table = np.array(inner).reshape(-1, columns)
    rows = table.shape[0]
    n = table.size
    sums = np.zeros((rows + columns, n + rows + columns))
    for row, column in product(range(rows), range(columns)):
        sums[row, row * columns + column] = sums[rows + column, row * columns + column] = 1
    sums[:, n:] = -np.eye(rows + columns)
    values = np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0)])
    small = (values > 0) & (values < 4)
    return LinkedCells(
        values=values,
        sums=sparse.csr_array(sums),
        lower=np.where(small, 1.0, 4.0),
        upper=np.where(small, 3.0, float(MOST)),
        sensitive=small,
        unshown=np.zeros(len(values), dtype=bool),
        possible=np.full(len(values), possible),
    )


def tried(cells: LinkedCells, hidden: Bools) -> list[int]:
    """Count possible values by trying all whole numbers in all hidden cells."""
    where = np.flatnonzero(hidden)
    seen = [{int(value)} for value in cells.values]
    for guess in product(*(range(int(cells.lower[cell]), int(cells.upper[cell]) + 1) for cell in where)):
        values = cells.values.copy()
        values[where] = guess
        if not (cells.sums @ values).any():
            for cell in where:
                seen[cell].add(int(values[cell]))
    return [
        min(in_a_row(seen[cell], int(cells.values[cell])), cells.possible[cell]) if cells.sensitive[cell] else 1
        for cell in range(len(seen))
    ]


def in_a_row(seen: set[int], value: int) -> int:
    low = high = value
    while low - 1 in seen:
        low -= 1
    while high + 1 in seen:
        high += 1
    return high - low + 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 7), min_size=6, max_size=6), st.sets(st.integers(0, 10), max_size=3))
def test_the_audit_agrees_with_trying_all_tables(inner: list[int], more: set[int]) -> None:
    cells = grid(inner, 3)
    hidden = cells.sensitive.copy()
    inside = (cells.lower <= cells.values) & (cells.values <= cells.upper)
    hidden[[cell for cell in more if inside[cell]]] = True
    assume(hidden.sum() <= 6)
    assert possible_values(cells, hidden).tolist() == tried(cells, hidden)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_after_suppression_every_sensitive_cell_has_the_values_that_are_asked_for(inner: list[int]) -> None:
    """As many as asked for, or as the rule alone leaves; where that is one value, nothing is released."""
    cells = grid(inner, 3)
    most = possible_values(cells, (cells.lower <= cells.values) & (cells.values <= cells.upper))
    if (most[cells.sensitive] < 2).any():
        with pytest.raises(DisclosureError):
            withheld(cells)
        return
    hidden = withheld(cells)
    assert hidden[cells.sensitive].all()
    assert not hidden[cells.values == 0].any()
    assert (possible_values(cells, hidden) == most)[cells.sensitive].all()


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_no_dearer_than_any_other_choice(inner: list[int]) -> None:
    """All choices of further cells in a table of two by two: none that protects is cheaper."""
    cells = grid(inner, 2, possible=2)
    free = np.flatnonzero(~cells.sensitive & (cells.lower <= cells.values) & (cells.values <= cells.upper))
    cost = np.log1p(cells.values)
    protecting = []
    for chosen in product([False, True], repeat=len(free)):
        hidden = cells.sensitive.copy()
        hidden[free[np.array(chosen, dtype=bool)]] = True
        if (possible_values(cells, hidden)[cells.sensitive] == 2).all():
            protecting.append(cost[hidden].sum())
    assume(protecting)
    assert cost[withheld(cells)].sum() <= min(protecting) * 1.011


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 12), min_size=3, max_size=5))
def test_a_total_in_another_table_gives_no_small_count_away(counts: list[int]) -> None:
    """Every count of 1 to 4 in one table keeps four values, given its total in another: all tables are tried."""
    assume(sum(counts) > 20)
    tables, primary = areas_and_total(counts)
    hidden = withheld_together(tables, primary, RULE)
    areas, total = hidden["areas"]["cases"].to_list(), hidden["total"]["cases"][0]
    ranges = [
        [count] if not withheld else range(1, 5) if 0 < count < 5 else range(5, 30)
        for count, withheld in zip(counts, areas, strict=True)
    ]
    fitting = [guess for guess in product(*ranges) if total or sum(guess) == sum(counts)]
    for number, count in enumerate(counts):
        assert areas[number] or not 0 < count < 5
        assert len({guess[number] for guess in fitting}) == 4 or not 0 < count < 5


RULE = Disclosure(protection="suppression")


def areas_and_total(counts: list[int]) -> tuple[dict[str, Table], dict[str, pl.DataFrame]]:
    frame = pl.DataFrame({"area": range(len(counts)), "cases": counts})
    tables = {
        "areas": Table(frame, dimensions="area", counts="cases", sums=[Sum(count="cases", total_table="total")]),
        "total": Table(pl.DataFrame({"scope": ["all"], "cases": [sum(counts)]}), dimensions="scope", counts="cases"),
    }
    return tables, {name: table.frame.select(RULE.protects(pl.col("cases"))) for name, table in tables.items()}
