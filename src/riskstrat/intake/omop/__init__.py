"""The OMOP Common Data Model, 5.3 and 5.4, as a register folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.errors.arguments import checked
from riskstrat.files import guard_folder, restored
from riskstrat.intake.conversion import (
    WITHOUT_POINT,
    ConversionResult,
    TableConversion,
    read_now,
    refuse_identities_in,
    refuse_unknown,
    write_conversions,
)
from riskstrat.intake.losses import MAX_REJECTED_SHARE
from riskstrat.intake.omop.declarations import EVENT_TABLES, KNOWN_TABLES, LOCATION, SOURCE_OF_DATA
from riskstrat.intake.omop.events import ConversionContext, Prefer, Units, event_conversions, wanted_tables
from riskstrat.intake.omop.persons import ConvertedPersons, convert_persons
from riskstrat.intake.omop.reading import CdmSource, Tables, column, read_tables
from riskstrat.registers.days import STOCKHOLM
from riskstrat.registers.manifest import CODE_SYSTEMS, Manifest, TableManifest

COMMAND, AREA_COLUMN = "from-omop", "county"


@checked
def from_omop(
    source: CdmSource,
    out: str | Path,
    *,
    data_end: date | None = None,
    delay_days: int = 0,
    code_systems: Mapping[str, str] | None = None,
    prefer: Prefer = "source",
    area_column: str = AREA_COLUMN,
    time_zone: str = STOCKHOLM,
    max_rejected_share: float = MAX_REJECTED_SHARE,
    reserve_numbers: Sequence[str] = (),
) -> ConversionResult:
    """Make a register folder from data in the OMOP Common Data Model.

    Residence is observation: a person is looked at during observation periods and no other days. Conditions become
    ``diagnoses``, drugs ``prescriptions``, procedures, measurements and observations tables of their names, visits
    ``contacts``; a cause of death is a diagnosis with setting ``death``. Eras are read where occurrences are not there.

    Parameters
    ----------
    source
        A folder of Parquet or delimited text, the address of a database, or frames by table name.
    out
        The register folder to write; an earlier result of this function is replaced if all goes well.
    data_end
        The last day that can have been seen; the latest end of an observation period if left out.
    delay_days
        Days until a row is known to whoever scores, the same for all tables.
    code_systems
        Table of the contract -> code system of its codes as recorded, such as ``{"diagnoses": "icd10"}``; without it
        codes match exactly.
    prefer
        ``source``: codes as recorded, and concept ids where there are none. ``concept``: the other way around.
    area_column
        The column of ``location`` that names the area.
    time_zone
        In which a point in time that has a zone becomes a day.
    max_rejected_share
        The largest share of the rows of a table that may be rejected. Above it, where every row of one is
        rejected (unless it is 1), and where no person is left, nothing is written.
    reserve_numbers
        Patterns of regions' reserve numbers, which no column may hold; as in `identity_columns`.

    Returns
    -------
    ConversionResult
        The folder, and where every row went.

    Raises
    ------
    UsageError
        If there is no such folder, the address is not one, an option names nothing, or `out` may not be replaced.
    ContractError
        If tables or columns that are needed are missing, a table is named nearly like one that is missing, cannot be
        read, or holds personal identity numbers, or too many rows are rejected.

    Notes
    -----
    A birth of which only the year is known is dated 1 July, of which the month is known the 15th, and says so in
    ``birth_date_precision``; what happened earlier in that year or month is moved to it and counted. An end of a period
    or event from 2099-12-31 on means "still". Sexes other than 8507 and 8532 are
    rejected and counted: the contract knows two.

    Examples
    --------
    >>> import tempfile
    >>> person = pl.DataFrame({"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]})
    >>> start, end = [date(2010, 1, 1)], [date(2020, 12, 31)]
    >>> days = {"observation_period_start_date": start, "observation_period_end_date": end}
    >>> cdm = {"person": person, "observation_period": pl.DataFrame({"person_id": [1], **days})}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = from_omop(cdm, Path(folder) / "registers")
    >>> result.account.rows_of("person", "kept")
    1
    """
    locations = () if isinstance(source, Mapping) else (source,)
    guard_folder(out, command=COMMAND, sources=locations)
    systems = dict(code_systems or {})
    refuse_unknown(*(("code system", system, CODE_SYSTEMS) for system in systems.values()), time_zone=time_zone)
    for location in locations:
        restored(location)
    tables = read_tables(source, time_zone)
    refuse_unknown(*_named(tables, systems, area_column))
    wanted = wanted_tables(tables)
    unread = {each.name for each in EVENT_TABLES} - {each.name for each in wanted}
    used = [name for name in KNOWN_TABLES if name in tables and name not in unread]
    for name in used:
        refuse_identities_in(tables[name], name, reserve_numbers)
    people = convert_persons(tables, data_end, area_column)
    plain = frozenset(table for table, system in systems.items() if system in WITHOUT_POINT)
    conversions, units = event_conversions(
        ConversionContext(tables=tables, people=people, prefer=prefer, plain=plain), wanted
    )
    manifest = _manifest(_name(tables, source), conversions, people, units, delay_days=delay_days, systems=systems)
    return write_conversions(
        Path(out),
        people.tables,
        conversions,
        people.rejected,
        manifest,
        counted=[people.account],
        max_rejected_share=max_rejected_share,
        command=COMMAND,
        sources=locations,
        ignored=tuple(sorted(set(tables) - set(used))),
    )


def _named(tables: Tables, systems: Iterable[str], area_column: str) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Say what options name of the data, with what there is."""
    made = sorted({each.target for each in EVENT_TABLES})
    yield from (("table", table, made) for table in systems)
    if area_column != AREA_COLUMN:
        there = tables[LOCATION].collect_schema().names() if LOCATION in tables else ()
        yield "column of location", area_column, there


def _name(tables: Tables, source: CdmSource) -> str:
    """Take the name that the data give themselves, or that of their folder."""
    if SOURCE_OF_DATA in tables:
        rows = tables[SOURCE_OF_DATA]
        names = column(rows.collect_schema(), ("cdm_source_abbreviation", "cdm_source_name"), pl.String())
        said = read_now(rows.select(names.alias("name")).head(1), SOURCE_OF_DATA)["name"].to_list()
        if said and said[0]:
            return str(said[0])
    return "OMOP" if isinstance(source, Mapping) or "://" in str(source) else Path(source).name


def _manifest(
    name: str,
    conversions: Sequence[TableConversion],
    people: ConvertedPersons,
    units: Units,
    *,
    delay_days: int,
    systems: Mapping[str, str],
) -> Manifest:
    entries = {table: TableManifest(source="OMOP CDM") for table in people.tables}
    for target in dict.fromkeys(each.table for each in conversions):
        datasets = [each.dataset for each in conversions if each.table == target]
        entries[target] = TableManifest(
            code_system=systems.get(target, "exact"),
            coverage_start=people.first_day,
            coverage_end=people.last_day,
            delay_days=delay_days,
            units=units.get(target, {}),
            source="OMOP CDM: " + ", ".join(f"{dataset}{_meaning(dataset)}" for dataset in datasets),
        )
    return Manifest(name=name, data_end=people.last_day, tables=entries)


def _meaning(dataset: str) -> str:
    said = next((each.meaning for each in EVENT_TABLES if each.name == dataset), "")
    return f" ({said})" if said else ""
