"""Opening registers: everything about them that can be known without reading their events."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem, nearest
from riskstrat.errors.arguments import checked
from riskstrat.files import RESULT_FILE, changed_since_written, restored
from riskstrat.registers.checks import contradictions
from riskstrat.registers.contract import (
    BESIDE,
    ENDS,
    GEOMETRY,
    KEY_REMEDY,
    REQUIRED_TABLES,
    Column,
    columns_of,
    is_event_table,
    row_rules,
    types_of,
)
from riskstrat.registers.database import Database
from riskstrat.registers.days import PERIODS, counted, ended, local_day
from riskstrat.registers.frames import Frame, Frames
from riskstrat.registers.manifest import FILE_NAME, Manifest, ManifestRead, read_manifest
from riskstrat.registers.opened import Registers
from riskstrat.registers.source import Location, PersonRange, Source, Store, loses, unreadable


@dataclass(frozen=True)
class Folder:
    """A directory of registers."""

    path: Path

    def manifest(self) -> ManifestRead:
        """Read `registers.toml`."""
        return read_manifest(self.path / FILE_NAME)

    def unnamed(self, manifest: Manifest) -> tuple[str, ...]:
        """Name the Parquet files that no entry of the manifest names; outlines of areas are found by their name."""
        named = {*(manifest.file_of(table) for table in manifest.tables), "geometry.parquet"}
        return tuple(path.name for path in sorted(self.path.glob("*.parquet")) if path.name not in named)

    def store(self, table: str, file: str) -> ParquetFile | Problem:
        """Find a table's file and read its footer."""
        path = self.path / file
        if not path.is_file():
            return Problem(f"no file {path.name}", "a Parquet file", "add it", table=table)
        command = changed_since_written(path)
        if command is not None:
            return Problem(
                f"{path.name} is not as {command} wrote it: damaged or changed",
                "the file as it was written",
                f"write the folder again; if the change is meant, remove {RESULT_FILE} from it",
                table=table,
            )
        try:
            return ParquetFile(path=path, schema=pl.Schema(pl.read_parquet_schema(path)))
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
            return unreadable(table, path.name)


