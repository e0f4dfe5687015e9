"""The rows of event tables that declarations ask for: which they are, and how they are called.

In: declarations. Out: distinct rows, and texts in both languages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

from riskstrat.codes import codelist, codelists
from riskstrat.declare.base import Declaration, Language, LocalisedText
from riskstrat.declare.view import Rows


class Asked(NamedTuple):
    """Rows of one register: those with these codes, settings and positions; no settings or positions means all."""

    register: str
    codes: str
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()


def rows_asked(declaration: Declaration) -> tuple[Asked, ...]:
    """List the distinct rows that a declaration and all within it ask for, in the order of the declaration.

    Examples
    --------
    >>> from riskstrat.declare import AnyOf, FirstEvent
    >>> stroke = FirstEvent(register="diagnoses", codes="I63", settings=("inpatient",))
    >>> [asked.codes for asked in rows_asked(AnyOf(stroke, FirstEvent(register="diagnoses", codes="I21"), stroke))]
    ['I63', 'I21']
    """
    return tuple(dict.fromkeys(_within(declaration)))


def rows_in_words(rows: Rows) -> LocalisedText:
    """Say which rows are meant: "`I21` in diagnoses (inpatient, main)"."""
    narrowed = ", ".join((*rows.settings, *rows.positions))
    where = f"{rows.register} ({narrowed})" if narrowed else rows.register
    return LocalisedText(en=f"`{rows.codes}` in {where}", sv=f"`{rows.codes}` i {where}")


def spelled_out(codes: str, language: Language) -> str:
    """Spell out an expression of codes: the titles of its named lists, and all that they stand for.

    Examples
    --------
    >>> spelled_out("atrial_fibrillation, I10", "sv")
    'Förmaksflimmer eller förmaksfladder: I10, I48'
    >>> spelled_out("I10", "en"), spelled_out("*", "en")
    ('I10', '*')
    """
    titles = {found.name: found.title_sv if language == "sv" else found.title_en for found in codelists()}
    named = [titles[part] for part in (part.strip() for part in codes.split(",")) if part in titles]
    meant = str(codelist(codes))
    return f"{', '.join(named)}: {meant}" if named else meant


def _within(declaration: Declaration) -> Iterator[Asked]:
    if hasattr(declaration, "register") and hasattr(declaration, "codes"):
        yield _asked(declaration)
    for field in dataclasses.fields(declaration):  # type: ignore[arg-type]
        value = getattr(declaration, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Declaration):
                yield from _within(part)


def _asked(declaration: Declaration) -> Asked:
    return Asked(
        register=getattr(declaration, "register"),  # noqa: B009 - not every declaration has one
        codes=getattr(declaration, "codes"),  # noqa: B009
        settings=getattr(declaration, "settings", ()),
        positions=getattr(declaration, "positions", ()),
    )
