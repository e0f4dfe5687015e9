"""Opened registers: lazy tables in the contract's columns and types, when each row was known, and families."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.errors import UsageError, unknown
from riskstrat.files.secret import protection_secret
from riskstrat.registers.checks import rejected_rows
from riskstrat.registers.contract import is_event_table
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest
from riskstrat.registers.source import PersonRange, Source


def family_ids(people: pl.Series, persons: pl.DataFrame) -> pl.Series:
    """Follow mothers upwards until no mother is known; siblings of a mother who is no person here share her too.

    Links to a mother who was not born before the child are passed over, so that no line runs in a circle. `people` are
    person_id in `persons`, which are in the order of person_id.
    """
    ids, births = persons["person_id"].to_numpy(), persons["birth_date"].to_physical().to_numpy()
    mothers = persons["mother_id"].fill_null(persons["person_id"]).to_numpy()
    family = people.to_numpy().copy()
    top = np.searchsorted(ids, family)
    climbing = np.arange(len(family))
    while len(climbing):
        row = top[climbing]
        mother = mothers[row]
        above = np.searchsorted(ids, mother).clip(max=len(ids) - 1)
        is_here = ids[above] == mother
        family[climbing] = np.where(is_here, ids[row], mother)
        goes_up = is_here & (births[above] < births[row])
        climbing = climbing[goes_up]
        top[climbing] = above[goes_up]
    return pl.Series("family_id", family)


GEOMETRY_FILES = ("geometry.geojson", "geometry.parquet", "geometry.gpkg")
INPATIENT = "inpatient"
_FIRST_ROWS = 100_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Registers:
    """Registers about people, as `open_registers` found them.

    Attributes
    ----------
    folder
        Where they are, or where the manifest is that was given; None where nothing can lie beside them.
    manifest
        What they say of themselves.
    sources
        The tables by name.
    births
        person_id and birth_date of everybody in `persons`, sorted by person_id.
    not_read
        Columns (``persons.shoe_size``) that the contract does not know, and tables that the manifest does not name.
    """

    folder: Path | None
    manifest: Manifest
    sources: Mapping[str, Source]
    births: pl.DataFrame
    not_read: tuple[str, ...] = ()
    _words: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _kinds: dict[str, pl.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        named = f"{self.manifest.name}{' (invented)' if self.manifest.invented else ''}, to {self.manifest.data_end}"
        ignored = f"; not read: {', '.join(self.not_read)}" if self.not_read else ""
        return f"Registers({named}: {', '.join(self.tables)}{ignored})"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        return tuple(self.sources)

    def has(self, table: str) -> bool:
        """Whether there is a table of that name."""
        return table in self.sources

    def require(self, *tables: str) -> None:
        """Refuse to go on without these tables.

        Raises
        ------
        UsageError
            Naming every table that is not there.
        """
        UsageError.refuse(
            unknown("table", table, self.tables) for table in dict.fromkeys(tables) if table not in self.sources
        )

    @property
    def geometry(self) -> Path | None:
        """The file of the areas' outlines, if there is one."""
        if self.folder is None:
            return None
        found = (self.folder / name for name in GEOMETRY_FILES)
        return next((path for path in found if path.is_file()), None)

    def scan(self, table: str, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return a table's rows in the contract's columns and types, in no particular order.

        Rows of event tables that break a row rule, lie before the person's birth or belong to nobody in `persons` are
        left out; `rejected` counts them.

        Parameters
        ----------
        table
            Name of the table.
        people
            First and last person_id, both included; only tables about people have a range.

        Raises
        ------
        UsageError
            If there is no such table.
        """
        rows = self.recorded(table, people)
        if not self._source(table).broken:
            return rows
        births = self.births if people is None else _within(self.births, people)
        born = rows.join(births.lazy(), on="person_id").filter(pl.col("date") >= pl.col("birth_date"))
        return born.drop("birth_date")

    def recorded(self, table: str, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return what `scan` does and also events before birth and of people who are not in `persons`.

        For callers that hold births beside the rows anyway and leave these events out themselves.
        """
        source = self._source(table)
        rows = source.scan(people)
        return rows.filter(~pl.any_horizontal(source.broken.values())) if source.broken else rows

    def among(self, people: PersonRange) -> Registers:
        """Return registers of the same tables that hold the births of a range of people only, to be sent elsewhere."""
        return replace(self, births=_within(self.births, people))

    def rejected(self) -> pl.DataFrame:
        """Count the rows that `scan` leaves out: a frame of table, rule, rows (see `checks.rejected_rows`)."""
        return rejected_rows(self.sources, self.births)

    def known_on(self, table: str) -> pl.Expr:
        """Return the day on which a row of the table was known; it is visible at an index strictly after that day.

        It is the row's `known_on`, or where that is null the row's date plus the delay of its setting. What was
        recorded during an inpatient stay is dated from the end of the stay, or from its start where no end is recorded.
        A setting without a delay of its own waits for the longest.
        """
        entry = self.manifest.tables[self._named(table)]
        if not is_event_table(table):
            return _known(pl.col("date"), entry.longest_delay_days)
        stay = pl.col("setting") == INPATIENT
        recorded = pl.when(stay).then(pl.coalesce("end_date", "date")).otherwise("date")
        return _known(recorded, _delay(entry.delay_days, entry.longest_delay_days))

    def codes(self, table: str) -> tuple[str, ...]:
        """Return the distinct codes of a table, sorted; read once."""
        return self.words(table, "code")

    def words(self, table: str, column: str) -> tuple[str, ...]:
        """Return the distinct values of a column of text, sorted; read once."""
        if (table, column) not in self._words:
            self._words[table, column] = tuple(_distinct(self._source(table).scan().select(column)).sort())
        return self._words[table, column]

    def kinds(self, table: str) -> pl.DataFrame:
        """Return the distinct combinations of code, setting and position of an event table; read once."""
        if table not in self._kinds:
            self._kinds[table] = self._source(table).scan().select("code", "setting", "position").unique().collect()
        return self._kinds[table]

    def size(self, table: str) -> int:
        """Count the rows of a table as it is kept."""
        return int(self._source(table).store.scan().select(pl.len()).collect().item())

    def prefix_matching(self, table: str) -> bool:
        """Whether the table's codes are those of a classification, in which a prefix stands for all below it."""
        return self.manifest.tables[self._named(table)].code_system in CLASSIFICATIONS

    @cached_property
    def families(self) -> pl.DataFrame:
        """person_id and family_id of everybody: the topmost known maternal ancestor (see `family_ids`)."""
        persons = self.scan("persons").select("person_id", "birth_date", "mother_id").sort("person_id").collect()
        return persons.select("person_id", family_ids(persons["person_id"], persons))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the manifest and of every byte of every table; moving the folder leaves it as it is."""
        digest = hashlib.sha256(self.manifest.model_dump_json().encode())
        for table in sorted(self.sources):
            digest.update(table.encode() + self.sources[table].store.digest())
        return digest.hexdigest()

    @property
    def protection_secret(self) -> bytes:
        """The secret under which counts from these registers are protected; of invented data, one that anybody knows.

        See `riskstrat.files.secret.protection_secret`.
        """
        if self.manifest.invented:
            return hashlib.sha256(f"invented:{self.manifest.name}".encode()).digest()
        return protection_secret()

    def _source(self, table: str) -> Source:
        return self.sources[self._named(table)]

    def _named(self, table: str) -> str:
        self.require(table)
        return table


def _distinct(words: pl.LazyFrame) -> pl.Series:
    """Find the distinct words of the first rows of a column, then those of all other rows that are not among them.

    Membership is decided on the dictionary of a Parquet page, not row by row: so few strings are ever hashed.
    """
    common = words.head(_FIRST_ROWS).unique().collect().to_series()
    rarer = words.filter(~pl.col(common.name).is_in(common.implode())).unique().collect().to_series()
    return pl.concat([common, rarer]).drop_nulls()


def _within(births: pl.DataFrame, people: Sequence[int]) -> pl.DataFrame:
    ids = births["person_id"]
    start, stop = ids.search_sorted(people[0], "left"), ids.search_sorted(people[1], "right")
    return births.slice(start, stop - start)


def _known(recorded: pl.Expr, delay: pl.Expr | int) -> pl.Expr:
    """Add days to a date as integers, which is much cheaper than a duration."""
    day = recorded.to_physical() + delay
    return pl.coalesce("known_on", day.cast(pl.Date))


def _delay(delay_days: int | Mapping[str, int], longest: int) -> pl.Expr | int:
    if not isinstance(delay_days, Mapping):
        return delay_days
    days = pl.lit(longest, dtype=pl.Int32)
    for setting, delay in delay_days.items():
        days = pl.when(pl.col("setting") == setting).then(pl.lit(delay, dtype=pl.Int32)).otherwise(days)
    return days
