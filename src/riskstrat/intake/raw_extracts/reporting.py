"""What intake did, as tables of counts that `release` can judge: files, rows, rules, years, empty cells, links, codes.

In: the account of all rows and what was written. Out: an `IntakeReport`; counts are of rows, links of persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.disclosure import Disclosure, Released, Table, release
from riskstrat.intake.raw_extracts.account import EMPTIED, KEPT, MADE, MENDED, MERGED, READ, REFUSED, Account
from riskstrat.intake.raw_extracts.delivery import Delivered, Delivery
from riskstrat.intake.raw_extracts.parsing import RULE
from riskstrat.intake.raw_extracts.persons import REUSED
from riskstrat.intake.raw_extracts.pieces import REFUSED_FOLDER
from riskstrat.intake.raw_extracts.tables import PERSONS
from riskstrat.registers.checks import NO_PERSON
from riskstrat.registers.contract import PERSON, is_event_table
from riskstrat.registers.manifest import Manifest
from riskstrat.registers.opened import Registers

RARE_CODE, NO_TABLE = "(rarer)", "(no table, passed over)"
HOLE_SHARE = 0.2
"""A year within the coverage with fewer rows than this share of the usual year is called a hole."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntakeReport:
    """The account of an intake, as tables whose columns have roles.

    Attributes
    ----------
    name
        What the registers are called.
    last_day
        The last day that can have been seen.
    tables
        ``files``, ``inputs`` (read = kept + refused), ``made`` (made = kept + refused + merged), ``rules``, ``years``,
        ``missing``, ``links``, ``codes``, ``breaks``.
    """

    name: str
    last_day: date
    tables: Mapping[str, Table]

    def released(self, disclosure: Disclosure | None = None) -> dict[str, Released]:
        """Release all tables together."""
        return release(self.tables, disclosure)


@dataclass(frozen=True, kw_only=True, eq=False)
class Intake:
    """What intake made.

    Attributes
    ----------
    registers
        The register folder, opened.
    account
        What became of every row, exact and therefore not for others.
    report
        The same as tables that `release` can judge; released they lie in ``intake.html`` and ``intake.json``.
    folder
        Where the registers are.
    """

    registers: Registers
    account: Account
    report: IntakeReport
    folder: Path


def report_of(account: Account, delivery: Delivery, manifest: Manifest, folder: Path) -> IntakeReport:
    """Put the report together.

    Parameters
    ----------
    account
        The sum of all counts.
    delivery
        The files.
    manifest, folder
        What was written, and where.
    """
    tables = {
        "files": Table(_files(delivery), dimensions=("file",), public=("what", "written", "unverified", "unused")),
        "inputs": Table(
            _ends(account, (READ, KEPT, REFUSED), READ), dimensions=("place",), counts=(READ, KEPT, REFUSED)
        ),
        "made": _made(account, manifest),
        "rules": Table(_rules(account), dimensions=("place", "column", "rule", "outcome"), counts=("rows",)),
        "years": Table(_years(account, manifest), dimensions=("table", "year"), counts=("rows",), public=("hole",)),
        "missing": _missing(account),
        "links": _links(manifest, folder, folder / REFUSED_FOLDER),
        "codes": Table(_codes(account), dimensions=("table", "code"), counts=("rows",)),
        "breaks": Table(account.series, dimensions=("table", "code", "definition", "year"), counts=("rows",)),
    }
    return IntakeReport(name=manifest.name, last_day=manifest.data_end, tables=tables)


def _files(delivery: Delivery) -> pl.DataFrame:
    rows = [
        {
            "file": each.file,
            "what": each.place,
            "written": each.sheet.written,
            "unverified": ", ".join(_unverified(each)),
            "unused": ", ".join(each.unused),
        }
        for each in delivery.files
    ]
    rows += [
        {"file": file, "what": NO_TABLE, "written": "", "unverified": "", "unused": ""} for file in delivery.passed_over
    ]
    schema = dict.fromkeys(("file", "what", "written", "unverified", "unused"), pl.String)
    return pl.DataFrame(rows, schema=schema)


def _unverified(file: Delivered) -> list[str]:
    """Columns that were found under a name that the mapping has from memory."""
    return [name for name, column in file.declared.columns.items() if column.status == "memory" and file.columns[name]]


def _ends(account: Account, outcomes: Sequence[str], first: str) -> pl.DataFrame:
    counted = account.counts.filter(pl.col("outcome").is_in(outcomes))
    places = counted.filter(outcome=first)["place"].unique()
    sums = [pl.col("rows").filter(pl.col("outcome") == each).sum().alias(each) for each in outcomes]
    return counted.filter(pl.col("place").is_in(places.implode())).group_by("place").agg(sums).sort("place")


