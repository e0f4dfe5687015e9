"""Registers in a database: PostgreSQL, DuckDB or SQLite, read through ADBC; person ranges and columns go into SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import polars as pl

from riskstrat.errors import ContractError, Problem, UsageError, number_of
from riskstrat.extras import optional
from riskstrat.registers.contract import types_of
from riskstrat.registers.dialects import DIALECTS, Dialect, quoted
from riskstrat.registers.manifest import Manifest, ManifestRead, parse_manifest
from riskstrat.registers.source import PersonRange, digest_of, loses

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

MANIFEST_TABLE = "riskstrat_manifest"
"""One row, one column ``toml``: the text of `registers.toml`."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """An address of registers; the connection's own schema where `schema` is empty.

    `url` has credentials, if they are not in the environment, and is never shown.
    """

    url: str = field(repr=False)
    schema: str = ""

    @classmethod
    def at(cls, address: str) -> Database:
        """Read an address such as ``postgresql://host/name?schema=registers`` or ``duckdb:///path/to/file``.

        Three slashes begin a relative path and four an absolute one.
        """
        scheme = address.split("://", 1)[0]
        try:
            parts = urlsplit(address)
        except ValueError:
            raise UsageError(_not_an_address(f"a {scheme} address that cannot be read")) from None
        if scheme not in DIALECTS:
            raise UsageError(_not_an_address(f"registers at a {scheme} address"))
        asked = dict(parse_qsl(parts.query))
        if "schema" not in asked:
            return cls(url=address)
        schema = asked.pop("schema")
        return cls(url=urlunsplit(parts._replace(query=urlencode(asked))), schema=schema)

    @property
    def name(self) -> str:
        """What it is called in messages: scheme, host or file and schema, without credentials."""
        parts = urlsplit(self.url)
        location = f"{parts.hostname or ''}{parts.path}"
        return f"{parts.scheme} database {location}" + (f", schema {self.schema}" if self.schema else "")

    @property
    def dialect(self) -> Dialect:
        """How this kind of database is spoken to."""
        return DIALECTS[urlsplit(self.url).scheme]

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Open a connection, and a cursor in it, for as long as it is used.

        Why there is none is told without credentials; why a query failed is not told, for it may hold a person's value.
        """
        failures = (optional("adbc_driver_manager").Error, OSError)  # a query that fails midway is an OSError to Arrow
        try:
            connection = self.dialect.connect(self.url)
        except failures as error:
            raise ContractError(self._failure(_without_secrets(str(error), self.url))) from None
        with closing(connection):
            try:
                with closing(connection.cursor()) as cursor:
                    yield cursor
            except failures:
                raise ContractError(self._failure("a query failed")) from None

    def unnamed(self, manifest: Manifest) -> tuple[str, ...]:  # noqa: ARG002
        """Name nothing: a database may hold much besides registers."""
        return ()

    def manifest(self) -> ManifestRead:
        """Read what the one row of `riskstrat_manifest` says."""
        with self.cursor() as cursor:
            if not self.dialect.has(cursor, MANIFEST_TABLE, self.schema):
                raise ContractError(_no_manifest("no such table"))
            cursor.execute(f"SELECT toml FROM {self.qualified(MANIFEST_TABLE)}")
            rows = cursor.fetchall()
        if len(rows) != 1:
            raise ContractError(_no_manifest(number_of(len(rows), "row")))
        return parse_manifest(str(rows[0][0]))

    def store(self, table: str, file: str) -> DatabaseTable | Problem:  # noqa: ARG002
        """Find a table or view by the contract's name."""
        wanted = list(types_of(table))
        with self.cursor() as cursor:
            if self.dialect.has(cursor, table, self.schema):
                found = self.dialect.schema(cursor, self.qualified(table), wanted)
                return DatabaseTable(database=self, table=table, schema=found)
        return Problem(f"no such table in the {self.name}", "a table or view", "add it", table=table)

    def qualified(self, table: str) -> str:
        """Give the table's name with its schema, quoted."""
        return ".".join(quoted(part) for part in (self.schema, table) if part)

    def _failure(self, complaint: str) -> Problem:
        return Problem(
            f"{self.name} does not answer: {complaint}",
            "a database that can be read, with a table or view for each table of the manifest",
            "look at the address, the rights, and the environment variables that hold the credentials",
        )


