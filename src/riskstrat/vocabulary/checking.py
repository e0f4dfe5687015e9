"""All words of a condition, or of features, against registers at once.

In: declarations and registers. Out: notes, or one error that lists every problem.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import polars as pl

from riskstrat.codes import CodeExpression, codelists
from riskstrat.codes.expression import EVERY_CODE, one_code, parse
from riskstrat.codes.lists import matching
from riskstrat.codes.systems import begins_code
from riskstrat.declare import AreaFact, BirthRegion, Condition, EventFeature, Feature, LocalisedText, OutcomeKind
from riskstrat.declare.base import Declaration
from riskstrat.declare.event_queries import EventQuery, describe_rows, event_queries
from riskstrat.errors import Problem, UsageError, nearest, number_of, unknown
from riskstrat.registers import Registers
from riskstrat.registers.contract import AREA_FACTS, BIRTH_REGIONS, CODES, POSITIONS, SETTINGS, is_event_table

SMALL_TABLE = 1_000
"""In a table of fewer rows it means little that none of them has a code."""
FEW_FACTS = 100
"""The same of facts of areas, of which there is one an area and year."""
_LISTED = 20


def problems_of(query: EventQuery, registers: Registers) -> Iterator[Problem]:
    """Say which words of a query name nothing: its table, codes, settings and positions."""
    table = query.register
    if not registers.has(table):
        yield unknown("table", table, filter(is_event_table, registers.tables))
        return
    yield from _code_problems(query.codes, table, registers)
    delays = registers.manifest.tables[table].delay_days
    of_manifest = () if isinstance(delays, int) else tuple(delays)
    for column, words, contract in (
        ("setting", query.settings, (*SETTINGS, *of_manifest)),
        ("position", query.positions, POSITIONS),
    ):
        for word in words:
            known = dict.fromkeys((*registers.words(table, column), *contract))
            if word not in known:
                yield unknown(column, word, known, table=table, column=column)


def region_problems(regions: tuple[str, ...], registers: Registers) -> Iterator[Problem]:
    """Say which regions of birth nobody can be born in."""
    known = dict.fromkeys((*registers.words("persons", "birth_region"), *BIRTH_REGIONS))
    for region in regions:
        if region not in known:
            yield unknown("region of birth", region, known, table="persons", column="birth_region")


def fact_problems(code: str, registers: Registers) -> Iterator[Problem]:
    """Say whether a fact of areas is unknown; with hardly any facts only one that resembles a known one is."""
    known = dict.fromkeys((*registers.codes("area_facts"), *AREA_FACTS)) if registers.has("area_facts") else {}
    if known and code not in known and (nearest(code, known) or registers.size("area_facts") >= FEW_FACTS):
        yield unknown("fact of areas", code, known, table="area_facts", column="code")


def _code_problems(expression: str, table: str, registers: Registers) -> Iterator[Problem]:
    try:
        read = parse(expression)
        read.matching((), prefix=registers.prefix_matching(table))
    except UsageError as unreadable:
        yield from unreadable.problems
        return
    of_system = _unknown_in_classification if registers.prefix_matching(table) else _unknown_exact
    yield from of_system(read, table, registers)


def _unknown_in_classification(read: CodeExpression, table: str, registers: Registers) -> Iterator[Problem]:
    """Find parts that are no list of the classification, cannot begin one of its codes, and match no row."""
    system = registers.manifest.tables[table].code_system
    systems = {found.name: found.code_system for found in codelists()}
    lists = [name for name, of in systems.items() if of.removesuffix("_se") == system.removesuffix("_se")]
    for span in (*read.included, *read.excluded):
        possible = span.low in lists or all(begins_code(end, system) for end in (span.low, span.high))
        if not possible and not CodeExpression((span,)).matching(registers.codes(table), prefix=True):
            yield Problem(
                f"'{span}', a list of {systems[span.low]} codes"
                if span.low in systems
                else f"'{span}', which is no named list and cannot be a code",
                f"codes of {system}, or a list of them",
                _meant(str(span), lists) or "correct it; `riskstrat codes` finds lists",
                table=table,
                column="code",
            )


def _unknown_exact(read: CodeExpression, table: str, registers: Registers) -> Iterator[Problem]:
    """Find names that no row has and that neither the data contract nor the manifest knows.

    In a small table a name that resembles none that the table holds may be right; so may a number anywhere, such as a
    concept of OMOP, which resembles others by chance.
    """
    codes = (*registers.codes(table), *registers.manifest.tables[table].units)
    held = {str(one_code(code)): None for code in codes}
    known = held | dict.fromkeys(CODES.get(table, ()))
    is_small = registers.size(table) < SMALL_TABLE
    for span in (*read.included, *read.excluded):
        if span == EVERY_CODE or str(span) in known or span.low.isdecimal():
            continue
        meant = _meant(str(span), held if is_small else known)
        if meant or not is_small:
            listed = [*known][:_LISTED]
            yield Problem(
                f"no code '{span}'",
                f"one of {', '.join(listed)}" + (" and others" if len(known) > _LISTED else ""),
                meant or "correct it; named lists stand for codes of classifications only",
                table=table,
                column="code",
            )


def _meant(word: str, known: list[str] | dict[str, None]) -> str:
    meant = nearest(word, known)
    return f"did you mean '{meant}'?" if meant else ""


def check_condition(condition: Condition, registers: Registers) -> tuple[LocalisedText, ...]:
    """Refuse a condition with words that name nothing in registers; count features that no row has anything about.

    The sentences say too which other parts match no row of a table of under `SMALL_TABLE` rows; what matches no row
    of a larger one is refused where it is part of the population, the index or the outcome. Only distinct codes,
    settings and positions are read, once.
    """
    others = [
        (field.name, one)
        for field in sorted(dataclasses.fields(condition), key=lambda field: field.name)
        if field.name not in ("features", "examples", "benchmarks", "care_use")
        for one in _declarations(getattr(condition, field.name))
    ]
    queries: dict[EventQuery, str] = {}
    for part, one in others:
        for query in _queries(one):
            queries.setdefault(query, part)
    wrong = {query: [*problems_of(query, registers)] for query in queries}
    empty = [query for query in queries if not wrong[query] and not _any_row(query, registers)]
    large = {query.register for query in empty if registers.size(query.register) >= SMALL_TABLE}
    no_rows = (_no_row(queries[query], query) for query in empty if query.register in large)
    inputs = [feature for one in condition.benchmarks for feature in one.inputs]
    read = [*condition.features, *inputs, *([condition.care_use] if condition.care_use else [])]
    UsageError.refuse(dict.fromkeys([*chain(*wrong.values()), *no_rows, *_feature_problems(read, registers)]))
    return (*(_none_of_few(query) for query in empty), *_without_rows(condition.features, registers))


def check_features(features: Sequence[Feature], registers: Registers) -> None:
    """Refuse features with words that name nothing in registers."""
    UsageError.refuse(dict.fromkeys(_feature_problems(features, registers)))


def _declarations(value: object) -> Iterator[Declaration]:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, Declaration):
            yield one


def _queries(declaration: Declaration) -> Iterator[EventQuery]:
    """List what a declaration asks for by itself; an outcome of points also the rows of the score's items."""
    yield from map(_plain, event_queries(declaration))
    if isinstance(declaration, OutcomeKind):
        yield from map(_plain, declaration.rows)  # type: ignore[arg-type]


