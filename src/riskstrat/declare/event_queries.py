"""The rows of event tables that declarations select: which they are, and how a reader is told of them.

In: declarations. Out: distinct queries, and texts in both languages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

from riskstrat.codes import CodeList, Score, codelist, codelists, score
from riskstrat.codes.expression import parts_of
from riskstrat.declare.base import Declaration, Language, LocalisedText
from riskstrat.declare.registers import register_title
from riskstrat.declare.rows import ANY_VALUE, RowCriteria, ValueRange, values_text


class NamedCodes(NamedTuple):
    """Codes that a declaration reads: what they are called, where they come from, and whether they were checked.

    Codes that stand in the declaration itself have no source; whether they were checked is then not known.
    """

    title: LocalisedText
    codes: str
    source: str | None
    verified: bool | None


class EventQuery(NamedTuple):
    """Selects rows of one register: by code expression, settings and positions (empty means all), and value."""

    register: str
    codes: str
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    value_range: ValueRange = ANY_VALUE

    def described(self) -> tuple[str, str, str, str]:
        """Write register, codes with the values asked for, settings and positions, as tables of counts hold them."""
        codes = f"{self.codes}{values_text(self.value_range)}"
        return self.register, codes, ",".join(self.settings), ",".join(self.positions)


Rows = RowCriteria | EventQuery
"""Selects rows of an event table: those with these codes, settings, positions and values."""


def event_queries(declaration: Declaration) -> tuple[EventQuery, ...]:
    """List the distinct queries of a declaration and all declarations within it, in the order of the declaration."""
    return tuple(dict.fromkeys(_within(declaration)))


def named_codes(declaration: Declaration) -> tuple[NamedCodes, ...]:
    """List the code lists and scores of a declaration, each once with its codes, and the codes that it writes itself.

    Examples
    --------
    >>> from riskstrat.declare import FirstEvent
    >>> for found in named_codes(FirstEvent(register="diagnoses", codes="hip_fracture, W19")):
    ...     found.title.en, found.codes, found.verified
    ('Hip fracture', 'S720-S722', False)
    ('diagnoses', 'W19', None)
    """
    lists = {found.name: found for found in codelists()}
    parts = [(query.register, part) for query in event_queries(declaration) for part in parts_of(query.codes)]
    own = [NamedCodes(register_title(where), part, None, None) for where, part in parts if part not in lists]
    listed = [_published(lists[part], str(lists[part].codes)) for _, part in parts if part in lists]
    used = [score(feature.score) for feature in getattr(declaration, "features", ()) if hasattr(feature, "score")]
    scores = [_published(found, "; ".join(str(item.codes) for item in found.items)) for found in used]
    return tuple(dict.fromkeys([*listed, *scores, *(found for found in own if found.codes != "*")]))


def _published(found: CodeList | Score, codes: str) -> NamedCodes:
    title = LocalisedText(en=found.title_en, sv=found.title_sv)
    return NamedCodes(title, codes, found.source, found.status == "verified")


def describe_rows(rows: Rows) -> LocalisedText:
    """Describe which rows are selected.

    Examples
    --------
    >>> describe_rows(EventQuery("diagnoses", "I21", settings=("inpatient",))).en
    '`I21` in diagnoses (inpatient)'
    """
    narrowed = ", ".join((*rows.settings, *rows.positions))
    where = f"{rows.register} ({narrowed})" if narrowed else rows.register
    what = f"`{rows.codes}`{values_text(rows.value_range)}"
    return LocalisedText(en=f"{what} in {where}", sv=f"{what} i {where}")


def spell_out_codes(codes: str, language: Language) -> str:
    """Spell out a code expression: the titles of its named lists, and the codes that they stand for.

    Examples
    --------
    >>> spell_out_codes("atrial_fibrillation, I10", "sv")
    'Förmaksflimmer eller förmaksfladder: I10, I48'
    >>> spell_out_codes("I10", "en"), spell_out_codes("*", "en")
    ('I10', '*')
    """
    titles = {found.name: found.title_sv if language == "sv" else found.title_en for found in codelists()}
    names = [titles[part] for part in parts_of(codes) if part in titles]
    spelled_out = str(codelist(codes))
    return f"{', '.join(names)}: {spelled_out}" if names else spelled_out


def _within(declaration: Declaration) -> Iterator[EventQuery]:
    if hasattr(declaration, "register") and hasattr(declaration, "codes"):
        yield EventQuery(
            register=declaration.register,
            codes=declaration.codes,
            settings=getattr(declaration, "settings", ()),
            positions=getattr(declaration, "positions", ()),
            value_range=getattr(declaration, "value_range", ANY_VALUE),
        )
    for field in dataclasses.fields(declaration):  # type: ignore[arg-type]
        value = getattr(declaration, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Declaration):
                yield from _within(part)
