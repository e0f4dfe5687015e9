"""MEDS datasets (Medical Event Data Standard, 0.3 and 0.4) as a register folder.

In: ``data/**/*.parquet`` (subject_id, time, code, numeric_value) and metadata. Out: a register folder in which each
vocabulary is a table, and an account of every row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import polars as pl
import polars.selectors as cs

from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.files import guard_folder, restored
from riskstrat.intake.conversion import (
    ConversionResult,
    TableConversion,
    read_now,
    readable,
    refuse_identities_in,
    refuse_unknown,
    within,
    write_conversions,
)
from riskstrat.intake.losses import MAX_REJECTED_SHARE
from riskstrat.intake.meds_codes import (
    BIRTH,
    DATA,
    DEATH,
    RESERVED,
    SEX,
    SUBJECT,
    WITHOUT_VOCABULARY,
    data_problem,
    facts_by_code,
    placed_codes,
)
from riskstrat.intake.numbers import as_whole, plain
from riskstrat.intake.validation import (
    BOUND,
    IS_BOUND,
    UNKNOWN_DAY,
    accepted_rows,
    accounted,
    first_rule,
    only_first,
    rejected_rows,
    validate_deaths,
    validate_events,
    with_source,
)
from riskstrat.registers.checks import NO_PERSON
from riskstrat.registers.days import STOCKHOLM, local_day, stands_for_unknown
from riskstrat.registers.manifest import Manifest, TableManifest
from riskstrat.registers.source import HIGHEST, LOWEST, PersonRange

FollowUp = Literal["events", "data_end"]
COMMAND = "from-meds"
SEX_OF = MappingProxyType(
    {
        **dict.fromkeys(("f", "female", "woman", "kvinna", "k", "8532"), "female"),
        **dict.fromkeys(("m", "male", "man", "8507"), "male"),
    }
)
"""How codes of the sex vocabularies write it; 8507 and 8532 are the concepts of OMOP."""

_NEEDED = MappingProxyType(
    {"subject_id": cs.all(), "time": cs.temporal() | cs.string(), "code": cs.all(), "numeric_value": cs.numeric()}
)
"""Columns of MEDS 0.3 and 0.4 -> the types that they may have; one without any value has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Dataset:
    """Rows, its name, and for each distinct code the table it goes to, its code there and its code system."""

    name: str
    rows: pl.LazyFrame
    codes: pl.DataFrame
    time_zone: str

    def source(self, dataset: str) -> pl.LazyFrame:
        """Give the rows of a dataset as they are; rows without a code are events."""
        chosen = pl.col("code").is_in(self.codes.filter(dataset=dataset)["code"].implode())
        return self.rows.filter(chosen | pl.col("code").is_null() if dataset == WITHOUT_VOCABULARY else chosen)

    def of(self, dataset: str, people: PersonRange = (LOWEST, HIGHEST)) -> pl.LazyFrame:
        """Give the rows of a dataset and of these people with the contract's columns beside them."""
        mine = self.codes.filter(dataset=dataset)
        person = _subject(self.rows)
        rows = self.source(dataset).filter(within(person, people))
        has_text = "text_value" in self.rows.collect_schema()
        text = pl.col("text_value").cast(pl.String) if has_text else pl.lit(None, dtype=pl.String)
        columns = {
            "person_id": person,
            "date": local_day(pl.col("time"), self.rows.collect_schema()["time"], self.time_zone),
            "code": pl.col("code").replace_strict(mine["code"], mine["short"], default=None, return_dtype=pl.String),
            "value": pl.col("numeric_value").cast(pl.Float64, strict=False),
            BOUND: (text.str.contains(IS_BOUND) & pl.col("numeric_value").is_not_null()).fill_null(value=False),
        }
        return with_source(rows, columns)

    @property
    def tables(self) -> tuple[str, ...]:
        """The event tables that there will be."""
        return tuple(sorted({*self.codes["dataset"], WITHOUT_VOCABULARY} - {BIRTH, DEATH, SEX}))