def _plain(query: EventQuery) -> EventQuery:
    return EventQuery(query.register, query.codes, query.settings, query.positions)


def _feature_problems(features: Iterable[Feature], registers: Registers) -> Iterator[Problem]:
    for feature in features:
        more = feature.code_expressions[1:] if isinstance(feature, EventFeature) else ()
        for query in (*event_queries(feature), *(EventQuery(feature.register, codes) for codes in more)):  # type: ignore[attr-defined]
            if registers.has(query.register) or nearest(query.register, registers.tables):
                yield from problems_of(query, registers)
        if isinstance(feature, BirthRegion):
            yield from region_problems(feature.regions, registers)
        elif isinstance(feature, AreaFact):
            yield from fact_problems(feature.code, registers)


def _any_row(query: EventQuery, registers: Registers) -> bool:
    codes = matching(query.codes, registers.codes(query.register), prefix=registers.prefix_matching(query.register))
    return _holds(codes, query, registers)


def _holds(codes: Sequence[str], query: EventQuery, registers: Registers) -> bool:
    """Whether a table has a row of one of these codes in the settings and positions of a query."""
    if not codes or not (query.settings or query.positions):
        return bool(codes)
    matches = pl.col("code").is_in(codes)
    for column, words in (("setting", query.settings), ("position", query.positions)):
        matches &= pl.col(column).is_in(words) if words else pl.lit(value=True)
    return registers.kinds(query.register).filter(matches).height > 0


def _without_rows(features: Sequence[Feature], registers: Registers) -> Iterator[LocalisedText]:
    """Name the tables of features that are not there, and the features that no row of the others is about."""
    for table in sorted({query.register for one in features for query in event_queries(one)} - {*registers.tables}):
        yield LocalisedText(
            en=f"there is no table {table}: its features cannot be computed",
            sv=f"tabellen {table} finns inte: dess variabler kan inte beräknas",
        )
    without = [feature.called for feature in features if not _is_recorded(feature, registers)]
    if without:
        yield LocalisedText(
            en=f"no row of the registers is about {len(without)} of {number_of(len(features), 'feature')}: "
            + ", ".join(label.en for label in without),
            sv=f"ingen rad i registren rör {len(without)} av {len(features)} variabler: "
            + ", ".join(label.sv for label in without),
        )


def _is_recorded(feature: Feature, registers: Registers) -> bool:
    if isinstance(feature, EventFeature) and registers.has(feature.register):
        pairs = feature.items(registers.codes(feature.register), registers.prefix_matching(feature.register))
        query = EventQuery(feature.register, feature.codes, feature.settings, feature.positions)
        return _holds([code for code, _ in pairs], query, registers)
    if isinstance(feature, BirthRegion):
        return not set(feature.regions).isdisjoint(registers.words("persons", "birth_region"))
    if isinstance(feature, AreaFact):
        return registers.has("area_facts") and feature.code in registers.codes("area_facts")
    return True


def _no_row(part: str, query: EventQuery) -> Problem:
    return Problem(
        f"no row of {describe_rows(query).en}, which the {part} asks for",
        "at least one row of what decides who is eligible and who has the outcome",
        "correct the codes, settings or positions, or leave it out",
        table=query.register,
    )


def _none_of_few(query: EventQuery) -> LocalisedText:
    rows = describe_rows(query)
    return LocalisedText(en=f"no row of {rows.en}, a small table", sv=f"ingen rad med {rows.sv}, en liten tabell")