def _made(account: Account, manifest: Manifest) -> Table:
    spans = {name: (entry.coverage_start, entry.coverage_end) for name, entry in manifest.tables.items()}
    covered = pl.DataFrame(
        [(name, *span) for name, span in spans.items()],
        schema={"place": pl.String, "coverage_start": pl.Date, "coverage_end": pl.Date},
        orient="row",
    )
    rows = _ends(account, (MADE, KEPT, REFUSED, MERGED), MADE).join(
        covered, on="place", how="left", maintain_order="left"
    )
    return Table(
        rows.rename({"place": "table"}),
        dimensions=("table",),
        counts=(MADE, KEPT, REFUSED, MERGED),
        public=("coverage_start", "coverage_end"),
    )


def _rules(account: Account) -> pl.DataFrame:
    told = account.counts.filter(pl.col("outcome").is_in([REFUSED, MENDED, EMPTIED, MERGED]))
    return told.filter(pl.col("rows") > 0).sort("place", "outcome", "column", "rule")


def _years(account: Account, manifest: Manifest) -> pl.DataFrame:
    counted = account.years.group_by("table", "year").agg(pl.col("rows").sum())
    whole = (
        pl.concat([_grid(manifest), counted.select("table", "year")])
        .unique()
        .join(counted, on=["table", "year"], how="left")
    )
    filled = whole.with_columns(pl.col("rows").fill_null(0))
    within = filled.join(_grid(manifest).with_columns(covered=True), on=["table", "year"], how="left")
    usual = pl.col("rows").filter(pl.col("covered")).median().over("table")
    hole = (pl.col("covered") & (pl.col("rows") < HOLE_SHARE * usual)).fill_null(value=False)
    return within.select("table", "year", "rows", hole=hole).sort("table", "year")


def _grid(manifest: Manifest) -> pl.DataFrame:
    """List the years that each event table covers."""
    years = [
        (name, year)
        for name, entry in manifest.tables.items()
        if is_event_table(name) and entry.coverage_start and entry.coverage_end
        for year in range(entry.coverage_start.year, entry.coverage_end.year + 1)
    ]
    return pl.DataFrame(years, schema={"table": pl.String, "year": pl.Int32}, orient="row")


def _missing(account: Account) -> Table:
    cells = account.cells.with_columns(share=(pl.col("missing") / pl.col("rows")).round(3))
    return Table(
        cells,
        dimensions=("place", "column", "year"),
        counts=("rows", "missing"),
        derived={"share": ("rows", "missing")},
    )


def _links(manifest: Manifest, folder: Path, refused: Path) -> Table:
    """Say how many persons of each table persons knows, and how many of persons have a row in it."""
    persons = pl.scan_parquet(folder / f"{PERSONS}.parquet")
    rows = [_link(table, folder, refused) for table in manifest.tables if _is_about_persons(table)]
    rows += [_parents(persons, parent) for parent in ("mother_id", "father_id")]
    found = pl.DataFrame(rows, schema={"link": pl.String, "persons": pl.Int64, "linked": pl.Int64}, orient="row")
    shares = found.with_columns(share=(pl.col("linked") / pl.col("persons")).round(3).fill_nan(None))
    return Table(shares, dimensions=("link",), counts=("persons", "linked"), derived={"share": ("persons", "linked")})


def _is_about_persons(table: str) -> bool:
    return table == "residences" or (is_event_table(table) and table != "geometry")


def _link(table: str, folder: Path, refused: Path) -> tuple[str, int, int]:
    linked = _different(pl.scan_parquet(folder / f"{table}.parquet"))
    path = refused / f"{table}.parquet"
    if not path.is_file():
        return f"{table} to persons", linked, linked
    lost = _different(pl.scan_parquet(path).filter(pl.col(RULE).is_in([NO_PERSON, REUSED])))
    return f"{table} to persons", linked + lost, linked


def _parents(persons: pl.LazyFrame, parent: str) -> tuple[str, int, int]:
    known = persons.select(PERSON).with_columns(here=True)
    children = persons.select(parent).drop_nulls().unique().join(known, left_on=parent, right_on=PERSON, how="left")
    named, here = children.select(pl.len(), pl.col("here").count()).collect().row(0)
    return f"persons.{parent} to persons", named, here


def _different(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.col(PERSON).n_unique()).collect().item())


def _codes(account: Account) -> pl.DataFrame:
    """Codes without a known shape; one that few rows have is not spelled out."""
    rare = pl.when(pl.col("rows") < Disclosure().min_count).then(pl.lit(RARE_CODE)).otherwise("code")
    return (
        account.codes.group_by("table", rare.alias("code"))
        .agg(pl.col("rows").sum())
        .sort("table", "rows", descending=[False, True])
    )
