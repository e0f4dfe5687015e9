"""The registers as they were known on one day: what index, outcome and population kinds read (`declare.view.View`).

In: registers and the as-of date. Out: lazy frames without the rows that were not known before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from riskstrat.codes.lists import matching
from riskstrat.cohort.sorting import sorted_by
from riskstrat.declare import AreaFact, Condition
from riskstrat.declare.calendar import day_number, map_distinct_days
from riskstrat.declare.event_queries import Rows
from riskstrat.declare.rows import values_within
from riskstrat.errors import Problem, UsageError
from riskstrat.registers import Registers

FIRST = date(1900, 1, 1)
"""No register of persons is older."""
YEAR_DAYS = 365
"""Days after the last delivered row became known during which registers still describe the residents."""


def refuse_unknown_as_of(condition: Condition, registers: Registers, as_of: date) -> None:
    """Raise a UsageError for an as-of date on which the registers do not say who lives where and who is ill.

    The last is the registers' `data_end`, plus the longest delay of those that the condition reads, plus 365 days.
    """
    manifest = registers.manifest
    read = (manifest.tables[name] for name in tables_read(condition) if name in manifest.tables)
    longest = max((table.longest_delay_days for table in read), default=0)
    last = manifest.data_end + timedelta(days=longest + YEAR_DAYS)
    if not FIRST <= as_of <= last:
        raise UsageError(
            Problem(
                f"the as-of date {as_of}, and data that end on {manifest.data_end}",
                f"an as-of date from {FIRST} to {last}: the end of the data, the longest delay and a year",
                f"give {last} or an earlier date, or later data",
            )
        )


def tables_read(condition: Condition) -> Iterator[str]:
    """Name the tables that any part of a condition reads, some more than once."""
    yield from (*condition.index.registers, *condition.population.registers, *condition.outcome.registers)
    for feature in condition.features:
        yield "area_facts" if isinstance(feature, AreaFact) else getattr(feature, "register", "persons")


SEX = pl.Enum(("female", "male"))
"""A number while the cohort is built; text in its result."""

_EVENT = ("person_id", "date", "end_date", "code", "value", "known_on")


@dataclass(frozen=True, kw_only=True, eq=False)
class RegisterView:
    """What index, outcome and population kinds read (see `riskstrat.declare.view.View`).

    `outcome_registers` must be covered for the outcome to be seen, which asks for `outcome_rows`; `all_registers` are
    those that any part of the condition reads; `births` has person_id and birth_date of the persons whose events are
    read, sorted by person_id.
    """

    registers: Registers
    as_of: date
    horizon_days: int
    outcome_registers: tuple[str, ...]
    outcome_rows: tuple[Rows, ...] = ()
    all_registers: tuple[str, ...] = ()
    births: pl.DataFrame = field(repr=False)
    _read: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, condition: Condition, registers: Registers, as_of: date) -> RegisterView:
        """Read the registers for a condition's index, outcome and horizon.

        A UsageError where tables are not there that index, population or outcome ask for, or `as_of` is too late.
        """
        registers.require(*condition.index.registers, *condition.population.registers, *condition.outcome.registers)
        refuse_unknown_as_of(condition, registers, as_of)
        return cls(
            registers=registers,
            as_of=as_of,
            horizon_days=condition.horizon_days,
            outcome_registers=condition.outcome.registers,
            outcome_rows=condition.outcome.rows,
            all_registers=tuple(filter(registers.has, tables_read(condition))),
            births=registers.births,
        )

    def restricted_to(self, candidates: pl.DataFrame) -> RegisterView:
        """Read only the events of candidates, who are sorted by person_id."""
        is_new = (pl.col("person_id") != pl.col("person_id").shift()).fill_null(value=True)
        births = candidates.filter(is_new).select("person_id", "birth_date")
        return replace(self, births=sorted_by(births, "person_id"), _read={})

    @property
    def first_day(self) -> date:
        """First day from which on all of the outcome's registers are covered."""
        return max(map(self._seen_from, self.outcome_registers))

    @property
    def last_day(self) -> date:
        """Last day of which the outcome's registers and deaths are covered and were known: the end of all follow-up.

        Of a register only the settings that the outcome reads count: rows of the others may be known later.
        """
        return self._complete_until(self.last_table)

    @property
    def last_table(self) -> str:
        """The table that ends all follow-up."""
        return min((*self.outcome_registers, "persons"), key=self._complete_until)

    def end_of_follow_up(self) -> pl.Expr:
        """Last day on which an outcome counts, from index_date, resident_until and death_date."""
        horizon = pl.col("index_date") + timedelta(days=self.horizon_days)
        return pl.min_horizontal(horizon, pl.lit(self.last_day), "resident_until", "death_date")

    @cached_property
    def known_persons(self) -> pl.DataFrame:
        """Everybody, sorted by person_id, with the deaths that were known and the birth date also as a number."""
        died = pl.col("death_date")
        delay = timedelta(days=self.registers.manifest.tables["persons"].longest_delay_days)
        persons = self.registers.scan("persons").select(
            "person_id",
            "birth_date",
            "birth_region",
            "mother_id",
            pl.col("sex").cast(SEX),
            death_date=pl.when(died + delay < self.as_of).then(died),
        )
        known = sorted_by(persons.collect(), "person_id")
        return known.with_columns(map_distinct_days(known["birth_date"], day_number).alias("birth_number"))

    @cached_property
    def residences(self) -> pl.DataFrame:
        """Spells of residence sorted by person and start, numbered in `spell`."""
        spells = self.registers.scan("residences").collect()
        return sorted_by(spells, "person_id", "start_date").with_row_index("spell")

    @property
    def persons(self) -> pl.LazyFrame:
        """person_id, birth_date, birth_number, sex and, where it was known, death_date of everybody."""
        return self.known_persons.lazy().drop("birth_region", "mother_id")

    def events(self, rows: Rows) -> pl.LazyFrame:
        """person_id, date, end_date, code, value and known_on of the matching rows that were known."""
        expected = [each for each in self.outcome_rows if each.register == rows.register]
        known = self._read_once(expected) if rows in expected else self._known([rows])
        return _select(known, rows, self._matching(rows))

    def _read_once(self, wanted: Sequence[Rows]) -> pl.DataFrame:
        """Read a register once for all rows that the outcome asks for, before the index and after it."""
        register = wanted[0].register
        if register not in self._read:
            self._read[register] = self._known(wanted)
        return self._read[register]

    def _known(self, wanted: Sequence[Rows]) -> pl.DataFrame:
        """Read the rows of one register that have a wanted code and were known, sorted by person_id."""
        table = wanted[0].register
        codes = sorted({code for rows in wanted for code in self._matching(rows)})
        found = self.registers.recorded(table).filter(pl.col("code").is_in(codes))
        dated = sorted_by(found.with_columns(known_on=self.registers.known_on(table)).collect(), "person_id")
        born, known = pl.col("date") >= pl.col("birth_date"), pl.col("known_on") < self.as_of
        of_persons = dated.lazy().join(self.births.lazy(), on="person_id").filter(born, known)
        return sorted_by(of_persons.collect(), "person_id")

    def coverage_start(self, register: str) -> date:
        """First day that a register covers."""
        return self.registers.manifest.covered(register)[0]

    def _seen_from(self, table: str) -> date:
        """First day that a table covers; deaths without one are seen with everything that the condition reads."""
        if table != "persons" or self.registers.manifest.tables[table].coverage_start:
            return self.coverage_start(table)
        first_residence = self.residences.select(pl.col("start_date").min()).item() or date.min
        return max(first_residence, *map(self.coverage_start, self.all_registers))

    def _complete_until(self, table: str) -> date:
        delay = self.registers.manifest.tables[table].longest_delay_of(self._settings_read(table))
        return min(self.registers.manifest.covered(table)[1], self.as_of - timedelta(days=1 + delay))

    def _settings_read(self, table: str) -> list[str]:
        """List the settings that the outcome reads in a table; none where some rows may be of any setting."""
        read = [rows.settings for rows in self.outcome_rows if rows.register == table]
        return [setting for settings in read for setting in settings] if all(read) else []

    def _matching(self, rows: Rows) -> list[str]:
        prefix = self.registers.prefix_matching(rows.register)
        return matching(rows.codes, self.registers.codes(rows.register), prefix=prefix)


def _select(known: pl.DataFrame, rows: Rows, codes: Sequence[str]) -> pl.LazyFrame:
    matches = pl.col("code").is_in(codes)
    for column, wanted in (("setting", rows.settings), ("position", rows.positions)):
        if wanted:
            matches &= pl.col(column).is_in(wanted)
    matches &= values_within(rows.value_range)
    return known.lazy().filter(matches).select(_EVENT)