@checked
def from_meds(
    source: str | Path,
    out: str | Path,
    *,
    data_end: date | None = None,
    delay_days: int = 0,
    tables: Mapping[str, str] | None = None,
    follow_up: FollowUp = "events",
    time_zone: str = STOCKHOLM,
    max_rejected_share: float = MAX_REJECTED_SHARE,
    reserve_numbers: Sequence[str] = (),
) -> ConversionResult:
    """Make a register folder from a MEDS dataset.

    ``MEDS_BIRTH`` and ``MEDS_DEATH`` (and codes whose `parent_codes` name them) are dates of birth and death; codes of
    the vocabularies GENDER and SEX say the sex, whether static or dated. All else becomes events: ``ICD10CM/I21.9`` is
    the code I219 of the table ``icd10cm``; a code without a vocabulary goes to the table ``events``.

    Parameters
    ----------
    source
        The dataset's folder, which holds ``data`` and ``metadata``.
    out
        The register folder to write; an earlier result of this function is replaced if all goes well.
    data_end
        The last day that can have been seen; the latest day of any row if left out.
    delay_days
        Days until a row is known to whoever scores.
    tables
        Vocabulary -> table, such as ``{"ICD10CM": "diagnoses"}``; a vocabulary's own name if left out.
    follow_up
        MEDS does not say when a subject was under observation. ``events``: from a subject's first to its last row,
        birth and static rows apart, so that nobody is at risk after the last. ``data_end``: from the first row to death
        or the end of the data, so that whoever moved away counts as free of the outcome.
    time_zone
        In which a time that has a zone becomes a day.
    max_rejected_share
        The largest share of the rows of a dataset that may be rejected. Above it, where every row of one is
        rejected (unless it is 1), and where no person is left, nothing is written.
    reserve_numbers
        Patterns of regions' reserve numbers, which no column may hold; as in `identity_columns`.

    Returns
    -------
    ConversionResult
        The folder, and where every row went: ``subject`` counts subjects, every other dataset rows of the data.

    Raises
    ------
    UsageError
        If there is no such dataset, an option names nothing, a vocabulary shall become a table without events, or `out`
        may not be replaced.
    ContractError
        If a file cannot be read, a column is missing or holds personal identity numbers, no row has a date, or too many
        rows are rejected.

    Notes
    -----
    Points in time become days. Subjects without birth or sex are rejected with all their rows, as are static
    rows that say neither: they have no date. Rejected rows lie in ``rejected`` as they were. Schema:
    https://github.com/Medical-Event-Data-Standard/meds.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import datetime
    >>> rows = {
    ...     "subject_id": [1, 1, 1],
    ...     "time": [None, datetime(1950, 5, 6), datetime(2012, 3, 4)],
    ...     "code": ["GENDER//F", "MEDS_BIRTH", "ICD10CM/I21.9"],
    ...     "numeric_value": pl.Series([None, None, None], dtype=pl.Float32),
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "meds" / "data").mkdir(parents=True)
    ...     pl.DataFrame(rows).write_parquet(Path(folder) / "meds" / "data" / "0.parquet")
    ...     result = from_meds(Path(folder) / "meds", Path(folder) / "registers")
    >>> result.account.rows_of("icd10cm", "kept")
    1
    """
    guard_folder(out, command=COMMAND, sources=(source,))
    refuse_unknown(time_zone=time_zone)
    data = _dataset(restored(source), dict(tables or {}), time_zone)
    refuse_identities_in(data.rows, DATA, reserve_numbers)
    facts = {dataset: read_now(data.of(dataset), DATA) for dataset in (BIRTH, SEX, DEATH)}
    spans = _spans(data, facts[DEATH])
    first, last = _covered(spans, data_end)
    subjects = _validated_subjects(data, facts, last)
    persons = accepted_rows(subjects)
    validated = {
        SUBJECT: subjects,
        BIRTH: _validated_births(facts[BIRTH], persons),
        SEX: _of_persons(facts[SEX], persons, {"neither female nor male": _sex().is_null()}),
        DEATH: validate_deaths(facts[DEATH], persons, last),
    }
    deaths = accepted_rows(validated[DEATH]).select("person_id", death_date="date")
    people = {
        "persons": persons.join(deaths, on="person_id", how="left", maintain_order="left"),
        "residences": _residences(spans, persons.join(deaths, on="person_id", how="left"), last, follow_up),
    }
    conversions = [_table_conversion(data, table, persons, last) for table in data.tables]
    manifest = _manifest(data, TableManifest(coverage_start=first, coverage_end=last, delay_days=delay_days), last)
    rejected = {dataset: rejected_rows(rows) for dataset, rows in validated.items()}
    return write_conversions(
        Path(out),
        people,
        conversions,
        rejected,
        manifest,
        counted=[accounted(dataset, rows) for dataset, rows in validated.items()],
        max_rejected_share=max_rejected_share,
        command=COMMAND,
        sources=(source,),
    )