@dataclass(frozen=True, kw_only=True)
class ParquetFile:
    """A Parquet file as a store of rows, with its columns and types."""

    path: Path
    schema: pl.Schema

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Return its rows; the statistics of row groups leave out most of what lies outside the range."""
        rows = pl.scan_parquet(self.path, glob=False)
        return rows if people is None else rows.filter(pl.col("person_id").is_between(*people))

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column would change a value."""
        return loses(self.scan(), column, self.schema[column], dtype)

    def digest(self) -> bytes:
        """Digest every byte."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


KEYS = ("person_id", "mother_id", "father_id")
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_CAST_FROM: Mapping[type[pl.DataType], tuple[type[pl.DataType], ...]] = {
    pl.String: (pl.Categorical, pl.Enum),
    pl.Int64: (*_INTEGERS, pl.Float32, pl.Float64),
    pl.Float64: (pl.Float32, pl.Decimal, *_INTEGERS),
    pl.Date: (pl.Datetime,),
}
"""Type of the contract -> types that are cast to it when registers are opened."""


@checked
def open_registers(
    location: str | Path | Mapping[str, Frame], *, manifest: str | Path | Manifest | None = None
) -> Registers:
    """Open registers and check all but their event rows.

    Parameters
    ----------
    location
        A directory with `registers.toml` and Parquet tables; or the address of a database with the same tables or
        views: ``postgresql://host/name?schema=registers``, ``duckdb:///relative/path`` or ``sqlite:////absolute/path``.
        Credentials that the address does not hold come from the environment (``PGPASSWORD`` and the like). Or frames
        of polars or pandas by the name of their table, with a manifest.
    manifest
        A `Manifest`, or a `registers.toml` elsewhere, beside which outlines of areas are looked for. Without it a
        database says it in the one row of a table ``riskstrat_manifest``, whose column ``toml`` holds the text.

    Returns
    -------
    Registers
        Lazy tables in the columns and types of the contract. ``registers.not_read`` names the columns and files that
        the contract and the manifest do not know.

    Raises
    ------
    UsageError
        If it is the address of a database of another kind, or frames come without a manifest.
    MissingExtraError
        If it is a database and the extra ``db`` is not installed.
    ContractError
        If the manifest, a table, a column or a type breaks the contract, a column is named nearly like one of the
        contract that is missing, a file cannot be read, there are no persons, or persons, residences and areas
        contradict themselves or each other: duplicate persons, unknown sex, death before birth, overlapping residences,
        unknown area and the like; all of it at once, with counts and without any person's values.

    Examples
    --------
    >>> registers = open_registers("data_samples/modellstad")
    >>> registers.manifest.name, registers.manifest.data_end
    ('Modellstad', datetime.date(2023, 12, 31))
    >>> registers.has("diagnoses"), registers.has("visits")
    (True, False)
    """
    opened = _location(location)
    contents, wrong = _said(opened, manifest)
    sources, problems = _sources(opened, contents)
    ContractError.refuse((*wrong, *problems, *contradictions(sources, problems)))
    births = sources["persons"].scan().select("person_id", "birth_date").collect().sort("person_id")
    extra = [f"{table}.{name}" for table, source in sources.items() for name in _extra(table, source.store)]
    return Registers(
        folder=_beside(location, manifest),
        manifest=contents,
        sources=sources,
        births=births,
        not_read=(*extra, *opened.unnamed(contents)),
    )


def _location(location: str | Path | Mapping[str, Frame]) -> Location:
    if isinstance(location, Mapping):
        return Frames(location)
    return Database.at(str(location)) if "://" in str(location) else Folder(restored(location))


def _said(opened: Location, manifest: str | Path | Manifest | None) -> ManifestRead:
    if isinstance(manifest, Manifest):
        return manifest, ()
    return opened.manifest() if manifest is None else read_manifest(Path(manifest))


def _beside(location: str | Path | Mapping[str, Frame], manifest: str | Path | Manifest | None) -> Path | None:
    """Find the directory that may hold outlines of areas: that of the manifest."""
    if isinstance(manifest, str | Path):
        return Path(manifest).parent
    return None if isinstance(location, Mapping) or "://" in str(location) else Path(location)


def _sources(location: Location, manifest: Manifest) -> tuple[dict[str, Source], list[Problem]]:
    sources: dict[str, Source] = {}
    remedy = "add the table and its entry"
    problems = [
        Problem("not in the manifest", f"[tables.{table}] in {FILE_NAME}", remedy, table=table)
        for table in REQUIRED_TABLES
        if table not in manifest.tables
    ]
    for table in manifest.tables:
        if table == GEOMETRY:
            continue
        store = location.store(table, manifest.file_of(table))
        if isinstance(store, Problem):
            problems.append(store)
            continue
        wrong = list(_column_problems(table, store))
        problems.extend(wrong)
        sources[table] = _source(table, store, manifest, {problem.column for problem in wrong})
    return sources, problems


def _column_problems(table: str, store: Store) -> Iterator[Problem]:
    for column in columns_of(table):
        found = store.schema.get(column.name)
        if found is None:
            if column.required:
                yield _column_problem(table, column, "no such column", "add it")
        elif not (found in (column.dtype, pl.Null()) or isinstance(found, _CAST_FROM[type(column.dtype)])):
            unit = _unit(store, column, found)
            meaning = f", numbers that look like {unit}" if unit else ""
            yield _column_problem(table, column, f"type {found}{meaning}", _remedy(column, found, unit))
        elif store.loses(column.name, column.dtype):
            yield _column_problem(table, column, f"values of type {found} that do not fit", "write it without loss")
    missing = [name for name in types_of(table) if name not in store.schema]
    for name in _extra(table, store):
        if meant := nearest(name, missing):
            remedy = f"did you mean '{meant}'? Rename it, or leave it out"
            expected = "a column of the contract, or one whose name is like none of them"
            yield Problem("no column of the contract", expected, remedy, table=table, column=name)


def _extra(table: str, store: Store) -> list[str]:
    """Name the columns that the contract does not know."""
    known = types_of(table).keys() | BESIDE
    return [name for name in store.schema if name not in known]


def _unit(store: Store, column: Column, found: pl.DataType) -> str | None:
    """Say what numbers in the place of dates look like, also those written as texts; None of anything else."""
    if column.dtype != pl.Date or not (found.is_numeric() or found == pl.String):
        return None
    value = pl.col(column.name)
    number = (value.str.strip_chars() if found == pl.String else value).cast(pl.Float64, strict=False)
    is_other = (number.is_null() & value.is_not_null()).any().alias("other")
    lowest, highest, other = (
        store.scan().select(number.min().alias("low"), number.max().alias("high"), is_other).collect().row(0)
    )
    return None if other or lowest is None else counted(lowest, highest) or "nothing known"


def _remedy(column: Column, found: pl.DataType, unit: str | None) -> str:
    if column.name in KEYS and isinstance(found, pl.String):
        return KEY_REMEDY.format(column=column.name)
    if unit is None or unit not in PERIODS:
        return "write it in the contract's type"
    period, day = PERIODS[unit]
    said = f"; say '{period}' in birth_date_precision" if column.name == "birth_date" else ""
    return f"write a day within each {period}, such as {day}{said}"


def _column_problem(table: str, column: Column, found: str, remedy: str) -> Problem:
    return Problem(found, str(column.dtype), remedy, table=table, column=column.name)


def _source(table: str, store: Store, manifest: Manifest, wrong: Collection[str | None]) -> Source:
    """Give a table in the contract's columns; those that are wrong are null, so that the others can be checked."""
    there = {name: dtype for name, dtype in store.schema.items() if name not in wrong}
    return Source(
        store=store,
        columns=tuple(_as_contract(column, there.get(column.name), manifest.time_zone) for column in columns_of(table)),
        broken=row_rules(manifest.data_end) if is_event_table(table) else {},
    )


def _as_contract(column: Column, found: pl.DataType | None, zone: str) -> pl.Expr:
    if found is None:
        return pl.lit(None, dtype=column.dtype).alias(column.name)
    value, is_day = pl.col(column.name), column.dtype == pl.Date
    if found != column.dtype:
        value = local_day(value, found, zone) if is_day else value.cast(column.dtype)
    return (ended(value) if column.name in ENDS else value).alias(column.name)
