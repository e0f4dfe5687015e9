"""Figures of others beside the municipality's: county, nation, similar municipalities; published ones, from a table.

In: a frame that the user brings. Out: the same, checked, as a table that concerns no person of the registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from riskstrat.disclosure import Table
from riskstrat.errors import Problem, UsageError, unknown

REQUIRED: Final = {"who": pl.String, "indicator": pl.String, "year": pl.Int64, "value": pl.Float64, "source": pl.String}
OPTIONAL: Final = {"lower": pl.Float64, "upper": pl.Float64, "unit": pl.String}


def comparators_table(given: pl.DataFrame, condition: str) -> Table:
    """Check figures of others and bring them under their roles.

    Columns: ``who``, ``indicator``, ``year``, ``value``, ``source``; ``lower`` and ``upper`` together, and ``unit``,
    where they are known. Rows whose indicator is the name of the condition are shares, 0 to 1, with the outcome within
    the horizon: the study's own figure stands beside them.
    """
    UsageError.refuse(_column_problems(given))
    frame = given.select(
        pl.col(name).cast(kind, strict=False) if name in given.columns else pl.lit(None, kind).alias(name)
        for name, kind in {**REQUIRED, **OPTIONAL}.items()
    )
    whole = given["year"].cast(pl.Float64).fill_null(0)
    broken = Problem("years that are no whole numbers", "2024, say", "correct them", column="year")
    UsageError.refuse([broken] if (whole != whole.floor()).any() else _row_problems(frame, condition))
    keys = ("indicator", "who", "year")
    return Table(frame.sort(keys), dimensions=keys, public=("value", "lower", "upper", "unit", "source"))


def _column_problems(given: pl.DataFrame) -> list[Problem]:
    known, absent = {**REQUIRED, **OPTIONAL}, [name for name in REQUIRED if name not in given.columns]
    problems = [_problem(f"no column {name}", ", ".join(REQUIRED), "add it", name) for name in absent]
    problems += [unknown("column", name, known, table="comparators") for name in given.columns if name not in known]
    for name in (name for name in known if name in given.columns):
        text, wanted = known[name] == pl.String, "text" if known[name] == pl.String else "numbers"
        kind = given[name].dtype
        fits = kind in (pl.String, pl.Null) if text else kind.is_numeric() or kind == pl.Null
        if not fits:
            problems.append(_problem(f"{name} of type {kind}", wanted, "convert the column", name))
    return problems


def _row_problems(frame: pl.DataFrame, condition: str) -> list[Problem]:
    value, lower, upper = (pl.col(name) for name in ("value", "lower", "upper"))
    share = (pl.col("indicator") == condition) & ~value.is_between(0, 1)
    complaints = (
        (pl.any_horizontal(pl.col(*REQUIRED).is_null()), "something missing", ", ".join(REQUIRED), "fill it in"),
        (~value.is_finite(), "a value that is no number", "a number", "leave the row out"),
        (lower.is_null() != upper.is_null(), "one limit of an interval", "both or none", "add the other"),
        ((lower > value) | (upper < value), "a value outside its interval", "lower <= value <= upper", "correct it"),
        (share, f"a value of {condition} outside 0 to 1", "the share with the outcome", "divide per cent by 100"),
        (pl.struct("who", "indicator", "year").is_duplicated(), "a figure that comes twice", "each once", "choose one"),
    )
    problems = []
    for wrong, found, expected, remedy in complaints:
        rows = frame.with_row_index("row", offset=1).filter(wrong.fill_null(value=False))["row"].to_list()
        if rows:
            problems.append(_problem(f"{found} in {_rows(rows)}", expected, remedy))
    return problems or ([] if frame.height else [_problem("no row", "at least one", "leave comparators out")])


def _rows(rows: Sequence[int]) -> str:
    named = ", ".join(str(row) for row in rows[:5])
    return f"row{'' if len(rows) == 1 else 's'} {named}{' and others' if len(rows) > 5 else ''}"


def _problem(found: str, expected: str, remedy: str, column: str | None = None) -> Problem:
    return Problem(found, expected, remedy, table="comparators", column=column)
