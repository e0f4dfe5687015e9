"""Stored parts become the tables of a register folder, a range of persons at a time, and nothing is held but one range.

In: parts by table, what the mappings say of the tables. Out: sorted Parquet files, rejected rows beside them, accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.intake.conversion import REJECTED_FOLDER
from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, counts, total
from riskstrat.intake.raw_extracts.mapping import SNAPSHOT
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.intake.raw_extracts.persons import REUSED, resolve_persons, same_period
from riskstrat.intake.raw_extracts.residence import residence_spells
from riskstrat.intake.raw_extracts.storage import (
    IntakeContext,
    Part,
    join_pieces,
    ranges,
    reject,
    rows_of,
    write_piece,
)
from riskstrat.intake.raw_extracts.validation import ReferencePersons, person_rules, validate_events
from riskstrat.intake.validation import MOVED_TO_BIRTH
from riskstrat.records.intake_account import KEPT, MERGED, REJECTED, REPAIRED
from riskstrat.registers.contract import PERSON, columns_of, first_broken, is_event_table, types_of
from riskstrat.registers.source import PersonRange

PERSONS, RESIDENCES, MIGRATIONS, AREAS = "persons", "residences", "migrations", "areas"
REPEATED_AREA, INCOMPLETE = "repeated area or fact", "incomplete"
_LEAST_SHARE_OF_SNAPSHOT = 0.1
# DeSO and RegSO codes begin with the code of the municipality; the first letters of any other name mean nothing.
_STATISTICAL_CODE = r"^(\d{4})(?:[ABC]\d{4}|R\d{3})$"
_KNOWN = (PERSON, "birth_date", "birth_date_precision", "sex", "death_date")


def write_tables(context: IntakeContext, tell: Callable[[str, float], None]) -> Iterator[RowCounts]:
    """Write every table, persons first because all others are validated by them; `tell` hears which and how far."""
    tables = [PERSONS, *(table for table in context.parts if table != PERSONS)]
    special = {PERSONS: _write_persons, RESIDENCES: _write_residences}
    for number, table in enumerate(tables):
        tell(f"writing {table}", number / len(tables))
        yield from special.get(table, _write_events if is_event_table(table) else _write_area_table)(context, table)
    name_areas(context.folder)


def _write_by_ranges(
    context: IntakeContext, table: str, validated: Callable[[PersonRange], ValidationResult]
) -> Iterator[RowCounts]:
    for people in ranges(context.parts.get(table, ())):
        result = validated(people)
        write_piece(context, table, result.rows)
        reject(context, table, result.rejected)
        yield result.account
    join_pieces(context, table)


def _write_persons(context: IntakeContext, table: str) -> Iterator[RowCounts]:
    return _write_by_ranges(
        context, table, lambda people: resolve_persons(rows_of(context, table, people), context.last_day)
    )


def _write_residences(context: IntakeContext, table: str) -> Iterator[RowCounts]:
    snapshot_days = _snapshot_days(context.parts[table], context.last_day)

    def validated(people: PersonRange) -> ValidationResult:
        reference = _reference_persons(context, people)
        ruled, moved = _with_person_rules(rows_of(context, table, people), reference)
        migrations = rows_of(context, MIGRATIONS, people).select(PERSON, "date", "code").drop_nulls()
        seen = migrations.filter(pl.col("date") <= context.last_day)
        lives = reference.persons.select(PERSON, "birth_date", "death_date")
        spells = residence_spells(ruled, seen, lives, snapshot_days, context.last_day)
        return replace(spells, account=total([moved, spells.account]))

    return _write_by_ranges(context, table, validated)


def _with_person_rules(locations: pl.DataFrame, reference: ReferencePersons) -> tuple[pl.DataFrame, RowCounts]:
    """Say whose locations cannot be used; move to the birth date what only its unknown day puts before it."""
    told = locations.join(reference.persons, on=PERSON, how="left")
    birth, day = pl.col("birth_date"), pl.col("date")
    early = ((day < birth) & same_period(birth, pl.col("birth_date_precision"), day)).fill_null(value=False)
    moved = int(told.select(early.sum()).item())
    ruled = told.with_columns(
        pl.when(early).then(birth).otherwise(day).alias("date"), first_broken(person_rules(reference)).alias(RULE)
    )
    return ruled.select(*locations.columns, RULE), RowCounts(
        counts=counts([(RESIDENCES, "date", MOVED_TO_BIRTH, REPAIRED, moved)])
    )


def _write_events(context: IntakeContext, table: str) -> Iterator[RowCounts]:
    rules = context.rules[table]
    return _write_by_ranges(
        context,
        table,
        lambda people: validate_events(
            table, rows_of(context, table, people), _reference_persons(context, people), rules
        ),
    )


def _write_area_table(context: IntakeContext, table: str) -> Iterator[RowCounts]:
    """Write a table about areas, which is small."""
    rows = pl.concat(pl.read_parquet(part.path) for part in context.parts[table])
    columns = list(types_of(table))
    needed = [column.name for column in columns_of(table) if column.required and column.name != "value"]
    whole = rows.drop_nulls([name for name in needed if name != "municipality"])
    keys = ["area_id"] if table == AREAS else ["area_id", "date", "code"]
    kept = whole.unique(keys, keep="first", maintain_order=True).select(columns)
    write_piece(context, table, kept)
    reject(context, table, rows.join(whole, on=ORIGIN, how="anti").with_columns(pl.lit(INCOMPLETE).alias(RULE)))
    join_pieces(context, table)
    told = [
        (table, "", "", KEPT, kept.height),
        (table, "", REPEATED_AREA, MERGED, whole.height - kept.height),
        (table, "", INCOMPLETE, REJECTED, rows.height - whole.height),
    ]
    yield RowCounts(counts=counts(told))


def name_areas(folder: Path) -> None:
    """Name the areas in which people live by their codes, where nothing delivered says what they are called."""
    path, residences = folder / f"{AREAS}.parquet", folder / f"{RESIDENCES}.parquet"
    if not residences.is_file():
        return
    named = pl.read_parquet(path) if path.is_file() else pl.DataFrame(schema=types_of(AREAS))
    seen = pl.scan_parquet(residences).select(pl.col("area_id").drop_nulls().unique()).collect()
    codes = seen.join(named, on="area_id", how="anti").with_columns(
        name="area_id", municipality=pl.col("area_id").str.extract(_STATISTICAL_CODE)
    )
    areas = pl.concat([named, codes], how="diagonal").sort("area_id")
    if areas.height:
        areas.write_parquet(path, compression="zstd")


def _snapshot_days(parts: Sequence[Part], last_day: date) -> list[date]:
    """Days on which everybody was snapshot_days for; a day with few answers is a slip of the pen."""
    rows = pl.scan_parquet([part.path for part in parts], glob=False).filter(pl.col("kind") == SNAPSHOT)
    days = rows.filter(pl.col("date") <= last_day).group_by("date").agg(rows=pl.len()).collect()
    return days.filter(pl.col("rows") >= _LEAST_SHARE_OF_SNAPSHOT * pl.col("rows").median())["date"].sort().to_list()


def _reference_persons(context: IntakeContext, people: PersonRange) -> ReferencePersons:
    within = pl.col(PERSON).is_between(*people)
    persons = pl.scan_parquet(context.folder / f"{PERSONS}.parquet").filter(within).select(_KNOWN).collect()
    rejected = context.scratch / REJECTED_FOLDER / PERSONS
    if not rejected.is_dir():
        return ReferencePersons(persons=persons, reused=pl.Series([], dtype=pl.Int64), last_day=context.last_day)
    reused = pl.scan_parquet(rejected).filter(within, pl.col(RULE) == REUSED).select(PERSON).collect()[PERSON]
    return ReferencePersons(persons=persons, reused=reused, last_day=context.last_day)
