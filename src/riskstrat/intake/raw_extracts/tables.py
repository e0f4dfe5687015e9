"""Stored parts become the tables of a register folder, a range of persons at a time, and nothing is held but one range.

In: parts by table, what the mappings say of the tables. Out: sorted Parquet files, refused rows beside them, accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import polars as pl

from riskstrat.intake.raw_extracts.account import KEPT, MENDED, MERGED, REFUSED, Account, counts
from riskstrat.intake.raw_extracts.mapping import SNAPSHOT
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.intake.raw_extracts.parts import Part, Range, ranges, rows_of
from riskstrat.intake.raw_extracts.persons import REUSED, people_of, same_period
from riskstrat.intake.raw_extracts.pieces import REFUSED_FOLDER, Workshop, join, keep, refuse
from riskstrat.intake.raw_extracts.residence import homes_of
from riskstrat.intake.raw_extracts.shaping import schema_within
from riskstrat.intake.raw_extracts.validation import MOVED_TO_BIRTH, Known, judged, person_rule
from riskstrat.registers.contract import PERSON, columns_of, is_event_table

PERSONS, RESIDENCES, MIGRATIONS, AREAS = "persons", "residences", "migrations", "areas"
REPEATED_PLACE, INCOMPLETE = "the same place again", "incomplete"
_LEAST_SHARE_ASKED = 0.1
_KNOWN = (PERSON, "birth_date", "birth_date_precision", "sex", "death_date")


def write_tables(workshop: Workshop, tell: Callable[[str, float], None]) -> Iterator[Account]:
    """Write every table, persons first because all others are judged by them; `tell` hears which and how far."""
    tables = [PERSONS, *(table for table in workshop.parts if table != PERSONS)]
    for number, table in enumerate(tables):
        tell(f"writing {table}", number / len(tables))
        yield from _write(workshop, table)
    _write_areas(workshop)


def _write(workshop: Workshop, table: str) -> Iterator[Account]:
    special = {PERSONS: _write_persons, RESIDENCES: _write_residences}
    if table in special:
        return special[table](workshop)
    return _write_events(workshop, table) if is_event_table(table) else _write_places(workshop, table)


def _write_persons(workshop: Workshop) -> Iterator[Account]:
    for people in ranges(workshop.parts.get(PERSONS, ())):
        found = people_of(_rows(workshop, PERSONS, people), workshop.last_day)
        keep(workshop, PERSONS, found.persons)
        refuse(workshop, PERSONS, found.refused)
        yield found.account
    join(workshop, PERSONS)


def _write_residences(workshop: Workshop) -> Iterator[Account]:
    asked = _asked(workshop.parts[RESIDENCES], workshop.last_day)
    for people in ranges(workshop.parts[RESIDENCES]):
        known = _known(workshop, people)
        ruled, account = _ruled_places(_rows(workshop, RESIDENCES, people), known)
        yield account
        migrations = _rows(workshop, MIGRATIONS, people).select(PERSON, "date", "code").drop_nulls()
        seen = migrations.filter(pl.col("date") <= workshop.last_day)
        lives = known.persons.select(PERSON, "birth_date", "death_date")
        found = homes_of(ruled, seen, lives, asked, workshop.last_day)
        keep(workshop, RESIDENCES, found.residences)
        refuse(workshop, RESIDENCES, found.refused)
        yield found.account
    join(workshop, RESIDENCES)


def _ruled_places(places: pl.DataFrame, known: Known) -> tuple[pl.DataFrame, Account]:
    """Say whose places cannot be used; move to the birth date what only its unknown day puts before it."""
    told = places.join(known.persons, on=PERSON, how="left")
    birth, day = pl.col("birth_date"), pl.col("date")
    early = ((day < birth) & same_period(birth, pl.col("birth_date_precision"), day)).fill_null(value=False)
    moved = int(told.select(early.sum()).item())
    ruled = told.with_columns(pl.when(early).then(birth).otherwise(day).alias("date"), person_rule(known).alias(RULE))
    return ruled.select(*places.columns, RULE), Account(
        counts=counts([(RESIDENCES, "date", MOVED_TO_BIRTH, MENDED, moved)])
    )


def _write_events(workshop: Workshop, table: str) -> Iterator[Account]:
    for people in ranges(workshop.parts[table]):
        verdict = judged(table, _rows(workshop, table, people), _known(workshop, people), workshop.rules[table])
        keep(workshop, table, verdict.rows)
        refuse(workshop, table, verdict.refused)
        yield from verdict.accounts
    join(workshop, table)


def _write_places(workshop: Workshop, table: str) -> Iterator[Account]:
    """Write a table about places, which is small."""
    rows = pl.concat(pl.read_parquet(part.path) for part in workshop.parts[table])
    columns = [column.name for column in columns_of(table)]
    needed = [column.name for column in columns_of(table) if column.required and column.name != "value"]
    whole = rows.drop_nulls([name for name in needed if name != "municipality"])
    keys = ["area_id"] if table == AREAS else ["area_id", "date", "code"]
    kept = whole.unique(keys, keep="first", maintain_order=True).select(columns)
    keep(workshop, table, kept)
    refuse(workshop, table, rows.join(whole, on=ORIGIN, how="anti").with_columns(pl.lit(INCOMPLETE).alias(RULE)))
    join(workshop, table)
    told = [
        (table, "", "", KEPT, kept.height),
        (table, "", REPEATED_PLACE, MERGED, whole.height - kept.height),
        (table, "", INCOMPLETE, REFUSED, rows.height - whole.height),
    ]
    yield Account(counts=counts(told))


def _write_areas(workshop: Workshop) -> None:
    """Name the areas in which people live by their codes, where nothing delivered says what they are called."""
    path = workshop.folder / f"{AREAS}.parquet"
    homes = workshop.folder / f"{RESIDENCES}.parquet"
    if not homes.is_file():
        return
    schema = {column.name: column.dtype for column in columns_of(AREAS)}
    named = pl.read_parquet(path) if path.is_file() else pl.DataFrame(schema=schema)
    seen = pl.scan_parquet(homes).select(pl.col("area_id").drop_nulls().unique()).collect()
    codes = seen.join(named, on="area_id", how="anti").with_columns(
        name="area_id", municipality=pl.col("area_id").str.slice(0, 4)
    )
    areas = pl.concat([named, codes], how="diagonal").sort("area_id")
    if areas.height:
        areas.write_parquet(path, compression="zstd")


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