def _table_conversion(data: _Dataset, table: str, persons: pl.DataFrame, last_day: date) -> TableConversion:
    def rows(people: PersonRange) -> pl.LazyFrame:
        return validate_events(data.of(table, people), persons, last_day, {BOUND: pl.col(BOUND)}).drop(BOUND)

    return TableConversion(dataset=table, table=table, source=data.source(table), rows=rows)


def _dataset(folder: Path, tables: Mapping[str, str], time_zone: str) -> _Dataset:
    paths = sorted((folder / DATA).rglob("*.parquet")) if (folder / DATA).is_dir() else []
    if not paths:
        raise UsageError(Problem(f"no {DATA}/*.parquet in {folder}", "a MEDS dataset", "correct the path"))
    UsageError.refuse(
        Problem(f"the table '{table}'", "a name for a table of events", "give another")
        for table in tables.values()
        if table in RESERVED or not table.isidentifier()
    )
    rows = _sound(pl.concat([pl.scan_parquet(path, glob=False) for path in paths], how="diagonal_relaxed"))
    distinct = read_now(rows.select(pl.col("code").cast(pl.String).unique()).drop_nulls(), DATA)
    words = sorted({code.partition("/")[0] for code in distinct["code"] if "/" in code})
    refuse_unknown(*(("vocabulary", each, words) for each in tables))
    codes = placed_codes(distinct, facts_by_code(folder), tables)
    return _Dataset(name=_name(folder), rows=rows, codes=codes, time_zone=time_zone)


def _sound(rows: pl.LazyFrame) -> pl.LazyFrame:
    with readable(data_problem("files that cannot be read", "whole Parquet files", "export them again")):
        schema = rows.collect_schema()
    ContractError.refuse(_column_problems(schema))
    return rows


def _column_problems(schema: pl.Schema) -> Iterator[Problem]:
    for name, kind in _NEEDED.items():
        if name not in schema:
            yield data_problem("no such column", "the column of MEDS 0.3 or 0.4", "add it", column=name)
        elif name not in cs.expand_selector(schema.to_frame(), kind | cs.by_dtype(pl.Null)):
            yield data_problem(f"{name} of type {schema[name]}", "the type of MEDS", "export it again")


def _spans(data: _Dataset, deaths: pl.DataFrame) -> pl.DataFrame:
    """Find each person's first and last day with an event or a death."""
    dated = [data.of(table).select("person_id", "date") for table in data.tables]
    days = pl.concat([*dated, deaths.lazy().select("person_id", "date")]).drop_nulls()
    real = days.filter(~stands_for_unknown(pl.col("date")))
    found = real.group_by("person_id").agg(start_date=pl.col("date").min(), end_date=pl.col("date").max())
    return read_now(found.sort("person_id"), DATA)


