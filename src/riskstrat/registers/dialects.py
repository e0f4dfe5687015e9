"""How PostgreSQL, DuckDB and SQLite are spoken to: connecting, types, and the SQL of a scan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.extras import optional

if TYPE_CHECKING:
    import pyarrow as pa
    from adbc_driver_manager.dbapi import Connection, Cursor

Columns = Mapping[str, pl.DataType]

SQL_TYPES: Mapping[type[pl.DataType], str] = MappingProxyType(
    {pl.Int64: "BIGINT", pl.Float64: "DOUBLE PRECISION", pl.String: "VARCHAR", pl.Date: "DATE"}
)
SQLITE_TYPES: Mapping[type[pl.DataType], str] = MappingProxyType(
    {pl.Int64: "INTEGER", pl.Float64: "REAL", pl.String: "TEXT", pl.Date: "TEXT"}
)
EXAMPLES: Mapping[type[pl.DataType], str] = MappingProxyType(
    {pl.Int64: "0", pl.Float64: "0.0", pl.String: "''", pl.Date: "'1970-01-01'"}
)
STORED: Mapping[frozenset[str], pl.DataType] = MappingProxyType(
    {
        frozenset(): pl.Null(),
        frozenset({"integer"}): pl.Int64(),
        frozenset({"real"}): pl.Float64(),
        frozenset({"integer", "real"}): pl.Float64(),
        frozenset({"text"}): pl.String(),
    }
)
"""Storage classes of the values in a column of SQLite, which has no types of columns -> the type that they make."""


class Dialect(ABC):
    """What differs between databases."""

    @abstractmethod
    def connect(self, url: str) -> Connection:
        """Open a connection that only reads."""

    def has(self, cursor: Cursor, table: str, schema: str) -> bool:
        """Whether there is a table or view of that name; without a schema, in the connection's own."""
        condition = f"table_schema = {_text(schema) if schema else 'current_schema()'}"
        cursor.execute(f"SELECT 1 FROM information_schema.tables WHERE table_name = {_text(table)} AND {condition}")
        return bool(cursor.fetchall())

    def schema(self, cursor: Cursor, table: str, wanted: Sequence[str]) -> pl.Schema:
        """Give the columns of a table, and the types of those that are wanted."""
        cursor.execute(f"SELECT * FROM {table} LIMIT 0")
        found = cursor.fetch_arrow_table().schema
        return pl.Schema({each.name: _polars_type(each) if each.name in wanted else pl.Null() for each in found})

    def select(self, table: str, columns: Columns, where: str) -> str:
        """Write the query of a scan."""
        return _select(table, columns, where, SQL_TYPES)

    def frames(self, batches: pa.RecordBatchReader, columns: Columns) -> Iterator[pl.DataFrame]:
        """Turn Arrow batches into frames in the contract's types."""
        for batch in batches:
            yield pl.DataFrame(batch).cast(pl.Schema(columns))


class PostgreSQL(Dialect):
    """Read through libpq, which looks into the environment for what the address does not say."""

    def connect(self, url: str) -> Connection:
        """Open a connection whose transactions may not write."""
        connection: Connection = optional("adbc_driver_postgresql.dbapi").connect(url)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        connection.commit()
        return connection


class DuckDB(Dialect):
    """A file, opened for reading."""

    def connect(self, url: str) -> Connection:
        """Open the file without a right to write."""
        connection: Connection = optional("adbc_driver_manager.dbapi").connect(
            driver=optional("adbc_driver_duckdb").driver_path(),
            entrypoint="duckdb_adbc_init",
            db_kwargs={"path": _path(url), "access_mode": "read_only"},
        )
        return connection


class SQLite(Dialect):
    """A file, opened for reading; it has no types of columns, so every value is looked at once."""

    def connect(self, url: str) -> Connection:
        """Open the file without a right to write."""
        connection: Connection = optional("adbc_driver_sqlite.dbapi").connect(f"file:{_path(url)}?mode=ro")
        return connection

    def has(self, cursor: Cursor, table: str, schema: str) -> bool:  # noqa: ARG002
        """Whether there is a table or view of that name."""
        cursor.execute(f"SELECT 1 FROM sqlite_master WHERE name = {_text(table)}")
        return bool(cursor.fetchall())

    def schema(self, cursor: Cursor, table: str, wanted: Sequence[str]) -> pl.Schema:
        """Give the columns of a table, and the types of those that are wanted, from the values that are in them."""
        cursor.execute(f"SELECT name FROM pragma_table_info({table})")
        there = [row[0] for row in cursor.fetchall()]
        names = [name for name in there if name in wanted]
        if not names:
            return pl.Schema(dict.fromkeys(there, pl.Null()))
        asked = ", ".join(
            f"group_concat(DISTINCT typeof({name})), MIN({name} IS NULL OR date({name}) IS {name})"
            for name in map(quoted, names)
        )
        cursor.execute(f"SELECT {asked} FROM {table}")
        said = cursor.fetchone() or ()
        types = {
            name: _stored(str(kinds or ""), bool(days))
            for name, kinds, days in zip(names, said[::2], said[1::2], strict=True)
        }
        return pl.Schema({name: types.get(name, pl.Null()) for name in there})

    def select(self, table: str, columns: Columns, where: str) -> str:
        """Write the query of a scan: a first row shows the types, because the driver goes by the first values."""
        example = ", ".join(f"{EXAMPLES[type(dtype)]} AS {quoted(name)}" for name, dtype in columns.items())
        return f"SELECT {example} UNION ALL {_select(table, columns, where, SQLITE_TYPES)}"

    def frames(self, batches: pa.RecordBatchReader, columns: Columns) -> Iterator[pl.DataFrame]:
        """Leave out the row of examples and read dates from text."""
        dates = [name for name, dtype in columns.items() if dtype == pl.Date]
        for number, batch in enumerate(batches):
            read = pl.DataFrame(batch).with_columns(pl.col(dates).str.to_date("%Y-%m-%d"))
            yield read if number else read.slice(1)


DIALECTS: Mapping[str, Dialect] = MappingProxyType({"postgresql": PostgreSQL(), "duckdb": DuckDB(), "sqlite": SQLite()})
"""Scheme of an address -> how that database is spoken to."""


def quoted(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> quoted("persons")
    '"persons"'
    """
    return '"' + name.replace('"', '""') + '"'


def _select(table: str, columns: Columns, where: str, types: Mapping[type[pl.DataType], str]) -> str:
    casts = ", ".join(
        f"CAST({quoted(n)} AS {types[type(dtype)]}) AS {quoted(n)}" if type(dtype) in types else quoted(n)
        for n, dtype in columns.items()
    )
    return f"SELECT {casts} FROM {table}" + (f" WHERE {where}" if where else "")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _path(url: str) -> str:
    return url.partition(":///")[2]


def _polars_type(field: pa.Field) -> pl.DataType:
    """PostgreSQL's numeric comes as opaque text; cast to a double like any other number it is exact enough."""
    if getattr(field.type, "type_name", None) == "numeric":
        return pl.Decimal(38, 9)
    empty = optional("pyarrow").schema([field]).empty_table()
    return pl.DataFrame(empty).schema[field.name]


def _stored(kinds: str, all_days: bool) -> pl.DataType:
    found = frozenset(kinds.split(",")) - {"null", ""}
    if found == {"text"} and all_days:
        return pl.Date()
    return STORED.get(found, pl.Object())
