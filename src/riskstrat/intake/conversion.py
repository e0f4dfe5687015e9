"""Data of another standard on their way into a register folder: every row is kept, or rejected under a named rule."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import polars.selectors as cs

from riskstrat.errors import ContractError, Problem, UsageError, unknown
from riskstrat.files import Source, staged_folder
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.losses import refuse_losses
from riskstrat.intake.numbers import refuse_text_keys
from riskstrat.intake.validation import MOVED, RULE, SOURCE, entries, rejected_rows
from riskstrat.records.intake_account import CONVERSION_COUNTS, ConversionAccount
from riskstrat.registers.contract import types_of
from riskstrat.registers.days import STOCKHOLM, unknown_zone
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest
from riskstrat.registers.source import LOWEST, PersonRange, equal_ranges
from riskstrat.registers.writing import ROWS_PER_GROUP, write_tables

REJECTED_FOLDER = "rejected"
WITHOUT_POINT = frozenset(system for system in CLASSIFICATIONS if system.startswith("icd"))
"""Code systems whose codes are kept without their point."""

ROWS_AT_A_TIME = 5_000_000
_ORDER = ("person_id", "date", "code", "value")


@dataclass(frozen=True, kw_only=True, eq=False)
class TableConversion:
    """Rows of one table of the source, each with what it becomes."""

    dataset: str
    """What the source calls the table."""
    table: str
    """The table of the contract that they go to."""
    source: pl.LazyFrame
    """Its rows, to be counted."""
    rows: Callable[[PersonRange], pl.LazyFrame]
    """Gives those of the people from first to last (see `within`): `SOURCE` (the row as it was, a struct), columns of
    the contract, and `RULE`: null, or why it is rejected."""

    def kept(self, people: PersonRange) -> pl.LazyFrame:
        """Return the rows that go into the register folder, in the contract's columns, and their dataset."""
        rows = self.rows(people)
        there = rows.collect_schema().names()
        wanted = [name for name in types_of(self.table) if name in there]
        return rows.filter(pl.col(RULE).is_null()).select(*wanted, MOVED, pl.lit(self.dataset).alias(SOURCE))


def within(person: pl.Expr, people: PersonRange) -> pl.Expr:
    """Whether a row is of these people, both included; rows of nobody go with the first of them."""
    inside = person.is_between(*people)
    return inside | person.is_null() if people[0] == LOWEST else inside


@dataclass(frozen=True, kw_only=True, eq=False)
class ConversionResult:
    """A register folder made from data of another standard, and where every row went.

    Attributes
    ----------
    folder
        The register folder; rows that were rejected lie in its ``rejected``, a file a table of the source.
    account
        How many rows of each table of the source were read, kept, rejected by which rule, and merged; exact.
    """

    folder: Path
    account: ConversionAccount


def write_conversions(
    out: Path,
    tables: Mapping[str, pl.DataFrame],
    conversions: Sequence[TableConversion],
    rejected: Mapping[str, pl.DataFrame],
    manifest: Manifest,
    *,
    counted: Sequence[pl.DataFrame],
    max_rejected_share: float,
    command: str,
    sources: Iterable[Source],
    ignored: tuple[str, ...] = (),
) -> ConversionResult:
    """Write a register folder, whole or not at all, a range of persons at a time.

    `tables` are small, `conversions` may be larger than memory, `rejected` holds rejected rows of the small tables by
    dataset, with `rule`, and `counted` the accounts of these; kept and rejected are counted in the files that were
    written. A source that changes meanwhile, or loses too much
    (see `refuse_losses`), is a `ContractError`.
    """
    with staged_folder(out, command=command, sources=sources) as staging:
        fresh = staging.result
        write_tables(fresh, tables, manifest)
        (fresh / REJECTED_FOLDER).mkdir(mode=0o700)
        for dataset, rows in rejected.items():
            if rows.height:
                rows.write_parquet(fresh / REJECTED_FOLDER / f"{dataset}.parquet")
        ids = tables["persons"]["person_id"]
        counts = [
            _write_events(
                fresh,
                fresh / manifest.file_of(table),
                [each for each in conversions if each.table == table],
                ids,
                staging.scratch,
            )
            for table in dict.fromkeys(each.table for each in conversions)
        ]
        account = pl.concat([pl.DataFrame(schema=CONVERSION_COUNTS), *counted, *counts])
        refuse_losses(account, tables["persons"].height, max_rejected_share)
    return ConversionResult(folder=out, account=ConversionAccount(counts=account, ignored=ignored))


