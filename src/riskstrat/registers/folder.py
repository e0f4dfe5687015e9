"""Opening a register folder: everything about it that can be known without reading its events.

In: a folder. Out: `Registers`, or one `ContractError` with all that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.registers.checks import place_problems
from riskstrat.registers.contract import REQUIRED_TABLES, Column, columns_of, is_event_table, row_rules
from riskstrat.registers.manifest import FILE_NAME, Manifest, read_manifest
from riskstrat.registers.opened import Registers
from riskstrat.registers.source import Source, unreadable

NOT_A_TABLE = "geometry"
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_CAST_FROM: Mapping[type[pl.DataType], tuple[type[pl.DataType], ...]] = {
    pl.String: (pl.Categorical, pl.Enum),
    pl.Int64: _INTEGERS,
    pl.Float64: (pl.Float32, pl.Decimal, *_INTEGERS),
    pl.Date: (pl.Datetime,),
}
"""Type of the contract -> types that are cast to it at the door."""


def open_registers(folder: str | Path) -> Registers:
    """Open a register folder and check all but its event rows.

    Parameters
    ----------
    folder
        A directory with `registers.toml` and Parquet tables.

    Raises
    ------
    UsageError
        If it is a database address, which this version does not read.
    ContractError
        If the manifest, a table, a column or a type breaks the contract, a file cannot be read, or persons, residences
        and areas contradict themselves or each other: duplicate persons, unknown sex, death before birth, overlapping
        residences, unknown area and the like; all of it at once, with counts and without any person's values.
    """
    place = _place(folder)
    manifest = read_manifest(place)
    sources, problems = _sources(place, manifest)
    _refuse(problems)
    _refuse(place_problems(sources))
    births = sources["persons"].scan().select("person_id", "birth_date").collect().sort("person_id")
    return Registers(folder=place, manifest=manifest, sources=sources, births=births)


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise ContractError(*found)


def _place(folder: str | Path) -> Path:
    if "://" in str(folder):
        scheme = str(folder).split("://", 1)[0]
        raise UsageError(
            Problem(
                found=f"registers at a {scheme} address",
                expected="a folder with registers.toml and Parquet tables",
                remedy="export the tables to a folder; databases are not read by this version",
            )
        )
    return Path(folder)


def _sources(folder: Path, manifest: Manifest) -> tuple[dict[str, Source], list[Problem]]:
    sources: dict[str, Source] = {}
    problems = list(_missing_tables(manifest))
    for table in manifest.tables:
        if table == NOT_A_TABLE:
            continue
        path = folder / manifest.file_of(table)
        found = _schema(table, path)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        wrong = list(_column_problems(table, path, found))
        problems.extend(wrong)
        if not wrong:
            sources[table] = _source(table, path, found, manifest.data_end)
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


def _schema(table: str, path: Path) -> pl.Schema | Problem:
    if not path.is_file():
        return Problem(table=table, found=f"no file {path.name}", expected="a Parquet file", remedy="add it")
    try:
        return pl.Schema(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        return unreadable(table, path)


def _column_problems(table: str, path: Path, schema: pl.Schema) -> Iterator[Problem]:
    for column in columns_of(table):
        found = schema.get(column.name)
        if found is None:
            if column.required:
                yield _column_problem(table, column, "no such column", "add it")
        elif not _castable(found, column.dtype):
            yield _column_problem(table, column, f"type {found}", "write it in the contract's type")
        elif _loses(path, column, found):
            yield _column_problem(table, column, f"values of type {found} that do not fit", "write it without loss")


def _column_problem(table: str, column: Column, found: str, remedy: str) -> Problem:
    return Problem(table=table, column=column.name, found=found, expected=str(column.dtype), remedy=remedy)


def _castable(found: pl.DataType, expected: pl.DataType) -> bool:
    if isinstance(found, pl.Datetime) and found.time_zone is not None:
        return False  # which day it is depends on the zone
    return found in (expected, pl.Null()) or isinstance(found, _CAST_FROM[type(expected)])


def _loses(path: Path, column: Column, found: pl.DataType) -> bool:
    """Whether casting a castable column would change a value; only types that can lose are read."""
    value = pl.col(column.name)
    if isinstance(found, pl.Datetime):
        lost = value != value.dt.truncate("1d")
    elif found == pl.UInt64 and column.dtype == pl.Int64:
        lost = value > pl.Int64.max()
    else:
        return False
    try:
        return bool(pl.scan_parquet(path, glob=False).select(lost.any()).collect().item())
    except pl.exceptions.PolarsError:
        return True


def _source(table: str, path: Path, schema: pl.Schema, last_day: date) -> Source:
    return Source(
        path=path,
        columns=tuple(_as_contract(column, schema.get(column.name)) for column in columns_of(table)),
        broken=row_rules(last_day) if is_event_table(table) else {},
    )


def _as_contract(column: Column, found: pl.DataType | None) -> pl.Expr:
    if found is None:
        return pl.lit(None, dtype=column.dtype).alias(column.name)
    return pl.col(column.name) if found == column.dtype else pl.col(column.name).cast(column.dtype)