@dataclass(frozen=True, kw_only=True)
class DatabaseTable:
    """A table or view of a database, named as the contract's table, in the types that were found."""

    database: Database
    table: str
    schema: pl.Schema

    @property
    def name(self) -> str:
        """What the table is called in messages."""
        return self.database.qualified(self.table)

    def scan(self, people: PersonRange | None = None) -> pl.LazyFrame:
        """Give the rows, of these people only, with the columns that are asked for, in the contract's types."""
        return self._read(self._columns, people)

    def loses(self, column: str, dtype: pl.DataType) -> bool:
        """Whether casting a column may change a value: a moment without a zone is more than a day."""
        found = self.schema[column]
        if isinstance(found, pl.Datetime):
            return found.time_zone is None
        return loses(self._read({column: found}, None), column, found, dtype)

    def digest(self) -> bytes:
        """Digest the rows, see `digest_of`."""
        return digest_of(self._batches(self._columns, None))

    @property
    def _columns(self) -> dict[str, pl.DataType]:
        """Give the contract's columns that are there; what SQL makes another day of, or fails on, comes as it is."""
        return {
            name: found if dtype == pl.Date and _is_no_day(found) else dtype
            for name, dtype in types_of(self.table).items()
            if (found := self.schema.get(name)) is not None
        }

    def _read(self, columns: Mapping[str, pl.DataType], people: PersonRange | None) -> pl.LazyFrame:
        from polars.io.plugins import register_io_source

        def batches(
            names: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            asked = {name: dtype for name, dtype in columns.items() if names is None or name in names}
            for batch in _limited(self._batches(asked, people), rows):
                yield batch if predicate is None else batch.filter(predicate)

        return register_io_source(batches, schema=columns)

    def _batches(self, columns: Mapping[str, pl.DataType], people: PersonRange | None) -> Iterator[pl.DataFrame]:
        dialect = self.database.dialect
        with self.database.cursor() as cursor:
            cursor.execute(dialect.select(self.name, columns, _within(people)))
            yield from dialect.frames(cursor.fetch_record_batch(), columns)


def _is_no_day(found: pl.DataType) -> bool:
    zoned = isinstance(found, pl.Datetime) and found.time_zone is not None
    return zoned or found.is_numeric() or isinstance(found, pl.String)


def _not_an_address(found: str) -> Problem:
    return Problem(
        found,
        f"a folder, or an address that begins with one of {', '.join(sorted(DIALECTS))}",
        "correct the address, or export the tables to a folder",
    )


def _no_manifest(found: str) -> Problem:
    return Problem(
        found,
        "one row, whose column toml holds the text of registers.toml",
        "write it, or give the path of a registers.toml",
        table=MANIFEST_TABLE,
    )


def _within(people: PersonRange | None) -> str:
    return "" if people is None else f"person_id BETWEEN {int(people[0])} AND {int(people[1])}"


def _limited(frames: Iterator[pl.DataFrame], rows: int | None) -> Iterator[pl.DataFrame]:
    left = rows
    for frame in frames:
        if left is None:
            yield frame
            continue
        yield frame.head(left)
        left -= frame.height
        if left <= 0:
            return


def _without_secrets(complaint: str, url: str) -> str:
    parts = urlsplit(url)
    secrets: Sequence[str] = [url, parts.netloc, parts.password or "", unquote(parts.password or "")]
    for secret in secrets:
        if secret:
            complaint = complaint.replace(secret, "***")
    return " ".join(complaint.split())
