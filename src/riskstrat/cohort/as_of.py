"""The latest as-of date for which registers can answer a condition.

In: a condition, registers and an as-of date. Out: nothing, or an error that names the last date that works.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from riskstrat.declare import AreaFact, Condition
from riskstrat.errors import Problem, UsageError
from riskstrat.registers import Registers

FIRST = date(1900, 1, 1)
"""No register of persons is older."""
YEAR_DAYS = 365
"""Days after the last delivered row became known during which registers still describe the residents."""


def last_as_of(condition: Condition, registers: Registers) -> date:
    """Give the last as-of date for which a cohort or target population is made.

    It is the registers' `data_end`, plus the longest delay of the registers that the condition reads, plus 365 days.

    Examples
    --------
    >>> import riskstrat as rs
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> last_as_of(rs.conditions.load("frailty"), registers)
    datetime.date(2025, 12, 30)
    """
    manifest = registers.manifest
    read = (manifest.tables[name] for name in tables_read(condition) if name in manifest.tables)
    longest = max((table.longest_delay_days for table in read), default=0)
    return manifest.data_end + timedelta(days=longest + YEAR_DAYS)


def refuse_unknown_as_of(condition: Condition, registers: Registers, as_of: date) -> None:
    """Raise a UsageError for an as-of date on which the registers do not say who lives where and who is ill."""
    last = last_as_of(condition, registers)
    if not FIRST <= as_of <= last:
        raise UsageError(
            Problem(
                f"the as-of date {as_of}, and data that end on {registers.manifest.data_end}",
                f"an as-of date from {FIRST} to {last}: the end of the data, the longest delay and a year",
                f"give {last} or an earlier date, or later data",
            )
        )


def tables_read(condition: Condition) -> Iterator[str]:
    """Name the tables that any part of a condition reads, some more than once."""
    yield from (*condition.index.registers, *condition.population.registers, *condition.outcome.registers)
    for feature in condition.features:
        yield "area_facts" if isinstance(feature, AreaFact) else getattr(feature, "register", "persons")
