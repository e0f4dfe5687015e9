"""Events of the CDM in the contract's one shape: what happened, when, under what code, how much, in which setting.

In: tables of the CDM and their declarations. Out: arrivals, and the unit of each code's value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.registers.arriving import Arrival, read_now
from riskstrat.registers.judged import judged_events, with_source
from riskstrat.registers.omop.declarations import (
    DEATH,
    EVENT_TABLES,
    POSITION_OF,
    SETTING_OF,
    UNIT_OF,
    VISIT,
    VISIT_ID,
    EventTable,
)
from riskstrat.registers.omop.people import People
from riskstrat.registers.omop.reading import Tables, column

Prefer = Literal["source", "concept"]
INPATIENT = "inpatient"
CAUSES = "death_causes"
_UNIT, _VISIT = "__unit", "__visit"
_NUMBER, _DAY, _WORD, _REAL = pl.Int64(), pl.Date(), pl.String(), pl.Float64()
_CAUSE = EventTable(
    name=DEATH,
    target="diagnoses",
    date=("death_date", "death_datetime"),
    source_code=("cause_source_value",),
    concept=("cause_concept_id", "cause_source_concept_id"),
)
Units = dict[str, dict[str, str]]


def wanted_tables(tables: Tables) -> tuple[EventTable, ...]:
    """Choose the tables to read: eras only where their occurrences are not there, or empty."""
    filled = {each.name for each in EVENT_TABLES if each.name in tables and _has_rows(tables, each.name)}
    return tuple(each for each in EVENT_TABLES if each.name in tables and not (each.era_of and each.era_of in filled))


def arrivals_of(
    tables: Tables, wanted: Sequence[EventTable], people: People, prefer: Prefer, plain: frozenset[str]
) -> tuple[list[Arrival], Units]:
    """Shape the rows of every wanted table.

    Parameters
    ----------
    tables, wanted
        The CDM, and which of its tables to read.
    people
        Who there is; rows of others are refused.
    prefer
        Whether the code as recorded or the concept comes first where both are there.
    plain
        Tables of the contract whose codes are of the ICD family, written without a point.

    Raises
    ------
    ContractError
        Naming every column that is needed and missing.
    """
    problems = [problem for each in wanted for problem in _missing(each, tables[each.name].collect_schema())]
    if problems:
        raise ContractError(*problems)
    shaped = {each.name: _shaped(each, tables, prefer, point=each.target not in plain) for each in wanted}
    units: Units = {}
    arrivals = []
    for each in wanted:
        rows, found = _with_units(shaped[each.name], each)
        units.setdefault(each.target, {}).update(found)
        arrivals.append(_arrival(each.name, each.target, rows, people))
    return [*arrivals, *_causes(tables, people, prefer, point="diagnoses" not in plain)], units


def _has_rows(tables: Tables, name: str) -> bool:
    return read_now(tables[name].head(1), name).height > 0


def _missing(each: EventTable, schema: pl.Schema) -> Iterator[Problem]:
    for names in (("person_id",), each.date, (*each.source_code, *each.concept)):
        if not any(name in schema for name in names):
            yield Problem(
                table=each.name, column=names[0], found="no such column", expected="the CDM's column", remedy="add it"
            )


def _arrival(place: str, target: str, rows: pl.LazyFrame, people: People) -> Arrival:
    return Arrival(place=place, table=target, rows=judged_events(rows, people.tables["persons"], people.last_day))


def _shaped(each: EventTable, tables: Tables, prefer: Prefer, *, point: bool) -> pl.LazyFrame:
    schema = tables[each.name].collect_schema()
    columns = {
        "person_id": column(schema, ("person_id",), _NUMBER),
        "date": column(schema, each.date, _DAY),
        "code": _code(each, schema, prefer, point=point),
        "value": column(schema, each.value, _REAL),
        "end_date": column(schema, each.end, _DAY),
        "position": _recoded(column(schema, (each.status,), _NUMBER), POSITION_OF, "other"),
        _UNIT: _unit(each, schema),
        _VISIT: column(schema, (VISIT_ID,), _NUMBER),
    }
    rows = with_source(tables[each.name], columns)
    if each.name == VISIT:
        own = column(schema, ("visit_concept_id",), _NUMBER)
        rows = with_source(tables[VISIT], {**columns, "setting": _recoded(own, SETTING_OF, None)})
        return rows.drop(_VISIT)
    return _in_visits(rows, tables).drop(_VISIT)


def _code(each: EventTable, schema: pl.Schema, prefer: Prefer, *, point: bool) -> pl.Expr:
    """Take the code as recorded, or the concept; concept 0 stands for "no matching concept"."""
    source = column(schema, each.source_code, _WORD)
    recorded = source if point else source.str.replace_all(".", "", literal=True)
    concepts = [_known(column(schema, (name,), _NUMBER)) for name in each.concept]
    as_text = pl.coalesce(concept.cast(pl.String) for concept in concepts)
    words = _recoded(concepts[0], each.codes, None)
    ordered = (recorded, as_text) if prefer == "source" else (as_text, recorded)
    return pl.coalesce(words, *ordered)


def _known(concept: pl.Expr) -> pl.Expr:
    return pl.when(concept != 0).then(concept)


def _recoded(concept: pl.Expr, words: Mapping[int, str], other: str | None) -> pl.Expr:
    """Give a concept's word; `other` for concepts without one, null for none."""
    known = _known(concept)
    word = (
        known.replace_strict(dict(words), default=other, return_dtype=pl.String) if words else pl.lit(None, dtype=_WORD)
    )
    return pl.when(known.is_not_null()).then(word)


