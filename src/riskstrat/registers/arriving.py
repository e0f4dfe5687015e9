"""Data of another standard on their way into a register folder: every row is kept, or refused under a named rule.

In: lazy rows of the source with the contract's columns beside them. Out: the folder, its refused rows, and an account
of every row that was read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl
import polars.selectors as cs

from riskstrat.errors import ContractError, Problem
from riskstrat.registers.contract import columns_of
from riskstrat.registers.identity import refuse_identities
from riskstrat.registers.judged import ACCOUNT, RULE, SOURCE, entries
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest
from riskstrat.registers.writing import write_registers

REFUSED_FOLDER = "refused"
WITHOUT_POINT = frozenset(system for system in CLASSIFICATIONS if system.startswith("icd"))
"""Code systems whose codes are kept without their point."""

ROWS_AT_A_TIME = 5_000_000
_ROWS_PER_GROUP = 500_000
_ORDER = ("person_id", "date", "code", "value")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Rows of one table of the source, each with what it becomes.

    Attributes
    ----------
    place
        What the source calls the table.
    table
        The table of the contract that they go to.
    rows
        `SOURCE` (the row as it was, a struct), columns of the contract, and `RULE`: null, or why it is refused.
    """

    place: str
    table: str
    rows: pl.LazyFrame

    def kept(self) -> pl.LazyFrame:
        """Return the rows that go into the register folder, in the contract's columns."""
        there = self.rows.collect_schema().names()
        wanted = [column.name for column in columns_of(self.table) if column.name in there]
        return self.rows.filter(pl.col(RULE).is_null()).select(wanted)

    def refused(self) -> pl.LazyFrame:
        """Return the others as they were, with the rule."""
        return self.rows.filter(pl.col(RULE).is_not_null()).select(pl.col(RULE).alias("rule"), SOURCE).unnest(SOURCE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrived:
    """A register folder made from data of another standard, and where every row went.

    Attributes
    ----------
    folder
        The register folder; rows that were refused lie in its ``refused``, a file a table of the source.
    account
        place (table of the source), outcome (read, kept, refused, merged), rule, rows: read = kept + refused + merged.
    ignored
        Tables of the source that were not read.
    """

    folder: Path
    account: pl.DataFrame
    ignored: tuple[str, ...]

    def rows(self, place: str, outcome: str) -> int:
        """Count the rows of a table of the source that ended so."""
        return int(self.account.filter(place=place, outcome=outcome)["rows"].sum())


def write_arrivals(
    out: Path,
    tables: Mapping[str, pl.DataFrame],
    arrivals: Sequence[Arrival],
    refused: Mapping[str, pl.DataFrame],
    manifest: Manifest,
) -> pl.DataFrame:
    """Write a register folder, whole or not at all, a range of persons at a time.

    Parameters
    ----------
    out
        The folder; what is there is replaced.
    tables
        Persons, residences, areas, which are small.
    arrivals
        Event rows, which may be larger than memory.
    refused
        Refused rows of the small tables by place, with `rule`.
    manifest
        As for `write_registers`.

    Returns
    -------
    polars.DataFrame
        The account of the arrivals; kept and refused are counted in the files that were written.
    """
    with _replacing(out) as fresh:
        write_registers(fresh, tables, manifest)
        (fresh / REFUSED_FOLDER).mkdir()
        people = tables["persons"]["person_id"]
        kept = [_kept(fresh, manifest, table, arrivals, people) for table in _tables(arrivals)]
        accounts = [_account(fresh, each, pl.concat(kept)) for each in arrivals]
        for place, rows in refused.items():
            if rows.height:
                rows.write_parquet(fresh / REFUSED_FOLDER / f"{place}.parquet")
    return pl.concat([pl.DataFrame(schema=ACCOUNT), *accounts])


def refuse_identities_in(rows: pl.LazyFrame, place: str) -> None:
    """Stop if a column of texts, or the key, holds personal identity numbers; other numbers are concepts and values.

    Raises
    ------
    ContractError
        As `identity.refuse_identities`, or if the source cannot be read.
    """
    keys = [name for name in ("person_id", "subject_id") if name in rows.collect_schema()]
    try:
        refuse_identities(rows.select((cs.string() | cs.by_name(keys)).as_expr()), place)
    except (pl.exceptions.PolarsError, OSError):
        raise ContractError(_unreadable(place)) from None


def read_now(rows: pl.LazyFrame, place: str) -> pl.DataFrame:
    """Collect rows.

    Raises
    ------
    ContractError
        If the source cannot be read; what the reader complains of may hold values, so it is not passed on.
    """
    try:
        return rows.collect()
    except (pl.exceptions.PolarsError, OSError):
        raise ContractError(_unreadable(place)) from None


def _tables(arrivals: Iterable[Arrival]) -> list[str]:
    return list(dict.fromkeys(each.table for each in arrivals))


def _kept(fresh: Path, manifest: Manifest, table: str, arrivals: Sequence[Arrival], people: pl.Series) -> pl.DataFrame:
    """Write a table's kept rows, sorted, and count them by place."""
    mine = [each for each in arrivals if each.table == table]
    rows = pl.concat([each.kept().with_columns(pl.lit(each.place).alias(SOURCE)) for each in mine], how="diagonal")
    height = sum(int(read_now(each.rows.select(pl.len()), each.place).item()) for each in mine)
    counts = []
    with tempfile.TemporaryDirectory(dir=fresh) as parts:
        for part, (low, high) in enumerate(_ranges(people, height)):
            within = read_now(rows.filter(pl.col("person_id").is_between(low, high)), table)
            counts.append(within.group_by(place=SOURCE).agg(rows=pl.len().cast(pl.Int64)))
            ordered = within.drop(SOURCE).sort(_ORDER, maintain_order=True)
            ordered.write_parquet(Path(parts) / f"{part:06d}.parquet", compression="zstd")
        pl.scan_parquet(sorted(Path(parts).iterdir())).sink_parquet(
            fresh / manifest.file_of(table), compression="zstd", row_group_size=_ROWS_PER_GROUP
        )
    return pl.concat(counts)


def _ranges(people: pl.Series, rows: int) -> Iterator[tuple[int, int]]:
    """Cut the persons into ranges that have some millions of rows together; both ends included."""
    cuts = -(-rows // ROWS_AT_A_TIME)
    ordered = people.unique().sort()
    bounds = [int(ordered[place * ordered.len() // cuts]) for place in range(1, cuts)] if ordered.len() else []
    edges = [-(2**63), *dict.fromkeys(bounds), 2**63 - 1]
    yield from ((low, high - 1) for low, high in pairwise(edges))


def _account(fresh: Path, arrival: Arrival, kept: pl.DataFrame) -> pl.DataFrame:
    """Write a table's refused rows aside, and count what was written against what was read."""
    path = fresh / REFUSED_FOLDER / f"{arrival.place}.parquet"
    _written(arrival.refused(), path, arrival.place)
    rules = pl.read_parquet(path, columns=["rule"])["rule"]
    if rules.is_empty():
        path.unlink()
    read = int(read_now(arrival.rows.select(pl.len()), arrival.place).item())
    return entries(arrival.place, read, int(kept.filter(place=arrival.place)["rows"].sum()), rules)


def _written(rows: pl.LazyFrame, path: Path, place: str) -> None:
    try:
        rows.sink_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise ContractError(_unreadable(place)) from None


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """Give a folder beside `out` that takes its place if all goes well."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as workshop:
        fresh, old = Path(workshop) / "new", Path(workshop) / "old"
        yield fresh
        if out.exists():
            shutil.move(out, old)
        fresh.rename(out)


def _unreadable(place: str) -> Problem:
    return Problem(
        table=place,
        found="rows that cannot be read",
        expected="a whole file, or a table that may be read",
        remedy="export it again; it may have been cut off, or be written otherwise than its ending says",
    )
