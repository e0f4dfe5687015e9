"""Counts that could be computed from what is shown beside them are protected by withholding others."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from riskstrat.disclosure import Disclosure, Sum, Table, release
from riskstrat.disclosure.audit import LinkedCells
from riskstrat.disclosure.linked_tables import withheld as withheld_cells
from riskstrat.disclosure.linked_tables import withheld_together
from riskstrat.errors import DisclosureError

RULE = Disclosure(protection="suppression")


def primary(tables: dict[str, Table], rule: Disclosure = RULE) -> dict[str, pl.DataFrame]:
    """Give what is withheld for being small, and within a small denominator or beside a small rest."""
    return {
        name: table.frame.select(
            pl.any_horizontal(
                rule.protects(pl.col(count)),
                *(rule.protects(pl.col(whole)) for part, whole in table.parts if part == count),
                *(
                    rule.protects_remainder(pl.col(count), pl.col(whole))
                    for part, whole in table.parts
                    if part == count != whole
                ),
            ).alias(count)
            for count in table.whole_counts
        )
        for name, table in tables.items()
    }


def withheld(tables: dict[str, Table], rule: Disclosure = RULE) -> dict[str, dict[str, list[bool]]]:
    found = withheld_together(tables, primary(tables, rule), rule)
    return {name: frame.to_dict(as_series=False) for name, frame in found.items()}


def test_two_hidden_counts_that_total_two_are_one_and_one_by_rule() -> None:
    frame = pl.DataFrame({"area": list("abcd"), "cases": [1, 1, 7, 40], "whole": [49] * 4}).drop("whole")
    total = pl.DataFrame({"scope": ["all"], "cases": [49]})
    tables = {
        "areas": Table(frame, dimensions="area", counts="cases", sums=[Sum(count="cases", total_table="total")]),
        "total": Table(total, dimensions="scope", counts="cases"),
    }
    assert withheld(tables)["areas"]["cases"] == [True, True, False, True]


def test_a_rest_is_protected_as_the_count_is() -> None:
    """18 of 20 is withheld because two remain; the total of all groups would give it."""
    frame = pl.DataFrame({"area": ["a", "b", "all"], "cases": [18, 30, 48], "people": [20, 90, 110]})
    sums = [Sum(count=count, parts={"area": ("a", "b")}, total={"area": ("all",)}) for count in ("cases", "people")]
    tables = {"t": Table(frame, dimensions="area", counts="cases", denominators="people", sums=sums)}
    assert withheld(tables)["t"] == {"cases": [True, True, False], "people": [False, False, False]}


def test_tables_that_overlap_are_linked_by_their_atoms() -> None:
    """40-49 in one table and 40-44 in another: the three people of 45-49 are the difference."""
    atoms = pl.DataFrame(
        {"narrow": ["40-44", "none", "50-59"], "broad": ["40-49", "40-49", "50-59"], "people": [30, 3, 50]}
    )
    broad = pl.DataFrame({"broad": ["40-49", "50-59"], "people": [33, 50]})
    narrow = pl.DataFrame({"narrow": ["40-44", "50-59"], "people": [30, 50]})
    sums = [
        Sum(count="people", by=("broad",), total_table="broad"),
        Sum(count="people", by=("narrow",), total_table="narrow"),
    ]
    alone = {
        "broad": Table(broad, dimensions="broad", counts="people"),
        "narrow": Table(narrow, dimensions="narrow", counts="people"),
    }
    linked = {**alone, "atoms": Table(atoms, dimensions=("narrow", "broad"), unshown="people", sums=sums)}
    assert not any(column for table in withheld(alone).values() for column in table["people"])
    found = withheld(linked)
    assert found["narrow"]["people"] == [True, False]
    assert found["broad"]["people"] == [False, False]


def test_persons_decide_and_zeros_are_shown() -> None:
    """Ten index dates of two persons are withheld, and the five of others with them; the zero is not."""
    frame = pl.DataFrame({"area": ["a", "b", "c", "all"], "dates": [10, 0, 9, 19], "persons": [2, 0, 6, 8]})
    whole = Sum(count="dates", parts={"area": ("a", "b", "c")}, total={"area": ("all",)})
    table = Table(frame, dimensions="area", counts="dates", persons={"dates": "persons"}, sums=[whole])
    small = {"t": frame.select(RULE.protects(pl.col("persons")).alias("dates"))}
    assert withheld_together({"t": table}, small, RULE)["t"]["dates"].to_list() == [True, False, True, False]


def test_counts_that_are_missing_or_not_linked_are_left_alone() -> None:
    frame = pl.DataFrame({"area": ["a", "b", "all"], "cases": [3, None, 40]})
    whole = Sum(count="cases", parts={"area": ("a", "b")}, total={"area": ("all",)})
    tables = {"t": Table(frame, dimensions="area", counts="cases", sums=[whole])}
    assert withheld(tables)["t"]["cases"] == [True, None, False]


def test_a_table_that_is_withheld_whole_says_no_more_than_the_rule() -> None:
    """3 + 0 = 3: both are withheld, and the zero may be shown."""
    frame = pl.DataFrame({"area": ["a", "b", "all"], "cases": [3, 0, 3]})
    whole = Sum(count="cases", parts={"area": ("a", "b")}, total={"area": ("all",)})
    tables = {"t": Table(frame, dimensions="area", counts="cases", sums=[whole])}
    assert withheld(tables)["t"]["cases"] == [True, False, True]


def test_where_nothing_protects_a_count_nothing_is_released() -> None:
    """Two of 1 to 4 that total 2, where the total cannot be withheld."""
    small = np.array([True, True, False])
    cells = LinkedCells(
        values=np.array([1, 1, 2]),
        sums=sparse.csr_array(np.array([[1, 1, -1]])),
        lower=np.array([1.0, 1.0, 5.0]),
        upper=np.array([4.0, 4.0, np.inf]),
        sensitive=small,
        unshown=np.zeros(3, dtype=bool),
        possible=np.full(3, 4),
    )
    with pytest.raises(DisclosureError, match="2 withheld counts") as raised:
        withheld_cells(cells)
    assert raised.value.exit_code == 5


def test_a_search_that_runs_out_of_time_releases_nothing() -> None:
    frame = pl.DataFrame({"area": list("abc"), "cases": [3, 12, 30]})
    total = pl.DataFrame({"scope": ["all"], "cases": [45]})
    tables = {
        "areas": Table(frame, dimensions="area", counts="cases", sums=[Sum(count="cases", total_table="total")]),
        "total": Table(total, dimensions="scope", counts="cases"),
    }
    with pytest.raises(DisclosureError, match="in the time"):
        withheld_together(tables, primary(tables), RULE, seconds=0)


def test_release_withholds_them_with_everything_derived_from_them() -> None:
    """Of three areas one is small; a second is withheld, and its rate with it, under this protection alone."""
    frame = pl.DataFrame({"area": list("abc"), "cases": [3, 12, 30], "rate": [0.1, 0.2, 0.3]})
    total = pl.DataFrame({"scope": ["all"], "cases": [45]})
    link = Sum(count="cases", total_table="total")
    tables = {
        "areas": Table(frame, dimensions="area", counts="cases", derived={"rate": "cases"}, sums=[link]),
        "total": Table(total, dimensions="scope", counts="cases"),
    }
    shown = release(tables, Disclosure(protection="suppression", rounding=1))
    assert shown["areas"].frame["cases"].to_list() == [None, None, 30]
    assert shown["areas"].frame["rate"].to_list() == [None, None, 0.3]
    assert shown["areas"].suppressed == {"cases": 2, "rate": 2}
    assert shown["total"].frame["cases"].to_list() == [45]
    inside = release(tables, Disclosure(protection="none", rounding=1))
    assert inside["areas"].frame["cases"].to_list() == [None, 12, 30]
