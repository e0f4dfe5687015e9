"""Pseudonymising: identity numbers become running numbers, the same for one person in every file and column."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.files import Staging, guard_folder, restored, staged_folder
from riskstrat.intake.identity import DASH, ZEROS_LOST, identity_columns, masked, reserve_pattern, without_signs
from riskstrat.intake.key_file import (
    HASH,
    NUMBER,
    Secret,
    numbered,
    read_key_file,
    refuse_beside_registers,
    write_key_file,
)
from riskstrat.intake.numbers import as_text, without_decimals
from riskstrat.intake.raw_extracts.reading import ENDINGS, opened, parquet_frames
from riskstrat.intake.raw_extracts.text import FAULT, LINE, REPLACED, UnreadableError
from riskstrat.records.intake_account import Pseudonymised

COMMAND = "pseudonymise"
IDENTITY = "__identity"
_UNKNOWN = "??"
_WHOLE = rf"^(18|19|20)?([0-9]{{6}})({DASH}|\+)?([0-9]{{4}})$"
Columns = Sequence[str] | Mapping[str, str]


@checked
def pseudonymise(
    source: str | Path,
    out: str | Path,
    key_file: str | Path,
    columns: Columns | None = None,
    *,
    as_of: date | None = None,
    secret_file: str | Path | None = None,
    reserve_numbers: Sequence[str] = (),
) -> Pseudonymised:
    r"""Replace personal identity numbers by running numbers, consistently over files, columns and later deliveries.

    Each number is brought to twelve digits and hashed with the secret (HMAC-SHA256); new hashes get the next running
    numbers in the order of the hashes, which says nothing of the identities. The key file holds hash and running
    number, no identity: going back takes the secret, the key file and a list of identities to try.

    Parameters
    ----------
    source
        A file, or a folder of files: CSV of any kind, Parquet, SAS, Stata, SPSS.
    out
        Folder for the result, one Parquet file a file; an earlier result of this function is replaced.
    key_file
        Where running numbers are kept (Parquet, readable by its owner alone); those that it holds are used again. Not
        within `out`, `source` or a register folder.
    columns
        Which columns; or old name -> new name. All that hold identity numbers if left out.
    as_of
        Day on which ten-digit numbers were written, which is needed if there are any: without a plus sign they belong
        to the hundred years before it; with one, which is written from the year of the hundredth birthday, to those
        before.
    secret_file
        File with the secret, readable by its owner alone; otherwise the environment variable
        ``RISKSTRAT_PSEUDONYM_SECRET``. The secret is never an argument: arguments stay in histories and process lists.
    reserve_numbers
        Patterns of regions' reserve numbers, as in `identity_columns`; columns that hold any are found too.

    Returns
    -------
    Pseudonymised
        Which columns were replaced, and how many rows and persons there were.

    Raises
    ------
    UsageError
        If there is no secret, the key file was made with another one, `out`, `key_file` or `secret_file` may not be
        where it is, there is nothing to do, or there are ten-digit numbers and no `as_of`.
    ContractError
        If a column that is not asked for holds identity numbers, a heading or a file name is one, or a file cannot be
        read. No value is ever told, and nothing is written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     delivery, secret = Path(folder) / "delivery", Path(folder) / "secret"
    ...     delivery.mkdir()
    ...     _ = (delivery / "visits.csv").write_text("PersonNr;visits\n20121212-1212;3\n")
    ...     _ = secret.write_text("a secret of more than sixteen bytes")
    ...     secret.chmod(0o600)
    ...     result = pseudonymise(delivery, Path(folder) / "out", Path(folder) / "key.parquet", secret_file=secret)
    >>> result.people, dict(result.columns)
    (1, {'visits.parquet': ('PersonNr',)})
    """
    target, keys = Path(out), Path(key_file)
    kept_apart = (keys, *(() if secret_file is None else (Path(secret_file),)))
    sources = (source, *kept_apart)
    for path in kept_apart:
        refuse_beside_registers(path, target, *((Path(source),) if Path(source).is_dir() else ()))
    guard_folder(target, command=COMMAND, sources=sources)
    secret = Secret.read(None if secret_file is None else Path(secret_file), os.environ)
    known = read_key_file(keys, secret)
    written = _Writing(as_of=as_of, reserve=tuple(reserve_numbers))
    files = _deliveries(restored(source), columns, written)
    numbers = _running_numbers(files, known, secret, written)
    with staged_folder(target, command=COMMAND, sources=sources) as staging:
        counts = [_rewritten(each, staging, numbers, written) for each in files]
        write_key_file(keys, pl.concat([known, numbers.select(HASH, NUMBER)]).unique().sort(NUMBER), secret)
    return Pseudonymised(
        files=tuple(target / each.target for each in files),
        columns={masked(str(each.target)): tuple(each.columns) for each in files},
        rows=sum(rows for rows, _ in counts),
        left_out=sum(left_out for _, left_out in counts),
        people=numbers.height,
        new_people=numbers.join(known, on=HASH, how="anti").height,
        unusual=int((~numbers[IDENTITY].str.contains("^[0-9]{12}$")).sum()),
    )


@dataclass(frozen=True, kw_only=True)
class _Writing:
    """When numbers were written, and the patterns of reserve numbers."""

    as_of: date | None
    reserve: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Delivery:
    """A file, where its result goes, and old name -> new name of its columns of identities."""

    path: Path
    target: Path
    columns: Mapping[str, str]


def _deliveries(source: Path, columns: Columns | None, written: _Writing) -> list[_Delivery]:
    """Find the files and their columns, and refuse all at once what would let an identity through."""
    root = source if source.is_dir() else source.parent
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    files, problems = [], []
    for path in (each for each in paths if each.is_file() and each.suffix.lower() in ENDINGS):
        try:
            names, found = _looked_through(path, written)
        except UnreadableError as error:
            again = "have it delivered again, or leave it out"
            problems.append(Problem(str(error), "a whole table", again, table=masked(path.name)))
            continue
        chosen = _chosen(names, found, columns)
        problems += _column_problems(path, names, [name for name in found if name not in chosen])
        files.append(_Delivery(path=path, target=path.relative_to(root).with_suffix(".parquet"), columns=chosen))
    ContractError.refuse(problems)
    _refuse_nothing_to_do(files)
    return files


def _looked_through(path: Path, written: _Writing) -> tuple[list[str], list[str]]:
    names: list[str] = []
    found: dict[str, None] = {}
    for frame, _ in _frames(path):
        names = frame.columns
        found |= dict.fromkeys(identity_columns(frame, written.reserve))
    return names, list(found)


def _chosen(names: Sequence[str], found: Sequence[str], columns: Columns | None) -> dict[str, str]:
    """Name the columns to change; a heading that is an identity number is never one."""
    if columns is None:
        return {name: name for name in found if masked(name) == name}
    wanted = dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns)
    return {name: new or name for name, new in wanted.items() if name in names}


def _column_problems(path: Path, names: Sequence[str], left: Sequence[str]) -> Iterator[Problem]:
    if masked(path.name) != path.name:
        yield Problem("a personal identity number in its name", "none", "rename it", table=masked(path.name))
    for name in left:
        hidden = masked(name) != name
        yield Problem(
            "a heading that is an identity number" if hidden else "personal identity numbers",
            "headings in the first line" if hidden else "none in columns that are not pseudonymised",
            "have the file delivered with headings" if hidden else "name this column too, or leave it out",
            table=masked(path.name),
            column=f"column {names.index(name) + 1}" if hidden else name,
        )


def _refuse_nothing_to_do(files: Sequence[_Delivery]) -> None:
    targets = [each.target for each in files]
    if len(set(targets)) < len(targets):
        raise UsageError(Problem("two files whose names differ only in the ending", "one", "rename one"))
    if not any(each.columns for each in files):
        raise UsageError(
            Problem(
                "no such column of identity numbers in any file",
                "a file with at least one",
                "name the columns, or leave pseudonymising out: there is nothing to do",
            )
        )


def _frames(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    """Read a file in pieces, Parquet in its own types and all else as texts, with how many rows cannot be used."""
    sheet = opened(path, lambda _: False)
    if path.suffix.lower() == ".parquet":
        types = pl.read_parquet_schema(path)
        yield pl.DataFrame(schema=types), 0  # a file may have no rows
        yield from ((frame, 0) for frame in parquet_frames(path, list(types)))
        return
    if len(set(sheet.header)) < len(sheet.header):
        raise UnreadableError("two columns of one name")
    yield pl.DataFrame(schema=dict.fromkeys(sheet.header, pl.String)), 0
    for frame in sheet.frames():
        sound = frame.filter(pl.col(FAULT).is_null()).drop(LINE, FAULT)
        yield sound.rename(dict(zip(sound.columns, sheet.header, strict=True))), frame.height - sound.height


def _running_numbers(
    files: Sequence[_Delivery], known: pl.DataFrame, secret: Secret, written: _Writing
) -> pl.DataFrame:
    """Give everybody in the files: identity, its hash, its running number."""
    parts = [pl.Series(IDENTITY, [], dtype=pl.String)]
    for each in files:
        for frame, _ in _frames(each.path):
            texts = [frame.select(_canonical(frame, name, written).alias(IDENTITY))[IDENTITY] for name in each.columns]
            parts.extend(text.drop_nulls().unique() for text in texts)
    identities = pl.concat(parts).unique()
    _refuse_centuries_unknown(identities)
    hashes = pl.Series(HASH, secret.hashed(identities), dtype=pl.String)
    return pl.DataFrame([identities, hashes]).join(numbered(known, hashes), on=HASH)


def _canonical(frame: pl.DataFrame, column: str, written: _Writing) -> pl.Expr:
    """Write an identity number in twelve digits; other keys in capitals without blanks; null where there is none."""
    seen = without_marks(as_text(pl.col(column), frame.schema[column]))
    text = without_decimals(seen.str.replace_all(r"\s", "").str.to_uppercase())
    filled = pl.coalesce(text.str.extract(ZEROS_LOST).str.zfill(10), text)
    century, born, sign, last = (filled.str.extract(_WHOLE, group) for group in (1, 2, 3, 4))
    years = pl.coalesce(century, _century(born, sign == "+", written.as_of))
    bare = without_signs(text)
    reserve = pl.when(bare.str.contains(reserve_pattern(written.reserve))).then(bare)
    whole = (text != "") & ~text.str.contains(REPLACED, literal=True)
    return pl.coalesce(reserve, pl.concat_str(years, born, last), pl.when(whole).then(text))


def _refuse_centuries_unknown(identities: pl.Series) -> None:
    if identities.str.starts_with(_UNKNOWN).any():
        raise UsageError(
            Problem(
                "numbers of ten digits", "the day on which they were written, which tells their century", "give as_of"
            )
        )


def _century(born: pl.Expr, plus: pl.Expr, as_of: date | None) -> pl.Expr:
    """Find the century of a six-digit birth date: the latest that is not after `as_of`.

    The plus sign is written all through the year in which somebody turns a hundred, before the birthday too: with it,
    the century is the one before the latest whose year is not after that of `as_of`.
    """
    if as_of is None:
        return pl.lit(_UNKNOWN)
    day = born.str.tail(2).cast(pl.Int32) % 60  # co-ordination numbers carry the day plus 60
    month_day = born.str.slice(2, 2).cast(pl.Int32) * 100 + day
    year = as_of.year // 100 * 100 + born.str.head(2).cast(pl.Int32)
    later = year > as_of.year
    future = later | ((year == as_of.year) & (month_day > as_of.month * 100 + as_of.day))
    earlier = pl.when(plus.fill_null(value=False)).then(later.cast(pl.Int32) + 1).otherwise(future.cast(pl.Int32))
    return (year // 100 - earlier).cast(pl.String)


def _rewritten(each: _Delivery, staging: Staging, numbers: pl.DataFrame, written: _Writing) -> tuple[int, int]:
    """Write one file's result and count its rows and those left out."""
    path = staging.result / each.target
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = left_out = 0
    with tempfile.TemporaryDirectory(dir=staging.scratch) as folder:
        for part, (frame, faulty) in enumerate(_frames(each.path)):
            _replaced(frame, each.columns, numbers, written).write_parquet(Path(folder) / f"{part:06d}.parquet")
            rows, left_out = rows + frame.height, left_out + faulty
        pl.scan_parquet(sorted(Path(folder).iterdir())).sink_parquet(path)
    return rows, left_out


def _replaced(
    frame: pl.DataFrame, columns: Mapping[str, str], numbers: pl.DataFrame, written: _Writing
) -> pl.DataFrame:
    own = numbers.select(IDENTITY, NUMBER)
    for name in columns:
        keyed = frame.with_columns(_canonical(frame, name, written).alias(IDENTITY))
        joined = keyed.join(own.rename({NUMBER: f"{NUMBER} "}), on=IDENTITY, how="left", maintain_order="left")
        frame = joined.with_columns(pl.col(f"{NUMBER} ").alias(name)).drop(IDENTITY, f"{NUMBER} ")
    return frame.rename(dict(columns))
