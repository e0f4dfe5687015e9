"""Events of the CDM in the contract's one shape: what happened, when, under what code, how much, in which setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.intake.conversion import TableConversion, read_now, within
from riskstrat.intake.omop.declarations import (
    BOUNDS,
    DEATH,
    EVENT_TABLES,
    POSITION_OF,
    SETTING_OF,
    UNIT_OF,
    VISIT,
    VISIT_ID,
    EventTable,
)
from riskstrat.intake.omop.persons import ConvertedPersons
from riskstrat.intake.omop.reading import Tables, column
from riskstrat.intake.validation import BOUND, IS_BOUND, NOT_A_NUMBER, validate_events, with_source
from riskstrat.registers.opened import INPATIENT
from riskstrat.registers.source import PersonRange

Prefer = Literal["source", "concept"]
CAUSES = "death_causes"
_UNIT, _SPELT, _VISIT, _BOUND, _NOT_READ = "__unit", "__spelt", "__visit", "__bound", "__not_read"
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
    there = [each for each in EVENT_TABLES if each.name in tables]
    filled = {each.name for each in there if read_now(tables[each.name].head(1), each.name).height}
    return tuple(each for each in there if not (each.era_of and each.era_of in filled))


@dataclass(frozen=True, kw_only=True, eq=False)
class ConversionContext:
    """How rows of the CDM are shaped."""

    tables: Tables
    """The CDM."""
    people: ConvertedPersons
    """Who there is; rows of others are rejected."""
    prefer: Prefer
    """Whether the code as recorded or the concept comes first where both are there."""
    plain: frozenset[str]
    """Tables of the contract whose codes are of the ICD family, kept without a point."""

    def of(self, people: PersonRange) -> ConversionContext:
        """Give the same for the rows of these people."""
        return replace(self, tables={name: _rows_of(rows, people) for name, rows in self.tables.items()})

    def validated(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Add the rule that each row breaks, and leave out what only the rules ask for."""
        rules = {BOUND: pl.col(_BOUND), NOT_A_NUMBER: pl.col(_NOT_READ)}
        told = validate_events(rows, self.people.tables["persons"], self.people.last_day, rules)
        return told.drop(_UNIT, _BOUND, _NOT_READ)


def event_conversions(context: ConversionContext, wanted: Sequence[EventTable]) -> tuple[list[TableConversion], Units]:
    """Shape the rows of every wanted table, or name every column that is needed and missing."""
    ContractError.refuse(
        problem for each in wanted for problem in _missing(each, context.tables[each.name].collect_schema())
    )
    units: Units = {}
    conversions = []
    for each in wanted:
        named, found = _units(each, context)
        units.setdefault(each.target, {}).update(found)
        source = context.tables[each.name]
        rows = partial(_rows, each, context, named)
        conversions.append(TableConversion(dataset=each.name, table=each.target, source=source, rows=rows))
    return [*conversions, *_causes(context)], units


def _rows(each: EventTable, context: ConversionContext, named: pl.DataFrame, people: PersonRange) -> pl.LazyFrame:
    mine = context.of(people)
    return mine.validated(_with_units(_shaped(each, mine), named))


def _rows_of(rows: pl.LazyFrame, people: PersonRange) -> pl.LazyFrame:
    schema = rows.collect_schema()
    return rows.filter(within(column(schema, ("person_id",), _NUMBER), people)) if "person_id" in schema else rows


def _missing(each: EventTable, schema: pl.Schema) -> Iterator[Problem]:
    for names in (("person_id",), each.date, (*each.source_code, *each.concept)):
        if not any(name in schema for name in names):
            yield Problem("no such column", "the CDM's column", "add it", table=each.name, column=names[0])


def _shaped(each: EventTable, context: ConversionContext) -> pl.LazyFrame:
    tables = context.tables
    schema = tables[each.name].collect_schema()
    concept = _known(column(schema, each.unit_concept, _NUMBER))
    named = pl.coalesce(_recoded(concept, UNIT_OF, None), pl.format("concept {}", concept))
    texts = [name for name in (*each.value, *each.value_text) if isinstance(schema.get(name), pl.String)]
    value, given = column(schema, each.value, _REAL), column(schema, [n for n in each.value if n in texts], _WORD)
    bound = pl.any_horizontal(
        column(schema, each.operator, _NUMBER).is_in(BOUNDS), *(pl.col(name).str.contains(IS_BOUND) for name in texts)
    )
    columns = {
        "person_id": column(schema, ("person_id",), _NUMBER),
        "date": column(schema, each.date, _DAY),
        "code": _code(each, schema, context.prefer, point=each.target not in context.plain),
        "value": value,
        _BOUND: bound.fill_null(value=False) & (value.is_not_null() | given.is_not_null()),
        _NOT_READ: given.is_not_null() & value.is_null(),
        "end_date": column(schema, each.end, _DAY),
        "position": _recoded(column(schema, (each.status,), _NUMBER), POSITION_OF, "other"),
        _UNIT: pl.coalesce(column(schema, each.unit, _WORD), named),
        _VISIT: column(schema, (VISIT_ID,), _NUMBER),
    }
    if each.name == VISIT:
        return with_source(tables[VISIT], {**columns, "setting": _setting(schema)}).drop(_VISIT)
    return _in_visits(with_source(tables[each.name], columns), tables).drop(_VISIT)