def _unit(each: EventTable, schema: pl.Schema) -> pl.Expr:
    concept = _known(column(schema, each.unit_concept, _NUMBER))
    named = pl.coalesce(_recoded(concept, UNIT_OF, None), pl.format("concept {}", concept))
    return pl.coalesce(column(schema, each.unit, _WORD), named)


def _in_visits(rows: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Take the setting from the visit; what was recorded during a stay ends, and is known, with the stay."""
    nothing = {"setting": pl.lit(None, dtype=_WORD)}
    if VISIT not in tables:
        return rows.with_columns(**nothing)
    schema = tables[VISIT].collect_schema()
    visits = tables[VISIT].select(
        pl.lit(None).alias("__none"),
        person_id=column(schema, ("person_id",), _NUMBER),
        setting=_recoded(column(schema, ("visit_concept_id",), _NUMBER), SETTING_OF, None),
        left=column(schema, ("visit_end_date", "visit_end_datetime"), _DAY),
        **{_VISIT: column(schema, (VISIT_ID,), _NUMBER)},
    )
    once = visits.drop("__none").drop_nulls(_VISIT).unique(("person_id", _VISIT), keep="any")
    stayed = (pl.col("setting") == INPATIENT) & (pl.col("left") >= pl.col("date"))
    end = pl.when(stayed).then("left").otherwise("end_date").alias("end_date")
    return rows.join(once, on=("person_id", _VISIT), how="left").with_columns(end).drop("left")


def _with_units(rows: pl.LazyFrame, each: EventTable) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Name the unit of each code; where a code comes in several, the unit becomes part of the code.

    Values of one code in two units would otherwise be averaged; rows without a unit keep a code of their own.
    """
    if not (each.unit or each.unit_concept):
        return rows.drop(_UNIT), {}
    pairs = read_now(rows.select("code", unit=_UNIT).drop_nulls().unique(), each.name)
    several = pairs.group_by("code").len().filter(pl.col("len") > 1)["code"]
    slug = pl.col(_UNIT).fill_null("no unit").str.to_lowercase().str.replace_all(r"[^0-9\p{Alphabetic}]+", "_")
    mixed = pl.col("code").is_in(several.implode())
    code = pl.when(mixed).then(pl.format("{}_{}", "code", slug)).otherwise("code").alias("code")
    named = pairs.rename({"unit": _UNIT}).select(code, unit=pl.col(_UNIT)).sort("code")
    return rows.with_columns(code).drop(_UNIT), dict(named.iter_rows())


def _causes(tables: Tables, people: People, prefer: Prefer, *, point: bool) -> Iterator[Arrival]:
    """Make the cause of each death a diagnosis; deaths without one are persons' dates of death only."""
    if DEATH not in tables or _missing_cause(tables[DEATH].collect_schema()):
        return
    rows = _shaped(_CAUSE, tables, prefer, point=point).drop(_UNIT).filter(pl.col("code").is_not_null())
    said = {"setting": pl.lit("death"), "position": pl.lit("underlying")}
    yield _arrival(CAUSES, "diagnoses", rows.with_columns(**said), people)


def _missing_cause(schema: pl.Schema) -> bool:
    return not any(name in schema for name in (*_CAUSE.source_code, *_CAUSE.concept))
