"""The account of an intake, put together from the counts of all batches and from what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from riskstrat.intake.conversion import REJECTED_FOLDER
from riskstrat.intake.raw_extracts.account import RowCounts
from riskstrat.intake.raw_extracts.delivery import DeliveredFile, Delivery
from riskstrat.intake.raw_extracts.parsing import RULE
from riskstrat.intake.raw_extracts.persons import REUSED
from riskstrat.intake.raw_extracts.tables import PERSONS
from riskstrat.records.intake_account import IntakeAccount
from riskstrat.registers.checks import NO_PERSON
from riskstrat.registers.contract import PERSON, is_event_table
from riskstrat.registers.manifest import Manifest
from riskstrat.registers.opened import Registers

NO_TABLE = "(no table, not read)"
HOLE_SHARE = 0.2
"""A year within the coverage with fewer rows than this share of the usual year is called a hole."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntakeResult:
    """What an intake made.

    Attributes
    ----------
    registers
        The register folder, opened.
    account
        What became of every row, exact; what may be shown of it lies in ``intake.html`` and ``intake.json``.
    folder
        Where the registers are.
    """

    registers: Registers
    account: IntakeAccount = field(repr=False)
    folder: Path


def intake_account(counted: RowCounts, delivery: Delivery, manifest: Manifest, folder: Path) -> IntakeAccount:
    """Put the account together from the sum of all counts, the files, and what was written."""
    spans = [(name, entry.coverage_start, entry.coverage_end) for name, entry in manifest.tables.items()]
    schema = {"table": pl.String, "coverage_start": pl.Date, "coverage_end": pl.Date}
    return IntakeAccount(
        name=manifest.name,
        data_end=manifest.data_end,
        files=_files(delivery),
        counts=counted.counts,
        coverage=pl.DataFrame(spans, schema=schema, orient="row"),
        years=_years(counted, manifest),
        cells=counted.cells,
        links=_links(manifest, folder),
        codes=counted.codes,
        definitions=counted.series,
    )


def _files(delivery: Delivery) -> pl.DataFrame:
    rows = [
        (each.file, each.dataset, each.sheet.format, ", ".join(_unverified(each)), ", ".join(each.unused))
        for each in delivery.files
    ]
    rows += [(file, NO_TABLE, "", "", "") for file in delivery.without_tables]
    schema = dict.fromkeys(("file", "dataset", "format", "unverified", "unused"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _unverified(file: DeliveredFile) -> Iterator[str]:
    """Name the columns found whose spellings are declared from memory."""
    return (name for name, found in file.columns.items() if found and file.declared.columns[name].status == "memory")


def _years(counted: RowCounts, manifest: Manifest) -> pl.DataFrame:
    rows = counted.years.group_by("table", "year").agg(pl.col("rows").sum())
    whole = (
        pl.concat([_grid(manifest), rows.select("table", "year")]).unique().join(rows, on=["table", "year"], how="left")
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


def _links(manifest: Manifest, folder: Path) -> pl.DataFrame:
    """Say how many persons of each table persons knows, and how many of persons have a row in it."""
    persons = pl.scan_parquet(folder / f"{PERSONS}.parquet")
    about = [table for table in manifest.tables if table == "residences" or is_event_table(table)]
    rows = [_link(table, folder) for table in about]
    rows += [_parents(persons, parent) for parent in ("mother_id", "father_id")]
    return pl.DataFrame(rows, schema={"link": pl.String, "persons": pl.Int64, "linked": pl.Int64}, orient="row")


def _link(table: str, folder: Path) -> tuple[str, int, int]:
    linked = _different(pl.scan_parquet(folder / f"{table}.parquet"))
    path = folder / REJECTED_FOLDER / f"{table}.parquet"
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
