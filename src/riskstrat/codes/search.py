"""Search for code lists, scores and their items: a word or a code in, a frame of what matches out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal

import polars as pl

from riskstrat.codes.expression import CodeExpression, bare
from riskstrat.codes.lists import codelists
from riskstrat.codes.scores import Score, ScoreItem, score, scores
from riskstrat.errors.arguments import checked

Kind = Literal["list", "score", "item"]
_LOOKS_LIKE_A_CODE = re.compile(r"[A-Za-z]{1,3}\d[\dA-Za-z.,]*|\d{3}[\dA-Za-z.,]*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A search result: a list, a score, or an item of a score, whose name begins with the score's.

    `codes` is written out; for a score it says how many items there are. Items have no Swedish title.
    """

    kind: Kind
    name: str
    code_system: str
    title_en: str
    title_sv: str | None
    codes: str
    points: float | None
    status: str


@checked
def search(text: str = "") -> pl.DataFrame:
    """Find code lists, scores and their items by name, title or code.

    Parameters
    ----------
    text
        Part of a name or a title in English or Swedish, capitals or not; or a code, which finds what it belongs to and
        what lies below it. Empty finds everything.

    Returns
    -------
    polars.DataFrame
        kind (``list``, ``score``, ``item``), name, code_system, title_en, title_sv, codes, points, status, in the
        order of kind, classification and name.

    Examples
    --------
    >>> search("statin").select("kind", "name", "codes").rows()
    [('list', 'statins', 'C10AA')]
    >>> search("F00.1").filter(kind="item")["name"].to_list()
    ['charlson.dementia', 'charlson_2011.dementia', 'charlson_se.dementia', 'hfrs.F00']
    """
    found = [asdict(entry) for entry, codes in _catalogue() if _matches(entry, codes, text.strip())]
    return pl.DataFrame(found, schema=_SCHEMA)


_SCHEMA = {
    "kind": pl.String,
    "name": pl.String,
    "code_system": pl.String,
    "title_en": pl.String,
    "title_sv": pl.String,
    "codes": pl.String,
    "points": pl.Float64,
    "status": pl.String,
}


@cache
def _catalogue() -> tuple[tuple[Entry, tuple[CodeExpression, ...]], ...]:
    return (*_lists(), *_scores(), *_items())


def _lists() -> Iterator[tuple[Entry, tuple[CodeExpression, ...]]]:
    for found in codelists():
        yield (
            Entry(
                kind="list",
                name=found.name,
                code_system=found.code_system,
                title_en=found.title_en,
                title_sv=found.title_sv,
                codes=str(found.codes),
                points=None,
                status=found.status,
            ),
            (found.codes,),
        )


def _scores() -> Iterator[tuple[Entry, tuple[CodeExpression, ...]]]:
    for found in map(score, scores()):
        yield (
            Entry(
                kind="score",
                name=found.name,
                code_system=found.code_system,
                title_en=found.title_en,
                title_sv=found.title_sv,
                codes=f"{len(found.items)} items",
                points=None,
                status=found.status,
            ),
            (),
        )


def _items() -> Iterator[tuple[Entry, tuple[CodeExpression, ...]]]:
    for found in map(score, scores()):
        for item in found.items:
            yield _item(found, item), (item.codes, *item.earlier.values())


def _item(found: Score, item: ScoreItem) -> Entry:
    return Entry(
        kind="item",
        name=f"{found.name}.{item.name}",
        code_system=found.code_system,
        title_en=item.title_en,
        title_sv=None,
        codes=str(item.codes),
        points=item.points,
        status=found.status,
    )


def _matches(entry: Entry, codes: tuple[CodeExpression, ...], text: str) -> bool:
    searched = f"{entry.name} {entry.name.replace('_', ' ')} {entry.title_en} {entry.title_sv or ''}".casefold()
    return text.casefold() in searched or any(_overlaps(expression, text) for expression in codes)


def _overlaps(expression: CodeExpression, text: str) -> bool:
    """Whether a code belongs to an expression, or some of the expression's codes lie below it."""
    if not _LOOKS_LIKE_A_CODE.fullmatch(text):
        return False
    below = any(bare(end).startswith(bare(text)) for span in expression.included for end in (span.low, span.high))
    return below or bool(expression.matching([text], prefix=True))
