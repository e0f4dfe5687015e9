"""The rows and persons behind everything that the declaration of a condition names.

In: a condition and registers. Out: a row for each component and each kind of rows that it asks for. Every table is read
once, a range of persons at a time, and matched on its distinct codes, settings and positions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from riskstrat.codes.lists import matching
from riskstrat.declare import Condition
from riskstrat.declare.base import Declaration
from riskstrat.declare.event_queries import EventQuery, event_queries
from riskstrat.declare.rows import values_text, values_within
from riskstrat.quality.rows import ROWS_AT_A_TIME, person_ranges
from riskstrat.registers import Registers

_KIND = ("code", "setting", "position")
_NAMED = dict.fromkeys(("part", "component", "register", "codes", "settings", "positions"), pl.String)
_YEARLY = {**_NAMED, **dict.fromkeys(("year", "rows", "persons"), pl.Int64)}
_SCHEMA = {**_NAMED, "in_registers": pl.Boolean, **dict.fromkeys(("different", "rows", "persons"), pl.Int64)}


def count_by_component_and_year(
    condition: Condition, registers: Registers, *, rows_at_a_time: int = ROWS_AT_A_TIME
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count rows and persons behind everything that is named, in all and by year of the row, in one pass a table.

    Returns `DryRun.components` and `DryRun.years`.
    """
    named = list(dict.fromkeys(_components(condition)))
    queries = list(dict.fromkeys(query for _, _, query in named))
    counts: dict[EventQuery, tuple[int, int, int]] = {}
    yearly: dict[EventQuery, list[tuple[int, int, int]]] = {}
    for table in dict.fromkeys(query.register for query in queries if registers.has(query.register)):
        counted = _count(registers, table, [query for query in queries if query.register == table], rows_at_a_time)
        counts, yearly = counts | counted[0], yearly | counted[1]
    rows = [
        (part, component, *query.described(), query in counts, *counts.get(query, (0, 0, 0)))
        for part, component, query in named
    ]
    by_year = [
        (part, component, *query.described(), *year)
        for part, component, query in named
        for year in yearly.get(query, ())
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row"), pl.DataFrame(by_year, schema=_YEARLY, orient="row")


def _components(condition: Condition) -> Iterator[tuple[str, str, EventQuery]]:
    """Name the part of the declaration, the column of a feature, and the rows that each asks for."""
    for field in dataclasses.fields(condition):
        value = getattr(condition, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Declaration):
                yield from ((field.name, str(getattr(each, "column", "")), query) for query in event_queries(each))


def _count(
    registers: Registers, table: str, queries: Sequence[EventQuery], rows_at_a_time: int
) -> tuple[dict[EventQuery, tuple[int, int, int]], dict[EventQuery, list[tuple[int, int, int]]]]:
    """Count different codes, rows and persons of each query; and year, rows and persons of each of its years."""
    prefix, written = registers.prefix_matching(table), registers.codes(table)
    codes = {query: matching(query.codes, written, prefix=prefix) for query in queries}
    wanted = pl.col("code").is_in(sorted(set().union(*codes.values())))
    in_range = {_range_name(query): values_within(query.value_range) for query in queries}
    year = pl.col("date").dt.year().alias("year")
    whole: list[pl.DataFrame] = []
    yearly: list[pl.DataFrame] = []
    for people in person_ranges(registers, table, rows_at_a_time):
        rows = registers.scan(table, people).filter(wanted).with_columns(**in_range)
        kinds = rows.group_by(*_KIND, year, *in_range).agg("person_id").collect()
        for number, query in enumerate(queries):
            matched = _matched(kinds, query, codes[query])
            whole.append(_counted(matched, number))
            yearly.append(_counted(matched, number, "year"))
    sums = pl.col("rows", "persons").sum()
    found = pl.concat(whole).group_by("query").agg(pl.col("code").explode().n_unique(), sums)
    years = pl.concat(yearly).group_by("query", "year").agg(sums).sort("year")
    none = dict.fromkeys(queries, (0, 0, 0))
    return (
        none | {queries[query]: (different, *counts) for query, different, *counts in found.iter_rows()},
        {query: years.filter(query=number).drop("query").rows() for number, query in enumerate(queries)},
    )


def _range_name(query: EventQuery) -> str:
    """Name the column that says whether a row's value is in the range that a query asks for."""
    return f"value{values_text(query.value_range)}"


def _matched(kinds: pl.DataFrame, query: EventQuery, codes: Sequence[str]) -> pl.DataFrame:
    """Find what a query matches among the kinds of rows of a range of persons."""
    matches = pl.col("code").is_in(codes) & pl.col(_range_name(query))
    for column, values in (("setting", query.settings), ("position", query.positions)):
        matches &= pl.col(column).is_in(values) if values else pl.lit(value=True)
    return kinds.filter(matches)


def _counted(matched: pl.DataFrame, number: int, *by: str) -> pl.DataFrame:
    """Count rows and persons of what the query of a number matches, and list its codes."""
    persons = pl.col("person_id").explode()
    return matched.group_by(pl.lit(number).alias("query"), *by).agg(
        pl.col("code").unique(),
        rows=pl.col("person_id").list.len().sum().cast(pl.Int64),
        persons=persons.n_unique().cast(pl.Int64),
    )
