"""The rows and persons behind everything that the declaration of a condition names.

In: a condition and registers. Out: a row for each component and each kind of rows that it asks for. Every table is read
once, a range of persons at a time, and matched on its distinct codes, settings and positions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from riskstrat.codes import matching
from riskstrat.declare import Condition
from riskstrat.declare.base import Declaration
from riskstrat.declare.event_queries import EventQuery, event_queries
from riskstrat.declare.rows import values_text, values_within
from riskstrat.quality.rows import ROWS_AT_A_TIME, person_ranges
from riskstrat.registers import Registers

_KIND = ("code", "setting", "position")
_COUNTED = {"different": pl.Int64, "rows": pl.Int64, "persons": pl.Int64}
_SCHEMA = {
    **dict.fromkeys(("part", "component", "register", "codes", "settings", "positions"), pl.String),
    "in_registers": pl.Boolean,
    **_COUNTED,
}


def count_declared_rows(
    condition: Condition, registers: Registers, *, rows_at_a_time: int = ROWS_AT_A_TIME
) -> pl.DataFrame:
    """Count the rows and persons behind everything that a condition names, whenever recorded and whoever it is about.

    Parameters
    ----------
    condition
        The declaration.
    registers
        As `open_registers` found them.
    rows_at_a_time
        About how many rows are held in memory.

    Returns
    -------
    polars.DataFrame
        Columns as `riskstrat.records.findings.DryRun.components`, exact; to be released before it is shown.

    Raises
    ------
    UsageError
        If an expression of codes cannot be read, or asks for a range of codes that have no order.

    Examples
    --------
    >>> import riskstrat as rs
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> counts = count_declared_rows(rs.conditions.load("childhood_obesity"), registers)
    >>> counts.select("part", "register", "codes", "rows").row(0)
    ('outcome', 'child_health', 'bmi_kg_m2', 147117)
    """
    named = list(dict.fromkeys(_components(condition)))
    queries = list(dict.fromkeys(query for _, _, query in named))
    counts: dict[EventQuery, tuple[int, int, int]] = {}
    for table in dict.fromkeys(query.register for query in queries if registers.has(query.register)):
        counts |= _count(registers, table, [query for query in queries if query.register == table], rows_at_a_time)
    rows = [
        (part, component, *query.described(), query in counts, *counts.get(query, (0, 0, 0)))
        for part, component, query in named
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _components(condition: Condition) -> Iterator[tuple[str, str, EventQuery]]:
    """Name the part of the declaration, the column of a feature, and the rows that each asks for."""
    for field in dataclasses.fields(condition):
        value = getattr(condition, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Declaration):
                yield from ((field.name, str(getattr(each, "column", "")), query) for query in event_queries(each))


def _count(
    registers: Registers, table: str, queries: Sequence[EventQuery], rows_at_a_time: int
) -> dict[EventQuery, tuple[int, int, int]]:
    prefix, written = registers.prefix_matching(table), registers.codes(table)
    codes = {query: matching(query.codes, written, prefix=prefix) for query in queries}
    wanted = pl.col("code").is_in(sorted(set().union(*codes.values())))
    in_range = {_range_name(query): values_within(query.value_range) for query in queries}
    parts: list[pl.DataFrame] = []
    for people in person_ranges(registers, table, rows_at_a_time):
        rows = registers.scan(table, people).filter(wanted).with_columns(**in_range)
        kinds = rows.group_by(*_KIND, *in_range).agg("person_id").collect()
        parts.append(pl.concat([_matched(kinds, query, codes[query], n) for n, query in enumerate(queries)]))
    found = (
        pl.concat(parts)
        .group_by("query")
        .agg(pl.col("code").explode().drop_nulls().n_unique(), pl.col("rows", "persons").sum())
    )
    return {queries[query]: counts for query, *counts in found.iter_rows()}  # type: ignore[misc]


def _range_name(query: EventQuery) -> str:
    """Name the column that says whether a row's value is in the range that a query asks for."""
    return f"value{values_text(query.value_range)}"


def _matched(kinds: pl.DataFrame, query: EventQuery, codes: Sequence[str], number: int) -> pl.DataFrame:
    """Count what a query matches among the kinds of rows of a range of persons, and list the codes."""
    matches = pl.col("code").is_in(codes) & pl.col(_range_name(query))
    for column, values in (("setting", query.settings), ("position", query.positions)):
        matches &= pl.col(column).is_in(values) if values else pl.lit(value=True)
    matched = kinds.filter(matches)
    persons = matched["person_id"].explode()
    return pl.DataFrame(
        {
            "query": [number],
            "code": [matched["code"].unique().to_list()],
            "rows": [persons.len() if matched.height else 0],
            "persons": [persons.drop_nulls().n_unique()],
        },
        schema={"query": pl.Int64, "code": pl.List(pl.String), "rows": pl.Int64, "persons": pl.Int64},
    )
