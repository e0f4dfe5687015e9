"""Stored parts become the tables of a register folder, a range of persons at a time, and nothing is held but one range.

In: parts by table, what the mappings say of the tables. Out: sorted Parquet files, refused rows beside them, accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.registers.contract import PERSON, columns_of, is_event_table
from riskstrat.registers.intake.account import KEPT, MERGED, Account, counts
from riskstrat.registers.intake.homes import homes_of
from riskstrat.registers.intake.judging import Known, judged, person_rule
from riskstrat.registers.intake.mapping import SNAPSHOT, TableRules
from riskstrat.registers.intake.parts import Part, Range, ranges, rows_of
from riskstrat.registers.intake.people import REUSED, people_of
from riskstrat.registers.intake.shaping import schema_within
from riskstrat.registers.intake.taking import ORIGIN, RULE
from riskstrat.registers.writing import ROWS_PER_GROUP

PERSONS, RESIDENCES, MIGRATIONS, AREAS = "persons", "residences", "migrations", "areas"
REFUSED_FOLDER = "refused"
REPEATED_PLACE = "the same place again"
_LEAST_SHARE_ASKED = 0.1
_KNOWN = (PERSON, "birth_date", "birth_date_precision", "sex", "death_date")
_ORDER = (PERSON, "area_id", "start_date", "date", "code", "value")


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where tables are made.

    Attributes
    ----------
    folder
        The register folder to be.
    work
        Where sorted pieces lie until they are joined.
    parts
        Stored rows by table.
    rules
        What the mappings say of the event tables.
    last_day
        The last day that can have been seen.
    files
        What the files are called, by the number in a row's origin.
    """

    folder: Path
    work: Path
    parts: Mapping[str, Sequence[Part]]
    rules: Mapping[str, TableRules]
    last_day: date
    files: Sequence[str]


def write_tables(workshop: Workshop, progress: Callable[[str], None]) -> Iterator[Account]:
    """Write every table, persons first because all others are judged by them."""
    progress(PERSONS)
    yield from _write_persons(workshop)
    for table in workshop.parts:
        if table == PERSONS:
            continue
        progress(table)
        if table == RESIDENCES:
            yield from _write_residences(workshop)
        elif is_event_table(table):
            yield from _write_events(workshop, table)
        else:
            yield _write_places(workshop, table)
    if AREAS not in workshop.parts:
        _write_areas_seen(workshop)


def _write_persons(workshop: Workshop) -> Iterator[Account]:
    pieces = _Pieces(workshop, PERSONS)
    for people in ranges(workshop.parts.get(PERSONS, ())):
        found = people_of(_rows(workshop, PERSONS, people), workshop.last_day)
        pieces.keep(found.persons)
        pieces.refuse(found.refused)
        yield found.account
    pieces.join()


def _write_residences(workshop: Workshop) -> Iterator[Account]:
    pieces = _Pieces(workshop, RESIDENCES)
    asked = _asked(workshop.parts[RESIDENCES], workshop.last_day)
    for people in ranges(workshop.parts[RESIDENCES]):
        known = _known(workshop, people)
        places = _rows(workshop, RESIDENCES, people)
        ruled = places.join(known.persons, on=PERSON, how="left").select(
            *places.columns, person_rule(known).alias(RULE)
        )
        migrations = _rows(workshop, MIGRATIONS, people).select(PERSON, "date", "code").drop_nulls()
        lives = known.persons.select(PERSON, "birth_date", "death_date")
        found = homes_of(ruled, migrations, lives, asked, workshop.last_day)
        pieces.keep(found.residences)
        pieces.refuse(found.refused)
        yield found.account
    pieces.join()


def _write_events(workshop: Workshop, table: str) -> Iterator[Account]:
    pieces = _Pieces(workshop, table)
    for people in ranges(workshop.parts[table]):
        verdict = judged(table, _rows(workshop, table, people), _known(workshop, people), workshop.rules[table])
        pieces.keep(verdict.rows)
        pieces.refuse(verdict.refused)
        yield from verdict.accounts
    pieces.join()


