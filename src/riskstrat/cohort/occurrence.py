"""How often the codes of a condition occur in registers, so that a misspelt list is seen before a study is run.

In: a condition and registers. Out: counts of distinct codes, rows and people; to be released before they are shown.
"""

from __future__ import annotations

import polars as pl

from riskstrat.codes import matching
from riskstrat.declare import Condition
from riskstrat.declare.event_queries import EventQuery, event_queries
from riskstrat.registers import Registers


def code_counts(condition: Condition, registers: Registers) -> pl.DataFrame:
    """Count what a condition asks for, whenever it was recorded and whoever it is about.

    Returns
    -------
    polars.DataFrame
        register, codes, settings and positions (joined by commas), different (codes), rows and people; one row for each
        that the condition asks for, without those of registers that are not there.

    Raises
    ------
    UsageError
        If an expression cannot be read, or asks for a range of codes that have no order.
    """
    asked = [rows for rows in event_queries(condition) if registers.has(rows.register)]
    counts = pl.collect_all([_counts(rows, registers) for rows in asked])
    names = [(rows.register, rows.codes, ",".join(rows.settings), ",".join(rows.positions)) for rows in asked]
    said = pl.DataFrame(names, schema=["register", "codes", "settings", "positions"], orient="row")
    return said.hstack(pl.concat(counts)) if counts else said


def _counts(rows: EventQuery, registers: Registers) -> pl.LazyFrame:
    table = rows.register
    meant = matching(rows.codes, registers.codes(table), prefix=registers.prefix_matching(table))
    found = registers.scan(table).filter(pl.col("code").is_in(meant))
    for column, wanted in (("setting", rows.settings), ("position", rows.positions)):
        if wanted:
            found = found.filter(pl.col(column).is_in(wanted))
    return found.select(
        different=pl.col("code").n_unique().cast(pl.Int64),
        rows=pl.len().cast(pl.Int64),
        people=pl.col("person_id").n_unique().cast(pl.Int64),
    )
