"""Quality on demand: opened registers in, everything about them that looks wrong out, with severity and count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Disclosure
from riskstrat.quality.persons import (
    broken_by_area_facts,
    broken_by_persons,
    broken_by_residences,
    people_of,
)
from riskstrat.quality.record import UNROUNDED, Quality, quality_of
from riskstrat.quality.rows import ROWS_AT_A_TIME, tally
from riskstrat.quality.rules import RULES, SEVERITIES, Rule, Severity
from riskstrat.quality.years import broken_by_days, broken_by_years
from riskstrat.registers.contract import is_event_table

if TYPE_CHECKING:
    from riskstrat.registers.opened import Registers

__all__ = ["RULES", "SEVERITIES", "Quality", "Rule", "Severity", "check"]


def check(
    registers: Registers, disclosure: Disclosure | None = None, *, rows_at_a_time: int = ROWS_AT_A_TIME
) -> Quality:
    """Look for everything that may be wrong with registers: contract, references, plausibility, years and days.

    Parameters
    ----------
    registers
        As `open_registers` found them.
    disclosure
        Which counts are withheld; if left out those from 1 to 4, and the others are shown as they are.
    rows_at_a_time
        About how many rows are held in memory.

    Returns
    -------
    Quality
    """
    people = people_of(registers)
    found = [
        broken.select(pl.lit(table).alias("table"), pl.all())
        for table, broken in _broken(registers, people, rows_at_a_time)
    ]
    return quality_of(registers.manifest.name, registers.tables, pl.concat(found), disclosure or UNROUNDED)


def _broken(registers: Registers, people: pl.DataFrame, rows_at_a_time: int) -> Iterator[tuple[str, pl.DataFrame]]:
    births = people.group_by(date="birth_date").agg(rows=pl.len().cast(pl.Int64))
    yield "persons", broken_by_persons(registers)
    yield "persons", broken_by_days(births, None)
    yield "residences", broken_by_residences(registers)
    if registers.has("area_facts"):
        yield "area_facts", broken_by_area_facts(registers)
    for table in filter(is_event_table, registers.tables):
        counted = tally(registers, table, people, rows_at_a_time)
        yield table, counted.broken
        coverage = registers.manifest.covered(table)
        yield table, broken_by_years(counted.years, coverage)
        yield table, broken_by_days(counted.days, coverage[0])