def _write_places(workshop: Workshop, table: str) -> Account:
    """Write a table about places, which is small."""
    rows = pl.concat(pl.read_parquet(part.path) for part in workshop.parts[table])
    columns = [column.name for column in columns_of(table)]
    needed = [column.name for column in columns_of(table) if column.required and column.name != "value"]
    whole = rows.drop_nulls([name for name in needed if name != "municipality"])
    keys = ["area_id"] if table == AREAS else ["area_id", "date", "code"]
    kept = whole.unique(keys, keep="first", maintain_order=True).select(columns)
    pieces = _Pieces(workshop, table)
    pieces.keep(kept)
    pieces.refuse(rows.join(whole, on=ORIGIN, how="anti").with_columns(pl.lit("incomplete").alias(RULE)))
    pieces.join()
    told = [
        (table, "", "", KEPT, kept.height),
        (table, "", REPEATED_PLACE, MERGED, whole.height - kept.height),
        (table, "", "incomplete", "refused", rows.height - whole.height),
    ]
    return Account(counts=counts(told))


def _write_areas_seen(workshop: Workshop) -> None:
    """Name the areas in which people live, where nothing delivered says what they are called."""
    path = workshop.folder / f"{RESIDENCES}.parquet"
    if not path.is_file():
        return
    seen = pl.scan_parquet(path).select(pl.col("area_id").drop_nulls().unique().sort()).collect()
    if seen.height:
        named = seen.select("area_id", name="area_id", municipality=pl.col("area_id").str.slice(0, 4))
        named.write_parquet(workshop.folder / f"{AREAS}.parquet", compression="zstd")


def _asked(parts: Sequence[Part], last_day: date) -> list[date]:
    """Days on which everybody was asked for; a day with few answers is a slip of the pen."""
    rows = pl.scan_parquet([part.path for part in parts], glob=False).filter(pl.col("kind") == SNAPSHOT)
    days = rows.filter(pl.col("date") <= last_day).group_by("date").agg(rows=pl.len()).collect()
    return days.filter(pl.col("rows") >= _LEAST_SHARE_ASKED * pl.col("rows").median())["date"].sort().to_list()


def _rows(workshop: Workshop, table: str, people: Range) -> pl.DataFrame:
    return rows_of(workshop.parts.get(table, ()), people, schema_within(table))


def _known(workshop: Workshop, people: Range) -> Known:
    within = pl.col(PERSON).is_between(*people)
    persons = pl.scan_parquet(workshop.folder / f"{PERSONS}.parquet").filter(within).select(_KNOWN).collect()
    refused = workshop.work / REFUSED_FOLDER / PERSONS
    if not refused.is_dir():
        return Known(persons=persons, reused=pl.Series([], dtype=pl.Int64), last_day=workshop.last_day)
    reused = pl.scan_parquet(refused).filter(within, pl.col(RULE) == REUSED).select(PERSON).collect()[PERSON]
    return Known(persons=persons, reused=reused, last_day=workshop.last_day)


class _Pieces:
    """Sorted pieces of a table, joined at the end into one file; refused rows go beside."""

    def __init__(self, workshop: Workshop, table: str) -> None:
        self._workshop, self._table = workshop, table
        self._kept, self._number = workshop.work / "sorted" / table, 0
        self._kept.mkdir(parents=True, exist_ok=True)

    def keep(self, rows: pl.DataFrame) -> None:
        keys = [name for name in _ORDER if name in rows.columns]
        rows.sort(keys).write_parquet(self._kept / f"{self._number:06d}.parquet", compression="lz4")
        self._number += 1

    def refuse(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        folder = self._workshop.work / REFUSED_FOLDER / self._table
        folder.mkdir(parents=True, exist_ok=True)
        _with_file(rows, self._workshop.files).write_parquet(folder / f"{self._number:06d}.parquet")

    def join(self) -> None:
        files = sorted(self._kept.iterdir())
        target = self._workshop.folder / f"{self._table}.parquet"
        if not files:
            schema = {column.name: column.dtype for column in columns_of(self._table)}
            pl.DataFrame(schema=schema).write_parquet(target)
            return
        pl.scan_parquet(files, glob=False).sink_parquet(
            target, compression="zstd", row_group_size=ROWS_PER_GROUP, maintain_order=True
        )


def _with_file(rows: pl.DataFrame, files: Sequence[str]) -> pl.DataFrame:
    """Say in which file and line a refused row stood."""
    if ORIGIN not in rows.columns:
        return rows
    names = pl.Series(files, dtype=pl.String)
    place = (pl.col(ORIGIN) // 2**32).cast(pl.UInt32)
    return rows.with_columns(
        pl.lit(names).gather(place).alias("__file"), (pl.col(ORIGIN) % 2**32).cast(pl.UInt32).alias("__line")
    ).drop(ORIGIN)
