"""Files of any format as frames of texts: the same columns whatever wrote them, a bounded number of rows at a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import polars as pl

from riskstrat.extras import optional
from riskstrat.intake.numbers import as_text
from riskstrat.intake.raw_extracts.text import FAULT, LINE, Dialect, UnreadableError, dialect_of, text_frames

ROWS_AT_A_TIME = 100_000
_TEXT = (".csv", ".tsv", ".txt", ".dat")
_STATISTICAL: Mapping[str, str] = {
    ".sas7bdat": "read_sas7bdat",
    ".dta": "read_dta",
    ".sav": "read_sav",
    ".zsav": "read_sav",
}
ENDINGS = (*_TEXT, ".parquet", *_STATISTICAL)
"""Endings of files that hold data; a file with another ending is told of and left alone."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file whose columns are known and whose rows have not been read; `dialect` is that of text files."""

    path: Path
    header: tuple[str, ...]
    format: str
    dialect: Dialect | None = None

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows as texts; columns by position, and `LINE` and `FAULT`. `UnreadableError` if it breaks off."""
        if self.dialect is not None:
            yield from text_frames(self.path, self.dialect)
            return
        path, first = self.path, 1
        for frame in parquet_frames(path, _plain_columns(path)) if _is_parquet(path) else _statistical_frames(path):
            yield _numbered(frame, first)
            first += frame.height


def opened(path: Path, known: Callable[[str], bool]) -> Sheet:
    """Read what a file says of its columns; `UnreadableError` if it is not what its ending says."""
    if path.suffix.lower() in _TEXT:
        found = dialect_of(path, known)
        separator = {"\t": "tab"}.get(found.separator, found.separator)
        return Sheet(path=path, header=found.header, format=f"{found.encoding}, {separator}", dialect=found)
    try:
        header = (_plain_columns if _is_parquet(path) else _statistical_header)(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"content that is no {path.suffix.lower().lstrip('.')} file") from error
    header = tuple(unicodedata.normalize("NFC", name) for name in header)
    return Sheet(path=path, header=header, format=path.suffix.lower().lstrip("."))


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    named = frame.rename({name: f"column_{position}" for position, name in enumerate(frame.columns)})
    texts = named.with_columns(as_text(pl.col(name), dtype).alias(name) for name, dtype in named.schema.items())
    lines = pl.int_range(first, first + frame.height, dtype=pl.UInt32, eager=True)
    return texts.with_columns(lines.alias(LINE), pl.lit(None, dtype=pl.String).alias(FAULT))


def _plain_columns(path: Path) -> tuple[str, ...]:
    """Name the columns that hold one plain value a row."""
    schema = pl.read_parquet_schema(path)
    return tuple(name for name, dtype in schema.items() if not dtype.is_nested() and dtype != pl.Binary)


def parquet_frames(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Read columns of a Parquet file in their own types; `UnreadableError` if it breaks off."""
    rows = pl.scan_parquet(path, glob=False).select(columns)
    try:
        height = rows.select(pl.len()).collect().item()
        for start in range(0, height, ROWS_AT_A_TIME):
            yield rows.slice(start, ROWS_AT_A_TIME).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableError("a Parquet file that breaks off") from error


def _statistical_header(path: Path) -> tuple[str, ...]:
    pyreadstat = optional("pyreadstat")
    try:
        _, said = getattr(pyreadstat, _STATISTICAL[path.suffix.lower()])(
            str(path), metadataonly=True, output_format="polars"
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise ValueError(path.suffix) from error
    return tuple(said.column_names)


def _statistical_frames(path: Path) -> Iterator[pl.DataFrame]:
    pyreadstat = optional("pyreadstat")
    read = getattr(pyreadstat, _STATISTICAL[path.suffix.lower()])
    chunks = pyreadstat.read_file_in_chunks(read, str(path), chunksize=ROWS_AT_A_TIME, output_format="polars")
    try:
        for frame, _ in chunks:
            yield cast("pl.DataFrame", frame)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError) as error:
        raise UnreadableError("a file that breaks off") from error
