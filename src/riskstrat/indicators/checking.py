"""What is wrong with the arguments of a follow-up.

In: an indicator and what it is to be counted in. Out: problems, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType

import polars as pl

from riskstrat.declare import Indicator, NetCostIndicator, RegisterIndicator, SlopeIndicator, TableIndicator
from riskstrat.errors import Problem, unknown
from riskstrat.indicators.measuring import GROUPS
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.registers import Registers

_SOURCES: Mapping[type[Indicator], tuple[type | UnionType, str]] = {
    RegisterIndicator: (Registers, "registers, from rs.open_registers"),
    TableIndicator: (pl.DataFrame, "a table of counts"),
    NetCostIndicator: (Plan | Omission, "a plan, from rs.prioritise"),
}


def problems(
    indicator: Indicator,
    source: object,
    years: Sequence[int],
    by: tuple[str, ...],
    deprivation: pl.DataFrame | None,
) -> Iterator[Problem]:
    """List what is wrong."""
    behind = indicator.of if isinstance(indicator, SlopeIndicator) else indicator
    wanted, words = _SOURCES[type(behind)]
    if not isinstance(source, wanted):
        yield Problem(f"a {type(source).__name__}", words, f"give what {behind.name} is counted in")
    elif isinstance(source, pl.DataFrame) and isinstance(behind, TableIndicator):
        yield from _table_problems(behind, source, (*by, *(("area_id",) if behind is not indicator else ())))
    if isinstance(behind, RegisterIndicator):
        if behind.standardised and (overlap := {"sex", "age_band"}.intersection(by)):
            found = f"numbers by {' and '.join(sorted(overlap))} that are standardised for sex and age"
            yield Problem(found, "one or the other", "leave out by, or standardised")
        yield from (unknown("grouping column", column, GROUPS) for column in by if column not in GROUPS)
    if not years:
        yield Problem("no year", "one or more", "give years=[2021, 2022, 2023]")
    if by and behind is not indicator:
        yield Problem(f"a slope by {', '.join(by)}", "areas only", "leave out by")
    if behind is not indicator:
        yield from _deprivation_problems(deprivation)


def _deprivation_problems(deprivation: pl.DataFrame | None) -> Iterator[Problem]:
    columns = [] if deprivation is None else deprivation.columns
    for column in ("area_id", "people"):
        if column not in columns:
            yield Problem("no such column", "area_id, index, people", "add it", table="deprivation", column=column)
    if not any(column not in ("area_id", "people") for column in columns):
        yield Problem("no index", "a column where higher is more deprived", "add it", table="deprivation")


def _table_problems(indicator: TableIndicator, table: pl.DataFrame, by: Sequence[str]) -> Iterator[Problem]:
    needed = ("year", *by, indicator.count, indicator.denominator)
    missing = [column for column in needed if column not in table.columns]
    yield from (unknown("column", column, table.columns, table=indicator.name) for column in missing)
    if missing:
        return
    numbers = [table[column].cast(pl.Float64, strict=False) for column in (indicator.count, indicator.denominator)]
    for column, values in zip((indicator.count, indicator.denominator), numbers, strict=True):
        if values.null_count() > table[column].null_count() or bool((~(values >= 0) | values.is_infinite()).any()):
            yield _table_problem(indicator, "numbers below 0 or none at all", "counts of at least 0", column)
    if indicator.measure == "proportion" and bool((numbers[0] > numbers[1]).any()):
        yield _table_problem(indicator, "counts above their denominator", "a part of it", indicator.count)


def _table_problem(indicator: TableIndicator, found: str, expected: str, column: str) -> Problem:
    return Problem(found, expected, "correct the table", table=indicator.name, column=column)
