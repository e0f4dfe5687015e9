"""The registers as they were known on one day, in the words that declarations ask for.

In: registers and `as_of`. Out: lazy frames without what was not known before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from riskstrat.codes import matching
from riskstrat.declare import Condition
from riskstrat.declare.calendar import day_number
from riskstrat.declare.view import Rows
from riskstrat.registers import Registers


@dataclass(frozen=True, kw_only=True, eq=False)
class RegisterView:
    """What index, outcome and population kinds see (see `riskstrat.declare.view.View`).

    Attributes
    ----------
    registers, as_of
        The registers, and the day on which we stand.
    horizon_days
        Length of the time at risk.
    outcome_registers
        The event tables that must be covered for the outcome to be seen.
    """

    registers: Registers
    as_of: date
    horizon_days: int
    outcome_registers: tuple[str, ...]

    @classmethod
    def of(cls, condition: Condition, registers: Registers, as_of: date) -> RegisterView:
        """Look at the registers with a condition's outcome and horizon in mind.

        Raises
        ------
        UsageError
            If tables that the index, the population or the outcome ask for are not there.
        """
        excluding = (rule.having.register for rule in condition.population.excluding)
        registers.require(*condition.index.registers, *excluding, *condition.outcome.registers)
        return cls(
            registers=registers,
            as_of=as_of,
            horizon_days=condition.horizon_days,
            outcome_registers=condition.outcome.registers,
        )

    @property
    def first_day(self) -> date:
        """First day from which on all of the outcome's registers are covered."""
        return max(self.coverage_start(table) for table in self.outcome_registers)

    @property
    def last_day(self) -> date:
        """Last day of which all that could happen is covered and was known, outcome and death alike."""
        return min(self._complete_until(table) for table in (*self.outcome_registers, "persons"))

    @cached_property
    def known_persons(self) -> pl.DataFrame:
        """Everybody, with the deaths that were known and the birth date also as a number."""
        died = pl.col("death_date")
        delay = timedelta(days=self.registers.manifest.tables["persons"].longest_delay_days)
        known = pl.when(died + delay < self.as_of).then(died)
        return (
            self.registers.scan("persons")
            .select(
                "person_id",
                "birth_date",
                "sex",
                "birth_region",
                death_date=known,
                birth_number=day_number(pl.col("birth_date")),
            )
            .collect()
        )

    @property
    def persons(self) -> pl.LazyFrame:
        """person_id, birth_date, birth_number, sex and, where it was known, death_date of everybody."""
        return self.known_persons.lazy().drop("birth_region")

    def events(self, rows: Rows) -> pl.LazyFrame:
        """person_id, date, end_date, code, value and known_on of the matching rows that were known."""
        table = rows.register
        known = self.registers.known_on(table)
        return (
            self.registers.scan(table)
            .filter(self._matches(rows), known < self.as_of)
            .select("person_id", "date", "end_date", "code", "value", known_on=known)
        )

    def coverage_start(self, register: str) -> date:
        """First day that a register covers."""
        return self.registers.manifest.covered(register)[0]

    def _complete_until(self, table: str) -> date:
        delay = self.registers.manifest.tables[table].longest_delay_days
        return min(self.registers.manifest.covered(table)[1], self.as_of - timedelta(days=1 + delay))

    def _matches(self, rows: Rows) -> pl.Expr:
        prefix = self.registers.prefix_matching(rows.register)
        meant = matching(rows.codes, self.registers.codes(rows.register), prefix=prefix)
        matches = pl.col("code").is_in(meant)
        for column, wanted in (("setting", rows.settings), ("position", rows.positions)):
            if wanted:
                matches &= pl.col(column).is_in(wanted)
        return matches
