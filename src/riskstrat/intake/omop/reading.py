"""Tables of the OMOP Common Data Model, wherever they are: a folder, a database, or frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem, UsageError, nearest, repeated, unknown
from riskstrat.intake.conversion import read_now, readable
from riskstrat.intake.numbers import as_text, as_whole, without_decimals
from riskstrat.intake.omop.declarations import KNOWN_TABLES, STANDARD_TABLES
from riskstrat.intake.raw_extracts.text import REPLACED, encoding_of
from riskstrat.registers.database import Database
from riskstrat.registers.days import PERIODS, counted, day_of_number, local_day, local_text, whole_days
from riskstrat.registers.dialects import quoted

Tables = Mapping[str, pl.LazyFrame]
CdmSource = str | Path | Mapping[str, pl.LazyFrame | pl.DataFrame]
_LEAST_DIGITS = 4
"""A code with fewer before its point may be one of ICD-9, whose ``410.0`` is more than 410."""
_TEXT = (".csv", ".tsv", ".txt")


def read_tables(source: CdmSource, zone: str) -> dict[str, pl.LazyFrame]:
    """Find the tables of a CDM; in columns of dates a time that has a zone is its day in `zone`, a number its day.

    The source is a folder of Parquet (files, or folders of parts) or delimited text, a table a file; the address of a
    database (``postgresql://host/name?schema=cdm``, ``duckdb:///file``, ``sqlite:///file``); or frames by name.
    """
    if isinstance(source, Mapping):
        found = {name.lower(): frame.lazy() for name, frame in source.items()}
    elif "://" in str(source):
        database = Database.at(str(source))
        with database.cursor() as cursor:
            there = [name for name in KNOWN_TABLES if database.dialect.has(cursor, name, database.schema)]
        found = {name: _scan(database, name) for name in there}
    else:
        found = _in_folder(Path(source))
    _refuse_misspelt(found)
    return {name: _with_days(name, _in_small_letters(name, frame), zone) for name, frame in found.items()}


def column(schema: pl.Schema, names: Sequence[str], dtype: pl.DataType) -> pl.Expr:
    """Take the first value among columns that are there, in the type that is asked for; null if it cannot be read."""
    there = [_typed(pl.col(name), schema[name], dtype) for name in names if name in schema]
    return pl.coalesce(there) if there else pl.lit(None, dtype=dtype)


def _refuse_misspelt(tables: Iterable[str]) -> None:
    """Refuse a table whose name is nearly that of one that is missing; others are told of as not read."""
    there = set(tables)
    missing = [name for name in KNOWN_TABLES if name not in there]
    wrong = [name for name in sorted(there - set(KNOWN_TABLES) - STANDARD_TABLES) if nearest(name, missing)]
    ContractError.refuse(unknown("table of the CDM", name, missing) for name in wrong)


def _with_days(name: str, rows: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    schema = rows.collect_schema() if name in KNOWN_TABLES else pl.Schema()
    dated = {each: dtype for each, dtype in schema.items() if each.endswith(("_date", "_datetime"))}
    days: dict[str, pl.Expr] = {}
    for each, dtype in dated.items():
        if isinstance(dtype, pl.Datetime):
            days[each] = local_day(pl.col(each), dtype, zone)
        elif isinstance(dtype, pl.String):
            days[each] = local_text(pl.col(each).str.strip_chars(), zone)
        elif dtype.is_numeric():
            days[each] = _counted_day(name, each, rows, zone)
    return rows.with_columns(**days)


def _counted_day(table: str, each: str, rows: pl.LazyFrame, zone: str) -> pl.Expr:
    """Read dates that are numbers, as databases without dates keep them, by what all of the column can count."""
    number = pl.col(each)
    lowest, highest = read_now(rows.select(number.min().alias("low"), number.max().alias("high")), table).row(0)
    if lowest is None:
        return pl.lit(None, dtype=pl.Date)
    unit = counted(float(lowest), float(highest))
    if unit is None or unit in PERIODS:
        found, expected = "numbers that count no days or seconds", "dates"
        raise ContractError(Problem(found, expected, "write dates", table=table, column=each))
    are_days = bool(read_now(rows.select(whole_days(number, unit).all()), table).item())
    return day_of_number(number, unit, None if are_days else zone)


def _in_small_letters(name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    expected, remedy = "a whole file with one column a name", "export it again"
    with readable(Problem("a heading that cannot be read", expected, remedy, table=name)):
        return frame.rename({each: each.lower() for each in frame.collect_schema()})


def _in_folder(folder: Path) -> dict[str, pl.LazyFrame]:
    if not folder.is_dir():
        raise UsageError(
            Problem(f"no folder {folder}", "a folder of OMOP tables, or the address of a database", "correct the path")
        )
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".parquet", "", *_TEXT)]
    tables = {path: path.stem.lower() for path in paths}
    twice = repeated(tables.values())
    ContractError.refuse(Problem("two files", "one", "remove one of them", table=name) for name in twice)
    return {name: frame for path, name in tables.items() if (frame := _in_file(path)) is not None}


def _in_file(path: Path) -> pl.LazyFrame | None:
    if path.is_dir():
        parts = sorted(path.rglob("*.parquet"))
        return pl.scan_parquet(parts, glob=False) if parts else None
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path, glob=False)
    if not path.suffix:
        return None
    encoding, _ = encoding_of(path, lambda _: False)
    if encoding != "utf-8":
        raise ContractError(Problem(f"text in {encoding}", "text in UTF-8", "save it as UTF-8", table=path.name))
    return pl.scan_csv(path, separator=_separator(path), infer_schema=False, encoding="utf8-lossy")


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        heading = file.readline(1 << 16)
    return max(("\t", ",", ";", "|"), key=lambda each: heading.count(each.encode()))


def _scan(database: Database, table: str) -> pl.LazyFrame:
    from polars.io.plugins import register_io_source

    def batches(
        names: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        for batch in _batches(database, _query(database, table, names or (), rows)):
            yield batch if predicate is None else batch.filter(predicate)

    heading = next(_batches(database, _query(database, table, (), 1)))
    return register_io_source(batches, schema=heading.schema)


def _query(database: Database, table: str, columns: Sequence[str], rows: int | None) -> str:
    asked = ", ".join(map(quoted, columns)) or "*"
    limit = "" if rows is None else f" LIMIT {int(rows)}"
    return f"SELECT {asked} FROM {database.qualified(table)}{limit}"  # noqa: S608 - every name is quoted


def _batches(database: Database, query: str) -> Iterator[pl.DataFrame]:
    with database.cursor() as cursor:
        cursor.execute(query)
        reader = cursor.fetch_record_batch()
        yield pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))
        for batch in reader:
            yield pl.DataFrame(pl.from_arrow(batch))


def _typed(value: pl.Expr, found: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if isinstance(wanted, pl.Date):
        return _day(value, found)
    if isinstance(wanted, pl.String):
        text = without_decimals(as_text(value, found).str.strip_chars(), _LEAST_DIGITS)
        return pl.when((text != "") & ~text.str.contains(REPLACED, literal=True)).then(text)
    if isinstance(wanted, pl.Int64):
        return as_whole(value, found)
    if isinstance(found, pl.String):
        value = value.str.strip_chars().str.replace(r",(\d{1,2}|\d{4,})$", ".$1")  # three figures: perhaps thousands
    return value.cast(wanted, strict=False)


def _day(value: pl.Expr, found: pl.DataType) -> pl.Expr:
    if isinstance(found, pl.Date | pl.Datetime):
        return value.cast(pl.Date)
    if isinstance(found, pl.Null):
        return pl.lit(None, dtype=pl.Date)
    text = value.cast(pl.String).str.strip_chars()
    return pl.coalesce(
        text.str.head(10).str.to_date("%Y-%m-%d", strict=False),
        text.str.extract(r"^([0-9]{8})\b").str.to_date("%Y%m%d", strict=False),
    )
