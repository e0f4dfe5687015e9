"""Data of another standard on their way into a register folder: every row is kept, or refused under a named rule.

In: lazy rows of the source with the contract's columns beside them. Out: the folder, its refused rows, and an account
of every row that was read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl
import polars.selectors as cs

from riskstrat.errors import ContractError, Problem
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.validation import ACCOUNT, READ, RULE, SOURCE, entries
from riskstrat.registers.contract import columns_of
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest
from riskstrat.registers.workshop import workshop
from riskstrat.registers.writing import write_registers

REFUSED_FOLDER = "refused"
WITHOUT_POINT = frozenset(system for system in CLASSIFICATIONS if system.startswith("icd"))
"""Code systems whose codes are kept without their point."""

ROWS_AT_A_TIME = 5_000_000
_ROWS_PER_GROUP = 500_000
_ORDER = ("person_id", "date", "code", "value")


PersonRange = tuple[int, int]
LOWEST, HIGHEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrival:
    """Rows of one table of the source, each with what it becomes.

    Attributes
    ----------
    place
        What the source calls the table.
    table
        The table of the contract that they go to.
    source
        Its rows, to be counted.
    rows
        Gives those of the people from first to last (see `within`): `SOURCE` (the row as it was, a struct), columns of
        the contract, and `RULE`: null, or why it is refused.
    """

    place: str
    table: str
    source: pl.LazyFrame
    rows: Callable[[PersonRange], pl.LazyFrame]

    def kept(self, people: PersonRange) -> pl.LazyFrame:
        """Return the rows that go into the register folder, in the contract's columns, and their place."""
        rows = self.rows(people)
        there = rows.collect_schema().names()
        wanted = [column.name for column in columns_of(self.table) if column.name in there]
        return rows.filter(pl.col(RULE).is_null()).select(*wanted, pl.lit(self.place).alias(SOURCE))

    def refused(self, people: PersonRange) -> pl.LazyFrame:
        """Return the others as they were, with the rule."""
        broken = self.rows(people).filter(pl.col(RULE).is_not_null())
        return broken.select(pl.col(RULE).alias("rule"), SOURCE).unnest(SOURCE)


def within(person: pl.Expr, people: PersonRange) -> pl.Expr:
    """Whether a row is of these people, both included; rows of nobody go with the first of them."""
    inside = person.is_between(*people)
    return inside | person.is_null() if people[0] == LOWEST else inside


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
    with workshop(out) as work:
        fresh = write_registers(work / "new", tables, manifest)
        (fresh / REFUSED_FOLDER).mkdir()
        for place, rows in refused.items():
            if rows.height:
                rows.write_parquet(fresh / REFUSED_FOLDER / f"{place}.parquet")
        ids = tables["persons"]["person_id"]
        accounts = [
            _written(fresh, fresh / manifest.file_of(table), [each for each in arrivals if each.table == table], ids)
            for table in dict.fromkeys(each.table for each in arrivals)
        ]
    return pl.concat([pl.DataFrame(schema=ACCOUNT), *accounts])


def refuse_identities_in(rows: pl.LazyFrame, place: str) -> None:
    """Stop if any column, other than identifiers of things that are not persons, holds personal identity numbers.

    Columns whose names end in ``_id`` hold concepts, visits and places: a handful of different numbers, among which one
    is easily right by chance.

    Raises
    ------
    ContractError
        As `identity.refuse_identities`, or if the source cannot be read.
    """
    keys = [name for name in ("person_id", "subject_id") if name in rows.collect_schema()]
    try:
        refuse_identities(rows.select((~cs.ends_with("_id") | cs.by_name(keys)).as_expr()), place)
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


