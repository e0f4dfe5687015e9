"""What is wrong inside the tables: contradictions about persons and areas, and event rows that are rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from riskstrat.errors import ContractError, Problem, few, indistinguishable, number_of
from riskstrat.registers.contract import PERSON, WORDING, first_broken
from riskstrat.registers.source import Source, unreadable

REJECTED_SCHEMA = {"table": pl.String(), "rule": pl.String(), "rows": pl.Int64()}
GROUPS = {
    "persons": ("birth_region",),
    "residences": ("area_id", "care_centre_id"),
    "areas": ("area_id", "parent_id", "municipality"),
}
"""Columns by which groups are told apart."""
NO_PERSON, BEFORE_BIRTH = "person is not in persons", "before birth"


def contradictions(sources: Mapping[str, Source], reported: Sequence[Problem] = ()) -> tuple[Problem, ...]:
    """List the contradictions within and between persons, residences and areas, but those `reported` already."""
    columns = {problem.location for problem in reported}
    tables: dict[str, pl.DataFrame] = {}
    problems: list[Problem] = []
    for name, key in (("persons", PERSON), ("residences", PERSON), ("areas", "area_id")):
        try:
            usable = name in sources and f"{name}.{key}" not in columns
            tables |= {name: _collected(name, sources[name], sources[name].scan())} if usable else {}
        except ContractError as error:
            problems += error.problems
    for name, rows in tables.items():
        problems += _broken_rules(name, rows.sort("person_id", "start_date") if name == "residences" else rows)
    own = (problem for problem in problems if problem.location not in columns)
    return (*own, *_people(tables), *_unknown_keys(tables), *_indistinguishable(tables))


def rejected_rows(sources: Mapping[str, Source], births: pl.DataFrame) -> pl.DataFrame:
    """Count the event rows that `Registers.scan` leaves out, one pass a table: table, rule, rows.

    Each rejected row counts under the first rule that it breaks; tables without any are absent.
    """
    counted = [_rejected_of(table, source, births) for table, source in sources.items() if source.broken]
    return pl.concat([pl.DataFrame(schema=REJECTED_SCHEMA), *counted]).sort("table", "rule")


def rejections(source: Source) -> dict[str, pl.Expr]:
    """Say when an event row, beside the birth of its person, is left out: under the first rule that it breaks."""
    born = pl.col("birth_date")
    return {**source.broken, NO_PERSON: born.is_null(), BEFORE_BIRTH: pl.col("date") < born}


def _rejected_of(table: str, source: Source, births: pl.DataFrame) -> pl.DataFrame:
    beside = source.scan().join(births.lazy(), on="person_id", how="left")
    rows = beside.select(rule=first_broken(rejections(source))).drop_nulls()
    counted = rows.group_by("rule").agg(rows=pl.len().cast(pl.Int64))
    return _collected(table, source, counted.select(pl.lit(table).alias("table"), "rule", "rows"))


def _collected(table: str, source: Source, rows: pl.LazyFrame) -> pl.DataFrame:
    try:
        return rows.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ContractError(unreadable(table, source.store.name)) from error


def _broken_rules(table: str, rows: pl.DataFrame) -> Iterator[Problem]:
    from riskstrat.registers.schemas import schema_of  # as in `contract.columns_of`

    failures = schema_of(table).filter(rows.lazy()).failure
    for broken, count in sorted(failures.counts().items()):
        column, _, rule = broken.rpartition("|")
        yield _worded(table, rule, count, column or None)


def _people(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    if "persons" not in tables:
        return
    numbers = tables["persons"]["person_id"]
    if not len(numbers):
        yield Problem("no row", "at least one person", "look at where its rows were lost", table="persons")
    if numbers.n_unique() < len(numbers):
        yield _worded("persons", "primary_key", int(numbers.is_duplicated().sum()))


def _worded(table: str, rule: str, count: int, column: str | None = None) -> Problem:
    found, expected, remedy = WORDING[rule]
    return Problem(found.format(rows=few(count)), expected, remedy, table=table, column=column)


def _unknown_keys(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Say of which persons or areas there are spells without a row of theirs."""
    remedies = {
        "persons": (PERSON, "of people who", "add the people, or leave the spells out"),
        "areas": ("area_id", "in {} that", "add the areas, or write null where the area is not known"),
    }
    for table, (key, what, remedy) in remedies.items():
        if not {table, "residences"} <= tables.keys():
            continue
        unknown = tables["residences"].drop_nulls(key).join(tables[table], on=key, how="anti")
        if unknown.height:
            where = what.format(number_of(unknown[key].n_unique(), "area"))
            found = f"{few(unknown.height)} spells {where} are not in {table}"
            yield Problem(found, f"a row in {table} for each", remedy, table="residences", column=key)


def _indistinguishable(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Say where groups have names that nobody who reads of them can tell apart."""
    for table, columns in GROUPS.items():
        for column in columns if table in tables else ():
            if alike := indistinguishable(tables[table][column].drop_nulls().unique()):
                found = f"{number_of(len(alike), 'name that looks', 'names that look')} like another, or like nothing"
                remedy = "leave out blanks around names and marks that nobody sees; write null where none is known"
                yield Problem(found, "names that differ to the eye", remedy, table=table, column=column)