def _setting(schema: pl.Schema) -> pl.Expr:
    return _recoded(column(schema, ("visit_concept_id",), _NUMBER), SETTING_OF, None)


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


def _in_visits(rows: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Take the setting from the visit; what was recorded during a stay ends, and is known, with the stay."""
    if VISIT not in tables:
        return rows.with_columns(setting=pl.lit(None, dtype=_WORD))
    schema = tables[VISIT].collect_schema()
    visits = tables[VISIT].select(
        column(schema, ("person_id",), _NUMBER).alias("person_id"),
        column(schema, (VISIT_ID,), _NUMBER).alias(_VISIT),
        _setting(schema).alias("setting"),
        column(schema, ("visit_end_date", "visit_end_datetime"), _DAY).alias("left"),
    )
    once = visits.drop_nulls(_VISIT).group_by("person_id", _VISIT).agg(pl.col("setting").min(), pl.col("left").max())
    stayed = (pl.col("setting") == INPATIENT) & (pl.col("left") >= pl.col("date"))
    end = pl.when(stayed).then("left").otherwise("end_date").alias("end_date")
    return rows.join(once, on=("person_id", _VISIT), how="left").with_columns(end).drop("left")


def _units(each: EventTable, context: ConversionContext) -> tuple[pl.DataFrame, dict[str, str]]:
    """Find the codes to which their unit is added (code, unit, named), and the unit of every code.

    Values of one code in two units would be averaged: there the unit becomes part of the code. A value without a unit
    where other rows of its code have one gets a code of its own; the others keep theirs. Spellings are one unit.
    """
    seen = pl.DataFrame(schema={"code": _WORD, _SPELT: _WORD, _UNIT: _WORD, "named": _WORD})
    if not (each.unit or each.unit_concept):
        return seen, {}
    shaped = _shaped(each, context).filter(pl.col(_UNIT).is_not_null() | pl.col("value").is_not_null())
    spelt = shaped.select("code", pl.col(_UNIT).alias(_SPELT), unit_key(pl.col(_UNIT)).alias(_UNIT))
    pairs = read_now(
        spelt.drop_nulls("code").group_by("code", _UNIT).agg(pl.col(_SPELT).mode().sort().first()), each.name
    )
    units = pl.col(_UNIT).count().over("code")
    slug = pl.col(_UNIT).fill_null("no unit").str.replace("%", "percent").str.replace_all(r"[^0-9\p{Alphabetic}]+", "_")
    added = (units > 1) | ((units == 1) & pl.col(_UNIT).is_null())
    named = pairs.with_columns(named=pl.when(added).then(pl.format("{}_{}", "code", slug)).otherwise("code"))
    told = named.drop_nulls(_SPELT).select("named", _SPELT).sort(pl.all())
    return named, dict(told.iter_rows())


def unit_key(unit: pl.Expr) -> pl.Expr:
    """Write all spellings of a unit as one.

    Examples
    --------
    >>> spelt = pl.DataFrame({"unit": ["mmol/L", "mmol/l ", "\u00b5g", "\u03bcg", "ug", "mm[Hg]", "kg/m²", "Procent"]})
    >>> spelt.select(unit_key(pl.col("unit"))).to_series().to_list()
    ['mmol/l', 'mmol/l', 'ug', 'ug', 'ug', 'mmhg', 'kg/m2', '%']
    """
    small = unit.str.to_lowercase().str.replace_all(r"[\s\[\]{}^*]", "").str.replace_all(r"[\u{b5}\u{3bc}]|^mc", "u")
    return small.str.replace_all("²", "2").str.replace_all("³", "3").str.replace(r"^(percent|procent|pct)$", "%")


def _with_units(rows: pl.LazyFrame, named: pl.DataFrame) -> pl.LazyFrame:
    if named.is_empty():
        return rows
    keyed = rows.with_columns(unit_key(pl.col(_UNIT)).alias(_UNIT))
    found = named.lazy().select("code", _UNIT, "named")
    joined = keyed.join(found, on=["code", _UNIT], how="left", nulls_equal=True)
    said = pl.col(_UNIT).is_not_null() | pl.col("value").is_not_null()
    return joined.with_columns(pl.when(said).then(pl.coalesce("named", "code")).otherwise("code").alias("code")).drop(
        "named"
    )


def _causes(context: ConversionContext) -> Iterator[TableConversion]:
    """Make the cause of each death a diagnosis; deaths without one are persons' dates of death only."""
    schema = context.tables[DEATH].collect_schema() if DEATH in context.tables else ()
    if any(name in schema for name in (*_CAUSE.source_code, *_CAUSE.concept)):
        rows = partial(_cause_rows, context)
        yield TableConversion(dataset=CAUSES, table=_CAUSE.target, source=_with_cause(context), rows=rows)


def _cause_rows(context: ConversionContext, people: PersonRange) -> pl.LazyFrame:
    mine = context.of(people)
    return mine.validated(_with_cause(mine).with_columns(setting=pl.lit("death"), position=pl.lit("underlying")))


def _with_cause(context: ConversionContext) -> pl.LazyFrame:
    return _shaped(_CAUSE, context).filter(pl.col("code").is_not_null())
