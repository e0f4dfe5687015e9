"""Opening registers: everything about them that can be known without reading their events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.files import restored
from riskstrat.registers.checks import contradictions
from riskstrat.registers.contract import (
    ENDS,
    KEY_REMEDY,
    REQUIRED_TABLES,
    Column,
    columns_of,
    is_event_table,
    row_rules,
)
from riskstrat.registers.database import Database
from riskstrat.registers.folder import Folder
from riskstrat.registers.manifest import FILE_NAME, Manifest, read_manifest_file
from riskstrat.registers.opened import Registers
from riskstrat.registers.sentinels import ended
from riskstrat.registers.source import Location, Source, Store

NOT_A_TABLE = "geometry"
KEYS = ("person_id", "mother_id", "father_id")
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_CAST_FROM: Mapping[type[pl.DataType], tuple[type[pl.DataType], ...]] = {
    pl.String: (pl.Categorical, pl.Enum),
    pl.Int64: _INTEGERS,
    pl.Float64: (pl.Float32, pl.Decimal, *_INTEGERS),
    pl.Date: (pl.Datetime,),
}
"""Type of the contract -> types that are cast to it when registers are opened."""


@checked
def open_registers(location: str | Path, *, manifest: str | Path | None = None) -> Registers:
    """Open registers and check all but their event rows.

    Parameters
    ----------
    location
        A directory with `registers.toml` and Parquet tables; or the address of a database with the same tables or
        views: ``postgresql://host/name?schema=registers``, ``duckdb:///relative/path`` or ``sqlite:////absolute/path``.
        Credentials that the address does not hold come from the environment (``PGPASSWORD`` and the like).
    manifest
        A `registers.toml` elsewhere. Without it a database says it in the one row of a table ``riskstrat_manifest``,
        whose column ``toml`` holds the text. Outlines of areas are looked for beside it.

    Returns
    -------
    Registers
        Lazy tables in the columns and types of the contract.

    Raises
    ------
    UsageError
        If it is the address of a database of another kind.
    MissingExtraError
        If it is a database and the extra ``db`` is not installed.
    ContractError
        If the manifest, a table, a column or a type breaks the contract, a file cannot be read, or persons, residences
        and areas contradict themselves or each other: duplicate persons, unknown sex, death before birth, overlapping
        residences, unknown area and the like; all of it at once, with counts and without any person's values.

    Examples
    --------
    >>> registers = open_registers("data_samples/modellstad")
    >>> registers.manifest.name, registers.manifest.data_end
    ('Modellstad', datetime.date(2023, 12, 31))
    >>> registers.has("diagnoses"), registers.has("visits")
    (True, False)
    """
    opened = Database.at(str(location)) if "://" in str(location) else Folder(restored(location))
    contents = opened.manifest() if manifest is None else read_manifest_file(Path(manifest))
    sources, problems = _sources(opened, contents)
    _refuse(problems)
    _refuse(contradictions(sources))
    births = sources["persons"].scan().select("person_id", "birth_date").collect().sort("person_id")
    return Registers(folder=_beside(location, manifest), manifest=contents, sources=sources, births=births)


def _beside(location: str | Path, manifest: str | Path | None) -> Path | None:
    """Find the directory that may hold outlines of areas: that of the manifest."""
    if manifest is not None:
        return Path(manifest).parent
    return None if "://" in str(location) else Path(location)


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise ContractError(*found)


def _sources(location: Location, manifest: Manifest) -> tuple[dict[str, Source], list[Problem]]:
    sources: dict[str, Source] = {}
    problems = list(_missing_tables(manifest))
    for table in manifest.tables:
        if table == NOT_A_TABLE:
            continue
        store = location.store(table, manifest.file_of(table))
        if isinstance(store, Problem):
            problems.append(store)
            continue
        wrong = list(_column_problems(table, store))
        problems.extend(wrong)
        if not wrong:
            sources[table] = _source(table, store, manifest.data_end)
    return sources, problems


def _missing_tables(manifest: Manifest) -> Iterator[Problem]:
    for table in REQUIRED_TABLES:
        if table not in manifest.tables:
            yield Problem(
                table=table,
                found="not in the manifest",
                expected=f"[tables.{table}] in {FILE_NAME}",
                remedy="add the table and its entry",
            )


def _column_problems(table: str, store: Store) -> Iterator[Problem]:
    for column in columns_of(table):
        found = store.schema.get(column.name)
        if found is None:
            if column.required:
                yield _column_problem(table, column, "no such column", "add it")
        elif not _castable(found, column.dtype):
            text_keys = column.name in KEYS and isinstance(found, pl.String)
            remedy = KEY_REMEDY.format(column=column.name) if text_keys else "write it in the contract's type"
            yield _column_problem(table, column, f"type {found}", remedy)
        elif store.loses(column.name, column.dtype):
            yield _column_problem(table, column, f"values of type {found} that do not fit", "write it without loss")


def _column_problem(table: str, column: Column, found: str, remedy: str) -> Problem:
    return Problem(table=table, column=column.name, found=found, expected=str(column.dtype), remedy=remedy)


def _castable(found: pl.DataType, expected: pl.DataType) -> bool:
    if isinstance(found, pl.Datetime) and found.time_zone is not None:
        return False  # which day it is depends on the zone
    return found in (expected, pl.Null()) or isinstance(found, _CAST_FROM[type(expected)])


def _source(table: str, store: Store, last_day: date) -> Source:
    return Source(
        store=store,
        columns=tuple(_as_contract(column, store.schema.get(column.name)) for column in columns_of(table)),
        broken=row_rules(last_day) if is_event_table(table) else {},
    )


def _as_contract(column: Column, found: pl.DataType | None) -> pl.Expr:
    if found is None:
        return pl.lit(None, dtype=column.dtype).alias(column.name)
    typed = pl.col(column.name) if found == column.dtype else pl.col(column.name).cast(column.dtype)
    return ended(typed).alias(column.name) if column.name in ENDS else typed
