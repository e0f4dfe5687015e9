"""How often the codes of a condition occur in registers, so that a misspelt list is found before a study is run.

In: a condition and registers. Out: counts of distinct codes, rows and persons; to be released before they are shown.
"""

from __future__ import annotations

import polars as pl

from riskstrat.codes import matching
from riskstrat.declare import Condition
from riskstrat.declare.event_queries import EventQuery, event_queries
from riskstrat.registers import Registers


def code_counts(condition: Condition, registers: Registers) -> pl.DataFrame:
    """Count the rows that a condition selects, of all dates and persons.

    Parameters
    ----------
    condition
        Whose queries are counted.
    registers
        What `open_registers` returned.

    Returns
    -------
    polars.DataFrame
        register, codes, settings and positions (joined by commas), different (codes), rows and people (persons);
        one row for each query of the condition, without those of registers that are not there.

    Raises
    ------
    UsageError
        If an expression cannot be read, or names a range of codes that have no order.

    Examples
    --------
    >>> import riskstrat as rs
    >>> counts = code_counts(rs.conditions.load("frailty"), rs.open_registers("data_samples/modellstad"))
    >>> counts.columns
    ['register', 'codes', 'settings', 'positions', 'different', 'rows', 'people']
    """
    queries = [query for query in event_queries(condition) if registers.has(query.register)]
    counts = pl.collect_all([_counts(query, registers) for query in queries])
    names = [(query.register, query.codes, ",".join(query.settings), ",".join(query.positions)) for query in queries]
    selected = pl.DataFrame(names, schema=["register", "codes", "settings", "positions"], orient="row")
    return selected.hstack(pl.concat(counts)) if counts else selected


def _counts(query: EventQuery, registers: Registers) -> pl.LazyFrame:
    table = query.register
    codes = matching(query.codes, registers.codes(table), prefix=registers.prefix_matching(table))
    found = registers.scan(table).filter(pl.col("code").is_in(codes))
    for column, wanted in (("setting", query.settings), ("position", query.positions)):
        if wanted:
            found = found.filter(pl.col(column).is_in(wanted))
    return found.select(
        different=pl.col("code").n_unique().cast(pl.Int64),
        rows=pl.len().cast(pl.Int64),
        people=pl.col("person_id").n_unique().cast(pl.Int64),
    )