def _covered(spans: pl.DataFrame, data_end: date | None) -> tuple[date, date]:
    first, last = spans["start_date"].min(), spans["end_date"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise ContractError(data_problem("no event with a date", "at least one", "look at the export"))
    return first, data_end or last


def _validated_subjects(data: _Dataset, facts: Mapping[str, pl.DataFrame], last_day: date) -> pl.DataFrame:
    columns = {"person_id": _subject(data.rows)}
    subjects = read_now(with_source(data.rows.select("subject_id").unique(), columns), DATA).sort("person_id")
    births = facts[BIRTH].group_by("person_id").agg(birth_date=pl.col("date").min())
    word = _sex().alias("sex")
    sexes = facts[SEX].select("person_id", word).drop_nulls().unique().group_by("person_id")
    known = subjects.join(births, on="person_id", how="left", maintain_order="left").join(
        sexes.agg(sex=pl.col("sex").first(), sexes=pl.len()), on="person_id", how="left", maintain_order="left"
    )
    rules = {
        "no person": pl.col("person_id").is_null(),
        "no birth": pl.col("birth_date").is_null(),
        UNKNOWN_DAY: stands_for_unknown(pl.col("birth_date")),
        "born after the last day of data": pl.col("birth_date") > last_day,
        "neither female nor male": pl.col("sex").is_null(),
        "both female and male": pl.col("sexes") > 1,
    }
    return known.with_columns(first_rule(rules), birth_date_precision=pl.lit("day")).drop("sexes")


def _subject(rows: pl.LazyFrame) -> pl.Expr:
    return as_whole(pl.col("subject_id"), rows.collect_schema()["subject_id"])


def _sex() -> pl.Expr:
    return plain(pl.col("code").str.to_lowercase()).replace_strict(dict(SEX_OF), default=None, return_dtype=pl.String)


def _validated_births(rows: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    validated = _of_persons(rows, persons, {"no date": pl.col("date").is_null()})
    return only_first(validated.sort("person_id", "date", nulls_last=True), "a later birth of the same person")


def _of_persons(rows: pl.DataFrame, persons: pl.DataFrame, more: Mapping[str, pl.Expr]) -> pl.DataFrame:
    known = rows.join(persons.select("person_id", __known=True), on="person_id", how="left", maintain_order="left")
    rules = {"no person": pl.col("person_id").is_null(), **more, NO_PERSON: pl.col("__known").is_null()}
    return known.with_columns(first_rule(rules)).drop("__known")


def _residences(spans: pl.DataFrame, persons: pl.DataFrame, last_day: date, follow_up: FollowUp) -> pl.DataFrame:
    """Say when each person was under observation, which nobody is before birth or after death or the last day."""
    here = spans.join(persons.select("person_id", "birth_date", "death_date"), on="person_id", maintain_order="left")
    wanted = pl.col("end_date") if follow_up == "events" else pl.lit(last_day)
    start = pl.max_horizontal("start_date", "birth_date").alias("start_date")
    end = pl.min_horizontal(wanted, pl.lit(last_day), "death_date").alias("end_date")
    return here.select("person_id", start, end).filter(pl.col("start_date") <= pl.col("end_date"))


def _manifest(data: _Dataset, entry: TableManifest, last_day: date) -> Manifest:
    people = {table: TableManifest(source="MEDS") for table in ("persons", "residences")}
    systems = data.codes.group_by("dataset").agg(pl.col("system").unique())
    system_of = {dataset: found[0] for dataset, found in systems.iter_rows() if len(found) == 1}
    events = {
        table: entry.model_copy(update={"code_system": system_of.get(table, "exact"), "source": f"MEDS: {data.name}"})
        for table in data.tables
    }
    return Manifest(name=data.name, data_end=last_day, tables={**people, **events})


def _name(folder: Path) -> str:
    path = folder / "metadata" / "dataset.json"
    if not path.is_file():
        return folder.name
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise ContractError(data_problem("dataset.json that is not JSON", "JSON in UTF-8", "export it again")) from None
    names = [said.get("dataset_name"), said.get("dataset_version")] if isinstance(said, dict) else []
    return " ".join(str(name) for name in names if name) or folder.name