def refuse_unknown(*named: tuple[str, str, Iterable[str]], time_zone: str = STOCKHOLM) -> None:
    """Refuse options that name nothing: what each is, what was given and what there is."""
    problems = [unknown(what, given, there) for what, given, there in named if given not in tuple(there)]
    if zone := unknown_zone(time_zone):
        problems.append(zone)
    UsageError.refuse(problems)


@contextmanager
def readable(problem: Problem) -> Iterator[None]:
    """Tell of rows that cannot be read by a problem; what the reader complains of may hold values."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError):
        raise ContractError(problem) from None


def refuse_identities_in(rows: pl.LazyFrame, dataset: str, reserve_numbers: Sequence[str]) -> None:
    """Stop if any column, other than identifiers of things that are not persons, holds personal identity numbers.

    Columns whose names end in ``_id`` hold concepts, visits and locations: a handful of different numbers, of which one
    is easily right by chance.
    """
    keys = [name for name in ("person_id", "subject_id") if name in rows.collect_schema()]
    with readable(_unreadable(dataset)):
        refuse_identities(rows.select((~cs.ends_with("_id") | cs.by_name(keys)).as_expr()), dataset, reserve_numbers)
        refuse_text_keys(rows, tuple(keys), dataset)


def read_now(rows: pl.LazyFrame, dataset: str) -> pl.DataFrame:
    """Collect rows."""
    with readable(_unreadable(dataset)):
        return rows.collect()


def _write_events(
    fresh: Path, path: Path, conversions: Sequence[TableConversion], ids: pl.Series, scratch: Path
) -> pl.DataFrame:
    """Write a table's rows, sorted, and those that were rejected; count them in what was written."""
    read = {each.dataset: int(read_now(each.source.select(pl.len()), each.dataset).item()) for each in conversions}
    ranges = equal_ranges(ids.unique().sort(), sum(read.values()), ROWS_AT_A_TIME)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        parts = Path(folder)
        counts = [_part(parts / f"kept.{number:06d}", people, conversions) for number, people in enumerate(ranges)]
        _joined(parts.glob("kept.*"), path)
        summed = pl.concat(counts).group_by(SOURCE).agg(pl.col("rows", MOVED).sum())
        kept = dict(summed.select(SOURCE, "rows").iter_rows())
        moved = dict(summed.select(SOURCE, MOVED).iter_rows())
        rejected = {
            each.dataset: _write_rejected(each, ranges, parts, fresh / REJECTED_FOLDER)
            for each in conversions
            if kept.get(each.dataset, 0) != read[each.dataset]
        }
    none = pl.Series([], dtype=pl.String)
    accounts = [
        entries(dataset, rows, kept.get(dataset, 0), rejected.get(dataset, none), moved=moved.get(dataset, 0))
        for dataset, rows in read.items()
    ]
    return pl.concat(accounts)


def _part(path: Path, people: PersonRange, conversions: Sequence[TableConversion]) -> pl.DataFrame:
    """Write the kept rows of a range of people, and count them by dataset."""
    rows = pl.concat([each.kept(people) for each in conversions], how="diagonal")
    kept = read_now(rows, conversions[0].table).sort(_ORDER, maintain_order=True)
    kept.drop(SOURCE, MOVED).write_parquet(path, compression="zstd")
    return kept.group_by(SOURCE).agg(pl.col(MOVED).sum(), rows=pl.len())


def _write_rejected(conversion: TableConversion, ranges: Sequence[PersonRange], parts: Path, folder: Path) -> pl.Series:
    """Put a table's rejected rows into one file, and give their rules."""
    paths = [parts / f"{conversion.dataset}.rejected.{number:06d}" for number in range(len(ranges))]
    for path, people in zip(paths, ranges, strict=True):
        with readable(_unreadable(conversion.dataset)):
            rejected_rows(conversion.rows(people)).sink_parquet(path)
    target = folder / f"{conversion.dataset}.parquet"
    _joined(paths, target)
    return pl.read_parquet(target, columns=["rule"], glob=False)["rule"]


def _joined(parts: Iterable[Path], path: Path) -> None:
    rows = pl.scan_parquet(sorted(parts), glob=False)
    rows.sink_parquet(path, compression="zstd", row_group_size=ROWS_PER_GROUP)


def _unreadable(dataset: str) -> Problem:
    return Problem(
        "rows that cannot be read",
        "a whole file, or a table that may be read",
        "export it again; it may have been cut off, or be written otherwise than its ending says",
        table=dataset,
    )
