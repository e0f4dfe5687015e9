"""The words that registers can hold, table by table, and what is said of one that they cannot.

In: registers and words of a declaration. Out: problems with what each word may have meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskstrat.codes import CodeExpression, codelists
from riskstrat.codes.expression import EVERY_CODE, parse
from riskstrat.codes.systems import begins_code
from riskstrat.declare.event_queries import EventQuery
from riskstrat.errors import Problem, UsageError, nearest, unknown
from riskstrat.registers import Registers
from riskstrat.registers.contract import SETTINGS, is_event_table
from riskstrat.registers.vocabulary import AREA_FACTS, BIRTH_REGIONS, CODES, POSITIONS

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
    held = dict.fromkeys((*registers.codes(table), *registers.manifest.tables[table].units))
    known = held | dict.fromkeys(CODES.get(table, ()))
    is_small = registers.size(table) < SMALL_TABLE
    for span in (*read.included, *read.excluded):
        if span == EVERY_CODE or span.low in known or span.low.isdecimal():
            continue
        meant = _meant(span.low, held if is_small else known)
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
