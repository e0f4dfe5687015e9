"""All words of a condition, or of features, against registers at once.

In: declarations and registers. Out: notes, or one error that lists every problem.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import polars as pl

from riskstrat.codes import matching
from riskstrat.declare import AreaFact, BirthRegion, Condition, EventFeature, Feature, LocalisedText, OutcomeKind
from riskstrat.declare.base import Declaration
from riskstrat.declare.event_queries import EventQuery, describe_rows, event_queries
from riskstrat.errors import Problem, UsageError, nearest
from riskstrat.registers import Registers
from riskstrat.vocabulary.comparison import SMALL_TABLE, fact_problems, problems_of, region_problems


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
            en=f"no row of the registers is about {len(without)} of {len(features)} features: "
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