def _written(fresh: Path, path: Path, arrivals: Sequence[Arrival], ids: pl.Series) -> pl.DataFrame:
    """Write a table's rows, sorted, and those that were refused; count them in what was written."""
    read = {each.place: int(read_now(each.source.select(pl.len()), each.place).item()) for each in arrivals}
    ranges = list(_ranges(ids, sum(read.values())))
    with tempfile.TemporaryDirectory(dir=fresh) as scratch:
        parts = Path(scratch)
        counts = [_part(parts / f"kept.{number:06d}", people, arrivals) for number, people in enumerate(ranges)]
        _joined(parts.glob("kept.*"), path)
        kept = dict(pl.concat(counts).group_by(SOURCE).agg(pl.col("rows").sum()).iter_rows())
        refused = {
            each.place: _set_aside(each, ranges, parts, fresh / REFUSED_FOLDER)
            for each in arrivals
            if kept.get(each.place, 0) != read[each.place]
        }
    none = pl.Series([], dtype=pl.String)
    accounts = [entries(place, read[place], kept.get(place, 0), refused.get(place, none)) for place in read]
    _refuse_lost_rows(pl.concat(accounts))
    return pl.concat(accounts)


def _part(path: Path, people: PersonRange, arrivals: Sequence[Arrival]) -> pl.DataFrame:
    """Write the kept rows of a range of people, and count them by place."""
    rows = pl.concat([each.kept(people) for each in arrivals], how="diagonal")
    kept = read_now(rows, arrivals[0].table).sort(_ORDER, maintain_order=True)
    kept.drop(SOURCE).write_parquet(path, compression="zstd")
    return kept.group_by(SOURCE).agg(rows=pl.len())


def _set_aside(arrival: Arrival, ranges: Sequence[PersonRange], parts: Path, folder: Path) -> pl.Series:
    """Put a table's refused rows into one file, and give their rules."""
    paths = [parts / f"{arrival.place}.refused.{number:06d}" for number in range(len(ranges))]
    for path, people in zip(paths, ranges, strict=True):
        _sunk(arrival.refused(people), path, arrival.place)
    target = folder / f"{arrival.place}.parquet"
    _joined(paths, target)
    return pl.read_parquet(target, columns=["rule"], glob=False)["rule"]


def _refuse_lost_rows(account: pl.DataFrame) -> None:
    """Refuse to end with rows that are nowhere: the source was written to in the meantime."""
    ended = account.filter(pl.col("outcome") != READ).group_by("place").agg(ended=pl.col("rows").sum())
    both = account.filter(outcome=READ).join(ended, on="place", how="left").with_columns(pl.col("ended").fill_null(0))
    lost = both.filter(pl.col("rows") != pl.col("ended"))
    if lost.height:
        raise ContractError(
            *(
                Problem(
                    table=place,
                    found=f"{read} rows at first and {ended} at the end",
                    expected="a source that does not change while it is read",
                    remedy="read it again when nobody writes to it, or from a copy",
                )
                for place, read, ended in lost.select("place", "rows", "ended").iter_rows()
            )
        )


def _sunk(rows: pl.LazyFrame, path: Path, place: str) -> None:
    try:
        rows.sink_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise ContractError(_unreadable(place)) from None


def _joined(parts: Iterable[Path], path: Path) -> None:
    rows = pl.scan_parquet(sorted(parts), glob=False)
    rows.sink_parquet(path, compression="zstd", row_group_size=_ROWS_PER_GROUP)


def _ranges(ids: pl.Series, rows: int) -> Iterator[PersonRange]:
    """Cut the people into ranges that have some millions of rows together; both ends included."""
    cuts = max(-(-rows // ROWS_AT_A_TIME), 1)
    ordered = ids.unique().sort()
    bounds = [int(ordered[place * ordered.len() // cuts]) for place in range(1, cuts)] if ordered.len() else []
    edges = [LOWEST, *dict.fromkeys(bounds), HIGHEST + 1]
    yield from ((low, high - 1) for low, high in pairwise(edges))


def _unreadable(place: str) -> Problem:
    return Problem(
        table=place,
        found="rows that cannot be read",
        expected="a whole file, or a table that may be read",
        remedy="export it again; it may have been cut off, or be written otherwise than its ending says",
    )
