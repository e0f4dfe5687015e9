"""A published table whose hidden cells all have company in row and column, and one of which can be computed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
from scipy import sparse

from reference_files import BESIDE, needs_beside
from riskstrat.disclosure.audit import LinkedCells, possible_values
from riskstrat.disclosure.linked_tables import withheld

PLANNING = BESIDE / "reference" / "planning"
MOST = 200


def published() -> tuple[LinkedCells, list[str]]:
    """Give the table with its row and column totals, and the names of its cells."""
    frame = pl.read_csv(PLANNING / "disclosure" / "sdctable_recompute_problem.csv")
    rows, columns = frame[""].to_list(), frame.columns[1:]
    table = frame.drop("").to_numpy()
    inner = table.size
    sums = np.zeros((len(rows) + len(columns), inner + len(rows) + len(columns)))
    sums[: len(rows), :inner] = np.kron(np.eye(len(rows)), np.ones(len(columns)))
    sums[len(rows) :, :inner] = np.kron(np.ones(len(rows)), np.eye(len(columns)))
    sums[:, inner:] = -np.eye(len(sums))
    names = [row + column for row in rows for column in columns]
    sensitive = json.loads((PLANNING / "expected.json").read_text())["sdc"]["sdctable"]["primary"]
    cells = LinkedCells(
        values=np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0)]),
        sums=sparse.csr_array(sums),
        lower=np.zeros(sums.shape[1]),
        upper=np.full(sums.shape[1], np.inf),
        sensitive=np.array([*(name in sensitive for name in names), *[False] * len(sums)]),
        unshown=np.zeros(sums.shape[1], dtype=bool),
        possible=np.full(sums.shape[1], MOST),
    )
    return cells, [*names, *rows, *columns]


@needs_beside("reference/planning/disclosure", "GPL")
def test_the_audit_finds_the_cell_that_can_be_computed() -> None:
    """With the primary cells only, w|b is 47; with x|d too, it can be any of 0 to 78 (R, sdcTable)."""
    cells, names = published()
    known = json.loads((PLANNING / "expected.json").read_text())["sdc"]["sdctable"]["lp_here"]
    found = dict(zip(names, possible_values(cells, cells.sensitive).tolist(), strict=True))
    ranges = known["none_added"]
    assert {name: found[name] for name in ranges} == {name: high - low + 1 for name, (low, high) in ranges.items()}
    for more in ("xd", "xb"):
        low, high = known[f"plus_{more}_wb"]
        assert possible_values(cells, cells.sensitive | (np.array(names) == more))[names.index("wb")] == high - low + 1


@needs_beside("reference/planning/disclosure", "GPL")
def test_suppression_withholds_the_one_cell_that_protects_it() -> None:
    cells, names = published()
    few = replace(cells, possible=np.full_like(cells.possible, 10))
    hidden = withheld(few)
    assert [name for name, more in zip(names, hidden & ~cells.sensitive, strict=True) if more] == ["xd"]
    assert (possible_values(few, hidden)[cells.sensitive] == 10).all()
